"""The repayment plan of one loan: its regular periods and the daily principal ledger that their interest follows.

A plan is what a schedule becomes once facts differ from it. Each period has an instalment; its interest is the sum of the
unrounded interest of its days on the principal ledger, rounded once. Interest that finds no room in a period's instalment
moves to the next one, and the last period that is not paid takes what is left of the principal.

Until the day `run_to` the ledger holds the principal really outstanding (overdue principal goes on earning interest); from
then on it assumes that everything overdue is paid at once and every instalment on its due date. Source: the rules of the
progressive engine that the oracle names (`recalculation`, `interest_row`, `last_row`).
"""

from enum import IntEnum

import numpy as np

from loanbook.kernel import lean
from loanbook.loans.amounts import row_interest
from loanbook.loans.daycount import year_fraction
from loanbook.loans.fractions import part_fraction
from loanbook.terms.contract import Field
from loanbook.terms.conventions import DayCount, Engine, Method
from loanbook.units import INTEREST_SCALE, Ints, Rounding, mul_div, round_quotient


class Period(IntEnum):
    """Columns of `plan`, (periods, len(Period)) int64: one row per regular instalment."""

    FROM = 0
    DUE = 1
    """Unshifted due date: interest counts to this day."""
    FRACTION = 2
    """`units.YEAR_SCALE`-ths of a year."""
    INSTALLMENT = 3
    REGULAR = 4
    """The instalment before the last period took what was left."""
    FIXED = 5
    """1: PRINCIPAL_PLANNED is agreed and the instalment follows interest (every method but level)."""
    PRINCIPAL_PLANNED = 6
    PAID_PRINCIPAL = 7
    PAID_INTEREST = 8
    EXTRA = 9
    """Principal repaid ahead under the excess rules `fewer` and `smaller`: part of due and paid, not of the instalment."""
    MOVED_HERE = 10
    """Interest of later, already paid periods that this one collects."""
    MOVED_AWAY = 11
    """1: an earlier period collects this period's interest."""
    EARNED = 12
    """Interest of the ledger plus what the period before could not collect."""
    INTEREST = 13
    """Interest due."""
    PRINCIPAL = 14
    """Principal due."""
    ROW = 15
    """Position among the account's rows."""
    SAVED_INSTALLMENT = 16
    SAVED_MOVED_HERE = 17
    SAVED_MOVED_AWAY = 18
    SAVED_PLANNED = 19
    SAVED_PAID_PRINCIPAL = 20
    SAVED_PAID_INTEREST = 21
    SAVED_EXTRA = 22


class Entry(IntEnum):
    """Columns of `ledger`, (entries, len(Entry)) int64, ascending by ON: changes of principal."""

    ON = 0
    """Day from which interest follows the change."""
    AMOUNT = 1
    """Positive for money lent, negative for principal repaid."""
    EFFECTIVE_ON = 2
    """As ON, but the due date for principal paid late."""
    LENT = 3
    """1 for a disbursement."""
    SAVED_AMOUNT = 4


class Reset(IntEnum):
    """Columns of `resets`, (changes, len(Reset)) int64, ascending by ON: the annual rate from a day on."""

    ON = 0
    RATE = 1


PLAN_FIELDS = len(Period)
ENTRY_FIELDS = len(Entry)
RESET_FIELDS = len(Reset)

_FROM = int(Period.FROM)
_DUE = int(Period.DUE)
_FRACTION = int(Period.FRACTION)
_INSTALLMENT = int(Period.INSTALLMENT)
_FIXED = int(Period.FIXED)
_PLANNED = int(Period.PRINCIPAL_PLANNED)
_PAID_PRINCIPAL = int(Period.PAID_PRINCIPAL)
_PAID_INTEREST = int(Period.PAID_INTEREST)
_EXTRA = int(Period.EXTRA)
_MOVED_HERE = int(Period.MOVED_HERE)
_MOVED_AWAY = int(Period.MOVED_AWAY)
_EARNED = int(Period.EARNED)
_INTEREST = int(Period.INTEREST)
_PRINCIPAL = int(Period.PRINCIPAL)
_ON = int(Entry.ON)
_AMOUNT = int(Entry.AMOUNT)
_EFFECTIVE_ON = int(Entry.EFFECTIVE_ON)
_LENT = int(Entry.LENT)
_RESET_ON = int(Reset.ON)
_RESET_RATE = int(Reset.RATE)

