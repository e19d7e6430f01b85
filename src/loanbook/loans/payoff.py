"""What it costs to end a loan on a day, and principal repaid ahead that makes instalments fewer or smaller."""

from loanbook.kernel import lean
from loanbook.loans.compact import payoff_interest
from loanbook.loans.facts import Row, Total
from loanbook.loans.level import relevel
from loanbook.loans.payment import AUX_PERIOD, mark_cleared, note_piece, refresh_rows, unpaid
from loanbook.loans.plan import Period, add_entry
from loanbook.loans.replan import payoff_of_plan, period_of, restore, save, settle
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Excess, Method, Payoff
from loanbook.units import NEVER, Ints, mul_div

SCHEDULE_DUE_ON = 0
SCHEDULE_PERIOD_END = 1
SCHEDULE_PRINCIPAL = 2
SCHEDULE_INTEREST = 3
SCHEDULE_FEE = 4
SCHEDULE_FIELDS = 5
"""Rows of `schedule`, (SCHEDULE_FIELDS, most rows) int64: shifted due date, unshifted period end, amounts."""

_DUE_ON = int(Row.DUE_ON)
_PRINCIPAL = int(Row.PRINCIPAL)
_INTEREST = int(Row.INTEREST)
_PAID_PRINCIPAL = int(Row.PAID_PRINCIPAL)
_PAID_INTEREST = int(Row.PAID_INTEREST)
_ROWS = int(Total.ROWS)
_OUTSTANDING = int(Total.OUTSTANDING)
_PERIODS = int(Total.PERIODS)
_ENTRIES = int(Total.ENTRIES)
_RESETS = int(Total.RESETS)
_FOLLOWS = int(Total.FOLLOWS)
_RUN_TO = int(Total.RUN_TO)
_DAY = int(Total.DAY)
_DUE = int(Period.DUE)
_EXTRA = int(Period.EXTRA)
_PLAN_PAID_PRINCIPAL = int(Period.PAID_PRINCIPAL)
_PLAN_ROW = int(Period.ROW)
_PLAN_INTEREST = int(Period.INTEREST)
_PIECE_PRINCIPAL = int(Row.PRINCIPAL)
_METHOD = int(Field.METHOD)
_PAYOFF = int(Field.PAYOFF)
_EXCESS = int(Field.EXCESS)
_ROUNDING = int(Field.ROUNDING)
_DOWN_PAYMENT_PPM = int(Field.DOWN_PAYMENT_PPM)
_LISTED = int(Method.LISTED)
_SMALLER = int(Excess.SMALLER)
_TO_PERIOD_END = int(Payoff.TO_PERIOD_END)
_ALL_SCHEDULED = int(Payoff.ALL_SCHEDULED)


@lean
def period_end(plan: Ints, totals: Ints, day: int) -> int:
    """The due date of the plan's current period; the day itself after the last."""
    period = period_of(plan, totals[_PERIODS], day)
    return plan[period, _DUE] if period < totals[_PERIODS] else day


@lean
def _interest_by(
    contract: Ints, schedule: Ints, disbursed_on: int, rows: Ints, aux: Ints, totals: Ints, row: int, day: int
) -> int:
    """Interest of a row whose schedule stands that the days up to a day have earned: all of it when the row is due."""
    interest = rows[row, _INTEREST]
    period = aux[row, AUX_PERIOD]
    if rows[row, _DUE_ON] <= day or period < 0:
        found: int = interest
        return found
    place = period + (1 if contract[_DOWN_PAYMENT_PPM] > 0 else 0)
    start = disbursed_on if place == 0 else schedule[SCHEDULE_PERIOD_END, place - 1]
    end = schedule[SCHEDULE_PERIOD_END, place]
    if day <= start:
        return 0
    return interest if day >= end else mul_div(interest, day - start, end - start, contract[_ROUNDING])


@lean
def _interest_to(
    contract: Ints, schedule: Ints, disbursed_on: int, rows: Ints, aux: Ints, totals: Ints, row: int, day: int
) -> int:
    """Interest of a row that is owed when the loan ends on a day and its schedule stands."""
    interest = rows[row, _INTEREST]
    period = aux[row, AUX_PERIOD]
    if contract[_PAYOFF] == _ALL_SCHEDULED or rows[row, _DUE_ON] <= day or period < 0:
        found: int = interest
        return found
    place = period + (1 if contract[_DOWN_PAYMENT_PPM] > 0 else 0)
    start = disbursed_on if place == 0 else schedule[SCHEDULE_PERIOD_END, place - 1]
    end = schedule[SCHEDULE_PERIOD_END, place]
    if day <= start:
        return 0
    if contract[_METHOD] == _LISTED or totals[_PERIODS] > 0:
        if contract[_PAYOFF] == _TO_PERIOD_END or day >= end:
            found = interest
            return found
        return mul_div(interest, day - start, end - start, contract[_ROUNDING])
    balance = 0
    for later in range(row, totals[_ROWS]):
        balance += rows[later, _PRINCIPAL]
    # Never more than the row asks for: an earlier payoff waived the rest of it.
    found = min(interest, payoff_interest(contract, balance, start, end, place, interest, day))
    return found


