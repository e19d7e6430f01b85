"""The facts pass over a batch of compact or reported loans: each kind has a decoder, and one body follows."""

from typing import Any

import numpy as np

from loanbook.errors import RequestError
from loanbook.kernel import lean
from loanbook.loans.batches import Classes, CompactBatch, Head, ReportedBatch
from loanbook.loans.charge_off import charge_off_by_terms
from loanbook.loans.compact import decode_compact, prepare_compact
from loanbook.loans.dates import month_index
from loanbook.loans.history import Due, End, Paid
from loanbook.loans.reported import decode_reported
from loanbook.measures.facts import Clock, Trait, measure_loan
from loanbook.measures.window import Window
from loanbook.terms.contract import Field
from loanbook.units import Ints

_CHARGE_OFF_DAYS = int(Field.CHARGE_OFF_DAYS)
_TENOR_MONTHS = int(Field.TENOR_MONTHS)
_FIRST_MONTH = int(Clock.FIRST_MONTH)
_AS_OF = int(Clock.AS_OF)
_KNOWN_ON = int(Clock.KNOWN_ON)
_T_GROUP = int(Trait.GROUP)
_T_VINTAGE = int(Trait.VINTAGE)
_T_TENOR = int(Trait.TENOR)
_T_TENOR_MONTHS = int(Trait.TENOR_MONTHS)
_T_DRAWDOWN = int(Trait.DRAWDOWN)
_T_REPORTED = int(Trait.REPORTED)
_DUE = len(Due)
_PAID = len(Paid)
_END = len(End)
_TRAIT = len(Trait)
_PIECES_A_POSITION = 4
_COLUMNS = 5
"""due_on, period_end, rate_fraction, principal, interest of a compact loan's schedule."""


def clock_of(window: Window, tenors: int) -> Ints:
    """The window as `Clock` columns."""
    return np.array(
        [window.first_month, window.months, window.as_of, window.observed_to, window.known_on, tenors],
        np.int64,
    )


@lean
def collect_wanted(
    loan_no: int, group: int, starts: Ints, rows: Ints, cells: Ints, number: Ints, values: Ints, found: int
) -> int:
    """Take what one loan added to wanted cells out of them; returns how many loans are found so far."""
    any_value = False
    for column in range(cells.shape[1]):
        total = 0
        for place in range(starts[group], starts[group + 1]):
            total += cells[rows[place], column]
            any_value = any_value or cells[rows[place], column] != 0
            cells[rows[place], column] = 0
        values[found, column] = total
    if any_value:
        number[found] = loan_no
        return found + 1
    return found


@lean
def set_traits(loan: Ints, places: Ints, class_no: int, contract: Ints, vintage: int, ordinal: int, reported: int) -> None:
    """Where a loan stands in the dimensions."""
    loan[_T_GROUP] = places[class_no, 0]
    loan[_T_VINTAGE] = vintage
    loan[_T_TENOR] = places[class_no, 1]
    loan[_T_TENOR_MONTHS] = contract[_TENOR_MONTHS]
    loan[_T_DRAWDOWN] = 0 if ordinal <= 0 else (1 if ordinal == 1 else 2)
    loan[_T_REPORTED] = reported


