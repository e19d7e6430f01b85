"""What the auditor holds against the passing of claims, the parts of money and the books of vehicles, day by day.

It knows loans and their money from what was said (`known`), mandates and vehicles from their terms; it divides, compensates and
pays waterfalls by its own arithmetic (`naive_shares`, `naive_waterfall`) and compares what closes announce and vehicles show.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loanbook import units
from loanbook.services.day_close import StepDone
from loanbook.simulator.play.known import KnownLoan
from loanbook.simulator.play.naive_shares import WHOLE, Paid, Parts, divided, half_up, lenders, lenders_part, owed_to, shared
from loanbook.simulator.play.talk import Heard
from loanbook.simulator.play.vehicle_audit import Claim, Passed, Same, VehicleAudit
from loanbook.terms.mandate import Component, Guarantee, Mandate
from loanbook.terms.vehicle import Price, Received, Vehicle

_RECEIVED = {
    Component.PRINCIPAL: Received.PRINCIPAL,
    Component.INTEREST: Received.INTEREST,
    Component.FEE: Received.FEE,
    Component.LOSS: Received.RECOVERY,
}


@dataclass(slots=True, kw_only=True)
class Moves:
    """What a day brings to a vehicle's accounts by kind, and takes from its lending money and its deposit."""

    received: dict[Received, int] = field(default_factory=lambda: defaultdict(int))
    paid: int = 0
    deposit: int = 0