_DAY_COUNT = int(Field.DAY_COUNT)
_ROUNDING = int(Field.ROUNDING)
_ENGINE = int(Field.ENGINE)
_METHOD = int(Field.METHOD)
_INTEREST_FREE = int(Field.INTEREST_FREE)
_OVERDUE_INTEREST = int(Field.OVERDUE_INTEREST)
_CUMULATIVE = int(Engine.CUMULATIVE)
_FLAT = int(Method.FLAT)
_DECEMBER = int(DayCount.ACTUAL_ACTUAL_31_DECEMBER)
_FEBRUARY = int(DayCount.ACTUAL_ACTUAL_FEBRUARY_29)
_THIRTY_360 = int(DayCount.THIRTY_A_MONTH_360)
_THIRTY_365 = int(DayCount.THIRTY_A_MONTH_365)
_THIRTY_ACTUAL = int(DayCount.THIRTY_A_MONTH_ACTUAL)
_HALF_EVEN = int(Rounding.HALF_EVEN)

NANO = 1_000_000_000
_NANO_SCALE = INTEREST_SCALE // NANO
"""Parts of a period are added in billionths of a minor unit before the one rounding of the row."""


@lean
def rate_on(resets: Ints, reset_count: int, day: int) -> int:
    """The annual rate of the night that starts on a day; the first reset holds from the start."""
    rate = resets[0, _RESET_RATE]
    for place in range(1, reset_count):
        if resets[place, _RESET_ON] > day:
            break
        rate = resets[place, _RESET_RATE]
    found: int = rate
    return found


@lean
def part_nano(contract: Ints, plan: Ints, period: int, balance: int, rate: int, since: int, until: int) -> int:
    """Interest of a balance over [since, until) of a period, billionths of a minor unit.

    Day counts by whole periods and the February-29 rule take the share of the period's days; the rule split at 31 December
    takes the share of the days left to the due date, as its source does.
    """
    if balance == 0 or rate == 0 or until <= since:
        return 0
    convention = contract[_DAY_COUNT]
    start, end = plan[period, _FROM], plan[period, _DUE]
    if convention in (_FEBRUARY, _THIRTY_360, _THIRTY_365, _THIRTY_ACTUAL) or (since == start and until == end):
        whole = mul_div(balance, rate * plan[period, _FRACTION], _NANO_SCALE, _HALF_EVEN)
        return mul_div(whole, until - since, end - start, _HALF_EVEN)
    if convention == _DECEMBER:
        whole = mul_div(balance, rate * year_fraction(since, end, convention), _NANO_SCALE, _HALF_EVEN)
        return mul_div(whole, until - since, end - since, _HALF_EVEN)
    return mul_div(balance, rate * part_fraction(contract, start, end, since, until), _NANO_SCALE, _HALF_EVEN)


