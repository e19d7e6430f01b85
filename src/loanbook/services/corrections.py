"""What two persons decide about a loan or the books: a write-off, a refund, a manual entry. `approvals` calls these.

A refund pays back at most what is unapplied now. A write-off writes off what is outstanding now; the claim lives on, and what
comes in later is a recovery. A manual entry is kept as an event for the books; nothing is posted here.
"""

import datetime as dt
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

from msgspec import Meta

from loanbook.loans.account import Account
from loanbook.loans.facts import Total
from loanbook.services.approvals import Executor, Order
from loanbook.services.caller import Refusal
from loanbook.services.parties import PROVIDER
from loanbook.services.paying import online_account, settle
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.read import none_such
from loanbook.services.requests import Asked, Money, Name
from loanbook.stores.online.day_book import taken_over_of
from loanbook.stores.online.lookups import payments_of
from loanbook.stores.online.schema import LINE, LOAN, PAYMENT
from loanbook.stores.online.unit import Row, Unit, new_id
from loanbook.terms.currency import unknown


class WriteOff(Asked, kw_only=True):
    """Write a running loan off before its terms would."""

    cause: Name
    """bankruptcy, fraud, death, settlement, ..."""


class Refund(Asked, kw_only=True):
    """Pay money back to a borrower that found nothing to pay."""

    amount_fen: Money


class ManualEntry(Asked, kw_only=True):
    """One balanced pair for the books of an entity, which is the proposal's subject."""

    book: Literal["CORE", "USGAAP", "IFRS", "MEMO"]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217 code, three capitals, e.g. CNY.")]
    happened_on: dt.date
    debit: Name
    credit: Name
    amount_fen: Money
    text: Name
    reversed_on: dt.date | None = None
    """The day on which the same pair is to be taken back."""


def write_off(terms: PlatformTerms) -> Executor:
    """A charge-off by decision."""

    def refuse(unit: Unit, order: Order) -> Refusal | None:
        loan = unit.read(LOAN, [order.subject]).get(order.subject)
        if loan is None:
            return none_such("loan", order.subject)
        if loan["state"] != "disbursed":
            detail = f"loan {order.subject} is {loan['state']}; only a running loan is written off."
            return Refusal(status=409, rule="loan_not_running", detail=detail, figures={"state": loan["state"]})
        guarantee = terms.mandate_by_hash(loan["mandate_hash"]).guarantee
        if guarantee is not None and not taken_over_of(unit.connection, [order.subject], "compensation"):
            detail = (
                f"{guarantee.guarantor} has not taken the claim of {order.subject} over yet, and does not after a write-off. "
            )
            detail += f"Write it off after that, at {guarantee.compensation_dpd} days past due."
            figures = {"compensation_dpd": guarantee.compensation_dpd}
            return Refusal(status=409, rule="claim_not_taken_over", detail=detail, source=loan["mandate"], figures=figures)
        return None

    def do(unit: Unit, order: Order) -> Mapping[str, Any]:
        loan = unit.read(LOAN, [order.subject])[order.subject]
        owed = _account(terms, unit, loan).total(Total.OUTSTANDING)
        unit.update(LOAN, loan, state="charged_off", closed_on=unit.today)
        unit.event(
            "loan_charged_off",
            order.subject,
            principal_fen=owed,
            reason=order.content.cause,
            proposal_id=order.proposal_id,
        )
        return {"loan_id": order.subject, "state": "charged_off", "principal_fen": owed}

    return Executor(shape=WriteOff, refuse=refuse, do=do, on_loan=True)


def refund(terms: PlatformTerms) -> Executor:
    """Money back to the borrower: booked and ordered from the payment provider in one transaction.

    When the provider cannot pay it, `give_back` with the proposal's id as reference takes it back.
    """
    return Executor(shape=Refund, refuse=partial(_refuse_refund, terms), do=partial(_refund, terms), on_loan=True)


def _refuse_refund(terms: PlatformTerms, unit: Unit, order: Order) -> Refusal | None:
    loan = unit.read(LOAN, [order.subject]).get(order.subject)
    if loan is None:
        return none_such("loan", order.subject)
    if loan["state"] not in ("disbursed", "repaid"):
        detail = f"loan {order.subject} is {loan['state']}; nothing of it is refunded."
        return Refusal(status=409, rule="nothing_to_refund", detail=detail, figures={"state": loan["state"]})
    unapplied = _account(terms, unit, loan).total(Total.UNAPPLIED)
    if order.content.amount_fen > unapplied:
        detail = f"{order.content.amount_fen} fen are to be refunded of loan {order.subject}, and {unapplied} are unapplied now. "
        detail += "Only money that found nothing to pay is refunded."
        figures = {"amount_fen": order.content.amount_fen, "unapplied_fen": unapplied}
        return Refusal(status=409, rule="more_than_unapplied", detail=detail, figures=figures)
    return None


def _refund(terms: PlatformTerms, unit: Unit, order: Order) -> Mapping[str, Any]:
    loan = unit.read(LOAN, [order.subject])[order.subject]
    line = unit.read(LINE, [loan["line_id"]])[loan["line_id"]]
    amount = order.content.amount_fen
    row = unit.insert(
        PAYMENT,
        payment_id=new_id("py"),
        loan_id=order.subject,
        provider_reference=order.proposal_id,
        amount_fen=-amount,
        paid_on=unit.today,
        purpose="refund",
        reversed=False,
    )
    named = {"amount_fen": amount, "payment_id": row["payment_id"], "provider_reference": order.proposal_id}
    unit.event("refund_paid", order.subject, **named)
    unit.tell(PROVIDER, "refund", order.subject, borrower_id=loan["borrower_id"], **named)
    payments = payments_of(unit.connection, [order.subject])[order.subject]
    account = settle(terms, unit, loan, line, [*payments, row])
    unapplied = account.total(Total.UNAPPLIED)
    return {"loan_id": order.subject, "payment_id": row["payment_id"], "refunded_fen": amount, "unapplied_fen": unapplied}


def manual_entry() -> Executor:
    """An entry that no event leads to."""

    def refuse(unit: Unit, order: Order) -> Refusal | None:
        entry = order.content
        wrong = ""
        if unknown(entry.currency):
            wrong = f"currency must be {unknown(entry.currency)}"
        elif entry.debit == entry.credit:
            wrong = f"debit and credit are both {entry.debit}. Name two accounts."
        elif entry.happened_on > unit.today:
            wrong = f"happened_on {entry.happened_on} lies after today ({unit.today}). An entry is of a day that has come."
        elif entry.reversed_on is not None and entry.reversed_on <= entry.happened_on:
            wrong = f"reversed_on {entry.reversed_on} is not after happened_on {entry.happened_on}."
        return Refusal(status=422, rule="entry_not_possible", detail=wrong) if wrong else None

    def do(unit: Unit, order: Order) -> Mapping[str, Any]:
        entry = order.content
        unit.event(
            "manual_entry_approved",
            order.subject,
            happened_on=entry.happened_on,
            proposal_id=order.proposal_id,
            book=entry.book,
            currency=entry.currency,
            debit=entry.debit,
            credit=entry.credit,
            amount_fen=entry.amount_fen,
            text=entry.text,
            reversed_on=entry.reversed_on,
        )
        return {"entity": order.subject, "amount_fen": entry.amount_fen}

    return Executor(shape=ManualEntry, refuse=refuse, do=do)


def _account(terms: PlatformTerms, unit: Unit, loan: Row) -> Account:
    payments = payments_of(unit.connection, [loan["loan_id"]])[loan["loan_id"]]
    return online_account(terms, loan, payments, unit.today)
