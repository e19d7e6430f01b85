"""A hash of a book's events that does not depend on ids: two plays of one world have one."""

import hashlib
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.parquet as pq

from loanbook.events import KINDS
from loanbook.stores.book import Book

_IDS = ("event_id", "reversed_event_id", "source")


def tables_of(book: Book) -> dict[str, pa.Table]:
    """The event tables of a book by kind, only kinds that occur."""
    files = {kind.name: book.files(kind.name) for kind in KINDS}
    return {name: pa.concat_tables([pq.read_table(file) for file in found]) for name, found in files.items() if found}


def events_hash(book: Book, names: Mapping[str, str]) -> str:
    """SHA-256 over every event: kind and all columns, borrowers and loans by the names given, sorted.

    Ids of events are left out: they are random, and which payment a reversal takes back shows in loan, day and what follows.
    """
    lines = []
    for kind, table in tables_of(book).items():
        columns = [column for column in table.column_names if column not in _IDS]
        for row in table.select(columns).to_pylist():
            told = [f"{column}={names.get(value, value)}" for column, value in row.items()]
            lines.append(f"{kind} {' '.join(told)}\n")
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()
