"""Between which days a book was told facts: where its ledger begins, and whether a quarter lies far from what it was told."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.errors import StateError
from loanbook.stores.book import DECIMALS, Book
from loanbook.stores.corporate_ledger import load_corporate
from loanbook.stores.ledger import Ledger
from loanbook.stores.projection import Projection, reading

SILENT_DAYS = 31
"""A quarter that ends further than this after the last fact of a book with loans says so: they are paid every month."""
SILENT_DAYS_WITHOUT_LOANS = 92
"""The same of a company alone, whose bills may come once a quarter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The first and the last day on which something happened, of loans and of the company; None: nothing did."""

    first: dt.date | None
    last: dt.date | None
    has_loans: bool


def in_hundredths(book: Book) -> None:
    """Refuse a book whose loans count other decimals than the company's own events: their entries would be added up.

    raises   StateError
    """
    if book.decimals != DECIMALS:
        raise StateError(
            f"money of {book.name} has {book.decimals} decimals; the company's books count {DECIMALS} in every currency. "
            f"Import its loans into another book, with terms and a mapping that say decimals: {DECIMALS}."
        )


def facts_told(projection: Projection, corporate: Mapping[str, pa.Table]) -> Told:
    """The days of a book's facts, whenever they were recorded."""
    manifest = projection.manifest
    days = [dt.date.fromisoformat(day) for day in (manifest.since, manifest.last_on) if day]
    for table in corporate.values():
        if table.num_rows:
            ends = pc.min_max(table["happened_on"]).as_py()
            days += [ends["min"], ends["max"]]
    return Told(first=min(days, default=None), last=max(days, default=None), has_loans=manifest.since is not None)


def begins_before(book: Book, facts: Told, name: str, start: int, end: int) -> bool:
    """Whether something happened before a quarter, so that the ledger needs an opening.

    raises   StateError when nothing had happened by the quarter's end: there is nothing to keep books of
    """
    if facts.first is None:
        raise StateError(
            f"{book.name} has no facts yet: no loan, and nothing that happened to the company. Import loans with "
            f"`loanbook import`, or the company's events with `loanbook books import FILE --book {book.name}`."
        )
    if facts.first > units.date(end):
        raise StateError(
            f"{book.name} was told nothing that happened by {units.date(end)}; its first fact is of {facts.first}. "
            f"{name} would be empty: close the quarter of that day first."
        )
    return facts.first < units.date(start)


def silence(facts: Told, end: int) -> tuple[str, ...]:
    """What to say of a quarter that ends long after the last fact of its book."""
    day, allowed = units.date(end), SILENT_DAYS if facts.has_loans else SILENT_DAYS_WITHOUT_LOANS
    if facts.last is None or (day - facts.last).days <= allowed:
        return ()
    unpaid = "; what fell due since counts as unpaid" if facts.has_loans else ""
    return (
        f"the last fact of the book happened on {facts.last}, {(day - facts.last).days:,} days before the quarter's end {day}: "
        f"nothing that followed is in it{unpaid}",
    )


def open_quarters(facts: Told, end: int) -> str:
    """What to say where the book knows facts of quarters after the one that was closed; empty when it knows none."""
    if facts.last is None or facts.last <= units.date(end):
        return ""
    last = f"{facts.last.year}Q{(facts.last.month + 2) // 3}"
    return (
        f"The book has facts up to {facts.last}, {(facts.last - units.date(end)).days:,} days after {units.date(end)}: "
        f"its quarters up to {last} are still to be closed."
    )


def quarters_still_open(book: Book) -> str:
    """What to say of facts that lie after the last closed quarter; empty when there are none."""
    closed = Ledger(book).periods()
    with reading(book) as projection:
        facts = facts_told(projection, load_corporate(book.folder))
    return open_quarters(facts, units.day(closed[-1].manifest["ends_on"])) if closed else ""
