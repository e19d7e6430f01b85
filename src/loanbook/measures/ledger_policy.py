"""What the books' pass is told of a group's loans: its accounting policy and the frozen estimates, as columns."""

from enum import IntEnum

from loanbook.loans.earning_interest import Accrual

REMAINING = 37
"""Remaining instalments that estimates are told by: 0 to 36 or more."""
NONCURRENT_DAYS = 365


class Policy(IntEnum):
    """Columns of `policy`, (groups, months, len(Policy)) int64: what the accounting policy says of a group's loans of a month."""

    MODEL = 0
    UPFRONT_PPM = 1
    """Part of the service price that is earned when the loan is made (stand-alone selling price of facilitation)."""
    COST_PPM = 2
    """Costs of making a loan that are deferred and amortised with the effective interest, of the amount lent."""
    FLAT_FEE_PPM = 3
    """A fee of the amount lent that the partner owes (referral, technology)."""
    CONFIRM_DAYS = 4
    """Days until the partner confirms it."""
    COLLECT_DAYS = 5
    """Days until it is paid."""
    SETTLE_DAYS = 6
    """Days that the payment provider keeps what borrowers paid."""
    COMPENSATION_DPD = 7
    """The guarantor pays the lender on this day past due."""
    VAT_PPM = 8
    """Value-added tax and surcharges on the net amount."""
    LOST_FEES = 9
    """An `earning_service.Loss`."""
    NON_ACCRUAL_DPD = 10
    """From here the columns of `earning_interest.Accrual`."""
    ACCRUAL_RETURN = 11
    ACCRUAL_CATCH_UP = 12
    ACCRUAL_REVERSE = 13
    RISKIER_RELATIVE_PPM = 14
    """From here the columns of `accounting.staging.StagingPolicy.row`."""
    RISKIER_ABSOLUTE_PPM = 15
    LOW_RISK_PPM = 16
    STAGE_2_DPD = 17
    STAGE_3_DPD = 18
    CURE_MONTHS = 19
    CURE_DEFAULT_MONTHS = 20


ACCRUAL = slice(int(Policy.NON_ACCRUAL_DPD), int(Policy.NON_ACCRUAL_DPD) + len(Accrual))
STAGING = slice(int(Policy.RISKIER_RELATIVE_PPM), len(Policy))


class Rate(IntEnum):
    """First dimension of `rates`, (len(Rate), groups, REMAINING, buckets) int64 ppm: the frozen estimates."""

    LIFETIME_LOSS = 0
    TWELVE_MONTH_LOSS = 1
    COLLECTABLE = 2
    """Of the fees and interest still to come, the part that will."""
