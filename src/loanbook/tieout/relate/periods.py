"""A quarter is the year to date less the year to date before it, and a year the sum of its parts."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import combinations

from loanbook.tieout.figure import Figure, Period, Unit
from loanbook.tieout.interval import Interval
from loanbook.tieout.relate.build import relation_of, shown
from loanbook.tieout.relate.items import Items
from loanbook.tieout.relate.series import Coordinate, Item
from loanbook.tieout.relate.slips import is_slip
from loanbook.tieout.relation import Relation, RelationKind, Verdict

RULE = "quarter_from_year_to_date"
YEAR = "year_from_quarters"
FLOWS = frozenset({Unit.MONEY, Unit.COUNT, Unit.UNKNOWN})
LEAST = 3  # differences of one kind and currency before any is believed
MOST_BROKEN = 0.15  # share of them that may fail; average shares or translated amounts are not additive and fail throughout
DAY = dt.timedelta(days=1)
Kind = tuple[Unit, str | None]
LONGEST = 14  # months that are parted into quarters or months
LEAST_PARTS = 3  # of two parts one is the difference of the whole and the other
NO_FLOW = re.compile(r"\b(?:average|per|rate|yield|headcount|outstanding|durchschnitt\w*)\b|平均", re.IGNORECASE)


def differences(items: Items) -> list[Relation]:
    """Later year to date less earlier year to date, for every kind of amount in which that is seen to hold."""
    return _believed(_of_item, items)


def years_of_quarters(items: Items, found: Sequence[Relation]) -> list[Relation]:
    """A year, or another whole, as the sum of its quarters or months, where none of `found` says so already: a sum across a
    table, or the difference of the whole and what was before its last part.
    """
    known = {frozenset(_members(one)) for one in found if one.kind is RelationKind.SUM}
    last = {(one.terms[0].figure, one.result) for one in found if one.rule == RULE}
    made = _believed(_parts_of_item, items)
    return [one for one in made if frozenset(_members(one)) not in known and (one.result, one.terms[-1].figure) not in last]


def _members(relation: Relation) -> tuple[str, ...]:
    return (relation.result, *(term.figure for term in relation.terms))


def _believed(rule: Callable[[Item], Iterable[tuple[Kind, Relation]]], items: Items) -> list[Relation]:
    groups: dict[Kind, list[Relation]] = defaultdict(list)
    for item in items.items:
        if item.unit in FLOWS and NO_FLOW.search(item.label) is None:
            for kind, relation in rule(item):
                groups[kind].append(relation)
    believed: list[Relation] = []
    for relations in groups.values():
        broken = [relation for relation in relations if relation.verdict is Verdict.BROKEN]
        held = len(relations) - len(broken)
        if (len(relations) >= LEAST and len(broken) <= MOST_BROKEN * len(relations)) or (
            held >= LEAST and len(broken) == 1 and _is_slip(broken[0])
        ):
            believed.extend(relations)
    return believed


def _is_slip(relation: Relation) -> bool:
    """Whether the result is a slip of the hand away from what was expected: of few relations, one may be that."""
    step = relation.printed.high - relation.printed.low or Decimal(1)
    ends = ((held.low + held.high) / 2 / step for held in (relation.printed, relation.expected))
    return is_slip(*(int(end.to_integral_value()) for end in ends))


def _of_item(item: Item) -> Iterable[tuple[Kind, Relation]]:
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


def _parts_of_item(item: Item) -> Iterable[tuple[Kind, Relation]]:
    durations: dict[tuple[str | None, str], dict[dt.date, list[Coordinate]]] = defaultdict(lambda: defaultdict(list))
    for coordinate in item.cells:
        if coordinate.period.start is not None and coordinate.basis in ("", "ifrs"):
            durations[coordinate.currency, coordinate.basis][coordinate.period.start].append(coordinate)
    for by_start in durations.values():
        for whole in (one for found in by_start.values() for one in found):
            for length in (3, 1):
                parts = _parting(whole, by_start, length)
                if len(parts) >= LEAST_PARTS:
                    result, terms = item.best(whole), [item.best(one) for one in parts]
                    known = [one for one in terms if one is not None]
                    if result is not None and len(known) == len(parts) and not all(one.dash for one in (result, *known)):
                        yield (item.unit, whole.currency), _sum(result, known)
                    break


def _parting(whole: Coordinate, by_start: Mapping[dt.date, Sequence[Coordinate]], months: int) -> list[Coordinate]:
    """The periods of so many months that follow each other through the whole; none where one is missing."""
    parts: list[Coordinate] = []
    start, last = whole.period.start, whole.period.end
    if _months(whole.period) > LONGEST:
        return []
    while start is not None and start <= last:
        part = next((one for one in by_start.get(start, ()) if _months(one.period) == months), None)
        if part is None or part is whole:
            return []
        parts.append(part)
        start = part.period.end + DAY
    return parts if parts and parts[-1].period.end == last else []


def _months(period: Period) -> int:
    return round(((period.end - (period.start or period.end)).days + 1) / 30.4)


def _sum(result: Figure, parts: Sequence[Figure]) -> Relation:
    low, high = (sum((getattr(one.interval, end) for one in parts), Decimal(0)) for end in ("low", "high"))
    return relation_of(
        RelationKind.PERIODS,
        YEAR,
        result,
        [(one, Decimal(1)) for one in parts],
        Interval(low, high),
        arithmetic=(
            f"{' + '.join(one.text for one in parts)} ({parts[0].period} to {parts[-1].period}) = "
            f"{shown((low + high) / 2 / result.scale)}; printed {result.text}"
        ),
    )
