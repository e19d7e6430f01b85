"""A line that another document states otherwise throughout: restated, or defined anew under the old name."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations

from loanbook.tieout.relate.build import equal_relation
from loanbook.tieout.relate.items import Items
from loanbook.tieout.relate.labels import words, words_of
from loanbook.tieout.relate.series import Item, Series, agree
from loanbook.tieout.relation import Relation, Verdict

RULE = "restated_series"
LEAST = 2  # coordinates at which both state a figure; a single one that disagrees is a broken comparative
MOST = 200  # items of one name


def restated(items: Items) -> list[Relation]:
    """For each line of one name that two documents state otherwise wherever both do: an equality that fails at each place.

    Lines that agree anywhere are one item already. A document that has the very line of the other beside it has two lines
    of that name, and none is restated.
    """
    named: dict[object, list[Item]] = defaultdict(list)
    latest: dict[str, dt.date] = {}
    for item in items.items:
        for series in item.series:
            if not series.is_prose:
                if not named[series.key, series.unit] or named[series.key, series.unit][-1] is not item:
                    named[series.key, series.unit].append(item)
                ends = [at.period.end for at in series.cells]
                latest[series.where[0]] = max([latest.get(series.where[0], dt.date.min), *ends])
    made: list[Relation] = []
    for found in named.values():
        if len(found) <= MOST:
            for one, other in combinations(found, 2):
                made.extend(_of_two(one, other, latest))
    return made


def _of_two(one: Item, other: Item, latest: dict[str, dt.date]) -> Iterable[Relation]:
    for first in _tabled(one):
        for second in _tabled(other):
            if first.key != second.key or first.where[0] == second.where[0] or not _is_specific(first, second):
                continue
            if _has(one, second.where[0]) or _has(other, first.where[0]):
                continue
            shared = [at for at in first.cells if at in second.cells]
            pairs = [(first.cells[at][0], second.cells[at][0]) for at in shared]
            if len(pairs) < LEAST or any(agree(*pair) for pair in pairs):
                continue
            turned = latest[first.where[0]] > latest[second.where[0]]
            for old, new in pairs:
                result, term = (old, new) if turned else (new, old)
                yield replace(equal_relation(RULE, result, term), verdict=Verdict.BROKEN)


def _tabled(item: Item) -> list[Series]:
    return [series for series in item.series if not series.is_prose and series.of == 1]


def _has(item: Item, file: str) -> bool:
    return any(series.where[0] == file for series in item.series)


def _is_specific(first: Series, second: Series) -> bool:
    """Whether the label names one line by itself, in groups of one name."""
    same_group = [words_of(each) for each in first.path[-1:]] == [words_of(each) for each in second.path[-1:]]
    return same_group and not set(words_of(first.label)) <= words().general
