"""Naive twin of the books: one loan, one close at a time, every figure with its arithmetic in words.

Fractions and civil dates; pairs of accounts are written out here as an accountant would, not read from the posting rules. Shares
no code with `measures.ledger`, `accounting` or `terms`. `tests/reference/journal_book.py` makes entries of its figures.
"""

import calendar
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

BUCKETS = ("current", "1-30", "31-60", "61-90", "91-120", "121-150", "151-180")
LAST_BUCKET = "181+"


def exact(written: Any) -> Fraction:
    """A number of a YAML file as it stands there."""
    return Fraction(str(written))


def fen(written: Any) -> int:
    amount = exact(written) * 100
    assert amount.denominator == 1, written
    return int(amount)


def half_up(amount: Fraction) -> int:
    """Nearest whole number, halves away from zero."""
    sign = -1 if amount < 0 else 1
    return sign * int((abs(amount) * 2 + 1) // 2)


def money(amount: int) -> str:
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100:,}.{abs(amount) % 100:02d}"


def percent(share: Fraction) -> str:
    return f"{float(share * 100):.6g} %"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A cumulative amount, and how it is worked out."""

    fen: int
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalment:
    due_on: dt.date
    principal: int
    interest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What a borrower paid on a day, as it was told on another; all of it recovered money where the claim was lost before."""

    on: dt.date
    told: dt.date
    principal: int
    interest: int
    recovered: int
    unapplied: int
    """What found nothing to pay; below zero, a refund of it."""
    pays_off: bool

    @property
    def amount(self) -> int:
        return self.principal + self.interest + self.recovered


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A scenario as it is read: the contract, what happened, the policy, the frozen estimates, the days of the closes."""

    model: str
    lent: int
    opened_on: dt.date
    annual_rate: Fraction
    rows: tuple[Instalment, ...]
    charge_off_dpd: int
    money: tuple[Money, ...]
    policy: Mapping[str, Any]
    own: Mapping[str, Any]
    estimates: Mapping[str, Any]
    closed_on: tuple[dt.date, ...]
    shared: Mapping[str, Any] = field(default_factory=dict)
    """What is ours of a loan lent jointly; empty: all of it."""
    contract: "Life | None" = None
    """The loan that this is a part of: its parts have one effective rate."""

    def rate(self, name: str, bucket: str) -> Fraction:
        """An estimate of a bucket; `past_due` stands for all that are not named."""
        table = self.estimates[name]
        if bucket not in table and bucket != "current":
            bucket = "past_due"
        return exact(table[bucket])


def life_of(words: Mapping[str, Any]) -> Life:
    """A scenario's head as a life: equal principal, a twelfth of the annual rate a month."""
    loan = words["loan"]
    lent, count, annual = fen(loan["principal"]), int(loan["instalments"]), exact(loan["annual_rate"])
    rows, balance, opened = [], lent, loan["disbursed_on"]
    for number in range(1, count + 1):
        principal = lent // count if number < count else balance
        rows.append(Instalment(due_on=months_later(opened, number), principal=principal, interest=half_up(balance * annual / 12)))
        balance -= principal
    facts = [
        Money(
            on=fact["on"],
            told=fact.get("told", fact["on"]),
            principal=fen(fact.get("principal", 0)),
            interest=fen(fact.get("interest", 0)),
            recovered=fen(fact.get("recovered", 0)),
            unapplied=fen(fact.get("unapplied", 0)),
            pays_off=bool(fact.get("pays_off", False)),
        )
        for fact in words["facts"]
    ]
    return Life(
        model=loan["model"],
        lent=lent,
        opened_on=opened,
        annual_rate=annual,
        rows=tuple(rows),
        charge_off_dpd=int(loan["charged_off_past"]),
        money=tuple(facts),
        policy=words["policy"],
        own=words["policy"]["model"],
        estimates=words.get("estimates", {}),
        closed_on=tuple(words["closed_on"]),
        shared=loan.get("own", {}),
    )


