"""The demonstration: a seeded world becomes a book, the book is closed, a made-up company keeps its books, all becomes a page.

Nothing leaves the machine.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from loanbook import units
from loanbook.errors import StateError
from loanbook.services.closing import Close, close
from loanbook.services.reporting import report
from loanbook.simulator.example_books import keep_example_books
from loanbook.simulator.offer import offer
from loanbook.simulator.scenario import LAST_DAY, Scenario
from loanbook.simulator.telling import CURRENCY
from loanbook.simulator.world import LOANS, SEED, events
from loanbook.stores.book import Book, book_folder, create_book, open_book
from loanbook.stores.intake import append
from loanbook.stores.projection import Progress, project

BOOK = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """What was made: the book, its close, the page; `fresh` is False when the book was there already."""

    book: Book
    close: Close
    page: Path
    fresh: bool


def demonstrate(*, name: str = BOOK, seed: int = SEED, loans: int = LOANS, on_progress: Progress) -> Demonstration:
    """Make the book of a seeded world, close it as of the last drawdown day and four quarters of books, and render the report.

    What was done before is not done again.

    raises   StateError when a book of that name holds another world
    """
    book, fresh = book_of(name, loans, Scenario(), lambda: events(seed, loans), on_progress)
    project(book, on_progress=on_progress)
    closed = close(book, as_of(), on_progress=on_progress)
    keep_example_books(book, as_of(), on_progress=on_progress)
    page = report(name, as_of=as_of(), on_progress=on_progress)
    return Demonstration(book=book, close=closed, page=page, fresh=fresh)


def as_of() -> dt.date:
    """The day of the demonstration's close."""
    return units.date(LAST_DAY)


def book_of(
    name: str, loans: int, scenario: Scenario, tell: Callable[[], dict[str, pa.Table]], on_progress: Progress
) -> tuple[Book, bool]:
    """The book of a world and whether it was made now; a book of that name with as many loans is taken as it is.

    tell     makes the world's events, called only when they are needed
    raises   StateError when the book holds another number of loans, or refuses an event
    """
    folder = book_folder(name)
    book = open_book(name) if (folder / "manifest.json").exists() else create_book(folder, name=name, currency=CURRENCY)
    held = book.rows("loan_disbursed")
    if held == loans:
        return book, False
    if held:
        raise StateError(
            f"{folder}: the book holds {held:,} loans, the world asked for has {loans:,}. Choose another name with --book, or "
            "remove the folder."
        )
    on_progress("simulating a world", 0, 0)
    told = tell()
    on_progress("appending events", 0, 0)
    receipt = append(book, told, terms=offer(scenario).texts())
    refused = receipt.total(receipt.quarantined)
    if refused:
        raise StateError(f"{folder}: {refused} simulated events were refused; first: {receipt.findings[0].message}.")
    return receipt.book, True