@lean
def _compact_pass(
    classes: Ints,
    places: Ints,
    due_on: Ints,
    period_end: Ints,
    rate_fraction: Ints,
    principal: Ints,
    interest: Ints,
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
) -> tuple[int, int]:
    last_class, last_day, last_first = -1, -1, -1
    numerator, denominator, vintage = 0, 0, 0
    opened = 0
    found = 0
    for at in range(loan_no.size):
        day = disbursed_on[at]
        if day > clock[_AS_OF]:
            break
        chosen = class_no[at]
        if chosen != last_class or day != last_day or first_due_on[at] != last_first:
            if day != last_day:
                vintage = month_index(day) - clock[_FIRST_MONTH]
            last_class, last_day, last_first = chosen, day, first_due_on[at]
            _, numerator, denominator = prepare_compact(
                classes[chosen], day, last_first, closed, closed_from, due_on, period_end, rate_fraction
            )
        contract = classes[chosen]
        rows, pieces = decode_compact(
            contract,
            principal_fen[at],
            installment_fen[at],
            day,
            settled_on[at],
            late_days,
            late_offsets[at],
            late_offsets[at + 1],
            numerator,
            denominator,
            due_on,
            period_end,
            rate_fraction,
            principal,
            interest,
            due,
            paid,
            ends,
        )
        charge_off_by_terms(contract[_CHARGE_OFF_DAYS], due, rows, paid, pieces, ends)
        set_traits(loan, places, chosen, contract, vintage, ordinal[at], 0)
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
            found = collect_wanted(loan_no[at], loan[_T_GROUP], starts, wanted, probed, number, values, found)
    return opened, found


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
            found = collect_wanted(loan_no[at], loan[_T_GROUP], starts, wanted, probed, number, values, found)
    return opened, found, without_schedule


def run_compact(batch: CompactBatch, classes: Classes, common: tuple[Any, ...], calendar: tuple[Ints, int]) -> tuple[int, int]:
    """Loans opened and loans found by the probe; `common` is what `measuring` prepares for every kind of batch."""
    places, clock, month_ends, calendar_ends, families, probe = common
    most = int(classes.rows[:, Field.COUNT].max(initial=0)) + 1
    check_since(batch, clock, month_ends)
    arguments: tuple[Any, ...] = (
        classes.rows,
        places,
        *_columns(most),
        *_history(most, most),
        np.empty(0, np.int64),
        *_head(batch),
        batch.settled_on,
        batch.late_offsets,
        batch.late_days,
        *calendar,
        clock,
        month_ends,
        calendar_ends,
        *families,
        *probe,
    )
    return _compact_pass(*arguments)


def run_reported(batch: ReportedBatch, classes: Classes, common: tuple[Any, ...]) -> tuple[int, int, int]:
    """Loans opened, loans found by the probe, loans without a schedule."""
    places, clock, month_ends, calendar_ends, families, probe = common
    check_since(batch, clock, month_ends)
    positions = np.diff(batch.position_offsets)
    # One row more than instalments: arrears at the cut-off may lie between two contractual dates.
    most = int(classes.rows[:, Field.COUNT].max(initial=0)) + 1
    arguments: tuple[Any, ...] = (
        classes.rows,
        places,
        *_history(most, _PIECES_A_POSITION * int(positions.max(initial=0)) + 1),
        np.empty(month_ends.size, np.int64),
        *_head(batch),
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


def check_since(batch: Head, clock: Ints, month_ends: Ints) -> None:
    """Every loan must originate in the window; raises RequestError naming the first that does not."""
    if not batch.loan_no.size:
        return
    earliest = int(np.argmin(batch.disbursed_on))
    if int(month_index(int(batch.disbursed_on[earliest]))) < int(clock[_FIRST_MONTH]):
        raise RequestError(
            f"loan {int(batch.loan_no[earliest])} originated before the window's first month; "
            "start the window (`since`) at the book's earliest origination."
        )


def _columns(rows: int) -> tuple[Any, ...]:
    return tuple(np.empty(rows, np.int64) for _ in range(_COLUMNS))


def _history(rows: int, pieces: int) -> tuple[Any, ...]:
    """Scratch of one loan: due, paid, ends, traits."""
    return (
        np.empty((rows, _DUE), np.int64),
        np.empty((pieces, _PAID), np.int64),
        np.empty(_END, np.int64),
        np.empty(_TRAIT, np.int64),
    )


def _head(batch: Head) -> tuple[Ints, ...]:
    return (
        batch.loan_no,
        batch.class_no,
        batch.principal_fen,
        batch.disbursed_on,
        batch.first_due_on,
        batch.installment_fen,
        batch.ordinal,
    )
