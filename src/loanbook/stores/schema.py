"""Event tables as Arrow schemas, generated from `events.KINDS`: the one place where a storage type becomes a column type.

What a table must fulfil beyond its types (required columns, least and most values, words from a list) is stated here as rules, so
that the book checks them on columns and the reference page prints them.
"""

from dataclasses import dataclass

import pyarrow as pa

from loanbook.events import Column, Kind, Type, columns
from loanbook.terms.conventions import Model

ARROW_TYPES = {
    Type.TEXT: pa.string(),
    Type.DATE: pa.date32(),
    Type.MOMENT: pa.timestamp("us", tz="UTC"),
    Type.MONEY: pa.int64(),
    Type.RATE: pa.int64(),
    Type.INTEGER: pa.int64(),
}

_EXPECTED = {
    Type.TEXT: "a text",
    Type.DATE: "a date",
    Type.MOMENT: "a day and time",
    Type.MONEY: "an amount of money",
    Type.RATE: "a rate a year",
    Type.INTEGER: "a whole number",
}

MODELS = tuple(model.name.lower() for model in Model)
"""Names of business models as events write them, by `conventions.Model` value."""

WORDS = {
    ("loan_disbursed", "model"): MODELS,
    ("position_opened", "model"): MODELS,
    ("payment_received", "purpose"): ("repayment", "payoff", "down_payment"),
    ("charge_added", "component"): ("fee", "penalty"),
}
"""Text columns that only take certain words, by (kind, column)."""

ADDED = ("vehicle", "partner", "own_principal_ppm", "own_interest_ppm", "own_fee_ppm", "coupon_annual")
"""Optional columns that files of earlier versions do not have."""

DELIVERY_COLUMNS = ("recorded_at", "source")
"""Columns that say how a row came, not what happened: the same fact may be delivered again later from another file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One condition on one column of an event table; a row that breaks it is quarantined.

    column     its name
    broken     what is wrong with the row, in words
    expected   what should stand there
    required   the value must be there; least: no smaller than this; most: no larger; words: one of these
    """

    column: str
    broken: str
    expected: str
    required: bool = False
    least: int | None = None
    most: int | None = None
    words: tuple[str, ...] = ()


def arrow_schema(kind: Kind) -> pa.Schema:
    """The Arrow schema of an event table: common columns first, each with its text as metadata."""
    return pa.schema([pa.field(c.name, ARROW_TYPES[c.type], metadata={"text": c.text}) for c in columns(kind)])


def content_columns(kind: Kind) -> tuple[str, ...]:
    """The columns that make two rows of one event id the same fact: all but the id and the delivery."""
    return tuple(c.name for c in columns(kind) if c.name != "event_id" and c.name not in DELIVERY_COLUMNS)


def rules(kind: Kind) -> tuple[Rule, ...]:
    """The rules of a kind, in column order."""
    return tuple(rule for column in columns(kind) for rule in _rules(kind, column))


def _rules(kind: Kind, column: Column) -> list[Rule]:
    found = []
    if column.required:
        found.append(Rule(column=column.name, required=True, broken=f"{column.name} is missing", expected=_EXPECTED[column.type]))
    if column.least is not None:
        found.append(
            Rule(
                column=column.name,
                least=column.least,
                broken=f"{column.name} is too small",
                expected=f"at least {column.least}",
            )
        )
    if column.most is not None:
        found.append(
            Rule(column=column.name, most=column.most, broken=f"{column.name} is too large", expected=f"at most {column.most}")
        )
    words = WORDS.get((kind.name, column.name), ())
    if words:
        found.append(
            Rule(
                column=column.name,
                words=words,
                broken=f"{column.name} is not a known word",
                expected="one of " + ", ".join(words),
            )
        )
    return found
