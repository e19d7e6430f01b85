"""The decoder of reported loans: a tape that starts mid-life tells balances by period; dues come from the contract's instalment.

Balances are the reported ones. Where the tape states no days past due, instalments count as cleared, oldest first, by the
money collected since the cut-off (`conventions.Aging`). A balance that falls to 0 without as much principal is a charge-off of
the rest; a balance that moves otherwise without principal is an adjustment; money after the end is a recovery.
"""

from loanbook.kernel import lean
from loanbook.loans.batches import NO_BALANCE
from loanbook.loans.dates import month_index, period_date
from loanbook.loans.fractions import period_fraction
from loanbook.loans.history import ADJUSTED, OUTSIDE, UNMATCHED, Due, End, Paid
from loanbook.loans.schedule import rate_fraction_of
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Aging
from loanbook.units import INTEREST_SCALE, NEVER, Ints, mul_div

SEEN_UNKNOWN = -1
"""`stated`: the loan was reported, nothing tells its days past due."""
NOT_SEEN = -2
"""`stated`: no report for the month."""

_AGE_UNKNOWN = -(1 << 62)
_ON = int(Due.ON)
_PRINCIPAL = int(Due.PRINCIPAL)
_INTEREST = int(Due.INTEREST)
_CLEARED_ON = int(Due.CLEARED_ON)
_PAID_ON = int(Paid.ON)
_PAID_DUE = int(Paid.DUE)
_PAID_PRINCIPAL = int(Paid.PRINCIPAL)
_PAID_INTEREST = int(Paid.INTEREST)
_RECOVERED = int(Paid.RECOVERED)
_CHARGES = int(Paid.CHARGES)
_OPENED_ON = int(End.OPENED_ON)
_OPENED_BALANCE = int(End.OPENED_BALANCE)
_CHARGED_OFF_ON = int(End.CHARGED_OFF_ON)
_CHARGED_OFF = int(End.CHARGED_OFF)
_CANCELLED_ON = int(End.CANCELLED_ON)
_ORIGINAL = int(End.ORIGINAL)
_CONTRACT_INTEREST = int(End.CONTRACT_INTEREST)
_COUNT = int(Field.COUNT)
_UNIT = int(Field.UNIT)
_EVERY = int(Field.EVERY)
_MONTH_END = int(Field.MONTH_END)
_RATE_ANNUAL = int(Field.RATE_ANNUAL)
_ROUNDING = int(Field.ROUNDING)
_TOLERANCE = int(Field.ARREARS_TOLERANCE)
_AGING = int(Field.AGING)
_RECENCY = int(Aging.RECENCY)


@lean
def fill_reported_dues(
    contract: Ints, first_due_on: int, installment_fen: int, opened_on: int, opened_dpd: int, until: int, due: Ints
) -> int:
    """Due dates that matter after a cut-off: those in arrears then, and those that follow, up to `until`.

    opened_dpd   days past due at the cut-off: 0 none in arrears; the oldest instalment in arrears fell due that long before
    due          (most rows, len(Due)) int64, ON written, amounts 0, CLEARED_ON NEVER
    returns      rows; 0 when the tape gives no instalment, no first due date or no days past due to start from
    """
    if installment_fen <= 0 or first_due_on == NEVER or opened_dpd < 0 or contract[_COUNT] <= 0:
        return 0
    oldest = opened_on - opened_dpd
    rows = 0
    for number in range(contract[_COUNT]):
        on = period_date(first_due_on, number, contract[_UNIT], contract[_EVERY], contract[_MONTH_END])
        if on > until:
            break
        if on <= opened_on and (opened_dpd == 0 or on < oldest):
            continue
        if rows == 0 and opened_dpd > 0 and on > oldest:
            rows = _add_due(due, rows, oldest)
        rows = _add_due(due, rows, on)
    if rows == 0 and opened_dpd > 0:
        rows = _add_due(due, rows, oldest)
    return rows


@lean
def _add_due(due: Ints, rows: int, on: int) -> int:
    due[rows, _ON] = on
    due[rows, _PRINCIPAL] = 0
    due[rows, _INTEREST] = 0
    due[rows, _CLEARED_ON] = NEVER
    return rows + 1