@dataclass(slots=True, kw_only=True)
class FundsAudit:
    """The auditor's books of claims and parts, and beside them those of vehicles.

    terms            of vehicles, all versions;  loans  all that are known;  same  compares two figures and notes a finding
    parts            what each holder has of a loan so far;  on_claims  what of it came on a claim that a guarantor paid for
    compensated_fen, recovered_fen   by mandate: what guarantors paid, and what came back of it
    """

    mandates: Sequence[Mandate]
    terms: Sequence[Vehicle]
    loans: Mapping[str, KnownLoan]
    same: Same
    passed: Passed = field(default_factory=Passed)
    vehicles: VehicleAudit = field(init=False)
    parts: dict[str, Parts] = field(default_factory=dict)
    compensated_fen: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    recovered_fen: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    on_claims: dict[str, int] = field(default_factory=dict)
    _lent: list[tuple[KnownLoan, int]] = field(default_factory=list)
    _touched: dict[str, None] = field(default_factory=dict)
    _recovered_today: dict[str, int] = field(default_factory=dict)
    _passed_today: list[tuple[str, str, str, int, int]] = field(default_factory=list)
    _from_deposit: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        self.vehicles = VehicleAudit(
            terms=self.terms,
            mandates=self.mandates,
            loans=self.loans,
            mandate_of=self.mandate_of,
            passed=self.passed,
            same=self.same,
        )

    # What is heard.

    def mandate_of(self, loan: KnownLoan) -> Mandate:
        """The mandate that a loan was lent under: its partner's version of the day it was offered."""
        on = units.day(loan.mandated_on or loan.quoted_on)
        versions = [each for each in self.mandates if each.partner == loan.partner and each.effective_from <= on]
        return max(versions, key=lambda each: each.effective_from)

    def paid_out(self, loan: KnownLoan) -> None:
        """A loan was paid out."""
        self._lent.append((loan, 1))

    def taken_back(self, loan: KnownLoan) -> None:
        """Its purchase was returned."""
        self._lent.append((loan, -1))
        self.touched(loan)

    def touched(self, loan: KnownLoan) -> None:
        """Its money changed today."""
        self._touched[loan.loan_id] = None

    def shown_funding(self, said: Heard) -> None:
        """Who has what of a loan was looked up: lent, received by component, recovered, and the claim."""
        loan = self.loans.get(said.asked["id"])
        if loan is None or loan.disbursed_on is None:
            return
        place, mandate = f"loan {loan.loan_id}", self.mandate_of(loan)
        parts, _ = self._divided(loan, units.date(said.day))
        lent = shared(loan.principal_fen, lenders(mandate))
        for holder in said.answer["holders"]:
            code = holder["vehicle"]
            names = {Component.PRINCIPAL: "principal_fen", Component.INTEREST: "interest_fen", Component.FEE: "fee_fen"}
            for component, name in (names | {Component.LOSS: "recovered_fen"}).items():
                self.same(place, f"{name} of {code}", holder[name], parts.get((code, component), 0))
            self.same(place, f"lent by {code}", holder["lent_fen"], lent[mandate.vehicles.index(code)])
        claim = self.passed.claims.get(loan.loan_id)
        told = (said.answer["compensated_fen"], said.answer["claim_fen"])
        self.same(place, "compensated, of what was owed", told, claim.before(dt.date.max)[-1][1:] if claim else (0, 0))

    # Claims pass.

    def closed(self, step: StepDone, late: Sequence[KnownLoan]) -> None:
        """Compare one step; `late` are the running loans with anything due and unpaid."""
        result: Any = step.result
        if step.step == "compensation":
            self._compensation(result, step.day, late)
        elif step.step == "buy_backs":
            self._buy_backs(result, step.day, late)
        elif step.step == "vehicle_receipts":
            self._receipts(result, step.day)
        elif step.step == "vehicle_waterfalls":
            self.vehicles.waterfalls(result, step.day)
        elif step.step == "settlement_files":
            told = {code: amount for code, amount in result["recovered_fen"].items() if amount}
            own = {code: amount for code, amount in self._recovered_today.items() if amount}
            self.same(f"close of {step.day}", "recovered on claims that passed", told, own)

    def _due_by(
        self, late: Sequence[KnownLoan], on: dt.date, days: Callable[[Mandate], int | None]
    ) -> list[tuple[int, KnownLoan]]:
        """Running loans whose claim did not pass yet and that are past due long enough, the longest first."""
        found = []
        for loan in late:
            if loan.state != "disbursed" or loan.stands is None or loan.loan_id in {*self.passed.claims, *self.passed.sold_back}:
                continue
            least, behind = days(self.mandate_of(loan)), loan.stands.late(on, loan.product)[0]
            if least is not None and behind >= least:
                found.append((behind, loan))
        return sorted(found, key=lambda each: (-each[0], each[1].loan_id))

    def _sells_back(self, code: str) -> bool:
        vehicle = self.vehicles.vehicle(code, None)
        return vehicle is not None and vehicle.buy_back is not None

    def _compensation(self, result: Mapping[str, Any], on: dt.date, late: Sequence[KnownLoan]) -> None:
        loans = paid = uncovered = 0
        for _, loan in self._due_by(late, on, lambda mandate: mandate.guarantee.compensation_dpd if mandate.guarantee else None):
            mandate = self.mandate_of(loan)
            assert mandate.guarantee is not None
            assert loan.stands is not None
            had = loan.paid_by(on)
            owed = owed_to(
                mandate, loan.rate_annual, mandate.partner, had, loan.stands.outstanding_fen, loan.stands.interest_due(on)
            )
            amount = min(sum(owed), self._cap_left(mandate, mandate.guarantee, on))
            uncovered += sum(owed) - amount
            if amount:
                loans, paid = loans + 1, paid + amount
                self.passed.claims[loan.loan_id] = Claim(payments=[(on, amount, sum(owed))])
                self._pays(mandate, mandate.guarantee, on, amount)
        for loan, lost in self._bounced(on):
            mandate = self.mandate_of(loan)
            assert mandate.guarantee is not None
            amount = min(lost, self._cap_left(mandate, mandate.guarantee, on))
            loans, paid, uncovered = loans + bool(amount), paid + amount, uncovered + lost - amount
            self.passed.claims[loan.loan_id].payments.append((on, amount, lost))
            self._pays(mandate, mandate.guarantee, on, amount)
        place = f"close of {on}"
        self.same(place, "loans compensated", result["loans"], loans)
        self.same(place, "compensated", result["paid_fen"], paid)
        self.same(place, "owed to lenders and not covered", result["uncovered_fen"], uncovered)

    def _bounced(self, on: dt.date) -> list[tuple[KnownLoan, int]]:
        """What lenders gave back today of money that had come before their claims passed: it is owed to them again."""
        found = []
        for loan_id in sorted(self._touched):
            claim, loan = self.passed.claims.get(loan_id), self.loans[loan_id]
            if claim is None or claim.on >= on or not any(each.gone_on == on for each in loan.payments.values()):
                continue
            mandate = self.mandate_of(loan)
            had, has = (loan.paid_by(claim.on, before=day) for day in (on, None))
            lost = [lenders_part(mandate, loan.rate_annual, mandate.partner, each) for each in (had, has)]
            if lost[0] > lost[1]:
                found.append((loan, lost[0] - lost[1]))
        return found

    def _pays(self, mandate: Mandate, guarantee: Guarantee, on: dt.date, amount: int) -> None:
        self.compensated_fen[mandate.code] += amount
        code = guarantee.guarantor
        from_deposit = 0
        vehicle = self.vehicles.vehicle(code, on)
        if vehicle is not None and vehicle.deposit is not None:
            held = vehicle.deposit.amount_fen + self.vehicles.put_in[code] - self._from_deposit[code]
            from_deposit = min(max(held, 0), amount)
            self._from_deposit[code] += from_deposit
        self._passed_today.append(("compensation", code, mandate.partner, amount, from_deposit))

    def _cap_left(self, mandate: Mandate, guarantee: Guarantee, on: dt.date) -> int:
        """What a guarantee may still pay: its cap of what was lent by a day, less what it paid and did not get back."""
        if guarantee.cap_ppm is None:
            return 1 << 62
        lent = sum(
            loan.principal_fen
            for loan in self.loans.values()
            if loan.disbursed_on is not None
            and loan.disbursed_on <= on
            and not (loan.state == "cancelled" and loan.closed_on is not None and loan.closed_on <= on)
            and self.mandate_of(loan).code == mandate.code
        )
        cap = lent * guarantee.cap_ppm // WHOLE
        return max(cap - self.compensated_fen[mandate.code] + self.recovered_fen[mandate.code], 0)

    def _buy_backs(self, result: Mapping[str, Any], on: dt.date, late: Sequence[KnownLoan]) -> None:
        loans = price = 0
        for days, loan in self._due_by(late, on, lambda _: 1):
            mandate, sales = self.mandate_of(loan), self.passed.handed[loan.loan_id]
            origin = next((seller for seller, _, since in sales if since < on), "")
            seller = next((payer for _, payer, since in sales if since < on), "")
            if not seller:
                with_share = [code for code, share in zip(mandate.vehicles, lenders(mandate), strict=True) if share]
                seller = origin = next((code for code in with_share if self._sells_back(code)), "")
            vehicle = self.vehicles.vehicle(seller, on)
            if vehicle is None or vehicle.buy_back is None or not vehicle.buy_back.dpd_least <= days <= vehicle.buy_back.dpd_most:
                continue
            assert loan.stands is not None
            owed = owed_to(
                mandate, loan.rate_annual, origin, loan.paid_by(on), loan.stands.outstanding_fen, loan.stands.interest_due(on)
            )
            amount = sum(owed) if vehicle.buy_back.price is Price.PRINCIPAL_AND_INTEREST else owed[0]
            loans, price = loans + 1, price + amount
            sales.append((seller, vehicle.buy_back.buyer, on))
            self.passed.sold_back.add(loan.loan_id)
            self._passed_today.append(("buy_back", vehicle.buy_back.buyer, seller, amount, 0))
        self.same(f"close of {on}", "loans sold back", result["loans"], loans)
        self.same(f"close of {on}", "their price", result["price_fen"], price)

    # Money by holder.

    def _divided(self, loan: KnownLoan, on: dt.date) -> tuple[Parts, int]:
        claim = self.passed.claims.get(loan.loan_id)
        paid: Paid = loan.paid_by(on)
        known = claim.before(on) if claim is not None else []
        marks = [loan.paid_by(day) for day, _, _ in known]
        return divided(self.mandate_of(loan), loan.rate_annual, paid, marks, [(passed, owed) for _, passed, owed in known])

    def _receipts(self, result: Mapping[str, Any], on: dt.date) -> None:
        """Open what begins, and bring the day into the books."""
        place = f"close of {on}"
        self.same(place, "vehicles that opened", result["opened"], self.vehicles.open(on))
        moves: dict[str, Moves] = defaultdict(Moves)
        self._recovered_today = defaultdict(int)
        for loan_id in self._touched:
            self._bring(self.loans[loan_id], on, moves)
        for loan, sign in self._lent:
            self._lend(loan, sign, moves)
        for kind, payer, payee, amount, from_deposit in self._passed_today:
            got = Received.COMPENSATION if kind == "compensation" else Received.BUY_BACK
            moves[payee].received[got] += amount
            moves[payer].paid += amount - from_deposit
            moves[payer].deposit += from_deposit
        self._touched, self._lent, self._passed_today = {}, [], []
        received = paid = 0
        for code, each in moves.items():
            books = self.vehicles.books.get(code)
            if books is None:
                continue
            if books.accounts:
                for got, amount in each.received.items():
                    books.accounts[self.vehicles.account(code, got)] += amount
                    received += amount
                books.lending -= each.paid
                paid += each.paid
            books.deposit -= each.deposit
            paid += each.deposit
        self.same(place, "what vehicles received", result["received_fen"], received)
        self.same(place, "what vehicles paid out", result["paid_out_fen"], paid)

    def _bring(self, loan: KnownLoan, on: dt.date, moves: dict[str, Moves]) -> None:
        mandate = self.mandate_of(loan)
        now, on_claim = self._divided(loan, on)
        before, told_before = self.parts.get(loan.loan_id, {}), self.on_claims.get(loan.loan_id, 0)
        self.parts[loan.loan_id], self.on_claims[loan.loan_id] = now, on_claim
        self._recovered_today[mandate.code] += on_claim - told_before
        self.recovered_fen[mandate.code] += on_claim - told_before
        for holder, component in {**before, **now}:
            amount = now.get((holder, component), 0) - before.get((holder, component), 0)
            for seller, payer, since in self.passed.handed[loan.loan_id]:
                if since < on and holder == seller:
                    holder = payer
            moves[holder].received[_RECEIVED[component]] += amount

    def _lend(self, loan: KnownLoan, sign: int, moves: dict[str, Moves]) -> None:
        mandate = self.mandate_of(loan)
        for code, amount in zip(mandate.vehicles, shared(loan.principal_fen, lenders(mandate)), strict=True):
            moves[code].paid += sign * amount
        for fee in mandate.transfers if sign > 0 else ():
            amount = fee.amount_fen + half_up(loan.principal_fen * fee.share_ppm, WHOLE)
            moves[fee.payer].paid += amount
            moves[fee.payee].received[Received.FEE] += amount
