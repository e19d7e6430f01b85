"""Our own people: a clerk who works suspense off, and two who decide on refunds and write-offs together."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from loanbook.services.caller import Caller
from loanbook.simulator.play.bank import CLERK, PROVIDER, Bank
from loanbook.simulator.play.borrower import Loan
from loanbook.simulator.play.lots import Lot, Lots
from loanbook.simulator.play.setting import Setting
from loanbook.simulator.play.talk import Answer, Heard, Talk
from loanbook.terms.mandate import SHIPPED
from loanbook.units import date

MAKER = Caller(caller_id="operator of the played world", role="operator")
CHECKER = Caller(caller_id="second person of the played world", role="finance")
RISK = Caller(caller_id="risk officer of the played world", role="risk")
TERMS = "meadow_bank_joint"
"""The mandate of which new versions are proposed, for a day after the played ones, so that they change nothing here."""
TERMS_DAYS = {30: True, 60: False}
"""Days from the first on which one is proposed, and whether it is approved."""
AHEAD_DAYS = 1_000
ASKING_DAYS = (1, 5)
"""So long it takes to find out whose money it is."""
CHECKING_DAYS = (1, 3)
GONE = ("item_released", "no_such_item")
"""Refusals that say that an item is explained meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Idea:
    """Something that needs two: kind, loan, content."""

    kind: str
    loan: Loan
    content: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Office:
    """The office, by day.

    transfers   money that borrowers transferred without a word, by the bank's reference
    booked      told of money that was booked for a loan by the office;  written_off  of a loan that was written off
    """

    setting: Setting
    talk: Talk
    lots: Lots
    bank: Bank
    booked: Callable[[Loan, Heard, int], None]
    written_off: Callable[[Loan, int], None]
    transfers: dict[str, tuple[Loan, int]] = field(default_factory=dict)
    _resolving: dict[int, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    _proposing: dict[int, list[Idea]] = field(default_factory=lambda: defaultdict(list))
    _checking: dict[int, list[tuple[Idea, Answer]]] = field(default_factory=lambda: defaultdict(list))
    _seen: set[str] = field(default_factory=set)
    _ideas: int = 0

    def refund(self, loan: Loan, amount_fen: int, on: int) -> None:
        """A loan is over and more was paid than it owed."""
        later = self.lots.within(Lot.OFFICE, loan.number, 0, *ASKING_DAYS)
        self._proposing[on + later].append(Idea(kind="refund", loan=loan, content={"amount_fen": amount_fen}))

    def write_off(self, loan: Loan, on: int) -> None:
        """A borrower turned out to be bankrupt."""
        self._proposing[on + 1].append(Idea(kind="write_off", loan=loan, content={"cause": "bankruptcy"}))

    def day(self, on: int) -> None:
        """Look for new items, book what was found out, propose, decide."""
        if self.transfers and self.bank.statements:
            self._look(on)
        self._resolve(self._resolving.pop(on, []), on)
        self._propose(self._proposing.pop(on, []), on)
        self._check(self._checking.pop(on, []), on)
        self._new_terms(on - self.setting.first_day)

    def _look(self, on: int) -> None:
        """Read the list of suspense once after each statement."""
        if f"statement {self.bank.statements}" in self._seen:
            return
        self._seen.add(f"statement {self.bank.statements}")
        for item in suspense_of(self.talk, PROVIDER, CLERK):
            known = self.transfers.get(item["reference"])
            if known is not None and item["item_id"] not in self._seen and item["amount_fen"] == known[1]:
                self._seen.add(item["item_id"])
                later = self.lots.within(Lot.TRANSFER, known[0].number, 1_000_000 + on, *ASKING_DAYS)
                self._resolving[on + later].append((item["item_id"], item["reference"]))

    def _resolve(self, found: list[tuple[str, str]], on: int) -> None:
        found.sort(key=lambda each: each[1])
        bodies = [{"item_id": item_id, "loan_id": self.transfers[reference][0].loan_id} for item_id, reference in found]
        for (_, reference), said in zip(found, self.talk.ask("resolve_suspense", bodies, CLERK), strict=True):
            loan, amount = self.transfers.pop(reference)
            if said.done:
                loan.standing[reference] = amount
                self.booked(loan, said, on)
            elif said.answer.get("rule") not in GONE:
                # A loan that does not take it: the money goes back where it came from.
                self.bank.moved(PROVIDER, on + 1, reference, -amount)

    def _propose(self, ideas: list[Idea], on: int) -> None:
        ideas.sort(key=lambda each: (each.kind, each.loan.number))
        bodies = [
            {"kind": each.kind, "subject": each.loan.loan_id, "content": each.content, "reason": "played (example)"}
            for each in ideas
        ]
        for idea, said in zip(ideas, self.talk.ask("propose", bodies, MAKER), strict=True):
            if said.done:
                self._ideas += 1
                later = self.lots.within(Lot.OFFICE, self._ideas, 1, *CHECKING_DAYS)
                self._checking[on + later].append((idea, said.answer))

    def _check(self, waiting: list[tuple[Idea, Answer]], on: int) -> None:
        waiting.sort(key=lambda each: (each[0].kind, each[0].loan.number))
        rejected = self.setting.decisions.rejected
        bodies = [
            {
                "proposal_id": proposal["proposal_id"],
                "content_hash": proposal["content_hash"],
                "approve": self.lots.chance(Lot.OFFICE, idea.loan.number, 2) >= rejected,
                "remark": "played (example)",
            }
            for idea, proposal in waiting
        ]
        said = self.talk.ask("check", bodies, CHECKER)
        for (idea, proposal), body, heard in zip(waiting, bodies, said, strict=True):
            if not heard.done or not body["approve"]:
                continue
            if idea.kind == "refund":
                self.bank.moved(PROVIDER, on, proposal["proposal_id"], -idea.content["amount_fen"])
            else:
                self.written_off(idea.loan, on)

    def _new_terms(self, since: int) -> None:
        """A version of a mandate is proposed by risk and approved, or not, by another."""
        if since not in TERMS_DAYS:
            return
        begins = f"effective_from: {date(self.setting.first_day + AHEAD_DAYS + since)}"
        text = re.sub(r"^effective_from: \S+", begins, (SHIPPED / f"{TERMS}.yaml").read_text(), flags=re.MULTILINE)
        content = {"kind": "mandate", "text": text}
        body = {"kind": "terms", "subject": TERMS, "content": content, "reason": "prices of next year (example)"}
        for said in self.talk.ask("propose", [body], RISK):
            if said.done:
                proposal = {name: said.answer[name] for name in ("proposal_id", "content_hash")}
                self.talk.ask("check", [proposal | {"approve": TERMS_DAYS[since]}], CHECKER)


def suspense_of(talk: Talk, account: str, caller: Caller) -> list[Answer]:
    """All open items of an account, page after page."""
    found: list[Answer] = []
    after: dict[str, str] = {}
    while True:
        said = talk.look("cash", account, caller, **after)
        if not said.done:
            return found
        found += said.answer["items"]
        if not said.answer["next"]:
            return found
        after = {"after": said.answer["next"]}
