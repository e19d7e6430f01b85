"""Balances of an account by component: what is owed, what of it is overdue, what has been earned and not paid.

A library function (docs/concepts/account.md): the services read the same totals by row.
"""

from dataclasses import dataclass

from loanbook.loans.account import Account
from loanbook.loans.facts import Row, Total
from loanbook.units import NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """Minor units, as of the account's day. Nothing is outstanding once a loan is charged off or cancelled.

    principal_outstanding_fen   lent and not repaid
    principal_overdue_fen       due before the day and not repaid
    interest_due_fen            due by the day and not paid
    interest_accrued_fen        earned by the day and not paid, whether due or not
    fee_outstanding_fen, penalty_outstanding_fen   charged and not paid
    unapplied_fen               received and not allocated
    recovered_fen               received after charge-off
    """

    principal_outstanding_fen: int
    principal_overdue_fen: int
    interest_due_fen: int
    interest_accrued_fen: int
    fee_outstanding_fen: int
    penalty_outstanding_fen: int
    unapplied_fen: int
    recovered_fen: int


def balances(account: Account) -> Balances:
    """The balances of an account."""
    rows = account.rows
    ended = account.total(Total.CHARGED_OFF_ON) != NEVER or account.total(Total.CANCELLED_ON) != NEVER
    late = rows[rows[:, Row.DUE_ON] < account.as_of]
    due = rows[rows[:, Row.DUE_ON] <= account.as_of]
    paid_interest = int(rows[:, Row.PAID_INTEREST].sum())
    return Balances(
        principal_outstanding_fen=0 if ended else account.total(Total.OUTSTANDING),
        principal_overdue_fen=0 if ended else int((late[:, Row.PRINCIPAL] - late[:, Row.PAID_PRINCIPAL]).sum()),
        interest_due_fen=0 if ended else int((due[:, Row.INTEREST] - due[:, Row.PAID_INTEREST]).sum()),
        interest_accrued_fen=0 if ended else max(account.interest_earned_fen - paid_interest, 0),
        fee_outstanding_fen=0 if ended else int((rows[:, Row.FEE] - rows[:, Row.PAID_FEE]).sum()),
        penalty_outstanding_fen=0 if ended else int((rows[:, Row.PENALTY] - rows[:, Row.PAID_PENALTY]).sum()),
        unapplied_fen=account.total(Total.UNAPPLIED),
        recovered_fen=account.total(Total.RECOVERED),
    )
