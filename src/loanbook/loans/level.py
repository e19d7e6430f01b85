"""A plan made from a schedule, and its instalment fixed anew after a further disbursement, a rate change or a prepayment."""

from loanbook.kernel import lean
from loanbook.loans.amounts import first_amortizing
from loanbook.loans.annuity import level_installment, round_to_multiple
from loanbook.loans.fractions import levels_nominally, nominal_fraction, period_fraction
from loanbook.loans.plan import NANO, Entry, Period, Reset, evaluate, part_nano, rate_on
from loanbook.loans.replan import is_paid, save, settle
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Method
from loanbook.units import INTEREST_SCALE, NEVER, Ints, mul_div

_FROM = int(Period.FROM)
_DUE = int(Period.DUE)
_FRACTION = int(Period.FRACTION)
_INSTALLMENT = int(Period.INSTALLMENT)
_REGULAR = int(Period.REGULAR)
_FIXED = int(Period.FIXED)
_PLANNED = int(Period.PRINCIPAL_PLANNED)
_PAID_PRINCIPAL = int(Period.PAID_PRINCIPAL)
_PAID_INTEREST = int(Period.PAID_INTEREST)
_EXTRA = int(Period.EXTRA)
_PRINCIPAL = int(Period.PRINCIPAL)
_SAVED_INSTALLMENT = int(Period.SAVED_INSTALLMENT)
_SAVED_PAID_PRINCIPAL = int(Period.SAVED_PAID_PRINCIPAL)
_SAVED_PAID_INTEREST = int(Period.SAVED_PAID_INTEREST)
_SAVED_EXTRA = int(Period.SAVED_EXTRA)
_ON = int(Entry.ON)
_AMOUNT = int(Entry.AMOUNT)
_LENT = int(Entry.LENT)
_SAVED_AMOUNT = int(Entry.SAVED_AMOUNT)
_RESET_ON = int(Reset.ON)
_RESET_RATE = int(Reset.RATE)

_METHOD = int(Field.METHOD)
_RATE_ANNUAL = int(Field.RATE_ANNUAL)
_ROUNDING = int(Field.ROUNDING)
_MULTIPLE = int(Field.INSTALLMENT_MULTIPLE)
_SMOOTHING = int(Field.SMOOTHING)
_INTEREST_FREE = int(Field.INTEREST_FREE)
_LEVEL = int(Method.LEVEL)
_EQUAL_PRINCIPAL = int(Method.EQUAL_PRINCIPAL)
_INTEREST_ONLY_THEN_LEVEL = int(Method.INTEREST_ONLY_THEN_LEVEL)
_SMOOTHING_ROUNDS = 3
_PROBE = 1_000_000_000


@lean
def start_plan(
    contract: Ints,
    disbursed_on: int,
    due_on: Ints,
    principal: Ints,
    interest: Ints,
    first: int,
    rows: int,
    regular: int,
    plan: Ints,
    resets: Ints,
) -> int:
    """A plan that reproduces a schedule.

    due_on                (rows or more,) int64 unshifted due dates; rows first..rows-1 become periods
    principal, interest   (rows or more,) int64 of the schedule
    regular               the level instalment before smoothing: what the last period is worth when it is paid ahead
    resets                written: the contract rate from the start
    returns               periods
    """
    start = disbursed_on
    level = contract[_METHOD] == _LEVEL or contract[_METHOD] == _INTEREST_ONLY_THEN_LEVEL
    amortizing = first_amortizing(contract)
    for row in range(first, rows):
        period = row - first
        for column in range(plan.shape[1]):
            plan[period, column] = 0
        plan[period, _FROM] = start
        plan[period, _DUE] = due_on[row]
        plan[period, _FRACTION] = period_fraction(contract, start, due_on[row])
        plan[period, _INSTALLMENT] = principal[row] + interest[row]
        plan[period, _REGULAR] = plan[period, _INSTALLMENT]
        plan[period, _PLANNED] = principal[row]
        plan[period, _FIXED] = 0 if level and row >= amortizing else 1
        start = due_on[row]
    if level and rows - amortizing >= 2 and principal[amortizing] + interest[amortizing] == regular:
        plan[rows - first - 1, _REGULAR] = regular
    resets[0, _RESET_ON] = disbursed_on
    resets[0, _RESET_RATE] = contract[_RATE_ANNUAL]
    return rows - first


