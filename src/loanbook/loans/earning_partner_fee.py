"""The fee that a partner owes for one loan it paid out: earned, confirmed, collected."""

from enum import IntEnum

from loanbook.kernel import lean
from loanbook.loans.dates import month_end, month_index
from loanbook.loans.earning_spread import share_of
from loanbook.units import Ints


class Fee(IntEnum):
    """Columns of `fee_at`, cumulative, with tax. Contract asset = EARNED - CONFIRMED; receivable = CONFIRMED - COLLECTED."""

    EARNED = 0
    CONFIRMED = 1
    COLLECTED = 2
    """Negative receivables are money received before its fee was confirmed."""


class Confirmation(IntEnum):
    """From when on the partner's days to confirm count."""

    FROM_THE_DAY = 0
    """The day of disbursement."""
    FROM_MONTH_END = 1
    """The end of its month: a list a month."""


_EARNED = int(Fee.EARNED)
_CONFIRMED = int(Fee.CONFIRMED)
_COLLECTED = int(Fee.COLLECTED)
_FROM_MONTH_END = int(Confirmation.FROM_MONTH_END)


@lean
def confirmed_on(opened_on: int, basis: int, lag_days: int) -> int:
    """The day on which the partner has confirmed a loan's fee: `lag_days` after the day or the end of its month."""
    if basis == _FROM_MONTH_END:
        return month_end(month_index(opened_on)) + lag_days
    return opened_on + lag_days


@lean
def fee_at(
    principal: int,
    fee_ppm: int,
    opened_on: int,
    cancelled_on: int,
    basis: int,
    lag_days: int,
    collected: int,
    day: int,
    out: Ints,
) -> None:
    """The fee for one loan that a partner paid out, at a day's end, into `out`, (len(Fee),) int64.

    fee_ppm        of the principal, with tax, millionths;  collected  of it, by the end of the day
    cancelled_on   the loan was undone: nothing is earned; NEVER
    rounding       half up a loan
    source         ASC 606-10-25-30 (point in time); a technology fee by volume is one that is confirmed at once (lag 0)
    """
    out[_EARNED] = 0
    out[_CONFIRMED] = 0
    out[_COLLECTED] = 0
    if day < opened_on:
        return
    out[_COLLECTED] = collected
    if day >= cancelled_on:
        return
    fee = share_of(principal, fee_ppm)
    out[_EARNED] = fee
    if day >= confirmed_on(opened_on, basis, lag_days):
        out[_CONFIRMED] = fee
