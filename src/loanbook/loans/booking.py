"""The account kernel: one loan's facts, in canonical order, become rows and pieces.

`book` is a pure function of (contract row, drawdown, facts, as_of, known_on): it is told everything and keeps nothing. Facts of
a day are taken in the order of `FactKind`, so it does not matter in which order they arrived; a reversed fact is left out, as
if it had never happened. A close calls it for every irregular loan with the same scratch; one loan is the same call.
"""

from loanbook.kernel import lean
from loanbook.loans.accrual import accrue_penalties
from loanbook.loans.allocation import allocate, allocate_standing, stands
from loanbook.loans.changes import add_charge, add_disbursement, change_rate
from loanbook.loans.facts import Fact, FactKind, Row, Total
from loanbook.loans.level import start_plan
from loanbook.loans.payment import AUX_FIELDS, AUX_PERIOD, DOWN_PAYMENT_ROW, asked, mark_cleared, note_recovery, refresh_rows
from loanbook.loans.payoff import (
    SCHEDULE_DUE_ON,
    SCHEDULE_FEE,
    SCHEDULE_INTEREST,
    SCHEDULE_PERIOD_END,
    SCHEDULE_PRINCIPAL,
    extra_principal,
    payoff_amount,
    period_end,
    waive_interest,
)
from loanbook.loans.plan import Period, add_entry
from loanbook.loans.replan import settle
from loanbook.loans.visible import activate, find_drawdown
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Excess, Method, Payoff
from loanbook.units import NEVER, Ints

_F_ON = int(Fact.ON)
_F_KIND = int(Fact.KIND)
_F_AMOUNT = int(Fact.AMOUNT)
_F_DETAIL = int(Fact.DETAIL)
_F_ACTIVE = int(Fact.ACTIVE)
_F_HELD = int(Fact.HELD)
_DISBURSEMENT = int(FactKind.DISBURSEMENT)
_CHARGE_FEE = int(FactKind.CHARGE_FEE)
_CHARGE_PENALTY = int(FactKind.CHARGE_PENALTY)
_RATE = int(FactKind.RATE)
_DOWN_PAYMENT = int(FactKind.DOWN_PAYMENT)
_PAYOFF_FACT = int(FactKind.PAYOFF)
_RECOVERY = int(FactKind.RECOVERY)
_CHARGE_OFF = int(FactKind.CHARGE_OFF)
_CANCELLATION = int(FactKind.CANCELLATION)
_REVERSAL = int(FactKind.REVERSAL)

_DUE_ON = int(Row.DUE_ON)
_PRINCIPAL = int(Row.PRINCIPAL)
_INTEREST = int(Row.INTEREST)
_FEE = int(Row.FEE)
_PENALTY = int(Row.PENALTY)
_CLEARED_ON = int(Row.CLEARED_ON)
_SETTLED_ON = int(Row.SETTLED_ON)
_ROW_FIELDS = len(Row)

_ROWS = int(Total.ROWS)
_PIECES = int(Total.PIECES)
_LENT = int(Total.LENT)
_RECEIVED = int(Total.RECEIVED)
_UNAPPLIED = int(Total.UNAPPLIED)
_RECOVERED = int(Total.RECOVERED)
_CHARGED_OFF_ON = int(Total.CHARGED_OFF_ON)
_CHARGED_OFF = int(Total.CHARGED_OFF)
_CANCELLED_ON = int(Total.CANCELLED_ON)
_OUTSTANDING = int(Total.OUTSTANDING)
_PERIODS = int(Total.PERIODS)
_ENTRIES = int(Total.ENTRIES)
_RESETS = int(Total.RESETS)
_FOLLOWS = int(Total.FOLLOWS)
_RUN_TO = int(Total.RUN_TO)
_DAY = int(Total.DAY)
_AHEAD_ON = int(Total.AHEAD_ON)
_FACT = int(Total.FACT)
_FIRST_PIECE = int(Total.FIRST_PIECE)
_FIRST_OPEN = int(Total.FIRST_OPEN)
_TOTALS = len(Total)

