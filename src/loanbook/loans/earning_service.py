"""What facilitation and servicing of one loan have earned (ASC 606): a price that depends on the borrower paying.

The price follows what was collected and what is still expected, so it is trued up with every close and is what came in when the
loan has ended.
"""

from enum import IntEnum

from loanbook.kernel import lean
from loanbook.loans.earning_guarantee import guarantee_part
from loanbook.loans.earning_spread import by_days, share_of
from loanbook.units import NEVER, Ints


class Facilitation(IntEnum):
    """Columns of `facilitation_at`, cumulative, with value-added tax.

    CONTRACT_ASSET - CONTRACT_LIABILITY - REFUND_LIABILITY = AT_ONCE + OVER_TIME - COLLECTED - WRITTEN_OFF.
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
    """Contract asset given up with a loan that was lost (policy IMPAIR)."""
    CONTRACT_ASSET = 5
    CONTRACT_LIABILITY = 6
    """Collected and not earned yet."""
    REFUND_LIABILITY = 7
    """Collected and to be given back."""
    AT_LAST = 8
    """AT_ONCE + OVER_TIME at the present price for what was done by the last close. Less the two of the last close it is the
    true-up of earlier periods: the bucket `prior_period_performance_obligations`."""


class Loss(IntEnum):
    """What becomes of the contract asset of a loan that is lost."""

    PRICE = 0
    """The price falls to what was collected: less revenue."""
    IMPAIR = 1
    """The price stays as last estimated and the contract asset is written off against its allowance."""


_PRICE = int(Facilitation.PRICE)
_AT_ONCE = int(Facilitation.AT_ONCE)
_OVER_TIME = int(Facilitation.OVER_TIME)
_COLLECTED = int(Facilitation.COLLECTED)
_WRITTEN_OFF = int(Facilitation.WRITTEN_OFF)
_CONTRACT_ASSET = int(Facilitation.CONTRACT_ASSET)
_CONTRACT_LIABILITY = int(Facilitation.CONTRACT_LIABILITY)
_REFUND_LIABILITY = int(Facilitation.REFUND_LIABILITY)
_AT_LAST = int(Facilitation.AT_LAST)


@lean
def transaction_price(contractual: int, collected: int, refundable: int, collectable_ppm: int, guarantee: int, over: bool) -> int:
    """The price of facilitation and servicing of one loan: what is expected of its fees, less the guarantee's part, >= 0.

    contractual       fees of the whole contract;  collected  so far;  refundable  of that, to be given back
    collectable_ppm   what is expected of the fees still to come (prepayment, default), millionths
    guarantee         the guarantee's fair value at inception
    over              nothing more is to come: the loan has ended
    source            ASC 606-10-32 (variable consideration). The guarantee is taken out in proportion to the fees expected, as
                      cash is, not in full: what is uncollectable of it is the allowance on financial assets receivable, and
                      taking it out in full would count it twice (policy choice)
    """
    expected = max(collected - refundable, 0)
    if not over and contractual > collected:
        expected += share_of(contractual - collected, collectable_ppm)
    return expected - guarantee_part(guarantee, contractual, expected)


@lean
def facilitation_at(
    contractual: int,
    collected: int,
    refundable: int,
    collectable_ppm: int,
    guarantee: int,
    at_once_ppm: int,
    opened_on: int,
    matures_on: int,
    ended_on: int,
    impaired: bool,
    last_on: int,
    day: int,
    out: Ints,
) -> None:
    """The columns of one loan at a day's end, into `out`, (len(Facilitation),) int64.

    at_once_ppm   facilitation's share of the price by stand-alone selling prices, millionths; servicing has the rest
    ended_on      repaid, compensated, charged off, cancelled: what is collected by then is the price
    impaired      the loan ended with a loss and the policy is `Loss.IMPAIR`; nothing is served after `ended_on`
    last_on       the day of the last close
    rounding      half up: the expected rest, the guarantee's part, the split, the part of days; each once, cumulative
    """
    for column in range(out.size):
        out[column] = 0
    if day < opened_on:
        return
    ended = day >= ended_on
    price = transaction_price(contractual, collected, refundable, collectable_ppm, guarantee, ended and not impaired)
    cash = collected - guarantee_part(guarantee, contractual, collected)
    at_once = share_of(price, at_once_ppm)
    served_to, gone_on = day, ended_on
    if ended and impaired:
        served_to, gone_on = ended_on, NEVER
    over_time = by_days(price - at_once, opened_on, matures_on, gone_on, served_to)
    if ended and impaired and at_once + over_time < cash:
        # Money that came for a lost loan is earned at the latest when nothing more is to be done for it.
        over_time = min(cash, price) - at_once
    net = at_once + over_time - cash
    if ended and impaired:
        out[_WRITTEN_OFF] = max(net, 0)
        net = min(net, 0)
    out[_PRICE] = price
    out[_AT_ONCE] = at_once
    out[_OVER_TIME] = over_time
    out[_COLLECTED] = cash
    out[_CONTRACT_ASSET] = max(net, 0)
    out[_REFUND_LIABILITY] = min(max(-net, 0), max(cash - price, 0))
    out[_CONTRACT_LIABILITY] = max(-net, 0) - out[_REFUND_LIABILITY]
    if opened_on <= last_on:
        out[_AT_LAST] = at_once + min(by_days(price - at_once, opened_on, matures_on, gone_on, last_on), over_time)
