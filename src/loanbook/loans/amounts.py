"""Principal and interest of every row of one loan's schedule, from cached rate fractions: the inner loop of the close."""

from collections.abc import Callable
from typing import Any

import numpy as np

from loanbook.kernel import COMPILED, kernel
from loanbook.loans.annuity import round_to_multiple, smooth_installment
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Engine, Method
from loanbook.units import INTEREST_SCALE, MONEY_MAX, Ints, mul_div, round_quotient

_METHOD = int(Field.METHOD)
_COUNT = int(Field.COUNT)
_ROUNDING = int(Field.ROUNDING)
_MULTIPLE = int(Field.INSTALLMENT_MULTIPLE)
_SMOOTHING = int(Field.SMOOTHING)
_GRACE_PRINCIPAL = int(Field.GRACE_PRINCIPAL)
_GRACE_INTEREST = int(Field.GRACE_INTEREST)
_INTEREST_ONLY_COUNT = int(Field.INTEREST_ONLY_COUNT)
_DOWN_PAYMENT_PPM = int(Field.DOWN_PAYMENT_PPM)
_ENGINE = int(Field.ENGINE)
_CUMULATIVE = int(Engine.CUMULATIVE)
_LEVEL = int(Method.LEVEL)
_EQUAL_PRINCIPAL = int(Method.EQUAL_PRINCIPAL)
_BULLET = int(Method.BULLET)
_INTEREST_ONLY_THEN_LEVEL = int(Method.INTEREST_ONLY_THEN_LEVEL)
_FLAT = int(Method.FLAT)
_LISTED = int(Method.LISTED)
_PPM = 1_000_000
_PER_SCALE = 1.0 / INTEREST_SCALE
_ESTIMATE_LIMIT = 2.0**50


@kernel
def _row_interest_compiled(balance: int, rate_fraction: int, rule: int) -> int:
    # `mul_div` with the division by a known scale turned into a product: this line is the close's inner loop.
    estimate = np.float64(balance) * (np.float64(rate_fraction) * _PER_SCALE)
    if balance < 0 or rate_fraction < 0 or estimate >= _ESTIMATE_LIMIT:
        return mul_div(balance, rate_fraction, INTEREST_SCALE, rule)
    quotient: Any = np.int64(estimate)
    remainder: Any = balance * rate_fraction - quotient * INTEREST_SCALE
    while remainder < 0:
        quotient -= 1
        remainder += INTEREST_SCALE
    while remainder >= INTEREST_SCALE:
        quotient += 1
        remainder -= INTEREST_SCALE
    return round_quotient(quotient, remainder, INTEREST_SCALE, False, rule)


def _row_interest_plain(balance: int, rate_fraction: int, rule: int) -> int:
    return mul_div(balance, rate_fraction, INTEREST_SCALE, rule)


row_interest: Callable[[int, int, int], int] = _row_interest_compiled if COMPILED else _row_interest_plain
"""Interest of a balance over one period: `mul_div(balance, rate_fraction, INTEREST_SCALE, rule)`, faster."""


@kernel
def row_count(contract: Ints) -> int:
    """Rows of the schedule: the instalments, and the down payment as row 0 where the contract has one."""
    count: int = contract[_COUNT]
    return count + 1 if contract[_DOWN_PAYMENT_PPM] > 0 else count


@kernel
def first_amortizing(contract: Ints) -> int:
    """The first row that repays principal regularly; the down payment (row 0) is not counted as one."""
    start = 1 if contract[_DOWN_PAYMENT_PPM] > 0 else 0
    count: int = contract[_COUNT]
    without: int = contract[_GRACE_PRINCIPAL]
    if contract[_METHOD] == _INTEREST_ONLY_THEN_LEVEL:
        without += contract[_INTEREST_ONLY_COUNT]
    if contract[_METHOD] == _BULLET:
        without = count
    return start + min(without, count - 1)


@kernel
def down_payment(contract: Ints, principal_fen: int) -> int:
    """The part of a disbursement that is due on its day."""
    return mul_div(principal_fen, contract[_DOWN_PAYMENT_PPM], _PPM, contract[_ROUNDING])


@kernel
def regular_installment(contract: Ints, principal_fen: int, rate_fraction: Ints, numerator: int, denominator: int) -> int:
    """The level instalment of an amount under the contract's rounding, multiple and smoothing.

    principal_fen            without the down payment
    numerator, denominator   `annuity.annuity_factor` of rows `first_amortizing`..`row_count`
    """
    rounding, multiple = contract[_ROUNDING], contract[_MULTIPLE]
    installment = round_to_multiple(principal_fen, numerator, denominator, rounding, multiple)
    if contract[_SMOOTHING] != 0:
        first, last = first_amortizing(contract), row_count(contract)
        return smooth_installment(principal_fen, installment, rate_fraction, first, last, rounding, multiple)
    return installment


