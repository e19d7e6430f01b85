"""CSV and TSV: a file of one or more tables, blank lines between them; lines with one cell are their captions."""

import csv
import io

from loanbook.errors import RequestError
from loanbook.tieout.document import Cell, Heading, Span
from loanbook.tieout.figure import Place
from loanbook.tieout.read.draft import Draft, Piece
from loanbook.tieout.read.limits import Meter

_DELIMITERS = ",;\t|"
_FIELD_CHARACTERS = 100_000


def read_rows(text: str, file: str, meter: Meter) -> list[Piece]:
    """The tables of a delimited file. The delimiter is the one that parts most lines into most cells."""
    delimiter = _delimiter(text)
    csv.field_size_limit(_FIELD_CHARACTERS)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    meter.expect_cells(_cells(text, delimiter, meter.limits.cells))
    pieces: list[Piece] = []
    draft = Draft()
    line = 1
    try:
        for row in rows:
            meter.add_cells(len(row))
            filled = [column for column, cell in enumerate(row) if cell.strip()]
            if not filled or (filled == [0] and not draft.rows):
                if draft.rows:
                    pieces.append(draft)
                    draft = Draft()
                if filled:
                    pieces.append(Heading(span=_span(row[0], file, line), level=2))
            else:
                draft.rows.append([_cell(text, column, file, line) for column, text in enumerate(row)])
            line = rows.line_num + 1
    except csv.Error as error:
        raise RequestError(
            f"{file}:{line}: not a delimited file ({error}). Quote cells that hold the delimiter or line ends."
        ) from error
    if draft.rows:
        pieces.append(draft)
    return pieces


def _cells(text: str, delimiter: str, most: int) -> int:
    """How many cells a file holds, counted no further than the limit; 0 where it cannot be parsed, which reading tells."""
    count = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            count += len(row)
            if count > most:
                break
    except csv.Error:
        return 0
    return count


def _delimiter(text: str) -> str:
    lines = [line for line in text[:20_000].split("\n") if line.strip()][:60]
    return max(_DELIMITERS, key=lambda mark: (sum(mark in line for line in lines), sum(line.count(mark) for line in lines)))


def _span(text: str, file: str, line: int) -> Span:
    shown = text.strip()
    return Span(text=shown, place=Place(file=file, line=line, start=0, end=len(shown)))


def _cell(text: str, column: int, file: str, line: int) -> Cell:
    return Cell(span=_span(text, file, line), row=0, column=column, indent=len(text) - len(text.lstrip()))