_PLAN_ROW = int(Period.ROW)
_METHOD = int(Field.METHOD)
_RECALCULATE = int(Field.RECALCULATE)
_PAYOFF = int(Field.PAYOFF)
_TOLERANCE = int(Field.ARREARS_TOLERANCE)
_PENALTY_RATE_ANNUAL = int(Field.PENALTY_RATE_ANNUAL)
_EXCESS = int(Field.EXCESS)
_DOWN_PAYMENT_PPM = int(Field.DOWN_PAYMENT_PPM)
_LISTED = int(Method.LISTED)
_FLAT = int(Method.FLAT)
_FEWER = int(Excess.FEWER)
_TO_PERIOD_END = int(Payoff.TO_PERIOD_END)
_ALL_SCHEDULED = int(Payoff.ALL_SCHEDULED)


@lean
def _is_payment(kind: int) -> bool:
    return _DOWN_PAYMENT <= kind <= _PAYOFF_FACT


@lean
def _start_rows(contract: Ints, schedule: Ints, schedule_rows: int, rows: Ints, aux: Ints, totals: Ints) -> int:
    first = 1 if contract[_DOWN_PAYMENT_PPM] > 0 and contract[_METHOD] != _LISTED else 0
    for row in range(schedule_rows):
        for column in range(_ROW_FIELDS):
            rows[row, column] = 0
        for column in range(AUX_FIELDS):
            aux[row, column] = 0
        rows[row, _DUE_ON] = schedule[SCHEDULE_DUE_ON, row]
        rows[row, _PRINCIPAL] = schedule[SCHEDULE_PRINCIPAL, row]
        rows[row, _INTEREST] = schedule[SCHEDULE_INTEREST, row]
        rows[row, _FEE] = schedule[SCHEDULE_FEE, row]
        rows[row, _CLEARED_ON] = rows[row, _DUE_ON] if asked(rows, row) <= contract[_TOLERANCE] else NEVER
        rows[row, _SETTLED_ON] = NEVER
        aux[row, AUX_PERIOD] = row - first if row >= first else DOWN_PAYMENT_ROW
    totals[_ROWS] = schedule_rows
    return first


@lean
def _replan(contract: Ints, plan: Ints, ledger: Ints, resets: Ints, rows: Ints, totals: Ints, run_to: int) -> None:
    totals[_RUN_TO] = run_to
    settle(contract, plan, totals[_PERIODS], ledger, totals[_ENTRIES], resets, totals[_RESETS], run_to, NEVER)
    refresh_rows(plan, rows, totals)


@lean
def _mark_replanned(contract: Ints, rows: Ints, totals: Ints, day: int) -> None:
    """What a plan lets a row ask for by a day: after its due date that changes no more, so it was cleared by then."""
    for row in range(totals[_ROWS]):
        mark_cleared(contract, rows, totals, row, min(day, rows[row, _DUE_ON]))


@lean
def _receive(
    contract: Ints,
    schedule: Ints,
    disbursed_on: int,
    rows: Ints,
    pieces: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    aux: Ints,
    totals: Ints,
    rate_fraction: Ints,
    money: int,
    pays_off: bool,
) -> int:
    """Allocate money of the fact that is booked; returns what found nothing to pay."""
    follows = totals[_FOLLOWS] == 1
    reshapes = follows and contract[_EXCESS] >= _FEWER
    ends = False
    if totals[_OUTSTANDING] > 0 and (pays_off or money >= totals[_OUTSTANDING]) and contract[_PAYOFF] != _ALL_SCHEDULED:
        owed = payoff_amount(contract, schedule, disbursed_on, rows, plan, ledger, resets, aux, totals)
        if money >= owed:
            ends = True
            if not follows:
                waive_interest(contract, schedule, disbursed_on, rows, aux, totals)
            elif contract[_PAYOFF] == _TO_PERIOD_END:
                totals[_AHEAD_ON] = period_end(plan, totals, totals[_DAY])
                _replan(contract, plan, ledger, resets, rows, totals, totals[_AHEAD_ON])
    left = allocate(contract, rows, pieces, plan, ledger, resets, aux, totals, money, ends or not reshapes)
    if ends and follows:
        # Paid from the last row back, a row that was passed may get the rounding of those after it: go round again.
        before = money
        while 0 < left < before and totals[_OUTSTANDING] > 0:
            before = left
            left = allocate(contract, rows, pieces, plan, ledger, resets, aux, totals, left, True)
    if left > 0 and reshapes and not ends:
        left = extra_principal(contract, rows, pieces, plan, ledger, resets, totals, rate_fraction, left)
    if follows:
        for row in range(totals[_ROWS]):
            mark_cleared(contract, rows, totals, row, totals[_DAY])
    return left


