"""The decoder of compact loans: schedule implied by terms, days late per instalment, one day of full settlement."""

from loanbook.kernel import lean
from loanbook.loans.fractions import part_fraction
from loanbook.loans.history import Due, End, Paid
from loanbook.loans.schedule import fill_dates, prepare, rate_fraction_of
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Method, Payoff
from loanbook.units import INTEREST_SCALE, NEVER, Ints, mul_div

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
_RATE_ANNUAL = int(Field.RATE_ANNUAL)
_ROUNDING = int(Field.ROUNDING)
_TOLERANCE = int(Field.ARREARS_TOLERANCE)
_PAYOFF = int(Field.PAYOFF)
_METHOD = int(Field.METHOD)
_INTEREST_FREE = int(Field.INTEREST_FREE)
_DOWN_PAYMENT_PPM = int(Field.DOWN_PAYMENT_PPM)
_FLAT = int(Method.FLAT)
_TO_PERIOD_END = int(Payoff.TO_PERIOD_END)
_ALL_SCHEDULED = int(Payoff.ALL_SCHEDULED)


@lean
def prepare_compact(
    contract: Ints,
    disbursed_on: int,
    first_due_on: int,
    closed: Ints,
    closed_from: int,
    due_on: Ints,
    period_end: Ints,
    rate_fraction: Ints,
) -> tuple[int, int, int]:
    """What loans of one terms class, day of disbursement and first due date share; call again only when one of them changes.

    closed, closed_from                 calendar, see `schedule.prepare`
    due_on, period_end, rate_fraction   (most rows,) int64, written: shifted dates, unshifted dates, see `schedule.prepare`
    returns                             rows, numerator, denominator
    """
    fill_dates(contract, disbursed_on, first_due_on, period_end)
    return prepare(contract, disbursed_on, first_due_on, closed, closed_from, due_on, rate_fraction)


@lean
def payoff_interest(contract: Ints, balance: int, period_start: int, period_end: int, row: int, interest: int, on: int) -> int:
    """Interest of the current period owed when a loan is repaid in full inside it, under Field.PAYOFF.

    interest   the period's scheduled interest; flat interest is shared by days
    rounding   the contract's rule, once
    """
    if contract[_PAYOFF] == _TO_PERIOD_END or on >= period_end:
        return interest
    if on <= period_start:
        return 0
    if contract[_METHOD] == _FLAT:
        return mul_div(interest, on - period_start, period_end - period_start, contract[_ROUNDING])
    start = 1 if contract[_DOWN_PAYMENT_PPM] > 0 else 0
    if row < start + contract[_INTEREST_FREE]:
        return 0
    fraction = part_fraction(contract, period_start, period_end, period_start, on)
    return mul_div(balance, rate_fraction_of(contract[_RATE_ANNUAL], fraction), INTEREST_SCALE, contract[_ROUNDING])


@lean
def decode_compact(
    contract: Ints,
    principal_fen: int,
    disbursed_on: int,
    settled_on: int,
    late_days: Ints,
    late_from: int,
    late_until: int,
    rows: int,
    due_on: Ints,
    period_end: Ints,
    principal: Ints,
    interest: Ints,
    lane: int,
    due: Ints,
    paid: Ints,
    ends: Ints,
) -> int:
    """The history of one compact loan, whatever the window: days after it are simply not reached.

    late_days                 (instalments,) int16 of the whole batch; the loan's lie in [late_from, late_until)
    rows, due_on, period_end  from `prepare_compact`
    principal, interest       (rows or more, lanes) int64, the loan's in column `lane`: `amounts.fill_amounts`
    due, paid, ends           `loans.history`, written; at least `rows` long
    returns                   pieces; a row within the arrears tolerance is cleared on its due date, whenever it is paid
    raises                    ValueError when more instalments are paid than there are
    """
    count = late_until - late_from
    if count > rows:
        raise ValueError("a compact loan has more days late than instalments; rebuild the projection")
    ends[_OPENED_ON] = disbursed_on
    ends[_OPENED_BALANCE] = principal_fen
    ends[_CHARGED_OFF_ON] = NEVER
    ends[_CHARGED_OFF] = 0
    ends[_CANCELLED_ON] = NEVER
    ends[_ORIGINAL] = principal_fen
    tolerance = contract[_TOLERANCE]
    contract_interest = 0
    for row in range(count):
        contract_interest += interest[row, lane]
        on = due_on[row] + late_days[late_from + row]
        due[row, _ON] = due_on[row]
        due[row, _PRINCIPAL] = principal[row, lane]
        due[row, _INTEREST] = interest[row, lane]
        due[row, _CLEARED_ON] = on if principal[row, lane] + interest[row, lane] > tolerance else due_on[row]
        paid[row, _PAID_ON] = on
        paid[row, _PAID_DUE] = row
        paid[row, _PAID_PRINCIPAL] = principal[row, lane]
        paid[row, _PAID_INTEREST] = interest[row, lane]
        paid[row, _RECOVERED] = 0
        paid[row, _CHARGES] = 0
    if count < rows:
        for row in range(count, rows):
            contract_interest += interest[row, lane]
            due[row, _ON] = due_on[row]
            due[row, _PRINCIPAL] = principal[row, lane]
            due[row, _INTEREST] = interest[row, lane]
            due[row, _CLEARED_ON] = settled_on if principal[row, lane] + interest[row, lane] > tolerance else due_on[row]
        if settled_on != NEVER:
            _settle(
                contract,
                rows,
                count,
                settled_on,
                principal_fen,
                disbursed_on,
                due_on,
                period_end,
                principal,
                interest,
                lane,
                paid,
            )
            count = rows
    ends[_CONTRACT_INTEREST] = contract_interest
    return count


@lean
def _settle(
    contract: Ints,
    rows: int,
    count: int,
    settled_on: int,
    principal_fen: int,
    disbursed_on: int,
    due_on: Ints,
    period_end: Ints,
    principal: Ints,
    interest: Ints,
    lane: int,
    paid: Ints,
) -> None:
    """All remaining rows repaid on one day: full interest of what is due, the current period's by Field.PAYOFF, none later."""
    balance = principal_fen
    for row in range(count):
        balance -= principal[row, lane]
    current = True
    for row in range(count, rows):
        owed = interest[row, lane]
        if due_on[row] > settled_on and contract[_PAYOFF] != _ALL_SCHEDULED:
            owed = 0
            if current:
                start = disbursed_on if row == 0 else period_end[row - 1]
                owed = payoff_interest(contract, balance, start, period_end[row], row, interest[row, lane], settled_on)
                current = False
        balance -= principal[row, lane]
        paid[row, _PAID_ON] = settled_on
        paid[row, _PAID_DUE] = row
        paid[row, _PAID_PRINCIPAL] = principal[row, lane]
        paid[row, _PAID_INTEREST] = owed
        paid[row, _RECOVERED] = 0
        paid[row, _CHARGES] = 0
