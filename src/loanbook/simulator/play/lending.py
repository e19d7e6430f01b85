"""From a stranger to a loan that was paid out: registrations, applications, wishes, quotes, purchases, offers, pay-outs."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from loanbook.services.caller import Caller
from loanbook.simulator.play.bank import PAYOUTS, PROVIDER, Bank
from loanbook.simulator.play.borrower import BAD, Borrower, Line, Loan, Wish, frailty_of, wish_of
from loanbook.simulator.play.leaving import Leaving
from loanbook.simulator.play.lots import Lot, Lots
from loanbook.simulator.play.office import MAKER
from loanbook.simulator.play.partners import Partners, PaymentProvider
from loanbook.simulator.play.people import Person, application, people_of, registration
from loanbook.simulator.play.setting import Setting
from loanbook.simulator.play.talk import Answer, Heard, Talk
from loanbook.units import date, day

FIRST_WISH_DAYS = 4.0
NO_DAYS = 14
"""Who is behind, or was told no, thinks of borrowing again after so many days."""
ACCEPTS = 0.94
"""Part of the quotes that are accepted."""
RETURN_DAYS = 6
PAY_LATER = "pay_later"
MERCHANTS = ("Corner Grocer (example)", "Blue Bicycle (example)", "Paper Lantern Books (example)", "Tin Kettle (example)")


@dataclass(slots=True, kw_only=True)
class Lending:
    """Everybody who wants to borrow, and those who lend; by day.

    paid_out   what is done with a loan that was paid out
    """

    setting: Setting
    talk: Talk
    lots: Lots
    partners: Partners
    provider: PaymentProvider
    app: Caller
    payer: Caller
    bank: Bank
    leaving: Leaving
    paid_out: Callable[[Loan, int], None]
    borrowers: list[Borrower] = field(default_factory=list)
    loans: list[Loan] = field(default_factory=list)
    by_id: dict[str, Loan] = field(default_factory=dict)
    declined: int = 0
    _arrivals: dict[int, list[Person]] = field(default_factory=lambda: defaultdict(list))
    _applying: dict[int, list[Borrower]] = field(default_factory=lambda: defaultdict(list))
    _wishing: dict[int, list[Borrower]] = field(default_factory=lambda: defaultdict(list))
    _waiting: dict[str, tuple[Loan, int]] = field(default_factory=dict)
    _payouts: dict[int, list[Loan]] = field(default_factory=lambda: defaultdict(list))
    _returning: dict[int, list[Loan]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for person in people_of(self.setting, self.lots):
            self._arrivals[person.arrives_on].append(person)

    def day(self, on: int) -> None:
        """One day of it."""
        offers = self._asked_again(on)
        self._register(self._arrivals.pop(on, []), on)
        self._apply(self._applying.pop(on, []), on)
        if on < self.setting.first_day + self.setting.days:
            offers += self._draw(self._wishing.pop(on, []), on)
        self._offer(offers, on)
        self._pay_out(self._payouts.pop(on, []), on)
        self._return(self._returning.pop(on, []), on)

    # Lines.

    def _register(self, people: Sequence[Person], on: int) -> None:
        for person, said in zip(
            people, self.talk.ask("register", [registration(each) for each in people], self.app), strict=True
        ):
            frailty = frailty_of(self.setting, person, self.lots)
            self.borrowers.append(Borrower(person=person, borrower_id=said.answer["borrower_id"], frailty=frailty))
            self._applying[on].append(self.borrowers[-1])

    def _apply(self, borrowers: Sequence[Borrower], on: int) -> None:
        borrowers = [each for each in borrowers if not each.gone]
        bodies = [application(each.person, each.borrower_id, on, each.repaid, self.lots) for each in borrowers]
        applied = [
            (who, said) for who, said in zip(borrowers, self.talk.ask("apply", bodies, self.app), strict=True) if said.done
        ]
        assessed = self.talk.ask("assess", [{"application_id": said.answer["application_id"]} for _, said in applied], self.app)
        for (who, _), said in zip(applied, assessed, strict=True):
            self._assessed(who, said, on)

    def _assessed(self, who: Borrower, said: Heard, on: int) -> None:
        who.applications += 1
        number = who.person.number
        if not said.done or said.answer.get("line_id") is None:
            self.declined += 1
            self.leaving.thinks(who, on)
            if who.applications < 3 and self.lots.chance(Lot.AGAIN, number, who.applications) < self.setting.comes_back:
                self._applying[on + self.lots.within(Lot.AGAIN, number, 10 + who.applications, 25, 90)].append(who)
            return
        found = said.answer
        who.line = Line(
            line_id=found["line_id"], grade=found["grade"], limit_fen=found["limit_fen"], expires_on=day(found["expires_on"])
        )
        self._wishing[on + self.lots.wait(Lot.AGAIN, number, 20 + who.applications, FIRST_WISH_DAYS) - 1].append(who)

    # Drawdowns.

    def _draw(self, wishing: Sequence[Borrower], on: int) -> list[tuple[Loan, int]]:
        """Quote and draw what people wish; returns the offers made."""
        wishes = [(who, wish) for who in wishing if (wish := self._wish(who, on)) is not None]
        buying = [each for each in wishes if each[1].product == PAY_LATER]
        drawing = [each for each in wishes if each[1].product != PAY_LATER]
        return self._quoted(drawing, on) + self._bought(buying, on)

    def _wish(self, who: Borrower, on: int) -> Wish | None:
        if who.worst >= BAD or who.line is None or who.gone:
            return None
        number = who.person.number
        if who.behind:
            self._wishing[on + NO_DAYS].append(who)
            return None
        if self.lots.chance(Lot.DRAW, number, 1_000_000 + on) > self.setting.wish(on):
            self._wishing[on + 1].append(who)
            return None
        if on >= who.line.expires_on:
            who.line = None
            self._applying[on + 1].append(who)
            return None
        who.wishes += 1
        self._wishing[on + self.lots.wait(Lot.DRAW, number, 8 * who.wishes + 2, self.setting.draws_every)].append(who)
        said = self.talk.look("line", who.line.line_id, self.app)
        return wish_of(self.setting, who, said.answer["available_fen"], self.lots) if said.done else None

    def _quoted(self, wishes: Sequence[tuple[Borrower, Wish]], on: int) -> list[tuple[Loan, int]]:
        bodies = [
            {
                "line_id": who.line.line_id,
                "product": wish.product,
                "principal_fen": wish.principal_fen,
                "installment_count": wish.count,
            }
            for who, wish in wishes
            if who.line is not None
        ]
        quotes = [
            (who, said)
            for (who, _), said in zip(wishes, self.talk.ask("quote", bodies, self.app), strict=True)
            if said.done and self.lots.chance(Lot.DRAW, who.person.number, 8 * who.wishes + 3) < ACCEPTS
        ]
        drawn = self.talk.ask("draw_down", [{"quote_id": said.answer["quote_id"]} for _, said in quotes], self.app)
        return [
            (self._loan(who, quoted.answer, quoted.asked, said, on), on)
            for (who, quoted), said in zip(quotes, drawn, strict=True)
            if said.done
        ]

    def _bought(self, wishes: Sequence[tuple[Borrower, Wish]], on: int) -> list[tuple[Loan, int]]:
        """At a checkout the plans are shown and one is bought, of as many instalments as wished where there is such a plan."""
        found: list[tuple[Borrower, dict[str, Any]]] = []
        for who, wish in wishes:
            assert who.line is not None
            shown = self.talk.look("offers", who.line.line_id, self.app, amount_fen=str(wish.principal_fen), product=wish.product)
            plans = shown.answer["offers"] if shown.done else []
            plan = next((each for each in plans if each["installment_count"] == wish.count), None)
            if plan is not None:
                merchant = MERCHANTS[who.person.number % len(MERCHANTS)]
                order = f"order-{who.person.number:07d}-{who.wishes:03d}"
                asked = {
                    "line_id": who.line.line_id,
                    "merchant": merchant,
                    "merchant_reference": order,
                    "principal_fen": wish.principal_fen,
                    "installment_count": wish.count,
                    "total_fen": plan["total_fen"],
                    "product": wish.product,
                }
                found.append((who, asked))
        said = self.talk.ask("buy", [asked for _, asked in found], self.app)
        return [
            (self._loan(who, heard.answer, asked, heard, on), on)
            for (who, asked), heard in zip(found, said, strict=True)
            if heard.done
        ]

    def _loan(self, who: Borrower, shown: Answer, asked: Any, drawn: Heard, on: int) -> Loan:
        loan = Loan(
            number=len(self.loans),
            loan_id=drawn.answer["loan_id"],
            line_id=asked["line_id"],
            borrower=who,
            product=asked["product"],
            count=asked["installment_count"],
            principal_fen=asked["principal_fen"],
            rate_annual=shown["rate_annual"],
            quoted_on=on,
            schedule=_schedule(shown["instalments"]),
            partner=drawn.answer["partner"],
        )
        self.loans.append(loan)
        self.by_id[loan.loan_id] = loan
        return loan

    # Offers and pay-outs.

    def _asked_again(self, on: int) -> list[tuple[Loan, int]]:
        """Offers of days before that a partner can answer now; where one went meanwhile is looked up."""
        offers = []
        for loan_id, (loan, since) in list(self._waiting.items()):
            said = self.talk.look("loan", loan_id, self.app)
            if said.answer["state"] != "offered":
                del self._waiting[loan_id]
            elif said.answer["partner"] != loan.partner:
                loan.partner, loan.attempt = said.answer["partner"], loan.attempt + 1
                offers.append((loan, on))
            else:
                offers.append((loan, since))
        return offers

    def _offer(self, offers: Sequence[tuple[Loan, int]], on: int) -> None:
        """Let partners answer until nobody has anything to say."""
        while offers:
            bodies, callers, asked = [], [], []
            for loan, since in offers:
                answer = self.partners.answer(loan, since, on)
                if answer is None:
                    self._waiting[loan.loan_id] = (loan, since)
                    continue
                self._waiting.pop(loan.loan_id, None)
                bodies.append(answer)
                callers.append(Caller(caller_id=f"partner {loan.partner}", role="partner", partner=loan.partner))
                asked.append(loan)
            offers = []
            for loan, said in zip(asked, self.talk.ask("answer_offer", bodies, callers), strict=True):
                if said.done and said.answer["state"] == "confirmed":
                    self._payouts[on].append(loan)
                elif said.done:
                    # Who refuses is not told where the offer goes next: the borrower's app looks it up.
                    view = self.talk.look("loan", loan.loan_id, self.app)
                    if view.answer["state"] == "offered":
                        loan.partner, loan.attempt = view.answer["partner"], loan.attempt + 1
                        offers.append((loan, on))

    def _pay_out(self, loans: Sequence[Loan], on: int) -> None:
        works = self.provider.day_from(on)
        closed = [loan for loan in loans if self.provider.is_closed(loan)]
        asked = [{"loan_id": loan.loan_id, "reason": "account closed (example)"} for loan in closed]
        for loan, cancelled in zip(closed, self.talk.ask("cancel_loan", asked, MAKER), strict=True):
            loan.over = loan.over or cancelled.done
        going = []
        for loan in [each for each in loans if not self.provider.is_closed(each)]:
            failed = works == on and self.provider.fails(loan)
            loan.tries += failed
            if works > on or failed:
                self._payouts[max(works, on + failed)].append(loan)
            else:
                going.append(loan)
        bodies = [
            {"loan_id": loan.loan_id, "provider_reference": f"out-{loan.number:07d}", "disbursed_on": date(on)} for loan in going
        ]
        said = self.talk.ask("disburse", bodies, self.payer, twice=self.provider.twice(len(bodies), on, 3))
        for loan, heard in zip(going, said, strict=True):
            if not heard.done:
                continue
            if on != loan.quoted_on:
                loan.schedule = _schedule(self.talk.look("loan", loan.loan_id, self.app).answer["instalments"])
            loan.paid_out_on = on
            self.bank.moved(PAYOUTS, on, f"out-{loan.number:07d}", -loan.principal_fen)
            self.paid_out(loan, on)
            if loan.product == PAY_LATER and self.lots.chance(Lot.PAYOUT, loan.number, 100) < self.setting.returns:
                self._returning[on + self.lots.within(Lot.PAYOUT, loan.number, 101, 1, RETURN_DAYS)].append(loan)

    def _return(self, loans: Sequence[Loan], on: int) -> None:
        bodies = [
            {"loan_id": loan.loan_id, "provider_reference": f"back-{loan.number:07d}", "returned_on": date(on)} for loan in loans
        ]
        for loan, said in zip(loans, self.talk.ask("return_purchase", bodies, self.payer), strict=True):
            if said.done:
                loan.over = True
                self.bank.moved(PAYOUTS, on, f"back-{loan.number:07d}", loan.principal_fen)
                # What was paid so far goes back to the borrower.
                for reference, amount in loan.standing.items():
                    self.bank.moved(PROVIDER, on, reference, -amount)
                loan.standing.clear()


def _schedule(instalments: Sequence[Answer]) -> list[tuple[int, int]]:
    return [(day(row["due_on"]), row["principal_fen"] + row["interest_fen"] + row["fee_fen"]) for row in instalments]
