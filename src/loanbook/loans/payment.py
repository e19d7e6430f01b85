"""Paying one component of one row: the row, the piece that says so, and the plan that follows it."""

from loanbook.kernel import lean
from loanbook.loans.facts import Piece, Row, Total
from loanbook.loans.plan import Period, add_entry
from loanbook.loans.replan import is_paid, payable, settle
from loanbook.terms.contract import WATERFALL_STEPS, Field
from loanbook.terms.conventions import Component
from loanbook.units import NEVER, Ints

AUX_PERIOD = 0
"""Column of `aux`: the plan's period of a row; -1 a down payment, -2 a row beyond the schedule."""
AUX_PENALTY_SINCE = 1
AUX_PENALTY_NANO = 2
AUX_PENALTY_BOOKED = 3
AUX_MARK = 4
AUX_FIELDS = 5
DOWN_PAYMENT_ROW = -1
BEYOND_ROW = -2

_DUE_ON = int(Row.DUE_ON)
_PRINCIPAL = int(Row.PRINCIPAL)
_INTEREST = int(Row.INTEREST)
_FEE = int(Row.FEE)
_PENALTY = int(Row.PENALTY)
_PAID = int(Row.PAID_PRINCIPAL) - int(Row.PRINCIPAL)
_CLEARED_ON = int(Row.CLEARED_ON)
_SETTLED_ON = int(Row.SETTLED_ON)

_PIECE_ON = int(Piece.ON)
_PIECE_ROW = int(Piece.ROW)
_PIECE_FACT = int(Piece.FACT)
_PIECE_RECOVERED = int(Piece.RECOVERED)
_PIECE_SHIFT = int(Piece.PRINCIPAL) - int(Row.PRINCIPAL)

_PIECES = int(Total.PIECES)
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

_FROM = int(Period.FROM)
_DUE = int(Period.DUE)
_INSTALLMENT = int(Period.INSTALLMENT)
_REGULAR = int(Period.REGULAR)
_FIXED = int(Period.FIXED)
_PAID_PRINCIPAL = int(Period.PAID_PRINCIPAL)
_PAID_INTEREST = int(Period.PAID_INTEREST)
_EXTRA = int(Period.EXTRA)
_MOVED_HERE = int(Period.MOVED_HERE)
_PLAN_INTEREST = int(Period.INTEREST)
_PLAN_PRINCIPAL = int(Period.PRINCIPAL)
_PLAN_ROW = int(Period.ROW)

_WATERFALL = int(Field.WATERFALL)
_TOLERANCE = int(Field.ARREARS_TOLERANCE)
_OVERDUE_INTEREST = int(Field.OVERDUE_INTEREST)
_COMPONENTS = 4
_C_INTEREST = int(Component.INTEREST)
_C_PRINCIPAL = int(Component.PRINCIPAL)


@lean
def unpaid(rows: Ints, row: int) -> int:
    """What a row still owes, all components."""
    owed = 0
    for column in range(_PRINCIPAL, _PENALTY + 1):
        owed += rows[row, column] - rows[row, column + _PAID]
    return owed


@lean
def asked(rows: Ints, row: int) -> int:
    """What a row asks for, all components, paid or not."""
    found: int = rows[row, _PRINCIPAL] + rows[row, _INTEREST] + rows[row, _FEE] + rows[row, _PENALTY]
    return found


@lean
def mark_cleared(contract: Ints, rows: Ints, totals: Ints, row: int, day: int) -> None:
    """Note the day a row left arrears and the day it was settled; a row that owes again is open again.

    A row of which nothing was paid never was in arrears if it asks for no more than the tolerance: it is cleared on its due date.
    """
    owed = unpaid(rows, row)
    if owed <= contract[_TOLERANCE]:
        if rows[row, _CLEARED_ON] == NEVER:
            rows[row, _CLEARED_ON] = rows[row, _DUE_ON] if owed == asked(rows, row) else day
    else:
        rows[row, _CLEARED_ON] = NEVER
    if owed <= 0:
        if rows[row, _SETTLED_ON] == NEVER:
            rows[row, _SETTLED_ON] = day
    else:
        rows[row, _SETTLED_ON] = NEVER
        if row < totals[_FIRST_OPEN]:
            totals[_FIRST_OPEN] = row