@lean
def _apply_held(
    contract: Ints,
    schedule: Ints,
    disbursed_on: int,
    facts: Ints,
    until: int,
    rows: Ints,
    pieces: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    aux: Ints,
    totals: Ints,
    rate_fraction: Ints,
) -> None:
    """Money that was held pays what has newly become owed, oldest payment first."""
    for fact in range(until):
        held = facts[fact, _F_HELD]
        if held > 0:
            totals[_FACT] = fact
            totals[_FIRST_PIECE] = totals[_PIECES]
            left = _receive(
                contract,
                schedule,
                disbursed_on,
                rows,
                pieces,
                plan,
                ledger,
                resets,
                aux,
                totals,
                rate_fraction,
                held,
                False,
            )
            facts[fact, _F_HELD] = left
            totals[_UNAPPLIED] -= held - left


@lean
def book(
    contract: Ints,
    principal_fen: int,
    disbursed_on: int,
    schedule: Ints,
    schedule_rows: int,
    regular: int,
    facts: Ints,
    count: int,
    as_of: int,
    known_on: int,
    rows: Ints,
    pieces: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    aux: Ints,
    rate_fraction: Ints,
    totals: Ints,
) -> None:
    """The account of one loan.

    contract         (FIELDS,) int64
    schedule         (SCHEDULE_FIELDS, most rows) int64: the contractual schedule, `schedule_rows` of it
    regular          the level instalment before smoothing; 0 for other methods
    facts            (count or more, len(Fact)) int64 in canonical order (`accounts.sort_facts`); ACTIVE and HELD are written
    as_of, known_on  a fact is visible when it happened by as_of and was recorded by known_on
    rows             (most rows, len(Row)) int64, written: totals[ROWS] of them, ascending by DUE_ON
    pieces           (most pieces, len(Piece)) int64, written: totals[PIECES] of them, ascending by ON
    plan, ledger, resets, aux, rate_fraction   scratch: `accounts.scratch` makes them all
    totals           (len(Total),) int64, written
    raises           ValueError when the scratch is too short or a reversal names no fact; OverflowError
    rounding         the contract's rule: once a row (progressive) or once a part (cumulative)
    source           product terms; twin tests/reference/account.py
    """
    for place in range(_TOTALS):
        totals[place] = 0
    totals[_CHARGED_OFF_ON] = NEVER
    totals[_CANCELLED_ON] = NEVER
    activate(facts, count, as_of, known_on)
    drawdown = find_drawdown(facts, count, principal_fen, disbursed_on)
    if disbursed_on > as_of or (drawdown >= 0 and facts[drawdown, _F_ACTIVE] == 0):
        for fact in range(count):
            if facts[fact, _F_ACTIVE] == 1 and (_is_payment(facts[fact, _F_KIND]) or facts[fact, _F_KIND] == _RECOVERY):
                totals[_RECEIVED] += facts[fact, _F_AMOUNT]
                totals[_UNAPPLIED] += facts[fact, _F_AMOUNT]
                facts[fact, _F_HELD] = facts[fact, _F_AMOUNT]
        return
    first = _start_rows(contract, schedule, schedule_rows, rows, aux, totals)
    totals[_LENT] = principal_fen
    totals[_OUTSTANDING] = principal_fen
    listed = contract[_METHOD] == _LISTED
    totals[_FOLLOWS] = 1 if contract[_RECALCULATE] == 1 and not listed and contract[_METHOD] != _FLAT else 0
    planned = totals[_FOLLOWS] == 1
    for fact in range(count):
        kind = facts[fact, _F_KIND]
        if facts[fact, _F_ACTIVE] == 1 and not listed and fact != drawdown and kind in (_DISBURSEMENT, _RATE):
            planned = True
    if planned:
        totals[_PERIODS] = start_plan(
            contract,
            disbursed_on,
            schedule[SCHEDULE_PERIOD_END],
            schedule[SCHEDULE_PRINCIPAL],
            schedule[SCHEDULE_INTEREST],
            first,
            schedule_rows,
            regular,
            plan,
            resets,
        )
        totals[_RESETS] = 1
        for period in range(totals[_PERIODS]):
            plan[period, _PLAN_ROW] = period + first
        amortized = principal_fen - (rows[0, _PRINCIPAL] if first == 1 else 0)
        totals[_ENTRIES] = add_entry(ledger, 0, disbursed_on, disbursed_on, amortized, 1)
    standing = stands(contract, totals)
    late_charges = contract[_PENALTY_RATE_ANNUAL] != 0
    for fact in range(count):
        kind = facts[fact, _F_KIND]
        if facts[fact, _F_ACTIVE] == 0 or kind == _REVERSAL or fact == drawdown:
            continue
        day = min(facts[fact, _F_ON], as_of)
        amount = facts[fact, _F_AMOUNT]
        written_off = totals[_CHARGED_OFF_ON] != NEVER or totals[_CANCELLED_ON] != NEVER
        totals[_FACT] = fact
        totals[_FIRST_PIECE] = totals[_PIECES]
        totals[_AHEAD_ON] = 0
        if not written_off:
            if late_charges:
                accrue_penalties(contract, rows, aux, totals, day)
            if totals[_FOLLOWS] == 1 and (day != totals[_DAY] or totals[_RUN_TO] != day):
                totals[_DAY] = day
                _replan(contract, plan, ledger, resets, rows, totals, day)
                _mark_replanned(contract, rows, totals, day)
        totals[_DAY] = day
        if kind == _RECOVERY or (written_off and _is_payment(kind)):
            totals[_RECEIVED] += amount
            totals[_RECOVERED] += amount
            note_recovery(pieces, totals, amount)
        elif _is_payment(kind):
            pays_off = kind == _PAYOFF_FACT
            if pays_off and amount == 0:
                amount = payoff_amount(contract, schedule, disbursed_on, rows, plan, ledger, resets, aux, totals)
            totals[_RECEIVED] += amount
            if standing and not pays_off and amount < totals[_OUTSTANDING]:
                left = allocate_standing(contract, rows, pieces, totals, amount)
            else:
                left = _receive(
                    contract,
                    schedule,
                    disbursed_on,
                    rows,
                    pieces,
                    plan,
                    ledger,
                    resets,
                    aux,
                    totals,
                    rate_fraction,
                    amount,
                    pays_off,
                )
            facts[fact, _F_HELD] = left
            totals[_UNAPPLIED] += left
        elif kind == _CHARGE_OFF:
            if not written_off:
                totals[_CHARGED_OFF_ON] = day
                totals[_CHARGED_OFF] = amount if amount > 0 else totals[_OUTSTANDING]
        elif kind == _CANCELLATION:
            if not written_off:
                totals[_CANCELLED_ON] = day
        elif not written_off or kind == _DISBURSEMENT:
            if kind == _CHARGE_FEE:
                add_charge(contract, rows, pieces, plan, aux, totals, facts[fact, _F_DETAIL], _FEE, amount)
            elif kind == _CHARGE_PENALTY:
                add_charge(contract, rows, pieces, plan, aux, totals, facts[fact, _F_DETAIL], _PENALTY, amount)
            elif kind == _DISBURSEMENT:
                add_disbursement(contract, rows, pieces, plan, ledger, resets, aux, totals, rate_fraction, amount)
            elif kind == _RATE and not listed:
                change_rate(contract, rows, plan, ledger, resets, totals, rate_fraction, facts[fact, _F_ON], amount)
            # A rate change may be booked before its day: held money pays what it makes owed on that day.
            if totals[_UNAPPLIED] > 0 and not written_off and day == facts[fact, _F_ON]:
                _apply_held(
                    contract,
                    schedule,
                    disbursed_on,
                    facts,
                    fact,
                    rows,
                    pieces,
                    plan,
                    ledger,
                    resets,
                    aux,
                    totals,
                    rate_fraction,
                )
    if totals[_CHARGED_OFF_ON] == NEVER and totals[_CANCELLED_ON] == NEVER:
        accrue_penalties(contract, rows, aux, totals, as_of)
        if totals[_FOLLOWS] == 1:
            totals[_DAY] = as_of
            _replan(contract, plan, ledger, resets, rows, totals, as_of)
            _mark_replanned(contract, rows, totals, as_of)
    _finish(rows, totals)


@lean
def _finish(rows: Ints, totals: Ints) -> None:
    """Rows that ask for nothing are cleared on their day; those that vanished from the end are dropped."""
    while totals[_ROWS] > 1 and totals[_PERIODS] > 0 and asked(rows, totals[_ROWS] - 1) == 0:
        totals[_ROWS] -= 1
    for row in range(totals[_ROWS]):
        if asked(rows, row) == 0:
            rows[row, _CLEARED_ON] = rows[row, _DUE_ON]
            rows[row, _SETTLED_ON] = rows[row, _DUE_ON]
