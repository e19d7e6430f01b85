"""The played world: one day after the other, everybody acts, the day is closed, the auditor compares."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from loanbook.services.caller import Caller
from loanbook.simulator.play.auditor import Auditor
from loanbook.simulator.play.bank import Bank
from loanbook.simulator.play.borrower import Loan, risk_of
from loanbook.simulator.play.collectors import Collectors
from loanbook.simulator.play.leaving import Leaving
from loanbook.simulator.play.lending import Lending
from loanbook.simulator.play.lots import Lots
from loanbook.simulator.play.money import Money
from loanbook.simulator.play.months import Life, Weather
from loanbook.simulator.play.partners import Partners, PaymentProvider
from loanbook.simulator.play.setting import Setting
from loanbook.simulator.play.talk import Talk
from loanbook.simulator.play.treasury import Treasury

APP = Caller(caller_id="app of the played world", role="borrower_app")
NIGHT = dt.time(0, 30)
"""When the day before is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A world that was played: its loans in the order they were drawn, everybody who came."""

    lending: Lending
    money: Money

    def names(self) -> dict[str, str]:
        """Names that do not depend on ids: of borrowers and loans by their ids, as the world numbers them."""
        found = {who.borrower_id: f"borrower {who.person.number}" for who in self.lending.borrowers}
        return found | {loan.loan_id: f"loan {loan.number}" for loan in self.lending.loans}


def play(setting: Setting, talk: Talk, auditor: Auditor | None = None, on_day: Callable[[int], None] | None = None) -> Played:
    """Play all days of a setting. The talk's clock is left on the night after the last day, which is closed.

    on_day   told each day when it is over
    """
    lots = Lots(seed=setting.seed)
    provider = PaymentProvider(setting=setting, lots=lots)
    # A platform that knows payment providers as such wants its own role of them.
    role = "provider" if "provider" in talk.verbs["repay"].roles else "operator"
    payer = Caller(caller_id="payment provider of the played world", role=role)
    bank = Bank(setting=setting, talk=talk, lots=lots)
    leaving = Leaving(setting=setting, talk=talk, lots=lots, app=APP)
    treasury = Treasury(talk=talk)
    talk.listeners.append(treasury)
    money = Money(
        setting=setting,
        talk=talk,
        lots=lots,
        weather=Weather(setting=setting),
        provider=provider,
        caller=payer,
        app=APP,
        bank=bank,
        leaving=leaving,
    )

    def paid_out(loan: Loan, on: int) -> None:
        line = loan.borrower.line
        grade = line.grade if line is not None else ""
        due_on = tuple(due for due, _ in loan.schedule)
        loan.life = Life(key=loan.number, due_on=due_on, risk=risk_of(setting, loan, grade), last_on=on)
        money.begin(loan)

    lending = Lending(
        setting=setting,
        talk=talk,
        lots=lots,
        partners=Partners(setting=setting, lots=lots),
        provider=provider,
        app=APP,
        payer=payer,
        bank=bank,
        leaving=leaving,
        paid_out=paid_out,
    )
    collectors = Collectors(
        setting=setting, talk=talk, lots=lots, weather=money.weather, loan_of=lambda loan_id: lending.by_id[loan_id]
    )
    for on in range(setting.first_day, setting.last_day + 1):
        talk.clock.set(on, dt.time(9, 0))
        lending.day(on)
        talk.clock.set(on, dt.time(14, 0))
        if setting.contacts_a_day:
            collectors.day(on)
        talk.clock.set(on, dt.time(18, 0))
        money.day(on)
        talk.clock.set(on, dt.time(20, 0))
        money.office.day(on)
        treasury.day(on)
        leaving.day(on)
        bank.evening(on)
        talk.clock.set(on, dt.time(22, 0))
        if auditor is not None:
            auditor.evening(on)
        talk.clock.set(on + 1, NIGHT)
        talk.close_days(on)
        if on_day is not None:
            on_day(on)
    return Played(lending=lending, money=money)
