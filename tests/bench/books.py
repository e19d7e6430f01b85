"""A quarter of the books at several sizes: from loans to a locked period and its statements, by stage, in a process of its own.

The baseline is hand-written SQL over one row per instalment for the simplest part of it alone: principal and interest collected,
by group, month of origination and day. Its sums are compared with the daybook's, for loans of our own balance sheet.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import numpy as np

from loanbook import units
from loanbook.accounting.loan_amounts import period_days, quarter_before
from loanbook.measures.booking import BookCells, months_before
from loanbook.measures.space import Space, space
from loanbook.measures.window import window
from loanbook.services import bookkeeping
from loanbook.services.facts_pass import THREADS
from loanbook.services.group_statements import group_statements
from loanbook.simulator.bulk_book import write_bulk_book
from loanbook.simulator.offer import offer
from loanbook.simulator.scenario import LAST_DAY, Scenario
from loanbook.stores.book import open_book
from loanbook.stores.ledger import Ledger
from loanbook.terms.families import DAYBOOK
from tests.bench.baseline import MEMORY_LIMIT
from tests.bench.rows import RowWriter

QUARTER = "2024Q3"
WARM_UP_LOANS = 2_000
MONTHS = 36
"""Months in which the loans of the default world were made."""
SQL_MOST = 30_000_000
"""Loans up to which the rows for SQL are written."""
STAGES = ("facts pass", "estimates", "booking pass", "amounts, posting, tax", "locking", "statements")
COLLECTED = ("repaid_fen", "interest_collected_fen")

_SQL = """
SELECT grp,
       CASE WHEN paid_on < {start} THEN date_diff('month', {first}, paid_on)
            ELSE {before} + date_diff('day', {start}, paid_on) END,
       sum(principal), sum(interest)
FROM (
  SELECT grp, paid_on, principal, paid_interest AS interest, charged_off_on
  FROM read_parquet('{folder}/instalments-{month}.parquet') WHERE regular
  UNION ALL
  SELECT grp, paid_on, principal, interest, NULL FROM read_parquet('{folder}/payments-{month}.parquet'))
WHERE paid_on <= {as_of} AND (charged_off_on IS NULL OR paid_on <= charged_off_on)
GROUP BY ALL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """One size: seconds by stage and peak bytes of a quarter's close, SQL's seconds (0: not run), and how their sums compare."""

    loans: int
    months: int
    new: int
    seconds: dict[str, float]
    peak: float
    entries: int
    sql_seconds: float
    compared: int
    different: int

    @property
    def total(self) -> float:
        """From loans to statements."""
        return sum(self.seconds.values())


def run_books(
    loans: int,
    months: int,
    scratch: Path,
    child: Callable[[str, Path, Path], dict[str, float]],
    *,
    keep: bool,
    say: Callable[[str], None],
) -> Booked:
    """Write the loans of so many months under `scratch`, close the quarter and read it by SQL; remove them unless asked to keep.

    SQL is run over the default world's months alone.
    """
    folder = scratch / f"books-{loans}-{months}"
    by_rows = loans <= SQL_MOST and months == MONTHS
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        say(f"{loans:,} loans: writing")
        new = _write(folder, loans, months, by_rows=by_rows)
        say(f"{loans:,} loans: booking {QUARTER}")
        ours = child("books", folder, folder / "books.npz")
        compared = different = 0
        theirs = {"seconds": 0.0}
        if by_rows:
            say(f"{loans:,} loans: money collected, by SQL")
            theirs = child("books-sql", folder, folder / "sql.npz")
            with np.load(folder / "books.npz") as a, np.load(folder / "sql.npz") as b:
                own = a["own"]
                left, right = a["collected"][own], b["collected"][own]
                compared, different = int(((left != 0) | (right != 0)).sum()), int((left != right).sum())
        return Booked(
            loans=loans,
            months=months,
            new=new,
            seconds={stage: ours[stage] for stage in STAGES},
            peak=ours["peak_bytes"],
            entries=int(ours["entries"]),
            sql_seconds=theirs["seconds"],
            compared=compared,
            different=different,
        )
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _write(folder: Path, loans: int, months: int, *, by_rows: bool) -> int:
    """The book, and its rows where SQL is run; loans of the quarter."""
    after = np.datetime64(LAST_DAY + 1, "D").astype("datetime64[M]")
    scenario = Scenario(first_day=int((after - months).astype("datetime64[D]").astype(np.int64)))
    classes = offer(scenario).classes
    found = space(classes, window(since=scenario.first_day, as_of=scenario.last_day))
    rows = folder / "rows"
    rows.mkdir()
    writer = RowWriter(rows, classes, found) if by_rows else None
    start, new = period_days(QUARTER)[0], 0

    def on_part(part: Any) -> None:
        nonlocal new
        for batch in (part.compact, part.irregular):
            new += int((batch.disbursed_on >= start).sum())
        if writer:
            writer.add(part)

    write_bulk_book(folder / "book", loans=loans, scenario=scenario, on_part=on_part)
    if writer:
        writer.close()
    return new


