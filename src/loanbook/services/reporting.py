"""The verb `report`: find a close, write the loans behind its headline figures, render the page beside it."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from loanbook.errors import StateError
from loanbook.services.closing import Close, find_close, newer_facts, renewed
from loanbook.services.explaining import explain_loans
from loanbook.statements.close_folder import read_close
from loanbook.statements.report import render
from loanbook.statements.sections import HEADLINE, PORTFOLIO_REPORT
from loanbook.stores.book import DECIMALS, Book, open_book
from loanbook.stores.durable import write_in_place
from loanbook.stores.projection import Progress
from loanbook.terms.measure import find_measure, load_measures

PAGE = "report.html"


def report(
    book: str,
    *,
    as_of: dt.date | None = None,
    out: Path | None = None,
    drilldown: bool = True,
    on_progress: Progress | None = None,
    on_note: Callable[[str], None] | None = None,
) -> Path:
    """Render the portfolio report of a book's close as one HTML page; returns where it stands.

    as_of       day of the close; the latest close when left out
    out         where the page goes; beside the close when left out. Its links to tables and loans are relative
    drilldown   also write the loans behind each headline figure, where they are not there yet
    on_note     told in words when the book has facts recorded after the close's known_at

    A close that the book has outgrown is made again with its own days: it names what was known, so only facts recorded by then
    change its page.

    raises      RequestError when there is no such book; StateError when it was not closed as of that day, or
                its money has not two decimals; TieError when loans do
                not sum to their figure. The page is replaced whole or not at all
    """
    opened = open_book(book)
    if opened.decimals != DECIMALS:
        raise StateError(
            f"{opened.folder}: the page writes money with {DECIMALS} decimals, the book counts {opened.decimals}. "
            "Read the tables of the close, which are in minor units."
        )
    found = renewed(opened, find_close(opened, as_of=as_of), on_progress=on_progress)
    note = newer_facts(found)
    if note and on_note is not None:
        on_note(note)
    if drilldown:
        write_drilldown(opened, found, on_progress=on_progress)
    page = found.folder / PAGE if out is None else out
    text = render(found.folder, load_measures(), page=page)
    page.parent.mkdir(parents=True, exist_ok=True)
    write_in_place(page, text.encode())
    return page


def write_drilldown(book: Book, close: Close, *, on_progress: Progress | None = None) -> list[Path]:
    """Write `drilldown/<measure>.csv` for the headline measures and the first measure of each section; returns the new files.

    Measures that this close does not tell are left out. A product of measures has no loans of its own: those of its factors
    are written.
    """
    definitions = load_measures()
    told = {figure.measure for figure in read_close(close.folder).figures() if figure.current is not None}
    names: dict[str, None] = {}
    for name in (*HEADLINE, *(section.measures[0] for section in PORTFOLIO_REPORT)):
        factors = [factor for factor, _ in find_measure(definitions, name).factors]
        names |= dict.fromkeys(factors or [name])
    wanted = [name for name in names if name in told and not (close.folder / "drilldown" / f"{name}.csv").is_file()]
    return [explain_loans(book, close, name, on_progress=on_progress) for name in wanted]