def months_later(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


class State:
    """What is known of a loan at a day's end: what was told by then."""

    def __init__(self, life: Life, day: dt.date) -> None:
        self.life, self.day = life, day
        self.known = [each for each in life.money if each.on <= day and each.told <= day]
        self.lost_on = self._lost_on()
        self.is_lost = self.lost_on is not None and self.lost_on <= day
        before = [each for each in self.known if not self.is_lost or each.on <= (self.lost_on or day)]
        self.paid = before
        self.balance = life.lent - sum(each.principal for each in before)
        self.collected = sum(each.interest for each in before)
        self.recoveries = [each for each in self.known if each not in before]
        self.recovered = sum(each.amount for each in self.recoveries)
        self.is_repaid = not self.is_lost and self.balance == 0
        self.repaid_on = max(each.on for each in before) if self.is_repaid else None
        self.has_ended = self.is_lost or self.is_repaid
        self.open = [row for number, row in enumerate(life.rows) if not self.cleared(number, day)]
        late = [(day - row.due_on).days for row in self.open[:1]] if not self.has_ended else []
        self.dpd = max(late[0], 0) if late else 0
        self.bucket = bucket_of(self.dpd)
        self.fallen = sum(row.due_on <= day for row in life.rows)
        last = life.rows[-1].due_on
        self.term = (last - life.opened_on).days
        self.elapsed = min((day - life.opened_on).days, self.term)

    def cleared_on(self, number: int) -> dt.date | None:
        """The day an instalment was paid, oldest first."""
        owed = sum(row.principal for row in self.life.rows[: number + 1])
        paid = 0
        for each in sorted(self.known, key=lambda one: one.on):
            paid += each.principal
            if paid >= owed:
                return each.on
        return None

    def cleared(self, number: int, day: dt.date) -> bool:
        on = self.cleared_on(number)
        return on is not None and on <= day

    def _lost_on(self) -> dt.date | None:
        """Compensated by the guarantor on a day past due, or charged off on the day after the last one past due that is kept."""
        lost = []
        ends = [self.life.charge_off_dpd + 1]
        if self.life.model == "capital_heavy":
            ends.append(int(self.life.own["compensation_dpd"]))
        for number, row in enumerate(self.life.rows):
            paid_on = self.cleared_on(number)
            for dpd in ends:
                reached = row.due_on + dt.timedelta(days=dpd)
                if paid_on is None or paid_on > reached:
                    lost.append(reached)
        return min(lost) if lost else None

    def accrued(self, to: dt.date) -> Figure:
        """Contract interest earned by the end of a day."""
        total, since, words = 0, self.life.opened_on, []
        for row in self.life.rows:
            if row.due_on <= to:
                total += row.interest
                words.append(money(row.interest))
            else:
                days, of = (to - since).days, (row.due_on - since).days
                if days > 0:
                    total += half_up(Fraction(row.interest * days, of))
                    words.append(f"{money(row.interest)} x {days}/{of}")
                break
            since = row.due_on
        return Figure(fen=total, how=" + ".join(words) or "0.00")

    def stage(self) -> int:
        """1 to 3: past due by days, month end by month end; back one stage at a time after month ends without a sign."""
        staging = self.life.policy["staging"]
        days = [month_end(months_later(self.life.opened_on.replace(day=1), months)) for months in range(120)]
        stage, clean = 1, 0
        for day in [*(each for each in days if each < self.day), self.day]:
            late = [(day - row.due_on).days for number, row in enumerate(self.life.rows) if not self.cleared(number, day)]
            dpd = late[0] if late else 0
            sign = 3 if dpd >= staging["stage_3_dpd"] else 2 if dpd > staging["stage_2_dpd"] else 1
            clean = 0 if sign >= stage else clean + 1
            if sign >= stage:
                stage = sign
            elif clean >= staging["cure_default_months" if stage == 3 else "cure_months"]:
                stage, clean = stage - 1, 0
        return stage


def month_end(day: dt.date) -> dt.date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def bucket_of(dpd: int) -> str:
    if dpd == 0:
        return BUCKETS[0]
    return BUCKETS[(dpd + 29) // 30] if dpd <= 180 else LAST_BUCKET


def tax_in(gross: Figure, vat: Fraction) -> Figure:
    """The tax inside a gross amount."""
    tax = gross.fen - half_up(gross.fen / (1 + vat))
    rate = f"{float(1 + vat):.6g}"
    return Figure(fen=tax, how=f"{money(gross.fen)} - {money(gross.fen)} / {rate} = {money(tax)}")


def less(gross: Figure, tax: Figure) -> Figure:
    return Figure(fen=gross.fen - tax.fen, how=f"{gross.how} = {money(gross.fen)}; without tax {money(gross.fen - tax.fen)}")


def of(amount: int, share: Fraction, what: str = "") -> Figure:
    found = half_up(amount * share)
    return Figure(fen=found, how=f"{money(amount)}{what} x {percent(share)} = {money(found)}")


def unamortised(life: Life, prepaid: Fraction) -> list[Fraction]:
    """What is left of deferred costs after each instalment, of a loan that is still there: effective interest by bisection.

    A cost makes the carrying amount larger than what is lent; the rate is what brings all flows back to it.
    """
    life = life.contract or life
    cost = life.lent * exact(life.own["origination_costs"])
    balances = [life.lent]
    for row in life.rows:
        balances.append(balances[-1] - row.principal)

    def worth(rate: float, of_one: bool) -> list[float]:
        """By instalments behind it: what a loan still there is worth."""
        values, value = [0.0], 0.0
        for number in range(len(life.rows) - 1, -1, -1):
            row, left = life.rows[number], balances[number + 1]
            share = float(prepaid)
            value = (row.principal + row.interest + share * left + (1 - share) * value) / (1 + rate)
            values.insert(0, value)
        return values

    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if worth(middle, True)[0] > float(life.lent + cost) else (low, middle)
    values = worth(low, True)
    found = [Fraction(1)]
    for number in range(1, len(life.rows) + 1):
        found.append(Fraction(values[number] - balances[number]) / cost)
    return found
