"""Where running loans stand at a day's end: days past due, what is overdue, what was paid, for many loans at once.

The account kernel books each loan's facts; nothing is kept between days, so a day closed late equals a day closed on time.
"""

from enum import IntEnum
from typing import Any

import numpy as np

from loanbook.kernel import lean
from loanbook.loans.batches import IrregularBatch
from loanbook.loans.facts import Fact, Row, Total
from loanbook.loans.irregular import decode_irregular, irregular_scratch, load_facts, load_listed, most_rows, prepare_irregular
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Method
from loanbook.units import NEVER, Ints


class Position(IntEnum):
    """Columns of positions, (loans, POSITIONS) int64; money in minor units."""

    DPD = 0
    """Days from the due date of the oldest instalment in arrears; 0 for none, and for a loan not yet disbursed."""
    DUE_TODAY = 1
    """What instalments due on this day ask for, paid or not; without late charges."""
    OVERDUE = 2
    """Unpaid of instalments due before the day, all components."""
    OVERDUE_PRINCIPAL = 3
    INTEREST_DUE = 4
    """Unpaid interest of instalments due by the day."""
    PENALTY = 5
    """Late charges that terms imply, paid or not."""
    OUTSTANDING = 6
    """Principal lent and not repaid."""
    PAID_PRINCIPAL = 7
    PAID_INTEREST = 8
    PAID_FEE = 9
    PAID_PENALTY = 10
    RECEIVED = 11
    UNAPPLIED = 12
    REPAID_FINALLY = 13
    """Principal repaid by all facts given, those after the day with them."""


POSITIONS = len(Position)

_METHOD = int(Field.METHOD)
_LISTED = int(Method.LISTED)
_F_ON = int(Fact.ON)
_DUE_ON = int(Row.DUE_ON)
_PRINCIPAL = int(Row.PRINCIPAL)
_INTEREST = int(Row.INTEREST)
_FEE = int(Row.FEE)
_PENALTY = int(Row.PENALTY)
_PAID = int(Row.PAID_PRINCIPAL) - int(Row.PRINCIPAL)
_CLEARED_ON = int(Row.CLEARED_ON)
_ROWS = int(Total.ROWS)
_LENT = int(Total.LENT)
_T_OUTSTANDING = int(Total.OUTSTANDING)
_T_RECEIVED = int(Total.RECEIVED)
_T_UNAPPLIED = int(Total.UNAPPLIED)
_DPD = int(Position.DPD)
_DUE_TODAY = int(Position.DUE_TODAY)
_OVERDUE = int(Position.OVERDUE)
_OVERDUE_PRINCIPAL = int(Position.OVERDUE_PRINCIPAL)
_INTEREST_DUE = int(Position.INTEREST_DUE)
_O_PENALTY = int(Position.PENALTY)
_OUTSTANDING = int(Position.OUTSTANDING)
_PAID_PRINCIPAL = int(Position.PAID_PRINCIPAL)
_RECEIVED = int(Position.RECEIVED)
_UNAPPLIED = int(Position.UNAPPLIED)
_FINALLY = int(Position.REPAID_FINALLY)


@lean
def _stand(rows: Ints, totals: Ints, as_of: int, out: Ints) -> None:
    """One booked account as positions."""
    for row in range(totals[_ROWS]):
        due_on = rows[row, _DUE_ON]
        for column in range(4):
            out[_PAID_PRINCIPAL + column] += rows[row, _PRINCIPAL + column + _PAID]
        out[_O_PENALTY] += rows[row, _PENALTY]
        if due_on == as_of:
            out[_DUE_TODAY] += rows[row, _PRINCIPAL] + rows[row, _INTEREST] + rows[row, _FEE]
        if due_on <= as_of:
            out[_INTEREST_DUE] += rows[row, _INTEREST] - rows[row, _INTEREST + _PAID]
        if due_on < as_of:
            for column in range(_PRINCIPAL, _PENALTY + 1):
                out[_OVERDUE] += rows[row, column] - rows[row, column + _PAID]
            out[_OVERDUE_PRINCIPAL] += rows[row, _PRINCIPAL] - rows[row, _PRINCIPAL + _PAID]
            if rows[row, _CLEARED_ON] > as_of:
                out[_DPD] = max(out[_DPD], as_of - due_on)
    out[_OUTSTANDING] = totals[_T_OUTSTANDING]


