"""What an issuer does throughout, learned from the relations that hold: whether totals foot to the unit, and the like."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from math import comb, factorial, log, sqrt

from loanbook.tieout.figure import Figure
from loanbook.tieout.judgement import Convention
from loanbook.tieout.relate.restated import RULE as RESTATED
from loanbook.tieout.relation import Relation, RelationKind, Verdict

LEAST = 6  # relations of one rule before a practice is spoken of
EVIDENCE = 3.0  # natural digits by which sums that hold must speak for an issuer that foots exactly, for each departure
SECOND = 1.2  # natural digits of a second departure that the same change mends: three in ten of subtotals rounded by themselves
LONG = 12  # lines from which on the chance of a sum falls with the root of their number
RARE = 0.03  # share of sums that may depart, each counted with the one figure that explains it

Practice = tuple[str, str, Decimal]

MESSAGES = {
    "footing": "Totals are the sum of the lines as printed.",
    "cross_footing": "Columns add up across as printed.",
    "quarter_from_year_to_date": "A quarter is the year to date less the year to date before it, as printed.",
    "year_from_quarters": "A year is the sum of its quarters, as printed.",
    "translation": "Each amount is translated by itself at the rate, and rounded.",
    "per_ads_from_per_share": "An amount per ADS is a multiple of the rounded amount per share.",
    "text_against_table": "The text rounds the figure of the table.",
    "comparative": "Comparatives repeat what was published.",
    "per_share": "Amounts per share recompute from the printed income and shares.",
    "margin": "Margins recompute from printed amounts.",
    "growth_in_text": "Growth in the text recomputes from printed amounts.",
}
DIGIT_BY_DIGIT = frozenset({RelationKind.SUM, RelationKind.PERIODS, RelationKind.PER_ADS})
ADDITIVE = frozenset({RelationKind.SUM, RelationKind.PERIODS, RelationKind.EQUAL, RelationKind.CHANGE})


def practice_of(relation: Relation, figures: Mapping[str, Figure]) -> Practice:
    """Relations of one kind, currency and precision are one practice."""
    result = figures[relation.result]
    return relation.kind.value, result.currency or "", result.step * result.scale


def practices(relations: Iterable[Relation], figures: Mapping[str, Figure]) -> frozenset[Practice]:
    """The practices that this issuer keeps: its figures come out to the digit more often than figures rounded one by one would.

    Of figures that are rounded by themselves a sum of two comes out in three cases of four, a longer one more seldom. What each
    sum that holds says is added up, and compared with the number of figures needed to explain those that do not.
    """
    spoken: dict[Practice, float] = defaultdict(float)
    counted: dict[Practice, int] = defaultdict(int)
    departing: dict[Practice, list[Relation]] = defaultdict(list)
    for relation in relations:
        if relation.kind not in DIGIT_BY_DIGIT or relation.verdict is Verdict.BROKEN or not _is_fine(relation, figures):
            continue
        terms = sum(not figures[term.figure].dash for term in relation.terms)
        if relation.kind is RelationKind.SUM and terms < 2:
            continue
        practice = practice_of(relation, figures)
        counted[practice] += 1
        if relation.verdict is Verdict.HOLDS:
            spoken[practice] -= log(_chance(terms))
        else:
            departing[practice].append(relation)
    kept = set()
    for practice, number in counted.items():
        culprits, more = _culprits(departing[practice])
        if culprits <= max(1, RARE * number) and spoken[practice] + SECOND * more >= EVIDENCE * culprits:
            kept.add(practice)
    return frozenset(kept)


@cache
def _chance(terms: int) -> float:
    """How often a sum of so many figures comes out to the digit, each of them and the sum rounded by itself.

    It does where the roundings of its figures, even over a unit each, add up to less than half a unit (Irwin and Hall).
    """
    number = min(max(terms, 2), LONG)
    half = number / 2
    return (_sum_below(half + 0.5, number) - _sum_below(half - 0.5, number)) * sqrt(number / max(terms, number))


def _sum_below(limit: float, number: int) -> float:
    """How often the sum of `number` even draws from 0 to 1 is below `limit`."""
    parts = ((-1) ** each * comb(number, each) * (limit - each) ** number for each in range(int(limit) + 1))
    return float(sum(parts)) / factorial(number)


def _culprits(relations: Sequence[Relation]) -> tuple[int, int]:
    """How few figures explain them all, each taken for as many as it can; and how many more than one each mends by one change."""
    open_ = list(relations)
    number = more = 0
    while open_:
        involved = Counter(name for one in open_ for name in {one.result, *(term.figure for term in one.terms)})
        figure, _ = involved.most_common(1)[0]
        explained = [one for one in open_ if figure == one.result or any(figure == term.figure for term in one.terms)]
        open_ = [one for one in open_ if one not in explained]
        changes = Counter(_change(figure, one) for one in explained)
        number, more = number + 1, more + max(changes.values()) - 1
    return number, more


def _change(figure: str, relation: Relation) -> Decimal:
    """What must be added to the figure, in displayed units of the result, so that the relation comes out."""
    factor = next((term.factor for term in relation.terms if term.figure == figure), Decimal(0))
    return -relation.difference if relation.result == figure or not factor else relation.difference / factor


def _is_fine(relation: Relation, figures: Mapping[str, Figure]) -> bool:
    """Whether all terms are displayed as finely as the result: a coarser one leaves room that is no departure."""
    result = figures[relation.result]
    finest = result.step * result.scale
    terms = (figures[term.figure] for term in relation.terms)
    return relation.kind not in ADDITIVE or all(term.dash or term.step * term.scale <= finest for term in terms)


def conventions(relations: Iterable[Relation], figures: Mapping[str, Figure]) -> tuple[Convention, ...]:
    """What holds to the digit of what is not broken, as a person reads it, rule by rule."""
    by_rule: dict[str, list[bool]] = defaultdict(list)
    for relation in relations:
        is_sum_of_one = relation.kind is RelationKind.SUM and len(relation.terms) < 2
        if relation.verdict is not Verdict.BROKEN and not is_sum_of_one and _is_fine(relation, figures):
            by_rule[relation.rule].append(relation.verdict is Verdict.HOLDS)
    return tuple(
        Convention(name=rule, message=message, kept=sum(by_rule[rule]), seen=len(by_rule[rule]))
        for rule, message in MESSAGES.items()
        if len(by_rule[rule]) >= LEAST
    )


def failing(relations: Sequence[Relation], figures: Mapping[str, Figure], kept: Container[Practice]) -> list[Relation]:
    """Relations that call for an explanation: broken ones, and sums that are off by rounding where the issuer's are not.

    A series that was restated is explained by that.
    """

    def departs(relation: Relation) -> bool:
        is_rounding = relation.verdict is Verdict.ROUNDING and relation.kind in DIGIT_BY_DIGIT
        return is_rounding and _is_fine(relation, figures) and practice_of(relation, figures) in kept

    open_ = (one for one in relations if one.rule != RESTATED)
    return [relation for relation in open_ if relation.verdict is Verdict.BROKEN or departs(relation)]
