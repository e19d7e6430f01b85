"""Sums within a table: down its columns (footing, roll-forwards) and across them (adjustments to a total, changes)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from statistics import median

from loanbook.tieout.figure import Figure, Period
from loanbook.tieout.relate.build import sum_relation
from loanbook.tieout.relate.grid import ADDITIVE, Grid, Row
from loanbook.tieout.relate.labels import is_total
from loanbook.tieout.relate.search import Field, Sum, find_sums
from loanbook.tieout.relation import Relation

FOOTING = "footing"
CROSS_FOOTING = "cross_footing"
PRIOR = 2.0  # digits that a label like "Total assets" is worth
LEAST_SILENT = 3  # sums that fail in a column in which fewer hold, before the column is taken to be none of amounts
SMALL = 10  # one is enough where its figures are so many times smaller than those of another column
LEAST_ROWS = 3  # rows in which columns must add up before a sum across them is believed
MOST_FAILING = 0.2  # of the rows; beyond that the columns add up by chance or for some rows alone


def footings(grid: Grid) -> tuple[list[Relation], set[str]]:
    """Sums down the columns of `grid`, and the figures of columns in which none holds."""
    relations: list[Relation] = []
    silenced: set[str] = set()
    for rows in grid.classes():
        if len(rows) < 2 or rows[0].unit not in ADDITIVE:
            continue
        values, _ = grid.matrix(rows)
        whole = [not grid.is_adjustment(column) for column in grid.columns]
        unnamed = [not any(figure.label for figure in row.cells.values()) for row in rows]
        prior = [PRIOR if is_total(row.label) or bare else 0.0 for row, bare in zip(rows, unnamed, strict=True)]
        numbers: dict[tuple[str, ...], int] = {}
        groups = [numbers.setdefault(row.path, len(numbers)) for row in rows]
        field = Field(values, _families(grid, rows), whole, prior, groups, unnamed)
        sums = find_sums(field)
        silent = _silent(values, sums)
        for one in sums:
            relations.extend(_down(grid, rows, one, silent))
        at = {grid.columns[column] for column in silent}
        silenced |= {figure.id for row in rows for column, figure in row.cells.items() if column in at}
    return relations, silenced


def _silent(values: Sequence[Sequence[int | None]], sums: Sequence[Sum]) -> set[int]:
    """Columns in which most sums fail: growth or shares among amounts, which do not add up."""
    held = Counter(column for one in sums for column in one.holds)
    failed = Counter(column for one in sums for column in one.fails)
    sizes = [[abs(value) for row in values if (value := row[column])] for column in range(len(values[0]))]
    largest = max((median(size) for size in sizes if size), default=0)
    return {
        column
        for column, times in failed.items()
        if times > held[column] and (times >= LEAST_SILENT or median(sizes[column] or [0]) * SMALL < largest)
    }


def _down(grid: Grid, rows: Sequence[Row], one: Sum, silent: set[int]) -> Iterable[Relation]:
    strength = _strength(one)
    for column in (*one.holds, *(column for column in one.fails if column not in silent)):
        at = grid.columns[column]
        terms = [(rows[line].cells[at], sign) for line, sign in one.terms if at in rows[line].cells]
        if terms:
            yield sum_relation(FOOTING, rows[one.result].cells[at], terms, strength)


def cross_footings(grid: Grid) -> list[Relation]:
    """Sums across the columns of `grid`: an adjusted total, a change, a year of quarters."""
    relations: list[Relation] = []
    for rows in grid.classes():
        if len(rows) < LEAST_ROWS or rows[0].unit not in ADDITIVE or len(grid.columns) < 3:
            continue
        values, _ = grid.matrix(rows)
        turned = [list(column) for column in zip(*values, strict=True)]
        field = Field(turned, list(range(len(rows))), [True] * len(rows))
        for one in find_sums(field):
            if len(one.terms) < 2 or len(one.holds) < LEAST_ROWS:
                continue
            silent = len(one.fails) > max(1, MOST_FAILING * len(one.holds))
            for row in one.holds if silent else (*one.holds, *one.fails):
                cells = rows[row].cells
                terms = [(cells[grid.columns[line]], sign) for line, sign in one.terms if grid.columns[line] in cells]
                if len(terms) > 1 or (terms and row in one.holds):
                    relations.append(sum_relation(CROSS_FOOTING, cells[grid.columns[one.result]], terms, _strength(one)))
    return relations


def _strength(one: Sum) -> Decimal:
    """How far the evidence lies above chance, 0 to 1: two digits make 0.9, four 0.99."""
    return (1 - Decimal(10) ** (-Decimal(f"{one.evidence:.2f}") / 2)).quantize(Decimal("0.0001"))


def _families(grid: Grid, rows: Sequence[Row]) -> list[int]:
    """Columns of one period and basis that differ in currency alone imply each other; the first of them speaks."""
    numbers: dict[tuple[Period | None, object, object], int] = {}
    families: list[int] = []
    for position, column in enumerate(grid.columns):
        figure = _first(rows, column)
        if figure is None or figure.period is None or figure.currency is None:
            families.append(-1 - position)
            continue
        key = (figure.period, figure.basis, figure.column if figure.basis is not None else None)
        families.append(numbers.setdefault(key, position))
    return families


def _first(rows: Sequence[Row], column: int) -> Figure | None:
    return next((row.cells[column] for row in rows if column in row.cells), None)
