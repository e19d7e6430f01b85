"""Amounts translated for the reader's convenience: at a stated rate, or at one that the document's figures share."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import median

from loanbook.tieout.figure import Figure, Unit
from loanbook.tieout.interval import Interval
from loanbook.tieout.relate.build import relation_of, shown
from loanbook.tieout.relate.grid import Grid
from loanbook.tieout.relation import Relation, RelationKind, Verdict

RULE = "translation"
TRANSLATED = frozenset({Unit.MONEY, Unit.PER_SHARE, Unit.PER_ADS})
LEAST_PAIRS = 5  # translated amounts before a rate is learned from them
AGREEING = Decimal("0.8")


@dataclass(frozen=True, slots=True)
class Rate:
    """Units of `local` for one of `foreign` in one file; `figure` where it is stated."""

    local: str
    foreign: str
    value: Interval
    figure: Figure | None


Pairs = Sequence[tuple[Figure, Figure]]
Rates = Mapping[tuple[str, str], Rate]


def pairs_of(grids: Iterable[Grid], prose: Iterable[Figure], by_id: Mapping[str, Figure]) -> list[tuple[Figure, Figure]]:
    """Amounts with their translations: (local, foreign) of one row and period, or of one sentence."""
    pairs: list[tuple[Figure, Figure]] = []
    for grid in grids:
        for row in grid.rows:
            found: dict[object, list[Figure]] = defaultdict(list)
            for figure in row.cells.values():
                if figure.unit in TRANSLATED and figure.currency and figure.period:
                    found[figure.period, figure.basis, figure.unit].append(figure)
            for figures in found.values():
                first = figures[0]
                pairs.extend((first, other) for other in figures[1:] if other.currency != first.currency)
    for figure in prose:
        if figure.role == "translation" and figure.of is not None and figure.of in by_id:
            local = by_id[figure.of]
            if local.currency and figure.currency and local.currency != figure.currency:
                pairs.append((local, figure))
    return pairs


def rates_of(figures: Sequence[Figure], pairs: Sequence[tuple[Figure, Figure]]) -> dict[tuple[str, str], Rate]:
    """The rate of each pair of currencies of one file: stated, or shared by four fifths of what is translated."""
    rates: dict[tuple[str, str], Rate] = {}
    ratios: dict[tuple[str, str], list[Interval]] = defaultdict(list)
    for local, foreign in pairs:
        held = foreign.interval
        if held.low > 0 or held.high < 0:
            ratios[local.currency or "", foreign.currency or ""].append(local.interval / held)
    stated = [figure for figure in figures if figure.unit is Unit.RATE_OF_EXCHANGE and figure.value > 0]
    for key, found in ratios.items():
        middle = median((one.low + one.high) / 2 for one in found)
        for figure in stated:
            for value in (figure.value, 1 / figure.value):
                if abs(value / middle - 1) < Decimal("0.01") and key not in rates:
                    rates[key] = Rate(*key, Interval.exact(value), figure)
        if key not in rates and len(found) >= LEAST_PAIRS:
            common = _common(found)
            if common is not None:
                rates[key] = Rate(*key, common, None)
    return rates


def _common(ratios: Sequence[Interval]) -> Interval | None:
    """The narrowest stretch that four fifths of the ratios allow."""
    ends = sorted([(one.low, 0) for one in ratios] + [(one.high, 1) for one in ratios])
    depth = deepest = 0
    best: Interval | None = None
    for place, (value, kind) in enumerate(ends):
        if kind == 0:
            depth += 1
            if depth > deepest and place + 1 < len(ends):
                deepest, best = depth, Interval(value, ends[place + 1][0])
        else:
            depth -= 1
    return best if best is not None and deepest >= AGREEING * len(ratios) else None


def translations(
    pairs: Sequence[tuple[Figure, Figure]], rates: Mapping[tuple[str, str], Rate], leaves: Mapping[str, int]
) -> list[Relation]:
    """Each translated amount from its local one.

    leaves    figure id to the number of lines that a total sums: a total of translated lines may be off by half a unit each
    """
    made: list[Relation] = []
    for local, foreign in pairs:
        key = (local.currency or "", foreign.currency or "")
        rate = rates.get(key)
        if rate is None or (local.dash and foreign.dash):
            continue
        expected = local.interval / rate.value
        middle = local.amount / ((rate.value.low + rate.value.high) / 2)
        slack = Decimal(leaves.get(foreign.id, 1) - 1) / 2 * foreign.step * foreign.scale
        held = Interval(min(expected.low, middle), max(expected.high, middle))
        terms: list[tuple[Figure, Decimal]] = [(local, Decimal(1))]
        if rate.figure is not None:
            terms.append((rate.figure, Decimal(0)))
        relation = relation_of(
            RelationKind.TRANSLATION,
            RULE,
            foreign,
            terms,
            Interval.exact(middle) if rate.figure is not None else held,
            arithmetic=(
                f"{local.text} / {shown(rate.value.low) if rate.figure else 'the common rate'} = "
                f"{shown(round(middle / foreign.scale, 3))}; printed {foreign.text}"
            ),
        )
        if relation.verdict is Verdict.BROKEN and held.widen(slack).meets(foreign.interval):
            relation = replace(relation, verdict=Verdict.ROUNDING)
        made.append(relation)
    return made