@lean
def _add_piece(paid: Ints, pieces: int, on: int, target: int, principal: int, interest: int, recovered: int) -> int:
    paid[pieces, _PAID_ON] = on
    paid[pieces, _PAID_DUE] = target
    paid[pieces, _PAID_PRINCIPAL] = principal
    paid[pieces, _PAID_INTEREST] = interest
    paid[pieces, _RECOVERED] = recovered
    paid[pieces, _CHARGES] = 0
    return pieces + 1


@lean
def _scheduled_principal(contract: Ints, balance: int, installment_fen: int, on: int) -> int:
    """The principal part of an instalment on the reported balance: the instalment less its period's interest, at least 0."""
    since = period_date(on, -1, contract[_UNIT], contract[_EVERY], contract[_MONTH_END])
    rate_fraction = rate_fraction_of(contract[_RATE_ANNUAL], period_fraction(contract, since, on))
    earned = mul_div(balance, rate_fraction, INTEREST_SCALE, contract[_ROUNDING])
    return min(max(installment_fen - earned, 0), max(balance, 0))


@lean
def _age(due: Ints, rows: int, oldest: int, on: int) -> int:
    if oldest < rows and due[oldest, _ON] < on:
        age: int = on - due[oldest, _ON]
        return age
    return 0


@lean
def decode_reported(
    contract: Ints,
    original_fen: int,
    first_due_on: int,
    installment_fen: int,
    opened_on: int,
    opened_balance: int,
    opened_dpd: int,
    position_from: int,
    position_until: int,
    position_on: Ints,
    recorded_on: Ints,
    reported_balance: Ints,
    reported_principal: Ints,
    reported_paid: Ints,
    recovered: Ints,
    liquidation: Ints,
    reported_dpd: Ints,
    known_on: int,
    first_month: int,
    month_ends: Ints,
    calendar_ends: Ints,
    due: Ints,
    paid: Ints,
    ends: Ints,
    stated: Ints,
) -> tuple[int, int, bool]:
    """The history of one reported loan as far as positions are visible.

    position_*            columns of the whole batch (`batches.ReportedBatch`); the loan's lie in [position_from, position_until)
    known_on              positions recorded later are not there
    first_month           `dates.month_index` of month_ends[0]; month_ends are snapshot days, calendar_ends the months' last days
    due, paid, ends       `loans.history`, written; 4 pieces a position; `due` holds the principal scheduled on reported balances
    stated                (months,) int64, written: days past due at each month's end as the tape states, else as derived;
                          SEEN_UNKNOWN, NOT_SEEN. After a charge-off the claim goes on ageing. A last month that is cut short
                          keeps the state of the month before
    returns               rows, pieces, whether a schedule is known
    """
    as_of = month_ends[month_ends.size - 1]
    rows = fill_reported_dues(contract, first_due_on, installment_fen, opened_on, opened_dpd, as_of, due)
    scheduled = rows > 0 or (installment_fen > 0 and first_due_on != NEVER and opened_dpd >= 0)
    maturity = NEVER
    if scheduled:
        maturity = period_date(first_due_on, contract[_COUNT] - 1, contract[_UNIT], contract[_EVERY], contract[_MONTH_END])
    ends[_OPENED_ON] = opened_on
    ends[_OPENED_BALANCE] = opened_balance
    ends[_CHARGED_OFF_ON] = NEVER
    ends[_CHARGED_OFF] = 0
    ends[_CANCELLED_ON] = NEVER
    ends[_ORIGINAL] = original_fen
    ends[_CONTRACT_INTEREST] = 0
    stated[:] = NOT_SEEN
    opened_month = month_index(opened_on) - first_month
    stated[opened_month] = opened_dpd if opened_dpd >= 0 else SEEN_UNKNOWN
    balance = opened_balance
    pieces = 0
    charge_piece = -1
    charge_dpd = _AGE_UNKNOWN
    collected = 0
    ahead = 0
    cleared = 0
    falling = 0
    while falling < rows and due[falling, _ON] <= opened_on:
        falling += 1
    oldest = 0
    for at in range(position_from, position_until):
        on = position_on[at]
        if on <= opened_on or on > as_of or recorded_on[at] > known_on:
            continue
        principal = reported_principal[at]
        money = max(reported_paid[at], principal) if principal >= 0 else reported_paid[at]
        late_money = recovered[at] + liquidation[at]
        month = month_index(on) - first_month
        now = reported_balance[at]
        if now == NO_BALANCE:
            if late_money != 0:
                pieces = _add_piece(paid, pieces, on, UNMATCHED, 0, 0, late_money)
            continue
        while falling < rows and due[falling, _ON] <= on:
            if cleared <= falling:
                last = due[falling, _ON] >= maturity
                due[falling, _PRINCIPAL] = (
                    max(balance, 0) if last else _scheduled_principal(contract, balance, installment_fen, due[falling, _ON])
                )
            falling += 1
        collected += money
        if scheduled and contract[_AGING] == _RECENCY and money + contract[_TOLERANCE] >= installment_fen:
            collected = max(collected, falling * installment_fen)
        ahead_now = 0
        if scheduled:
            if on < maturity:
                ahead_now = max(collected - falling * installment_fen, 0)
            oldest = min(max(collected + contract[_TOLERANCE], 0) // installment_fen, rows)
            if on >= maturity and now > contract[_TOLERANCE]:
                oldest = min(oldest, max(rows - 1, 0))
            if now <= contract[_TOLERANCE]:
                oldest = rows
            while cleared < oldest:
                due[cleared, _CLEARED_ON] = on
                cleared += 1
        prepaid = min(max(ahead_now - ahead, 0), max(principal, 0)) if scheduled else 0
        ahead = ahead_now
        if prepaid != 0:
            pieces = _add_piece(paid, pieces, on, OUTSIDE, prepaid, 0, 0)
        if principal != prepaid or money != principal or late_money != 0:
            pieces = _add_piece(paid, pieces, on, UNMATCHED, principal - prepaid, money - principal, late_money)
        moved = balance - principal - now
        dpd = reported_dpd[at]
        if dpd < 0:
            dpd = _age(due, rows, oldest, on) if scheduled else SEEN_UNKNOWN
        if ends[_CHARGED_OFF_ON] != NEVER and now != 0:
            # Reported again after it fell to 0: it had not been charged off.
            paid[charge_piece, _PAID_PRINCIPAL] = ends[_CHARGED_OFF]
            ends[_CHARGED_OFF_ON] = NEVER
            ends[_CHARGED_OFF] = 0
        if now == 0 and moved > 0:
            oldest_before = min(max(collected + contract[_TOLERANCE], 0) // installment_fen, rows) if scheduled else 0
            charge_piece = pieces
            pieces = _add_piece(paid, pieces, on, ADJUSTED, 0, 0, 0)
            ends[_CHARGED_OFF_ON] = on
            ends[_CHARGED_OFF] = moved
            charge_dpd = reported_dpd[at] if reported_dpd[at] >= 0 else _AGE_UNKNOWN
            if charge_dpd == _AGE_UNKNOWN and scheduled:
                charge_dpd = on - (due[oldest_before, _ON] if oldest_before < rows else as_of)
        elif moved != 0:
            pieces = _add_piece(paid, pieces, on, ADJUSTED, moved, 0, 0)
        balance = now
        stated[month] = dpd
    _age_after_charge_off(ends, charge_dpd, first_month, month_ends, stated)
    last_month = month_ends.size - 1
    if last_month > opened_month and stated[last_month] == NOT_SEEN and month_ends[last_month] < calendar_ends[last_month]:
        stated[last_month] = stated[last_month - 1]
    return rows, pieces, scheduled


@lean
def _age_after_charge_off(ends: Ints, charge_dpd: int, first_month: int, month_ends: Ints, stated: Ints) -> None:
    """A claim that was written off goes on ageing from the days past due on that day; negative: days until it would fall due."""
    charged_on = ends[_CHARGED_OFF_ON]
    if charged_on == NEVER:
        return
    for month in range(month_index(charged_on) - first_month, month_ends.size):
        aged = charge_dpd + month_ends[month] - charged_on
        stated[month] = SEEN_UNKNOWN if charge_dpd == _AGE_UNKNOWN else max(aged, 0)
