"""What changes a plan: the last unpaid period takes what is left, a new level instalment, dues at an earlier day."""

from loanbook.kernel import lean
from loanbook.loans.plan import Period, evaluate, lent, outstanding
from loanbook.units import NEVER, Ints

_FROM = int(Period.FROM)
_DUE = int(Period.DUE)
_INSTALLMENT = int(Period.INSTALLMENT)
_REGULAR = int(Period.REGULAR)
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
_SAVED_INSTALLMENT = int(Period.SAVED_INSTALLMENT)
_SAVED_MOVED_HERE = int(Period.SAVED_MOVED_HERE)
_SAVED_MOVED_AWAY = int(Period.SAVED_MOVED_AWAY)
_SAVED_PLANNED = int(Period.SAVED_PLANNED)
_SLACK = 3


@lean
def is_paid(plan: Ints, period: int) -> bool:
    """Whether a period's instalment has been paid in full."""
    paid = plan[period, _PAID_PRINCIPAL] - plan[period, _EXTRA] + plan[period, _PAID_INTEREST]
    found: bool = plan[period, _INSTALLMENT] + plan[period, _MOVED_HERE] == paid
    return found


@lean
def _paid(plan: Ints, period: int) -> int:
    found: int = plan[period, _PAID_PRINCIPAL] - plan[period, _EXTRA] + plan[period, _PAID_INTEREST]
    return found


@lean
def _change_installment(plan: Ints, period: int, change: int) -> int:
    """A larger or smaller instalment, never below what was paid of it (agreed principal changes instead); returns the change."""
    if plan[period, _FIXED] == 1:
        before = plan[period, _PLANNED]
        plan[period, _PLANNED] = max(before + change, plan[period, _PAID_PRINCIPAL] - plan[period, _EXTRA])
        found: int = plan[period, _PLANNED] - before
        return found
    before = plan[period, _INSTALLMENT]
    plan[period, _INSTALLMENT] = max(before + change, _paid(plan, period))
    found = plan[period, _INSTALLMENT] - before
    return found


@lean
def settle(
    contract: Ints, plan: Ints, periods: int, ledger: Ints, entries: int, resets: Ints, reset_count: int, run_to: int, till: int
) -> None:
    """Evaluate the plan and let the last period that is not paid take what principal the others leave.

    run_to, till   see `plan.evaluate`; interest of paid periods that accrues up to run_to is moved to the last unpaid one
    """
    for period in range(periods):
        plan[period, _MOVED_AWAY] = 0
    evaluate(contract, plan, periods, ledger, entries, resets, reset_count, run_to, till)
    owed = outstanding(ledger, entries)
    changed = False
    for period in range(periods):
        excess = plan[period, _PRINCIPAL] - plan[period, _PAID_PRINCIPAL] - owed
        if excess > 0:
            _change_installment(plan, period, -excess)
            changed = True
    last = _last_open(plan, periods - 1)
    if last >= 0 and plan[last, _MOVED_HERE] != 0:
        plan[last, _MOVED_HERE] = 0
        changed = True
    if changed:
        evaluate(contract, plan, periods, ledger, entries, resets, reset_count, run_to, till)
    total = lent(ledger, entries)
    tries = 0
    while last >= 0:
        gap = total
        for period in range(periods):
            gap -= plan[period, _PRINCIPAL]
        if gap == 0 or tries > 2 * periods + _SLACK:
            break
        tries += 1
        if _change_installment(plan, last, gap) != gap:
            last = _last_open(plan, last - 1)
        evaluate(contract, plan, periods, ledger, entries, resets, reset_count, run_to, till)
    if last >= 0 and plan[last, _FIXED] == 0 and plan[last, _EARNED] > plan[last, _INTEREST]:
        # The last open period has no later one to pass its interest on to.
        room = max(plan[last, _INSTALLMENT] - plan[last, _EARNED], 0)
        if plan[last, _PAID_PRINCIPAL] - plan[last, _EXTRA] <= room:
            plan[last, _INSTALLMENT] += plan[last, _EARNED] - plan[last, _INTEREST]
            evaluate(contract, plan, periods, ledger, entries, resets, reset_count, run_to, till)
    if 0 <= last < periods - 1:
        _move_interest(contract, plan, periods, ledger, entries, resets, reset_count, run_to, till, last)


@lean
def _last_open(plan: Ints, start: int) -> int:
    """The last period up to `start` that is not paid; -1 for none."""
    last = start
    while last >= 0 and is_paid(plan, last):
        last -= 1
    return last


