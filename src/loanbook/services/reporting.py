"""The verb `report`: find a close, write the loans behind its figures, render the page beside it or elsewhere with its files."""

import datetime as dt
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from loanbook.errors import StateError
from loanbook.services.books_report import books_page
from loanbook.services.closing import Close, find_close, newer_facts, renewed
from loanbook.services.explaining import OTHER_LOANS, explain_loans
from loanbook.statements.close_folder import TABLES, read_close
from loanbook.stores.book import Book, open_book
from loanbook.stores.durable import write_in_place
from loanbook.stores.projection import Progress
from loanbook.terms.measure import find_measure, load_measures

PAGE = "report.html"
FILES = "{}_files"
"""The folder beside a page that was written elsewhere, by the name of the page."""

LISTED_LOANS = 100_000
"""Loans that one list of a report names: about 3 MB, and a spreadsheet opens it."""
EVERY_MEASURE = 1_000_000
"""Loans of a book up to which every measure gets its list; each list reads the book twice."""


def report(
    book: str,
    *,
    as_of: dt.date | None = None,
    out: Path | None = None,
    drilldown: bool = True,
    on_progress: Progress | None = None,
    on_note: Callable[[str], None] | None = None,
    foreword: Sequence[str] = (),
) -> Path:
    """Render the portfolio report of a book's close as one HTML page; returns where it stands.

    as_of       day of the close; the latest close when left out
    out         where the page goes; beside the close when left out. The files it links to are copied into `FILES` beside it
    drilldown   write the loans behind the figures, where they are not there yet; without them a page elsewhere links to no file
                and can be sent alone
    foreword    sentences before the figures, of who renders it for a reader; another rendering knows nothing of them
    on_note     told in words when the book has facts recorded after the close's known_at

    Where the books are closed as of the same day, their statements, notes and both bases follow.

    A close that the book has outgrown is made again with its own days: it names what was known, so only facts recorded by then
    change its page.

    raises      RequestError when there is no such book; StateError when it was not closed as of that day; TieError when loans do
                not sum to their figure. The page is replaced whole or not at all
    """
    opened = open_book(book)
    found = renewed(opened, find_close(opened, as_of=as_of), on_progress=on_progress)
    note = newer_facts(found)
    if note and on_note is not None:
        on_note(note)
    if drilldown:
        write_drilldown(opened, found, on_progress=on_progress)
    page = found.folder / PAGE if out is None else out
    if page.is_dir():
        raise StateError(f"{page} is a folder. Name the page's file, e.g. --out {page / PAGE}.")
    page.parent.mkdir(parents=True, exist_ok=True)
    if on_progress is not None:
        on_progress("drawing the page", 0, 1)
    files: str | None = ""
    if out is not None:
        files = _copy_files(found.folder, page) if drilldown else None
    from loanbook.statements.report import render  # drawing takes half a second to import; other commands must not wait for it

    books = books_page(opened, dt.date.fromisoformat(str(found.header["as_of"])))
    text = render(found.folder, load_measures(), files=files, note=_note(found, files), foreword=foreword, books=books)
    write_in_place(page, text.encode())
    if on_progress is not None:
        on_progress("drawing the page", 1, 1)
    return page


def write_drilldown(book: Book, close: Close, *, on_progress: Progress | None = None) -> list[Path]:
    """Write `drilldown/<measure>.csv` for the figures of a close; returns the new files.

    Every measure in a book of up to `EVERY_MEASURE` loans, beyond it the headline figures and the first of each section. A list
    names up to `LISTED_LOANS` loans. Measures that this close does not tell are left out, and products of measures: they have no
    loans of their own, those of their factors are written.
    """
    tell = on_progress or (lambda stage, done, total: None)
    definitions = load_measures()
    told = {figure.measure for figure in read_close(close.folder).figures() if figure.current is not None}
    from loanbook.statements.sections import HEADLINE, PORTFOLIO_REPORT  # imports drawing, as above

    names = dict.fromkeys((*HEADLINE, *(section.measures[0] for section in PORTFOLIO_REPORT)))
    if _loans(close) <= EVERY_MEASURE:
        names |= dict.fromkeys(definition.name for definition in definitions)
    single: dict[str, None] = {}
    for name in names:
        single |= dict.fromkeys([factor for factor, _ in find_measure(definitions, name).factors] or [name])
    wanted = [name for name in single if name in told and not (close.folder / "drilldown" / f"{name}.csv").is_file()]
    paths = []
    for done, name in enumerate(wanted):
        tell("listing the loans behind the figures", done, len(wanted))
        paths.append(explain_loans(book, close, name, most=LISTED_LOANS))
    if wanted:
        tell("listing the loans behind the figures", len(wanted), len(wanted))
    return paths


def _loans(close: Close) -> int:
    return int(close.header["measured"]["loans"])


def _copy_files(folder: Path, page: Path) -> str:
    """Copy what a page elsewhere links to into the folder beside it; returns that folder's name as the page's links begin."""
    name = FILES.format(page.stem)
    (page.parent / name / "drilldown").mkdir(parents=True, exist_ok=True)
    lists = (f"drilldown/{path.name}" for path in sorted((folder / "drilldown").glob("*.csv")))
    for each in (*(f"{table}.csv" for table in TABLES), *lists):
        shutil.copyfile(folder / each, page.parent / name / each)
    return f"{name}/"


def _note(close: Close, files: str | None) -> str:
    """What the reader of a page should know of its lists of loans."""
    words = []
    command = f"loanbook explain MEASURE --book {close.header['book']} --as-of {close.header['as_of']} --loans"
    if files is None:
        words.append(f"This page stands alone; {command} lists the loans behind a figure.")
    elif files:
        words.append(f"Tables and lists of loans lie in the folder {files.rstrip('/')} beside this page; move both together.")
    if files is not None and _loans(close) > LISTED_LOANS:
        words.append(
            f"A list names up to {LISTED_LOANS:,} loans, those that count most, and the rest in one row {OTHER_LOANS}; "
            f"{command} writes all of them" + (", and lists that the page has none of." if _loans(close) > EVERY_MEASURE else ".")
        )
    return " ".join(words)