@lean
def _fill_rate_fractions(contract: Ints, plan: Ints, first: int, periods: int, resets: Ints, reset_count: int, out: Ints) -> None:
    for period in range(first, periods):
        start, end = plan[period, _FROM], plan[period, _DUE]
        rate = 0 if period < contract[_INTEREST_FREE] else rate_on(resets, reset_count, start)
        if levels_nominally(contract):
            out[period - first] = rate * nominal_fraction(contract)
            continue
        out[period - first] = rate * plan[period, _FRACTION]
        for place in range(1, reset_count):
            if start < resets[place, _RESET_ON] < end and period >= contract[_INTEREST_FREE]:
                # A rate change inside the period: the interest of a probe amount, part by part.
                nano, at = 0, start
                for other in range(1, reset_count + 1):
                    until = end if other == reset_count else min(max(resets[other, _RESET_ON], start), end)
                    nano += part_nano(contract, plan, period, _PROBE, rate_on(resets, reset_count, at), at, until)
                    at = max(at, until)
                out[period - first] = mul_div(nano, INTEREST_SCALE // NANO, _PROBE, contract[_ROUNDING])
                break


@lean
def _open_balance(plan: Ints, ledger: Ints, entries: int, first: int, paid_to: int) -> int:
    """What the periods from `first` on have to repay: all lent up to its due date, less what came back and is still to come."""
    total = 0
    for place in range(entries):
        until = plan[first, _DUE] if ledger[place, _LENT] == 1 else paid_to
        if ledger[place, _ON] <= until:
            total += ledger[place, _AMOUNT]
    for period in range(first):
        total -= plan[period, _PRINCIPAL] - plan[period, _PAID_PRINCIPAL]
    return max(total, 0)


@lean
def _paid(plan: Ints, period: int) -> int:
    found: int = plan[period, _PAID_PRINCIPAL] - plan[period, _EXTRA] + plan[period, _PAID_INTEREST]
    return found


@lean
def _set_installments(plan: Ints, first: int, periods: int, installment: int) -> None:
    for period in range(first, periods):
        if plan[period, _FIXED] == 0 and installment >= _paid(plan, period):
            plan[period, _INSTALLMENT] = installment
            plan[period, _REGULAR] = installment


@lean
def _gap(plan: Ints, first: int, periods: int) -> tuple[int, int]:
    """(instalment of the last but one open period, by how much the last exceeds it) of the last two neighbours not paid."""
    for period in range(periods - 1, first, -1):
        if not is_paid(plan, period) and not is_paid(plan, period - 1):
            return plan[period - 1, _INSTALLMENT], plan[period, _INSTALLMENT] - plan[period - 1, _INSTALLMENT]
    return plan[first, _INSTALLMENT], 0


@lean
def relevel(
    contract: Ints,
    plan: Ints,
    periods: int,
    ledger: Ints,
    entries: int,
    resets: Ints,
    reset_count: int,
    run_to: int,
    first: int,
    paid_to: int,
    rate_fraction: Ints,
) -> None:
    """One new level instalment for the periods from `first` on, smoothed where the contract says so.

    first           the first period that changes
    paid_to         repayments up to this day lower the new instalment
    rate_fraction   (periods or more,) int64 scratch
    """
    rounding, multiple = contract[_ROUNDING], contract[_MULTIPLE]
    evaluate(contract, plan, periods, ledger, entries, resets, reset_count, run_to, NEVER)
    while first < periods - 1 and plan[first, _FIXED] == 1 and plan[periods - 1, _FIXED] == 0:
        first += 1
    balance = _open_balance(plan, ledger, entries, first, paid_to)
    if plan[first, _FIXED] == 1:
        if contract[_METHOD] == _EQUAL_PRINCIPAL:
            part = round_to_multiple(balance, 1, periods - first, rounding, multiple)
            for period in range(first, periods):
                plan[period, _PLANNED] = max(part, plan[period, _PAID_PRINCIPAL] - plan[period, _EXTRA])
        settle(contract, plan, periods, ledger, entries, resets, reset_count, run_to, NEVER)
        return
    _fill_rate_fractions(contract, plan, first, periods, resets, reset_count, rate_fraction)
    installment = level_installment(balance, rate_fraction, periods - first, rounding, multiple)
    _set_installments(plan, first, periods, installment)
    settle(contract, plan, periods, ledger, entries, resets, reset_count, run_to, NEVER)
    if contract[_SMOOTHING] == 0:
        return
    for _ in range(_SMOOTHING_ROUNDS):
        regular, gap = _gap(plan, first, periods)
        counted = periods - first
        for period in range(first, periods):
            if _paid(plan, period) > regular:
                counted -= 1
        if abs(gap) <= (periods - first) // 2 or counted < 1:
            return
        changed = round_to_multiple(regular + mul_div(gap, 1, counted, rounding), 1, 1, rounding, multiple)
        if changed <= 0 or changed == regular:
            return
        save(plan, periods)
        _set_installments(plan, first, periods, changed)
        settle(contract, plan, periods, ledger, entries, resets, reset_count, run_to, NEVER)
        _, changed_gap = _gap(plan, first, periods)
        if abs(changed_gap) >= abs(gap):
            for period in range(periods):
                plan[period, _INSTALLMENT] = plan[period, _SAVED_INSTALLMENT]
            for period in range(first, periods):
                plan[period, _REGULAR] = regular
            settle(contract, plan, periods, ledger, entries, resets, reset_count, run_to, NEVER)
            return
        plan[periods - 1, _REGULAR] = plan[periods - 1, _INSTALLMENT]


@lean
def relevel_as_lent(
    contract: Ints,
    plan: Ints,
    periods: int,
    ledger: Ints,
    entries: int,
    resets: Ints,
    reset_count: int,
    run_to: int,
    first: int,
    rate_fraction: Ints,
) -> None:
    """As `relevel`, from the schedule as it would be without payments: a further disbursement changes what was agreed."""
    for place in range(entries):
        ledger[place, _SAVED_AMOUNT] = ledger[place, _AMOUNT]
        if ledger[place, _LENT] == 0:
            ledger[place, _AMOUNT] = 0
    for period in range(periods):
        plan[period, _SAVED_PAID_PRINCIPAL] = plan[period, _PAID_PRINCIPAL]
        plan[period, _SAVED_PAID_INTEREST] = plan[period, _PAID_INTEREST]
        plan[period, _SAVED_EXTRA] = plan[period, _EXTRA]
        plan[period, _PAID_PRINCIPAL] = 0
        plan[period, _PAID_INTEREST] = 0
        plan[period, _EXTRA] = 0
    relevel(contract, plan, periods, ledger, entries, resets, reset_count, 0, first, NEVER, rate_fraction)
    for place in range(entries):
        ledger[place, _AMOUNT] = ledger[place, _SAVED_AMOUNT]
    for period in range(periods):
        plan[period, _PAID_PRINCIPAL] = plan[period, _SAVED_PAID_PRINCIPAL]
        plan[period, _PAID_INTEREST] = plan[period, _SAVED_PAID_INTEREST]
        plan[period, _EXTRA] = plan[period, _SAVED_EXTRA]
        plan[period, _INSTALLMENT] = max(plan[period, _INSTALLMENT], _paid(plan, period))
    settle(contract, plan, periods, ledger, entries, resets, reset_count, run_to, NEVER)
