"""Disbursement, repayment and return, as the payment provider reports them; balances come from the account kernel."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np

from loanbook import units
from loanbook.errors import RequestError
from loanbook.loans.account import Account, Drawdown, account_of, fact_rows, preview_payment
from loanbook.loans.facts import FactKind, Total
from loanbook.services.caller import Caller, Refusal
from loanbook.services.cancelling import too_late
from loanbook.services.parties import PROVIDER
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.requests import Disbursed, Disbursing, Repaid, Repaying, Returned, Returning
from loanbook.stores.online.lookups import payments_of
from loanbook.stores.online.purchases import STOPPED, stopped
from loanbook.stores.online.schema import LINE, LOAN, PAYMENT
from loanbook.stores.online.unit import Row, Unit, new_id
from loanbook.terms.lending_rule import check_disbursement
from loanbook.terms.product import contract_row
from loanbook.units import Ints

TAKES_MONEY = ("disbursed", "repaid", "charged_off")
"""States of a loan for which money is taken: what a charged-off one gets is a recovery."""

_FACTS = {
    "repayment": FactKind.PAYMENT,
    "payoff": FactKind.PAYOFF,
    "recovery": FactKind.RECOVERY,
    # Below 0: it pays no instalment back, it only leaves less unapplied.
    "refund": FactKind.PAYMENT,
}
"""What each purpose of a payment is to the account."""


def _no_loan(loan_id: str) -> Refusal:
    return Refusal(status=404, rule="no_such_loan", detail=f"there is no loan {loan_id}.", figures={"loan_id": loan_id})


def disburse(terms: PlatformTerms, unit: Unit, asked: Sequence[tuple[Caller, Disbursing]]) -> list[Disbursed | Refusal]:
    """A confirmed loan was paid out, by a payout that paid out no other: it runs, and `loan_disbursed` is a fact of the book."""
    loans = unit.lock(LOAN, (request.loan_id for _, request in asked))
    lines = unit.read(LINE, (loan["line_id"] for loan in loans.values()))
    payouts = unit.read(LOAN, (request.provider_reference for _, request in asked), by="payout_reference")
    paid_out = {reference: loan["loan_id"] for reference, loan in payouts.items()}
    return [_disburse(terms, unit, loans.get(request.loan_id), lines, request, paid_out) for _, request in asked]


def _disburse(
    terms: PlatformTerms, unit: Unit, loan: Row | None, lines: dict[str, Row], request: Disbursing, paid_out: dict[str, str]
) -> Disbursed | Refusal:
    if loan is None:
        return _no_loan(request.loan_id)
    if request.provider_reference in paid_out:
        other = paid_out[request.provider_reference]
        detail = f"reference {request.provider_reference} is booked already: it paid out loan {other}. "
        detail += "A provider's reference is booked once."
        return Refusal(status=409, rule="payment_booked_already", detail=detail, figures={"loan_id": other})
    if loan["state"] != "confirmed":
        detail = f"loan {request.loan_id} is {loan['state']}; only a confirmed loan can be disbursed."
        return Refusal(status=409, rule="loan_not_confirmed", detail=detail, figures={"state": loan["state"]})
    if not loan["drawn_on"] <= request.disbursed_on <= unit.today:
        detail = f"disbursed_on {request.disbursed_on} lies outside {loan['drawn_on']} (drawn) to {unit.today} (today)."
        return Refusal(status=422, rule="day_out_of_order", detail=detail)
    late = too_late(terms, loan, request.disbursed_on)
    if late is not None:
        return late
    principal, amount = loan["principal_fen"], request.amount_fen
    if amount is not None:
        try:
            check_disbursement(
                terms.lending_rules, on=units.day(request.disbursed_on), principal_fen=principal, disbursed_fen=amount
            )
        except RequestError as error:
            figures = {"principal_fen": principal, "amount_fen": amount}
            return Refusal(status=422, rule="lending_rule", detail=str(error), figures=figures)
    paid_out[request.provider_reference] = loan["loan_id"]
    unit.update(LOAN, loan, state="disbursed", disbursed_on=request.disbursed_on, payout_reference=request.provider_reference)
    unit.event(
        "loan_disbursed",
        loan["loan_id"],
        happened_on=request.disbursed_on,
        borrower_id=loan["borrower_id"],
        product=loan["product"],
        terms_hash=loan["terms_hash"],
        model=loan["model"],
        segment=lines[loan["line_id"]]["kind"],
        partner=loan["partner"],
        mandate=loan["mandate"],
        principal_fen=loan["principal_fen"],
        rate_annual=loan["rate_annual"],
        installment_count=loan["installment_count"],
        provider_reference=request.provider_reference,
    )
    return Disbursed(loan_id=loan["loan_id"], state="disbursed", disbursed_on=request.disbursed_on)


def account_parts(terms: PlatformTerms, loan: Row, payments: Sequence[Row], *, written_off: bool = True) -> tuple[Drawdown, Ints]:
    """What the account of a loan that was paid out is made of: its terms, what was paid and paid back, and its charge-off.

    written_off   False: as if it had not been charged off, so that what came since pays what is due
    """
    product = terms.product_by_hash(loan["terms_hash"])
    contract = contract_row(product, rate_annual=loan["rate_annual"], count=loan["installment_count"], checked=False)
    drawdown = Drawdown(contract=contract, principal_fen=loan["principal_fen"], disbursed_on=units.day(loan["disbursed_on"]))
    kinds = _FACTS if written_off else _FACTS | {"recovery": FactKind.PAYMENT}
    told = [(kinds[row["purpose"]], units.day(row["paid_on"]), row["amount_fen"]) for row in payments if not row["reversed"]]
    if written_off and loan["state"] == "charged_off":
        # 0: whatever is outstanding that day, also after an earlier payment bounced or came to light.
        told.append((FactKind.CHARGE_OFF, units.day(loan["closed_on"]), 0))
    return drawdown, fact_rows(told)


def online_account(terms: PlatformTerms, loan: Row, payments: Sequence[Row], as_of: dt.date) -> Account:
    """The account of a loan that was paid out at the end of a day."""
    drawdown, facts = account_parts(terms, loan, payments)
    return account_of(drawdown, facts, as_of=units.day(as_of), known_on=units.NEVER - 1)


def payoff_fen(terms: PlatformTerms, loan: Row, payments: Sequence[Row], on: dt.date, today: dt.date) -> int:
    """What settles a loan on a day, minor units; one that was charged off as if it had not been: its debt goes on.

    A refund that lost the money it paid back is owed as well.
    """
    drawdown, facts = account_parts(terms, loan, payments, written_off=False)
    known_on = units.day(max(on, today))
    shown = preview_payment(drawdown, facts, on=units.day(on), known_on=known_on, amount_fen=0, kind=FactKind.PAYOFF)
    held = account_of(drawdown, facts, as_of=known_on, known_on=units.NEVER - 1).total(Total.UNAPPLIED)
    return shown.amount_fen + max(-held, 0)


def claim_left(terms: PlatformTerms, loan: Row, payments: Sequence[Row], on: dt.date, today: dt.date) -> int:
    """What the borrower of a loan that was charged off still owes, all told, when it is paid on a day; minor units.

    What came later than the day would pay nothing any more, if all were paid on it: so much less is owed.
    """
    drawdown, facts = account_parts(terms, loan, payments, written_off=False)
    amount = payoff_fen(terms, loan, payments, on, today)
    offered = FactKind.PAYOFF, units.day(on), amount
    return amount - _excess(drawdown, facts, offered, units.day(max(on, today))) if amount else 0


def _excess(drawdown: Drawdown, facts: Ints, offered: tuple[FactKind, int, int], as_of: int) -> int:
    """What of all the money of an account finds nothing to pay once more is offered."""
    before, after = (
        max(account_of(drawdown, each, as_of=as_of, known_on=units.NEVER - 1).total(Total.UNAPPLIED), 0)
        for each in (facts, np.vstack([facts, fact_rows([offered])]))
    )
    return max(after - before, 0)


def settling(terms: PlatformTerms, loan: Row, payments: Sequence[Row], account: Account, *, on: dt.date, today: dt.date) -> int:
    """What settles a loan after its payments, the last of which is of a day: on that day or, where it has passed, today.

    account   with all of them
    """
    return 0 if state_after(loan, account) == "repaid" else payoff_fen(terms, loan, payments, max(on, today), today)


def short_payoff(amount_fen: int, purpose: str, remaining_fen: int) -> str:
    """What is said of a payoff that does not settle its loan; empty where there is nothing to say."""
    if purpose != "payoff" or remaining_fen == 0:
        return ""
    came, left = units.format_money(amount_fen), units.format_money(remaining_fen)
    return f"{came} came as a payoff and does not settle the loan. It counts as an ordinary payment, and {left} settles it."


def more_than_owed(
    terms: PlatformTerms, loan: Row, payments: Sequence[Row], on: dt.date, today: dt.date, amount_fen: int
) -> Refusal | None:
    """Why money for a loan that was charged off is not taken: it is more than its borrower owes, so somebody gets it back.

    That holds also for money that was paid before the charge-off, and is told after it.
    """
    drawdown, facts = account_parts(terms, loan, payments, written_off=False)
    if not _excess(drawdown, facts, (FactKind.PAYMENT, units.day(on), amount_fen), units.day(max(on, today))):
        return None
    owed_fen = claim_left(terms, loan, payments, on, today)
    came, owed = units.format_money(amount_fen), units.format_money(owed_fen)
    detail = f"{came} came for loan {loan['loan_id']}, which was charged off on {loan['closed_on']}, and "
    detail += f"its borrower still owes {owed}. Repay that, and give the rest back to who paid it."
    figures = {"amount_fen": amount_fen, "owed_fen": owed_fen}
    return Refusal(status=409, rule="more_than_is_owed", detail=detail, figures=figures)


def repay(terms: PlatformTerms, unit: Unit, asked: Sequence[tuple[Caller, Repaying]]) -> list[Repaid | Refusal]:
    """Money came in for a loan; every reference of the provider is booked once, whatever its idempotency key."""
    lines, loans = unit.lock_both(LINE, LOAN, "line_id", (request.loan_id for _, request in asked))
    booked = unit.read(PAYMENT, (request.provider_reference for _, request in asked), by="provider_reference")
    payments = payments_of(unit.connection, loans)
    answers: list[Repaid | Refusal] = []
    for _, request in asked:
        loan = loans.get(request.loan_id)
        refusal = _cannot_repay(unit, loan, request, booked)
        if loan is not None and refusal is None and loan["state"] == "charged_off":
            known = payments[loan["loan_id"]]
            refusal = more_than_owed(terms, loan, known, request.paid_on, unit.today, request.amount_fen)
        if loan is None or refusal is not None:
            answers.append(refusal or _no_loan(request.loan_id))
            continue
        row = unit.insert(
            PAYMENT,
            payment_id=new_id("py"),
            loan_id=loan["loan_id"],
            provider_reference=request.provider_reference,
            amount_fen=request.amount_fen,
            paid_on=request.paid_on,
            purpose="recovery" if is_recovery(loan, request.paid_on) else request.purpose,
            reversed=False,
        )
        booked[request.provider_reference] = row
        payments[loan["loan_id"]].append(row)
        unit.event(
            "recovery_received" if row["purpose"] == "recovery" else "payment_received",
            loan["loan_id"],
            happened_on=request.paid_on,
            amount_fen=request.amount_fen,
            purpose=row["purpose"],
            payment_id=row["payment_id"],
            provider_reference=request.provider_reference,
        )
        account = settle(terms, unit, loan, lines[loan["line_id"]], payments[loan["loan_id"]])
        told = payments[loan["loan_id"]]
        remaining = settling(terms, loan, told, account, on=request.paid_on, today=unit.today)
        answers.append(
            Repaid(
                loan_id=loan["loan_id"],
                payment_id=row["payment_id"],
                state=loan["state"],
                outstanding_fen=account.total(Total.OUTSTANDING),
                unapplied_fen=account.total(Total.UNAPPLIED),
                recovered_fen=account.total(Total.RECOVERED),
                closes=remaining == 0,
                remaining_fen=remaining,
                note=short_payoff(request.amount_fen, request.purpose, remaining),
            )
        )
    return answers


def _cannot_repay(unit: Unit, loan: Row | None, request: Repaying, booked: dict[Any, Row]) -> Refusal | None:
    if loan is None:
        return _no_loan(request.loan_id)
    if request.provider_reference in booked:
        detail = f"reference {request.provider_reference} is booked already. A provider's reference is booked once."
        return Refusal(status=409, rule="payment_booked_already", detail=detail)
    if loan["state"] not in TAKES_MONEY:
        detail = f"loan {request.loan_id} is {loan['state']}; it takes no payments."
        return Refusal(status=409, rule="loan_not_running", detail=detail, figures={"state": loan["state"]})
    if not loan["disbursed_on"] <= request.paid_on <= unit.today:
        detail = f"paid_on {request.paid_on} lies outside {loan['disbursed_on']} (disbursed) to {unit.today} (today)."
        return Refusal(status=422, rule="day_out_of_order", detail=detail)
    return None


def is_recovery(loan: Row, paid_on: dt.date) -> bool:
    """Whether money of a day was paid after the loan was written off; what was paid before, and told late, is a payment."""
    return bool(loan["state"] == "charged_off" and paid_on >= loan["closed_on"])


def state_after(loan: Row, account: Account) -> str:
    """The state of a loan that takes money, as its account says."""
    if loan["state"] == "charged_off":
        return "charged_off"
    return "repaid" if account.total(Total.OUTSTANDING) == 0 and account.total(Total.UNAPPLIED) >= 0 else "disbursed"


def settle(terms: PlatformTerms, unit: Unit, loan: Row, line: Row, payments: Sequence[Row]) -> Account:
    """Bring the state of a locked loan and the use of its line to what its account says.

    A loan that was repaid keeps its day; a charged-off one stays so. One that was refunded more than it has now, because a
    payment bounced afterwards, is not over: its unapplied money is below 0.
    """
    account = online_account(terms, loan, payments, unit.today)
    repaid = account.total(Total.LENT) - account.total(Total.OUTSTANDING)
    freed = repaid - loan["principal_repaid_fen"]
    if freed:
        unit.update(LINE, line, used_fen=line["used_fen"] - freed)
    if loan["state"] == "charged_off":
        unit.update(LOAN, loan, principal_repaid_fen=repaid)
        return account
    state = state_after(loan, account)
    closed_on = (loan["closed_on"] or unit.today) if state == "repaid" else None
    unit.update(LOAN, loan, principal_repaid_fen=repaid, state=state, closed_on=closed_on)
    return account


def take_back(unit: Unit, payment: Row, reason: str, **changes: object) -> None:
    """A payment is taken back: its row, with what else changes of it, and its event."""
    told = {"payment_id": payment["payment_id"], "provider_reference": payment["provider_reference"]}
    unit.update(PAYMENT, payment, reversed=True, **changes)
    unit.event("event_reversed", payment["loan_id"], **told, reason=reason)


def _returned_before(unit: Unit, loan: Row, row: Row, request: Returning) -> Returned | Refusal:
    """Money that goes back because its purchase was returned bounces: then nothing of it is to go back, and nothing else changes.

    A refund that bounces is still to be paid: it goes back with the rest.
    """
    if loan["state"] != "cancelled" or row["payment_id"] in stopped(unit.connection, loan["loan_id"]):
        detail = f"the payment {request.provider_reference} was returned already."
        return Refusal(status=409, rule="payment_returned_already", detail=detail)
    told = {"provider_reference": request.provider_reference, "amount_fen": row["amount_fen"]}
    unit.event(STOPPED, loan["loan_id"], payment_id=row["payment_id"], reason=request.reason, **told)
    if row["amount_fen"] > 0:
        unit.tell(PROVIDER, STOPPED, loan["loan_id"], borrower_id=loan["borrower_id"], **told)
    else:
        paid = {"amount_fen": -row["amount_fen"], "payments": [told]}
        unit.tell(PROVIDER, "give_back", loan["loan_id"], borrower_id=loan["borrower_id"], **paid)
    unit.flush()
    return Returned(loan_id=loan["loan_id"], state=loan["state"], outstanding_fen=0)


def give_back(terms: PlatformTerms, unit: Unit, asked: Sequence[tuple[Caller, Returning]]) -> list[Returned | Refusal]:
    """A payment, a recovery or a refund bounced: the loan stands as if it had not been made."""
    references = [request.provider_reference for _, request in asked]
    known = unit.read(PAYMENT, references, by="provider_reference")
    lines, loans = unit.lock_both(LINE, LOAN, "line_id", (row["loan_id"] for row in known.values()))
    found = unit.lock(PAYMENT, references, by="provider_reference")
    payments = payments_of(unit.connection, loans)
    answers: list[Returned | Refusal] = []
    for _, request in asked:
        row = found.get(request.provider_reference)
        if row is None:
            detail = f"there is no payment with reference {request.provider_reference}."
            answers.append(Refusal(status=404, rule="no_such_payment", detail=detail))
            continue
        if row["reversed"]:
            answers.append(_returned_before(unit, loans[row["loan_id"]], row, request))
            continue
        take_back(unit, row, request.reason)
        loan = loans[row["loan_id"]]
        for other in payments[loan["loan_id"]]:
            if other["payment_id"] == row["payment_id"]:
                other["reversed"] = True
        account = settle(terms, unit, loan, lines[loan["line_id"]], payments[loan["loan_id"]])
        answers.append(Returned(loan_id=loan["loan_id"], state=loan["state"], outstanding_fen=account.total(Total.OUTSTANDING)))
    return answers
