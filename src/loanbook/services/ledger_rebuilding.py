"""Books rebuilt from events: every version of every period made again, from what it counted, and compared byte for byte.

Nothing that was derived is read: projection, measures, estimates, cells and entries come from the events, the archived terms and
the rules of the package anew, in a folder of their own.
"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loanbook import units
from loanbook.accounting.loan_amounts import period_days
from loanbook.errors import LoanbookError
from loanbook.services.book_terms import archived_books, has_archive
from loanbook.services.bookkeeping import Given, book_period
from loanbook.stores.as_it_stood import as_it_stood
from loanbook.stores.book import Book, check_files
from loanbook.stores.corporate_ledger import corporate_events
from loanbook.stores.durable import digest
from loanbook.stores.ledger import Ledger, Period
from loanbook.stores.projection import Progress
from loanbook.stores.rules_hash import rules_hash
from loanbook.stores.scratch import scratch_folder

SHOWN_MOST = 3
"""Rows that a finding names."""
_OF_LOCKING = ("files", "previous", "format", "rules_hash", "close")
"""What a manifest says of how it was locked, and under which rules of the package."""


def rebuild_ledger(book: Book, *, on_progress: Progress | None = None) -> tuple[str, ...]:
    """Findings in words: where the books rebuilt from events differ from those that are locked; nothing when they are identical.

    A period that cannot be rebuilt (a file of its archive or of the events is gone) is a finding, too, and so are those after it.
    raises   TieError when the chain of periods is broken
    """
    tell = on_progress or (lambda stage, done, total: None)
    periods = Ledger(book).all_periods()
    found = list(check_files(book))
    with scratch_folder("rebuilt") as folder:
        made: dict[str, Period] = {}
        for done, period in enumerate(periods):
            tell("rebuilding periods", done, len(periods))
            follows = str(period.manifest["follows"])
            if "counted" not in period.manifest or not has_archive(period):
                found.append(
                    f"{period.id}: it was locked by a version of Loanbook that kept neither its terms nor what it counted; it "
                    "and what follows cannot be rebuilt. Restate the first period of the ledger, and it can."
                )
            elif follows and follows not in made:
                found.append(f"{period.id}: it was not rebuilt, because {follows} was not.")
            else:
                try:
                    made[period.id] = _again(book, period, made.get(follows), folder, tell)
                except LoanbookError as error:
                    found.append(f"{period.id}: it cannot be rebuilt: {error}")
                    continue
                found += [f"{period.id}: {words}" for words in _different(period, made[period.id])]
        tell("rebuilding periods", len(periods), len(periods))
    return tuple(found)


def _again(book: Book, period: Period, last: Period | None, folder: Path, tell: Progress) -> Period:
    """A period made again in another folder, on top of the one before it that was made again there."""
    said = period.manifest
    stood = as_it_stood(book, said["counted"], folder)
    corporate, imports = corporate_events(book.folder, int(said["counted"]["corporate_imports"]))
    books = archived_books(period, period_days(period.name)[1])
    ledger = Ledger(stood)
    with ledger.writing():
        return book_period(
            stood,
            ledger,
            period.name,
            last,
            str(said["policy"]),
            dt.date.fromisoformat(str(said["known_at"])),
            tell,
            is_opening=bool(said["opening"]),
            said={name: said[name] for name in ("reason", "restates") if name in said},
            # Ids name the close that posted them: what differs is told by its content.
            given=Given(books=books, corporate=corporate, imports=imports, close_run=str(said["close_run"])),
        )


def _different(period: Period, again: Period) -> Iterator[str]:
    was, now = period.manifest, again.manifest
    wrong = [name for name in sorted({*was, *now}) if name not in _OF_LOCKING and was.get(name) != now.get(name)]
    found = [f"rebuilt from events, {name} would say {_short(now.get(name))}; it says {_short(was.get(name))}." for name in wrong]
    for name in sorted({*was["files"], *now["files"]}):
        here, there = period.folder / name, again.folder / name
        if not there.exists():
            found.append(f"rebuilt from events, there would be no {name}.")
        elif not here.exists():
            found.append(f"{name} is gone.")
        elif digest(here) != digest(there):
            found += _rows_differ(name.removesuffix(".parquet"), here, there)
    if found and was["rules_hash"] != rules_hash():
        yield "Loanbook's own rules have changed since it was locked; that may be all of it. The version that locked it can tell."
    yield from found


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _rows_differ(name: str, here: Path, there: Path) -> list[str]:
    try:
        was, now = pq.read_table(here), pq.read_table(there)
    except (OSError, pa.ArrowException) as error:
        return [f"{name} cannot be read: {error}."]
    if was.schema.names != now.schema.names:
        return [f"{name} rebuilt from events has other columns."]
    if was.equals(now):
        return []
    lost, made = _without(was, now), _without(now, was)
    if not lost and not made:
        return [f"{name} rebuilt from events has the same rows in another order."]
    shown = "; ".join(f"{side} {words}" for side, rows in (("locked", lost), ("rebuilt", made)) for words in rows[:SHOWN_MOST])
    return [f"{name} rebuilt from events differs: {len(lost):,} rows locked, {len(made):,} made instead: {shown}."]


def _without(these: pa.Table, others: pa.Table) -> list[str]:
    """Rows of a table that another lacks, in words without empty cells."""
    sides = [_row_texts(table) for table in (these, others)]
    loose = pc.invert(pc.is_in(sides[0], sides[1]))
    rows = these.filter(loose)
    found = []
    for row in rows.slice(0, SHOWN_MOST).to_pylist():
        words = " ".join(
            f"{name}={units.format_money(value) if name.endswith('_fen') else value}" for name, value in row.items() if value
        )
        found.append(words)
    return found + [""] * (rows.num_rows - len(found))


def _row_texts(table: pa.Table) -> pa.Array:
    columns = [pc.fill_null(column.cast(pa.string()), "") for column in table.columns]
    texts = pc.binary_join_element_wise(*columns, "\x1f")
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
