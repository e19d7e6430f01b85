"""`make bench SIZES="1 5"`: prints the tables side by side and writes them into docs/performance.md."""

import argparse
import tempfile
from itertools import product
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import pages
from tests.bench.books import MONTHS, Booked, run_books
from tests.bench.closes import MILLION, Closed, child, run_close
from tests.bench.kernels import run_kernels
from tests.bench.tape import run_tape

_WIDTH = 190


def main() -> None:
    """Run what was asked for; sizes are millions of loans."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--sizes", type=float, nargs="+", default=[1.0, 5.0], help="millions of loans")
    parser.add_argument("--months", type=int, nargs="+", default=[MONTHS], help="for the books: made in so many months")
    parser.add_argument("--only", choices=("kernels", "close", "books", "tape"), help="one part alone")
    parser.add_argument("--scratch", type=Path, help="folder for the generated loans (65 M need about 8 GB); default: temporary")
    parser.add_argument("--keep", action="store_true", help="leave the generated loans in the scratch folder")
    parser.add_argument("--no-page", action="store_true", help="print only, leave docs/performance.md as it is")
    asked = parser.parse_args()
    if asked.scratch:
        asked.scratch.mkdir(parents=True, exist_ok=True)
    console = Console(width=_WIDTH)
    console.print(pages.machine())
    if not asked.no_page:
        pages.put("machine", f"Machine: {pages.machine()}.")
    if asked.only in (None, "kernels"):
        timed = run_kernels()
        _show(console, "Kernels", "kernels", pages.kernels_table(timed), page=not asked.no_page)
        if any(each.different for each in timed):
            raise SystemExit("a kernel and its twin differ; see the table.")
    if asked.only in (None, "close"):
        with tempfile.TemporaryDirectory(prefix="loanbook-bench-", dir=asked.scratch) as place:
            scratch = asked.scratch if asked.keep and asked.scratch else Path(place)
            closed: list[Closed] = []
            for size in asked.sizes:
                closed.append(run_close(int(size * MILLION), scratch, keep=asked.keep, say=console.print))
                _show(console, "Full close", "close", pages.closes_table(closed), page=not asked.no_page)
        wrong = {each.loans: each.different for each in closed if any(each.different.values())}
        if wrong:
            raise SystemExit(f"cells differ from SQL: {wrong}")
    if asked.only in (None, "books"):
        with tempfile.TemporaryDirectory(prefix="loanbook-bench-", dir=asked.scratch) as place:
            scratch = asked.scratch if asked.keep and asked.scratch else Path(place)
            booked: list[Booked] = []
            for size, months in product(asked.sizes, asked.months):
                booked.append(run_books(int(size * MILLION), months, scratch, child, keep=asked.keep, say=console.print))
                _show(console, "Books", "books", pages.books_table(booked), page=not asked.no_page)
        if any(each.different for each in booked):
            raise SystemExit("money collected differs from SQL; see the table.")
    if asked.only in (None, "tape"):
        tape = run_tape()
        text = "AART 2017-3: the tape is not there." if tape is None else f"AART 2017-3, {tape[0]:,} loans: {tape[1]:.2f} s."
        console.print(text)
        if tape is not None and not asked.no_page:
            pages.put("tape", text)


def _show(console: Console, title: str, name: str, rows: list[list[str]], *, page: bool) -> None:
    table = Table(title=title)
    for number, column in enumerate(rows[0]):
        table.add_column(column, justify="right" if number else "left")
    for row in rows[1:]:
        table.add_row(*row)
    console.print(table)
    if page:
        pages.put(name, pages.markdown(rows))


if __name__ == "__main__":
    main()
