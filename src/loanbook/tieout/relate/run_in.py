"""A table run into one line: its rows found again where arithmetic allows exactly one way to part the figures.

In a reconciliation each row says that one figure is the sum of the others (an amount, what adjusts it, the adjusted amount). The
figures in their order are parted into as many such rows as leave the fewest over; where two ways do equally well, none is taken.
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
    """The best way to part the figures up to a place: fewest left over, then most parts; how many do as well; its last step."""

    left: int
    parts: int
    ways: int
    size: int
    result: int | None


def run_in_rows(figures: Iterable[Figure]) -> list[Relation]:
    """The rows of every run-in table of one document, and rows between them that do not come out."""
    blocks: dict[int, list[Figure]] = defaultdict(list)
    for figure in figures:
        if figure.role == ROLE:
            blocks[figure.place.block].append(figure)
    return [relation for found in blocks.values() for relation in _rows(found)]


def _rows(figures: Sequence[Figure]) -> list[Relation]:
    parts = _parted([figure.amount for figure in figures])
    if parts is None or sum(result is not None for _, _, result in parts) < LEAST_ROWS:
        return []
    made = []
    for start, stop, result in _joined(parts):
        row = figures[start:stop]
        if result is None and not 3 <= len(row) <= MOST:
            continue
        if len(row) == 2:
            made.append(_cancelled(row))
            continue
        at = result - start if result is not None else sorted(range(len(row)), key=lambda place: -abs(row[place].amount))[1]
        terms = [(figure, 1) for place, figure in enumerate(row) if place != at]
        made.append(sum_relation(RULE, row[at], terms, STRENGTH))
    return made


def _cancelled(row: Sequence[Figure]) -> Relation:
    """An amount that its adjustment takes away whole: the nil that is left is not printed."""
    return sum_relation(RULE, row[1], [(row[0], -1)], STRENGTH)


def _joined(parts: Sequence[tuple[int, int, int | None]]) -> list[tuple[int, int, int | None]]:
    """Figures left over side by side as one row."""
    joined: list[tuple[int, int, int | None]] = []
    for start, stop, result in parts:
        if result is None and joined and joined[-1][2] is None:
            joined[-1] = (joined[-1][0], stop, None)
        else:
            joined.append((start, stop, result))
    return joined


def _parted(values: Sequence[Decimal]) -> list[tuple[int, int, int | None]] | None:
    """(start, stop, place of the result or None) of each part; None where more than one way leaves the fewest over."""
    best = [_Way(0, 0, 1, 0, None)]
    for stop in range(1, len(values) + 1):
        before = best[stop - 1]
        ways = [_Way(before.left + 1, before.parts, before.ways, 1, None)]
        total = values[stop - 1]
        for size in range(2, min(MOST, stop) + 1):
            total += values[stop - size]
            result = _result(values, stop - size, stop, total)
            if result is not None:
                before = best[stop - size]
                ways.append(_Way(before.left, before.parts + 1, before.ways, size, result))
        left, parts = min((way.left, -way.parts) for way in ways)
        chosen = [way for way in ways if (way.left, -way.parts) == (left, parts)]
        best.append(_Way(left, -parts, sum(way.ways for way in chosen), chosen[-1].size, chosen[-1].result))
    if best[-1].ways != 1:
        return None
    found = []
    stop = len(values)
    while stop:
        way = best[stop]
        found.append((stop - way.size, stop, way.result))
        stop -= way.size
    return found[::-1]


def _result(values: Sequence[Decimal], start: int, stop: int, total: Decimal) -> int | None:
    """The place of the figure that is the sum of the others of its row."""
    if stop - start == 2:
        return stop - 1 if total == 0 and values[start] > 0 else None
    for place in range(start, stop):
        if 2 * values[place] == total and values[place]:
            return place
    return None
