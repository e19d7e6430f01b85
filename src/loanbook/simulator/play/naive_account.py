"""A loan's account by hand: published instalments, payments laid on them one after the other. Shares no rule with the house.

It covers what the world lends, and no more: schedules that stand, oldest instalment first, fee before interest before principal,
one full settlement that owes interest to its day. Amounts are whole minor units; the only division is the interest of a
settlement, in decimals.
"""

import calendar
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

BY_THE_DAY = ("small_business_loan",)
"""Products whose interest runs by the day over 365; the others earn a twelfth of the annual rate a month."""
ROUNDED_DOWN = ("pay_later",)
TOLERANCES = {"pay_later": 5}
TOLERANCE = 100
"""A residue of this many minor units or less is not arrears (product terms `arrears_tolerance`)."""
ROUNDING_DOUBT = 1
"""A settlement may be asked for a minor unit less than here: its interest is rounded, after fractions of a year were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalment:
    """One row as it was published."""

    due_on: dt.date
    principal_fen: int
    interest_fen: int
    fee_fen: int = 0


@dataclass(slots=True, kw_only=True)
class Payment:
    """Money that was reported and taken; `stands` until it is given back. What `recovers` came after a charge-off: it repays
    no instalment. An amount below 0 is a refund of what found nothing to pay.

    booked_on   the day on which the platform was told;  gone_on  on which it was told that it bounced
    left_over   what a settlement left over as it was answered: it decides between two amounts that rounding cannot tell apart
    """

    reference: str
    paid_on: dt.date
    amount_fen: int
    settles: bool
    recovers: bool = False
    stands: bool = True
    booked_on: dt.date = dt.date.min
    gone_on: dt.date | None = None
    left_over: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What is needed to settle a loan: how its interest runs."""

    product: str
    rate_annual: Decimal
    disbursed_on: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where a loan stands after all its payments.

    unpaid      (due date, minor units) of instalments with anything left to pay, oldest first
    interest    (due date, minor units) of interest that is left to pay
    parts       what was paid: principal, interest, fees
    """

    outstanding_fen: int
    paid_fen: int
    unapplied_fen: int
    unpaid: tuple[tuple[dt.date, int], ...]
    interest: tuple[tuple[dt.date, int], ...] = ()
    parts: tuple[int, int, int] = (0, 0, 0)

    def interest_due(self, on: dt.date) -> int:
        """Interest of instalments due by a day that is not paid."""
        return sum(left for due_on, left in self.interest if due_on <= on)

    def late(self, on: dt.date, product: str) -> tuple[int, int]:
        """Days past due at the end of a day, and what of instalments due before it is unpaid."""
        before = [(due_on, left) for due_on, left in self.unpaid if due_on < on]
        behind = [due_on for due_on, left in before if left > TOLERANCES.get(product, TOLERANCE)]
        return ((on - behind[0]).days if behind else 0), sum(left for _, left in before)


NOTHING = Account(outstanding_fen=0, paid_fen=0, unapplied_fen=0, unpaid=())
"""Where a loan stands that was cancelled."""


def account(contract: Contract, schedule: Sequence[Instalment], payments: Sequence[Payment]) -> Account:
    """The account with all payments that stand."""
    fees, interest, principal = (
        [getattr(row, name) for row in schedule] for name in ("fee_fen", "interest_fen", "principal_fen")
    )
    left = [[fee, earned, lent] for fee, earned, lent in zip(fees, interest, principal, strict=True)]
    unapplied = paid = 0
    standing = [each for each in payments if each.stands and not each.recovers]
    for payment in sorted(standing, key=lambda each: (each.paid_on, each.settles)):
        outstanding = sum(row[2] for row in left)
        money = payment.amount_fen
        if money < 0:
            unapplied += money
            continue
        if outstanding and (payment.settles or money >= outstanding):
            waived = [_waived(contract, schedule, left, row, payment.paid_on) for row in range(len(schedule))]
            owed = sum(map(sum, left)) - sum(waived)
            if money >= owed - ROUNDING_DOUBT:
                over = max(money - owed, 0)
                if payment.left_over is not None and abs(payment.left_over - over) <= ROUNDING_DOUBT:
                    over = payment.left_over
                paid, unapplied = paid + money - over, unapplied + over
                left = [[0, 0, 0] for _ in schedule]
                continue
        for row in left:
            for part in range(3):
                taken = min(row[part], money)
                row[part] -= taken
                money -= taken
        paid += payment.amount_fen - money
        unapplied += money
    unpaid = tuple((row.due_on, sum(parts)) for row, parts in zip(schedule, left, strict=True) if sum(parts))
    principal_paid = sum(principal) - sum(row[2] for row in left)
    fees_paid = sum(fees) - sum(row[0] for row in left)
    return Account(
        outstanding_fen=sum(row[2] for row in left),
        paid_fen=paid,
        unapplied_fen=unapplied,
        unpaid=unpaid,
        interest=tuple((row.due_on, parts[1]) for row, parts in zip(schedule, left, strict=True) if parts[1]),
        parts=(principal_paid, paid - principal_paid - fees_paid, fees_paid),
    )


def _waived(contract: Contract, schedule: Sequence[Instalment], left: list[list[int]], row: int, on: dt.date) -> int:
    """Interest of a row that a settlement on a day does not owe: what its days have not earned and nobody has paid."""
    asked = schedule[row].interest_fen
    if schedule[row].due_on <= on:
        return 0
    start = schedule[row - 1].due_on if row else contract.disbursed_on
    earned = 0
    if on > start:
        balance = Decimal(sum(each.principal_fen for each in schedule[row:]))
        days, period = Decimal((on - start).days), Decimal((schedule[row].due_on - start).days)
        fraction = days / 365 if contract.product in BY_THE_DAY else days / period / 12
        rule = ROUND_FLOOR if contract.product in ROUNDED_DOWN else ROUND_HALF_UP
        earned = int((balance * contract.rate_annual * fraction).quantize(Decimal(1), rule))
    return asked - max(earned, asked - left[row][1])


def month_later(on: dt.date, months: int) -> dt.date:
    """The same day some months later, or the month's last."""
    place = on.year * 12 + on.month - 1 + months
    year, month = divmod(place, 12)
    return dt.date(year, month + 1, min(on.day, calendar.monthrange(year, month + 1)[1]))
