"""The last day of recording in a book, up to a day."""

import datetime as dt
import shutil

from loanbook.events import KINDS
from loanbook.stores.book import Book
from loanbook.stores.engine import connect, scan


def last_recorded(book: Book, until: dt.date) -> dt.date | None:
    """The last day not after `until` on which the book recorded an event; None when there is none."""
    files = [path for kind in KINDS for path in book.files(kind.name)]
    if not files:
        return None
    spill = book.folder / ".latest"
    try:
        with connect(spill) as engine:
            parts = " UNION ALL ".join(f"SELECT recorded_at FROM {scan([path])}" for path in files)
            ((day,),) = engine.rows(
                f"SELECT max(CAST(recorded_at AS DATE)) FROM ({parts}) WHERE CAST(recorded_at AS DATE) <= $1", [until]
            )
    finally:
        shutil.rmtree(spill, ignore_errors=True)
    return day if isinstance(day, dt.date) else None
