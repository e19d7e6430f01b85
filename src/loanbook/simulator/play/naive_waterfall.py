"""A vehicle's payment date by hand: what is due, step by step, out of accounts in whole numbers; and on which days it pays.

Shares no rule with the house; it reads the vehicle's terms, which are the contract, and the calendar's file.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from loanbook.simulator.play.naive_account import month_later
from loanbook.terms.conventions import DayCount
from loanbook.terms.vehicle import Effect, Pay, Phase, Received, Seniority, Step, Vehicle
from loanbook.units import RATE_SCALE, date, day

Drawn = tuple[str, str, str, str, int]
"""Cash that left an account: what for ("interest"), of whom, account, to whom or where, minor units."""


@dataclass(slots=True, kw_only=True)
class Books:
    """A vehicle as the auditor keeps it."""

    opened_on: dt.date
    paid_to: dt.date
    accounts: dict[str, int]
    tranches: dict[str, int]
    unpaid: dict[str, int] = field(default_factory=dict)
    lending: int = 0
    deposit: int = 0


@dataclass(slots=True, kw_only=True)
class Payday:
    """What one date comes to; `short` as claims are named, principal only from a tranche's final day on."""

    drawn: list[Drawn] = field(default_factory=list)
    short: dict[str, int] = field(default_factory=dict)
    swept: int = 0

    def paid(self, pay: Pay) -> int:
        """What was paid for one thing."""
        return sum(amount for what, _, _, _, amount in self.drawn if what == pay)


def pay_days(vehicle: Vehicle, closed: "Closed", until: dt.date) -> list[dt.date]:
    """The days on which a vehicle pays, moved to the next day that is worked."""
    found: list[dt.date] = []
    dates = vehicle.payment_dates
    while dates is not None:
        on = month_later(date(dates.first_on), dates.every_months * len(found))
        while closed.rests(on):
            on += dt.timedelta(days=1)
        if on > until:
            break
        found.append(on)
    return found


class Closed:
    """Days that are not worked, from a calendar's file."""

    def __init__(self, path: Path) -> None:
        closed, _, opened = path.read_text().partition("\nopen:")
        self._closed, self._open = (
            {dt.date.fromisoformat(found) for found in re.findall(r"^ +- (\d{4}-\d\d-\d\d)", part, re.MULTILINE)}
            for part in (closed, opened)
        )

    def rests(self, on: dt.date) -> bool:
        """Whether nobody works on a day."""
        return on in self._closed or (on.weekday() >= 5 and on not in self._open)


def phase_of(vehicle: Vehicle, breached: Sequence[str], on: dt.date) -> Phase:
    """The phase of a date."""
    effects = {trigger.effect for trigger in vehicle.triggers if trigger.name in breached}
    if Effect.ACCELERATE in effects:
        return Phase.ACCELERATED
    over = vehicle.revolving_until is None or day(on) > vehicle.revolving_until or Effect.AMORTISE in effects
    return Phase.AMORTISING if over else Phase.REVOLVING


def breached_by(vehicle: Vehicle, ratios: dict[str, tuple[int, int]]) -> list[str]:
    """The triggers whose ratio is above their limit."""
    found = []
    for trigger in vehicle.triggers:
        above, whole = ratios[trigger.ratio]
        if whole and Fraction(above, whole) > Fraction(trigger.above_ppm, 1_000_000):
            found.append(trigger.name)
    return found


