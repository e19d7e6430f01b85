"""From the group's trial balance to the amounts of statement lines: what the presentation engine is given by the books.

Balances and movements stay debit less credit here; `presentation_rounding.shown` turns them into the sign of each line. Retained
earnings are the account and all results to date: the books make no closing entries.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from loanbook.statements.periods import Period
from loanbook.statements.presentation import Key
from loanbook.terms.chart import FOLDER, Chart
from loanbook.terms.rows import read_rows
from loanbook.terms.statement import BASE, Statement, Statements
from loanbook.units import date
from loanbook.units import day as day_number

BALANCE = "balance"
ANY = "*"
OPENING = "opening"
ELSEWHERE = "none"
SILENT = ("clearing", "memo")
"""Lines of the chart that no statement shows; clearing accounts are zero on each basis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteLine:
    """Where a balance or movement of an account goes besides its own line; `sign` -1 turns it."""

    line: str
    column: str
    sign: int = 1


NoteLines = Mapping[tuple[str, str], tuple[NoteLine, ...]]
"""(account, movement) -> lines; none where a movement stands elsewhere."""


def read_note_lines(chart: Chart, statements: Statements, path: Path = FOLDER / "lines.csv") -> NoteLines:
    """The lines of notes; raises TermsError with path:line for accounts and lines that there are not, and for doubled ones."""
    found: dict[tuple[str, str], tuple[NoteLine, ...]] = {}
    for row in read_rows(path, ("account", "movement", "line", "column")):
        account, movement, written = row.choice("account", tuple(chart.accounts)), row.text("movement"), row.text("line")
        before = found.setdefault((account, movement), ())
        if written == ELSEWHERE:
            continue
        sign, line = (-1, written[1:]) if written.startswith("-") else (1, written)
        if line not in statements.lines:
            raise row.wrong(f"there is no line {line!r} in the statements.")
        if any(each.line == line for each in before):
            raise row.wrong(f"account {account} {movement} goes to {line} twice; keep one.")
        found[account, movement] = (*before, NoteLine(line=line, column=row.cells["column"] or BASE, sign=sign))
    return found


def amounts_of_period(rows: pa.Table, period: Period, chart: Chart, notes: NoteLines, column: str = BASE) -> dict[Key, int]:
    """Amounts of one period's flows and of the balances at its end, debit less credit.

    rows      account, column, amount_fen of the group: openings in the column `opening`, all others are movements
    column    of the statements: another than the base for an adjustment, whose notes stand in it too
    returns   (line, period, column) -> fen; flows at `period`, balances at its end
    """
    found: dict[Key, int] = {}

    def add(line: str, at: Period, into: str, amount: int) -> None:
        if amount:
            found[line, at, into] = found.get((line, at, into), 0) + amount

    for account, movement, amount in zip(
        rows["account"].to_pylist(), rows["column"].to_pylist(), rows["amount_fen"].to_pylist(), strict=True
    ):
        terms = chart.account(account)
        if terms.line in SILENT:
            continue
        if terms.is_result:
            add("retained_earnings", period.end, column, amount)
            if movement == OPENING:
                continue
            add(terms.line, period, column, amount)
        else:
            add(terms.line, period.end, column, amount)
        for note in notes.get((account, BALANCE), ()):
            if note.line != terms.line:
                add(note.line, period.end, column if note.column == BASE else note.column, note.sign * amount)
        if movement == OPENING:
            continue
        for note in notes.get((account, movement), notes.get((account, ANY), ())):
            add(note.line, period, column if note.column == BASE else note.column, note.sign * amount)
    return found


def on_opposite_lines(balances: Mapping[tuple[str, str], int], period: Period, chart: Chart) -> dict[Key, int]:
    """What moves between lines at the end of a period because an entity's balance stands on the other side of its account.

    balances   (entity, account) -> closing balance, debit less credit
    returns    what to add: a tax authority that owes one company is no smaller debt of another, so it stands among the assets
    """
    found: dict[Key, int] = {}
    for (_, code), amount in balances.items():
        account = chart.account(code)
        if account.opposite_line and (amount > 0) == (account.normal == "credit") and amount:
            for line, moved in ((account.line, -amount), (account.opposite_line, amount)):
                key = line, period.end, BASE
                found[key] = found.get(key, 0) + moved
    return found


def of_statement(notes: NoteLines, statement: Statement) -> NoteLines:
    """The note lines that are lines of one statement itself, in its own column."""
    own = {line.code for line in statement.lines}
    return {key: tuple(each for each in lines if each.line in own and each.column == BASE) for key, lines in notes.items()}


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
