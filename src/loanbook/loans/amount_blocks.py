"""Principal and interest of many loans at once: rows outside, loans inside, so that no loan waits for its own last row.

Loans of one class and day share rates, so a block of them differs in principal alone. One loan after another took 62 ns for ten
rows, each row waiting for the balance of the one before; in blocks of 32 it is 13.
"""

import numpy as np

from loanbook.kernel import COMPILED, lean
from loanbook.loans.amounts import fill_amounts
from loanbook.loans.annuity import round_to_multiple
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Method
from loanbook.units import INTEREST_SCALE, MONEY_MAX, Ints, Rounding

LANES = 32
"""Loans of a block."""

_METHOD = int(Field.METHOD)
_COUNT = int(Field.COUNT)
_ROUNDING = int(Field.ROUNDING)
_MULTIPLE = int(Field.INSTALLMENT_MULTIPLE)
_SMOOTHING = int(Field.SMOOTHING)
_GRACE_PRINCIPAL = int(Field.GRACE_PRINCIPAL)
_GRACE_INTEREST = int(Field.GRACE_INTEREST)
_DOWN_PAYMENT_PPM = int(Field.DOWN_PAYMENT_PPM)
_LEVEL = int(Method.LEVEL)
_HALF_UP = int(Rounding.HALF_UP)
_HALF_EVEN = int(Rounding.HALF_EVEN)
_UP = int(Rounding.UP)
_CEILING = int(Rounding.CEILING)
_PER_SCALE = 1.0 / INTEREST_SCALE
_ESTIMATE_LIMIT = 2.0**50


@lean
def _carry(rule: int) -> tuple[int, int]:
    """`units.round_quotient` of a quotient >= 0 without branches: one more when 2 x remainder + (quotient & odd) > limit."""
    if rule == _HALF_UP:
        return 0, INTEREST_SCALE - 1
    if rule == _HALF_EVEN:
        return 1, INTEREST_SCALE
    if rule in (_UP, _CEILING):
        return 0, 0
    return 0, MONEY_MAX


@lean
def _plainly_level(contract: Ints, principal_fen: Ints, start: int, stop: int, rate_fraction: Ints) -> bool:
    """Whether a block's rows are level from the first on, and its interest small enough for an estimate off by less than one."""
    if not COMPILED or contract[_METHOD] != _LEVEL or contract[_SMOOTHING] != 0 or contract[_DOWN_PAYMENT_PPM] > 0:
        return False
    if contract[_GRACE_PRINCIPAL] > 0 or contract[_GRACE_INTEREST] > 0:
        return False
    least, most, largest = 0, 0, 0
    for row in range(contract[_COUNT]):
        least = min(least, rate_fraction[row])
        most = max(most, rate_fraction[row])
    for at in range(start, stop):
        largest = max(largest, principal_fen[at])
    return bool(least >= 0 and np.float64(largest) * (np.float64(most) * _PER_SCALE) < _ESTIMATE_LIMIT)


@lean
def _fill_level(
    contract: Ints, balance: Ints, amount: Ints, lanes: int, rate_fraction: Ints, principal: Ints, interest: Ints
) -> None:
    """Level rows of a block: balance (lanes,) is paid down, amount (lanes,) is what a row asks for."""
    odd, limit = _carry(contract[_ROUNDING])
    rows = contract[_COUNT]
    for row in range(rows):
        fraction = rate_fraction[row]
        scaled = np.float64(fraction) * _PER_SCALE
        for lane in range(lanes):
            owed = balance[lane]
            quotient = np.int64(np.float64(owed) * scaled)
            remainder = owed * fraction - quotient * INTEREST_SCALE
            # The estimate is off by one at most; what wraps around 2^64 in the products cancels.
            if remainder < 0:
                quotient -= 1
                remainder += INTEREST_SCALE
            if remainder >= INTEREST_SCALE:
                quotient += 1
                remainder -= INTEREST_SCALE
            if 2 * remainder + (quotient & odd) > limit:
                quotient += 1
            repaid = min(max(amount[lane] - quotient, 0), owed)
            interest[row, lane] = quotient
            principal[row, lane] = repaid
            balance[lane] = owed - repaid
    for lane in range(lanes):
        principal[rows - 1, lane] += balance[lane]


@lean
def fill_block(
    contract: Ints,
    principal_fen: Ints,
    installment_fen: Ints,
    start: int,
    stop: int,
    rate_fraction: Ints,
    numerator: int,
    denominator: int,
    balance: Ints,
    amount: Ints,
    one_principal: Ints,
    one_interest: Ints,
    principal: Ints,
    interest: Ints,
) -> int:
    """`amounts.fill_amounts` of the loans [start, stop) of one class, day of disbursement and first due date.

    contract .. denominator        see `fill_amounts`; principal_fen and installment_fen are columns of the whole batch
    balance, amount                (LANES,) int64 scratch
    one_principal, one_interest    (rows or more,) int64 scratch
    principal, interest            (rows or more, LANES) int64, written: a loan is a column; stop - start <= LANES
    returns                        rows
    source                         the same rows as `fill_amounts` one by one, tests/loans/test_amount_blocks.py
    """
    if _plainly_level(contract, principal_fen, start, stop, rate_fraction):
        for lane in range(stop - start):
            owed = principal_fen[start + lane]
            asked = installment_fen[start + lane]
            if asked == 0:
                asked = round_to_multiple(owed, numerator, denominator, contract[_ROUNDING], contract[_MULTIPLE])
            balance[lane] = owed
            amount[lane] = asked
        _fill_level(contract, balance, amount, stop - start, rate_fraction, principal, interest)
        return int(contract[_COUNT])
    rows = 0
    for lane in range(stop - start):
        rows = fill_amounts(
            contract,
            principal_fen[start + lane],
            installment_fen[start + lane],
            rate_fraction,
            numerator,
            denominator,
            one_principal,
            one_interest,
        )
        for row in range(rows):
            principal[row, lane] = one_principal[row]
            interest[row, lane] = one_interest[row]
    return rows
