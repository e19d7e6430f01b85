"""Facilitation and servicing revenue (ASC 606): a price that depends on the borrower paying, split over two services.

Matching and paying out (facilitation) is done at once; service after it is given over the loan's term. All of it is paid for with
the instalments, if the borrower pays: revenue before money is a contract asset. The price follows what was collected and what is
still expected, so it is trued up with every close and is what came in when the loan has ended.
"""

from enum import IntEnum
from typing import Any

import numpy as np

from loanbook.accounting.guarantees import guarantee_part
from loanbook.accounting.spread import by_days, columns, share_of
from loanbook.errors import RequestError
from loanbook.kernel import kernel, lean
from loanbook.terms.product import PPM
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


@kernel
def _facilitation(
    contractual: Ints,
    collected: Ints,
    refundable: Ints,
    collectable: Ints,
    guarantee: Ints,
    at_once: Ints,
    opened: Ints,
    matures: Ints,
    ended: Ints,
    impaired: Ints,
    last_on: int,
    day: int,
    out: Ints,
) -> None:
    for loan in range(contractual.size):
        facilitation_at(
            contractual[loan],
            collected[loan],
            refundable[loan],
            collectable[loan],
            guarantee[loan],
            at_once[loan],
            opened[loan],
            matures[loan],
            ended[loan],
            impaired[loan] != 0,
            last_on,
            day,
            out[loan],
        )


def facilitation(
    contractual_fen: Any,
    collected_fen: Any,
    opened_on: Any,
    matures_on: Any,
    *,
    day: int,
    last_on: int,
    collectable_ppm: Any,
    at_once_ppm: Any,
    guarantee_fen: Any = 0,
    refundable_fen: Any = 0,
    ended_on: Any = NEVER,
    impaired: Any = 0,
) -> Ints:
    """`facilitation_at` of loans: (loans, len(Facilitation)) int64.

    raises   RequestError for shares outside 0..1
    """
    for name, share in (("collectable_ppm", collectable_ppm), ("at_once_ppm", at_once_ppm)):
        if bool(((np.asarray(share) < 0) | (np.asarray(share) > PPM)).any()):
            raise RequestError(f"{name} must lie between 0 and {PPM:,} millionths; got {np.asarray(share).tolist()}.")
    contractual, collected, refundable, collectable, guarantee, at_once, opened, matures, ended, lost = columns(
        contractual_fen,
        collected_fen,
        refundable_fen,
        collectable_ppm,
        guarantee_fen,
        at_once_ppm,
        opened_on,
        matures_on,
        ended_on,
        impaired,
    )
    out = np.empty((contractual.size, len(Facilitation)), np.int64)
    _facilitation(
        contractual,
        collected,
        refundable,
        collectable,
        guarantee,
        at_once,
        opened,
        matures,
        ended,
        lost,
        int(last_on),
        int(day),
        out,
    )
    return out


def prior_period_true_up(measured: Ints, recognised_before: Any) -> Ints:
    """Revenue of this period from performance obligations satisfied in earlier ones: the true-up of prices since the last close.

    measured            (..., len(Facilitation)) int64: `facilitation` with `last_on` = the last close, of loans or their sums
    recognised_before   AT_ONCE + OVER_TIME of the same loans or cells at the last close
    returns             int64 without the last dimension; negative where less is expected than before
    source              ASC 606-10-50-12A; the rest of the period's revenue was earned by its own performance
    """
    return np.asarray(measured, np.int64)[..., _AT_LAST] - np.asarray(recognised_before, np.int64)
