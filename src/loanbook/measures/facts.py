"""The one measure body: it walks a decoded loan once, month by month, and adds to the cells of every family.

Days are compared at their end: money of a day is in, `dpd` is the day less the due date of the oldest instalment unpaid then.
A loan is more than n days past due for the first time on day due + n + 1, if that instalment is unpaid when that day ends.
"""

from enum import IntEnum

from loanbook.kernel import lean
from loanbook.loans.dates import month_index
from loanbook.loans.history import ADJUSTED, OUTSIDE, Due, End, Paid
from loanbook.loans.reported import NOT_SEEN
from loanbook.terms.families import BUCKETS, DRAWDOWNS, INSTALMENTS, STATES
from loanbook.units import Ints


class Clock(IntEnum):
    """Columns of `clock`, (len(Clock),) int64: the window and the sizes of the space."""

    FIRST_MONTH = 0
    MONTHS = 1
    AS_OF = 2
    OBSERVED_TO = 3
    KNOWN_ON = 4
    TENORS = 5
    PERIOD_START = 6
    """First day of the period that is booked; read by `measures.ledger` alone."""
    LAST_ON = 7
    """The day of the close before, `passes.NO_CLOSE` for none; read by `measures.ledger` alone."""


class Trait(IntEnum):
    """Columns of `loan`, (len(Trait),) int64: where a loan stands in the dimensions."""

    GROUP = 0
    VINTAGE = 1
    """Month of origination, counted from the window's first."""
    TENOR = 2
    """Position among the space's tenors."""
    TENOR_MONTHS = 3
    DRAWDOWN = 4
    """0 unknown, 1 the borrower's first, 2 repeat."""
    REPORTED = 5
    """1: balances and days past due are those of a tape (`stated`), payment days are not known."""
    POOL = 6
    """Which cells it adds to, and a probe looks through: the group again where it is measured, its pool where it is booked."""
    SERVED_POOL = 7
    """Of a loan lent jointly the pool that the other lenders' part is booked in; else `POOL` again."""


COLLECTION_DAYS = 30
"""Days in which overdue principal must come in to count as collected (DOMAIN section 5, "one month")."""
OVER_30 = 30
OVER_180 = 180

_FIRST_MONTH = int(Clock.FIRST_MONTH)
_MONTHS = int(Clock.MONTHS)
_AS_OF = int(Clock.AS_OF)
_OBSERVED_TO = int(Clock.OBSERVED_TO)
_TENORS = int(Clock.TENORS)
_GROUP = int(Trait.GROUP)
_VINTAGE = int(Trait.VINTAGE)
_TENOR = int(Trait.TENOR)
_TENOR_MONTHS = int(Trait.TENOR_MONTHS)
_DRAWDOWN = int(Trait.DRAWDOWN)
_REPORTED = int(Trait.REPORTED)
_ON = int(Due.ON)
_PRINCIPAL = int(Due.PRINCIPAL)
_CLEARED_ON = int(Due.CLEARED_ON)
_PAID_ON = int(Paid.ON)
_PAID_DUE = int(Paid.DUE)
_PAID_PRINCIPAL = int(Paid.PRINCIPAL)
_PAID_INTEREST = int(Paid.INTEREST)
_RECOVERED = int(Paid.RECOVERED)
_OPENED_ON = int(End.OPENED_ON)
_OPENED_BALANCE = int(End.OPENED_BALANCE)
_CHARGED_OFF_ON = int(End.CHARGED_OFF_ON)
_CHARGED_OFF = int(End.CHARGED_OFF)
_ORIGINAL = int(End.ORIGINAL)

_BUCKETS = len(BUCKETS)
_STATES = len(STATES)
_DRAWDOWNS = len(DRAWDOWNS)
_INSTALMENTS = len(INSTALMENTS)
_BUCKET_OVER_180 = BUCKETS.index("181+")
_BUCKET_CHARGED_OFF = BUCKETS.index("charged_off")
_BUCKET_UNKNOWN = BUCKETS.index("unknown")
_BUCKET_DAYS = 30
_EVER = -(1 << 62)
_REPAID = STATES.index("repaid")
_FIRST_DRAWDOWN = DRAWDOWNS.index("first")


