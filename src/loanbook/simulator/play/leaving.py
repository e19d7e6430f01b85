"""People who want no more of us: they take a consent back and ask to be forgotten; a law may say that it is too early."""

from collections import defaultdict
from dataclasses import dataclass, field

from loanbook.services.caller import Caller
from loanbook.simulator.play.borrower import Borrower
from loanbook.simulator.play.lots import Lot, Lots
from loanbook.simulator.play.setting import Setting
from loanbook.simulator.play.talk import Talk

CONSENT = "bureau_query"
AFTER_DAYS = (3, 40)


@dataclass(slots=True, kw_only=True)
class Leaving:
    """Who leaves, by day; `leaves` is asked once a borrower."""

    setting: Setting
    talk: Talk
    lots: Lots
    app: Caller
    _on: dict[int, list[Borrower]] = field(default_factory=lambda: defaultdict(list))
    _thought: set[int] = field(default_factory=set)

    def thinks(self, who: Borrower, on: int) -> None:
        """A borrower was declined, or has repaid a loan: some leave for that, after a while."""
        number = who.person.number
        declined = not who.loans
        chance = self.setting.decisions.forgotten if declined else self.setting.decisions.leaves
        key = len(who.loans) + 1_000 * who.applications
        if number not in self._thought and self.lots.chance(Lot.PRIVACY, number, key) < chance:
            self._thought.add(number)
            self._on[on + self.lots.within(Lot.PRIVACY, number, 1_000_000, *AFTER_DAYS)].append(who)

    def day(self, on: int) -> None:
        """Those whose day it is leave, unless they owe something or drew again."""
        leaving = [who for who in self._on.pop(on, []) if all(loan.over for loan in who.loans)]
        leaving.sort(key=lambda who: who.person.number)
        for who in leaving:
            who.gone = True
        self.talk.ask("withdraw_consent", [{"borrower_id": who.borrower_id, "purpose": CONSENT} for who in leaving], self.app)
        self.talk.ask("erase", [{"borrower_id": who.borrower_id} for who in leaving], self.app)
