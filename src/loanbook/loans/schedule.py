"""Repayment schedules: dates, period rates and amounts of a loan, for one loan in scratch arrays or many as columns.

The work is split where loans can share it: `prepare` depends on the contract row and the days alone (cache it for loans of
one class and day), `amounts.fill_amounts` on the principal.
"""

from typing import Any

import numpy as np

from loanbook.errors import RequestError
from loanbook.kernel import kernel
from loanbook.loans.amounts import down_payment, fill_amounts, first_amortizing, regular_installment, row_count
from loanbook.loans.annuity import annuity_factor, level_installment
from loanbook.loans.dates import fill_period_dates, period_date, shift_day
from loanbook.loans.fractions import levels_nominally, nominal_fraction, part_fraction, period_fraction, period_fractions
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Method, Shift
from loanbook.units import NEVER, Ints

__all__ = [
    "annuity_factor",
    "down_payment",
    "fill_amounts",
    "fill_dates",
    "fill_schedule",
    "first_amortizing",
    "level_installment",
    "part_fraction",
    "period_fraction",
    "period_fractions",
    "prepare",
    "rate_fraction_of",
    "regular_installment",
    "row_count",
    "schedules",
]

_RATE_ANNUAL = int(Field.RATE_ANNUAL)
_UNIT = int(Field.UNIT)
_EVERY = int(Field.EVERY)
_MONTH_END = int(Field.MONTH_END)
_SHIFT = int(Field.SHIFT)
_INTEREST_FREE = int(Field.INTEREST_FREE)
_DOWN_PAYMENT_PPM = int(Field.DOWN_PAYMENT_PPM)
_NO_SHIFT = int(Shift.NONE)
_PRODUCT_LIMIT = 9.2e18


@kernel
def rate_fraction_of(rate_annual: int, fraction: int) -> int:
    """rate x year fraction in `units.INTEREST_SCALE`-ths; raises beyond 575 % for one period, never wraps."""
    if abs(np.float64(rate_annual) * np.float64(fraction)) > _PRODUCT_LIMIT:
        raise OverflowError("interest of one period exceeds 575 % of the balance; shorten the period or lower the rate")
    return rate_annual * fraction


@kernel
def fill_dates(contract: Ints, disbursed_on: int, first_due_on: int, due_on: Ints) -> int:
    """The unshifted due dates of a loan; the down payment, where there is one, is row 0 on the day of disbursement.

    first_due_on   NEVER, or the day one period after disbursement: dates count from the disbursement (31 January, 28 February,
                   31 March); any other day makes the first period a stub and later dates count from that day
    due_on         (rows or more,) int64, written
    returns        rows
    """
    unit, every, rule = contract[_UNIT], contract[_EVERY], contract[_MONTH_END]
    rows = row_count(contract)
    start = 0
    if contract[_DOWN_PAYMENT_PPM] > 0:
        due_on[0] = disbursed_on
        start = 1
    seed, number = disbursed_on, 1
    if first_due_on != NEVER and first_due_on != period_date(disbursed_on, 1, unit, every, rule):
        if first_due_on <= disbursed_on:
            raise ValueError("the first due date must lie after the disbursement")
        seed, number = first_due_on, 0
    fill_period_dates(seed, number, unit, every, rule, due_on[start:rows])
    return rows


@kernel
def prepare(
    contract: Ints, disbursed_on: int, first_due_on: int, closed: Ints, closed_from: int, due_on: Ints, rate_fraction: Ints
) -> tuple[int, int, int]:
    """Everything of a schedule that does not depend on the principal.

    closed          (days,) bool, True where the calendar is closed; `closed[0]` is the day `closed_from`; unused without shift
    due_on          (rows or more,) int64, written: shifted due dates
    rate_fraction   (rows or more,) int64, written: rate x fraction of each period between unshifted dates, INTEREST_SCALE-ths
    returns         rows, numerator, denominator (`annuity.annuity_factor` of the amortising rows)
    raises          ValueError beyond the calendar's horizon; OverflowError
    """
    rows = fill_dates(contract, disbursed_on, first_due_on, due_on)
    start = 1 if contract[_DOWN_PAYMENT_PPM] > 0 else 0
    rate_fraction[0] = 0
    numerator, denominator = 0, 1
    if levels_nominally(contract):
        for row in range(start, rows):
            rate_fraction[row] = rate_fraction_of(contract[_RATE_ANNUAL], nominal_fraction(contract))
        numerator, denominator = annuity_factor(rate_fraction, first_amortizing(contract), rows)
    period_fractions(contract, disbursed_on, due_on[start:rows], rows - start, rate_fraction[start:rows])
    for row in range(start, rows):
        rate = 0 if row < start + contract[_INTEREST_FREE] else contract[_RATE_ANNUAL]
        rate_fraction[row] = rate_fraction_of(rate, rate_fraction[row])
    if not levels_nominally(contract):
        numerator, denominator = annuity_factor(rate_fraction, first_amortizing(contract), rows)
    if contract[_SHIFT] != _NO_SHIFT:
        for row in range(start, rows):
            due_on[row] = shift_day(due_on[row], contract[_SHIFT], closed, closed_from)
    return rows, numerator, denominator


