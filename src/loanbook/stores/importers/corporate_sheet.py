"""CSV and YAML files of corporate events as columns of text with the line of each row; nothing is judged here."""

import codecs
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from loanbook.errors import RequestError, TermsError
from loanbook.stores.importers.csv_records import columns_of, records_of, without_blanks
from loanbook.terms.loading import Located, read_located
from loanbook.units import Ints

ALIASES = {"id": "event_id", "date": "happened_on", "cost_line": "line", "supplier": "counterparty", "description": "text"}
"""Names that ledgers use, and ours."""

BYTES_MAX = 256 << 20
_UNITS = ("_per_million_fen", "_fen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A file as columns of text.

    cells     Arrow text by heading, null where a row says nothing
    lines     (rows,) int64: the line of the file on which each row begins
    misfits   rows that have not the header's width: line, text, what is wrong
    """

    file: str
    cells: Mapping[str, pa.Array]
    lines: Ints
    misfits: Sequence[tuple[int, str, str]]


def head_of(column: str) -> str:
    """What a file calls a column of an event: money without its unit."""
    for unit in _UNITS:
        column = column.removesuffix(unit)
    return column


def heading(name: str, file: str) -> str:
    """A written heading in our words: lower case, aliases resolved.

    raises   RequestError for a heading in minor units: 1234.56 under `amount_fen` could be meant either way
    """
    plain = name.strip().lower().replace(" ", "_")
    if plain.endswith(_UNITS):
        raise RequestError(f"{file}: the column {plain} is in minor units. Write whole units (1234.56) under {head_of(plain)}.")
    return ALIASES.get(plain, plain)


def read_sheet(path: Path) -> Sheet:
    """A file's rows. Raises RequestError for what makes the whole file unreadable, with its line."""
    if not path.is_file():
        raise RequestError(f"{path}: there is no such file.")
    return _read_yaml(path) if path.suffix in (".yaml", ".yml") else _read_csv(path)


def _read_csv(path: Path) -> Sheet:
    if path.stat().st_size > BYTES_MAX:
        raise RequestError(f"{path.name}: more than {BYTES_MAX:,} bytes. Split the ledger by month.")
    raw = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise RequestError(f"{path.name}: byte {error.start:,} is not UTF-8. Save the file as UTF-8.") from error
    try:
        return _in_columns(path.name, raw) or _row_by_row(path.name, text)
    except csv.Error as error:
        raise RequestError(f"{path.name}: the CSV cannot be read: {error}.") from error


def _in_columns(file: str, raw: bytes) -> Sheet | None:
    """The sheet of a file that can be read in one way; None for others."""
    found = records_of(raw)
    if found is None or not len(found.starts) or found.lines[0] != 1:
        return None

    def text(place: int) -> str:
        return raw[found.starts[place] : found.ends[place]].decode()

    header = _header(file, next(csv.reader(io.StringIO(text(0), newline=""), strict=True)))
    fits = found.widths == len(header)
    fits[0] = False
    body = raw[found.starts[1] :] if len(found.starts) > 1 else b""
    cells = columns_of(body, int(fits.sum()), header, quoted=b'"' in body)
    if cells is None:
        return None
    others = np.flatnonzero(~fits)[1:]
    misfits = [
        _misfit(int(found.lines[place]), next(csv.reader(io.StringIO(text(place), newline=""), strict=True)), len(header))
        for place in others.tolist()
    ]
    return Sheet(file=file, cells=cells, lines=found.lines[fits].astype(np.int64), misfits=misfits)


def _row_by_row(file: str, text: str) -> Sheet:
    """The sheet of a file with quotes inside cells or odd line ends."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = _header(file, next(reader, []))
        rows, lines, misfits = [], [], []
        started = reader.line_num + 1
        for row in reader:
            if len(row) == len(header):
                rows.append(row)
                lines.append(started)
            elif row:
                misfits.append(_misfit(started, row, len(header)))
            started = reader.line_num + 1
    except csv.Error as error:
        raise RequestError(f"{file}: line {reader.line_num}: the CSV cannot be read: {error}.") from error
    across = zip(*rows, strict=True) if rows else ([] for _ in header)
    cells = {name: without_blanks(pa.array(column, pa.string())) for name, column in zip(header, across, strict=True)}
    return Sheet(file=file, cells=cells, lines=np.array(lines, np.int64), misfits=misfits)


def _header(file: str, written: Sequence[str]) -> list[str]:
    header = [heading(name, file) for name in written]
    if not any(header):
        raise RequestError(f"{file}: the first line is empty; it must be the header.")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise RequestError(f"{file}: line 1: the column {twice[0]} is there twice.")
    return header


def _misfit(line: int, row: Sequence[str], width: int) -> tuple[int, str, str]:
    return line, ",".join(row)[:200], f"the row has {len(row)} columns, the header has {width}"


def _read_yaml(path: Path) -> Sheet:
    try:
        items = read_located(path, path.name).items("a file of events")
        return _from_items(path.name, items)
    except TermsError as error:
        raise RequestError(str(error)) from error


def _from_items(file: str, items: tuple[Located, ...]) -> Sheet:
    cells: dict[str, list[str | None]] = {}
    lines = []
    for place, item in enumerate(items):
        for name, value in item.names("an event").items():
            column = cells.setdefault(heading(name, file), [None] * len(items))
            if value.value is not None:
                column[place] = value.text(name).strip() or None
        lines.append(item.line)
    columns = {name: pa.array(column, pa.string()) for name, column in cells.items()}
    return Sheet(file=file, cells=columns, lines=np.array(lines, np.int64), misfits=())
