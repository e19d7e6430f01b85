"""A quarter is the year to date less the year to date before it, and a year the sum of its parts."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from itertools import combinations

from loanbook.tieout.figure import Figure, Period, Unit
from loanbook.tieout.relate.build import relation_of, shown
from loanbook.tieout.relate.items import Items
from loanbook.tieout.relate.series import Coordinate, Item
from loanbook.tieout.relation import Relation, RelationKind, Verdict

RULE = "quarter_from_year_to_date"
FLOWS = frozenset({Unit.MONEY, Unit.COUNT, Unit.UNKNOWN})
LEAST = 3  # differences of one kind and currency before any is believed
MOST_BROKEN = 0.15  # share of them that may fail; average shares or translated amounts are not additive and fail throughout
DAY = dt.timedelta(days=1)


def differences(items: Items) -> list[Relation]:
    """Later year to date less earlier year to date, for every kind of amount in which that is seen to hold."""
    groups: dict[tuple[object, ...], list[Relation]] = defaultdict(list)
    for item in items.items:
        if item.unit not in FLOWS:
            continue
        mine: dict[tuple[object, ...], list[Relation]] = defaultdict(list)
        for kind, relation in _of_item(item):
            mine[kind].append(relation)
        for kind, relations in mine.items():
            groups[kind].extend(relations)
    believed: list[Relation] = []
    for relations in groups.values():
        broken = sum(relation.verdict is Verdict.BROKEN for relation in relations)
        if len(relations) >= LEAST and broken <= MOST_BROKEN * len(relations):
            believed.extend(relations)
    return believed


def _of_item(item: Item) -> Iterable[tuple[tuple[object, ...], Relation]]:
    by_start: dict[tuple[object, ...], list[tuple[Coordinate, Period]]] = defaultdict(list)
    for coordinate in item.cells:
        if coordinate.period.start is not None and coordinate.basis in ("", "ifrs"):
            by_start[coordinate.currency, coordinate.basis, coordinate.period.start].append((coordinate, coordinate.period))
    for found in by_start.values():
        found.sort(key=lambda entry: entry[1].end)
        for earlier, later in combinations(found, 2):
            if earlier[1].end == later[1].end:
                continue
            rest = Coordinate(item.unit, Period(start=earlier[1].end + DAY, end=later[1].end), later[0].currency, later[0].basis)
            if rest not in item.cells:
                continue
            whole, part = item.best(later[0]), item.best(earlier[0])
            result = item.best(rest)
            if whole is None or part is None or result is None or (whole.dash and part.dash and result.dash):
                continue
            yield (item.unit, later[0].currency), _difference(result, whole, part)


def _difference(result: Figure, whole: Figure, part: Figure) -> Relation:
    expected = whole.interval - part.interval
    middle = (expected.low + expected.high) / 2 / result.scale
    return relation_of(
        RelationKind.PERIODS,
        RULE,
        result,
        ((whole, Decimal(1)), (part, Decimal(-1))),
        expected,
        arithmetic=f"{whole.text} ({whole.period}) - {part.text} ({part.period}) = {shown(middle)}; printed {result.text}",
    )
