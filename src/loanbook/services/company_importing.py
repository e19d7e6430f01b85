"""Corporate events into a book: costs, equity, debt, tax, openings, as files give them; manual entries have their own way."""

import datetime as dt
from pathlib import Path

import pyarrow.compute as pc

from loanbook.accounting.corporate_reversals import REVERSED
from loanbook.errors import RequestError
from loanbook.services.book_facts import in_hundredths
from loanbook.services.manual_entries import KIND as BY_HAND
from loanbook.stores.book import Book
from loanbook.stores.corporate_ledger import CorporateReceipt, import_corporate
from loanbook.stores.importers.corporate_sheet import read_sheet
from loanbook.terms.chart import load_chart
from loanbook.terms.entity_file import SHIPPED, group_in


def import_company(book: Book, file: Path, *, recorded_at: dt.datetime, kind: str | None = None) -> CorporateReceipt:
    """Import a file of corporate events, in one commit; bad rows are set aside with place and reason.

    recorded_at   when the books learn of them
    raises        RequestError for a file that cannot be read, or that holds manual entries or reversals: those are proposed and
                  approved; StateError for a book that does not count in hundredths
    """
    in_hundredths(book)
    sheet = read_sheet(file)
    kinds = {kind, *(pc.unique(sheet.cells["kind"]).to_pylist() if "kind" in sheet.cells else ())}
    if BY_HAND in kinds:
        raise RequestError(
            f"{file.name}: manual entries need a maker and a checker. Propose them: "
            f"`loanbook books propose FILE --book {book.name} --by NAME`."
        )
    if REVERSED in kinds:
        raise RequestError(
            f"{file.name}: reversals need a maker and a checker. Propose them one by one: "
            f"`loanbook books reverse EVENT --book {book.name} --by NAME --reason TEXT`."
        )
    return import_corporate(
        book.folder,
        sheet,
        recorded_at=recorded_at,
        kind=kind,
        entities=group_in(book.room(SHIPPED)).codes,
        accounts=tuple(load_chart().accounts),
    )