@lean
def _move_interest(
    contract: Ints,
    plan: Ints,
    periods: int,
    ledger: Ints,
    entries: int,
    resets: Ints,
    reset_count: int,
    run_to: int,
    till: int,
    last: int,
) -> None:
    """Interest earned up to run_to in periods paid ahead, after the last unpaid one, is collected by that one."""
    if run_to <= plan[last, _DUE]:
        return
    evaluate(contract, plan, periods, ledger, entries, resets, reset_count, run_to, min(run_to, till))
    moved = 0
    for period in range(last + 1, periods):
        if plan[period, _EARNED] - plan[period, _INTEREST] > 0:
            moved = plan[period, _EARNED] - plan[period, _INTEREST]
    if moved > 0:
        plan[last, _MOVED_HERE] = moved
        for period in range(last + 1, periods):
            plan[period, _MOVED_AWAY] = 1
    evaluate(contract, plan, periods, ledger, entries, resets, reset_count, run_to, till)


@lean
def save(plan: Ints, periods: int) -> None:
    """Keep what a trial may change."""
    for period in range(periods):
        plan[period, _SAVED_INSTALLMENT] = plan[period, _INSTALLMENT]
        plan[period, _SAVED_MOVED_HERE] = plan[period, _MOVED_HERE]
        plan[period, _SAVED_MOVED_AWAY] = plan[period, _MOVED_AWAY]
        plan[period, _SAVED_PLANNED] = plan[period, _PLANNED]


@lean
def restore(plan: Ints, periods: int) -> None:
    """Back to what `save` kept; the caller evaluates."""
    for period in range(periods):
        plan[period, _INSTALLMENT] = plan[period, _SAVED_INSTALLMENT]
        plan[period, _MOVED_HERE] = plan[period, _SAVED_MOVED_HERE]
        plan[period, _MOVED_AWAY] = plan[period, _SAVED_MOVED_AWAY]
        plan[period, _PLANNED] = plan[period, _SAVED_PLANNED]


@lean
def period_of(plan: Ints, periods: int, day: int) -> int:
    """The period (FROM, DUE] that a day lies in; the first one for earlier days, `periods` for later ones."""
    for period in range(periods):
        if day <= plan[period, _DUE]:
            return period
    return periods


@lean
def payable(
    contract: Ints,
    plan: Ints,
    periods: int,
    ledger: Ints,
    entries: int,
    resets: Ints,
    reset_count: int,
    run_to: int,
    day: int,
    period: int,
) -> tuple[int, int]:
    """Principal and interest of a period that is paid ahead on a day: interest to that day, no more principal than is owed.

    A period that has not begun is worth its regular instalment, so money ahead repays principal without interest.
    returns   (principal, interest) due, what was paid included; the plan is as before
    """
    till = day if day < plan[periods - 1, _DUE] else NEVER
    save(plan, periods)
    settle(contract, plan, periods, ledger, entries, resets, reset_count, run_to, till)
    interest = plan[period, _INTEREST]
    principal = plan[period, _PRINCIPAL]
    owed = outstanding(ledger, entries)
    if day <= plan[period, _FROM]:
        open_periods = 0
        for other in range(periods):
            if not is_paid(plan, other):
                open_periods += 1
        installment = plan[period, _INSTALLMENT]
        if open_periods > 1:
            installment = plan[period, _REGULAR]
        elif open_periods == 1 and is_paid(plan, period):
            installment = min(plan[period, _REGULAR], owed + plan[period, _PAID_PRINCIPAL] + interest)
        principal = max(installment - interest, plan[period, _PAID_PRINCIPAL] - plan[period, _EXTRA]) + plan[period, _EXTRA]
    principal = min(principal, plan[period, _PAID_PRINCIPAL] + owed)
    restore(plan, periods)
    evaluate(contract, plan, periods, ledger, entries, resets, reset_count, run_to, NEVER)
    return principal, interest


@lean
def payoff_of_plan(
    contract: Ints, plan: Ints, periods: int, ledger: Ints, entries: int, resets: Ints, reset_count: int, run_to: int, till: int
) -> int:
    """Principal outstanding and unpaid interest to a day: what ends the plan. The plan is as before."""
    save(plan, periods)
    settle(contract, plan, periods, ledger, entries, resets, reset_count, run_to, till)
    unpaid = 0
    for period in range(periods):
        unpaid += plan[period, _INTEREST] - plan[period, _PAID_INTEREST]
    restore(plan, periods)
    evaluate(contract, plan, periods, ledger, entries, resets, reset_count, run_to, NEVER)
    return outstanding(ledger, entries) + max(unpaid, 0)
