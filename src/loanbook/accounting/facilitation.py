"""Facilitation and servicing revenue (ASC 606): a price that depends on the borrower paying, split over two services.

Matching and paying out (facilitation) is done at once; service after it is given over the loan's term. All of it is paid for with
the instalments, if the borrower pays: revenue before money is a contract asset. The price follows what was collected and what is
still expected, so it is trued up with every close and is what came in when the loan has ended.
"""

from typing import Any

import numpy as np

from loanbook.accounting.spread import columns
from loanbook.errors import RequestError
from loanbook.kernel import kernel
from loanbook.loans.earning_service import Facilitation, Loss, facilitation_at
from loanbook.terms.product import PPM
from loanbook.units import NEVER, Ints

__all__ = ["Facilitation", "Loss", "facilitation", "prior_period_true_up"]

_AT_LAST = int(Facilitation.AT_LAST)


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