@lean
def _positions(
    classes: Ints,
    facts: Ints,
    schedule: Ints,
    rate_fraction: Ints,
    account_rows: Ints,
    pieces: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    aux: Ints,
    work: Ints,
    totals: Ints,
    due: Ints,
    paid: Ints,
    ends: Ints,
    class_no: Ints,
    principal_fen: Ints,
    disbursed_on: Ints,
    first_due_on: Ints,
    installment_fen: Ints,
    fact_offsets: Ints,
    fact_kind: Ints,
    fact_on: Ints,
    fact_recorded_on: Ints,
    fact_amount: Ints,
    fact_detail: Ints,
    listed_offsets: Ints,
    listed_due_on: Ints,
    listed_principal: Ints,
    listed_interest: Ints,
    listed_fee: Ints,
    closed: Ints,
    closed_from: int,
    as_of: int,
    known_on: int,
    out: Ints,
) -> None:
    last_class, last_day, last_first = -1, -1, -1
    prepared, numerator, denominator = 0, 0, 1
    for at in range(class_no.size):
        contract = classes[class_no[at]]
        if class_no[at] != last_class or disbursed_on[at] != last_day or first_due_on[at] != last_first:
            last_class, last_day, last_first = class_no[at], disbursed_on[at], first_due_on[at]
            prepared, numerator, denominator = prepare_irregular(
                contract, last_day, last_first, closed, closed_from, schedule, rate_fraction
            )
        scheduled = prepared
        if contract[_METHOD] == _LISTED:
            scheduled = load_listed(
                listed_due_on,
                listed_principal,
                listed_interest,
                listed_fee,
                listed_offsets[at],
                listed_offsets[at + 1],
                schedule,
            )
        start, stop = fact_offsets[at], fact_offsets[at + 1]
        last_fact = fact_on[stop - 1] if stop > start else 0
        for later in range(2 if last_fact > as_of else 1):
            count = load_facts(fact_kind, fact_on, fact_recorded_on, fact_amount, fact_detail, start, stop, facts)
            decode_irregular(
                contract,
                principal_fen[at],
                installment_fen[at],
                disbursed_on[at],
                scheduled,
                numerator,
                denominator,
                facts,
                count,
                last_fact if later == 1 else as_of,
                known_on,
                schedule,
                rate_fraction,
                account_rows,
                pieces,
                plan,
                ledger,
                resets,
                aux,
                work,
                totals,
                due,
                paid,
                ends,
            )
            if later == 0:
                out[at, _RECEIVED] = totals[_T_RECEIVED]
                out[at, _UNAPPLIED] = totals[_T_UNAPPLIED]
                if totals[_LENT] > 0:
                    _stand(account_rows, totals, as_of, out[at])
            out[at, _FINALLY] = totals[_LENT] - totals[_T_OUTSTANDING]


def positions(
    batch: IrregularBatch,
    classes: Ints,
    as_of: int,
    calendar: tuple[Ints, int] | None = None,
    known_on: int = NEVER - 1,
) -> Ints:
    """Where loans stand at the end of a day, as known on a day: by default everything given is known.

    batch     facts within a loan by day and kind; loans of one class and day side by side are prepared once
    classes   (classes, FIELDS) contract rows
    calendar  closed days and the first of them, for classes that shift due dates
    returns   (loans, POSITIONS) int64
    raises    as the account kernel, for the first loan it cannot book
    """
    out = np.zeros((batch.class_no.size, POSITIONS), np.int64)
    facts = int(np.diff(batch.fact_offsets).max(initial=0))
    closed, closed_from = (np.zeros(0, np.bool_), 0) if calendar is None else calendar
    arguments: tuple[Any, ...] = (
        classes,
        *irregular_scratch(most_rows(batch, classes), facts),
        batch.class_no,
        batch.principal_fen,
        batch.disbursed_on,
        batch.first_due_on,
        batch.installment_fen,
        batch.fact_offsets,
        batch.fact_kind,
        batch.fact_on,
        batch.fact_recorded_on,
        batch.fact_amount,
        batch.fact_detail,
        batch.listed_offsets,
        batch.listed_due_on,
        batch.listed_principal,
        batch.listed_interest,
        batch.listed_fee,
        closed,
        closed_from,
        as_of,
        known_on,
        out,
    )
    _positions(*arguments)
    return out
