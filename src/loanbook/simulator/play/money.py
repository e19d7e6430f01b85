"""Money between borrowers, the payment provider and the platform: what is reported when, what comes back, who is written off."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from loanbook.services.caller import Caller
from loanbook.simulator.play.bank import PROVIDER, Bank
from loanbook.simulator.play.borrower import Loan
from loanbook.simulator.play.leaving import Leaving
from loanbook.simulator.play.lots import Lot, Lots
from loanbook.simulator.play.months import BOUNCE_DAYS, Kind, Move, Weather
from loanbook.simulator.play.office import Office
from loanbook.simulator.play.partners import PaymentProvider
from loanbook.simulator.play.setting import Setting
from loanbook.simulator.play.talk import Heard, Talk
from loanbook.units import date

HUNDRED_YUAN = 100_00
ALL = 1_000
"""The place of a full settlement among the draws of a loan's payments; no loan has so many instalments."""
BANKRUPT_BEHIND = 3
"""Instalments behind, at which it shows whether a borrower is bankrupt."""
LONG_BEHIND = 6
"""Instalments behind, from which a borrower looks whether the loan is written off."""
RECOVERY_DAYS = (10, 120)
RECOVERIES_MOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A callback of the payment provider: money for a loan; `bounces`: it comes back two days later."""

    loan: Loan
    reference: str
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
    bank: Bank
    leaving: Leaving
    office: Office = field(init=False)
    moves: dict[int, list[tuple[Loan, Move]]] = field(default_factory=lambda: defaultdict(list))
    reports: dict[int, list[Report]] = field(default_factory=lambda: defaultdict(list))
    returns: dict[int, list[tuple[Loan, str]]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.office = Office(
            setting=self.setting,
            talk=self.talk,
            lots=self.lots,
            bank=self.bank,
            booked=self._after,
            written_off=self._recovers,
        )

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
        if life.behind == BANKRUPT_BEHIND and self.lots.chance(Lot.OFFICE, loan.number, 3) < self.setting.decisions.bankrupt:
            self.office.write_off(loan, on)
        if move.kind == Kind.SETTLE:
            # Who settles asks first what is owed.
            asked = self.talk.look("payment_preview", loan.loan_id, self.app, payoff="true")
            if asked.done and asked.answer["amount_fen"] > 0:
                self._pay(loan, self._rounded(loan, asked.answer["amount_fen"], ALL), on, on, purpose="payoff")
        elif move.kind == Kind.PART:
            amount = int((loan.upto_fen(move.until + 1) - loan.money_fen) * move.part)
            self._pay(loan, amount, on, on)
        elif move.kind == Kind.BOUNCE:
            amount = loan.upto_fen(move.until) - loan.money_fen
            self._pay(loan, amount, on, on, bounces=True)
        elif move.kind == Kind.PAY:
            amount = self._rounded(loan, loan.upto_fen(move.until) - loan.money_fen, move.until)
            if self.lots.chance(Lot.TRANSFER, loan.number, move.until) < self.setting.bank.transfers:
                self._transfer(loan, amount, on)
            else:
                self._pay(loan, amount, on, on + move.lag)
        if move.kind in (Kind.PAY, Kind.WAIT):
            self._decide(loan)

    def _rounded(self, loan: Loan, amount_fen: int, until: int) -> int:
        """What is paid where an amount is asked: some pay the next full hundred yuan."""
        if self.lots.chance(Lot.ROUNDING, loan.number, until) >= self.setting.rounds_up:
            return amount_fen
        return -(-amount_fen // HUNDRED_YUAN) * HUNDRED_YUAN

    def _pay(
        self, loan: Loan, amount_fen: int, paid_on: int, told_on: int, *, purpose: str = "repayment", bounces: bool = False
    ) -> None:
        """Money moves on a day, and is reported on that day or later."""
        if amount_fen <= 0:
            return
        if not bounces:
            loan.money_fen += amount_fen
        loan.payments += 1
        reference = _reference("in", loan)
        self.bank.moved(PROVIDER, paid_on, reference, amount_fen)
        self.reports[self.provider.day_from(told_on)].append(
            Report(loan=loan, reference=reference, amount_fen=amount_fen, paid_on=paid_on, purpose=purpose, bounces=bounces)
        )

    def _transfer(self, loan: Loan, amount_fen: int, on: int) -> None:
        """Money comes to the account, and nobody says what for: the office finds out."""
        if amount_fen > 0:
            loan.money_fen += amount_fen
            loan.payments += 1
            reference = _reference("tr", loan)
            self.bank.moved(PROVIDER, on, reference, amount_fen)
            self.office.transfers[reference] = (loan, amount_fen)

    def _report(self, reports: list[Report], on: int) -> None:
        bodies: list[dict[str, Any]] = [
            {
                "loan_id": report.loan.loan_id,
                "provider_reference": report.reference,
                "amount_fen": report.amount_fen,
                "paid_on": date(report.paid_on),
                "purpose": report.purpose,
            }
            for report in reports
        ]
        said = self.talk.ask("repay", bodies, self.caller, twice=self.provider.twice(len(bodies), on, 1))
        for report, heard in zip(reports, said, strict=True):
            if not heard.done:
                # What the platform does not take goes back where it came from.
                self.bank.moved(PROVIDER, on, report.reference, -report.amount_fen)
                continue
            report.loan.standing[report.reference] = report.amount_fen
            self._after(report.loan, heard, on)
            if report.bounces:
                back = self.provider.day_from(max(on, report.paid_on + BOUNCE_DAYS))
                self.returns[back].append((report.loan, report.reference))

    def _give_back(self, returns: list[tuple[Loan, str]], on: int) -> None:
        bodies = [{"provider_reference": reference, "reason": "no funds (example)"} for _, reference in returns]
        said = self.talk.ask("give_back", bodies, self.caller, twice=self.provider.twice(len(bodies), on, 2))
        for (loan, reference), heard in zip(returns, said, strict=True):
            amount = loan.standing.get(reference, 0)
            if heard.done and amount:
                self.bank.moved(PROVIDER, on, reference, -loan.standing.pop(reference))
            self._after(loan, heard, on)

    def _after(self, loan: Loan, heard: Heard, on: int) -> None:
        """A loan that is repaid is over for its borrower, until a payment comes back; what was paid too much is asked back."""
        if not heard.done:
            return
        was_over, loan.over = loan.over, heard.answer["state"] != "disbursed"
        if heard.answer["state"] == "repaid":
            if heard.answer.get("unapplied_fen", 0) > 0:
                self.office.refund(loan, heard.answer["unapplied_fen"], on)
            if not was_over:
                self.leaving.thinks(loan.borrower, on)

    def _written_off(self, loan: Loan, on: int) -> bool:
        """Whether the platform has given a loan up."""
        said = self.talk.look("loan", loan.loan_id, self.app)
        if not said.done or said.answer["state"] != "charged_off":
            return False
        self._recovers(loan, on)
        return True

    def _recovers(self, loan: Loan, on: int) -> None:
        """A loan was written off: the platform may still get something, after a while."""
        loan.over = True
        hazards = self.setting.scenario.hazards
        if self.lots.chance(Lot.CALLBACK, loan.number, 1) < hazards.recover:
            owed = sum(amount for _, amount in loan.schedule) - loan.money_fen
            for number in range(self.lots.within(Lot.CALLBACK, loan.number, 2, 1, RECOVERIES_MOST)):
                on += self.lots.within(Lot.CALLBACK, loan.number, 3 + 2 * number, *RECOVERY_DAYS)
                part = hazards.recover_part / RECOVERIES_MOST * self.lots.chance(Lot.CALLBACK, loan.number, 4 + 2 * number)
                self._pay(loan, int(owed * part), on, on)


def _reference(kind: str, loan: Loan) -> str:
    return f"{kind}-{loan.number:07d}-{loan.payments:03d}"
