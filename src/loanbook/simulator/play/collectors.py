"""Collectors: every day they work through the queue as far as they come; who was spoken to pays sooner, and some promise to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from loanbook.services.caller import Caller
from loanbook.simulator.play.borrower import Loan
from loanbook.simulator.play.lots import Lot, Lots
from loanbook.simulator.play.months import Weather
from loanbook.simulator.play.setting import Setting
from loanbook.simulator.play.talk import Answer, Talk
from loanbook.units import date

STAFF = Caller(caller_id="collector of the played world", role="operator")
AGAIN_DAYS = 3
"""Nobody is contacted more often than this."""
REACHED = 0.6
PROMISES = 0.2
"""Part of those reached who promise to pay."""
PROMISE_DAYS = (2, 6)
AGENCY = "Stone Bridge Collections (example)"
AGENCY_CALLS = 0.15
"""Part of an agency's loans for which it calls on a day."""
LATE_STAGE = "late"
"""The stage from which loans are handed to an agency by hand, before the day close does it by terms."""
FIRST_STAGE = "reminder"
"""In it machines call, and later people: what the queue was made for last night is allowed in the next stage, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collectors:
    """The platform's own collectors.

    loan_of   the world's loan by the id that the queue shows;  placed  with an agency, handed over by hand
    """

    setting: Setting
    talk: Talk
    lots: Lots
    weather: Weather
    loan_of: Callable[[str], Loan]
    placed: dict[int, Loan] = field(default_factory=dict)

    def day(self, on: int) -> None:
        """Contact as many as there is time for, the longest overdue first."""
        most = round(self.setting.contacts_a_day * self.weather.effort(on))
        queue = [(self.loan_of(row["loan_id"]), row) for row in self._queue()]
        # Ties go by the world's numbers and not by ids, which are random.
        queue.sort(key=lambda each: (-each[1]["dpd"], each[0].number))
        self._agency(on)
        self._hand_over([loan for loan, row in queue if row["stage"] == LATE_STAGE], on)
        rested = [each for each in queue if each[0].life is not None and on - each[0].life.contacted_on >= AGAIN_DAYS][:most]
        bodies: list[dict[str, Any]] = []
        for loan, row in rested:
            reached = self.lots.chance(Lot.CONTACT, loan.number, 2 * on) < REACHED
            action = "robot_call" if row["stage"] == FIRST_STAGE else "call"
            bodies.append({"loan_id": loan.loan_id, "action": action, "outcome": "reached" if reached else "not_reached"})
        promising = []
        for (loan, row), body, said in zip(
            rested, bodies, self.talk.ask("record_contact", bodies, STAFF) if bodies else (), strict=True
        ):
            if said.done and loan.life is not None:
                loan.life.contacted_on = on
                if body["outcome"] == "reached" and self.lots.chance(Lot.CONTACT, loan.number, 2 * on + 1) < PROMISES:
                    by = on + self.lots.within(Lot.CONTACT, loan.number, 1_000_000 + on, *PROMISE_DAYS)
                    promising.append({"loan_id": loan.loan_id, "amount_fen": row["overdue_fen"], "due_on": date(by)})
        self.talk.ask("promise", promising, STAFF)

    def _hand_over(self, loans: list[Loan], on: int) -> None:
        """Some of the loans that are far past due go to an agency; it begins tomorrow."""
        chosen = [
            loan
            for loan in loans
            if loan.number not in self.placed
            and self.lots.chance(Lot.AGENCY, loan.number, 3 * on) < self.setting.decisions.placed
        ]
        bodies = [{"loan_id": loan.loan_id, "agency": AGENCY} for loan in chosen]
        for loan, said in zip(chosen, self.talk.ask("hand_over", bodies, STAFF), strict=True):
            if said.done:
                self.placed[loan.number] = loan

    def _agency(self, on: int) -> None:
        """The agency calls for some of its loans; a few are taken back."""
        held = [loan for _, loan in sorted(self.placed.items())]
        calling = [loan for loan in held if self.lots.chance(Lot.AGENCY, loan.number, 3 * on + 1) < AGENCY_CALLS]
        bodies: list[dict[str, Any]] = [
            {
                "loan_id": loan.loan_id,
                "action": "call",
                "outcome": "reached" if self.lots.chance(Lot.CONTACT, loan.number, 2 * on) < REACHED else "not_reached",
                "made_by": "agency",
            }
            for loan in calling
        ]
        for loan, said in zip(calling, self.talk.ask("record_contact", bodies, STAFF), strict=True):
            if said.done and loan.life is not None:
                loan.life.contacted_on = on
        back = [loan for loan in held if self.lots.chance(Lot.AGENCY, loan.number, 3 * on + 2) < self.setting.decisions.recalled]
        asked = [{"loan_id": loan.loan_id, "reason": "the borrower asked us (example)"} for loan in back]
        for loan, said in zip(back, self.talk.ask("recall", asked, STAFF), strict=True):
            # Refused: the close took it back, because it was paid or the agency had it long enough.
            if said.done or said.status == 409:
                del self.placed[loan.number]

    def _queue(self) -> list[Answer]:
        """The whole queue, page after page."""
        found: list[Answer] = []
        after: dict[str, str] = {}
        while True:
            said = self.talk.look("collections_queue", "all", STAFF, **after)
            if not said.done:
                return found
            found += said.answer["loans"]
            if not said.answer["next"]:
                return found
            after = {"after": said.answer["next"]}
