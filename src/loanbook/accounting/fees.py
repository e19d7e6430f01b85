"""Referral and technology fees: what a partner owes us for borrowers passed on, and for systems that it uses.

A referral is done when the partner has paid the loan out: the fee is revenue at a point in time. Until the partner has confirmed
the month's list it is a contract asset, then a receivable. Systems are used over time or by volume.
"""

from enum import IntEnum
from typing import Any

import numpy as np

from loanbook.accounting.spread import by_days, columns, share_of
from loanbook.errors import RequestError
from loanbook.kernel import kernel, lean
from loanbook.loans.dates import month_end, month_index
from loanbook.terms.product import PPM
from loanbook.units import NEVER, Ints


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


@kernel
def _fees(
    principal: Ints, share: Ints, opened: Ints, cancelled: Ints, basis: int, lag: int, collected: Ints, day: int, out: Ints
) -> None:
    for loan in range(principal.size):
        fee_at(principal[loan], share[loan], opened[loan], cancelled[loan], basis, lag, collected[loan], day, out[loan])


def fees(
    principal_fen: Any,
    fee_ppm: Any,
    opened_on: Any,
    *,
    day: int,
    lag_days: int,
    basis: Confirmation = Confirmation.FROM_MONTH_END,
    collected_fen: Any = 0,
    cancelled_on: Any = NEVER,
) -> Ints:
    """`fee_at` of loans: (loans, len(Fee)) int64. RequestError for a share outside 0..1 or a negative lag."""
    if bool(((np.asarray(fee_ppm) < 0) | (np.asarray(fee_ppm) > PPM)).any()) or lag_days < 0:
        raise RequestError(
            f"a fee lies between 0 and {PPM:,} millionths and is confirmed after 0 days or more; got {lag_days} days."
        )
    principal, share, opened, cancelled, collected = columns(principal_fen, fee_ppm, opened_on, cancelled_on, collected_fen)
    out = np.empty((principal.size, len(Fee)), np.int64)
    _fees(principal, share, opened, cancelled, int(basis), int(lag_days), collected, int(day), out)
    return out


@kernel
def _subscriptions(amount: Ints, begins: Ints, ends: Ints, stopped: Ints, day: int, out: Ints) -> None:
    for row in range(amount.size):
        out[row] = by_days(amount[row], begins[row] - 1, ends[row], NEVER, min(day, stopped[row]))


def subscriptions(amount_fen: Any, begins_on: Any, ends_on: Any, *, day: int, stopped_on: Any = NEVER) -> Ints:
    """What of fees for a period of use is earned by a day's end, straight line by days, (contracts,) int64.

    begins_on, ends_on   first and last day of use, both in: a day of use earns its day
    stopped_on           the last day of use where a contract was ended early; what is left is never earned
    raises               RequestError for a period that ends before it begins
    source               ASC 606-10-25-27 (over time)
    """
    amount, begins, ends, stopped = columns(amount_fen, begins_on, ends_on, stopped_on)
    if bool((ends < begins).any()):
        raise RequestError(f"contract {int(np.argmax(ends < begins))} (counted from 0) ends before it begins.")
    out = np.empty_like(amount)
    _subscriptions(amount, begins, ends, stopped, int(day), out)
    return out
