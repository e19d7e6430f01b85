"""One loan's dated facts as kernels read them, and the columns of the account that they come to."""

from enum import IntEnum


class FactKind(IntEnum):
    """What a fact is; the value is also the order of facts of one day."""

    DISBURSEMENT = 0
    CHARGE_FEE = 1
    """Detail: the day it falls due."""
    CHARGE_PENALTY = 2
    """Detail: the day it falls due."""
    RATE = 3
    """Amount: the new annual rate in `units.RATE_SCALE`-ths."""
    DOWN_PAYMENT = 4
    PAYMENT = 5
    PAYOFF = 6
    """Whatever is owed that day; amount 0 lets the account say how much."""
    RECOVERY = 7
    CHARGE_OFF = 8
    """Amount: principal written off, 0 for all that is outstanding."""
    CANCELLATION = 9
    REVERSAL = 10
    """Detail: the position of the reversed fact among the loan's facts."""


class Row(IntEnum):
    """Columns of an account's instalment rows, (rows, len(Row)) int64."""

    DUE_ON = 0
    PRINCIPAL = 1
    INTEREST = 2
    FEE = 3
    PENALTY = 4
    PAID_PRINCIPAL = 5
    PAID_INTEREST = 6
    PAID_FEE = 7
    PAID_PENALTY = 8
    CLEARED_ON = 9
    """The day the instalment left arrears (what is unpaid fell to the tolerance); `units.NEVER`."""
    SETTLED_ON = 10
    """The day nothing of it was unpaid; `units.NEVER`."""


class Piece(IntEnum):
    """Columns of allocated money, (pieces, len(Piece)) int64, ascending by ON: what part of which payment paid which row."""

    ON = 0
    ROW = 1
    PRINCIPAL = 2
    INTEREST = 3
    FEE = 4
    PENALTY = 5
    FACT = 6
    """Position of the payment among the loan's facts."""
    RECOVERED = 7
    """Money after charge-off; ROW is -1 and the other amounts are 0."""


class Fact(IntEnum):
    """Columns of one loan's facts as the account reads them, (facts, len(Fact)) int64, in canonical order: `sort_facts`."""

    ON = 0
    KIND = 1
    AMOUNT = 2
    DETAIL = 3
    RECORDED_ON = 4
    ACTIVE = 5
    """Written by the account: 1 when the fact is visible and not taken back."""
    HELD = 6
    """Written by the account: money of this fact that found nothing to pay."""


class Total(IntEnum):
    """Columns of an account's `totals`, (len(Total),) int64. The first ones are results, the others the account's own memory."""

    ROWS = 0
    PIECES = 1
    LENT = 2
    """All disbursements, down payments included."""
    RECEIVED = 3
    """Money in: payments, payoffs at what they came to, recoveries."""
    UNAPPLIED = 4
    RECOVERED = 5
    CHARGED_OFF_ON = 6
    """`units.NEVER` if not."""
    CHARGED_OFF = 7
    """Principal written off."""
    CANCELLED_ON = 8
    OUTSTANDING = 9
    """Principal lent and not repaid; before charge-off or cancellation takes it away."""
    PERIODS = 10
    """Periods of the plan; 0 while the schedule stands."""
    ENTRIES = 11
    RESETS = 12
    FOLLOWS = 13
    """1: the plan follows payments (interest is recalculated)."""
    RUN_TO = 14
    DAY = 15
    """The day that is being booked."""
    AHEAD_ON = 16
    """The day to which interest is paid when the loan is paid off before it; 0: the day that is booked."""
    FACT = 17
    FIRST_PIECE = 18
    """The first piece of the fact that is being booked."""
    FIRST_OPEN = 19
    """Rows before this one are settled."""
