"""Figures of one table as a grid: rows that can be added, columns that agree or not."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from loanbook.tieout.figure import Basis, Figure, Period, Unit

ADDITIVE = frozenset({Unit.MONEY, Unit.SHARES, Unit.ADS, Unit.PEOPLE, Unit.COUNT, Unit.UNKNOWN, Unit.POINTS, Unit.PERCENT})
GROWTH = "growth"


@dataclass(frozen=True, slots=True)
class Row:
    """A printed row: its figures by column."""

    index: int
    label: str
    path: tuple[str, ...]
    cells: dict[int, Figure]

    @property
    def unit(self) -> Unit:
        return next(iter(self.cells.values())).unit

    @property
    def scale(self) -> Decimal:
        return next(iter(self.cells.values())).scale


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of one table, or of the part of one under one head.

    values    row by row, whole steps as integers; None where nothing stands
    step      what one integer unit is worth in displayed units
    """

    file: str
    block: int
    part: int
    rows: tuple[Row, ...]
    columns: tuple[int, ...]

    def matrix(self, rows: Sequence[Row]) -> tuple[list[list[int | None]], Decimal]:
        """Values of `rows` by column as integers of the finest step among them."""
        step = min((figure.step for row in rows for figure in row.cells.values() if figure.step), default=Decimal(1))
        values: list[list[int | None]] = []
        for row in rows:
            cells = [row.cells.get(column) for column in self.columns]
            values.append([None if figure is None else int(figure.value / step) for figure in cells])
        return values, step

    def is_adjustment(self, column: int) -> bool:
        """Whether a column states adjustments alone, so that lines left out are nil there."""
        bases = {row.cells[column].basis for row in self.rows if column in row.cells}
        return bases == {Basis.ADJUSTMENT}

    def classes(self) -> list[list[Row]]:
        """Rows that may be added to each other: one unit and one scale. Growth beside amounts adds up with nothing."""
        found: dict[tuple[Unit, Decimal], list[Row]] = defaultdict(list)
        for row in self.rows:
            parts: dict[tuple[Unit, Decimal], dict[int, Figure]] = defaultdict(dict)
            for column, figure in row.cells.items():
                if figure.role != GROWTH:
                    parts[figure.unit, figure.scale][column] = figure
            for kind, cells in parts.items():
                found[kind].append(Row(row.index, row.label, row.path, cells))
        return list(found.values())


def grids_of(figures: Iterable[Figure]) -> list[Grid]:
    """The grids of one document, in reading order; a table whose heads change midway becomes several."""
    blocks: dict[int, list[Figure]] = defaultdict(list)
    for figure in figures:
        if figure.place.row is not None and figure.place.column is not None:
            blocks[figure.place.block].append(figure)
    return [grid for block, found in sorted(blocks.items()) for grid in _parts(block, found)]


def _is_turned(by_row: dict[int, list[Figure]]) -> bool:
    """Whether the rows of a table are periods: the figures of each have one head, its period, and labels of their own."""
    return all(len({figure.column for figure in row}) == 1 for row in by_row.values()) and any(
        row[0].column and len({figure.label for figure in row}) > 1 for row in by_row.values()
    )


def _parts(block: int, figures: Sequence[Figure]) -> list[Grid]:
    by_row: dict[int, list[Figure]] = defaultdict(list)
    for figure in figures:
        by_row[figure.place.row or 0].append(figure)
    if _is_turned(by_row):
        by_row = defaultdict(list)
        for figure in figures:
            by_row[figure.place.column or 0].append(figure)
        rows = tuple(
            Row(index, found[0].label, found[0].path, {figure.place.row or 0: figure for figure in found})
            for index, found in sorted(by_row.items())
        )
        columns = tuple(sorted({column for row in rows for column in row.cells}))
        return [Grid(figures[0].place.file, block, 0, rows, columns)]
    parts: list[list[Row]] = [[]]
    heads: dict[int, tuple[str, ...]] = {}
    for index in sorted(by_row):
        found = by_row[index]
        changed = any(heads.get(figure.place.column or 0, figure.column) != figure.column for figure in found if figure.column)
        if changed:
            parts.append([])
            heads = {}
        heads.update({figure.place.column or 0: figure.column for figure in found if figure.column})
        first = found[0]
        label = first.label or (first.path[-1] if first.path else "")
        parts[-1].append(Row(index, label, first.path, {figure.place.column or 0: figure for figure in found}))
    file = figures[0].place.file
    return [
        Grid(file, block, part, tuple(rows), tuple(sorted({column for row in rows for column in row.cells})))
        for part, rows in enumerate(map(_joined, parts))
        if rows
    ]


def _joined(rows: Sequence[Row]) -> list[Row]:
    """The rows with columns joined that are one: neighbours that state the same and stand in no row together.

    Converted files shift some rows by a column.
    """
    filled: dict[int, set[int]] = defaultdict(set)
    stated: dict[int, Counter[tuple[Period | None, str | None, Basis | None]]] = defaultdict(Counter)
    for row in rows:
        for column, figure in row.cells.items():
            filled[column].add(row.index)
            stated[column][figure.period, figure.currency, figure.basis] += 1
    target: dict[int, int] = {}
    last: int | None = None
    for column in sorted(filled):
        alike = last is not None and stated[column].keys() & stated[last].keys()
        if last is not None and alike and None not in {key[0] for key in alike} and not filled[column] & filled[last]:
            target[column] = last
            filled[last] |= filled[column]
            stated[last] += stated[column]
        else:
            target[column] = last = column
    if all(column == other for column, other in target.items()):
        return list(rows)
    return [Row(row.index, row.label, row.path, {target[column]: figure for column, figure in row.cells.items()}) for row in rows]
