"""One loan straight from the events of a book, in the form the account kernel reads."""

import datetime as dt
import tempfile
from dataclasses import dataclass
from pathlib import Path

from loanbook.errors import RequestError
from loanbook.events import KINDS
from loanbook.loans.batches import Classes, IrregularBatch, ReportedBatch
from loanbook.stores import event_rows
from loanbook.stores.assembly import Cursor, chunks, resolve_reversals
from loanbook.stores.book import Book
from loanbook.stores.building import irregular_batch, reported_batch
from loanbook.stores.engine import Engine, connect, quote, scan
from loanbook.stores.terms_classes import archived_products, class_rows, closed_days, version_table
from loanbook.terms.product import Product
from loanbook.units import Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class OneLoan:
    """A loan, the terms it was made under (None for a tape without archived terms) and its batch of one.

    borrower_id   pseudonym, empty where the source names none
    reversed      the disbursement was taken back
    """

    loan_id: str
    borrower_id: str
    terms: Product | None
    classes: Classes
    calendar: tuple[Ints, int]
    batch: IrregularBatch | ReportedBatch
    reversed: bool


def read_loan(book: Book, loan_id: str) -> OneLoan:
    """A loan of a book by its id.

    raises   RequestError when the book has no such loan
    """
    products = archived_products(book)
    with tempfile.TemporaryDirectory(prefix="loanbook-loan-") as spill, connect(Path(spill)) as engine:
        event_rows.name_events(engine, book, loan_id=loan_id)
        event_rows.keep_loans(engine, version_table(products))
        if not engine.number("SELECT count(*) FROM loan"):
            raise RequestError(f"{book.name} has no loan {loan_id!r}. {_near(book, loan_id)}")
        table = event_rows.classes(engine)
        classes = class_rows(book, products, table)
        ((borrower, taken, place),) = engine.rows(
            "SELECT borrower_id, reversed_on IS NOT NULL, loan_no FROM loan ORDER BY reversed_on IS NOT NULL, loan_no LIMIT 1"
        )
        batch = _batch(engine, int(place))
        version = table.column("version").to_pylist()[int(batch.class_no[0])]
        return OneLoan(
            loan_id=loan_id,
            borrower_id=borrower or "",
            terms=products.get(version or ""),
            classes=classes,
            calendar=closed_days(products, classes, table),
            batch=batch,
            reversed=bool(taken),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """One event of a loan as the book holds it; `told` are its own columns that are not null, as text."""

    kind: str
    event_id: str
    happened_on: dt.date
    recorded_on: dt.date
    source: str
    told: dict[str, str]


def loan_events(book: Book, loan_id: str) -> tuple[EventLine, ...]:
    """Every event of a loan, also those taken back and loose ends, in the order of happened_on, recorded_on and id."""
    found = []
    with tempfile.TemporaryDirectory(prefix="loanbook-loan-") as spill, connect(Path(spill)) as engine:
        event_rows.name_events(engine, book, loan_id=loan_id)
        for kind in KINDS:
            columns = [column.name for column in kind.columns]
            shown = "".join(f", CAST({name} AS VARCHAR)" for name in columns)
            for event_id, happened_on, recorded_on, source, *values in engine.rows(
                f"SELECT event_id, happened_on, recorded_on, coalesce(source, ''){shown} FROM {kind.name}"
            ):
                told = {name: value for name, value in zip(columns, values, strict=True) if value is not None}
                found.append(
                    EventLine(
                        kind=kind.name,
                        event_id=event_id,
                        happened_on=happened_on,
                        recorded_on=recorded_on,
                        source=source,
                        told=told,
                    )
                )
    return tuple(sorted(found, key=lambda each: (each.happened_on, each.recorded_on, each.event_id)))


def _batch(engine: Engine, place: int) -> IrregularBatch | ReportedBatch:
    event_rows.keep_rows(engine)
    facts, listed, positions = (
        Cursor(engine.stream(query)) for query in (event_rows.FACT_STREAM, event_rows.LISTED_STREAM, event_rows.POSITION_STREAM)
    )
    for run in chunks(engine.stream(event_rows.LOAN_STREAM), most=1):
        below = int(run["loan_no"][0]) + 1
        rows = resolve_reversals(facts.take(below)), listed.take(below), positions.take(below)
        if below - 1 == place:
            if bool(run["reported"][0]):
                return reported_batch(run, rows[2])
            return irregular_batch(run, rows[0], rows[1])
    raise AssertionError("the loan was counted and not streamed")


def _near(book: Book, loan_id: str) -> str:
    files = [path for kind in ("loan_disbursed", "position_opened") for path in book.files(kind)]
    if not files:
        return "The book has no loans yet."
    with tempfile.TemporaryDirectory(prefix="loanbook-loan-") as spill, connect(Path(spill)) as engine:
        first = engine.rows(f"SELECT loan_id FROM {scan(files)} ORDER BY levenshtein(loan_id, {quote(loan_id)}), loan_id LIMIT 3")
    return f"The nearest ids are {', '.join(row[0] for row in first)}."
