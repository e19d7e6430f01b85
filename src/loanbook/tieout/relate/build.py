"""How a relation is made: what its terms say, what the result displays, and whether the two can meet."""

import hashlib
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from loanbook.tieout.figure import Figure
from loanbook.tieout.interval import Interval
from loanbook.tieout.relation import Relation, RelationKind, Term, Verdict

NOUGHT = Decimal(0)
FAR = Decimal("1E+15")
"""The end of an interval that has none: what is at least 3 is from 3 to here."""


def verdict_of(result: Figure, expected: Interval) -> tuple[Verdict, Decimal]:
    """What `expected` (in single units) says of `result`, and by how many displayed units the two middles differ.

    HOLDS when the middle of the expectation, rounded as the result is displayed, is the figure that stands there; ROUNDING when
    some values that the displayed figures stand for satisfy it; else BROKEN.
    """
    unit = result.scale
    middle = (expected.low + expected.high) / 2 / unit
    difference = result.value - middle
    step = result.step
    if result.exact or result.dash or not step:
        near = difference == 0 or (result.dash and abs(difference) < 1)
    else:
        near = abs(difference) < step / 2 or (middle / step).to_integral_value(ROUND_HALF_UP) * step == result.value
    if near:
        return Verdict.HOLDS, difference
    if expected.meets(result.interval):
        return Verdict.ROUNDING, difference
    return Verdict.BROKEN, difference


def relation_of(
    kind: RelationKind,
    rule: str,
    result: Figure,
    terms: Sequence[tuple[Figure, Decimal]],
    expected: Interval,
    *,
    strength: Decimal = Decimal(1),
    arithmetic: str = "",
    verdict: Verdict | None = None,
) -> Relation:
    """A relation with its stable id; `verdict` is worked out unless the caller's rule is not an equality."""
    judged, difference = verdict_of(result, expected)
    if expected.high >= FAR or expected.low <= -FAR:
        difference = result.value - (expected.low if expected.high >= FAR else expected.high) / result.scale
    members = sorted(f"{figure.id}*{factor}" for figure, factor in terms)
    if kind is RelationKind.EQUAL and len(terms) == 1:  # either may be called the result
        members = [*sorted((result.id, terms[0][0].id)), str(terms[0][1])]
    else:
        members.insert(0, result.id)
    text = "|".join((kind, rule, *members))
    return Relation(
        id=hashlib.blake2b(text.encode(), digest_size=6).hexdigest(),
        kind=kind,
        rule=rule,
        result=result.id,
        terms=tuple(Term(figure=figure.id, factor=factor) for figure, factor in terms),
        expected=expected,
        printed=result.interval,
        difference=difference,
        verdict=verdict or judged,
        strength=strength,
        arithmetic=arithmetic,
    )


def sum_relation(rule: str, result: Figure, terms: Sequence[tuple[Figure, int]], strength: Decimal = Decimal(1)) -> Relation:
    """`result` = the sum of its terms, each added (1) or taken away (-1)."""
    low = high = NOUGHT
    for figure, sign in terms:
        held = figure.interval
        low += held.low if sign > 0 else -held.high
        high += held.high if sign > 0 else -held.low
    words: list[str] = []
    for figure, sign in sorted(terms, key=lambda term: (-term[1], term[0].place.line, term[0].place.start)):
        words.append(("- " if sign < 0 else "+ " if words else "") + figure.text)
    factors = tuple((figure, Decimal(sign)) for figure, sign in terms)
    arithmetic = f"{' '.join(words)} = {_shown((low + high) / 2 / result.scale)}; printed {result.text}"
    return relation_of(RelationKind.SUM, rule, result, factors, Interval(low, high), strength=strength, arithmetic=arithmetic)


def equal_relation(rule: str, result: Figure, term: Figure, strength: Decimal = Decimal(1), *, factor: int = 1) -> Relation:
    """The same item printed twice; the coarser of the two should be the result. As fine as each other, they must be equal.

    factor   -1 where words say in one place what brackets say in the other
    """
    arithmetic = f"{'- ' if factor < 0 else ''}{term.text} ({term.place.file}:{term.place.line}) = {result.text}"
    alike = result.step * result.scale == term.step * term.scale
    verdict = Verdict.BROKEN if alike and result.amount != factor * term.amount and not (result.dash or term.dash) else None
    terms = ((term, Decimal(factor)),)
    expected = term.interval if factor > 0 else -term.interval
    return relation_of(
        RelationKind.EQUAL, rule, result, terms, expected, strength=strength, arithmetic=arithmetic, verdict=verdict
    )


def _shown(value: Decimal) -> str:
    """A number as people write it: thousands marked, no trailing noughts."""
    text = f"{value.normalize():,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


shown = _shown
