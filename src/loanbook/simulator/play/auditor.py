"""The independent auditor: from what was said and answered alone it keeps its own books, and compares them every day.

It hears every request and answer (`talk.Listener`), never looks into a table, and shares no rule with the house: balances come
from `naive_account` over the schedules that were published, the use of lines and quotas from sums, claims that pass, parts of
money and vehicles from `funds_audit`, suspense from `cash_audit`. Every evening it looks up what changed that day, a part of
everything else, all quotas, vehicles in turn; every night it compares the totals that the day's close announces.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from loanbook import units
from loanbook.errors import Finding
from loanbook.services.day_close import StepDone
from loanbook.simulator.play.cash_audit import CashAudit
from loanbook.simulator.play.funds_audit import FundsAudit
from loanbook.simulator.play.known import KnownLine, KnownLoan, published
from loanbook.simulator.play.naive_account import NOTHING, Payment, month_later
from loanbook.simulator.play.quota_audit import AUDITOR, compare_quotas
from loanbook.simulator.play.talk import Answer, Heard, Talk, day_of
from loanbook.terms.mandate import Mandate
from loanbook.terms.vehicle import Vehicle

CHARGED_OFF_AFTER = 180


@dataclass(slots=True, kw_only=True)
class Auditor:
    """One auditor of one world.

    done       how often each verb was done, and each kind that two persons approved
    mandates   codes whose quotas are looked up;  terms, vehicles  contracts by which money is divided, all versions
    share  part of the loans and lines untouched on a day that are looked up too
    """

    talk: Talk
    mandates: Sequence[str]
    terms: Sequence[Mandate] = ()
    vehicles: Sequence[Vehicle] = ()
    share: float = 0.01
    findings: list[Finding] = field(default_factory=list)
    compared: int = 0
    lines: dict[str, KnownLine] = field(default_factory=dict)
    loans: dict[str, KnownLoan] = field(default_factory=dict)
    _provinces: dict[str, str] = field(default_factory=dict)
    _quotes: dict[str, tuple[str, Answer, dt.date]] = field(default_factory=dict)
    _references: dict[str, str] = field(default_factory=dict)
    _touched: set[str] = field(default_factory=set)
    _running: dict[str, None] = field(default_factory=dict)
    _due: dict[dt.date, list[str]] = field(default_factory=lambda: defaultdict(list))
    _late: dict[str, None] = field(default_factory=dict)
    _rounds: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    done: Counter[str] = field(default_factory=Counter)
    _proposed: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _passed_on: dict[str, Callable[[Heard], None]] = field(init=False)
    cash: CashAudit = field(init=False)
    funds: FundsAudit = field(init=False)

    def __post_init__(self) -> None:
        self.cash = CashAudit(same=self._same)
        self.funds = FundsAudit(mandates=self.terms, terms=self.vehicles, loans=self.loans, same=self._same)
        self._passed_on = {
            "take_statement": self.cash.statement,
            "look cash": self.cash.shown,
            "fund_vehicle": self.funds.vehicles.funded,
            "look vehicle": self.funds.vehicles.shown,
            "look funding": self.funds.shown_funding,
        }

    # What is heard.

    def heard(self, said: Heard) -> None:
        """Note what an answer means; what was refused changes nothing."""
        if said.what == "another answer":
            self._find(f"key of {said.asked.get('verb')}", "a repeated request got another answer", said.answer, "the first one")
        elif said.status >= 500:
            self._find(said.what, "ended in an error of the server", said.answer.get("detail", ""), "an answer")
        elif said.done:
            self.done[said.what] += 1
            if said.what in self._passed_on:
                self._passed_on[said.what](said)
            note = getattr(self, f"_{said.what.replace(' ', '_')}", None)
            if note is not None:
                note(said, units.date(said.day))

    def _apply(self, said: Heard, on: dt.date) -> None:
        self._provinces[said.answer["application_id"]] = said.asked["province"]

    def _assess(self, said: Heard, on: dt.date) -> None:
        if said.answer.get("line_id"):
            line = said.answer
            self.lines[line["line_id"]] = KnownLine(
                line_id=line["line_id"],
                grade=line["grade"],
                province=self._provinces[said.asked["application_id"]],
                limit_fen=line["limit_fen"],
            )

    def _quote(self, said: Heard, on: dt.date) -> None:
        self._quotes[said.answer["quote_id"]] = (said.asked["line_id"], said.answer, on)

    def _draw_down(self, said: Heard, on: dt.date) -> None:
        line_id, quote, quoted_on = self._quotes.pop(said.asked["quote_id"])
        self._drawn(said.answer, self.lines[line_id], quote["product"], quote["principal_fen"], quote, quoted_on)

    def _buy(self, said: Heard, on: dt.date) -> None:
        asked = said.asked
        self._drawn(said.answer, self.lines[asked["line_id"]], asked["product"], asked["principal_fen"], said.answer, on)
        total = sum(row["principal_fen"] + row["interest_fen"] + row["fee_fen"] for row in said.answer["instalments"])
        if said.answer["total_fen"] > asked["total_fen"] or total > asked["total_fen"]:
            self._find(f"loan {said.answer['loan_id']}", "costs more than was shown", total, asked["total_fen"])

    def _drawn(
        self, answer: Answer, line: KnownLine, product: str, principal_fen: int, shown: Answer, quoted_on: dt.date
    ) -> None:
        loan = KnownLoan(
            loan_id=answer["loan_id"],
            line=line,
            product=product,
            principal_fen=principal_fen,
            rate_annual=Decimal(shown["rate_annual"]),
            quoted_on=quoted_on,
            quoted=published(shown["instalments"]),
            state=answer["state"],
            partner=answer["partner"],
        )
        repaid = sum(row.principal_fen for row in loan.quoted)
        if repaid != principal_fen:
            self._find(f"loan {loan.loan_id}", "instalments do not repay what was lent", repaid, principal_fen)
        line.loans.append(loan)
        self.loans[loan.loan_id] = loan
        self._offered(loan, answer, quoted_on)
        if line.used_fen > line.limit_fen:
            self._find(f"line {line.line_id}", "a drawdown passed the limit", line.used_fen, f"at most {line.limit_fen}")

    def _answer_offer(self, said: Heard, on: dt.date) -> None:
        loan = self.loans[said.asked["loan_id"]]
        if said.asked["decision"] == "refuse":
            # Where it goes next is not told to who refuses; whoever looks it up will hear.
            loan.reserved, loan.partner, loan.mandated_on = None, None, None
            self._touched.add(loan.loan_id)
        else:
            self._offered(loan, said.answer, on)

    def _offered(self, loan: KnownLoan, answer: Answer, on: dt.date) -> None:
        """Where the offer stands now; a partner that was not asked before holds its quota from today."""
        partner = answer["partner"]
        if answer["state"] == "offered" and (loan.reserved is None or loan.reserved[0] != partner):
            loan.reserved, loan.mandated_on = (partner, on), on
        elif answer["state"] == "unfunded":
            loan.reserved = None
        loan.state, loan.partner = answer["state"], partner
        self._touched.add(loan.loan_id)

    def _disburse(self, said: Heard, on: dt.date) -> None:
        loan = self.loans[said.asked["loan_id"]]
        loan.state = "disbursed"
        loan.disbursed_on = day_of(said.asked["disbursed_on"])
        loan.schedule = loan.quoted
        if loan.disbursed_on != loan.quoted_on:
            # The quote's days no longer hold: the schedule is taken as published after the pay-out, if it is plausible.
            view = self.talk.look("loan", loan.loan_id, AUDITOR).answer
            loan.schedule = published(view["instalments"])
            expected = [month_later(loan.disbursed_on, number + 1) for number in range(len(loan.quoted))]
            same = sum(row.principal_fen for row in loan.schedule) == loan.principal_fen
            if not same or [row.due_on for row in loan.schedule] != expected:
                self._find(f"loan {loan.loan_id}", "the schedule after the pay-out is not the one quoted, moved")
        loan.book()
        self.cash.paid_out(said, loan)
        self.funds.paid_out(loan)
        self._touched.add(loan.loan_id)
        self._running[loan.loan_id] = None
        for row in loan.schedule:
            self._due[row.due_on].append(loan.loan_id)

    def _repay(self, said: Heard, on: dt.date) -> None:
        asked = said.asked
        reference = asked["provider_reference"]
        self.cash.paid_in(reference, said, asked["amount_fen"])
        settles = asked.get("purpose") == "payoff"
        self._paid(said, reference, asked["loan_id"], day_of(asked["paid_on"]), asked["amount_fen"], on, settles=settles)

    def _resolve_suspense(self, said: Heard, on: dt.date) -> None:
        item = self.cash.resolved(said)
        self._paid(
            said, item["reference"], said.asked["loan_id"], day_of(item["booked_on"]), item["amount_fen"], on, settles=False
        )

    def _paid(
        self, said: Heard, reference: str, loan_id: str, paid_on: dt.date, amount_fen: int, on: dt.date, *, settles: bool
    ) -> None:
        loan = self.loans[loan_id]
        loan.payments[reference] = Payment(
            reference=reference,
            paid_on=paid_on,
            amount_fen=amount_fen,
            settles=settles,
            recovers=loan.state == "charged_off" and loan.closed_on is not None and paid_on >= loan.closed_on,
            booked_on=on,
            left_over=said.answer.get("unapplied_fen"),
        )
        self._references[reference] = loan_id
        self._booked(loan, said.answer, on)
        told = said.answer.get("unapplied_fen")
        if loan.stands is not None and told is not None and abs(loan.stands.unapplied_fen - told) > 1:
            self._find(f"loan {loan_id}", "money left over differs", told, loan.stands.unapplied_fen)

    def _return_purchase(self, said: Heard, on: dt.date) -> None:
        loan = self.loans[said.asked["loan_id"]]
        for payment in loan.payments.values():
            if payment.stands:
                self.cash.paid_back(payment.reference, said, payment.amount_fen)
            payment.stands = False
        loan.state, loan.closed_on, loan.reserved = "cancelled", day_of(said.asked["returned_on"]), None
        loan.stands = NOTHING
        self.cash.merchant_paid(said, loan)
        self.funds.taken_back(loan)
        self._touched.add(loan.loan_id)

    def _cancel_loan(self, said: Heard, on: dt.date) -> None:
        loan = self.loans[said.asked["loan_id"]]
        loan.state, loan.closed_on, loan.reserved = "cancelled", on, None
        self._touched.add(loan.loan_id)

    def _give_back(self, said: Heard, on: dt.date) -> None:
        reference = said.asked["provider_reference"]
        loan = self.loans[self._references[reference]]
        payment = loan.payments[reference]
        if loan.state == "cancelled":
            # It went back with the purchase already; nothing more goes.
            self._same(f"loan {loan.loan_id}", "state after a bounce", said.answer["state"], loan.state)
            return
        payment.stands, payment.gone_on = False, on
        self.cash.paid_back(reference, said, payment.amount_fen)
        self._booked(loan, said.answer, on)

    def _propose(self, said: Heard, on: dt.date) -> None:
        self._proposed[said.answer["proposal_id"]] = said.asked

    def _check(self, said: Heard, on: dt.date) -> None:
        """What two persons decided: a refund is money out, a write-off ends the loan."""
        if not said.asked["approve"]:
            return
        proposal_id = said.asked["proposal_id"]
        proposed, done = self._proposed[proposal_id], said.answer["done"]
        if proposed["kind"] not in ("refund", "write_off"):
            return
        self.done[proposed["kind"]] += 1
        loan = self.loans[proposed["subject"]]
        if proposed["kind"] == "write_off":
            self._same(f"loan {loan.loan_id}", "written off", done["principal_fen"], loan.outstanding_fen)
            loan.state, loan.closed_on = "charged_off", on
            self._touched.add(loan.loan_id)
            return
        amount = proposed["content"]["amount_fen"]
        self.cash.paid_back(proposal_id, said, amount)
        loan.payments[proposal_id] = Payment(reference=proposal_id, paid_on=on, amount_fen=-amount, settles=False, booked_on=on)
        self._references[proposal_id] = loan.loan_id
        loan.book()
        self.funds.touched(loan)
        self._touched.add(loan.loan_id)
        left = loan.stands.unapplied_fen if loan.stands is not None else 0
        self._same(f"loan {loan.loan_id}", "left over after a refund", done["unapplied_fen"], left)

    def _booked(self, loan: KnownLoan, answer: Answer, on: dt.date) -> None:
        loan.book()
        self.funds.touched(loan)
        if loan.state in ("disbursed", "repaid"):
            done = loan.outstanding_fen == 0 and (loan.stands is None or loan.stands.unapplied_fen >= 0)
            loan.state, loan.closed_on = ("repaid", loan.closed_on or on) if done else ("disbursed", None)
            self._running[loan.loan_id] = None
        self._same(f"loan {loan.loan_id}", "outstanding after a payment", answer["outstanding_fen"], loan.outstanding_fen)
        self._same(f"loan {loan.loan_id}", "state after a payment", answer["state"], loan.state)
        self._touched.add(loan.loan_id)
        if loan.stands is not None and any(due_on <= on for due_on, _ in loan.stands.unpaid):
            self._late[loan.loan_id] = None

    def _look_loan(self, said: Heard, on: dt.date) -> None:
        """What others look up tells where an offer went overnight; loans that run are compared."""
        loan, view = self.loans.get(said.asked["id"]), said.answer
        if loan is None:
            return
        if loan.state == "offered":
            moved = view["partner"] != loan.partner or view["state"] == "unfunded"
            if moved:
                loan.reserved = None
            self._offered(loan, view, on)
        elif loan.stands is not None:
            self._compare_loan(loan, view, on)

    # What is looked up in the evening.

    def evening(self, on: int) -> None:
        """Compare what changed today, a part of the rest, and every quota."""
        today = units.date(on)
        touched, self._touched = self._touched, set()
        loans = dict.fromkeys([*sorted(touched), *self._some("loan", list(self.loans))])
        for loan_id in loans:
            self.talk.look("loan", loan_id, AUDITOR)
        for loan_id in sorted(touched):
            if loan_id in self.funds.passed.claims or self.loans[loan_id].state == "charged_off":
                self.talk.look("funding", loan_id, AUDITOR)
        for code in self.funds.vehicles.turn(on):
            self.talk.look("vehicle", code, AUDITOR)
        lines = [self.loans[loan_id].line.line_id for loan_id in sorted(touched)]
        for line_id in dict.fromkeys([*lines, *self._some("line", list(self.lines))]):
            line, view = self.lines[line_id], self.talk.look("line", line_id, AUDITOR).answer
            self._same(f"line {line_id}", "used", view["used_fen"], line.used_fen)
            self._same(f"line {line_id}", "limit", view["limit_fen"], line.limit_fen)
        compare_quotas(self.talk, self.mandates, self.loans.values(), today, self._same)

    def _some(self, what: str, everything: list[str]) -> list[str]:
        """The next part of everything, round and round."""
        if not everything:
            return []
        count = min(-(-len(everything) * self.share // 1), len(everything))
        start = self._rounds[what] % len(everything)
        self._rounds[what] = start + int(count)
        return [everything[(start + place) % len(everything)] for place in range(int(count))]

    def _compare_loan(self, loan: KnownLoan, view: Answer, on: dt.date) -> None:
        assert loan.stands is not None
        place = f"loan {loan.loan_id}"
        self._same(place, "outstanding", view["outstanding_fen"], loan.outstanding_fen)
        self._same(place, "state", view["state"], loan.state)
        if loan.state != "charged_off":
            self._same(place, "days past due", view["days_past_due"], loan.stands.late(on, loan.product)[0])
        paid = sum(each["paid_fen"] for each in view["instalments"])
        if abs(paid - loan.stands.paid_fen) > 1:
            self._find(place, "money on its instalments differs", paid, loan.stands.paid_fen)
        self.compared += 1

    # What the day's close announces.

    def closed(self, step: StepDone) -> None:
        """Compare the totals of a close with the sums of the accounts; what the close itself found is found here too."""
        for found in step.findings:
            self.findings.append(found)
        result: Any = step.result
        if step.step == "fall_due":
            self._fell_due(result, step.day)
        elif step.step == "mark_overdue":
            self._overdue(result, step.day)
        elif step.step == "charge_offs":
            self._charged_off(result, step.day)
        self.cash.closed(step)
        self.funds.closed(step, [self.loans[each] for each in self._late])

    def _fell_due(self, result: Any, day: dt.date) -> None:
        for loan_id in [each for each in self._running if not self.loans[each].runs(day)]:
            del self._running[loan_id]
        running = [self.loans[each] for each in self._running]
        due = [loan for loan_id in self._due.pop(day, ()) if (loan := self.loans[loan_id]).runs(day)]
        asked = sum(r.principal_fen + r.interest_fen + r.fee_fen for loan in due for r in loan.schedule if r.due_on == day)
        place = f"close of {day}"
        self._same(place, "running loans", result["running_loans"], len(running))
        self._same(place, "outstanding", result["outstanding_fen"], sum(loan.outstanding_fen for loan in running))
        self._same(place, "loans that fall due", result["loans"], len(due))
        self._same(place, "what falls due", result["due_fen"], asked)
        for loan in due:
            self._late[loan.loan_id] = None

    def _overdue(self, result: Any, day: dt.date) -> None:
        loans = new = amount = 0
        for loan_id in list(self._late):
            loan = self.loans[loan_id]
            if loan.stands is None or not loan.runs(day) or not any(due_on <= day for due_on, _ in loan.stands.unpaid):
                del self._late[loan_id]
                continue
            days, unpaid = loan.stands.late(day, loan.product)
            if days:
                loans, new, amount = loans + 1, new + (days == 1), amount + unpaid
        place = f"close of {day}"
        self._same(place, "loans past due", result["loans"], loans)
        self._same(place, "newly past due", result["new_loans"], new)
        self._same(place, "overdue", result["overdue_fen"], amount)

    def _charged_off(self, result: Any, day: dt.date) -> None:
        gone = []
        for loan_id in list(self._late):
            loan = self.loans[loan_id]
            if loan.state == "disbursed" and loan.stands and loan.stands.late(day, loan.product)[0] > CHARGED_OFF_AFTER:
                loan.state, loan.closed_on = "charged_off", day
                gone.append(loan)
                self._touched.add(loan_id)
        self._same(f"close of {day}", "loans written off", result["loans"], len(gone))
        self._same(f"close of {day}", "written off", result["principal_fen"], sum(loan.outstanding_fen for loan in gone))

    def _same(self, place: str, what: str, found: object, expected: object) -> None:
        self.compared += 1
        if found != expected:
            self._find(place, f"{what} differs", found, expected)

    def _find(self, place: str, message: str, value: object = "", expected: object = "") -> None:
        self.findings.append(Finding(place=place, message=message, value=str(value), expected=str(expected)))
