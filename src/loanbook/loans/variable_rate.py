"""Loans whose rate is reset: amortisation step by step, with re-fixed payments, capitalised interest and a balloon.

Such a loan is not its instalments but its *steps*: on a day, interest accrues to that day and one thing happens. Steps of one
day are taken in the order given. The payment of a level loan is fixed anew where the contract says so, from the balance, the
interest accrued and the actual fractions of the periods still to come.
"""

from enum import IntEnum

import numpy as np

from loanbook.kernel import kernel
from loanbook.loans.daycount import year_fraction
from loanbook.loans.schedule import level_installment, rate_fraction_of
from loanbook.units import HALF_UP, INTEREST_SCALE, RATE_SCALE, Ints, mul_div


class Step(IntEnum):
    """What happens to a variable-rate loan on a day; `value` is the step's number where it needs one."""

    ACCRUE = 0
    """Nothing but the accrual: a look at the loan."""
    PAY_PRINCIPAL = 1
    """The payment is principal (a linear loan), at most the balance."""
    PAY_LEVEL = 2
    """The payment includes the interest accrued; principal is the rest, at most the balance. A payment below the interest
    raises the balance (negative amortisation)."""
    PAY_INTEREST = 3
    """All interest accrued is paid."""
    CAPITALISE = 4
    """All interest accrued becomes principal."""
    RESET = 5
    """The annual rate becomes `value`, `units.RATE_SCALE`-ths."""
    REFIX = 6
    """The payment is fixed anew: level over the due dates that are left."""
    FIX_BASE = 7
    """The base of interest becomes the balance (`Opening.BASE_FIXED` loans)."""
    SETTLE = 8
    """All principal is repaid: maturity, with the balloon that is left."""


class Opening(IntEnum):
    """Columns of the state in which a loan starts, (loans, len(Opening)) int64; money in minor units."""

    OPENED_ON = 0
    BALANCE = 1
    RATE_ANNUAL = 2
    ACCRUED = 3
    """Interest accrued and not paid on the opening day."""
    PAYMENT = 4
    """Principal (linear) or total (level) of one payment; a first REFIX may compute it."""
    BASE = 5
    """The amount that earns interest where it is not the balance; read only where BASE_FIXED is 1."""
    BASE_FIXED = 6
    """1: interest follows a base that changes only at FIX_BASE; 0: it follows the balance."""
    DAY_COUNT = 7
    ROUNDING = 8


class Position(IntEnum):
    """Columns of the result, one row a step, (steps, len(Position)) int64: the state after the step."""

    CASH = 0
    """What the step pays: principal or interest to the lender, negative where a balance grows."""
    BALANCE = 1
    RATE_ANNUAL = 2
    ACCRUED = 3
    PAYMENT = 4


_PAY_PRINCIPAL = int(Step.PAY_PRINCIPAL)
_PAY_LEVEL = int(Step.PAY_LEVEL)
_PAY_INTEREST = int(Step.PAY_INTEREST)
_CAPITALISE = int(Step.CAPITALISE)
_RESET = int(Step.RESET)
_REFIX = int(Step.REFIX)
_FIX_BASE = int(Step.FIX_BASE)
_SETTLE = int(Step.SETTLE)
_ACCRUE = int(Step.ACCRUE)

_OPENED_ON = int(Opening.OPENED_ON)
_OPENING_BALANCE = int(Opening.BALANCE)
_OPENING_RATE = int(Opening.RATE_ANNUAL)
_OPENING_ACCRUED = int(Opening.ACCRUED)
_OPENING_PAYMENT = int(Opening.PAYMENT)
_BASE = int(Opening.BASE)
_BASE_FIXED = int(Opening.BASE_FIXED)
_DAY_COUNT = int(Opening.DAY_COUNT)
_ROUNDING = int(Opening.ROUNDING)

_CASH = int(Position.CASH)
_BALANCE = int(Position.BALANCE)
_RATE = int(Position.RATE_ANNUAL)
_ACCRUED = int(Position.ACCRUED)
_PAYMENT = int(Position.PAYMENT)
_POSITION_COLUMNS = len(Position)


@kernel
def interest_between(base: int, rate_annual: int, start: int, end: int, day_count: int, rounding: int) -> int:
    """Simple interest of a base between two days, rounded once; raises OverflowError beyond 575 % of it, never wraps."""
    return mul_div(base, rate_fraction_of(rate_annual, year_fraction(start, end, day_count)), INTEREST_SCALE, rounding)


