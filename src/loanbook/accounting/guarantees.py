"""Guarantees: the stand-ready liability and the receivable against it, the contingent liability, and the same under IFRS 9.

US GAAP keeps two liabilities for one guarantee (ASC 460-10-35 after ASU 2016-13). *Stand-ready*: the guarantee's fair value at
inception, owed for standing ready, released straight line; the same amount is the financial assets receivable, because the fee
for it comes in with the instalments. *Contingent*: expected net payouts over the life (ASC 326-20), expensed at inception.
All amounts are cumulative at a day's end and include value-added tax where fees do.
"""

from typing import Any

import numpy as np

from loanbook.accounting.spread import columns, share_of
from loanbook.errors import RequestError
from loanbook.kernel import kernel
from loanbook.loans.earning_guarantee import Guarantee, Premium, guarantee_at, higher_of, premium_at
from loanbook.terms.product import PPM
from loanbook.units import NEVER, RATE_SCALE, Ints

__all__ = [
    "Guarantee",
    "Premium",
    "at_inception",
    "contingent_provided",
    "fair_value_ppm",
    "guarantees",
    "higher_of",
    "premiums",
    "worth_of_lower_rate",
]

_MONTHS_A_YEAR = 12.0


@kernel
def _guarantees(
    inception: Ints, contractual: Ints, collected: Ints, opened: Ints, matures: Ints, ended: Ints, day: int, out: Ints
) -> None:
    for loan in range(inception.size):
        guarantee_at(
            inception[loan], contractual[loan], collected[loan], opened[loan], matures[loan], ended[loan], day, out[loan]
        )


def guarantees(
    inception_fen: Any,
    contractual_fen: Any,
    collected_fen: Any,
    opened_on: Any,
    matures_on: Any,
    *,
    day: int,
    ended_on: Any = NEVER,
) -> Ints:
    """`guarantee_at` of loans: (loans, len(Guarantee)) int64."""
    inception, contractual, collected, opened, matures, ended = columns(
        inception_fen, contractual_fen, collected_fen, opened_on, matures_on, ended_on
    )
    out = np.empty((inception.size, len(Guarantee)), np.int64)
    _guarantees(inception, contractual, collected, opened, matures, ended, int(day), out)
    return out


@kernel
def _premiums(
    premium: Ints, contractual: Ints, collected: Ints, due: Ints, opened: Ints, ended: Ints, day: int, out: Ints
) -> None:
    for loan in range(premium.size):
        rows = 0
        while rows < due.shape[1] and due[loan, rows, 0] != NEVER:
            rows += 1
        premium_at(premium[loan], contractual[loan], collected[loan], due[loan], rows, opened[loan], ended[loan], day, out[loan])


def premiums(
    premium_fen: Any, contractual_fen: Any, collected_fen: Any, due_on: Any, opened_on: Any, *, day: int, ended_on: Any = NEVER
) -> Ints:
    """`premium_at` of loans: (loans, len(Premium)) int64; due_on (loans, rows) days, unused places NEVER."""
    due = np.ascontiguousarray(np.atleast_2d(due_on), np.int64)
    premium, contractual, collected, opened, ended = columns(premium_fen, contractual_fen, collected_fen, opened_on, ended_on)
    out = np.empty((premium.size, len(Premium)), np.int64)
    _premiums(premium, contractual, collected, due[:, :, None], opened, ended, int(day), out)
    return out


@kernel
def _shares(amount: Ints, share_ppm: Ints, out: Ints) -> None:
    for loan in range(amount.size):
        out[loan] = share_of(amount[loan], share_ppm[loan])


def at_inception(principal_fen: Any, fair_value_ppm: Any) -> Ints:
    """Fair value of each guarantee at inception: principal x `fair_value_ppm` of its group, half up a loan, (loans,) int64."""
    principal, share = columns(principal_fen, fair_value_ppm)
    out = np.empty_like(principal)
    _shares(principal, share, out)
    return out


def contingent_provided(liability_fen: Any, payout_fen: Any, recovered_fen: Any) -> Ints:
    """Cumulative provision for contingent liabilities: what is owed now and what was paid out, less what was recovered.

    liability_fen   expected net payouts still to come (an estimate of ASC 326-20), any shape;  payout_fen, recovered_fen
                    cumulative. Between two closes: opening + provision - net payout = closing
    raises          OverflowError, never a wrapped sum
    """
    liability, payout, recovered = (np.asarray(money, np.int64) for money in (liability_fen, payout_fen, recovered_fen))
    exact = liability.astype(object) + payout.astype(object) - recovered.astype(object)
    return np.asarray(exact, object).astype(np.int64)


def fair_value_ppm(net_payout_ppm: Any, *, discount_annual: int, margin_ppm: int) -> Ints:
    """What a guarantee is worth at inception, a principal of one million: expected net payouts discounted, and a margin on them.

    net_payout_ppm    (groups, months) int64: expected payouts less recoveries of each month, millionths of the principal
    discount_annual   effective, `units.RATE_SCALE`-ths;  margin_ppm  what a market participant would ask on top, millionths
    returns           (groups,) int64 millionths, >= 0
    raises            RequestError for a rate or margin of -100 % or less
    rounding          to the nearest millionth, once
    source            ASC 460-10-30: fair value at inception; an estimate without market prices discounts and adds a margin
    """
    if discount_annual <= -RATE_SCALE or margin_ppm <= -PPM:
        raise RequestError(
            f"a discount rate of {discount_annual / RATE_SCALE} with a margin of {margin_ppm / PPM} has no fair value."
        )
    payouts = np.atleast_2d(np.asarray(net_payout_ppm, np.float64))
    months = np.arange(1, payouts.shape[1] + 1)
    worth = payouts @ (1.0 + discount_annual / RATE_SCALE) ** (-months / _MONTHS_A_YEAR)
    return np.maximum(np.rint(worth * (1.0 + margin_ppm / PPM)), 0.0).astype(np.int64)


def worth_of_lower_rate(principal_fen: int, *, rate_with: int, rate_without: int, years: int) -> int:
    """A guarantee's fair value by what it saves: a bullet loan's yearly interest with and without it, discounted without.

    rate_with, rate_without   annual, `units.RATE_SCALE`-ths;  returns  fen, rounded once
    source                    IFRS 13 income approach: the payments the guarantee makes unnecessary
    """
    saved = (rate_without - rate_with) / RATE_SCALE
    years_of = np.arange(1, years + 1)
    return round(principal_fen * saved * float(((1.0 + rate_without / RATE_SCALE) ** -years_of).sum()))
