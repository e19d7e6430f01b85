"""A table's rows as they are meant: figures put together from `$`, `(`, digits and `)` cells, heads told from rows of figures."""

import re
from dataclasses import dataclass, field, replace
from enum import Enum

from loanbook.tieout.document import Cell, Table
from loanbook.tieout.read.calendar import read_hint
from loanbook.tieout.read.lexicon import CURRENCY
from loanbook.tieout.read.number import UNIT_WORDS, CellNumber, cell_number

_YEAR = re.compile(r"(?:19|20)\d\d")
_BEFORE = re.compile(rf"(?:{CURRENCY})?\s*[(]?\s*(?:{CURRENCY})?|[-−–△▲(]")
_AFTER = re.compile(rf"[)\]]?\s*(?:{UNIT_WORDS})?\s*[)\]]?")
_NO_FIGURE = re.compile(r"n\.?\s?[ma]\.?|n/[ma]|\*+|nmf|n\.\s?s\.?|nm\b.*", re.IGNORECASE)
_FIGURE_IN_WORDS = re.compile(r"(?<![\d.,])\(?\d{1,3}(?:,\d{3})+\)?|—")
_ADJACENT = 2
"""A mark in a cell of its own stands at most so many columns from its figure."""


class RowKind(Enum):
    HEAD = "head"
    FIGURES = "figures"
    LABEL = "label"
    DAMAGED = "damaged"
    BLANK = "blank"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One figure of a row.

    cell         the cell with its digits
    number       what they say, with the marks of the neighbouring cells
    first, last  columns that it and its marks take
    text         as displayed, marks included
    """

    cell: Cell
    number: CellNumber
    first: int
    last: int
    text: str


@dataclass(slots=True)
class Row:
    """One row: its label cells, its figures, and the other cells with words."""

    at: int
    kind: RowKind
    labels: list[Cell] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    words: list[Cell] = field(default_factory=list)

    @property
    def cells(self) -> list[Cell]:
        return [*self.labels, *self.words]


def is_year(number: CellNumber) -> bool:
    return number.is_plain and _YEAR.fullmatch(number.digits) is not None


def table_rows(table: Table) -> list[Row]:
    """The rows of a table in order. A table without figures has no row of figures."""
    lines: dict[int, list[Cell]] = {}
    for cell in table.cells:
        if cell.span.text.strip():
            lines.setdefault(cell.row, []).append(cell)
    parsed = {at: [(cell, cell_number(cell.span.text)) for cell in cells] for at, cells in lines.items()}
    left = _first_value_column(parsed)
    rows: list[Row] = []
    seen_figures = False
    for at in sorted(parsed):
        row = _row(at, parsed[at], left)
        row.kind = _row_kind(row, seen_figures, left)
        if row.kind is RowKind.HEAD and seen_figures and _is_group(row):
            row.kind, row.labels, row.words = RowKind.LABEL, row.words, []
        if row.kind is RowKind.HEAD:
            _heads_only(row)
        seen_figures = seen_figures or row.kind is RowKind.FIGURES
        rows.append(row)
    _first_group(rows)
    return rows


def _first_value_column(parsed: dict[int, list[tuple[Cell, CellNumber | None]]]) -> int:
    """The leftmost column in which figures stand again and again; what is left of it are labels."""
    counts: dict[int, int] = {}
    rows = 0
    for cells in parsed.values():
        columns = {cell.column for cell, number in cells if number and not number.is_dash and not is_year(number)}
        rows += bool(columns)
        for column in columns:
            counts[column] = counts.get(column, 0) + 1
    words: dict[int, int] = {}
    for cells in parsed.values():
        for cell, number in cells:
            if number is None and cell.columns == 1 and re.search(r"[A-Za-z]{3}", cell.span.text):
                words[cell.column] = words.get(cell.column, 0) + 1
    for column in _serials(parsed):
        counts.pop(column, None)
    steady = [column for column, count in counts.items() if count >= max(1, rows // 8) and count >= words.get(column, 0) / 3]
    return min(steady or counts, default=1)


def _serials(parsed: dict[int, list[tuple[Cell, CellNumber | None]]]) -> set[int]:
    """Columns that number the rows: small whole numbers that go up by one, words to their right."""
    columns: dict[int, list[int]] = {}
    beside: dict[int, int] = {}
    for cells in parsed.values():
        for index, (cell, number) in enumerate(cells):
            if number is not None and number.is_plain and len(number.digits) < 3:
                following = cells[index + 1][0].span.text if index + 1 < len(cells) else ""
                columns.setdefault(cell.column, []).append(int(number.digits))
                beside[cell.column] = beside.get(cell.column, 0) + (re.search(r"[A-Za-z]{3}", following) is not None)
    return {
        column
        for column, found in columns.items()
        if len(found) > 2 and found == list(range(found[0], found[0] + len(found))) and beside[column] == len(found)
    }


def _row(at: int, cells: list[tuple[Cell, CellNumber | None]], left: int) -> Row:
    row = Row(at=at, kind=RowKind.BLANK)
    index = 0
    while index < len(cells):
        cell, number = cells[index]
        text = cell.span.text.strip()
        if (
            cell.column + cell.columns <= left
            and (number is None or not number.currency)
            and not (number is None and index + 1 < len(cells) and _BEFORE.fullmatch(text) and cells[index + 1][0].column == left)
        ):
            row.labels.append(cell)
        elif number is not None:
            value, index = _value(cells, index)
            row.values.append(value)
            continue
        elif (
            _BEFORE.fullmatch(text)
            and index + 1 < len(cells)
            and cells[index + 1][1] is not None
            and _near(cell, cells[index + 1][0])
        ):
            value, index = _value(cells, index + 1, before=cell)
            row.values.append(value)
            continue
        else:
            row.words.append(cell)
        index += 1
    return row


def _near(first: Cell, second: Cell) -> bool:
    return 0 <= second.column - (first.column + first.columns) < _ADJACENT


def _value(cells: list[tuple[Cell, CellNumber | None]], index: int, before: Cell | None = None) -> tuple[Value, int]:
    """The figure of the cell at `index` with the marks around it, and the index behind them."""
    cell, number = cells[index]
    assert number is not None
    text = cell.span.text[number.start : number.end]
    first, last = cell.column, cell.column + cell.columns - 1
    if before is not None:
        mark = before.span.text.strip()
        first = before.column
        text = mark + text
        currency = re.search(CURRENCY, mark)
        number = replace(
            number,
            currency=currency.group() if currency else number.currency,
            negative=number.negative or mark.endswith("(") or mark[0] in "-−–△▲",
            is_open=number.is_open or mark.endswith("("),
            is_plain=False,
        )
    index += 1
    while index < len(cells):
        follower, other = cells[index]
        mark = follower.span.text.strip()
        if other is not None or not mark or not _AFTER.fullmatch(mark) or follower.column - last > _ADJACENT:
            break
        if mark[0] in ")]" and not number.is_open:
            break
        unit = mark.strip(")] ")
        number = replace(
            number, is_open=number.is_open and not mark.startswith((")", "]")), unit=unit or number.unit, is_plain=False
        )
        text += mark
        last = follower.column + follower.columns - 1
        index += 1
    return Value(cell=cell, number=number, first=first, last=last, text=text), index


def _row_kind(row: Row, seen_figures: bool, left: int) -> RowKind:
    solid = [value for value in row.values if not value.number.is_dash and not is_year(value.number)]
    words = [cell for cell in row.words if not _NO_FIGURE.fullmatch(cell.span.text.strip())]
    if any(len(_FIGURE_IN_WORDS.findall(cell.span.text)) >= 4 for cell in (*words, *row.labels)):
        return RowKind.DAMAGED
    if solid:
        notes = all(value.number.is_open or re.fullmatch(r"\(\d\)", value.text) for value in solid)
        return RowKind.HEAD if notes and words and not seen_figures else RowKind.FIGURES
    years = [value for value in row.values if is_year(value.number)]
    if years:
        label = " ".join(cell.span.text for cell in row.labels)
        plain = (
            not label.strip() or not seen_figures or re.search(r"ended|ending|as (?:of|at)|\bin\b|[,:]$|\d", label, re.IGNORECASE)
        )
        return RowKind.HEAD if plain else RowKind.FIGURES
    if words and not (row.labels and row.values and seen_figures):
        return RowKind.HEAD
    if row.values:
        return RowKind.FIGURES if row.labels or seen_figures else RowKind.HEAD
    if row.labels:
        spanning = not seen_figures and any(cell.columns > max(left, 1) for cell in row.labels)
        return RowKind.HEAD if spanning else RowKind.LABEL
    return RowKind.FIGURES if row.words else RowKind.BLANK


def _first_group(rows: list[Row]) -> None:
    """The heading right above the first figures groups them, where other rows already head the columns."""
    first = next((index for index, row in enumerate(rows) if row.kind is RowKind.FIGURES), 0)
    if first == 0 or not any(len(row.words) > 1 for row in rows[: first - 1]):
        return
    above = rows[first - 1]
    if above.kind is RowKind.HEAD and _is_group(above) and not above.words[0].span.text.startswith("("):
        above.kind, above.labels, above.words = RowKind.LABEL, above.words, []


def _is_group(row: Row) -> bool:
    """A heading that spans the table below its head: it groups rows unless it names a period."""
    return not row.labels and len(row.words) == 1 and row.words[0].column == 0 and not read_hint(row.words[0].span.text)


def _heads_only(row: Row) -> None:
    """Years and dashes of a head are words of it."""
    row.words = sorted([*row.words, *(value.cell for value in row.values)], key=lambda cell: cell.column)
    row.values = []


def has_figures(rows: list[Row]) -> bool:
    """Whether a grid is a table of figures: some column holds two, or a row two beside each other under a head or label."""
    columns: dict[int, int] = {}
    for row in rows:
        if row.kind is RowKind.FIGURES:
            solid = [value for value in row.values if not value.number.is_dash and not is_year(value.number)]
            if len(solid) >= 2 and row.labels:
                return True
            for value in solid:
                columns[value.cell.column] = columns.get(value.cell.column, 0) + 1
    return max(columns.values(), default=0) >= 2
