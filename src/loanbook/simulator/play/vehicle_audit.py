"""What the auditor holds against the books of vehicles: accounts, tranches, payment dates, loans that they buy."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loanbook import units
from loanbook.simulator.play.known import KnownLoan
from loanbook.simulator.play.naive_shares import lenders
from loanbook.simulator.play.naive_waterfall import Books, Closed, Payday, breached_by, pay_date, pay_days, phase_of
from loanbook.simulator.play.talk import Heard
from loanbook.terms.calendar import SHIPPED
from loanbook.terms.mandate import SHARES_WHOLE, Mandate
from loanbook.terms.vehicle import Pay, Phase, Received, Vehicle

Same = Callable[[str, str, object, object], None]


@dataclass(slots=True, kw_only=True)
class Claim:
    """A claim that a guarantor paid for: when, what, of what was owed; more than once where money bounced afterwards."""

    payments: list[tuple[dt.date, int, int]]

    @property
    def on(self) -> dt.date:
        """The day on which it passed."""
        return self.payments[0][0]

    @property
    def paid_fen(self) -> int:
        """What was paid in all."""
        return sum(paid for _, paid, _ in self.payments)

    def before(self, on: dt.date) -> list[tuple[dt.date, int, int]]:
        """The days before one on which something was paid, and by each of them what, of what was owed."""
        found: list[tuple[dt.date, int, int]] = []
        paid = owed = 0
        for day, more, of in self.payments:
            paid, owed = paid + more, owed + of
            if day < on:
                found.append((day, paid, owed))
        return found


@dataclass(slots=True, kw_only=True)
class Passed:
    """Whose claims are no longer whose they were: what guarantors paid for; from whom to whom loans were sold, since when."""

    claims: dict[str, Claim] = field(default_factory=dict)
    handed: dict[str, list[tuple[str, str, dt.date]]] = field(default_factory=lambda: defaultdict(list))
    prices: dict[str, int] = field(default_factory=dict)
    sold_back: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class VehicleAudit:
    """The auditor's books of vehicles.

    terms          of vehicles, all versions;  loans  all that are known;  mandate_of  under which a loan was lent
    passed         claims that passed;  same  compares two figures and notes a finding
    put_in         what was put into deposits;  dates  payment dates paid
    """

    terms: Sequence[Vehicle]
    mandates: Sequence[Mandate]
    loans: Mapping[str, KnownLoan]
    mandate_of: Callable[[KnownLoan], Mandate]
    passed: Passed
    same: Same
    books: dict[str, Books] = field(default_factory=dict)
    put_in: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    dates: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _days: dict[str, list[dt.date]] = field(default_factory=dict)
    _paydays: dict[str, Payday] = field(default_factory=dict)

    def funded(self, said: Heard) -> None:
        """The owner put money into a vehicle."""
        code, amount, books = said.asked["vehicle"], said.asked["amount_fen"], self.books[said.asked["vehicle"]]
        if said.asked["into"] == "lending":
            books.lending += amount
            now = books.lending
        elif said.asked["into"] == "deposit":
            books.deposit += amount
            self.put_in[code] += amount
            now = books.deposit
        else:
            account = self.account(code, Received.DEPOSIT)
            books.accounts[account] += amount
            now = books.accounts[account]
        self.same(f"vehicle {code}", f"its {said.asked['into']} after funding", said.answer["amount_fen"], now)

    def shown(self, said: Heard) -> None:
        """A vehicle was looked up: its accounts, tranches, what it still owes, and its last payment date."""
        code, view = said.asked["id"], said.answer
        books = self.books.get(code)
        place = f"vehicle {code}"
        if books is None:
            self.same(place, "whether it is open", "open", "not open yet")
            return
        for what, found, own in (
            ("cash by account", view["accounts_fen"], books.accounts),
            ("tranches", view["tranches_fen"], books.tranches),
            ("what it still owes", view["unpaid_fen"], books.unpaid),
            ("what it can lend", view["lending_fen"], books.lending),
            ("its deposit", view["deposit_fen"], books.deposit),
        ):
            self.same(place, what, found, own)
        payday = self._paydays.pop(code, None)
        if payday is not None:
            last = view["distributions"][0]
            drawn = [(each["pay"], each["of"], each["account"], each["to"], each["amount_fen"]) for each in last["payments"]]
            self.same(place, "payments in their order", drawn, payday.drawn)
            self.same(place, "what stayed short", last["short_fen"], payday.short)

    def turn(self, on: int) -> list[str]:
        """The vehicles to look up on a day: one after the other, and those that have paid a date since they were looked up."""
        known = sorted(self.books)
        return [code for place, code in enumerate(known) if on % len(known) == place or code in self._paydays]

    def vehicle(self, code: str, on: dt.date | None) -> Vehicle | None:
        """A vehicle's version of a day; without a day the newest."""
        versions = [each for each in self.terms if each.code == code and (on is None or each.effective_from <= units.day(on))]
        return max(versions, key=lambda each: each.effective_from) if versions else None

    def account(self, code: str, kind: Received) -> str:
        """Where a vehicle puts a kind of cash."""
        vehicle = self.vehicle(code, None)
        assert vehicle is not None
        return vehicle.receives.get(kind, vehicle.accounts[0])

    def open(self, on: dt.date) -> int:
        """Open the vehicles that begin; their tranches' holders pay for them. Returns how many."""
        found = []
        for code in sorted({each.code for each in self.terms} - set(self.books)):
            vehicle = self.vehicle(code, on)
            if vehicle is not None and vehicle.begins_on <= units.day(on) and (vehicle.accounts or vehicle.deposit):
                issued = {tranche.name: tranche.amount_fen for tranche in vehicle.tranches}
                self.books[code] = Books(
                    opened_on=on,
                    paid_to=on,
                    accounts=dict.fromkeys(vehicle.accounts, 0),
                    tranches=issued,
                    lending=sum(issued.values()),
                    deposit=vehicle.deposit.amount_fen if vehicle.deposit else 0,
                )
                found.append(vehicle)
        for vehicle in found:
            for tranche in vehicle.tranches:
                if tranche.holder in self.books and tranche.holder != vehicle.code:
                    self.books[tranche.holder].lending -= tranche.amount_fen
        return len(found)

    def waterfalls(self, result: Mapping[str, Any], on: dt.date) -> None:
        """The dates that have come are paid in order of the terms; a plan that opened buys its first loans."""
        dates = paid = short = bought = 0
        for code in sorted(self.books):
            vehicle, books = self.vehicle(code, on), self.books[code]
            if vehicle is None or not vehicle.waterfall:
                continue
            if on in self._pay_days(vehicle, on) and on > books.paid_to:
                payday, loans = self._pay(vehicle, books, on)
                dates, bought = dates + 1, bought + loans
                self.dates[code] += 1
                paid += sum(amount for _, _, _, to, amount in payday.drawn if to not in books.accounts)
                short += sum(payday.short.values())
            elif books.opened_on == on:
                price, loans, seller = self._buy(vehicle, books.lending, on)
                paid, bought = paid + price, bought + loans
                if loans:
                    books.lending -= price
                    self.books[seller].lending += price
        place = f"close of {on}"
        self.same(place, "payment dates", result["dates"], dates)
        self.same(place, "paid on them", result["paid_fen"], paid)
        self.same(place, "what stayed short on them", result["short_fen"], short)
        self.same(place, "loans that vehicles bought", result["loans_bought"], bought)

    def _pay_days(self, vehicle: Vehicle, on: dt.date) -> list[dt.date]:
        dates = vehicle.payment_dates
        if dates is None:
            return []
        known = self._days.get(vehicle.code, [])
        if not known or known[-1] < on:
            closed = Closed(SHIPPED / f"{dates.calendar}.yaml")
            known = self._days[vehicle.code] = pay_days(vehicle, closed, on + dt.timedelta(days=400))
        return known

    def _pay(self, vehicle: Vehicle, books: Books, on: dt.date) -> tuple[Payday, int]:
        code = vehicle.code
        breached = breached_by(vehicle, self._ratios(code, on)) if vehicle.triggers else []
        phase = phase_of(vehicle, breached, on)
        lends = any(code in each.vehicles and lenders(each)[each.vehicles.index(code)] for each in self.mandates)
        swept = 0 if lends and phase is not Phase.ACCELERATED else max(books.lending, 0)
        buying = next((step for step in vehicle.steps(phase) if step.pay is Pay.REINVESTMENT), None)

        def run(offered: int) -> tuple[Payday, Books]:
            return pay_date(vehicle, books, on, breached=breached, swept=swept, offered=offered, defaulted=0)

        loans = 0
        payday, after = run(0)
        if buying is not None and buying.payee == code:
            payday, after = run(max(-books.lending, 0))
        elif buying is not None:
            most, _ = self._choose(vehicle, sum(max(each, 0) for each in books.accounts.values()) + swept, on)
            reached = run(sum(price for _, price in most))[0].paid(Pay.REINVESTMENT)
            price, loans, _ = self._buy(vehicle, reached, on)
            payday, after = run(price)
        self.books[code] = after
        for what, _, _, to, amount in payday.drawn:
            if to in self.books and to != code and to not in books.accounts:
                self._gets(to, what, amount)
        self._paydays[code] = payday
        return payday, loans

    def _gets(self, code: str, what: str, amount: int) -> None:
        """What a payment date brings to another vehicle: principal and prices can be lent, the rest is income."""
        books = self.books[code]
        if not books.accounts:
            return
        if what in (Pay.PRINCIPAL, Pay.REINVESTMENT):
            books.lending += amount
        else:
            books.accounts[self.account(code, Received.FEE if what == Pay.FEE else Received.INTEREST)] += amount

    def _choose(self, vehicle: Vehicle, cash: int, on: dt.date) -> tuple[list[tuple[KnownLoan, int]], str]:
        """The oldest current loans that a seller lent alone and has still, as many as some cash buys whole."""
        step = next((each for each in vehicle.waterfall if each.pay is Pay.REINVESTMENT), None)
        found: list[tuple[KnownLoan, int]] = []
        for loan_id in sorted(self.loans) if step is not None and step.payee != vehicle.code else ():
            loan = self.loans[loan_id]
            if loan.state != "disbursed" or loan.stands is None or loan_id in self.passed.claims or self.passed.handed[loan_id]:
                continue
            mandate = self.mandate_of(loan)
            shares = dict(zip(mandate.vehicles, lenders(mandate), strict=True))
            if step is None or shares.get(step.payee) != SHARES_WHOLE or loan.stands.late(on, loan.product)[0]:
                continue
            if loan.outstanding_fen > cash:
                break
            cash -= loan.outstanding_fen
            found.append((loan, loan.outstanding_fen))
        return found, step.payee if step is not None else ""

    def _buy(self, vehicle: Vehicle, cash: int, on: dt.date) -> tuple[int, int, str]:
        """Loans pass from their seller; what they cost, how many, and whose they were."""
        chosen, seller = self._choose(vehicle, cash, on)
        for loan, price in chosen:
            self.passed.handed[loan.loan_id].append((seller, vehicle.code, on))
            self.passed.prices[loan.loan_id] = price
        return sum(price for _, price in chosen), len(chosen), seller

    def _ratios(self, code: str, on: dt.date) -> dict[str, tuple[int, int]]:
        """Of loans that a vehicle bought: written off of all, and more than 90 days past due of what it holds."""
        lost = whole = late = held = 0
        for loan_id, handed in self.passed.handed.items():
            if not any(payer == code for _, payer, _ in handed) or loan_id not in self.passed.prices:
                continue
            loan = self.loans[loan_id]
            whole += self.passed.prices.get(loan_id, 0)
            if any(seller == code for seller, _, _ in handed) or loan.stands is None:
                continue
            if loan.state == "charged_off":
                lost += loan.outstanding_fen
            elif loan.state == "disbursed":
                held += loan.outstanding_fen
                late += loan.outstanding_fen if loan.stands.late(on, loan.product)[0] > 90 else 0
        return {"cumulative_default": (lost, whole), "delinquency_90": (late, held)}
