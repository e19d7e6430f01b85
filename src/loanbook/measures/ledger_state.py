"""What one loan is at the close, as the books need it: what came in, whether it ended, how late it is, what is still to come."""

from enum import IntEnum

from loanbook.kernel import lean
from loanbook.loans.credit_stage import NO_LOAN, next_stage
from loanbook.loans.dates import month_end, month_index
from loanbook.loans.history import Due
from loanbook.measures.facts import Clock, bucket_of
from loanbook.measures.ledger_policy import NONCURRENT_DAYS, REMAINING
from loanbook.terms.conventions import Model
from loanbook.terms.families import BUCKETS
from loanbook.units import NEVER, Ints


class State(IntEnum):
    """Columns of `state`, (len(State),) int64."""

    OPENED_ON = 0
    LENT = 1
    LOST_ON = 2
    """The day from which the original lender no longer has the claim: payout under a guarantee, or charge-off; `NEVER`."""
    ENDED_ON = 3
    """That day, or when its last instalment was cleared (the close, where one never was); `NEVER` of one that lives."""
    BALANCE = 4
    """Principal not repaid, of a lost loan at its loss."""
    COLLECTED = 5
    """Interest collected before a loss."""
    LIVING = 6
    """Principal outstanding."""
    DPD = 7
    BUCKET = 8
    REMAINING = 9
    """Instalments not due yet, at most `REMAINING` - 1."""
    MATURES_ON = 10
    LATER_INTEREST = 11
    """Interest of instalments not paid."""
    NONCURRENT = 12
    """Principal due more than a year after the close."""
    NONCURRENT_INTEREST = 13
    AGED = 14
    """Which of `families.AGED_DAYS` it is; below zero for none."""


_ON = int(Due.ON)
_PRINCIPAL = int(Due.PRINCIPAL)
_INTEREST = int(Due.INTEREST)
_CLEARED_ON = int(Due.CLEARED_ON)
_OPENED_ON = int(State.OPENED_ON)
_LOST_ON = int(State.LOST_ON)
_ENDED_ON = int(State.ENDED_ON)
_BALANCE = int(State.BALANCE)
_LIVING = int(State.LIVING)
_DPD = int(State.DPD)
_BUCKET = int(State.BUCKET)
_REMAINING = int(State.REMAINING)
_MATURES_ON = int(State.MATURES_ON)
_LATER_INTEREST = int(State.LATER_INTEREST)
_NONCURRENT = int(State.NONCURRENT)
_NONCURRENT_INTEREST = int(State.NONCURRENT_INTEREST)
_AGED = int(State.AGED)
_THREE_MONTHS = BUCKETS.index("61-90")
_SIX_MONTHS = BUCKETS.index("151-180")
_FIRST_MONTH = int(Clock.FIRST_MONTH)
_PERIOD_START = int(Clock.PERIOD_START)
_HEAVY = int(Model.CAPITAL_HEAVY)
_BACKSTOP = 3
"""Column of `StagingPolicy.row`."""


@lean
def slot_of(day: int, clock: Ints) -> int:
    """The slot of a day: the month counted from the window's first, or past those the day of the period."""
    start = clock[_PERIOD_START]
    if day < start:
        return int(month_index(day) - clock[_FIRST_MONTH])
    # A book whose first loan was made in a later month of the period has no months before it.
    return max(int(month_index(start) - clock[_FIRST_MONTH]), 0) + int(day - start)


@lean
def lost_on(model: int, compensation_dpd: int, due: Ints, rows: int, charged_off_on: int) -> int:
    """The day from which the original lender no longer has the claim: payout under a guarantee, or charge-off; `NEVER`."""
    lost = charged_off_on
    if model == _HEAVY:
        for row in range(rows):
            reached = due[row, _ON] + compensation_dpd
            if due[row, _CLEARED_ON] > reached:
                lost = min(lost, reached)
                break
    return lost


