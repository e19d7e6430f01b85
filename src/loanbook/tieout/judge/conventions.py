"""What an issuer does throughout, learned from the relations that hold: whether totals foot to the unit, and the like."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import comb

from loanbook.tieout.figure import Figure
from loanbook.tieout.judgement import Convention
from loanbook.tieout.relation import Relation, RelationKind, Verdict

LEAST = 6  # relations of one kind before a practice is spoken of
KEPT = 0.85
CHANCE = 0.7  # of a short sum of figures rounded one by one to come out to the digit
DOUBT = 0.03  # that so many would come out by that chance

Practice = tuple[str, str, Decimal]

MESSAGES = {
    "footing": "Totals are the sum of the lines as printed.",
    "cross_footing": "Columns add up across as printed.",
    "quarter_from_year_to_date": "A quarter is the year to date less the year to date before it, as printed.",
    "translation": "Each amount is translated by itself at the rate, and rounded.",
    "per_ads_from_per_share": "An amount per ADS is a multiple of the rounded amount per share.",
    "text_against_table": "The text rounds the figure of the table.",
    "comparative": "Comparatives repeat what was published.",
    "per_share": "Amounts per share recompute from the printed income and shares.",
    "margin": "Margins recompute from printed amounts.",
    "growth_in_text": "Growth in the text recomputes from printed amounts.",
}
DIGIT_BY_DIGIT = frozenset({RelationKind.SUM, RelationKind.PERIODS, RelationKind.PER_ADS})
ADDITIVE = frozenset({RelationKind.SUM, RelationKind.PERIODS, RelationKind.EQUAL})


def practice_of(relation: Relation, figures: Mapping[str, Figure]) -> Practice:
    """Relations of one rule, currency and precision are one practice."""
    result = figures[relation.result]
    return relation.rule, result.currency or "", result.step * result.scale


def practices(relations: Iterable[Relation], figures: Mapping[str, Figure]) -> dict[Practice, tuple[int, int]]:
    """For each practice how many relations hold to the digit, and how many are not broken."""
    counted: dict[Practice, list[int]] = defaultdict(lambda: [0, 0])
    for relation in relations:
        if relation.verdict is Verdict.BROKEN or relation.kind in (RelationKind.INEQUALITY, RelationKind.DIRECTION):
            continue
        if relation.kind is RelationKind.SUM and len(relation.terms) < 2:
            continue
        if not _is_fine(relation, figures):
            continue
        entry = counted[practice_of(relation, figures)]
        entry[0] += relation.verdict is Verdict.HOLDS
        entry[1] += 1
    return {practice: (kept, seen) for practice, (kept, seen) in counted.items()}


def _is_fine(relation: Relation, figures: Mapping[str, Figure]) -> bool:
    """Whether all terms are displayed as finely as the result: a coarser one leaves room that is no departure."""
    result = figures[relation.result]
    finest = result.step * result.scale
    terms = (figures[term.figure] for term in relation.terms)
    return relation.kind not in ADDITIVE or all(term.dash or term.step * term.scale <= finest for term in terms)


def is_exact(counts: tuple[int, int] | None) -> bool:
    """Whether a practice is kept more regularly than rounding figure by figure would keep it: then a departure says something."""
    if counts is None or counts[1] < LEAST or counts[0] < KEPT * counts[1]:
        return False
    kept, seen = counts
    return sum(comb(seen, number) * CHANCE**number * (1 - CHANCE) ** (seen - number) for number in range(kept, seen + 1)) < DOUBT


def conventions(counts: Mapping[Practice, tuple[int, int]]) -> tuple[Convention, ...]:
    """The practices as a person reads them, rule by rule."""
    by_rule: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for (rule, _, _), found in counts.items():
        by_rule[rule].append(found)
    made = []
    for rule, message in MESSAGES.items():
        kept, seen = sum(one[0] for one in by_rule[rule]), sum(one[1] for one in by_rule[rule])
        if seen >= LEAST:
            made.append(Convention(name=rule, message=message, kept=kept, seen=seen))
    return tuple(made)


def is_additive(relation: Relation) -> bool:
    """Whether one figure's error shows in the relation as it is, not scaled."""
    return relation.kind in ADDITIVE


def failing(
    relations: Sequence[Relation], figures: Mapping[str, Figure], counts: Mapping[Practice, tuple[int, int]]
) -> list[Relation]:
    """Relations that call for an explanation: broken ones, and sums that are off by rounding where the issuer's are not."""

    def departs(relation: Relation) -> bool:
        is_rounding = relation.verdict is Verdict.ROUNDING and relation.kind in DIGIT_BY_DIGIT
        return is_rounding and _is_fine(relation, figures) and is_exact(counts.get(practice_of(relation, figures)))

    return [relation for relation in relations if relation.verdict is Verdict.BROKEN or departs(relation)]