@lean
def bucket_of(dpd: int) -> int:
    """The position among `families.BUCKETS` of days past due: 0, 1-30, ..., 151-180, 181 and more."""
    if dpd > OVER_180:
        return _BUCKET_OVER_180
    return (dpd + _BUCKET_DAYS - 1) // _BUCKET_DAYS


@lean
def first_instalment(due: Ints, rows: int, opened_on: int) -> int:
    """The row of the first instalment: a down payment on the day of disbursement is none."""
    return 1 if rows > 1 and due[0, _ON] <= opened_on else 0


@lean
def _paid_on_row(paid: Ints, pieces: int, row: int, since: int, until: int) -> int:
    """Principal paid on a row in the days (since, until]."""
    total = 0
    for piece in range(pieces):
        if paid[piece, _PAID_ON] > until:
            break
        if paid[piece, _PAID_DUE] == row and paid[piece, _PAID_ON] > since:
            total += paid[piece, _PAID_PRINCIPAL]
    return total


@lean
def _owed_at(paid: Ints, pieces: int, ends: Ints, day: int) -> int:
    """Principal not repaid at the end of a day, written off or not."""
    owed: int = ends[_OPENED_BALANCE]
    for piece in range(pieces):
        if paid[piece, _PAID_ON] > day:
            break
        owed -= paid[piece, _PAID_PRINCIPAL]
    return owed


@lean
def add_collected(
    due: Ints,
    row: int,
    amount: int,
    fell_behind: bool,
    paid: Ints,
    pieces: int,
    loan: Ints,
    clock: Ints,
    month: int,
    first: int,
    due_cells: Ints,
) -> None:
    """What became of one row in the 30 days after its due date, if they are over by `observed_to`.

    amount        principal of the row that was still to fall due when its month began
    fell_behind   whether the loan became overdue with this row: unpaid when its due date ended, and nothing older was
    """
    on = due[row, _ON]
    if on + COLLECTION_DAYS > clock[_OBSERVED_TO]:
        return
    cell = (loan[_GROUP] * clock[_MONTHS] + month) * _INSTALMENTS + first
    due_cells[cell, 2] += amount
    if fell_behind:
        before = _paid_on_row(paid, pieces, row, _EVER, on)
        due_cells[cell, 3] += due[row, _PRINCIPAL] - before
        due_cells[cell, 4] += _paid_on_row(paid, pieces, row, on, on + COLLECTION_DAYS)


@lean
def measure_collection(
    due: Ints, rows: int, paid: Ints, pieces: int, ends: Ints, loan: Ints, clock: Ints, calendar_ends: Ints, due_cells: Ints
) -> None:
    """The look-ahead columns of the family due alone, from a history decoded up to `observed_to`.

    For loans whose facts after `as_of` change more than payments, so that they are decoded twice; see `measure_loan`.
    """
    first_row = first_instalment(due, rows, ends[_OPENED_ON])
    behind_until = _EVER
    for row in range(rows):
        on = due[row, _ON]
        if on > clock[_AS_OF] or on > ends[_CHARGED_OFF_ON]:
            break
        fell_behind = behind_until <= on and due[row, _CLEARED_ON] > on
        behind_until = max(behind_until, due[row, _CLEARED_ON])
        month = month_index(on) - clock[_FIRST_MONTH]
        early = _paid_on_row(paid, pieces, row, _EVER, calendar_ends[month - 1]) if month > 0 else 0
        first = 1 if row == first_row else 0
        add_collected(due, row, due[row, _PRINCIPAL] - early, fell_behind, paid, pieces, loan, clock, month, first, due_cells)