def pay_date(
    vehicle: Vehicle, books: Books, on: dt.date, *, breached: Sequence[str], swept: int, offered: int, defaulted: int
) -> tuple[Payday, Books]:
    """One date: what is drawn in the order of the terms, and the books after it. The books given stay as they are."""
    phase = phase_of(vehicle, breached, on)
    cash = {name: max(amount, 0) for name, amount in books.accounts.items()}
    owed = dict(books.tranches)
    if swept:
        cash[vehicle.receives[Received.PRINCIPAL]] += swept
    due = _due(vehicle, books, on, defaulted)
    payday, open_ = Payday(swept=swept), dict(due)
    trapped = any(trigger.effect is Effect.TRAP and trigger.name in breached for trigger in vehicle.triggers)
    held_back = {name for step in vehicle.steps(phase) if step.pay is Pay.PRINCIPAL for name in step.sources}
    for step in vehicle.steps(phase):
        names = step.of or ("",)
        sources = list(step.sources)
        if step.pay in (Pay.FEE, Pay.INTEREST, Pay.DEFAULT_COVER):
            wanted = [due.get(_claim(step.pay, name), 0) for name in names]
        elif step.pay is Pay.PRINCIPAL:
            wanted = [owed[name] for name in names]
        elif step.pay is Pay.REINVESTMENT:
            wanted = [offered]
        elif step.pay is Pay.RESIDUAL:
            missed = any(name.startswith(("fee", "interest")) for name in payday.short)
            if trapped or missed:
                continue
            if any(owed.values()):
                sources = [name for name in sources if name not in held_back | {vehicle.receives[Received.PRINCIPAL]}]
            wanted = [sum(cash[name] for name in sources)]
        else:
            target = _target(vehicle, owed)
            wanted = [max(target - cash[step.into] if step.pay is Pay.RESERVE else cash[sources[0]] - target, 0)]
        for name, paid, want in zip(names, _parted(min(sum(wanted), sum(cash[x] for x in sources)), wanted), wanted, strict=True):
            _draw(vehicle, step, name, paid, sources, cash, payday)
            claim = _claim(step.pay, name)
            if step.pay is Pay.PRINCIPAL:
                owed[name] -= paid
                final = next(each.final_on for each in vehicle.tranches if each.name == name)
                if final is not None and on >= date(final) and want > paid:
                    payday.short[claim] = want - paid
            elif step.pay not in (Pay.REINVESTMENT, Pay.RELEASE, Pay.RESIDUAL):
                open_.pop(claim, None)
                if want > paid:
                    payday.short[claim] = want - paid
                    if step.pay is not Pay.RESERVE:
                        open_[claim] = want - paid
    below = {name: min(amount, 0) for name, amount in books.accounts.items()}
    after = Books(
        opened_on=books.opened_on,
        paid_to=on,
        accounts={name: amount + below[name] for name, amount in cash.items()},
        tranches=owed,
        unpaid={name: amount for name, amount in open_.items() if amount},
        lending=books.lending - swept + sum(each[4] for each in payday.drawn if each[3] == vehicle.code),
        deposit=books.deposit,
    )
    return payday, after


def _claim(pay: Pay, name: str) -> str:
    return f"{pay.value} of {name}" if name else pay.value


def _due(vehicle: Vehicle, books: Books, on: dt.date, defaulted: int) -> dict[str, int]:
    """What is due anew and what was carried, by claim."""
    year = 360 if vehicle.day_count is DayCount.ACTUAL_360 else 365
    part = Fraction((on - books.paid_to).days, year)

    def earned(amount: int, rate_annual: int) -> int:
        return int(amount * Fraction(rate_annual, RATE_SCALE) * part + Fraction(1, 2))

    found = {
        _claim(Pay.FEE, fee.name): fee.amount_fen + earned(sum(books.tranches.values()), fee.rate_annual) for fee in vehicle.fees
    }
    for tranche in vehicle.tranches:
        found[_claim(Pay.INTEREST, tranche.name)] = earned(books.tranches[tranche.name], tranche.rate_annual)
    if any(step.pay is Pay.DEFAULT_COVER for step in vehicle.waterfall):
        found[_claim(Pay.DEFAULT_COVER, "")] = defaulted
    return {name: amount + books.unpaid.get(name, 0) for name, amount in found.items()}


def _target(vehicle: Vehicle, owed: dict[str, int]) -> int:
    rated = sum(owed[each.name] for each in vehicle.tranches if each.seniority is not Seniority.SUBORDINATED)
    if vehicle.reserve is None or not rated:
        return 0
    return max(int(Fraction(rated * vehicle.reserve.share_ppm, 1_000_000) + Fraction(1, 2)), vehicle.reserve.least_fen)


def _parted(total: int, wanted: list[int]) -> list[int]:
    """In proportion, what rounding leaves to the largest remainders, the first of equal ones."""
    if total >= sum(wanted):
        return wanted
    exact = [Fraction(total * each, sum(wanted)) for each in wanted]
    found = [int(each) for each in exact]
    for place in sorted(range(len(wanted)), key=lambda each: (found[each] - exact[each], each))[: total - sum(found)]:
        found[place] += 1
    return found


def _draw(vehicle: Vehicle, step: Step, name: str, amount: int, sources: list[str], cash: dict[str, int], payday: Payday) -> None:
    """Draw an amount from accounts in their order."""
    if step.pay is Pay.FEE:
        to = next(fee.payee for fee in vehicle.fees if fee.name == name)
    elif step.pay in (Pay.INTEREST, Pay.PRINCIPAL):
        to = next(tranche.holder for tranche in vehicle.tranches if tranche.name == name)
    else:
        to = step.into or step.payee
    for account in sources:
        taken = min(amount, cash[account])
        if taken:
            cash[account] -= taken
            if step.into:
                cash[step.into] += taken
            payday.drawn.append((step.pay.value, name, account, to, taken))
            amount -= taken