@lean
def refresh_rows(plan: Ints, rows: Ints, totals: Ints) -> None:
    """Principal and interest due of every row, as the plan has them now.

    Where the plan does not follow payments, rows of the past stay as they were, and what was paid ahead of a change may exceed
    what a row now asks: the row keeps it. The last rows ask for so much less principal, or more. Of a loan that is paid off no
    interest is asked: it was waived.
    """
    if totals[_FOLLOWS] == 1:
        for period in range(totals[_PERIODS]):
            row = plan[period, _PLAN_ROW]
            rows[row, _PRINCIPAL] = plan[period, _PLAN_PRINCIPAL]
            rows[row, _INTEREST] = plan[period, _PLAN_INTEREST]
        return
    excess = 0
    for period in range(totals[_PERIODS]):
        row = plan[period, _PLAN_ROW]
        if rows[row, _DUE_ON] >= totals[_DAY]:
            rows[row, _PRINCIPAL] = max(plan[period, _PLAN_PRINCIPAL], rows[row, _PRINCIPAL + _PAID])
            if totals[_OUTSTANDING] > 0:
                rows[row, _INTEREST] = max(plan[period, _PLAN_INTEREST], rows[row, _INTEREST + _PAID])
        excess += rows[row, _PRINCIPAL] - plan[period, _PLAN_PRINCIPAL]
    for period in range(totals[_PERIODS] - 1, -1, -1):
        row = plan[period, _PLAN_ROW]
        less = min(excess, rows[row, _PRINCIPAL] - rows[row, _PRINCIPAL + _PAID])
        rows[row, _PRINCIPAL] -= less
        excess -= less


@lean
def piece_of(pieces: Ints, totals: Ints, row: int) -> int:
    """The piece of the fact that is booked and a row; a new one where there is none yet."""
    last = totals[_PIECES]
    for place in range(totals[_FIRST_PIECE], last):
        if pieces[place, _PIECE_ROW] == row:
            return place
    if last >= pieces.shape[0]:
        raise ValueError("the pieces scratch is too short for this loan's facts")
    for column in range(pieces.shape[1]):
        pieces[last, column] = 0
    pieces[last, _PIECE_ON] = totals[_DAY]
    pieces[last, _PIECE_ROW] = row
    pieces[last, _PIECE_FACT] = totals[_FACT]
    totals[_PIECES] = last + 1
    found: int = last
    return found


@lean
def note_piece(pieces: Ints, totals: Ints, row: int, column: int, amount: int) -> None:
    """Add an amount to the piece of this fact and row; `column` is the row's column that was paid."""
    place = piece_of(pieces, totals, row)
    pieces[place, column + _PIECE_SHIFT] += amount


@lean
def note_recovery(pieces: Ints, totals: Ints, amount: int) -> None:
    """A piece of money after charge-off."""
    place = totals[_PIECES]
    if place >= pieces.shape[0]:
        raise ValueError("the pieces scratch is too short for this loan's facts")
    pieces[place, :] = 0
    pieces[place, _PIECE_ON] = totals[_DAY]
    pieces[place, _PIECE_ROW] = -1
    pieces[place, _PIECE_FACT] = totals[_FACT]
    pieces[place, _PIECE_RECOVERED] = amount
    totals[_PIECES] = place + 1


