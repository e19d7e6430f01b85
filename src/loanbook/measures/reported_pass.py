"""The pass over loans of tapes that report positions."""

from typing import Any

import numpy as np

from loanbook.kernel import lean
from loanbook.loans.batches import Classes, ReportedBatch
from loanbook.loans.dates import month_index
from loanbook.loans.history import Due, End, Paid
from loanbook.loans.reported import decode_reported
from loanbook.measures.facts import Clock, Trait, measure_loan
from loanbook.measures.passes import check_since, collect_wanted, head, set_traits
from loanbook.terms.contract import Field
from loanbook.units import Ints

_FIRST_MONTH = int(Clock.FIRST_MONTH)
_AS_OF = int(Clock.AS_OF)
_KNOWN_ON = int(Clock.KNOWN_ON)
_PIECES_A_POSITION = 4


@lean
def _reported_pass(
    classes: Ints,
    places: Ints,
    due: Ints,
    paid: Ints,
    ends: Ints,
    loan: Ints,
    stated: Ints,
    loan_no: Ints,
    class_no: Ints,
    principal_fen: Ints,
    disbursed_on: Ints,
    first_due_on: Ints,
    installment_fen: Ints,
    ordinal: Ints,
    opened_on: Ints,
    opened_balance: Ints,
    opened_dpd: Ints,
    offsets: Ints,
    position_on: Ints,
    recorded_on: Ints,
    reported_balance: Ints,
    reported_principal: Ints,
    reported_paid: Ints,
    recovered: Ints,
    liquidation: Ints,
    reported_dpd: Ints,
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
) -> tuple[int, int, int]:
    opened = 0
    found = 0
    without_schedule = 0
    for at in range(loan_no.size):
        if opened_on[at] > clock[_AS_OF]:
            continue
        contract = classes[class_no[at]]
        rows, pieces, scheduled = decode_reported(
            contract,
            principal_fen[at],
            first_due_on[at],
            installment_fen[at],
            opened_on[at],
            opened_balance[at],
            opened_dpd[at],
            offsets[at],
            offsets[at + 1],
            position_on,
            recorded_on,
            reported_balance,
            reported_principal,
            reported_paid,
            recovered,
            liquidation,
            reported_dpd,
            clock[_KNOWN_ON],
            clock[_FIRST_MONTH],
            month_ends,
            calendar_ends,
            due,
            paid,
            ends,
            stated,
        )
        vintage = month_index(disbursed_on[at]) - clock[_FIRST_MONTH]
        set_traits(loan, places, class_no[at], contract, vintage, ordinal[at], 1)
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
            False,
            volume,
            position,
            due_cells,
            vintage_cells,
            transition,
            flow,
        )
        opened += 1
        if not scheduled:
            without_schedule += 1
        if number.size > 0:
            found = collect_wanted(loan_no[at], loan, starts, wanted, probed, number, values, found)
    return opened, found, without_schedule


def run_reported(batch: ReportedBatch, classes: Classes, common: tuple[Any, ...]) -> tuple[int, int, int]:
    """Loans opened, loans found by the probe, loans without a schedule."""
    places, clock, month_ends, calendar_ends, families, probe, _ = common
    check_since(batch, clock, month_ends)
    positions = np.diff(batch.position_offsets)
    # One row more than instalments: arrears at the cut-off may lie between two contractual dates.
    most = int(classes.rows[:, Field.COUNT].max(initial=0)) + 1
    arguments: tuple[Any, ...] = (
        classes.rows,
        places,
        np.empty((most, len(Due)), np.int64),
        np.empty((_PIECES_A_POSITION * int(positions.max(initial=0)) + 1, len(Paid)), np.int64),
        np.empty(len(End), np.int64),
        np.empty(len(Trait), np.int64),
        np.empty(month_ends.size, np.int64),
        *head(batch),
        batch.opened_on,
        batch.opened_balance,
        batch.opened_dpd,
        batch.position_offsets,
        batch.position_on,
        batch.position_recorded_on,
        batch.position_balance,
        batch.position_principal,
        batch.position_paid,
        batch.position_recovered,
        batch.position_liquidation,
        batch.position_dpd,
        clock,
        month_ends,
        calendar_ends,
        *families,
        *probe,
    )
    return _reported_pass(*arguments)
