"""Items by the size of their amounts at a coordinate, so that a value finds its items without a look at all of them."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from loanbook.tieout.relate.series import Coordinate, Item

MOST = 60  # items of one size at one coordinate


class Spans:
    """Amounts in order, coordinate by coordinate."""

    def __init__(self, items: Iterable[Item]) -> None:
        found: dict[Coordinate, list[tuple[Decimal, int, Item]]] = defaultdict(list)
        for number, item in enumerate(items):
            for coordinate in item.cells:
                best = item.best(coordinate)
                if best is not None:
                    found[coordinate].append((best.amount, number, item))
        self._spans: dict[Coordinate, tuple[list[Decimal], list[Item]]] = {}
        self._bases: dict[tuple[object, ...], list[Coordinate]] = defaultdict(list)
        for coordinate, entries in found.items():
            entries.sort(key=lambda entry: entry[:2])
            self._bases[coordinate.unit, coordinate.period, coordinate.currency].append(coordinate)
            self._spans[coordinate] = ([amount for amount, _, _ in entries], [item for _, _, item in entries])

    def coordinates(self, like: Coordinate) -> list[Coordinate]:
        """The coordinates of any basis with the unit, period and currency of `like`."""
        return self._bases.get((like.unit, like.period, like.currency), [])

    def between(self, coordinate: Coordinate, low: Decimal, high: Decimal) -> list[Item]:
        """Items whose amount lies from `low` to `high`, the first of very many."""
        amounts, items = self._spans.get(coordinate, ([], []))
        first = bisect_left(amounts, low)
        found: list[Item] = []
        while first < len(amounts) and amounts[first] <= high and len(found) < MOST:
            found.append(items[first])
            first += 1
        return found