@contextmanager
def _timed(seconds: dict[str, float], stage: str, owner: Any, name: str, kept: list[Any] | None = None) -> Iterator[None]:
    """What a function of the close takes, added to a stage; its results are kept where asked."""
    asked = getattr(owner, name)

    def measured(*args: Any, **named: Any) -> Any:
        start = time.perf_counter()
        found = asked(*args, **named)
        seconds[stage] = seconds.get(stage, 0.0) + time.perf_counter() - start
        if kept is not None:
            kept.append((found, args))
        return found

    with mock.patch.object(owner, name, measured):
        yield


def by_books(folder: Path, out: Path) -> dict[str, float]:
    """Close the quarter after an opening that holds everything before it, and make its statements; compiled code is loaded."""
    warm, _ = write_bulk_book(folder / "warm", loans=WARM_UP_LOANS)
    bookkeeping.close_period(warm, QUARTER)
    group_statements(warm, QUARTER)
    book = open_book(folder / "book")
    bookkeeping.close_period(book, quarter_before(QUARTER))
    seconds: dict[str, float] = {}
    booked: list[Any] = []
    with (
        _timed(seconds, STAGES[0], bookkeeping, "close"),
        _timed(seconds, STAGES[1], bookkeeping, "_estimates"),
        _timed(seconds, STAGES[2], bookkeeping, "book_loans", booked),
        _timed(seconds, STAGES[4], Ledger, "lock"),
    ):
        start = time.perf_counter()
        period, fresh = bookkeeping.close_period(book, QUARTER)
        whole = time.perf_counter() - start
    if not fresh:
        raise SystemExit(f"{book.folder}: {QUARTER} was closed already; remove its ledger to time it.")
    seconds[STAGES[3]] = whole - sum(seconds.values())
    start = time.perf_counter()
    group_statements(book, QUARTER)
    seconds[STAGES[5]] = time.perf_counter() - start
    cells, args = booked[0]
    np.savez(out, **_collected(cells, args[1]))
    return {**seconds, "entries": float(period.manifest["entries"]), "threads": float(THREADS)}


def _collected(cells: BookCells, over: Space) -> dict[str, Any]:
    places = [DAYBOOK.columns.index(name) for name in COLLECTED]
    own = np.array([model == "on_balance_sheet" for _, model, _ in over.groups])
    return {"collected": cells.daybook[..., places], "own": own}


def by_sql(folder: Path, out: Path) -> dict[str, float]:
    """Money collected by group, month of origination and slot of the daybook, a month of origination at a time."""
    classes = offer(Scenario()).classes
    found = space(classes, window(since=Scenario().first_day, as_of=LAST_DAY))
    start = period_days(QUARTER)[0]
    before = months_before(found, start)
    collected = np.zeros((len(found.groups), found.window.months, before + LAST_DAY - start + 1, 2), np.int64)
    began = time.perf_counter()
    with duckdb.connect() as engine:
        engine.execute(f"SET threads = {THREADS}; SET memory_limit = '{MEMORY_LIMIT}'")
        days = {name: f"DATE '{units.date(day)}'" for name, day in (("start", start), ("as_of", LAST_DAY))}
        days["first"] = f"DATE '{units.date(Scenario().first_day)}'"
        for vintage, path in enumerate(sorted((folder / "rows").glob("loans-*.parquet"))):
            month = path.stem.removeprefix("loans-")
            rows = engine.execute(_SQL.format(folder=folder / "rows", month=month, before=before, **days)).fetchall()
            for group, slot, principal, interest in rows:
                collected[group, vintage, slot] = int(principal), int(interest)
    seconds = time.perf_counter() - began
    np.savez(out, collected=collected)
    return {"seconds": seconds, "threads": float(THREADS)}
