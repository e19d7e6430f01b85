"""A table that lost its labels takes those of a table of the same shape, as the same statement of another year has."""

from collections.abc import Sequence
from dataclasses import replace

from loanbook.tieout.relate.grid import Grid, Row

LEAST_ROWS = 6
UNLABELLED = 0.8  # of the rows
ALIKE = 0.9  # of the cells that are nil, or not, in both


def relabelled(grids: Sequence[Grid]) -> list[Grid]:
    """The grids, those without labels with the labels of the one table that has as many rows and nils in the same places."""
    named = [grid for grid in grids if len(grid.rows) >= LEAST_ROWS and not _is_unlabelled(grid)]
    return [_named(grid, named) if len(grid.rows) >= LEAST_ROWS and _is_unlabelled(grid) else grid for grid in grids]


def _is_unlabelled(grid: Grid) -> bool:
    without = sum(not next(iter(row.cells.values())).label for row in grid.rows)
    return without >= UNLABELLED * len(grid.rows)


def _named(grid: Grid, others: Sequence[Grid]) -> Grid:
    shape = _nils(grid)
    alike = [other for other in others if len(other.rows) == len(grid.rows) and _likeness(shape, _nils(other)) >= ALIKE]
    labels = {tuple(row.label for row in other.rows) for other in alike}
    if len(labels) != 1:
        return grid
    rows = tuple(Row(row.index, twin.label, twin.path, row.cells) for row, twin in zip(grid.rows, alike[0].rows, strict=True))
    return replace(grid, rows=rows)


def _nils(grid: Grid) -> list[list[bool | None]]:
    """Row by row and column by column whether a figure is nil; None where none stands."""
    return [
        [None if (figure := row.cells.get(column)) is None else not figure.value for column in grid.columns] for row in grid.rows
    ]


def _likeness(one: list[list[bool | None]], other: list[list[bool | None]]) -> float:
    pairs = [(first, second) for left, right in zip(one, other, strict=True) for first, second in zip(left, right, strict=False)]
    wide = max(len(one[0]), len(other[0])) * len(one)
    return sum(first == second for first, second in pairs) / wide