@lean
def payoff_amount(
    contract: Ints,
    schedule: Ints,
    disbursed_on: int,
    rows: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    aux: Ints,
    totals: Ints,
) -> int:
    """Everything owed when the loan ends on the day that is booked: principal, interest by Field.PAYOFF, charges.

    The plan and the rows are as before; money already paid ahead is counted.
    """
    day = totals[_DAY]
    follows = totals[_FOLLOWS] == 1
    owed = 0
    for row in range(totals[_ROWS]):
        owed += unpaid(rows, row)
        planned = follows and aux[row, AUX_PERIOD] >= 0
        if planned:
            owed -= rows[row, _PRINCIPAL] - rows[row, _PAID_PRINCIPAL] + rows[row, _INTEREST] - rows[row, _PAID_INTEREST]
        else:
            interest = _interest_to(contract, schedule, disbursed_on, rows, aux, totals, row, day)
            owed -= rows[row, _INTEREST] - max(interest, rows[row, _PAID_INTEREST])
    if follows:
        till, run_to = day, day
        if contract[_PAYOFF] == _TO_PERIOD_END:
            till = period_end(plan, totals, day)
            run_to = till
        owed += payoff_of_plan(contract, plan, totals[_PERIODS], ledger, totals[_ENTRIES], resets, totals[_RESETS], run_to, till)
    return owed


@lean
def accrued_of_account(
    contract: Ints,
    schedule: Ints,
    disbursed_on: int,
    rows: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    aux: Ints,
    totals: Ints,
    as_of: int,
) -> int:
    """All interest earned from the start to a day, paid or not: whole rows, and the current period's days, rounded per row."""
    earned = 0
    if totals[_FOLLOWS] == 1:
        till = as_of if as_of < plan[totals[_PERIODS] - 1, _DUE] else NEVER
        save(plan, totals[_PERIODS])
        settle(contract, plan, totals[_PERIODS], ledger, totals[_ENTRIES], resets, totals[_RESETS], as_of, till)
        for period in range(totals[_PERIODS]):
            earned += plan[period, _PLAN_INTEREST]
        restore(plan, totals[_PERIODS])
    for row in range(totals[_ROWS]):
        if totals[_FOLLOWS] == 0 or aux[row, AUX_PERIOD] < 0:
            earned += max(
                _interest_by(contract, schedule, disbursed_on, rows, aux, totals, row, as_of), rows[row, _PAID_INTEREST]
            )
    return earned


@lean
def waive_interest(contract: Ints, schedule: Ints, disbursed_on: int, rows: Ints, aux: Ints, totals: Ints) -> None:
    """The loan ends on the day that is booked: rows not yet due keep only the interest owed to it."""
    for row in range(totals[_ROWS] - 1, -1, -1):
        interest = _interest_to(contract, schedule, disbursed_on, rows, aux, totals, row, totals[_DAY])
        rows[row, _INTEREST] = max(interest, rows[row, _PAID_INTEREST])
        mark_cleared(contract, rows, totals, row, totals[_DAY])


@lean
def extra_principal(
    contract: Ints,
    rows: Ints,
    pieces: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    totals: Ints,
    rate_fraction: Ints,
    money: int,
) -> int:
    """Repay principal ahead under the excess rules `fewer` and `smaller`; returns the money left.

    It is booked on the row due that day, else on the next one, which then asks for that much more and has it paid.
    """
    day, periods = totals[_DAY], totals[_PERIODS]
    owed = 0
    for period in range(periods):
        row = plan[period, _PLAN_ROW]
        owed += rows[row, _PRINCIPAL] - rows[row, _PAID_PRINCIPAL]
    amount = min(money, owed)
    period = period_of(plan, periods, day)
    if amount <= 0 or period >= periods:
        return money
    row = plan[period, _PLAN_ROW]
    plan[period, _EXTRA] += amount
    plan[period, _PLAN_PAID_PRINCIPAL] += amount
    totals[_ENTRIES] = add_entry(ledger, totals[_ENTRIES], day, day, -amount, 0)
    rows[row, _PAID_PRINCIPAL] += amount
    totals[_OUTSTANDING] -= amount
    note_piece(pieces, totals, row, _PIECE_PRINCIPAL, amount)
    first = period + 1 if plan[period, _DUE] == day else period
    if contract[_EXCESS] == _SMALLER and first < periods:
        relevel(
            contract,
            plan,
            periods,
            ledger,
            totals[_ENTRIES],
            resets,
            totals[_RESETS],
            totals[_RUN_TO],
            first,
            NEVER,
            rate_fraction,
        )
    else:
        settle(contract, plan, periods, ledger, totals[_ENTRIES], resets, totals[_RESETS], totals[_RUN_TO], NEVER)
    refresh_rows(plan, rows, totals)
    return money - amount
