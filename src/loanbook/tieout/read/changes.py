"""Columns of changes whose heads do not say whether they are in per cent: what the columns beside them make of each tells."""

from dataclasses import replace
from decimal import Decimal
from itertools import permutations

from loanbook.tieout.figure import Figure, Unit

_LEAST_ROWS = 3
_MOST_COLUMNS = 12
"""Columns of amounts beyond which no pair is tried."""
_HOLDING = Decimal("0.7")
"""Of the rows that have both amounts; others are too small for their own display, or changed their sign."""
_AMOUNTS = frozenset({Unit.MONEY, Unit.PER_SHARE, Unit.PER_ADS, Unit.SHARES, Unit.ADS, Unit.COUNT, Unit.UNKNOWN})

Rows = dict[int, dict[int, Figure]]


def with_changes_in_percent(figures: list[Figure]) -> list[Figure]:
    """Figures of a table in which changes that are growth in per cent say so."""
    rows: Rows = {}
    changes: set[int] = set()
    for figure in figures:
        row, column = figure.place.row, figure.place.column
        if row is None or column is None or figure.unit not in _AMOUNTS:
            continue
        rows.setdefault(row, {})[column] = figure
        if figure.role == "change":
            changes.add(column)
    amounts = sorted({column for cells in rows.values() for column, figure in cells.items() if not figure.role})
    if not changes or len(amounts) > _MOST_COLUMNS:
        return figures
    growths = {column for column in changes if any(_is_growth(rows, column, now, then) for now, then in permutations(amounts, 2))}
    return [
        replace(figure, unit=Unit.PERCENT, role="growth", scale=Decimal(1), currency=None)
        if figure.place.column in growths and figure.role == "change" and figure.unit in _AMOUNTS
        else figure
        for figure in figures
    ]


def _is_growth(rows: Rows, column: int, now: int, then: int) -> bool:
    """Whether most rows of a column of changes are the growth of one column over another, and not its amount."""
    shown = [(cells[column], cells[now], cells[then]) for cells in rows.values() if {column, now, then} <= cells.keys()]
    told = [each for each in shown if not each[0].dash and each[2].value and each[1].unit is each[2].unit]
    growing = sum(_near(change, (one.value - other.value) / abs(other.value) * 100) for change, one, other in told)
    moving = sum(_near(change, one.value - other.value) for change, one, other in told)
    return growing >= _LEAST_ROWS and growing >= _HOLDING * len(told) and growing > moving


def _near(change: Figure, expected: Decimal) -> bool:
    return abs(abs(change.value) - abs(expected)) <= change.step
