"""A table that lost its labels takes those of a table of the same shape, as the same statement of another year has."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from loanbook.tieout.figure import Figure, Period
from loanbook.tieout.relate.grid import Grid, Row

LEAST_ROWS = 6
UNLABELLED = 0.8  # of the rows
ALIKE = 0.9  # of the cells that are nil, or not, in both


def relabelled(grids: Sequence[Grid]) -> list[Grid]:
    """The grids, those without labels with the labels of the one table that has as many rows and nils in the same places."""
    named = [grid for grid in grids if len(grid.rows) >= LEAST_ROWS and not _is_unlabelled(grid)]
    made: list[Grid] = []
    end: dt.date | None = None
    for grid in grids:
        if len(grid.rows) >= LEAST_ROWS and _is_unlabelled(grid):
            made.append(_named(grid, named, end))
        else:
            made.append(grid)
        end = max((cell.period.end for row in grid.rows for cell in row.cells.values() if cell.period), default=end)
    return made


def _is_unlabelled(grid: Grid) -> bool:
    without = sum(not next(iter(row.cells.values())).label for row in grid.rows)
    return without >= UNLABELLED * len(grid.rows)


def _named(grid: Grid, others: Sequence[Grid], end: dt.date | None) -> Grid:
    """`end` is the last day that the table before it speaks of: without a period in its head, the statement is of that year.

    A wrong guess does no harm: differences of periods are believed only where most of them come out.
    """
    shape = _nils(grid)
    alike = [other for other in others if len(other.rows) == len(grid.rows) and _likeness(shape, _nils(other)) >= ALIKE]
    labels = {tuple(row.label for row in other.rows) for other in alike}
    if len(labels) != 1:
        return grid
    twin = alike[0]
    columns = dict(zip(grid.columns, twin.columns, strict=True)) if len(grid.columns) == len(twin.columns) else {}
    rows = []
    for row, like in zip(grid.rows, twin.rows, strict=True):
        cells = {at: _like(cell, like.cells.get(columns.get(at, -1)), end) for at, cell in row.cells.items()}
        rows.append(Row(row.index, like.label, like.path, cells))
    return replace(grid, rows=tuple(rows))


def _like(figure: Figure, twin: Figure | None, end: dt.date | None) -> Figure:
    """The figure with the rules of its twin, and a duration where the twin has one: the table says as little of its columns."""
    last = figure.period.end if figure.period else end
    if twin is None or twin.period is None or last is None:
        return figure
    period = figure.period or Period(end=last)
    if period.start is None and twin.period.start is not None:
        period = Period(end=last, start=last - (twin.period.end - twin.period.start))
    return replace(figure, basis=twin.basis, period=period, currency=figure.currency or twin.currency)


def _nils(grid: Grid) -> list[list[bool | None]]:
    """Row by row and column by column whether a figure is nil; None where none stands."""
    return [
        [None if (figure := row.cells.get(column)) is None else not figure.value for column in grid.columns] for row in grid.rows
    ]


def _likeness(one: list[list[bool | None]], other: list[list[bool | None]]) -> float:
    pairs = [(first, second) for left, right in zip(one, other, strict=True) for first, second in zip(left, right, strict=False)]
    wide = max(len(one[0]), len(other[0])) * len(one)
    return sum(first == second for first, second in pairs) / wide
