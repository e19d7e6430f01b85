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
