"""Facts that change what is owed: charges, further disbursements, rate changes."""

from loanbook.kernel import lean
from loanbook.loans.amounts import down_payment
from loanbook.loans.facts import Piece, Row, Total
from loanbook.loans.level import relevel, relevel_as_lent
from loanbook.loans.payment import AUX_FIELDS, AUX_PERIOD, BEYOND_ROW, DOWN_PAYMENT_ROW, mark_cleared, refresh_rows
from loanbook.loans.plan import Period, Reset, add_entry
from loanbook.loans.replan import period_of
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Method
from loanbook.units import NEVER, Ints

_DUE_ON = int(Row.DUE_ON)
_PRINCIPAL = int(Row.PRINCIPAL)
_CLEARED_ON = int(Row.CLEARED_ON)
_SETTLED_ON = int(Row.SETTLED_ON)
_ROW_FIELDS = len(Row)
_PIECE_ROW = int(Piece.ROW)
_ROWS = int(Total.ROWS)
_PIECES = int(Total.PIECES)
_LENT = int(Total.LENT)
_OUTSTANDING = int(Total.OUTSTANDING)
_PERIODS = int(Total.PERIODS)
_ENTRIES = int(Total.ENTRIES)
_RESETS = int(Total.RESETS)
_FOLLOWS = int(Total.FOLLOWS)
_DAY = int(Total.DAY)
_FROM = int(Period.FROM)
_DUE = int(Period.DUE)
_PLAN_ROW = int(Period.ROW)
_RESET_ON = int(Reset.ON)
_RESET_RATE = int(Reset.RATE)
_METHOD = int(Field.METHOD)
_FLAT = int(Method.FLAT)
_LISTED = int(Method.LISTED)
_DOWN_PAYMENT_PPM = int(Field.DOWN_PAYMENT_PPM)


@lean
def _insert_row(rows: Ints, pieces: Ints, plan: Ints, aux: Ints, totals: Ints, at: int, due_on: int, period: int) -> None:
    """A new row that asks for nothing yet, in its place by due date."""
    count = totals[_ROWS]
    if count >= rows.shape[0]:
        raise ValueError("the rows scratch is too short for this loan's facts")
    for row in range(count, at, -1):
        for column in range(_ROW_FIELDS):
            rows[row, column] = rows[row - 1, column]
        for column in range(AUX_FIELDS):
            aux[row, column] = aux[row - 1, column]
    for column in range(_ROW_FIELDS):
        rows[at, column] = 0
    for column in range(AUX_FIELDS):
        aux[at, column] = 0
    rows[at, _DUE_ON] = due_on
    rows[at, _CLEARED_ON] = NEVER
    rows[at, _SETTLED_ON] = NEVER
    aux[at, AUX_PERIOD] = period
    for piece in range(totals[_PIECES]):
        if pieces[piece, _PIECE_ROW] >= at:
            pieces[piece, _PIECE_ROW] += 1
    for place in range(totals[_PERIODS]):
        if plan[place, _PLAN_ROW] >= at:
            plan[place, _PLAN_ROW] += 1
    totals[_ROWS] = count + 1


@lean
def _find_due_by(rows: Ints, aux: Ints, totals: Ints, day: int) -> int:
    """The first instalment due on or after a day; -1 for none."""
    for row in range(totals[_ROWS]):
        if aux[row, AUX_PERIOD] != DOWN_PAYMENT_ROW and rows[row, _DUE_ON] >= day:
            return row
    return -1


@lean
def _row_due_by(rows: Ints, pieces: Ints, plan: Ints, aux: Ints, totals: Ints, day: int) -> int:
    """The first instalment due on or after a day; a row beyond the schedule is made when there is none."""
    found = _find_due_by(rows, aux, totals, day)
    if found >= 0:
        return found
    _insert_row(rows, pieces, plan, aux, totals, totals[_ROWS], day, BEYOND_ROW)
    last: int = totals[_ROWS] - 1
    return last