@lean
def aged_place(bucket: int) -> int:
    """Which of `families.AGED_DAYS` a bucket of days past due is; below zero for none."""
    if bucket <= _THREE_MONTHS:
        return bucket - 1
    return _THREE_MONTHS if bucket <= _SIX_MONTHS else _THREE_MONTHS + 1


@lean
def set_state(due: Ints, rows: int, as_of: int, state: Ints) -> None:
    """How the loan ended, how late it is and what is still to come; OPENED_ON, LOST_ON and BALANCE must be set.

    due    `loans.history`;  state   (len(State),) int64, written from ENDED_ON on but BALANCE and COLLECTED
    """
    lost, opened_on = state[_LOST_ON], state[_OPENED_ON]
    seen = min(as_of, lost)
    oldest = 0
    while oldest < rows and due[oldest, _CLEARED_ON] <= seen:
        oldest += 1
    ended_on = NEVER
    if lost <= as_of:
        ended_on = lost
    elif oldest == rows:
        # The day itself, not the close: what was done by an earlier close is asked of it.
        ended_on = opened_on
        for row in range(rows):
            ended_on = max(ended_on, due[row, _CLEARED_ON])
    elif state[_BALANCE] <= 0:
        ended_on = as_of
    state[_ENDED_ON] = ended_on
    state[_MATURES_ON] = due[rows - 1, _ON] if rows > 0 else opened_on
    state[_LIVING] = 0
    state[_DPD] = 0
    state[_BUCKET] = 0
    state[_REMAINING] = 0
    state[_LATER_INTEREST] = 0
    state[_NONCURRENT] = 0
    state[_NONCURRENT_INTEREST] = 0
    state[_AGED] = -1
    if ended_on != NEVER:
        return
    living = state[_BALANCE]
    dpd = max(as_of - due[oldest, _ON], 0)
    later, noncurrent, noncurrent_interest, coming = 0, 0, 0, 0
    for row in range(oldest, rows):
        later += due[row, _INTEREST]
        if due[row, _ON] > as_of + NONCURRENT_DAYS:
            noncurrent += due[row, _PRINCIPAL]
            noncurrent_interest += due[row, _INTEREST]
    while coming < rows and due[rows - 1 - coming, _ON] > as_of:
        coming += 1
    state[_LIVING] = living
    state[_DPD] = dpd
    state[_BUCKET] = bucket_of(dpd)
    state[_AGED] = aged_place(state[_BUCKET])
    state[_REMAINING] = min(coming, REMAINING - 1)
    state[_LATER_INTEREST] = later
    state[_NONCURRENT] = min(noncurrent, living)
    state[_NONCURRENT_INTEREST] = noncurrent_interest


@lean
def stage_at(due: Ints, rows: int, day: int, dpd: int, riskier: bool, staging: Ints) -> int:
    """The IFRS 9 stage of a living loan at a day's end (`credit_stage`), by its month ends and the day itself.

    riskier   risk by probability of default has increased, at the day; of earlier month ends days past due count alone
    staging   `accounting.staging.StagingPolicy.row`
    """
    stage, clean = NO_LOAN, 0
    behind = 0
    while behind < rows and due[behind, _CLEARED_ON] - due[behind, _ON] - 1 <= staging[_BACKSTOP]:
        behind += 1
    if behind < rows and due[behind, _ON] + staging[_BACKSTOP] < day:
        # Never that late before: stage 1, so the walk begins there.
        oldest = 0
        month = month_index(due[behind, _ON])
        end = month_end(month)
        while end < day:
            while oldest < rows and due[oldest, _CLEARED_ON] <= end:
                oldest += 1
            late = max(end - due[oldest, _ON], 0) if oldest < rows else 0
            stage, clean = next_stage(stage, clean, late, False, staging)
            month += 1
            end = month_end(month)
    stage, clean = next_stage(stage, clean, dpd, riskier, staging)
    return int(stage)