@lean
def follow(
    contract: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    rows: Ints,
    totals: Ints,
    period: int,
    component: int,
    amount: int,
    on: int,
) -> None:
    """Tell the plan what was paid of a period, and bring the rows up to date."""
    periods = totals[_PERIODS]
    if component == _C_INTEREST:
        plan[period, _PAID_INTEREST] += amount
    else:
        plan[period, _PAID_PRINCIPAL] += amount
        effective_on = min(on, plan[period, _DUE])
        since = on if contract[_OVERDUE_INTEREST] == 1 else effective_on
        totals[_ENTRIES] = add_entry(ledger, totals[_ENTRIES], since, effective_on, -amount, 0)
        if on < plan[period, _FROM] and plan[period, _FIXED] == 0:
            _close_if_worth_regular(plan, periods, period)
    settle(contract, plan, periods, ledger, totals[_ENTRIES], resets, totals[_RESETS], totals[_RUN_TO], NEVER)
    refresh_rows(plan, rows, totals)


@lean
def _close_if_worth_regular(plan: Ints, periods: int, period: int) -> None:
    """A period paid before it began is closed once its regular instalment, or more than it asks, has been paid."""
    others = 0
    for other in range(periods):
        if not is_paid(plan, other):
            others += 1
    paid = plan[period, _PAID_PRINCIPAL] - plan[period, _EXTRA] + plan[period, _PAID_INTEREST]
    if others > 1 and (paid > plan[period, _INSTALLMENT] + plan[period, _MOVED_HERE] or paid == plan[period, _REGULAR]):
        plan[period, _INSTALLMENT] = paid - plan[period, _MOVED_HERE]


@lean
def pay(
    contract: Ints,
    rows: Ints,
    pieces: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    aux: Ints,
    totals: Ints,
    row: int,
    component: int,
    money: int,
) -> int:
    """Pay one component of one row with at most `money`; returns what it took."""
    column = _COMPONENTS - component
    period = aux[row, AUX_PERIOD]
    follows = totals[_FOLLOWS] == 1 and period >= 0 and component >= _C_INTEREST
    on = max(totals[_DAY], totals[_AHEAD_ON])
    ahead = follows and rows[row, _DUE_ON] > totals[_DAY]
    if ahead:
        principal, interest = payable(
            contract,
            plan,
            totals[_PERIODS],
            ledger,
            totals[_ENTRIES],
            resets,
            totals[_RESETS],
            totals[_RUN_TO],
            on,
            period,
        )
        rows[row, column] = interest if component == _C_INTEREST else principal
    amount = min(money, rows[row, column] - rows[row, column + _PAID])
    if amount <= 0:
        if ahead:
            refresh_rows(plan, rows, totals)
        return 0
    rows[row, column + _PAID] += amount
    if component == _C_PRINCIPAL:
        totals[_OUTSTANDING] -= amount
    note_piece(pieces, totals, row, column, amount)
    if follows:
        follow(contract, plan, ledger, resets, rows, totals, period, component, amount, on)
    else:
        mark_cleared(contract, rows, totals, row, totals[_DAY])
    found: int = amount
    return found


@lean
def pay_standing_row(contract: Ints, rows: Ints, pieces: Ints, totals: Ints, row: int, timing: int, money: int) -> int:
    """All components of one row of a schedule that stands, in the order of the waterfall; returns the money left."""
    place = -1
    for step in range(WATERFALL_STEPS):
        code = contract[_WATERFALL + step]
        if code < 0 or money <= 0:
            break
        if code // _COMPONENTS != timing:
            continue
        column = _COMPONENTS - code % _COMPONENTS
        amount = min(money, rows[row, column] - rows[row, column + _PAID])
        if amount <= 0:
            continue
        money -= amount
        rows[row, column + _PAID] += amount
        if column == _PRINCIPAL:
            totals[_OUTSTANDING] -= amount
        if place < 0:
            place = piece_of(pieces, totals, row)
        pieces[place, column + _PIECE_SHIFT] += amount
    if place >= 0:
        mark_cleared(contract, rows, totals, row, totals[_DAY])
    return money