@lean
def add_charge(
    contract: Ints, rows: Ints, pieces: Ints, plan: Ints, aux: Ints, totals: Ints, due_on: int, column: int, amount: int
) -> None:
    """A fee or penalty joins the instalment in whose period it falls due; one of the past only while that is in arrears.

    A charge for the past makes nothing late on days before it was charged: where the instalment of its day left arrears, or
    lies beyond the schedule, it falls due as if it were charged for the day that is booked.
    due_on   day number; 0 and NEVER stand for the day that is booked
    column   Row.FEE or Row.PENALTY
    """
    booked = totals[_DAY]
    row = _find_due_by(rows, aux, totals, booked if due_on <= 0 or due_on == NEVER else due_on)
    if row < 0 or (rows[row, _DUE_ON] < booked and rows[row, _CLEARED_ON] != NEVER):
        row = _row_due_by(rows, pieces, plan, aux, totals, max(due_on, booked) if due_on != NEVER else booked)
    rows[row, column] += amount
    mark_cleared(contract, rows, totals, row, totals[_DAY])


@lean
def add_disbursement(
    contract: Ints,
    rows: Ints,
    pieces: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    aux: Ints,
    totals: Ints,
    rate_fraction: Ints,
    amount: int,
) -> None:
    """A further disbursement: its down payment is due at once, the rest joins the instalments still to come."""
    day = totals[_DAY]
    totals[_LENT] += amount
    totals[_OUTSTANDING] += amount
    if contract[_METHOD] == _LISTED:
        return
    if contract[_METHOD] == _FLAT:
        raise ValueError("a loan at flat interest takes no further disbursement; list its schedule instead")
    rest = amount
    if contract[_DOWN_PAYMENT_PPM] > 0:
        at = 0
        while at < totals[_ROWS] and (rows[at, _DUE_ON] < day or aux[at, AUX_PERIOD] == DOWN_PAYMENT_ROW):
            at += 1
        _insert_row(rows, pieces, plan, aux, totals, at, day, DOWN_PAYMENT_ROW)
        rows[at, _PRINCIPAL] = down_payment(contract, amount)
        rest -= rows[at, _PRINCIPAL]
    periods = totals[_PERIODS]
    first = period_of(plan, periods, day)
    if first >= periods:
        row = _row_due_by(rows, pieces, plan, aux, totals, day)
        rows[row, _PRINCIPAL] += rest
        for row in range(totals[_ROWS]):
            mark_cleared(contract, rows, totals, row, day)
        return
    if plan[first, _DUE] == day and first < periods - 1:
        first += 1
    totals[_ENTRIES] = add_entry(ledger, totals[_ENTRIES], day, day, rest, 1)
    run_to = day if totals[_FOLLOWS] == 1 else 0
    relevel_as_lent(contract, plan, periods, ledger, totals[_ENTRIES], resets, totals[_RESETS], run_to, first, rate_fraction)
    refresh_rows(plan, rows, totals)
    for row in range(totals[_ROWS]):
        mark_cleared(contract, rows, totals, row, day)


@lean
def change_rate(
    contract: Ints,
    rows: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    totals: Ints,
    rate_fraction: Ints,
    on: int,
    rate_annual: int,
) -> None:
    """A new annual rate from a day on, perhaps after the one that is booked; the instalments to come are levelled anew."""
    if contract[_METHOD] == _FLAT:
        raise ValueError("a loan at flat interest takes no rate change; list its schedule instead")
    day, periods = totals[_DAY], totals[_PERIODS]
    place = totals[_RESETS]
    if place >= resets.shape[0]:
        raise ValueError("the resets scratch is too short for this loan's facts")
    resets[place, _RESET_ON] = on
    resets[place, _RESET_RATE] = rate_annual
    totals[_RESETS] = place + 1
    first = period_of(plan, periods, on)
    if first >= periods:
        return
    if plan[first, _DUE] == on and first < periods - 1:
        first += 1
    run_to = day if totals[_FOLLOWS] == 1 else 0
    relevel(
        contract,
        plan,
        periods,
        ledger,
        totals[_ENTRIES],
        resets,
        totals[_RESETS],
        run_to,
        first,
        plan[first, _FROM],
        rate_fraction,
    )
    refresh_rows(plan, rows, totals)
    for row in range(totals[_ROWS]):
        mark_cleared(contract, rows, totals, row, day)