@lean
def measure_loan(
    due: Ints,
    rows: int,
    paid: Ints,
    pieces: int,
    ends: Ints,
    stated: Ints,
    loan: Ints,
    clock: Ints,
    month_ends: Ints,
    calendar_ends: Ints,
    look_ahead: bool,
    volume: Ints,
    position: Ints,
    due_cells: Ints,
    vintage: Ints,
    transition: Ints,
    flow: Ints,
) -> bool:
    """Add one loan to the cells of all families.

    due, paid, ends   its history (`loans.history`); rows and pieces beyond `as_of` may be there and are used to look ahead only
    stated            (months,) int64, days past due that a tape states or implies, `loans.reported`; read where REPORTED
    loan, clock       `Trait`, `Clock`
    month_ends        (months,) int64, snapshot days; calendar_ends the last days of the same months
    look_ahead        whether this history also answers for payments up to `observed_to`; else call `measure_collection` with
                      one that does
    volume .. flow    (dense rows, columns) int64 cells, added to, `terms.families`
    returns           whether the loan had opened by `as_of`
    """
    as_of = clock[_AS_OF]
    opened_on = ends[_OPENED_ON]
    if opened_on > as_of:
        return False
    months = clock[_MONTHS]
    group = loan[_GROUP]
    origin = loan[_VINTAGE]
    reported = loan[_REPORTED] != 0
    charged_off_on = ends[_CHARGED_OFF_ON]
    first_row = first_instalment(due, rows, opened_on)
    vintage_base = (group * months + origin) * months

    lent = ends[_ORIGINAL] if reported else ends[_OPENED_BALANCE]
    cell = ((group * months + origin) * clock[_TENORS] + loan[_TENOR]) * _DRAWDOWNS + loan[_DRAWDOWN]
    volume[cell, 0] += 1
    volume[cell, 1] += lent
    volume[cell, 2] += lent * loan[_TENOR_MONTHS]
    if loan[_DRAWDOWN] == _FIRST_DRAWDOWN:
        volume[cell, 3] += 1
    vintage[vintage_base, 0] += ends[_ORIGINAL]

    opened_month = origin if not reported else month_index(opened_on) - clock[_FIRST_MONTH]
    balance = 0
    visible = 0
    written_off = 0
    charged_off = False
    prepaid_rows = False
    behind_until = _EVER
    over_30 = False
    over_180 = False
    bucket_before = 0
    row = 0
    piece = 0
    oldest = 0
    for month in range(opened_month, months):
        end = month_ends[month]
        calendar_end = calendar_ends[month]
        flow_cell = group * months + month
        opening = visible
        entered = 0
        paid_fen = 0
        prepaid = 0
        interest = 0
        recovered = 0
        scheduled = 0
        if month == opened_month:
            entered = ends[_OPENED_BALANCE]
            balance = entered

        while piece < pieces and paid[piece, _PAID_ON] <= end:
            amount = paid[piece, _PAID_PRINCIPAL]
            target = paid[piece, _PAID_DUE]
            balance -= amount
            interest += paid[piece, _PAID_INTEREST]
            recovered += paid[piece, _RECOVERED]
            if target >= 0:
                paid_fen += amount
                if due[target, _ON] > calendar_end:
                    prepaid += amount
                    prepaid_rows = True
            elif target == OUTSIDE and amount < 0:
                entered -= amount
                cell = ((group * months + month) * clock[_TENORS] + loan[_TENOR]) * _DRAWDOWNS + loan[_DRAWDOWN]
                volume[cell, 1] -= amount
                volume[cell, 2] -= amount * loan[_TENOR_MONTHS]
            elif target != ADJUSTED:
                paid_fen += amount
                if target == OUTSIDE:
                    prepaid += amount
            piece += 1

        while row < rows and due[row, _ON] <= end:
            on = due[row, _ON]
            late = due[row, _CLEARED_ON] > on
            # A loan that owes an older instalment is overdue already: it does not become so again.
            fell_behind = late and behind_until <= on
            behind_until = max(behind_until, due[row, _CLEARED_ON])
            if on <= charged_off_on:
                amount = due[row, _PRINCIPAL]
                if prepaid_rows and month > 0:
                    amount -= _paid_on_row(paid, pieces, row, _EVER, calendar_ends[month - 1])
                scheduled += amount
                if not reported:
                    first = 1 if row == first_row else 0
                    cell = (group * months + month) * _INSTALMENTS + first
                    due_cells[cell, 0] += amount
                    if fell_behind:
                        due_cells[cell, 1] += due[row, _PRINCIPAL] - _paid_on_row(paid, pieces, row, _EVER, on)
                        if look_ahead:
                            add_collected(due, row, amount, True, paid, pieces, loan, clock, month, first, due_cells)
                    elif look_ahead and on + COLLECTION_DAYS <= clock[_OBSERVED_TO]:
                        due_cells[cell, 2] += amount
            if late and not reported:
                if not over_30 and due[row, _CLEARED_ON] > on + OVER_30 + 1 and on + OVER_30 + 1 <= as_of:
                    over_30 = True
                    mob = month_index(on + OVER_30 + 1) - clock[_FIRST_MONTH] - origin
                    vintage[vintage_base + mob, 1] += _owed_at(paid, pieces, ends, on + OVER_30 + 1)
                if not over_180 and due[row, _CLEARED_ON] > on + OVER_180 + 1 and on + OVER_180 + 1 <= as_of:
                    over_180 = True
                    mob = month_index(on + OVER_180 + 1) - clock[_FIRST_MONTH] - origin
                    vintage[vintage_base + mob, 2] += _owed_at(paid, pieces, ends, on + OVER_180 + 1)
            row += 1

        written_off_now = 0
        if not charged_off and charged_off_on <= end:
            charged_off = True
            written_off_now = ends[_CHARGED_OFF]
            written_off = written_off_now
            balance = 0
        mob_cell = vintage_base + month - origin

        bucket = 0
        visible = balance
        if reported:
            dpd = stated[month]
            if dpd == NOT_SEEN and not charged_off:
                visible = 0
            bucket = _BUCKET_UNKNOWN if dpd < 0 else bucket_of(dpd)
            if dpd > OVER_30 and not over_30:
                over_30 = True
                vintage[mob_cell, 1] += balance + written_off
            if dpd > OVER_180 and not over_180:
                over_180 = True
                vintage[mob_cell, 2] += balance + written_off
        else:
            while oldest < rows and due[oldest, _CLEARED_ON] <= end:
                oldest += 1
            if oldest < rows and due[oldest, _ON] < end:
                bucket = bucket_of(end - due[oldest, _ON])
        if charged_off:
            bucket = _BUCKET_CHARGED_OFF

        if visible != 0 or charged_off:
            cell = (group * months + month) * _BUCKETS + bucket
            position[cell, 0] += 1
            position[cell, 1] += written_off if charged_off else visible
        if opening != 0 and (visible != 0 or balance == 0):
            state = bucket + 1 if visible != 0 or charged_off else _REPAID
            cell = ((group * months + month) * _BUCKETS + bucket_before) * _STATES + state
            transition[cell, 0] += 1
            transition[cell, 1] += opening
            transition[cell, 2] += visible
        # What neither money nor a charge-off explains: a tape that corrects a balance, or stops reporting it.
        unreported = opening + entered - paid_fen - written_off_now - visible
        flow[flow_cell, 0] += opening
        flow[flow_cell, 3] += paid_fen
        flow[flow_cell, 7] += interest
        if entered != 0:
            flow[flow_cell, 1] += entered
        if month > opened_month:
            flow[flow_cell, 2] += scheduled
            flow[flow_cell, 4] += prepaid
        if prepaid != 0:
            vintage[mob_cell, 5] += prepaid
        if written_off_now != 0:
            flow[flow_cell, 5] += written_off_now
            vintage[mob_cell, 3] += written_off_now
        if unreported != 0:
            flow[flow_cell, 6] += unreported
        if recovered != 0:
            flow[flow_cell, 8] += recovered
            vintage[mob_cell, 4] += recovered
        bucket_before = bucket
        if balance == 0 and not charged_off and (piece == pieces or paid[piece, _PAID_ON] > as_of):
            break
    return True
