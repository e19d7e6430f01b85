"""Referral and technology fees: what a partner owes us for borrowers passed on, and for systems that it uses.

A referral is done when the partner has paid the loan out: the fee is revenue at a point in time. Until the partner has confirmed
the month's list it is a contract asset, then a receivable. Systems are used over time or by volume.
"""

from typing import Any

import numpy as np

from loanbook.accounting.spread import by_days, columns
from loanbook.errors import RequestError
from loanbook.kernel import kernel
from loanbook.loans.earning_partner_fee import Confirmation, Fee, fee_at
from loanbook.terms.product import PPM
from loanbook.units import NEVER, Ints

__all__ = ["Confirmation", "Fee", "fees", "subscriptions"]


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
