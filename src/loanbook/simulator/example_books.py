"""The books of a simulated world: the events of a made-up company are imported quarter by quarter and each quarter is closed."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loanbook import units
from loanbook.accounting.journal import by_account, of_basis
from loanbook.accounting.loan_amounts import period_days
from loanbook.errors import TermsError
from loanbook.services.bookkeeping import close_period
from loanbook.simulator.example_company import ExampleCompany, quarters_between
from loanbook.simulator.twin_company import Event, write_events
from loanbook.stores.book import Book
from loanbook.stores.corporate_ledger import import_corporate, load_corporate
from loanbook.stores.ledger import Ledger, Period
from loanbook.stores.projection import Progress
from loanbook.stores.scratch import scratch_folder
from loanbook.terms.conventions import Model

TAXES = ("2160", "2170")
BOOKED_QUARTERS = 4


def keep_example_books(book: Book, as_of: dt.date, *, on_progress: Progress) -> Period | None:
    """Close the last quarters up to a day, with a made-up company's events; what was closed before is not closed again.

    returns   the last closed period; None when no whole quarter of the book lies before the day
    raises    StateError, TieError as `bookkeeping.close_period`
    """
    lent, ours = lent_by_quarter(book)
    whole = [quarter for quarter in lent if units.date(period_days(quarter)[1]) <= as_of]
    if not whole:
        return None
    wanted = whole[-BOOKED_QUARTERS:]
    ledger = Ledger(book)
    closed = {each.name: each for each in ledger.periods()}
    if wanted[-1] in closed:
        return closed[wanted[-1]]
    if load_corporate(book.folder) and not closed:
        # Somebody told of a company: its books are that company's.
        return None
    company = ExampleCompany(lent=lent, ours=ours, books=wanted)
    with scratch_folder("company") as folder:
        for place, quarter in enumerate(wanted):
            start, end = period_days(quarter)
            if quarter in closed:
                continue
            if not place:
                _take(book, company.founding(), folder / "founding", units.date(start - 1))
            _take(book, company.quarter(quarter, owed(ledger)), folder / quarter, units.date(end))
            close_period(book, quarter, on_progress=on_progress)
    return ledger.period(wanted[-1])


def _take(book: Book, events: Sequence[Event], folder: Path, on: dt.date) -> None:
    recorded_at = dt.datetime.combine(on, dt.time(12), dt.UTC)
    for path in write_events(events, folder):
        receipt = import_corporate(book.folder, path, recorded_at=recorded_at, kind=path.stem)
        if receipt.reading.faults.num_rows:
            fault = receipt.reading.faults.slice(0, 1).to_pylist()[0]
            raise TermsError(
                f"{path.name}: row {fault['row']}: {fault['column']} {fault['reason']}; expected {fault['expected']}."
            )


def owed(ledger: Ledger) -> Mapping[tuple[str, str], int]:
    """(account, entity) -> fen of taxes that the last closed period left."""
    closed = ledger.periods()
    if not closed:
        return {}
    balances = by_account(of_basis(closed[-1].table("balances"), "us_gaap")).to_pylist()
    return {(row["account"], row["entity"]): -row["amount_fen"] for row in balances if row["account"] in TAXES}


def lent_by_quarter(book: Book) -> tuple[dict[str, int], dict[str, int]]:
    """Quarter -> fen lent, and of it by our lender: every quarter from the book's first loan to its last."""
    files = book.files("loan_disbursed")
    if not files:
        return {}, {}
    names = ["happened_on", "principal_fen", "model"]
    table = pa.concat_tables([pq.read_table(file, columns=names) for file in files])
    days = table["happened_on"]
    quarters = pc.binary_join_element_wise(pc.cast(pc.year(days), pa.string()), pc.cast(pc.quarter(days), pa.string()), "Q")
    lent = pa.table({"quarter": quarters, "fen": table["principal_fen"], "model": table["model"]})
    whole = _summed(lent)
    ours = _summed(lent.filter(pc.equal(lent["model"], Model.ON_BALANCE_SHEET.name.lower())))
    spanned = list(quarters_between(min(whole), max(whole)))
    return {each: whole.get(each, 0) for each in spanned}, {each: ours.get(each, 0) for each in spanned}


def _summed(lent: pa.Table) -> dict[str, int]:
    sums = lent.group_by("quarter").aggregate([("fen", "sum")])
    return dict(zip(sums["quarter"].to_pylist(), sums["fen_sum"].to_pylist(), strict=True))
