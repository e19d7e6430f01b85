"""The scratch that every decoder fills and the one measure body reads: a loan's dues, what paid them, and its ends.

A decoder returns (rows, pieces, ends): how many rows and pieces it wrote, with `ends` filled by `End`. The arrays belong to
the caller and are reused from loan to loan, so a close allocates nothing per loan.
"""

from enum import IntEnum

OUTSIDE = -1
"""`Paid.DUE` of principal that no row of the schedule asked for: prepaid if positive, a further disbursement if negative."""
UNMATCHED = -2
"""`Paid.DUE` of money that a tape reports by period: within the schedule, the row is not known."""
ADJUSTED = -3
"""`Paid.DUE` of a reported balance that moved without principal: no money, only the balance follows."""


class Due(IntEnum):
    """Columns of `due`, (most instalments, len(Due)) int64, ascending by ON."""

    ON = 0
    """Holiday-adjusted due date."""
    PRINCIPAL = 1
    INTEREST = 2
    CLEARED_ON = 3
    """The day it left arrears; `units.NEVER`."""


class Paid(IntEnum):
    """Columns of `paid`, (most pieces, len(Paid)) int64, ascending by ON: money that reduced what the borrower owes."""

    ON = 0
    DUE = 1
    """The row of `due` it paid; `OUTSIDE`, `UNMATCHED` or `ADJUSTED` for none."""
    PRINCIPAL = 2
    """Negative when a payment came back and for a further disbursement."""
    INTEREST = 3
    RECOVERED = 4
    """Money after charge-off; the other amounts of such a row are 0."""
    CHARGES = 5
    """Fees and late charges; no part of what principal and interest are measured by."""


class End(IntEnum):
    """Columns of `ends`, (len(End),) int64."""

    OPENED_ON = 0
    """First day the loan is measured: disbursement, or a tape's cut-off."""
    OPENED_BALANCE = 1
    """Principal outstanding at the end of that day, before any piece."""
    CHARGED_OFF_ON = 2
    """`units.NEVER` if not; later rows of `paid` only recover."""
    CHARGED_OFF = 3
    """Principal written off."""
    CANCELLED_ON = 4
    ORIGINAL = 5
    """Principal originally lent, all disbursements: the vintage's denominator."""
    CONTRACT_INTEREST = 6
    """Interest of the contract as it was made; `due` of an account holds less after a payoff, which takes off what is not owed
    any more. 0 of a tape."""
