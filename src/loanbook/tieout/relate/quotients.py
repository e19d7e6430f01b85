"""Per share, per ADS and margins: which two items a printed quotient is made of, found by the figures themselves.

A quotient item is tried against pairs of items at every coordinate that all three share. A pair is believed on the same kind
of evidence as a sum: decimal digits that come out, less what so many pairs would bring by chance, less failures.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import log10

from loanbook.tieout.figure import Figure, Period, Unit
from loanbook.tieout.interval import Interval
from loanbook.tieout.relate.build import relation_of, shown
from loanbook.tieout.relate.items import Items
from loanbook.tieout.relate.labels import likeness, words_of
from loanbook.tieout.relate.series import Coordinate, Item, digits_of
from loanbook.tieout.relate.slips import is_slip_of
from loanbook.tieout.relate.spans import Spans
from loanbook.tieout.relation import Relation, RelationKind

DOUBT = 2.5
COST_OF_FAILURE = 2.0
NUMERATORS = 12
SLIP_DIGITS = 5  # a shorter figure is too often a slip away from another by chance
LIKELY = 0.5  # likeness of the label of a margin and of what it is a margin of
TRIED = 3  # coordinates at which a quotient looks for its items; one of them may be the wrong one
HUNDRED = Decimal(100)
MULTIPLES = tuple(Decimal(number) for number in (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100)) + tuple(
    1 / Decimal(number) for number in (2, 3, 4, 5, 8, 10, 20, 25)
)
_MARGIN_WORDS = frozenset({"margin", "ratio", "rate", "percentage"})
_BASE_WORDS = frozenset({"revenue", "sale", "turnover", "income", "asset", "loan", "premium"})

Cells = dict[tuple[Period, str], Figure]


@dataclass(frozen=True, slots=True)
class _Choice:
    numerator: Item
    denominator: Item
    multiple: Decimal
    evidence: float
    holds: int
    fails: int


def quotients(items: Items) -> list[Relation]:
    """Relations of all quotient items."""
    by_unit: dict[Unit, list[Item]] = defaultdict(list)
    for item in items.items:
        by_unit[item.unit].append(item)
    in_tables = [item for item in by_unit[Unit.MONEY] if any(not one.is_prose for one in item.series)]
    counts = [*by_unit[Unit.SHARES], *by_unit[Unit.ADS]]
    spans = Spans(in_tables)
    made: list[Relation] = []
    multiples = _multiples(by_unit[Unit.PER_ADS], by_unit[Unit.PER_SHARE], RelationKind.PER_ADS, "per_ads_from_per_share")
    made.extend(multiples)
    doubled = {relation.result for relation in multiples}
    for item in (*by_unit[Unit.PER_SHARE], *by_unit[Unit.PER_ADS]):
        if not any(figure.id in doubled for figures in item.cells.values() for figure in figures):
            made.extend(_per_share(item, spans, counts, len(in_tables)))
    made.extend(_multiples(by_unit[Unit.ADS], by_unit[Unit.SHARES], RelationKind.PER_ADS, "ads_from_shares"))
    for item in by_unit[Unit.PERCENT]:
        made.extend(_margin(item, items, spans, len(in_tables)))
    return made


def _cells(item: Item, currency: str | None) -> Cells:
    found: Cells = {}
    for coordinate in item.cells:
        if coordinate.currency == currency and not coordinate.basis.startswith("adjustment"):
            best = item.best(coordinate)
            if best is not None:
                found[coordinate.period, coordinate.basis] = best
    return found


def _currencies(item: Item) -> list[str | None]:
    return list(dict.fromkeys(coordinate.currency for coordinate in item.cells))


def _per_share(item: Item, spans: Spans, counts: Sequence[Item], amounts: int) -> Iterable[Relation]:
    for currency in _currencies(item):
        printed = _cells(item, currency)
        best: _Choice | None = None
        for count in counts:
            shares = _cells(count, None)
            shared = [at for at in printed if at in shares]
            for multiple in (Decimal(1), *_ads_multiples(item, count)) if shared else ():
                for amount in _amounts(printed, shares, shared, multiple, currency, spans):
                    named = _named(item.label, amount.label, count.label)
                    choice = _weigh(printed, amount, currency, count, shares, shared, multiple, amounts * len(counts), named)
                    if choice is not None and (best is None or choice.evidence > best.evidence):
                        best = choice
        if best is not None:
            kind = RelationKind.PER_ADS if item.unit is Unit.PER_ADS else RelationKind.PER_SHARE
            yield from _relations(kind, "per_share", printed, best, currency, None)


def _named(quotient: str, amount: str, count: str) -> float:
    """Digits that labels are worth: an amount of income, and shares as diluted as the quotient."""
    first, top, bottom = (set(words_of(label)) for label in (quotient, amount, count))
    same = all((word in first) == (word in bottom) for word in ("basic", "diluted"))
    return (1.0 if same else 0.0) + (1.0 if "income" in top else 0.0)


def _amounts(
    printed: Cells, shares: Cells, shared: Sequence[tuple[Period, str]], multiple: Decimal, currency: str | None, spans: Spans
) -> list[Item]:
    """Items whose amount at one of a few coordinates is what quotient and count make."""
    found: dict[int, Item] = {}
    for period, basis in shared[:TRIED]:
        held = printed[period, basis].interval * shares[period, basis].interval * Interval.exact(1 / multiple)
        for item in spans.between(Coordinate(Unit.MONEY, period, currency, basis), held.low, held.high):
            found[id(item)] = item
    return list(found.values())


def _ads_multiples(item: Item, count: Item) -> tuple[Decimal, ...]:
    """Per ADS from a number of shares needs the shares of an ADS; 2, 3, 4 … are tried."""
    return MULTIPLES[1:8] if item.unit is Unit.PER_ADS and count.unit is Unit.SHARES else ()


def _weigh(
    printed: Cells,
    amount: Item,
    currency: str | None,
    count: Item,
    divisors: Cells,
    shared: Sequence[tuple[Period, str]],
    multiple: Decimal,
    tried: int,
    bonus: float = 0.0,
) -> _Choice | None:
    """How well amount x multiple / count explains the printed quotients."""
    evidence = bonus - log10(tried + 1)
    holds = fails = 0
    for period, basis in shared:
        numerator = amount.best(Coordinate(amount.unit, period, currency, basis))
        if numerator is None:
            continue
        quotient, divisor = printed[period, basis], divisors[period, basis]
        if not divisor.value:
            continue
        expected = float(numerator.amount * multiple) / float(divisor.amount)
        step = float(quotient.step)
        off = abs(expected - float(quotient.amount)) / step
        if off <= 0.5 + 1e-6 or quotient.interval.meets(_quotient(numerator, divisor, multiple)):
            holds += 1
            evidence += max(0.0, log10(max(abs(float(quotient.amount)) / step, 1.0)))
        else:
            fails += 1
            evidence -= COST_OF_FAILURE
            if fails > holds + 1:
                return None
    if evidence < DOUBT or holds <= fails:
        return None
    return _Choice(amount, count, multiple, evidence, holds, fails)


def _quotient(numerator: Figure, divisor: Figure, multiple: Decimal) -> Interval:
    held = numerator.interval * Interval.exact(multiple)
    bottom = divisor.interval
    if bottom.low <= 0 <= bottom.high:
        return Interval.exact(Decimal("1E+30"))
    return held / bottom


def _relations(
    kind: RelationKind, rule: str, printed: Cells, choice: _Choice, currency: str | None, bottom_currency: str | None
) -> Iterable[Relation]:
    for (period, basis), quotient in printed.items():
        numerator = choice.numerator.best(Coordinate(choice.numerator.unit, period, currency, basis))
        divisor = choice.denominator.best(Coordinate(choice.denominator.unit, period, bottom_currency, basis))
        if numerator is None or divisor is None or not divisor.value:
            continue
        expected = _quotient(numerator, divisor, choice.multiple)
        times = "" if choice.multiple == 1 else f" x {shown(choice.multiple)}"
        middle = (expected.low + expected.high) / 2
        yield relation_of(
            kind,
            rule,
            quotient,
            ((numerator, choice.multiple), (divisor, Decimal(-1))),
            expected,
            arithmetic=f"{numerator.text}{times} / {divisor.text} = {shown(round(middle, 4))}; printed {quotient.text}",
        )


def _multiples(results: Sequence[Item], bases: Sequence[Item], kind: RelationKind, rule: str) -> list[Relation]:
    """Each of `results` as a whole multiple, or a part, of one of `bases`: what an ADS is of a share."""
    made: list[Relation] = []
    without: list[Item] = []
    for result in results:
        best: tuple[float, Decimal, Item] | None = None
        for base in bases:
            for multiple in MULTIPLES:
                evidence = -log10(len(MULTIPLES) * len(bases) + 1)
                for coordinate, part in _pairs(result, base):
                    printed = result.best(coordinate)
                    if printed is None:
                        continue
                    gap = abs(part.amount * multiple - printed.amount)
                    if gap <= printed.step * printed.scale / 2 + part.step * part.scale * multiple / 2:
                        evidence += digits_of(printed) - (0.5 if gap else 0)
                    else:
                        evidence -= 3
                if evidence >= DOUBT and (best is None or evidence > best[0]):
                    best = (evidence, multiple, base)
        if best is None:
            without.append(result)
            continue
        _, multiple, base = best
        for coordinate, part in _pairs(result, base):
            made.extend(_multiple(kind, rule, printed, part, multiple) for printed in result.cells[coordinate])
    believed = Counter(relation.terms[0].factor for relation in made).most_common(1)
    for multiple, _ in believed:
        made.extend(_slipped_multiples(without, bases, multiple, kind, rule))
    return made


def _multiple(kind: RelationKind, rule: str, printed: Figure, part: Figure, multiple: Decimal) -> Relation:
    arithmetic = f"{part.text} x {shown(multiple)} = {shown(part.value * multiple)}; printed {printed.text}"
    return relation_of(kind, rule, printed, ((part, multiple),), part.interval * Interval.exact(multiple), arithmetic=arithmetic)


def _slipped_multiples(
    results: Sequence[Item], bases: Sequence[Item], multiple: Decimal, kind: RelationKind, rule: str
) -> Iterable[Relation]:
    """Long figures that a slip of the hand keeps from being the multiple that the others are, of one base alone."""
    for result in results:
        for coordinate, figures in result.cells.items():
            at = Coordinate(bases[0].unit, coordinate.period, coordinate.currency, coordinate.basis)
            parts = [part for base in bases if (part := base.best(at)) is not None]
            for printed in figures:
                near = [part for part in parts if is_slip_of(printed, part.amount * multiple)]
                if digits_of(printed) >= SLIP_DIGITS and len({part.amount for part in near}) == 1:
                    yield _multiple(kind, rule, printed, near[0], multiple)


def _pairs(result: Item, base: Item) -> Iterable[tuple[Coordinate, Figure]]:
    for coordinate in result.cells:
        part = base.best(Coordinate(base.unit, coordinate.period, coordinate.currency, coordinate.basis))
        if part is not None:
            yield coordinate, part


def _margin(item: Item, items: Items, spans: Spans, amounts: int) -> Iterable[Relation]:
    """One amount in hundredths of another; the label says which one is above the line."""
    printed = _cells(item, None)
    stripped = " ".join(word for word in words_of(item.label) if word not in _MARGIN_WORDS)
    if not printed or not stripped or len(words_of(item.label)) == len(stripped.split()):
        return
    tops = sorted(items.like(stripped, Unit.MONEY), key=lambda one: -likeness(stripped, one.label))[:NUMERATORS]
    best: _Choice | None = None
    chosen: str | None = None
    for top in tops:
        if likeness(stripped, top.label) < LIKELY:
            break
        for currency in _currencies(top)[:1]:
            numerators = _cells(top, currency)
            for bottom in _bottoms(printed, numerators, currency, spans):
                if bottom is top:
                    continue
                divisors = _cells(bottom, currency)
                shared = [at for at in printed if at in divisors]
                worth = 2 * likeness(stripped, top.label) + (2.0 if set(words_of(bottom.label)) & _BASE_WORDS else 0.0)
                choice = _weigh(printed, top, currency, bottom, divisors, shared, HUNDRED, len(tops) * amounts, worth)
                if choice is not None and (best is None or choice.evidence > best.evidence):
                    best, chosen = choice, currency
    if best is not None and (best.holds > 1 or likeness(stripped, best.numerator.label) > 0.9):
        yield from _relations(RelationKind.RATIO, "margin", printed, best, chosen, chosen)


def _bottoms(printed: Cells, numerators: Cells, currency: str | None, spans: Spans) -> list[Item]:
    """Items whose amount at one of a few coordinates is what the margin makes of the numerator."""
    found: dict[int, Item] = {}
    for at in [at for at in printed if at in numerators][:TRIED]:
        held = printed[at].interval
        if held.low <= 0 <= held.high:
            continue
        base = numerators[at].interval * Interval.exact(HUNDRED) / held
        for item in spans.between(Coordinate(Unit.MONEY, at[0], currency, at[1]), base.low, base.high):
            found[id(item)] = item
    return list(found.values())
