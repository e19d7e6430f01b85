"""What a guarantee of one loan has come to: released, collected and written off, and the same as a premium under IFRS 9."""

from enum import IntEnum

from loanbook.kernel import lean
from loanbook.loans.earning_spread import by_days
from loanbook.loans.history import Due
from loanbook.units import HALF_UP, Ints, mul_div

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