@lean
def round_nano(nano: int, rule: int) -> int:
    """Billionths of a minor unit as minor units, never negative."""
    if nano <= 0:
        return 0
    return round_quotient(nano // NANO, nano % NANO, NANO, False, rule)


@lean
def add_entry(ledger: Ints, entries: int, on: int, effective_on: int, amount: int, lent: int) -> int:
    """Put one change into the ledger in order of days; returns the new number of entries."""
    if entries >= ledger.shape[0]:
        raise ValueError("the ledger scratch is too short for this loan's facts")
    place = entries
    while place > 0 and ledger[place - 1, _ON] > on:
        for column in range(ledger.shape[1]):
            ledger[place, column] = ledger[place - 1, column]
        place -= 1
    ledger[place, _ON] = on
    ledger[place, _EFFECTIVE_ON] = effective_on
    ledger[place, _AMOUNT] = amount
    ledger[place, _LENT] = lent
    return entries + 1


@lean
def _next_reset(resets: Ints, reset_count: int, day: int, until: int) -> int:
    for place in range(1, reset_count):
        if day < resets[place, _RESET_ON] < until:
            found: int = resets[place, _RESET_ON]
            return found
    return until


@lean
def _earned_once(
    contract: Ints,
    plan: Ints,
    period: int,
    ledger: Ints,
    entries: int,
    place: int,
    balance: int,
    resets: Ints,
    reset_count: int,
    unpaid: int,
    run_to: int,
    till: int,
) -> int:
    """One rounding per row: interest of the days of one period on the ledger.

    balance   Σ entries before `place`: all with ON at or before the period's first day
    unpaid    principal due and unpaid of the periods before this one
    """
    start = plan[period, _FROM]
    end = min(plan[period, _DUE], till)
    if end <= start:
        return 0
    rule = contract[_ROUNDING]
    free = period < contract[_INTEREST_FREE]
    nano = 0
    at = start
    while at < end:
        until = end
        if place < entries and ledger[place, _ON] < until:
            until = max(ledger[place, _ON], at)
        if at < run_to < until:
            until = run_to
        if reset_count > 1:
            until = _next_reset(resets, reset_count, at, until)
        if until > at:
            owed = balance if at < run_to else balance - unpaid
            rate = 0 if free else rate_on(resets, reset_count, at)
            if at == start and until == plan[period, _DUE]:
                return row_interest(max(owed, 0), rate * plan[period, _FRACTION], rule)
            nano += part_nano(contract, plan, period, max(owed, 0), rate, at, until)
        at = until
        while place < entries and ledger[place, _ON] <= at:
            balance += ledger[place, _AMOUNT]
            place += 1
    return round_nano(nano, rule)


@lean
def _ledger_sum(ledger: Ints, entries: int, day: int, column: int) -> int:
    total = 0
    for place in range(entries):
        if ledger[place, column] <= day:
            total += ledger[place, _AMOUNT]
    return total


@lean
def _next_entry(ledger: Ints, entries: int, column: int, day: int, until: int) -> int:
    for place in range(entries):
        if day < ledger[place, column] < until:
            until = ledger[place, column]
    return until


@lean
def _earned_by_parts(
    contract: Ints,
    plan: Ints,
    period: int,
    ledger: Ints,
    entries: int,
    resets: Ints,
    reset_count: int,
    unpaid: int,
    run_to: int,
    till: int,
) -> int:
    """Each part is rounded before it is added: the planned balance in parts, then what was overdue in parts."""
    start = plan[period, _FROM]
    end = min(plan[period, _DUE], till)
    rule = contract[_ROUNDING]
    total = 0
    for overdue in range(2):
        at = start
        while at < end:
            until = _next_entry(ledger, entries, _EFFECTIVE_ON, at, end)
            if overdue == 1:
                until = _next_entry(ledger, entries, _ON, at, until)
                if at < run_to < until:
                    until = run_to
            until = _next_reset(resets, reset_count, at, until)
            owed = _ledger_sum(ledger, entries, at, _EFFECTIVE_ON) - unpaid
            if overdue == 1:
                owed = _ledger_sum(ledger, entries, at, _ON) - owed if at < run_to else 0
            rate = 0 if period < contract[_INTEREST_FREE] else rate_on(resets, reset_count, at)
            total += round_nano(part_nano(contract, plan, period, max(owed, 0), rate, at, until), rule)
            at = until
    return total


@lean
def evaluate(
    contract: Ints, plan: Ints, periods: int, ledger: Ints, entries: int, resets: Ints, reset_count: int, run_to: int, till: int
) -> None:
    """Interest and principal due of every period, from its instalment, what was paid of it, and the ledger.

    run_to   until this day the ledger holds what was really owed (only where overdue principal earns interest)
    till     interest counts to this day; NEVER for all of it
    writes   Period.EARNED, INTEREST, PRINCIPAL (and INSTALLMENT where principal is agreed)
    """
    if contract[_OVERDUE_INTEREST] == 0:
        run_to = 0
    balance, place = 0, 0
    unpaid = 0
    uncollected = 0
    for period in range(periods):
        while place < entries and ledger[place, _ON] <= plan[period, _FROM]:
            balance += ledger[place, _AMOUNT]
            place += 1
        earned = 0
        if plan[period, _MOVED_AWAY] == 0:
            if contract[_ENGINE] == _CUMULATIVE:
                earned = _earned_by_parts(contract, plan, period, ledger, entries, resets, reset_count, unpaid, run_to, till)
            else:
                earned = _earned_once(
                    contract, plan, period, ledger, entries, place, balance, resets, reset_count, unpaid, run_to, till
                )
        earned += plan[period, _MOVED_HERE] + uncollected
        plan[period, _EARNED] = earned
        if plan[period, _FIXED] == 1:
            plan[period, _INSTALLMENT] = plan[period, _PLANNED] + max(earned - plan[period, _MOVED_HERE], 0)
        room = plan[period, _INSTALLMENT] + plan[period, _MOVED_HERE]
        paid_principal = plan[period, _PAID_PRINCIPAL] - plan[period, _EXTRA]
        paid_interest = plan[period, _PAID_INTEREST]
        if paid_principal > max(room - earned, 0):
            interest = paid_interest
        else:
            interest = max(min(earned, room), paid_interest)
        plan[period, _INTEREST] = interest
        plan[period, _PRINCIPAL] = max(max(room - interest, 0), paid_principal) + plan[period, _EXTRA]
        unpaid += plan[period, _PRINCIPAL] - plan[period, _PAID_PRINCIPAL]
        uncollected = earned - interest


@lean
def lent(ledger: Ints, entries: int) -> int:
    """All money lent so far, without down payments."""
    total = 0
    for place in range(entries):
        if ledger[place, _LENT] == 1:
            total += ledger[place, _AMOUNT]
    return total


@lean
def outstanding(ledger: Ints, entries: int) -> int:
    """Principal outstanding in the plan once every entry of the ledger has happened."""
    total = 0
    for place in range(entries):
        total += ledger[place, _AMOUNT]
    return total


def plan_scratch(periods: int, entries: int) -> tuple[Ints, Ints, Ints]:
    """Empty (plan, ledger, resets) for a loan of so many periods and ledger entries."""
    return (
        np.zeros((periods, PLAN_FIELDS), np.int64),
        np.zeros((entries, ENTRY_FIELDS), np.int64),
        np.zeros((entries, RESET_FIELDS), np.int64),
    )
