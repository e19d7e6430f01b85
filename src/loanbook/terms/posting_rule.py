"""Posting rules: dated rows of CSV that an accountant reads; kind x conditions -> component -> debit, credit.

Every amount that the books count must meet a rule, or one that says `none`: no entry. Conditions are columns of the amount,
never code. A rule of a later `effective_from` with the same name replaces the earlier one.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loanbook.errors import TermsError
from loanbook.terms.chart import Chart
from loanbook.terms.families import BOOK_FAMILIES, LEDGER
from loanbook.terms.rows import Row, read_rows

FOLDER = Path(__file__).parent / "posting"
CORE, MEMO, PRC = "CORE", "MEMO", "PRC"
BOOKS = (CORE, "USGAAP", "IFRS", PRC, MEMO)
"""PRC: what the local rules of an entity in China say beyond the books that its terms add up; no basis of the group has it."""
BASES: Mapping[str, tuple[str, ...]] = {"us_gaap": ("CORE", "USGAAP"), "ifrs": ("CORE", "IFRS")}
"""What a basis of accounting adds up."""
NO_ENTRY = "none"
FROM_EVENT = "="
"""`=account` in place of an account: the event names it in that column."""
CONDITIONS = ("model", "cohort_new", "line", "bears_loss", "consolidated", "licence")
"""Columns of an amount that a rule may ask for."""
_COLUMNS = (
    "rule",
    "effective_from",
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
    "reason",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingRule:
    """One rule: what it takes, under which conditions, and the pair of accounts it writes.

    conditions      column -> values of which one must hold; a column that is not there may be anything
    role            who books it: a role that entities fill, or empty where the event names the entity
    debit, credit   accounts, or `=column` of the event; empty for no entry
    version         hash of what it says
    """

    rule: str
    effective_from: int
    kind: str
    components: tuple[str, ...]
    conditions: Mapping[str, tuple[str, ...]]
    book: str
    role: str
    debit: str
    debit_column: str
    credit: str
    credit_column: str
    cash_flow: str
    topic: str
    reason: str
    place: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """What a posting takes out of the cells: signed columns of one family of the books.

    columns   (sign at this close, sign at the last one, column): 1, -1 is a difference; 0 leaves that close out
    """

    kind: str
    component: str
    family: str
    columns: tuple[tuple[int, int, str], ...]


def load_rules(chart: Chart, day: int, folder: Path = FOLDER) -> tuple[PostingRule, ...]:
    """The rules in force on a day, of all files of a folder but `components.csv`, in the order of their names.

    raises   TermsError with path:line for accounts and columns that the chart lacks, doubled rules, books that do not exist
    """
    found: dict[str, PostingRule] = {}
    seen: set[tuple[str, int]] = set()
    for path in sorted(folder.glob("*.csv")):
        if path.name == "components.csv":
            continue
        for row in read_rows(path, _COLUMNS, optional=CONDITIONS):
            rule = _rule(row, chart)
            if (rule.rule, rule.effective_from) in seen:
                raise row.wrong(f"rule {rule.rule} is there twice with the same day.")
            seen.add((rule.rule, rule.effective_from))
            earlier = found.get(rule.rule)
            if rule.effective_from <= day and (earlier is None or earlier.effective_from < rule.effective_from):
                found[rule.rule] = rule
    if not found:
        raise TermsError(f"{folder.name} has no posting rule in force.")
    return tuple(found[name] for name in sorted(found))


def _rule(row: Row, chart: Chart) -> PostingRule:
    book = row.choice("book", (*BOOKS, NO_ENTRY))
    conditions = {name: row.several(name) for name in CONDITIONS if row.cells[name]}
    sides = {}
    for side in ("debit", "credit"):
        account, column = row.cells[side], row.cells[f"{side}_column"]
        if book == NO_ENTRY:
            if account or column:
                raise row.wrong(f"a rule for no entry names no {side}.")
        elif not account.startswith(FROM_EVENT):
            if account not in chart.accounts:
                raise row.wrong(f"the chart {chart.name} has no account {account!r} ({side}).")
            allowed = chart.accounts[account].movements
            if column and column not in allowed:
                raise row.wrong(f"account {account} has no column {column!r}; its columns are {', '.join(allowed) or 'none'}.")
            if allowed and not column:
                raise row.wrong(f"account {account} has a roll-forward: say in {side}_column which of {', '.join(allowed)}.")
        sides[side] = (account, column)
    if book != NO_ENTRY and sides["debit"][0] == sides["credit"][0] and not sides["debit"][0].startswith(FROM_EVENT):
        raise row.wrong("debit and credit are the same account.")
    said = [row.cells[name] for name in (*_COLUMNS, *CONDITIONS) if name not in ("reason", "topic")]
    return PostingRule(
        rule=row.text("rule"),
        effective_from=row.date("effective_from"),
        kind=row.text("kind"),
        components=row.several("component"),
        conditions=conditions,
        book=book,
        role=row.cells["role"],
        debit=sides["debit"][0],
        debit_column=sides["debit"][1],
        credit=sides["credit"][0],
        credit_column=sides["credit"][1],
        cash_flow=row.cells["cash_flow"],
        topic=row.cells["topic"],
        reason=row.text("reason"),
        place=row.place,
        version=hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16],
    )


_CLOSES = {"": (1, -1), "now": (1, 0), "last": (0, 1)}
"""How a column counts at this close and at the last one."""


def load_components(folder: Path = FOLDER) -> tuple[Component, ...]:
    """What postings take out of the cells; raises TermsError with path:line."""
    families = {family.name: family for family in BOOK_FAMILIES}
    found: dict[tuple[str, str], Component] = {}
    for row in read_rows(folder / "components.csv", ("kind", "component", "family", "columns")):
        family = families[row.choice("family", tuple(families))]
        columns = []
        for written in row.several("columns"):
            sign, name = (-1, written[1:]) if written.startswith("-") else (1, written)
            name, _, close = name.partition("@")
            if name not in family.columns:
                raise row.wrong(f"family {family.name} has no column {name!r}.")
            if close not in _CLOSES or (close and family.name != LEDGER.name):
                raise row.wrong(f"@{close} says no close; a column of the ledger may say @now or @last.")
            columns.append((sign * _CLOSES[close][0], sign * _CLOSES[close][1], name))
        key = (row.text("kind"), row.text("component"))
        if key in found:
            raise row.wrong(f"{key[0]} {key[1]} is there twice.")
        found[key] = Component(kind=key[0], component=key[1], family=family.name, columns=tuple(columns))
    return tuple(found.values())
