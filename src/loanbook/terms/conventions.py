"""The named conventions of a credit contract: each is a setting with a source, never a patched number.

In terms files they are written in lower case (`day_count: actual_365_fixed`), in integer columns as their value.
"""

from enum import IntEnum


class Unit(IntEnum):
    """The unit of a repayment frequency."""

    DAY = 0
    WEEK = 1
    MONTH = 2


class MonthEnd(IntEnum):
    """What a due day does in shorter months; always counted from the seed date, so a clamp in February does not stick."""

    SAME_DAY = 0
    """The seed's day of month, or the month's last day where it is shorter."""
    LAST_DAY = 1
    """The month's last day when the seed is a month's last day, else the same day."""


class Shift(IntEnum):
    """What happens to a due date that is no business day."""

    NONE = 0
    FOLLOWING = 1
    MODIFIED_FOLLOWING = 2
    PRECEDING = 3
    MODIFIED_PRECEDING = 4


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
    ACTUAL_365_FIXED = 5
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
    BULLET = 2
    """Interest each period, principal at the end."""
    INTEREST_ONLY_THEN_LEVEL = 3
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
    LAST = 1
    SPREAD = 2
    """Over all remaining instalments (re-amortisation)."""
    FEWER = 3
    """Same instalment, fewer of them."""
    SMALLER = 4
    """Same number, smaller instalments."""


class Processing(IntEnum):
    """Whether the waterfall runs per instalment (oldest first) or per bucket across instalments."""

    HORIZONTAL = 0
    VERTICAL = 1


class Payoff(IntEnum):
    """How far interest runs when a loan is paid off early."""

    TO_DATE = 0
    TO_PERIOD_END = 1
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
    FEE = 1
    INTEREST = 2
    PRINCIPAL = 3


class Timing(IntEnum):
    """How an instalment stands to a payment's date."""

    PAST_DUE = 0
    DUE = 1
    IN_ADVANCE = 2


class Model(IntEnum):
    """Business model: who lends and who loses (DOMAIN section 2)."""

    ON_BALANCE_SHEET = 0
    CAPITAL_HEAVY = 1
    CAPITAL_LIGHT = 2
    REFERRAL = 3
    TECHNOLOGY = 4
    TECHNOLOGY_DISCONTINUED = 5
    """Risk-management software as a service that the issuer stops gradually: kept apart so that a definition can leave it out."""
