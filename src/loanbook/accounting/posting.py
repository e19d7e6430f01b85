"""Posting: one join of amounts with the rules in force. Every amount meets a rule or one that says no entry."""

import itertools
from collections.abc import Iterable, Sequence

import ibis
import pyarrow as pa
from ibis.expr.types import BooleanValue, StringValue, Table

from loanbook.accounting.journal import ENTRY
from loanbook.errors import TermsError
from loanbook.terms.posting_rule import CONDITIONS, FROM_EVENT, NO_ENTRY, PostingRule

_RULE_COLUMNS = (
    "rule",
    "rule_version",
    "kind",
    "component",
    "book",
    "role",
    "debit",
    "debit_column",
    "credit",
    "credit_column",
    "cash_flow",
    "topic",
    *CONDITIONS,
)
_ID_LENGTH = 32
ROLES = pa.schema([("role", pa.string()), ("model", pa.string()), ("vehicle", pa.string()), ("entity", pa.string())])
"""Which entity fills a role for a model and vehicle; empty ones stand for amounts of none."""


def rule_table(rules: Iterable[PostingRule]) -> pa.Table:
    """The rules as rows of text to join with: one a component and combination of conditions; an empty condition holds for all.

    raises   TermsError for two rules that an amount could meet in one book, and for one with entries where another says none
    """
    rows: list[dict[str, str]] = []
    taken: dict[tuple[str, str], list[tuple[PostingRule, tuple[str, ...]]]] = {}
    for rule in rules:
        chosen = [rule.conditions.get(name, ("",)) for name in CONDITIONS]
        for component, *values in itertools.product(rule.components, *chosen):
            row = {
                "rule": rule.rule,
                "rule_version": rule.version,
                "kind": rule.kind,
                "component": component,
                "book": rule.book,
                "role": rule.role,
                "debit": rule.debit,
                "debit_column": rule.debit_column,
                "credit": rule.credit,
                "credit_column": rule.credit_column,
                "cash_flow": rule.cash_flow,
                "topic": rule.topic,
                **dict(zip(CONDITIONS, values, strict=True)),
            }
            beside = taken.setdefault((rule.kind, component), [])
            for other, held in beside:
                if _overlap(rule, values, other, held):
                    raise TermsError(
                        f"{rule.place}: rule {rule.rule} and {other.rule} both meet {rule.kind} {component}: booked twice. "
                        "Give them conditions that exclude each other, or remove one."
                    )
            beside.append((rule, tuple(values)))
            rows.append(row)
    return pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in _RULE_COLUMNS})


def _overlap(rule: PostingRule, values: Sequence[str], other: PostingRule, held: Sequence[str]) -> bool:
    """Whether an amount can meet both in one book, or meets entries and "no entry"."""
    same_book = rule.book == other.book or NO_ENTRY in (rule.book, other.book)
    return same_book and all(one == another or not one or not another for one, another in zip(values, held, strict=True))


def _meets(amounts: Table, rules: Table) -> list[BooleanValue]:
    conditions = [(rules[name] == "") | (rules[name] == amounts[name]) for name in CONDITIONS]
    return [amounts.kind == rules.kind, amounts.component == rules.component, *conditions]


def without_rule(amounts: Table, rules: Table) -> Table:
    """Amounts that meet no rule, by kind, component and conditions: must be empty. One row each, with their number and sum."""
    missed = amounts.filter(amounts.amount_fen != 0).anti_join(rules, _meets(amounts, rules))
    return missed.group_by(["kind", "component", *CONDITIONS]).aggregate(
        amounts=missed.count(), amount_fen=missed.amount_fen.sum()
    )


def entries_of(amounts: Table, rules: Table, roles: Table) -> Table:
    """The entries of amounts, columns of `journal.ENTRY`; a role that no entity fills leaves `entity` empty.

    amounts   columns of `journal.POSTABLE`;  rules   `rule_table`;  roles   `ROLES`
    A negative amount is the pair the other way round; zero is none.
    """
    renamed = rules.rename({f"rule_{name}": name for name in ("kind", "component", *CONDITIONS)})
    conditions = [(renamed[f"rule_{name}"] == "") | (renamed[f"rule_{name}"] == amounts[name]) for name in CONDITIONS]
    met = amounts.join(
        renamed.filter(renamed.book != NO_ENTRY),
        [amounts.kind == renamed.rule_kind, amounts.component == renamed.rule_component, amounts.amount_fen != 0, *conditions],
    )
    filled = roles.rename(filled_by="entity", filled_role="role", filled_model="model", filled_vehicle="vehicle")
    for_whom = [met.role == filled.filled_role, met.model == filled.filled_model, met.vehicle == filled.filled_vehicle]
    found = met.left_join(filled, for_whom)
    entity = (found.role == "").ifelse(found.entity, found.filled_by.fill_null(""))
    debit, credit = _account(found, "debit"), _account(found, "credit")
    back = found.amount_fen < 0
    parts = [found.event, found.cell, found.book, found.rule, found.rule_version]
    said = parts[0]
    for part in parts[1:]:
        said = said + ibis.literal("|") + part
    written = found.mutate(
        entry_id=said.hexdigest("sha256").left(_ID_LENGTH),
        entity=entity,
        debit=back.ifelse(credit, debit),
        credit=back.ifelse(debit, credit),
        debit_column=back.ifelse(found.credit_column, found.debit_column),
        credit_column=back.ifelse(found.debit_column, found.credit_column),
        amount_fen=found.amount_fen.abs(),
    )
    return written.select(*ENTRY.names)


def _account(found: Table, side: str) -> StringValue:
    named = found[side]
    cases: Sequence[tuple[BooleanValue, StringValue]] = [
        (named == f"{FROM_EVENT}{column}", found[column]) for column in ("account", "contra")
    ]
    chosen: StringValue = ibis.cases(*cases, else_=named)
    return chosen
