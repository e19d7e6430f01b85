"""The pass over compact loans: what loans of one class and day share is prepared once, then one body follows the decoder."""

from typing import Any

import numpy as np

from loanbook.kernel import lean
from loanbook.loans.amount_blocks import LANES, fill_block
from loanbook.loans.batches import Classes, CompactBatch
from loanbook.loans.charge_off import charge_off_by_terms
from loanbook.loans.compact import decode_compact, prepare_compact
from loanbook.loans.dates import month_index
from loanbook.loans.history import Due, End, Paid
from loanbook.measures.facts import Clock, Trait, measure_loan
from loanbook.measures.ledger_parts import book_parts
from loanbook.measures.passes import check_since, collect_wanted, head, set_traits
from loanbook.terms.contract import Field
from loanbook.units import Ints

_CHARGE_OFF_DAYS = int(Field.CHARGE_OFF_DAYS)
_FIRST_MONTH = int(Clock.FIRST_MONTH)
_AS_OF = int(Clock.AS_OF)
_COLUMNS = 5
"""due_on, period_end, rate_fraction of a class and day, and one loan's principal and interest."""


@lean
def _end_of_block(class_no: Ints, disbursed_on: Ints, first_due_on: Ints, start: int) -> int:
    """The first loan after `start` of another class, day or first due date, or that a block has no room for."""
    stop = start + 1
    most = min(start + LANES, class_no.size)
    while (
        stop < most
        and class_no[stop] == class_no[start]
        and disbursed_on[stop] == disbursed_on[start]
        and first_due_on[stop] == first_due_on[start]
    ):
        stop += 1
    return stop


@lean
def _compact_pass(
    classes: Ints,
    places: Ints,
    due_on: Ints,
    period_end: Ints,
    rate_fraction: Ints,
    one_principal: Ints,
    one_interest: Ints,
    balance: Ints,
    amount: Ints,
    principal: Ints,
    interest: Ints,
    due: Ints,
    paid: Ints,
    ends: Ints,
    part_due: Ints,
    part_paid: Ints,
    part_ends: Ints,
    loan: Ints,
    stated: Ints,
    loan_no: Ints,
    class_no: Ints,
    principal_fen: Ints,
    disbursed_on: Ints,
    first_due_on: Ints,
    installment_fen: Ints,
    ordinal: Ints,
    settled_on: Ints,
    late_offsets: Ints,
    late_days: Ints,
    closed: Ints,
    closed_from: int,
    clock: Ints,
    month_ends: Ints,
    calendar_ends: Ints,
    volume: Ints,
    position: Ints,
    due_cells: Ints,
    vintage_cells: Ints,
    transition: Ints,
    flow: Ints,
    probed: Ints,
    starts: Ints,
    wanted: Ints,
    number: Ints,
    values: Ints,
    policy: Ints,
    served: Ints,
    parts: Ints,
    shares: Ints,
    rates: Ints,
    riskier: Ints,
    inception: Ints,
    unamortised: Ints,
    slots: Ints,
    scratch: Ints,
    daybook: Ints,
    booked: Ints,
) -> tuple[int, int]:
    last_class, last_day, last_first = -1, -1, -1
    rows, numerator, denominator, vintage = 0, 0, 0, 0
    opened = 0
    found = 0
    filled = 0
    lane = 0
    for at in range(loan_no.size):
        day = disbursed_on[at]
        if day > clock[_AS_OF]:
            break
        chosen = class_no[at]
        contract = classes[chosen]
        lane += 1
        if at == filled:
            if chosen != last_class or day != last_day or first_due_on[at] != last_first:
                if day != last_day:
                    vintage = month_index(day) - clock[_FIRST_MONTH]
                last_class, last_day, last_first = chosen, day, first_due_on[at]
                rows, numerator, denominator = prepare_compact(
                    contract, day, last_first, closed, closed_from, due_on, period_end, rate_fraction
                )
            filled = _end_of_block(class_no, disbursed_on, first_due_on, at)
            fill_block(
                contract,
                principal_fen,
                installment_fen,
                at,
                filled,
                rate_fraction,
                numerator,
                denominator,
                balance,
                amount,
                one_principal,
                one_interest,
                principal,
                interest,
            )
            lane = 0
        pieces = decode_compact(
            contract,
            principal_fen[at],
            day,
            settled_on[at],
            late_days,
            late_offsets[at],
            late_offsets[at + 1],
            rows,
            due_on,
            period_end,
            principal,
            interest,
            lane,
            due,
            paid,
            ends,
        )
        charge_off_by_terms(contract[_CHARGE_OFF_DAYS], due, rows, paid, pieces, ends)
        set_traits(loan, places, chosen, contract, vintage, ordinal[at], 0)
        if booked.size > 0:
            book_parts(
                due,
                rows,
                paid,
                pieces,
                ends,
                part_due,
                part_paid,
                part_ends,
                loan,
                chosen,
                clock,
                policy,
                served,
                parts,
                shares,
                rates,
                riskier,
                inception,
                unamortised,
                slots,
                scratch,
                daybook,
                booked,
            )
        else:
            measure_loan(
                due,
                rows,
                paid,
                pieces,
                ends,
                stated,
                loan,
                clock,
                month_ends,
                calendar_ends,
                True,
                volume,
                position,
                due_cells,
                vintage_cells,
                transition,
                flow,
            )
        opened += 1
        if number.size > 0:
            found = collect_wanted(loan_no[at], loan, starts, wanted, probed, number, values, found)
    return opened, found


def run_compact(batch: CompactBatch, classes: Classes, common: tuple[Any, ...], calendar: tuple[Ints, int]) -> tuple[int, int]:
    """Loans opened and loans found by the probe; `common` is what `measuring` prepares for every kind of batch."""
    places, clock, month_ends, calendar_ends, families, probe, books = common
    most = int(classes.rows[:, Field.COUNT].max(initial=0)) + 1
    check_since(batch, clock, month_ends)
    arguments: tuple[Any, ...] = (
        classes.rows,
        places,
        *(np.empty(most, np.int64) for _ in range(_COLUMNS)),
        *(np.empty(LANES, np.int64) for _ in range(2)),
        *(np.empty((most, LANES), np.int64) for _ in range(2)),
        *(np.empty(shape, np.int64) for _ in range(2) for shape in ((most, len(Due)), (most, len(Paid)), len(End))),
        np.empty(len(Trait), np.int64),
        np.empty(0, np.int64),
        *head(batch),
        batch.settled_on,
        batch.late_offsets,
        batch.late_days,
        *calendar,
        clock,
        month_ends,
        calendar_ends,
        *families,
        *probe,
        *books,
    )
    return _compact_pass(*arguments)