@kernel
def refixed_payment(owed: int, rate_annual: int, due_on: Ints, first: int, day_count: int, rounding: int) -> int:
    """The level payment that clears `owed` over due_on[first:], the first of them included.

    owed       balance and interest as they will stand on due_on[first], before that payment
    due_on     (dues,) int64 ascending; the last one is where the amortisation ends
    returns    0 when no due date is left or nothing is owed
    """
    count = due_on.size - first
    if count < 1 or owed <= 0:
        return 0
    rate_fraction = np.zeros(count, np.int64)
    for number in range(1, count):
        fraction = year_fraction(due_on[first + number - 1], due_on[first + number], day_count)
        rate_fraction[number] = rate_fraction_of(rate_annual, fraction)
    return level_installment(owed, rate_fraction, count, rounding, 1)


@kernel
def reset_rate(
    rate_annual: int, index: int, multiplier: int, spread: int, floor: int, cap: int, largest_fall: int, largest_rise: int
) -> int:
    """The rate after a reset: index x multiplier + spread, its change and then itself kept within the contract's limits.

    All in `units.RATE_SCALE`-ths; limits that do not exist are very small or very large; `largest_fall` is negative. Rounds half
    away from zero.
    """
    change = mul_div(index, multiplier, RATE_SCALE, HALF_UP) + spread - rate_annual
    change = min(max(change, largest_fall), largest_rise)
    return min(max(rate_annual + change, floor), cap)


@kernel
def walk(opening: Ints, step: Ints, on: Ints, value: Ints, due_on: Ints, position: Ints) -> None:
    """One loan, step by step.

    opening    (len(Opening),) int64
    step       (steps,) `Step`, in the order in which they happen
    on         (steps,) day numbers, not descending, not before the opening
    value      (steps,) int64, the number a step needs (the new rate of a RESET)
    due_on     (dues,) int64, due dates of level payments after the opening, ascending; PAY_LEVEL steps use them up in turn
    position   (steps, len(Position)) int64, written
    raises     ValueError for a step before the one it follows or an unknown step; OverflowError, never a wrapped product
    rounding   the opening's rule, once an accrual and once a payment fixed
    source     contract terms; twin tests/reference/variable_rate.py; rules checked against the ACTUS reference contracts
    """
    at, balance, rate = opening[_OPENED_ON], opening[_OPENING_BALANCE], opening[_OPENING_RATE]
    accrued, payment, base = opening[_OPENING_ACCRUED], opening[_OPENING_PAYMENT], opening[_BASE]
    follows_balance = opening[_BASE_FIXED] == 0
    day_count, rounding = opening[_DAY_COUNT], opening[_ROUNDING]
    paid = 0
    for number in range(step.size):
        kind, day = step[number], on[number]
        if day < at:
            raise ValueError("the steps of a loan must be in the order of their days")
        if follows_balance:
            base = balance
        if day > at:
            accrued += interest_between(base, rate, at, day, day_count, rounding)
            at = day
        cash = 0
        if kind == _PAY_PRINCIPAL:
            cash = min(payment, balance)
            balance -= cash
        elif kind == _PAY_LEVEL:
            cash = min(payment - accrued, balance)
            balance -= cash
            paid += 1
        elif kind == _PAY_INTEREST:
            cash = accrued
            accrued = 0
        elif kind == _CAPITALISE:
            balance += accrued
            accrued = 0
        elif kind == _RESET:
            rate = value[number]
        elif kind == _REFIX:
            if paid < due_on.size:
                ahead = interest_between(base, rate, day, due_on[paid], day_count, rounding)
                payment = refixed_payment(balance + accrued + ahead, rate, due_on, paid, day_count, rounding)
            else:
                payment = 0
        elif kind == _FIX_BASE:
            base = balance
        elif kind == _SETTLE:
            cash = balance
            balance = 0
        elif kind != _ACCRUE:
            raise ValueError("unknown step")
        position[number, _CASH] = cash
        position[number, _BALANCE] = balance
        position[number, _RATE] = rate
        position[number, _ACCRUED] = accrued
        position[number, _PAYMENT] = payment


@kernel
def _walk_all(
    opening: Ints, step_offsets: Ints, step: Ints, on: Ints, value: Ints, due_offsets: Ints, due_on: Ints, position: Ints
) -> None:
    for loan in range(opening.shape[0]):
        first, last = step_offsets[loan], step_offsets[loan + 1]
        dues = due_on[due_offsets[loan] : due_offsets[loan + 1]]
        walk(opening[loan], step[first:last], on[first:last], value[first:last], dues, position[first:last])


def walks(opening: Ints, step_offsets: Ints, step: Ints, on: Ints, value: Ints, due_offsets: Ints, due_on: Ints) -> Ints:
    """Many loans: `walk` for each, steps and due dates flat with offsets.

    opening        (loans, len(Opening)) int64
    step_offsets, due_offsets   (loans + 1,) int64
    step, on, value             (all steps,) int64
    due_on                      (all due dates,) int64
    returns        (all steps, len(Position)) int64
    """
    position = np.zeros((step.size, _POSITION_COLUMNS), np.int64)
    _walk_all(opening, step_offsets, step, on, value, due_offsets, due_on, position)
    return position
