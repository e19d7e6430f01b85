"""Money between borrowers, the payment provider and the platform: what is reported when, what comes back, who is written off."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from loanbook.services.caller import Caller
from loanbook.simulator.play.borrower import Loan
from loanbook.simulator.play.lots import Lot, Lots
from loanbook.simulator.play.months import BOUNCE_DAYS, Kind, Move, Weather
from loanbook.simulator.play.partners import PaymentProvider
from loanbook.simulator.play.setting import Setting
from loanbook.simulator.play.talk import Heard, Talk
from loanbook.units import date

HUNDRED_YUAN = 100_00
LONG_BEHIND = 6
"""Instalments behind, from which a borrower looks whether the loan is written off."""
RECOVERY_DAYS = (10, 120)
RECOVERIES_MOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A callback of the payment provider: money for a loan; `bounces`: it comes back two days later."""

    loan: Loan
    amount_fen: int
    paid_on: int
    purpose: str = "repayment"
    bounces: bool = False


@dataclass(slots=True, kw_only=True)
class Money:
    """Moves of borrowers, and the callbacks that they become; by day."""

    setting: Setting
    talk: Talk
    lots: Lots
    weather: Weather
    provider: PaymentProvider
    caller: Caller
    app: Caller
    moves: dict[int, list[tuple[Loan, Move]]] = field(default_factory=lambda: defaultdict(list))
    reports: dict[int, list[Report]] = field(default_factory=lambda: defaultdict(list))
    returns: dict[int, list[tuple[Loan, str]]] = field(default_factory=lambda: defaultdict(list))

    def begin(self, loan: Loan) -> None:
        """A loan was paid out: its months begin."""
        assert loan.life is not None
        loan.life.begin(self.setting.scenario.hazards, self.lots)
        self._decide(loan)

    def day(self, on: int) -> None:
        """Let borrowers pay and report it; then what bounced comes back."""
        todo = self.moves.pop(on, [])
        for loan, move in todo:
            if not loan.over:
                self._move(loan, move, on)
            todo.extend(self.moves.pop(on, ()))
        self._report(self.reports.pop(on, []), on)
        self._give_back(self.returns.pop(on, []), on)

    def _decide(self, loan: Loan) -> None:
        assert loan.life is not None
        for move in loan.life.next(self.setting.scenario.hazards, self.weather, self.lots):
            self.moves[move.on].append((loan, move))

    def _move(self, loan: Loan, move: Move, on: int) -> None:
        life = loan.life
        assert life is not None
        if life.behind >= LONG_BEHIND and self._written_off(loan, on):
            return
        if move.kind == Kind.SETTLE:
            # Who settles asks first what is owed.
            asked = self.talk.look("payment_preview", loan.loan_id, self.app, payoff="true")
            if asked.done and asked.answer["amount_fen"] > 0:
                self._pay(Report(loan=loan, amount_fen=asked.answer["amount_fen"], paid_on=on, purpose="payoff"), on)
        elif move.kind == Kind.PART:
            amount = int((loan.upto_fen(move.until + 1) - loan.money_fen) * move.part)
            self._pay(Report(loan=loan, amount_fen=amount, paid_on=on), on)
        elif move.kind == Kind.BOUNCE:
            amount = loan.upto_fen(move.until) - loan.money_fen
            self._pay(Report(loan=loan, amount_fen=amount, paid_on=on, bounces=True), on)
        elif move.kind == Kind.PAY:
            amount = loan.upto_fen(move.until) - loan.money_fen
            if self.lots.chance(Lot.ROUNDING, loan.number, move.until) < self.setting.rounds_up:
                amount = -(-amount // HUNDRED_YUAN) * HUNDRED_YUAN
            self._pay(Report(loan=loan, amount_fen=amount, paid_on=on), on + move.lag)
        if move.kind in (Kind.PAY, Kind.WAIT):
            self._decide(loan)

    def _pay(self, report: Report, told_on: int) -> None:
        if report.amount_fen <= 0:
            return
        if not report.bounces:
            report.loan.money_fen += report.amount_fen
        self.reports[self.provider.day_from(told_on)].append(report)

    def _report(self, reports: list[Report], on: int) -> None:
        bodies: list[dict[str, Any]] = []
        for report in reports:
            report.loan.payments += 1
            bodies.append(
                {
                    "loan_id": report.loan.loan_id,
                    "provider_reference": _reference("in", report.loan),
                    "amount_fen": report.amount_fen,
                    "paid_on": date(report.paid_on),
                    "purpose": report.purpose,
                }
            )
        said = self.talk.ask("repay", bodies, self.caller, twice=self.provider.twice(len(bodies), on, 1))
        for report, body, heard in zip(reports, bodies, said, strict=True):
            self._after(report.loan, heard)
            if report.bounces and heard.done:
                back = self.provider.day_from(max(on, report.paid_on + BOUNCE_DAYS))
                self.returns[back].append((report.loan, body["provider_reference"]))

    def _give_back(self, returns: list[tuple[Loan, str]], on: int) -> None:
        bodies = [{"provider_reference": reference, "reason": "no funds (example)"} for _, reference in returns]
        said = self.talk.ask("give_back", bodies, self.caller, twice=self.provider.twice(len(bodies), on, 2))
        for (loan, _), heard in zip(returns, said, strict=True):
            self._after(loan, heard)

    def _after(self, loan: Loan, heard: Heard) -> None:
        """A loan that is repaid is over for its borrower, until a payment comes back."""
        if heard.done:
            loan.over = heard.answer["state"] != "disbursed"

    def _written_off(self, loan: Loan, on: int) -> bool:
        """Whether the platform has given a loan up; then it may still get something, after a while."""
        said = self.talk.look("loan", loan.loan_id, self.app)
        if not said.done or said.answer["state"] != "charged_off":
            return False
        loan.over = True
        hazards = self.setting.scenario.hazards
        if self.lots.chance(Lot.CALLBACK, loan.number, 1) < hazards.recover:
            owed = sum(amount for _, amount in loan.schedule) - loan.money_fen
            for number in range(self.lots.within(Lot.CALLBACK, loan.number, 2, 1, RECOVERIES_MOST)):
                on += self.lots.within(Lot.CALLBACK, loan.number, 3 + 2 * number, *RECOVERY_DAYS)
                part = hazards.recover_part / RECOVERIES_MOST * self.lots.chance(Lot.CALLBACK, loan.number, 4 + 2 * number)
                self._pay(Report(loan=loan, amount_fen=int(owed * part), paid_on=on), on)
        return True


def _reference(kind: str, loan: Loan) -> str:
    return f"{kind}-{loan.number:07d}-{loan.payments:03d}"
