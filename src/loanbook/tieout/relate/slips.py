"""Slips of the hand: a digit, two neighbours, the sign, the decimal place or the last unit goes wrong."""

from decimal import ROUND_HALF_UP, Decimal

from loanbook.tieout.figure import Figure


def is_slip(now: int, then: int, decimals: int = 0) -> bool:
    """Whether one of two whole numbers of steps is the other with a single slip.

    decimals    digits behind the decimal mark: 0.18 is displayed with a nought that the 18 steps do not have
    """
    if now == then:
        return False
    small, large = sorted((abs(now), abs(then)))
    if small == large:
        return True
    if (now < 0) != (then < 0):
        return False
    if large == 10 * small:
        return small > 9 or decimals > 0
    if large - small == 1:
        return large > 9
    one, other = (str(each).zfill(decimals + 1) for each in (small, large))
    if len(one) != len(other) or len(one) < 2:
        return False
    wrong = [place for place in range(len(one)) if one[place] != other[place]]
    if len(wrong) == 1:
        return True
    return len(wrong) == 2 and wrong[1] == wrong[0] + 1 and one[wrong[0]] == other[wrong[1]] and one[wrong[1]] == other[wrong[0]]


def is_slip_of(figure: Figure, amount: Decimal) -> bool:
    """Whether `figure` displays `amount` (in single units) with a single slip."""
    if not figure.step:
        return False
    exponent = figure.step.as_tuple().exponent
    decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    step = figure.step * figure.scale
    now, then = (int((each / step).to_integral_value(ROUND_HALF_UP)) for each in (figure.amount, amount))
    return is_slip(now, then, decimals)
