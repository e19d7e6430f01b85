"""CSV and YAML files of corporate events as columns of text with the line of each row; nothing is judged here."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from loanbook.errors import RequestError, TermsError
from loanbook.terms.loading import Located, read_located

ALIASES = {"id": "event_id", "date": "happened_on", "cost_line": "line", "supplier": "counterparty", "description": "text"}
"""Names that ledgers use, and ours."""

BYTES_MAX = 256 << 20
_UNITS = ("_per_million_fen", "_fen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A file as columns of text.

    cells     by heading, None where a row says nothing
    lines     the line of the file on which each row begins
    misfits   rows that have not the header's width: line, text, what is wrong
    """

    file: str
    cells: dict[str, list[str | None]]
    lines: list[int]
    misfits: list[tuple[int, str, str]]


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
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(f"{path.name}: byte {error.start:,} is not UTF-8. Save the file as UTF-8.") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [heading(name, path.name) for name in next(reader, [])]
        width = len(header)
        if not any(header):
            raise RequestError(f"{path.name}: the first line is empty; it must be the header.")
        twice = sorted({name for name in header if header.count(name) > 1})
        if twice:
            raise RequestError(f"{path.name}: line 1: the column {twice[0]} is there twice.")
        rows, lines, misfits = [], [], []
        started = reader.line_num + 1
        for row in reader:
            if len(row) == width:
                rows.append(row)
                lines.append(started)
            elif row:
                misfits.append((started, ",".join(row)[:200], f"the row has {len(row)} columns, the header has {width}"))
            started = reader.line_num + 1
    except csv.Error as error:
        raise RequestError(f"{path.name}: line {reader.line_num}: the CSV cannot be read: {error}.") from error
    across = zip(*rows, strict=True) if rows else ([] for _ in header)
    cells = {name: [cell.strip() or None for cell in column] for name, column in zip(header, across, strict=True)}
    return Sheet(file=path.name, cells=cells, lines=lines, misfits=misfits)


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
    return Sheet(file=file, cells=cells, lines=lines, misfits=[])
