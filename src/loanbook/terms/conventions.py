"""The named conventions of a credit contract: each is a setting with a source, never a patched number.

In terms files they are written in lower case (`day_count: actual_365_fixed`), in integer columns as their value.
"""

from enum import IntEnum


class Unit(IntEnum):
    """The unit of a repayment frequency."""

    DAY = 0
    """Calendar days."""
    WEEK = 1
    """Seven days."""
    MONTH = 2
    """Calendar months; see MonthEnd for their ends."""


class MonthEnd(IntEnum):
    """What a due day does in shorter months; always counted from the seed date, so a clamp in February does not stick."""

    SAME_DAY = 0
    """The seed's day of month, or the month's last day where it is shorter."""
    LAST_DAY = 1
    """The month's last day when the seed is a month's last day, else the same day."""


class Shift(IntEnum):
    """What happens to a due date that is no business day."""

    NONE = 0
    """It stays."""
    FOLLOWING = 1
    """The next business day."""
    MODIFIED_FOLLOWING = 2
    """The next business day, or the one before where the next lies in another month."""
    PRECEDING = 3
    """The business day before."""
    MODIFIED_PRECEDING = 4
    """The business day before, or the next one where that lies in another month."""


class DayCount(IntEnum):
    """How many days, over how long a year."""

    THIRTY_360_BOND = 0
    """30/360 (ISDA bond basis): 31 becomes 30; at the end only when the start is 30 or 31."""
    THIRTY_E_360 = 1
    """30E/360 (Eurobond): every 31 becomes 30."""
    THIRTY_E_360_ISDA = 2
    """30E/360 ISDA: as 30E/360, and the last day of February becomes 30 (without the maturity exception)."""
    THIRTY_US_360 = 3
    """30/360 US: bond basis, and the last day of February counts as 30 when the start is one."""
    ACTUAL_360 = 4
    """Actual days over 360."""
    ACTUAL_365_FIXED = 5
    """Actual days over 365, in leap years too."""
    ACTUAL_ACTUAL_ISDA = 6
    """Days in leap years over 366, others over 365; split at 1 January."""
    ACTUAL_ACTUAL_31_DECEMBER = 7
    """Like ISDA, but split at 31 December: the night to 1 January belongs to the second year (Apache Fineract, progressive)."""
    ACTUAL_ACTUAL_FEBRUARY_29 = 8
    """Over 366 only when 29 February lies in the period (start exclusive, end inclusive), else over 365; no split."""
    THIRTY_A_MONTH_360 = 9
    """Whole periods of months or weeks count 30 days a month and 7 a week over 360; a part of a period counts its share of the
    period's actual days. Contracts that quote r/12 a month mean this. Needs the period: see `loans.schedule`; alone it counts
    as 30E/360."""
    THIRTY_A_MONTH_365 = 10
    """As above over 365 days."""
    THIRTY_A_MONTH_ACTUAL = 11
    """As above over the actual days of the year (365 or 366) of the period's start."""


class Method(IntEnum):
    """How principal comes back."""

    LEVEL = 0
    """Equal instalments of principal and interest; the last one takes the rounding."""
    EQUAL_PRINCIPAL = 1
    """Equal parts of principal, and interest on what is left."""
    BULLET = 2
    """Interest each period, principal at the end."""
    INTEREST_ONLY_THEN_LEVEL = 3
    """`interest_only_count` instalments of interest, then level."""
    FLAT = 4
    """Interest on the original principal for every period, equal instalments."""
    LISTED = 5
    """The contract lists every instalment (events `instalment_agreed`); nothing is computed."""


class Engine(IntEnum):
    """Which family of rules recomputes a schedule when facts differ from it."""

    PROGRESSIVE = 0
    """One rounding per row; interest follows a daily principal ledger."""
    CUMULATIVE = 1
    """Each part-period interest is rounded before it is added (older consumer engines)."""


class Excess(IntEnum):
    """Where money goes once nothing is due."""

    NEXT = 0
    """The next instalment first."""
    LAST = 1
    """The last instalment first."""
    SPREAD = 2
    """Over all remaining instalments (re-amortisation)."""
    FEWER = 3
    """Same instalment, fewer of them."""
    SMALLER = 4
    """Same number, smaller instalments."""


class Processing(IntEnum):
    """Whether the waterfall runs per instalment (oldest first) or per bucket across instalments."""

    HORIZONTAL = 0
    """All steps on one instalment, oldest first, then on the next."""
    VERTICAL = 1
    """One step across all instalments, then the next step."""


class Payoff(IntEnum):
    """How far interest runs when a loan is paid off early."""

    TO_DATE = 0
    """Interest to the day of the payoff."""
    TO_PERIOD_END = 1
    """Interest to the end of the period in which the loan is paid off."""
    ALL_SCHEDULED = 2
    """All interest of the schedule is owed however early the loan is repaid."""


class Aging(IntEnum):
    """How days past due follow from money that a tape reports by period, where it states no days past due."""

    CONTRACTUAL = 0
    """Money clears instalments oldest first; an instalment once missed stays in arrears until it is made good."""
    RECENCY = 1
    """As contractual, but a period that brings at least one full instalment makes the loan current: what was missed before counts
    as extended. For tapes that do not record extensions and payment holidays, where contractual arrears would never cure."""


class Component(IntEnum):
    """What a payment can pay."""

    PENALTY = 0
    """Late charges, by terms or as events."""
    FEE = 1
    """Fees that fell due as events, or that a listed schedule names."""
    INTEREST = 2
    """Contract interest."""
    PRINCIPAL = 3
    """The amount lent."""


class Timing(IntEnum):
    """How an instalment stands to a payment's date."""

    PAST_DUE = 0
    """Its due date lies before the payment."""
    DUE = 1
    """It is due on the day of the payment."""
    IN_ADVANCE = 2
    """Its due date lies after the payment."""


class Model(IntEnum):
    """Business model: who lends, and who bears the loss."""

    ON_BALANCE_SHEET = 0
    """The issuer's own trusts, plans or lender fund the loan, and the issuer bears the loss."""
    CAPITAL_HEAVY = 1
    """A partner institution lends; the issuer bears the loss through a guarantee."""
    CAPITAL_LIGHT = 2
    """A partner institution lends and bears the loss."""
    REFERRAL = 3
    """The borrower is passed on: the partner lends, decides and bears the loss."""
    TECHNOLOGY = 4
    """A partner uses the issuer's systems on its own premises."""
    TECHNOLOGY_DISCONTINUED = 5
    """Risk-management software as a service that the issuer stops gradually: kept apart so that a definition can leave it out."""
