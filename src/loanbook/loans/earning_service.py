"""What facilitation and servicing of one loan have earned (ASC 606): a price that depends on the borrower paying.

The price follows what was collected and what is still expected, so it is trued up with every close. Once the loan has ended it is
what the end left a right to, and no estimate moves it any more.
"""

from enum import IntEnum

from loanbook.kernel import lean
from loanbook.loans.earning_guarantee import guarantee_part
from loanbook.loans.earning_spread import by_days, share_of
from loanbook.units import NEVER, Ints


class Facilitation(IntEnum):
    """Columns of `facilitation_at`, cumulative, with value-added tax.

    CONTRACT_ASSET - CONTRACT_LIABILITY = AT_ONCE + OVER_TIME - COLLECTED - WRITTEN_OFF.
    """

    PRICE = 0
    """The transaction price, the guarantee's part left out."""
    AT_ONCE = 1
    """Facilitation: recognised on the day of disbursement."""
    OVER_TIME = 2
    """Post-facilitation: recognised so far, straight line over the term."""
    COLLECTED = 3
    """Fees collected, less the guarantee's part."""
    WRITTEN_OFF = 4
    """Earned by the end of the loan and never collected: fees that had fallen due (`Loss.IMPAIR`)."""
    CONTRACT_ASSET = 5
    CONTRACT_LIABILITY = 6
    """Collected and not earned yet."""
    AT_LAST = 7
    """AT_ONCE + OVER_TIME at the present price for what was done by the last close. Less the two of the last close it is the
    true-up of earlier periods: the bucket `prior_period_performance_obligations`."""


class Loss(IntEnum):
    """What becomes of fees that a lost loan leaves unpaid; no fee that had not fallen due stays in the price of either."""

    IMPAIR = 0
    """What had fallen due is a right that is lost, written off against an allowance (ASC 606-10-45-4, 326-20). The price of a
    living loan leaves out what prepayment takes away."""
    PRICE = 1
    """The price is what was collected, and no right is written off. The price of a living loan leaves out losses, too, so it
    needs no allowance (ASC 606-10-32-8, 32-11)."""


_PRICE = int(Facilitation.PRICE)
_AT_ONCE = int(Facilitation.AT_ONCE)
_OVER_TIME = int(Facilitation.OVER_TIME)
_COLLECTED = int(Facilitation.COLLECTED)
_WRITTEN_OFF = int(Facilitation.WRITTEN_OFF)
_CONTRACT_ASSET = int(Facilitation.CONTRACT_ASSET)
_CONTRACT_LIABILITY = int(Facilitation.CONTRACT_LIABILITY)
_AT_LAST = int(Facilitation.AT_LAST)


@lean
def transaction_price(contractual: int, collected: int, collectable_ppm: int, guarantee: int) -> int:
    """The price of facilitation and servicing of one loan: what is expected of its fees, less the guarantee's part, >= 0.

    contractual       fees of the whole contract;  collected  so far
    collectable_ppm   what is expected of the fees still to come (prepayment, default), millionths; 0 when nothing is to come
    guarantee         the guarantee's fair value at inception
    source            ASC 606-10-32 (variable consideration). The guarantee is taken out in proportion to the fees expected, as
                      cash is, not in full: what is uncollectable of it is the allowance on financial assets receivable, and
                      taking it out in full would count it twice (policy choice)
    """
    expected = max(collected, 0)
    if contractual > collected:
        expected += share_of(contractual - collected, collectable_ppm)
    return expected - guarantee_part(guarantee, contractual, expected)


@lean
def facilitation_at(
    contractual: int,
    collected: int,
    fallen_due: int,
    collectable_ppm: int,
    guarantee: int,
    at_once_ppm: int,
    opened_on: int,
    matures_on: int,
    ended_on: int,
    last_on: int,
    day: int,
    out: Ints,
) -> None:
    """The columns of one loan at a day's end, into `out`, (len(Facilitation),) int64.

    fallen_due    fees that had fallen due by the end of a loan that was lost, paid or not (`Loss.IMPAIR`); else 0
    at_once_ppm   facilitation's share of the price by stand-alone selling prices, millionths; servicing has the rest
    ended_on      repaid, compensated, charged off, cancelled: the price is what was collected, or `fallen_due` where that is more
    last_on       the day of the last close
    rounding      half up: the expected rest, the guarantee's part, the split, the part of days; each once, cumulative
    source        ASC 606-10-32-11 (constraint): of a loan that has ended nothing is estimated. Of a price that includes
                  `fallen_due` the services given by the end are earned, and at least what was collected
    """
    for column in range(out.size):
        out[column] = 0
    if day < opened_on:
        return
    ended = day >= ended_on
    owed = max(collected, min(fallen_due, contractual)) if ended else collected
    price = transaction_price(contractual, owed, 0 if ended else collectable_ppm, guarantee)
    cash = collected - guarantee_part(guarantee, contractual, collected)
    at_once = share_of(price, at_once_ppm)
    served_to, gone_on = day, ended_on
    if owed > collected:
        served_to, gone_on = ended_on, NEVER
    over_time = by_days(price - at_once, opened_on, matures_on, gone_on, served_to)
    if ended and at_once + over_time < cash:
        # Money that came for a lost loan is earned at the latest when nothing more is to be done for it.
        over_time = cash - at_once
    net = at_once + over_time - cash
    if ended:
        out[_WRITTEN_OFF] = net
        net = 0
    out[_PRICE] = price
    out[_AT_ONCE] = at_once
    out[_OVER_TIME] = over_time
    out[_COLLECTED] = cash
    out[_CONTRACT_ASSET] = max(net, 0)
    out[_CONTRACT_LIABILITY] = max(-net, 0)
    if opened_on <= last_on:
        out[_AT_LAST] = at_once + min(by_days(price - at_once, opened_on, matures_on, gone_on, last_on), over_time)
