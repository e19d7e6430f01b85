"""Guarantees: the stand-ready liability and the receivable against it, the contingent liability, and the same under IFRS 9.

US GAAP keeps two liabilities for one guarantee (ASC 460-10-35 after ASU 2016-13). *Stand-ready*: the guarantee's fair value at
inception, owed for standing ready, released straight line; the same amount is the financial assets receivable, because the fee
for it comes in with the instalments. *Contingent*: expected net payouts over the life (ASC 326-20), expensed at inception.
All amounts are cumulative at a day's end and include value-added tax where fees do.
"""

from enum import IntEnum
from typing import Any

import numpy as np

from loanbook.accounting.spread import by_days, columns, share_of
from loanbook.errors import RequestError
from loanbook.kernel import kernel, lean
from loanbook.loans.history import Due
from loanbook.terms.product import PPM
from loanbook.units import HALF_UP, NEVER, RATE_SCALE, Ints, mul_div

_MONTHS_A_YEAR = 12.0
_ON = int(Due.ON)


class Guarantee(IntEnum):
    """Columns of `guarantee_at`, cumulative.

    Stand-ready liability = INCEPTION - RELEASED; financial assets receivable = INCEPTION - COLLECTED - WRITTEN_OFF.
    """

    INCEPTION = 0
    """Fair value at inception: financial assets receivable and stand-ready liability alike."""
    RELEASED = 1
    """Revenue from releasing of guarantee liabilities, with its tax."""
    COLLECTED = 2
    """The guarantee's part of the fees that came in."""
    WRITTEN_OFF = 3
    """Left uncollected when the loan ended; falls again where money comes later."""


_INCEPTION = int(Guarantee.INCEPTION)
_RELEASED = int(Guarantee.RELEASED)
_COLLECTED = int(Guarantee.COLLECTED)
_WRITTEN_OFF = int(Guarantee.WRITTEN_OFF)


@lean
def guarantee_part(inception: int, contractual: int, cash: int) -> int:
    """The guarantee's part of fees: in proportion to its fair value, never more than that or than the fees.

    inception     fair value at inception;  contractual  all fees of the contract;  cash  fees collected, or expected
    """
    if contractual <= 0 or cash <= 0:
        return 0
    return min(mul_div(inception, cash, contractual, HALF_UP), inception, cash)


@lean
def guarantee_at(
    inception: int, contractual: int, collected: int, opened_on: int, matures_on: int, ended_on: int, day: int, out: Ints
) -> None:
    """The columns of one guaranteed loan at a day's end, into `out`, (len(Guarantee),) int64.

    inception     fair value of the guarantee at inception: `spread.share_of(principal, fair_value_ppm)`
    contractual   guarantee and service fees of the whole contract;  collected  of them by the end of the day
    ended_on      repaid, compensated by the guarantor, cancelled: the rest is released and what is uncollected written off
    rounding      half up of each cumulative amount; releases sum to the inception amount
    """
    if day < opened_on:
        out[_INCEPTION] = 0
        out[_RELEASED] = 0
        out[_COLLECTED] = 0
        out[_WRITTEN_OFF] = 0
        return
    out[_INCEPTION] = inception
    out[_RELEASED] = by_days(inception, opened_on, matures_on, ended_on, day)
    out[_COLLECTED] = guarantee_part(inception, contractual, collected)
    out[_WRITTEN_OFF] = inception - out[_COLLECTED] if day >= ended_on else 0


@lean
def higher_of(loss_allowance: int, unamortised: int) -> int:
    """IFRS 9 4.2.1(c): the guarantee's liability is the higher of the loss allowance and the initial amount not yet income."""
    return max(loss_allowance, unamortised)


class Premium(IntEnum):
    """Columns of `premium_at`, cumulative: a guarantee under IFRS 9 without an upfront receivable."""

    EARNED = 0
    """Premium of the months that are over; what is never collected of it is taken back when the loan ends."""
    COLLECTED = 1
    """The receivable is EARNED - COLLECTED where positive; below zero it is premium received in advance: the unamortised
    initial amount, a contract liability."""


_EARNED = int(Premium.EARNED)
_PREMIUM_COLLECTED = int(Premium.COLLECTED)


@lean
def premium_at(
    premium: int, contractual: int, collected: int, due: Ints, rows: int, opened_on: int, ended_on: int, day: int, out: Ints
) -> None:
    """The premium of one guaranteed loan at a day's end, accrued with each month that falls due, into `out`, (len(Premium),).

    premium   the guarantee's part of the contract's fees, in money that includes tax: the inception amount
    due       (rows, ...) int64, column `Due.ON` ascending: one row a month
    rounding  half up of the cumulative amount
    source    IFRS 9 4.2.1(c); no receivable for premiums to come, nor a liability against it (policy choice of S1, column iv)
    """
    out[_EARNED] = 0
    out[_PREMIUM_COLLECTED] = 0
    if day < opened_on:
        return
    out[_PREMIUM_COLLECTED] = guarantee_part(premium, contractual, collected)
    if day >= ended_on or rows == 0:
        out[_EARNED] = out[_PREMIUM_COLLECTED]
        return
    passed = 0
    while passed < rows and due[passed, _ON] <= day:
        passed += 1
    out[_EARNED] = mul_div(premium, passed, rows, HALF_UP)


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
