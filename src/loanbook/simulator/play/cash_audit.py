"""What the auditor holds against statements and suspense: what was heard to be booked, matched by hand (`naive_cash`)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from loanbook import units
from loanbook.services.day_close import StepDone
from loanbook.simulator.play.bank import PAYOUTS, PROVIDER
from loanbook.simulator.play.known import KnownLoan
from loanbook.simulator.play.naive_cash import NaiveCash
from loanbook.simulator.play.talk import Answer, Heard, day_of


@dataclass(slots=True, kw_only=True)
class CashAudit:
    """The auditor's accounts; `same` compares two figures and notes a finding. Nothing is compared before the first statement."""

    same: Callable[[str, str, object, object], None]
    accounts: dict[str, NaiveCash] = field(
        default_factory=lambda: {code: NaiveCash(account=code) for code in (PROVIDER, PAYOUTS)}
    )
    items: dict[str, Answer] = field(default_factory=dict)

    @property
    def suspense_fen(self) -> int:
        """What is in suspense."""
        return sum(each.suspense_fen for each in self.accounts.values())

    def paid_in(self, reference: str, said: Heard, amount_fen: int) -> None:
        """A payment was booked on the day it was made."""
        self.accounts[PROVIDER].book(reference, day_of(said.asked["paid_on"]), amount_fen)

    def paid_back(self, reference: str, said: Heard, amount_fen: int) -> None:
        """A payment bounced, or a refund was paid, on the day it was told."""
        self.accounts[PROVIDER].book(reference, units.date(said.day), -amount_fen)

    def paid_out(self, said: Heard, loan: KnownLoan) -> None:
        """A loan was paid out."""
        self.accounts[PAYOUTS].book(said.asked["provider_reference"], day_of(said.asked["disbursed_on"]), -loan.principal_fen)

    def merchant_paid(self, said: Heard, loan: KnownLoan) -> None:
        """A merchant returned the price."""
        self.accounts[PAYOUTS].book(said.asked["provider_reference"], day_of(said.asked["returned_on"]), loan.principal_fen)

    def resolved(self, said: Heard) -> Answer:
        """An item was booked as a payment; the item. What the answer says of suspense is after the whole batch."""
        item = self.items[said.asked["item_id"]]
        for account in self.accounts.values():
            if account.taken:
                account.match()
        self.accounts[PROVIDER].release(item["reference"], item["amount_fen"])
        return item

    def statement(self, said: Heard) -> None:
        """A statement was taken."""
        account = self.accounts[said.asked["account"]]
        account.statement(said.asked["number"], said.asked["content"])
        place = f"statement {said.asked['number']}"
        self.same(place, "suspense after it", said.answer["suspense_fen"], account.suspense_fen)
        self.same(place, "items after it", said.answer["suspense_items"], len(account.items))
        moved = said.asked["closing_fen"] - said.asked["opening_fen"]
        self.same(place, "what it moved", said.answer["accepted_fen"] + said.answer["quarantined_fen"], moved)

    def shown(self, said: Heard) -> None:
        """An account was looked up."""
        account = self.accounts[said.asked["id"]]
        self.items.update((item["item_id"], item) for item in said.answer["items"])
        if account.taken:
            place = f"account {account.account}"
            self.same(place, "suspense", said.answer["suspense_fen"], account.suspense_fen)
            self.same(place, "reported of what is booked", said.answer["reported_fen"], account.reported_fen)
            self.same(place, "cash", said.answer["closing_fen"] - said.answer["opening_fen"], account.moved_fen)

    def closed(self, step: StepDone) -> None:
        """The close looked whether items are explained by now."""
        result: Any = step.result
        if step.step == "suspense" and any(each.taken for each in self.accounts.values()):
            for account in self.accounts.values():
                if account.taken:
                    account.match()
            place = f"close of {step.day}"
            self.same(place, "suspense", result["suspense_fen"], self.suspense_fen)
            self.same(place, "items of suspense", result["items"], sum(len(each.items) for each in self.accounts.values()))
