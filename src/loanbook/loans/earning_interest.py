"""Interest a loan has earned: accrual, non-accrual beyond a number of days past due, and the return to accrual.

Nothing is remembered from day to day: the due dates and the days on which instalments left arrears say when accrual stopped,
whether it has returned, and what was missed. So a payment told late changes the figure, not a history of postings.
"""

from enum import IntEnum

from loanbook.kernel import lean
from loanbook.loans.history import Due
from loanbook.units import HALF_UP, NEVER, Ints, mul_div

_ON = int(Due.ON)
_INTEREST = int(Due.INTEREST)
_CLEARED_ON = int(Due.CLEARED_ON)
_BEFORE_ALL = -(1 << 62)


class Accrual(IntEnum):
    """Columns of `policy`, (len(Accrual),) int64: how interest income stops and returns (an accounting policy's choices)."""

    AFTER_DAYS = 0
    """Accrual goes on up to and with this many days past due: 60."""
    RETURN = 1
    """A `Return`."""
    CATCH_UP = 2
    """1: with the return, the interest of the days without accrual is income at once; 0: as it is collected."""
    REVERSE = 3
    """1: accrued interest that was not collected is reversed when accrual stops, and income is cash; 0: it stays."""


class Return(IntEnum):
    """When a loan accrues again."""

    BELOW = 0
    """Once it is no more than AFTER_DAYS past due."""
    CURRENT = 1
    """Once nothing is past due."""


_AFTER_DAYS = int(Accrual.AFTER_DAYS)
_RETURN = int(Accrual.RETURN)
_CATCH_UP = int(Accrual.CATCH_UP)
_REVERSE = int(Accrual.REVERSE)
_CURRENT = int(Return.CURRENT)


@lean
def accrued_at(due: Ints, rows: int, opened_on: int, day: int) -> int:
    """Contract interest accrued by the end of a day: whole rows, and the row that is running straight line by its days.

    due        (rows, len(Due)) int64, ascending;  after the last row nothing accrues
    rounding   half up, the running row only
    """
    total, since = 0, opened_on
    for row in range(rows):
        until = due[row, _ON]
        if until > day:
            if day > since:
                total += mul_div(due[row, _INTEREST], day - since, until - since, HALF_UP)
            break
        total += due[row, _INTEREST]
        since = until
    return total


@lean
def non_accrual(policy: Ints, due: Ints, rows: int, opened_on: int, day: int) -> tuple[int, int]:
    """The last day of accrual of a loan that is on non-accrual at a day's end (else NEVER), and the interest of earlier gaps.

    A row keeps its loan past due at the end of every day after its due date and before `Due.CLEARED_ON`.
    """
    after = policy[_AFTER_DAYS]
    lead = 1 if policy[_RETURN] == _CURRENT else after + 1
    stopped_on, reach, missed = NEVER, _BEFORE_ALL, 0
    for row in range(rows):
        since, until = due[row, _ON] + lead, due[row, _CLEARED_ON]
        if since > day:
            break
        if until <= since:
            continue
        if since > reach and stopped_on != NEVER:
            # The spell before ended on `reach`, before this one began.
            missed += accrued_at(due, rows, opened_on, reach) - accrued_at(due, rows, opened_on, stopped_on)
            stopped_on = NEVER
        reach = max(reach, until)
        crossed = due[row, _ON] + after + 1
        if stopped_on == NEVER and crossed <= day and until > crossed:
            stopped_on = crossed - 1
    if stopped_on != NEVER and reach <= day:
        missed += accrued_at(due, rows, opened_on, reach) - accrued_at(due, rows, opened_on, stopped_on)
        stopped_on = NEVER
    return stopped_on, missed


@lean
def interest_at(
    policy: Ints,
    due: Ints,
    rows: int,
    opened_on: int,
    ended_on: int,
    charged_off_on: int,
    collected: int,
    day: int,
) -> tuple[int, int]:
    """Interest recognised and interest reversed, both cumulative, of one loan at a day's end; income is their difference.

    ended_on         paid in full or cancelled: what was collected is the income; NEVER
    charged_off_on   accrual ends there for good, and its state of that day stands; NEVER
    collected        interest collected by then and before any charge-off (recoveries go to the allowance)
    returns          recognised: while accruing, what accrued; on non-accrual the larger of what was collected and what accrued by
                     the last day of accrual. reversed: under REVERSE what of that was not collected
    source           non-accrual beyond 60 days past due (DOMAIN section 6); return, catch-up and reversal are policy choices
    """
    if day < opened_on:
        return 0, 0
    if ended_on <= day and ended_on <= charged_off_on:
        return collected, 0
    until = min(day, charged_off_on)
    stopped_on, missed = non_accrual(policy, due, rows, opened_on, until)
    if policy[_CATCH_UP] != 0:
        missed = 0
    if stopped_on == NEVER:
        accrued = accrued_at(due, rows, opened_on, until)
        return max(accrued - missed, min(accrued, collected)), 0
    kept = accrued_at(due, rows, opened_on, stopped_on) - missed
    return max(collected, kept), max(kept - collected, 0) if policy[_REVERSE] != 0 else 0
