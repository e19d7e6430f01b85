"""A table run into one line: its rows found again where arithmetic allows exactly one way to part the figures.

In a reconciliation each row says that one figure is the sum of the others (an amount, what adjusts it, the adjusted amount). The
figures in their order are parted into as many such rows as leave the fewest over; of several ways, what all have is taken.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from loanbook.tieout.figure import Figure
from loanbook.tieout.relate.build import sum_relation
from loanbook.tieout.relation import Relation

ROLE = "run_in"
RULE = "run_in_row"
MOST = 8  # figures of a row
LEAST_ROWS = 5  # rows that come out before one that does not is called wrong
STRENGTH = Decimal("0.97")


@dataclass(frozen=True, slots=True)
class _Way:
    """The best that the figures before a place allow: fewest left over, then most rows; and in how many ways."""

    left: int
    rows: int
    ways: int


def run_in_rows(figures: Iterable[Figure]) -> list[Relation]:
    """The rows of every run-in table of one document, and rows between them that do not come out."""
    blocks: dict[int, list[Figure]] = defaultdict(list)
    for figure in figures:
        if figure.role == ROLE:
            blocks[figure.place.block].append(figure)
    return [relation for found in blocks.values() for relation in _rows(found)]


def _rows(figures: Sequence[Figure]) -> list[Relation]:
    parts = _parted([figure.amount for figure in figures])
    if len(parts) < LEAST_ROWS:
        return []
    made = []
    before = 0
    for start, stop, result in (*parts, (len(figures), len(figures), 0)):
        if 2 <= start - before <= MOST:
            left = figures[before:start]
            order = sorted(range(len(left)), key=lambda place: -abs(left[place].amount))
            made.append(_row(left, order[1]))
        if stop > start:
            made.append(_row(figures[start:stop], result - start))
        before = stop
    return made


def _row(row: Sequence[Figure], at: int) -> Relation:
    """A row whose figure number `at` is the sum of the others, or that an adjustment takes away whole."""
    if len(row) == 2:
        return _cancelled(row)
    return sum_relation(RULE, row[at], [(figure, 1) for place, figure in enumerate(row) if place != at], STRENGTH)


def _cancelled(row: Sequence[Figure]) -> Relation:
    """An amount that its adjustment takes away whole, or one that is an adjustment whole: the nil is not printed."""
    return sum_relation(RULE, row[1], [(row[0], 1 if row[0].value == row[1].value else -1)], STRENGTH)


def _parted(values: Sequence[Decimal]) -> list[tuple[int, int, int]]:
    """(start, stop, place of the result) of the rows that every best way to part the figures has."""
    rows: dict[tuple[int, int], int] = {}
    for start in range(len(values)):
        total = values[start]
        for stop in range(start + 2, min(start + MOST, len(values)) + 1):
            total += values[stop - 1]
            result = _result(values, start, stop, total)
            if result is not None:
                rows[start, stop] = result
    before = _ways(len(values), list(rows))
    mirrored = [(len(values) - stop, len(values) - start) for start, stop in rows]
    after = _ways(len(values), mirrored)[::-1]
    best = before[-1]
    return [
        (start, stop, result)
        for (start, stop), result in sorted(rows.items())
        if before[start].left + after[stop].left == best.left
        and before[start].rows + after[stop].rows + 1 == best.rows
        and before[start].ways * after[stop].ways == best.ways
    ]


def _ways(size: int, rows: Sequence[tuple[int, int]]) -> list[_Way]:
    """The best way for the figures before each place."""
    ending: dict[int, list[int]] = defaultdict(list)
    for start, stop in rows:
        ending[stop].append(start)
    best = [_Way(0, 0, 1)]
    for stop in range(1, size + 1):
        ways = [_Way(best[-1].left + 1, best[-1].rows, best[-1].ways)]
        ways += [_Way(best[start].left, best[start].rows + 1, best[start].ways) for start in ending[stop]]
        left, rows_less = min((way.left, -way.rows) for way in ways)
        best.append(_Way(left, -rows_less, sum(way.ways for way in ways if (way.left, -way.rows) == (left, rows_less))))
    return best


def _result(values: Sequence[Decimal], start: int, stop: int, total: Decimal) -> int | None:
    """The place of the figure that is the sum of the others of its row."""
    if stop - start == 2:
        return stop - 1 if total == 0 and values[start] > 0 else None
    for place in range(start, stop):
        if 2 * values[place] == total and values[place]:
            return place
    return None
