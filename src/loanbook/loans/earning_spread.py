"""What of an amount is earned: a share of it, the days of it that are over, what is left without tax.

A cumulative amount is a function of the state at a day's end, so closing daily, once or after a gap posts the same sum.
"""

from loanbook.kernel import lean
from loanbook.terms.product import PPM
from loanbook.units import HALF_UP, mul_div


@lean
def share_of(amount: int, share_ppm: int) -> int:
    """A share in millionths of an amount, half up."""
    return mul_div(amount, share_ppm, PPM, HALF_UP)


@lean
def by_days(total: int, since: int, until: int, ended_on: int, day: int) -> int:
    """What of a total is earned by the end of a day: straight line by days from `since` (nothing) to `until` (all).

    ended_on   the day from whose end on all is earned, however early; `units.NEVER`
    returns    0 before `since`; the total at once where `until` is not after `since`
    rounding   half up of the cumulative amount
    """
    if day < since:
        return 0
    if day >= ended_on or day >= until:
        return total
    return mul_div(total, day - since, until - since, HALF_UP)


@lean
def net_of_tax(gross: int, tax_ppm: int) -> int:
    """The revenue in a gross amount that includes value-added tax; the tax is the rest, so the two add up to the fen.

    tax_ppm    the rate on the net amount in millionths: 60,000 for 6 %; 0 for none
    rounding   half up of the amount given: give a cumulative amount
    """
    return mul_div(gross, PPM, PPM + tax_ppm, HALF_UP)