@kernel
def fill_schedule(
    contract: Ints,
    principal_fen: int,
    disbursed_on: int,
    first_due_on: int,
    installment_fen: int,
    closed: Ints,
    closed_from: int,
    due_on: Ints,
    principal: Ints,
    interest: Ints,
) -> int:
    """The schedule of one loan in the caller's scratch.

    contract          (FIELDS,) int64, any method but LISTED
    first_due_on      NEVER: one period after disbursement
    installment_fen   the level instalment the contract fixes (equal principal: the principal part); 0: computed
    closed            see `prepare`
    due_on, principal, interest   (rows or more,) int64, written; due dates shifted, interest on unshifted periods
    returns           rows, the down payment included as row 0
    raises            ValueError for a listed schedule or beyond the calendar; OverflowError, never a wrapped product
    rounding          the contract's rule, once a row; principal sums to principal_fen
    source            product terms; twin tests/reference/schedule.py
    """
    # `interest` first holds the rate fractions: each row is read before it is written.
    _, numerator, denominator = prepare(contract, disbursed_on, first_due_on, closed, closed_from, due_on, interest)
    return fill_amounts(contract, principal_fen, installment_fen, interest, numerator, denominator, principal, interest)


@kernel
def _fill_all(
    contracts: Ints,
    principal_fen: Ints,
    disbursed_on: Ints,
    first_due_on: Ints,
    installment_fen: Ints,
    closed: Ints,
    closed_from: int,
    due_on: Ints,
    principal: Ints,
    interest: Ints,
) -> None:
    for loan in range(principal_fen.size):
        fill_schedule(
            contracts[loan],
            principal_fen[loan],
            disbursed_on[loan],
            first_due_on[loan],
            installment_fen[loan],
            closed,
            closed_from,
            due_on[loan],
            principal[loan],
            interest[loan],
        )


def _column(values: Any, loans: int) -> Ints:
    return np.ascontiguousarray(np.broadcast_to(np.asarray(values, np.int64), (loans,)))


def schedules(
    contracts: Ints,
    principal_fen: Ints,
    disbursed_on: Ints,
    *,
    first_due_on: Any = NEVER,
    installment_fen: Any = 0,
    closed: Ints | None = None,
    closed_from: int = 0,
) -> tuple[Ints, Ints, Ints]:
    """Schedules of many loans: due dates, principal and interest of every row, the last row absorbing the rounding.

    contracts         (loans, FIELDS) or (FIELDS,) int64 contract rows of any method but LISTED
    principal_fen     (loans,) int64, > 0
    disbursed_on      (loans,) day numbers
    first_due_on      (loans,) or one day; NEVER: one period after disbursement
    installment_fen   (loans,) or one amount; the level instalment the contract fixes, 0: computed
    closed            (days,) bool calendar from the day `closed_from`; needed where a contract shifts due dates
    returns           due_on, principal_fen, interest_fen: (loans, most rows) int64, unused places NEVER, 0, 0; the down payment
                      is the first row where a contract has one; each row of principal sums to the loan
    raises            RequestError for a principal or count below 1, a listed schedule, a missing calendar; OverflowError, never a
                      wrapped product
    rounding          each contract's rule, once a row
    source            product terms `method`; twin tests/reference/schedule.py
    """
    principal_fen = np.atleast_1d(np.asarray(principal_fen, np.int64))
    loans = principal_fen.size
    rows = np.ascontiguousarray(np.broadcast_to(np.asarray(contracts, np.int64), (loans, np.shape(contracts)[-1])))
    if loans and int(principal_fen.min()) < 1:
        raise RequestError(f"a schedule needs a principal of at least 1 minor unit; got {int(principal_fen.min())}.")
    if loans and int(rows[:, Field.COUNT].min()) < 1:
        raise RequestError("a schedule needs at least 1 instalment; the contract row has Field.COUNT below 1.")
    if np.any(rows[:, Field.METHOD] == Method.LISTED):
        raise RequestError("a listed schedule is read from the contract's own instalments, not computed.")
    shifted = rows[:, Field.SHIFT] != Shift.NONE
    if closed is None and bool(shifted.any()):
        raise RequestError("a contract shifts due dates; pass the calendar's `closed` days (terms.calendar).")
    most = int((rows[:, Field.COUNT] + (rows[:, Field.DOWN_PAYMENT_PPM] > 0)).max()) if loans else 0
    due_on = np.full((loans, most), NEVER, np.int64)
    principal = np.zeros((loans, most), np.int64)
    interest = np.zeros((loans, most), np.int64)
    _fill_all(
        rows,
        principal_fen,
        _column(disbursed_on, loans),
        _column(first_due_on, loans),
        _column(installment_fen, loans),
        np.zeros(0, np.bool_) if closed is None else closed,
        closed_from,
        due_on,
        principal,
        interest,
    )
    return due_on, principal, interest
