"""Days past due and status: functions of an account, for any day up to the one it was made for."""

from enum import StrEnum

from loanbook.errors import RequestError
from loanbook.loans.account import Account
from loanbook.loans.facts import Row, Total
from loanbook.units import date


class Status(StrEnum):
    """How a loan stands."""

    NOT_OPENED = "not_opened"
    CURRENT = "current"
    OVERDUE = "overdue"
    SETTLED = "settled"
    CHARGED_OFF = "charged_off"
    CANCELLED = "cancelled"


def _check(account: Account, on: int) -> None:
    if on > account.as_of:
        raise RequestError(f"the account is as of {date(account.as_of)}; make one as of {date(on)} to look at that day.")


def dpd(account: Account, on: int | None = None) -> int:
    """Calendar days from the due date of the oldest instalment that is in arrears at a day's end; 0 when none is.

    A payment on the due date is on time; what is unpaid up to the contract's tolerance is not arrears.
    """
    day = account.as_of if on is None else on
    _check(account, day)
    rows = account.rows
    late = rows[(rows[:, Row.DUE_ON] < day) & (rows[:, Row.CLEARED_ON] > day)]
    return int(day - late[:, Row.DUE_ON].min()) if len(late) else 0


def status(account: Account, on: int | None = None) -> Status:
    """The status at a day's end."""
    day = account.as_of if on is None else on
    _check(account, day)
    if not len(account.rows) or day < account.disbursed_on:
        return Status.NOT_OPENED
    if account.total(Total.CANCELLED_ON) <= day:
        return Status.CANCELLED
    if account.total(Total.CHARGED_OFF_ON) <= day:
        return Status.CHARGED_OFF
    if bool((account.rows[:, Row.SETTLED_ON] <= day).all()):
        return Status.SETTLED
    return Status.OVERDUE if dpd(account, day) > 0 else Status.CURRENT
