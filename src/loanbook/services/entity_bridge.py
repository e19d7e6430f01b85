"""The sum of the major operating entities, each by the rules that it files by, beside the group's figure under US GAAP."""

from collections.abc import Sequence

import pyarrow as pa

from loanbook.accounting.bridge import bridge
from loanbook.accounting.group_rows import Rows, together
from loanbook.errors import RequestError
from loanbook.services.group_closes import GroupPeriod, close_on_books, functional_entries
from loanbook.services.group_statements import IFRS, GroupStatements, span_of
from loanbook.statements.periods import Period
from loanbook.terms.posting_rule import BASES
from loanbook.units import date

REVENUE, NET_PROFIT = "revenue", "net_profit"


def bridge_of(found: GroupStatements, span: Period) -> pa.Table:
    """The bridge over the closed periods inside a span: measure, step, part, amount_fen (`accounting.bridge`), credit positive.

    measures   revenue: the lines that the statement of operations groups as revenue; net_profit: all of it
    raises     RequestError for a major entity without local rules; TieError when a measure does not add up
    """
    accounts = found.periods[-1].consolidated.setting.chart.accounts
    results = [code for code, account in accounts.items() if account.is_result]
    lines = {line.code for line in found.statements.by_name["operations"].lines if line.group}
    measures = {REVENUE: [code for code in results if accounts[code].line in lines], NET_PROFIT: results}
    sums: dict[tuple[str, str, str], int] = {}
    for ours, rows in zip(found.periods, local_rows(found), strict=True):
        if is_inside(ours, span):
            for row in bridge(rows, ours.consolidated, measures).to_pylist():
                key = (row["measure"], row["step"], row["part"])
                sums[key] = sums.get(key, 0) + row["amount_fen"]
    names = ("measure", "step", "part")
    columns = {name: pa.array([key[at] for key in sums], pa.string()) for at, name in enumerate(names)}
    return pa.table({**columns, "amount_fen": pa.array(list(sums.values()), pa.int64())})


def is_inside(each: GroupPeriod, span: Period) -> bool:
    """Whether a closed period lies in a span; an opening lies in none."""
    own = span_of(each.closed)
    first, last = span.starts_on or 0, span.ends_on
    return not own.is_instant and (own.starts_on or 0) >= first and own.ends_on <= last


def local_rows(found: GroupStatements) -> list[Rows]:
    """Each period's rows of its major entities by their local rules, in the presentation currency.

    raises   RequestError for a major entity whose terms name no local rules
    """
    chosen = [_books(each, found) for each in found.periods]
    made = {BASES[IFRS]: found.ifrs}
    for books in {books for of in chosen for books in of.values()} - set(made):
        made[books] = _closed_on(found, books)
    return [
        together([made[books][place].close.translation.rows.of(entity) for entity, books in of.items()])
        for place, of in enumerate(chosen)
    ]


def _books(each: GroupPeriod, found: GroupStatements) -> dict[str, tuple[str, ...]]:
    setting = each.consolidated.setting
    books = found.terms.group.local_books(setting.ends_on)
    major = [entity for entity in found.terms.group.entities if entity.is_major(setting.ends_on)]
    for entity in major:
        if entity.code not in books:
            raise RequestError(
                f"{entity.place}: {entity.code} is a major entity on {date(setting.ends_on)} and says nothing of what it files "
                "by. Add local_gaap."
            )
    return {entity.code: books[entity.code] for entity in major}


def _closed_on(found: GroupStatements, books: Sequence[str]) -> tuple[GroupPeriod, ...]:
    closed = [each.closed for each in found.periods]
    return tuple(close_on_books(closed, functional_entries(closed, found.terms), found.terms, books, found.changes))


def local_names(found: GroupStatements) -> dict[str, str]:
    """Names of the local rules of major entities at the end, and the books that they add up: {"PRC ASBE": "CORE + IFRS"}."""
    on = found.quarter.ends_on
    locals_ = [entity.local(on) for entity in found.terms.group.entities if entity.is_major(on)]
    return {each.name: " + ".join(each.books) for each in locals_ if each is not None}