@kernel
def _fill_equal_principal(
    contract: Ints, principal_fen: int, installment_fen: int, rate_fraction: Ints, first: int, principal: Ints, interest: Ints
) -> None:
    rounding = contract[_ROUNDING]
    rows = row_count(contract)
    amount = installment_fen
    if amount == 0:
        amount = round_to_multiple(principal_fen, 1, rows - first, rounding, contract[_MULTIPLE])
    balance = principal_fen
    for row in range(1 if contract[_DOWN_PAYMENT_PPM] > 0 else 0, rows):
        repaid = 0 if row < first else min(amount, balance)
        interest[row] = row_interest(balance, rate_fraction[row], rounding)
        principal[row] = balance if row == rows - 1 else repaid
        balance -= principal[row]


@kernel
def _fill_flat(
    contract: Ints, principal_fen: int, installment_fen: int, rate_fraction: Ints, first: int, principal: Ints, interest: Ints
) -> None:
    rounding = contract[_ROUNDING]
    rows = row_count(contract)
    start = 1 if contract[_DOWN_PAYMENT_PPM] > 0 else 0
    summed = 0
    for row in range(start, rows):
        if rate_fraction[row] > MONEY_MAX - summed:
            raise OverflowError("flat interest over the whole term exceeds 575 %; shorten the term or lower the rate")
        summed += rate_fraction[row]
    total = mul_div(principal_fen, summed, INTEREST_SCALE, rounding)
    interest_left = total
    for row in range(start, rows):
        earned = mul_div(principal_fen, rate_fraction[row], INTEREST_SCALE, rounding)
        if contract[_ENGINE] == _CUMULATIVE:
            earned = interest_left if row == rows - 1 else min(earned, interest_left)
        interest_left -= earned
        interest[row] = earned
    installment = installment_fen
    if installment == 0:
        amortized = principal_fen
        for row in range(first, rows):
            amortized += interest[row]
        installment = round_to_multiple(amortized, 1, rows - first, rounding, contract[_MULTIPLE])
    balance = principal_fen
    for row in range(start, rows):
        repaid = 0 if row < first else min(max(installment - interest[row], 0), balance)
        principal[row] = balance if row == rows - 1 else repaid
        balance -= principal[row]


@kernel
def _defer_interest(contract: Ints, rows: int, interest: Ints) -> None:
    """Interest of the grace rows falls due with the first row after them (the last row, when all are in grace)."""
    start = 1 if contract[_DOWN_PAYMENT_PPM] > 0 else 0
    until = min(start + contract[_GRACE_INTEREST], rows - 1)
    deferred = 0
    for row in range(start, until):
        deferred += interest[row]
        interest[row] = 0
    interest[until] += deferred


@kernel
def fill_amounts(
    contract: Ints,
    principal_fen: int,
    installment_fen: int,
    rate_fraction: Ints,
    numerator: int,
    denominator: int,
    principal: Ints,
    interest: Ints,
) -> int:
    """Principal and interest of every row of one loan; dates and rates come prepared, so loans of a class and day share them.

    contract                 (FIELDS,) int64, any method but LISTED
    principal_fen            disbursed, > 0
    installment_fen          the level instalment the contract fixes; 0: computed
    rate_fraction            (rows,) int64 from `schedule.prepare`; may be the same array as `interest`
    numerator, denominator   annuity factor from `schedule.prepare`
    principal, interest      (rows or more,) int64, written; principal sums to principal_fen
    returns                  rows written: `row_count`
    rounding                 Field.ROUNDING, once a row; the last row takes what is left
    source                   Field.METHOD; twin tests/reference/schedule.py
    """
    # Every array handed to another function costs about 5 ns a loan, so the level loop stands here and reads the row itself.
    method, rounding = contract[_METHOD], contract[_ROUNDING]
    if method == _LISTED:
        raise ValueError("a listed schedule is read from the contract, not computed")
    count: int = contract[_COUNT]
    balance = principal_fen
    start = 0
    if contract[_DOWN_PAYMENT_PPM] > 0:
        start = 1
        principal[0] = mul_div(principal_fen, contract[_DOWN_PAYMENT_PPM], _PPM, rounding)
        interest[0] = 0
        balance -= principal[0]
    rows = start + count
    first = start
    if method != _LEVEL or contract[_GRACE_PRINCIPAL] > 0:
        first = first_amortizing(contract)
    if method == _FLAT:
        _fill_flat(contract, balance, installment_fen, rate_fraction, first, principal, interest)
    elif method == _EQUAL_PRINCIPAL:
        _fill_equal_principal(contract, balance, installment_fen, rate_fraction, first, principal, interest)
    else:
        amount = installment_fen
        if amount == 0:
            amount = round_to_multiple(balance, numerator, denominator, rounding, contract[_MULTIPLE])
            if contract[_SMOOTHING] != 0:
                amount = smooth_installment(balance, amount, rate_fraction, first, rows, rounding, contract[_MULTIPLE])
        for row in range(start, rows - 1):
            earned = row_interest(balance, rate_fraction[row], rounding)
            repaid = min(max(amount - earned, 0), balance) if row >= first else 0
            principal[row] = repaid
            interest[row] = earned
            balance -= repaid
        interest[rows - 1] = row_interest(balance, rate_fraction[rows - 1], rounding)
        principal[rows - 1] = balance
    if contract[_GRACE_INTEREST] > 0:
        _defer_interest(contract, rows, interest)
    return rows
