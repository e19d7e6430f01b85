"""Naive twin of the presentation layer: fractions and plain sums, one statement at a time, no memory of what was computed."""

from collections.abc import Mapping, Sequence
from fractions import Fraction


def half_up(value: Fraction) -> int:
    """The nearest whole number, halves away from zero."""
    size = abs(value)
    whole = size.numerator // size.denominator
    whole += size - whole >= Fraction(1, 2)
    return -whole if value < 0 else whole


def foot(addends: Mapping[str, Sequence[tuple[int, str]]], amounts: Mapping[str, int], code: str) -> int:
    """A line's amount: given, or the signed sum of its addends."""
    if code not in addends:
        return amounts.get(code, 0)
    return sum(sign * foot(addends, amounts, inner) for sign, inner in addends[code])


def shares(exact: Sequence[int], total: int, unit: int) -> list[int]:
    """Whole shares that sum to a total: exact ones cut down, then one unit at a time to whoever lost most, first of equals."""
    made = [(Fraction(each, unit)).__floor__() for each in exact]
    while sum(made) < total:
        lost = [Fraction(each, unit) - share for each, share in zip(exact, made, strict=True)]
        made[lost.index(max(lost))] += 1
    while sum(made) > total:
        lost = [Fraction(each, unit) - share for each, share in zip(exact, made, strict=True)]
        made[len(lost) - 1 - lost[::-1].index(min(lost))] -= 1
    return made
