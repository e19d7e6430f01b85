"""Corporate events of a book, append-only: one folder a commit, named by a manifest that is replaced whole.

<book>/corporate/manifest.json                what counts
<book>/corporate/<number>/<kind>.parquet      events of one import
<book>/corporate/<number>/quarantine.parquet  rows refused, with place, reason and value
"""

import datetime as dt
import functools
import hashlib
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loanbook.accounting.corporate_events import BY_NAME
from loanbook.errors import StateError, TieError
from loanbook.stores.book import WAIT_SECONDS, File, describe
from loanbook.stores.durable import exclusive, move_in_place, write_in_place
from loanbook.stores.importers.corporate import CorporateReading, arrow_schema, contents, read_corporate
from loanbook.stores.importers.corporate_sheet import Sheet, read_sheet

FORMAT = 1
_KEPT_BYTES = 1 << 15
"""A larger file is read again each time; a company's usual one holds a few rows, and opening it takes as long as reading it."""
_FOLDER, _MANIFEST, _QUARANTINE, _STAGING = "corporate", "manifest.json", "quarantine", ".staging"


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """One commit: the file it came from, when, and its tables by kind (and `quarantine`)."""

    number: int
    source: str
    recorded_at: str
    files: dict[str, File]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """All imports, oldest first."""

    format: int
    imports: tuple[Import, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CorporateReceipt:
    """What became of a file; `number` is 0 when nothing was new and nothing refused that was not before.

    quarantine   where the rows refused are kept; None when there are none
    """

    number: int
    reading: CorporateReading
    quarantine: Path | None = None


def load_corporate(book: Path) -> dict[str, pa.Table]:
    """All corporate events of a book folder by kind; as `corporate_events`."""
    return corporate_events(book)[0]


def corporate_events(book: Path, imports: int | None = None) -> tuple[dict[str, pa.Table], int]:
    """Corporate events of a book folder by kind, in order of import, and of how many imports; kinds without events are left out.

    imports  those of the first so many, as the book stood then; default: of all
    raises   TieError when a file is gone or was changed, or imports are gone
    """
    folder = book / _FOLDER
    parts: dict[str, list[pa.Table]] = {}
    every = _manifest(folder).imports
    if imports is not None and imports > len(every):
        raise TieError(f"{folder / _MANIFEST} names {len(every):,} imports; there were {imports:,}. Put the original back.")
    for each in every[:imports]:
        for kind, file in each.files.items():
            path = folder / file.path
            content = path.read_bytes() if path.exists() else b""
            if hashlib.sha256(content).hexdigest() != file.sha256:
                raise TieError(f"{path}: the file is gone or was changed after it was committed. Put the original back.")
            if kind in BY_NAME:
                read = _kept if len(content) <= _KEPT_BYTES else _read
                parts.setdefault(kind, []).append(read(content, kind))
    return {kind: pa.concat_tables(tables) for kind, tables in parts.items()}, len(every[:imports])


def _read(content: bytes, kind: str) -> pa.Table:
    return pq.read_table(pa.BufferReader(content), schema=arrow_schema(BY_NAME[kind]))


_kept = functools.lru_cache(maxsize=1024)(_read)


def import_corporate(
    book: Path,
    file: Path | Sheet,
    *,
    recorded_at: dt.datetime,
    kind: str | None = None,
    entities: Collection[str] = (),
    accounts: Collection[str] = (),
    opened: bool = True,
) -> CorporateReceipt:
    """Read a file (or take the sheet of one) and add what is new, in one commit; the same again changes nothing.

    raises   as `read_corporate`; StateError when another writer holds the book for long
    """
    folder = book / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with exclusive(folder / ".lock", wait_seconds=WAIT_SECONDS):
        sheet = file if isinstance(file, Sheet) else read_sheet(file)
        held = load_corporate(book)
        reading = read_corporate(
            sheet,
            recorded_at=recorded_at,
            kind=kind,
            known=_known(sheet, held),
            entities=entities,
            accounts=accounts,
            held=held,
            opened=opened,
        )
        number = _commit(folder, reading, recorded_at)
        return CorporateReceipt(number=number, reading=reading, quarantine=_quarantined(folder, reading))


def _known(sheet: Sheet, held: Mapping[str, pa.Table]) -> pa.Table | None:
    """What the book holds under ids of a sheet."""
    if "event_id" not in sheet.cells:
        return None
    ids = sheet.cells["event_id"]
    parts = [contents(name, table.filter(pc.is_in(table["event_id"], ids))) for name, table in held.items()]
    return pa.concat_tables(parts) if parts else None


def _commit(folder: Path, reading: CorporateReading, recorded_at: dt.datetime) -> int:
    tables: Mapping[str, pa.Table] = reading.tables
    if reading.faults.num_rows:
        tables = {**tables, _QUARANTINE: reading.faults}
    manifest = _manifest(folder)
    if not reading.tables and (not reading.faults.num_rows or _refused_before(folder, manifest, reading)):
        return 0
    number = len(manifest.imports) + 1
    staging, target = folder / _STAGING, folder / f"{number:06d}"
    # What an interrupted import left is in no manifest.
    shutil.rmtree(staging, ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)
    staging.mkdir()
    for name, table in tables.items():
        pq.write_table(table, staging / f"{name}.parquet", compression="zstd")
    move_in_place(staging, target)
    files = {name: describe(target / f"{name}.parquet", folder, table.num_rows) for name, table in tables.items()}
    done = Import(number=number, source=reading.file, recorded_at=recorded_at.isoformat(), files=files)
    new = Manifest(format=FORMAT, imports=(*manifest.imports, done))
    write_in_place(folder / _MANIFEST, msgspec.json.format(msgspec.json.encode(new), indent=1) + b"\n")
    return number


def _refused_before(folder: Path, manifest: Manifest, reading: CorporateReading) -> bool:
    return _kept_at(folder, manifest, reading) is not None


def _quarantined(folder: Path, reading: CorporateReading) -> Path | None:
    return _kept_at(folder, _manifest(folder), reading) if reading.faults.num_rows else None


def _kept_at(folder: Path, manifest: Manifest, reading: CorporateReading) -> Path | None:
    """Where just these faults are kept, of the last import that had them."""
    kept = [folder / each.files[_QUARANTINE].path for each in reversed(manifest.imports) if _QUARANTINE in each.files]
    return next((path for path in kept if pq.read_table(path).equals(reading.faults)), None)


def _manifest(folder: Path) -> Manifest:
    path = folder / _MANIFEST
    if not path.exists():
        return Manifest(format=FORMAT)
    manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    if manifest.format != FORMAT:
        raise StateError(f"{path}: the format is {manifest.format}; this version reads {FORMAT}. Update loanbook.")
    return manifest
