"""From the group's trial balance to the amounts of statement lines: what the presentation engine is given by the books.

Balances and movements stay debit less credit here; `presentation_rounding.shown` turns them into the sign of each line. Retained
earnings are the account and all results to date: the books make no closing entries.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from loanbook.statements.periods import Period
from loanbook.statements.presentation import Key
from loanbook.terms.chart import FOLDER, Chart
from loanbook.terms.rows import read_rows
from loanbook.terms.statement import BASE, Statements
from loanbook.units import date
from loanbook.units import day as day_number

BALANCE = "balance"
ANY = "*"
OPENING = "opening"
RETAINED = "3050"
OTHERS = "noncontrolling"
_OTHERS_LINE = "net_loss_attributable_to_noncontrolling_interests"
_TRANSLATION = "3060"
_TRANSLATION_LINE = "foreign_currency_translation_adjustment"
SILENT = ("clearing", "memo")
"""Lines of the chart that no statement shows; clearing accounts are zero on each basis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteLine:
    """Where a balance or movement of an account goes besides its own line."""

    line: str
    column: str


def read_note_lines(
    chart: Chart, statements: Statements, path: Path = FOLDER / "lines.csv"
) -> Mapping[tuple[str, str], NoteLine]:
    """(account, movement) -> line of a note; raises TermsError with path:line for accounts and lines that there are not."""
    found: dict[tuple[str, str], NoteLine] = {}
    for row in read_rows(path, ("account", "movement", "line", "column")):
        account, movement, line = row.choice("account", tuple(chart.accounts)), row.text("movement"), row.text("line")
        if line not in statements.lines:
            raise row.wrong(f"there is no line {line!r} in the statements.")
        if (account, movement) in found:
            raise row.wrong(f"account {account} {movement} goes to two lines; keep one.")
        found[account, movement] = NoteLine(line=line, column=row.cells["column"] or BASE)
    return found


def amounts_of_period(rows: pa.Table, period: Period, chart: Chart, notes: Mapping[tuple[str, str], NoteLine]) -> dict[Key, int]:
    """Amounts of one period's flows and of the balances at its end, debit less credit.

    rows      account, column, amount_fen of the group: openings in the column `opening`, all others are movements
    returns   (line, period, column) -> fen; flows at `period`, balances at its end
    """
    found: dict[Key, int] = {}

    def add(line: str, at: Period, column: str, amount: int) -> None:
        if amount:
            found[line, at, column] = found.get((line, at, column), 0) + amount

    for account, movement, amount in zip(
        rows["account"].to_pylist(), rows["column"].to_pylist(), rows["amount_fen"].to_pylist(), strict=True
    ):
        terms = chart.account(account)
        if terms.line in SILENT:
            continue
        if terms.is_result:
            add("retained_earnings", period.end, BASE, amount)
            if movement == OPENING:
                continue
            add(terms.line, period, BASE, amount)
        else:
            add(terms.line, period.end, BASE, amount)
        balance = notes.get((account, BALANCE))
        if balance is not None and balance.line != terms.line:
            add(balance.line, period.end, balance.column, amount)
        if movement == OPENING:
            continue
        if account == RETAINED and movement == OTHERS:
            add(_OTHERS_LINE, period, BASE, amount)
        if account == _TRANSLATION:
            add(_TRANSLATION_LINE, period, BASE, amount)
        moved = notes.get((account, movement)) or notes.get((account, ANY))
        if moved is not None:
            add(moved.line, period, moved.column, amount)
    return found


def year_to_date(periods: Sequence[tuple[Period, Mapping[Key, int]]]) -> dict[Key, int]:
    """Amounts of consecutive quarters put together: balances as they are, flows added up from January on.

    periods   oldest first; an opening is an instant, of which only balances count

    A year whose first quarter is not there keeps its quarters as they are: nothing before them is known.
    """
    found: dict[Key, int] = {}
    running: dict[tuple[str, str], int] = {}
    start: int | None = None
    for period, amounts in periods:
        if period.is_instant:
            running, start = {}, None
            found |= {key: amount for key, amount in amounts.items() if key[1].is_instant}
            continue
        first_of_year = _first_of_year(period.ends_on)
        if period.starts_on == first_of_year:
            running, start = {}, first_of_year
        elif start != first_of_year:
            running, start = {}, None
        for (line, at, column), amount in amounts.items():
            if at.is_instant:
                found[line, at, column] = found.get((line, at, column), 0) + amount
            else:
                running[line, column] = running.get((line, column), 0) + amount if start is not None else amount
        span = Period(starts_on=start if start is not None else period.starts_on, ends_on=period.ends_on)
        for (line, column), amount in running.items():
            found[line, span, column] = amount
        if start is None:
            running = {}
    return found


def _first_of_year(day: int) -> int:
    return day_number(date(day).replace(month=1, day=1))


def adjustments(balances: Iterable[Mapping[str, object]], period: Period, chart: Chart) -> dict[Key, int]:
    """Amounts of the IFRS columns: what the IFRS book says less what the US GAAP book does, by topic.

    balances   rows with book, topic, account, opening (bool: before the period), amount_fen (debit less credit)
    """
    found: dict[Key, int] = {}
    for row in balances:
        terms = chart.account(str(row["account"]))
        if terms.line in SILENT:
            continue
        amount = int(str(row["amount_fen"])) * (1 if row["book"] == "IFRS" else -1)
        column = str(row["topic"])
        keys: list[Key] = []
        if terms.is_result:
            keys.append(("retained_earnings", period.end, column))
            if not row["opening"]:
                keys.append((terms.line, period, column))
        else:
            keys.append((terms.line, period.end, column))
        for key in keys:
            found[key] = found.get(key, 0) + amount
    return found
