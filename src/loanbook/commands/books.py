"""`loanbook books`, `events`, `rebuild`, `verify`, `differences`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from loanbook import units
from loanbook.commands.row_files import save_rows
from loanbook.commands.screen import console, counted, progress
from loanbook.errors import RequestError, TieError
from loanbook.events import BY_NAME, KINDS
from loanbook.services.books import rebuild, verify
from loanbook.services.tape_account import compare_tape
from loanbook.stores.book import list_books, open_book
from loanbook.stores.projection import current_projection

BookName = Annotated[str, typer.Argument(metavar="BOOK", help="The book: a name in $LOANBOOK_HOME/books, or a path with a /.")]

_COUNTS = ("loans", "events", "commits", "closes")


def show_books(to_csv: Path | None = None, to_json: Path | None = None) -> None:
    """List the books with their currency, loans, events and whether their projection is current."""
    rows = []
    table = Table("book", "currency", title="Books")
    for name in _COUNTS:
        table.add_column(name, justify="right")
    table.add_column("projection")
    books = list_books()
    for book in books:
        loans = book.rows("loan_disbursed") + book.rows("position_opened")
        closes = len(list((book.folder / "closes").glob("*/close.json")))
        state = "current" if current_projection(book) else "to be built"
        events = sum(book.rows(kind.name) for kind in KINDS)
        counts = (loans, events, len(book.manifest.batches), closes)
        rows.append(
            {"book": book.folder.name, "currency": book.currency, **dict(zip(_COUNTS, counts, strict=True)), "projection": state}
        )
        # A copied folder is opened by its own name.
        table.add_row(book.folder.name, book.currency or "-", *(f"{count:,}" for count in counts), state)
    console().print(table if books else "There are no books yet. `loanbook demo` or `loanbook import` makes one.")
    save_rows(rows, ("book", "currency", *_COUNTS, "projection"), to_csv, to_json)


def show_events(
    book: BookName, kind: Annotated[str | None, typer.Option("--kind", help="Show the batches of this kind of event.")] = None
) -> None:
    """Count the events of a book by kind, or the batches of one kind."""
    opened = open_book(book)
    if kind is None:
        table = Table("kind", "what it is", title=f"Events of {opened.name}")
        table.add_column("events", justify="right")
        for each in KINDS:
            if opened.rows(each.name):
                table.add_row(each.name, each.text, f"{opened.rows(each.name):,}")
        console().print(table)
        return
    if kind not in BY_NAME:
        raise RequestError(f"{kind!r} is no kind of event. Kinds: {', '.join(BY_NAME)}.")
    table = Table("batch", "file", title=f"{kind} of {opened.name}")
    for name in ("events", "bytes"):
        table.add_column(name, justify="right")
    table.add_column("SHA-256")
    for batch in opened.manifest.batches:
        if kind in batch.events:
            file = batch.events[kind]
            table.add_row(str(batch.number), file.path, f"{file.rows:,}", f"{file.bytes:,}", file.sha256[:16])
    console().print(table)


def rebuild_book(book: BookName) -> None:
    """Drop everything derived (projection and closes) and build the projection again from the events."""
    with progress() as tell:
        projection, dropped = rebuild(open_book(book), on_progress=tell)
    loans = projection.manifest.loans
    parts = ", ".join(f"{count:,} {kind}" for kind, count in loans.items() if count)
    found = f"{counted(sum(loans.values()), 'loan')} ({parts})" if parts else "no loans"
    console().print(f"{book}: {found}; {counted(dropped, 'close')} dropped.")


def verify_book(book: BookName) -> None:
    """Prove the book: files unchanged, and the projection reproduces the events, loan by loan and in total."""
    opened = open_book(book)
    with progress() as tell:
        result = verify(opened, on_progress=tell)
    screen = console()
    table = Table("total", title=f"{book}: events and projection")
    for name in ("events", "projection", "difference"):
        table.add_column(name, justify="right")
    for name, value in result.proof.events.items():
        other = result.proof.projection[name]
        shown = (f"{n:,}" if name == "loans" else units.format_money(n, opened.decimals) for n in (value, other, other - value))
        table.add_row(name.removesuffix("_fen").replace("_", " "), *shown)
    screen.print(table)
    for end in result.loose_ends:
        screen.print(f"{end.events:,} {end.kind}: {end.message}. First: {end.first}", markup=False, soft_wrap=True)
    for words in result.files:
        screen.print(words, markup=False, soft_wrap=True)
    for finding in result.proof.findings:
        screen.print(
            f"{finding.place}: {finding.message}: {finding.value}, expected {finding.expected}", markup=False, soft_wrap=True
        )
    if not result.holds:
        raise TieError(f"{book} is not proven: {len(result.files)} files changed, {len(result.proof.findings)} findings above.")
    screen.print("Every file is as it was committed, and every loan agrees with its events.")


def show_differences(book: BookName) -> None:
    """Compare our account of a tape's loans with the balances that the servicer reports; differences are findings."""
    opened = open_book(book)
    with progress() as tell:
        result = compare_tape(opened, on_progress=tell)
    compared = f"{counted(result.compared, 'reported balance')} of {counted(result.loans, 'loan')}"
    table = Table("difference", "what it is", title=f"{book}: {compared}")
    for name in ("reports", "net amount", "sum of amounts"):
        table.add_column(name, justify="right")
    texts = {
        "roll": "balance moved by other than the principal reported",
        "split": "principal reported is not what the terms make of the money",
    }
    for line in result.differences:
        amounts = (units.format_money(fen, opened.decimals) for fen in (line.amount_fen, line.absolute_fen))
        table.add_row(line.kind, texts[line.kind], f"{line.reports:,}", *amounts)
    screen = console()
    screen.print(table)
    if result.without_terms:
        screen.print(f"{result.without_terms:,} loans have no archived terms and were not compared.")
    screen.print(f"All of them: {result.table}, and as Parquet beside it", markup=False, soft_wrap=True)
