"""Promises to pay: whether one may be taken, and whether it was kept; a function of the payments, so nothing is updated."""

from enum import IntEnum

import numpy as np

from loanbook.errors import RequestError
from loanbook.terms.collection import CollectionTerms
from loanbook.units import Ints, date, format_money

_DAY_BITS = 22
_DAY_LIMIT = 1 << _DAY_BITS
_LOAN_LIMIT = 1 << (63 - _DAY_BITS)
"""Loan number and day share one int64 to be sorted and searched together: days up to the year 13,450, loans up to 2 trillion."""


class PromiseState(IntEnum):
    """How a promise stands on a day."""

    OPEN = 0
    KEPT = 1
    BROKEN = 2


def check_promise(terms: CollectionTerms, *, made_on: int, due_on: int, amount_fen: int, overdue_fen: int) -> None:
    """Refuse a promise that the terms do not take.

    raises   RequestError naming the policy and the figures
    """
    last = made_on + terms.promise.days_most
    if not made_on <= due_on <= last:
        raise RequestError(
            f"a promise made on {date(made_on)} must fall due by {date(last)} ({terms.promise.days_most} days, {terms.code}; "
            f"{terms.place}), not on {date(due_on)}."
        )
    if not 0 < amount_fen <= overdue_fen:
        raise RequestError(
            f"a promise must be for more than 0 and at most the {format_money(overdue_fen, terms.decimals)} overdue, "
            f"not {format_money(amount_fen, terms.decimals)}."
        )


def in_spell(made_on: Ints, dpd: Ints, as_of: int) -> Ints:
    """Whether promises were made since the loan's oldest unpaid instalment fell due; (promises,) bool.

    dpd   (promises,) of their loans at the end of `as_of`
    """
    found: Ints = (np.asarray(dpd, np.int64) > 0) & (np.asarray(made_on, np.int64) > as_of - np.asarray(dpd, np.int64))
    return found


def promise_states(
    terms: CollectionTerms,
    loan_no: Ints,
    made_on: Ints,
    due_on: Ints,
    amount_fen: Ints,
    *,
    paid_loan_no: Ints,
    paid_on: Ints,
    paid_fen: Ints,
    as_of: int,
) -> Ints:
    """The state of each promise at a day's end, `PromiseState` as int8.

    loan_no, made_on, due_on, amount_fen   (promises,) int
    paid_loan_no, paid_on, paid_fen        (payments,) int, in any order; reversed ones left out. A payment counts from the day
                                           of the promise to its due day + grace; it counts for each promise it falls in
    raises   RequestError for a loan number or day too large to be compared
    """
    until = np.minimum(np.asarray(due_on, np.int64) + terms.promise.grace_days, as_of)
    keys = _key(paid_loan_no, paid_on)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    summed = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.asarray(paid_fen, np.int64)[order])))
    begins = np.searchsorted(keys, _key(loan_no, made_on), side="left")
    ends = np.searchsorted(keys, _key(loan_no, np.maximum(until, 0)), side="right")
    came = summed[np.maximum(ends, begins)] - summed[begins]
    kept = came >= np.asarray(amount_fen, np.int64) - terms.promise.tolerance_fen
    over = np.asarray(due_on, np.int64) + terms.promise.grace_days < as_of
    return np.where(kept, PromiseState.KEPT, np.where(over, PromiseState.BROKEN, PromiseState.OPEN)).astype(np.int8)


def _key(loan_no: Ints, on: Ints) -> Ints:
    loan_no, on = np.asarray(loan_no, np.int64), np.asarray(on, np.int64)
    if loan_no.size and (int(loan_no.min()) < 0 or int(loan_no.max()) >= _LOAN_LIMIT):
        raise RequestError(f"a loan number must lie between 0 and {_LOAN_LIMIT - 1:,}.")
    if on.size and (int(on.min()) < 0 or int(on.max()) >= _DAY_LIMIT):
        raise RequestError(f"a day of a payment or promise must lie between {date(0)} and day {_DAY_LIMIT - 1:,} after it.")
    key: Ints = (loan_no << _DAY_BITS) | on
    return key
