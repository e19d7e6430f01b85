"""What a guarantee of one loan has come to: released, collected and written off; the same figures make the premium of IFRS 9."""

from enum import IntEnum

from loanbook.kernel import lean
from loanbook.loans.earning_spread import by_days
from loanbook.units import HALF_UP, Ints, mul_div


class Guarantee(IntEnum):
    """Columns of `guarantee_at`, cumulative.

    Stand-ready liability = INCEPTION - RELEASED; financial assets receivable = INCEPTION - COLLECTED - WRITTEN_OFF. IFRS, where
    nothing is receivable upfront: premium receivable = RELEASED - COLLECTED - WRITTEN_OFF + AHEAD, contract liability = AHEAD.
    """

    INCEPTION = 0
    """Fair value at inception: financial assets receivable and stand-ready liability alike."""
    RELEASED = 1
    """Revenue from releasing of guarantee liabilities, with its tax."""
    COLLECTED = 2
    """The guarantee's part of the fees that came in."""
    WRITTEN_OFF = 3
    """Left uncollected when the loan ended; falls again where money comes later."""
    AHEAD = 4
    """Collected of a living loan before it was released: under IFRS the unamortised initial amount."""


_INCEPTION = int(Guarantee.INCEPTION)
_RELEASED = int(Guarantee.RELEASED)
_COLLECTED = int(Guarantee.COLLECTED)
_WRITTEN_OFF = int(Guarantee.WRITTEN_OFF)
_AHEAD = int(Guarantee.AHEAD)


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
    source        ASC 460-10-35; IFRS 9 4.2.1(c) and IFRS 15 B18: income by the days stood ready, so both bases earn alike, as the
                  issuer's reconciliation moves no revenue line (S1, column iv)
    """
    for column in range(out.size):
        out[column] = 0
    if day < opened_on:
        return
    released = by_days(inception, opened_on, matures_on, ended_on, day)
    came = guarantee_part(inception, contractual, collected)
    out[_INCEPTION] = inception
    out[_RELEASED] = released
    out[_COLLECTED] = came
    if day >= ended_on:
        out[_WRITTEN_OFF] = inception - came
    else:
        out[_AHEAD] = max(came - released, 0)


@lean
def higher_of(loss_allowance: int, unamortised: int) -> int:
    """IFRS 9 4.2.1(c): the guarantee's liability is the higher of the loss allowance and the initial amount not yet income."""
    return max(loss_allowance, unamortised)
