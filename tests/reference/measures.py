"""Naive twin of every measure: plain Python, one loan, one day at a time, from dues and payments.

Nothing here is shared with `loanbook.measures` but the names of buckets. Days are day numbers, money is whole fen.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass

NEVER = 2_147_483_647
_EPOCH = dt.date(1970, 1, 1).toordinal()
RISK_FREE = {"referral", "technology", "technology_discontinued"}
PLATFORM = {"capital_light", *RISK_FREE}
LADDER = ["current", "1-30", "31-60", "61-90", "91-120", "121-150", "151-180", "181+"]


@dataclass
class Due:
    on: int
    principal: int
    cleared_on: int


@dataclass
class Payment:
    on: int
    due: int | None
    principal: int
    interest: int = 0
    recovered: int = 0


@dataclass
class Loan:
    """One loan as facts: `due` None in a payment means outside the schedule (prepaid, or drawn again when negative)."""

    product: str
    model: str
    segment: str
    tenor_months: int
    ordinal: int
    disbursed_on: int
    principal: int
    dues: list[Due]
    payments: list[Payment]
    charged_off_on: int = NEVER
    charged_off: int = 0

    def owed(self, day: int) -> int:
        """Principal lent and not repaid, written off or not."""
        return self.principal - sum(payment.principal for payment in self.payments if payment.on <= day)

    def balance(self, day: int) -> int:
        return 0 if day < self.disbursed_on or day >= self.charged_off_on else self.owed(day)

    def dpd(self, day: int) -> int:
        unpaid = [due.on for due in self.dues if due.cleared_on > day and due.on < day]
        return day - min(unpaid) if unpaid else 0

    def bucket(self, day: int) -> str:
        if day >= self.charged_off_on:
            return "charged_off"
        dpd = self.dpd(day)
        if dpd == 0:
            return "current"
        return next((name for name in LADDER[1:-1] if int(name.split("-")[0]) <= dpd <= int(name.split("-")[1])), "181+")

    def first_over(self, days: int, until: int) -> int | None:
        """The first day at whose end the loan is more than `days` past due."""
        return next((day for day in range(self.disbursed_on, until + 1) if self.dpd(day) > days), None)

    def charge_off_by_terms(self, days: int) -> None:
        """Write off on the first day past the limit; what comes later is a recovery."""
        last = max([due.on for due in self.dues] + [self.disbursed_on]) + days + 2
        day = self.first_over(days, last) if days else None
        if day is None or day >= self.charged_off_on:
            return
        self.charged_off_on, self.charged_off = day, self.owed(day)
        for payment in self.payments:
            if payment.on > day:
                payment.recovered += payment.principal + payment.interest
                payment.principal = payment.interest = 0
        for due in self.dues:
            if due.cleared_on > day:
                due.cleared_on = NEVER

    def paid_on(self, due: int, since: int, until: int) -> int:
        """Principal paid on an instalment after `since` up to `until`."""
        return sum(pay.principal for pay in self.payments if pay.due == due and since < pay.on <= until)


def date_of(day: int) -> dt.date:
    return dt.date.fromordinal(day + _EPOCH)


def month_of(day: int) -> int:
    return date_of(day).year * 12 + date_of(day).month - 1


def last_day(month: int) -> int:
    following = dt.date((month + 1) // 12, (month + 1) % 12 + 1, 1)
    return following.toordinal() - _EPOCH - 1


class Twin:
    """All cells and all measures of some loans, by brute force."""

    def __init__(self, loans: list[Loan], since: int, as_of: int, observed_to: int) -> None:
        self.loans = [loan for loan in loans if loan.disbursed_on <= as_of]
        self.first, self.last = month_of(since), month_of(as_of)
        self.as_of, self.observed_to = as_of, observed_to

    def snapshots(self) -> list[tuple[int, int]]:
        return [(month, min(last_day(month), self.as_of)) for month in range(self.first, self.last + 1)]

    def cells(self) -> dict[str, Counter]:
        """family -> (product, model, segment, other dimensions..., column) -> sum."""
        found: dict[str, Counter] = {name: Counter() for name in ("volume", "position", "due", "vintage", "transition", "flow")}
        for loan in self.loans:
            group = (loan.product, loan.model, loan.segment)
            self._volume(found["volume"], group, loan)
            self._due(found["due"], group, loan)
            self._vintage(found["vintage"], group, loan)
            for month, day in self.snapshots():
                if day >= loan.disbursed_on:
                    self._month(found, group, loan, month, day)
        return {name: Counter({key: value for key, value in cells.items() if value}) for name, cells in found.items()}

    def _drawn(self, loan: Loan) -> list[tuple[int, int]]:
        again = [(pay.on, -pay.principal) for pay in loan.payments if pay.due is None and pay.principal < 0]
        return [(loan.disbursed_on, loan.principal), *((on, sum_) for on, sum_ in again if on <= self.as_of)]

    def _volume(self, cells: Counter, group: tuple, loan: Loan) -> None:
        drawdown = {0: "unknown", 1: "first"}.get(loan.ordinal, "repeat")
        for number, (on, principal) in enumerate(self._drawn(loan)):
            key = (*group, month_of(on), loan.tenor_months, drawdown)
            cells[*key, "loans"] += number == 0
            cells[*key, "principal_fen"] += principal
            cells[*key, "principal_months_fen"] += principal * loan.tenor_months
            cells[*key, "borrowers"] += number == 0 and loan.ordinal == 1

    def due_parts(self, loan: Loan, number: int) -> dict[str, int] | None:
        """What one instalment adds to the family due; None when it has not fallen due as one of a living loan."""
        due = loan.dues[number]
        if due.on > self.as_of or due.on > loan.charged_off_on or due.on < loan.disbursed_on:
            return None
        amount = due.principal - loan.paid_on(number, -(10**9), last_day(month_of(due.on) - 1))
        entered = due.cleared_on > due.on and all(older.cleared_on <= due.on for older in loan.dues[:number])
        overdue = due.principal - loan.paid_on(number, -(10**9), due.on) if entered else 0
        parts = {"due_fen": amount, "overdue_fen": overdue, "observed_due_fen": 0, "observed_fen": 0, "collected_fen": 0}
        if due.on + 30 <= self.observed_to:
            collected = loan.paid_on(number, due.on, due.on + 30) if entered else 0
            parts |= {"observed_due_fen": amount, "observed_fen": overdue, "collected_fen": collected}
        return parts

    def _due(self, cells: Counter, group: tuple, loan: Loan) -> None:
        for number, due in enumerate(loan.dues):
            for column, value in (self.due_parts(loan, number) or {}).items():
                cells[*group, month_of(due.on), "first" if number == 0 else "later", column] += value

    def _vintage(self, cells: Counter, group: tuple, loan: Loan) -> None:
        origin = month_of(loan.disbursed_on)
        cells[*group, origin, 0, "original_fen"] += sum(principal for _, principal in self._drawn(loan))
        for days, column in ((30, "over_30_fen"), (180, "over_180_fen")):
            day = loan.first_over(days, self.as_of)
            if day is not None:
                cells[*group, origin, month_of(day) - origin, column] += loan.owed(day)

    def prepaid(self, loan: Loan, month: int, until: int) -> int:
        """Principal paid in a month that fell due in a later one, or was outside the schedule."""
        return sum(
            pay.principal
            for pay in loan.payments
            if month_of(pay.on) == month
            and pay.on <= until
            and ((pay.due is None and pay.principal > 0) or (pay.due is not None and month_of(loan.dues[pay.due].on) > month))
        )

    def scheduled(self, loan: Loan, month: int, until: int) -> int:
        return sum(
            due.principal - loan.paid_on(number, -(10**9), last_day(month - 1))
            for number, due in enumerate(loan.dues)
            if month_of(due.on) == month and due.on <= min(until, loan.charged_off_on)
        )

    def _month(self, found: dict[str, Counter], group: tuple, loan: Loan, month: int, day: int) -> None:
        origin = month_of(loan.disbursed_on)
        before = last_day(month - 1)
        opening = loan.balance(before) if before >= loan.disbursed_on else 0
        closing, bucket = loan.balance(day), loan.bucket(day)
        written_off = loan.charged_off if day >= loan.charged_off_on else 0
        if closing or written_off or bucket == "charged_off":
            found["position"][*group, month, bucket, "loans"] += 1
            found["position"][*group, month, bucket, "principal_fen"] += closing + written_off
        if opening:
            state = bucket if closing or bucket == "charged_off" else "repaid"
            key = (*group, month, loan.bucket(before), state)
            found["transition"][*key, "loans"] += 1
            found["transition"][*key, "opening_fen"] += opening
            found["transition"][*key, "closing_fen"] += closing
        paid = [pay for pay in loan.payments if month_of(pay.on) == month and pay.on <= day]
        flows = {
            "opening_fen": opening,
            "entered_fen": sum(principal for on, principal in self._drawn(loan) if month_of(on) == month and on <= day),
            "scheduled_fen": self.scheduled(loan, month, day) if month > origin else 0,
            "paid_fen": sum(pay.principal for pay in paid if pay.due is not None or pay.principal > 0),
            "prepaid_fen": self.prepaid(loan, month, day) if month > origin else 0,
            "charged_off_fen": written_off if month_of(min(loan.charged_off_on, day)) == month else 0,
            "interest_fen": sum(pay.interest for pay in paid),
            "recovered_fen": sum(pay.recovered for pay in paid),
        }
        for column, value in flows.items():
            found["flow"][*group, month, column] += value
        flows["prepaid_fen"] = self.prepaid(loan, month, day)
        for column in ("charged_off_fen", "recovered_fen", "prepaid_fen"):
            found["vintage"][*group, origin, month - origin, column] += flows[column]

    # Measures: straight from the loans, not from the cells above.

    def measures(self) -> dict[str, tuple[int, int | None]]:
        """measure -> numerator, denominator, for the quarter of the close, at its last day, or since the book began."""
        quarter = range(self.last - self.last % 3, self.last + 1)
        new = [loan for loan in self.loans if month_of(loan.disbursed_on) in quarter]
        drawn = [(loan, sum_) for loan in self.loans for on, sum_ in self._drawn(loan) if month_of(on) in quarter]
        out = [loan for loan in self.loans if loan.balance(self.as_of) and loan.dpd(self.as_of) <= 180]
        risky = [loan for loan in out if loan.model not in RISK_FREE]
        dues = [
            (number, parts)
            for loan in self.loans
            for number, due in enumerate(loan.dues)
            if month_of(due.on) in quarter and (parts := self.due_parts(loan, number))
        ]
        flows = self._quarter_flows(quarter)
        old = [loan for loan in self.loans if loan.model not in RISK_FREE]
        lost = sum(loan.charged_off for loan in self.loans if loan.charged_off_on <= self.as_of)
        recovered = sum(pay.recovered for loan in self.loans for pay in loan.payments if pay.on <= self.as_of)
        lent = sum(principal for loan in self.loans for _, principal in self._drawn(loan))
        volume = sum(sum_ for _, sum_ in drawn)
        balance = sum(loan.balance(self.as_of) for loan in out)
        platform = sum(sum_ for loan, sum_ in drawn if loan.model in PLATFORM)
        pay_later = sum(1 for loan in new if loan.product == "pay_later")
        found: dict[str, tuple[int, int | None]] = {
            "loans": (len(new), None),
            "pay_later_loans": (pay_later, None),
            "pay_later_share": (pay_later, len(new)),
            "loan_volume": (volume, None),
            "platform_volume": (platform, None),
            "platform_share": (platform, volume),
            "discontinued_volume": (sum(sum_ for loan, sum_ in drawn if loan.model == "technology_discontinued"), None),
            "average_tenor": (sum(sum_ * loan.tenor_months for loan, sum_ in drawn), volume),
            "new_borrowers": (sum(loan.ordinal == 1 for loan in new), None),
            "borrowers": (sum(loan.ordinal == 1 for loan in self.loans), None),
            "repeat_share": (sum(sum_ for loan, sum_ in drawn if loan.ordinal > 1), volume),
            "outstanding_balance": (balance, None),
            "outstanding_discontinued": (
                sum(loan.balance(self.as_of) for loan in out if loan.model == "technology_discontinued"),
                None,
            ),
            "outstanding_platform": (sum(loan.balance(self.as_of) for loan in out if loan.model in PLATFORM), None),
            "outstanding_loans": (len(out), None),
            "delinquency": (sum(loan.balance(self.as_of) for loan in out if loan.dpd(self.as_of) >= 1), balance),
            "delinquency_30": (sum(loan.balance(self.as_of) for loan in out if loan.dpd(self.as_of) > 30), balance),
            "delinquency_90": (
                sum(loan.balance(self.as_of) for loan in risky if loan.dpd(self.as_of) > 90),
                sum(loan.balance(self.as_of) for loan in risky),
            ),
            "day1_delinquency": (_sum(dues, "overdue_fen"), _sum(dues, "due_fen")),
            "collection_30": (_sum(dues, "collected_fen"), _sum(dues, "observed_fen")),
            "first_payment_default": (
                _sum(dues, "observed_fen", first=True) - _sum(dues, "collected_fen", first=True),
                _sum(dues, "observed_due_fen", first=True),
            ),
            "vintage_30": (self._over(old, 30), sum(sum_ for loan in old for _, sum_ in self._drawn(loan))),
            "vintage_180": (self._over(old, 180), sum(sum_ for loan in old for _, sum_ in self._drawn(loan))),
            "cumulative_loss": (lost - recovered, lent),
            "cumulative_gross_loss": (lost, lent),
            "charged_off": (flows["charged_off"], None),
            "recovered": (flows["recovered"], None),
            "smm": (flows["prepaid"], flows["opening"] - flows["scheduled"]),
            "prepayment_speed": (flows["prepaid"], flows["opening"] - flows["scheduled"]),
        }
        for step in range(7):
            found["roll_rate" if step == 0 else f"roll_rate_m{step}"] = self._roll(quarter, step)
        return found

    def _over(self, loans: list[Loan], days: int) -> int:
        reached = [(loan, loan.first_over(days, self.as_of)) for loan in loans]
        return sum(loan.owed(day) for loan, day in reached if day is not None)

    def _quarter_flows(self, quarter: range) -> Counter:
        found: Counter = Counter()
        for loan in self.loans:
            for month, day in self.snapshots():
                if month in quarter and day >= loan.disbursed_on:
                    opened = last_day(month - 1) >= loan.disbursed_on
                    found["opening"] += loan.balance(last_day(month - 1)) if opened else 0
                    if month > month_of(loan.disbursed_on):
                        found["scheduled"] += self.scheduled(loan, month, day)
                        found["prepaid"] += self.prepaid(loan, month, day)
                    found["recovered"] += sum(
                        pay.recovered for pay in loan.payments if month_of(pay.on) == month and pay.on <= day
                    )
                    if loan.charged_off_on <= day and month_of(loan.charged_off_on) == month:
                        found["charged_off"] += loan.charged_off
        return found

    def _roll(self, quarter: range, step: int) -> tuple[int, int]:
        rolled = whole = 0
        worse = {LADDER[step + 1]} | ({"charged_off"} if step == 6 else set())
        for loan in self.loans:
            for month, day in self.snapshots():
                before = last_day(month - 1)
                if month in quarter and before >= loan.disbursed_on and loan.balance(before):
                    if loan.bucket(before) != LADDER[step]:
                        continue
                    whole += loan.balance(before)
                    alive = loan.balance(day) or day >= loan.charged_off_on
                    rolled += loan.balance(before) if alive and loan.bucket(day) in worse else 0
        return rolled, whole


def _sum(dues: list, column: str, first: bool = False) -> int:
    return sum(parts[column] for number, parts in dues if number == 0 or not first)
