"""What a guarantor owes a lender on a day, and which loans a vehicle sells back. Both are functions of days past due.

Neither resets days past due: the borrower owes what was owed, to whoever took the claim over.
"""

from dataclasses import dataclass

import numpy as np

from loanbook.errors import RequestError
from loanbook.terms.product import PPM
from loanbook.terms.vehicle import Deposit, Price, Vehicle
from loanbook.units import Ints, Rounding, mul_div

_DOWN = int(Rounding.DOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compensation:
    """What is paid to a lender under one mandate on a day, by loan: the longest overdue first, then by loan number.

    loan_no             (loans,) int64
    claimed_on          (loans,) int32, the first day the loan was contractually far enough past due
    paid_fen            (loans, components) int64, in the order of the columns given
    uncovered_fen       (loans, components) int64: owed, but above the cap
    from_deposit_fen    (loans,) int64, the part that a deposit paid;  from_guarantor_fen  the rest
    """

    loan_no: Ints
    claimed_on: Ints
    paid_fen: Ints
    uncovered_fen: Ints
    from_deposit_fen: Ints
    from_guarantor_fen: Ints


def cap_left_fen(cap_ppm: int | None, disbursed_fen: int, paid_fen: int, recovered_fen: int) -> int | None:
    """What a guarantee may still pay: its cap of the principal disbursed, less what it paid net of recoveries; None: no cap."""
    if cap_ppm is None:
        return None
    return max(int(mul_div(disbursed_fen, cap_ppm, PPM, _DOWN)) - paid_fen + recovered_fen, 0)


def compensation_of(
    loan_no: Ints,
    dpd: Ints,
    owed_fen: Ints,
    *,
    compensated: Ints,
    compensation_dpd: int,
    as_of: int,
    cap_left: int | None,
    deposit_left: int,
) -> Compensation:
    """The loans of one mandate that its guarantor must compensate on a day.

    A loan is due on the first day it is `compensation_dpd` past due at the day's end; one that a missed day skipped is due on the
    next, with the same `claimed_on`. A loan that was compensated is not due again.

    loan_no, dpd       (loans,) int
    owed_fen           (loans, components) int64, what the lender is owed; the cap is used up from the left column to the right
    compensated        (loans,) bool
    cap_left           what the guarantee may still pay (`cap_left_fen`); None: no cap
    deposit_left       what a third-party guarantor holds of ours: it pays first. 0 where there is none
    raises             RequestError for a negative amount, a cap or deposit below 0, or a guarantee on the due date itself
    """
    owed = np.asarray(owed_fen, np.int64)
    if compensation_dpd < 1:
        raise RequestError(f"a guarantee pays from 1 day past due on, not from {compensation_dpd}.")
    if (owed.size and int(owed.min()) < 0) or deposit_left < 0 or (cap_left is not None and cap_left < 0):
        raise RequestError("what is owed, what is left of a cap and of a deposit must not be negative.")
    (due,) = np.nonzero((np.asarray(dpd) >= compensation_dpd) & ~np.asarray(compensated, bool) & (owed.sum(axis=1) > 0))
    due = due[np.lexsort((np.asarray(loan_no)[due], -np.asarray(dpd, np.int64)[due]))]
    chosen = owed[due]
    paid = chosen if cap_left is None else _first(chosen.ravel(), cap_left).reshape(chosen.shape)
    whole = paid.sum(axis=1)
    from_deposit = _first(whole, deposit_left)
    return Compensation(
        loan_no=np.asarray(loan_no, np.int64)[due],
        claimed_on=(as_of - np.asarray(dpd, np.int64)[due] + compensation_dpd).astype(np.int32),
        paid_fen=paid,
        uncovered_fen=chosen - paid,
        from_deposit_fen=from_deposit,
        from_guarantor_fen=whole - from_deposit,
    )


def _first(amounts: Ints, limit: int) -> Ints:
    """Of amounts in order, the parts that a limited sum pays."""
    before = np.cumsum(amounts) - amounts
    paid: Ints = np.clip(limit - before, 0, amounts)
    return paid


def deposit_call_fen(deposit: Deposit, left_fen: int) -> int:
    """What must be paid in to bring a deposit back to its amount; 0 while it is not below its floor."""
    return deposit.amount_fen - left_fen if left_fen < deposit.floor_fen else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyBacks:
    """Loans that a vehicle sells back on a day, by loan number, and those that came too late for it.

    loan_no, price_fen   (loans,) int64
    missed               (loans,) int64: past the most days, never bought back; somebody must look at them
    """

    loan_no: Ints
    price_fen: Ints
    missed: Ints


def buy_backs_of(
    vehicle: Vehicle, loan_no: Ints, dpd: Ints, *, principal_fen: Ints, interest_fen: Ints, sold_back: Ints
) -> BuyBacks:
    """The loans of a vehicle that its buyer takes back: first when dpd_least is reached, at the latest at dpd_most.

    loan_no, dpd, principal_fen, interest_fen   (loans,) int, of the loans the vehicle holds
    sold_back                                   (loans,) bool
    raises                                      RequestError for a vehicle without buy-backs
    """
    terms = vehicle.buy_back
    if terms is None:
        raise RequestError(f"{vehicle.code} sells no loans back ({vehicle.place}).")
    number, days = np.asarray(loan_no, np.int64), np.asarray(dpd, np.int64)
    open_ = ~np.asarray(sold_back, bool)
    price = np.asarray(principal_fen, np.int64)
    if terms.price is Price.PRINCIPAL_AND_INTEREST:
        price = price + np.asarray(interest_fen, np.int64)
    (chosen,) = np.nonzero(open_ & (days >= terms.dpd_least) & (days <= terms.dpd_most))
    chosen = chosen[np.argsort(number[chosen], kind="stable")]
    return BuyBacks(loan_no=number[chosen], price_fen=price[chosen], missed=np.sort(number[open_ & (days > terms.dpd_most)]))
