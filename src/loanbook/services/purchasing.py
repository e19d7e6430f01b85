"""Buying on a pay-later line, in one call, and the return of what was bought.

At a checkout the plans are shown first (`offers`), and buying is accepting one of them: so `buy` quotes, holds the quote against
what was shown, and draws down in one transaction. A returned purchase cancels its drawdown as if it had not been made.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from loanbook import units
from loanbook.services.caller import Caller, Refusal
from loanbook.services.cancelling import free_quotas
from loanbook.services.drawing import draw_down
from loanbook.services.parties import PROVIDER
from loanbook.services.paying import take_back
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.quoting import quote
from loanbook.services.requests import Asked, Count, DrawingDown, Drawn, Given, Id, Instalment, Money, Name, Quoted, Quoting
from loanbook.stores.online.lookups import payments_of
from loanbook.stores.online.purchases import hold_orders, taken_over
from loanbook.stores.online.schema import LINE, LOAN
from loanbook.stores.online.schema_purchases import PURCHASE
from loanbook.stores.online.unit import Row, Unit


class Buying(Asked, kw_only=True):
    """Buy at a merchant on a line: the plan that the checkout showed is accepted at once, or nothing is lent."""

    line_id: Id
    merchant: Name
    merchant_reference: Id
    """The merchant's number of the order; an order is bought once."""
    principal_fen: Money
    installment_count: Count
    total_fen: Money
    """What the checkout showed that all instalments and fees come to (`offers`); the borrower accepts that and no more."""
    product: Name = "pay_later"


class Bought(Given, kw_only=True):
    """The drawdown as it stands after matching, and what was accepted."""

    loan_id: str
    state: str
    partner: str | None
    attempt: int
    total_fen: int
    rate_annual: str
    all_in_nominal: str
    all_in_effective: str
    cap: str
    instalments: tuple[Instalment, ...]


class PurchaseReturning(Asked, kw_only=True):
    """The payment provider reports that a merchant took everything back and returned the price. A part of it is for `repay`."""

    loan_id: Id
    provider_reference: Id
    returned_on: dt.date
    reason: Annotated[str, Meta(max_length=200)] = ""


class PurchaseReturned(Given, kw_only=True):
    """The drawdown is cancelled: nothing of it is owed, and what was paid goes back to the borrower."""

    loan_id: str
    state: str
    given_back_fen: int


def total_of(quoted: Quoted) -> int:
    """What all instalments and fees of a quote come to."""
    rows = sum(each.principal_fen + each.interest_fen + each.fee_fen for each in quoted.instalments)
    return rows + quoted.fees_once_fen


def buy(terms: PlatformTerms, unit: Unit, asked: Sequence[tuple[Caller, Buying]]) -> list[Bought | Refusal]:
    """Quote and draw down purchases; one that would cost more than was shown, or is bought already, is refused."""
    known = hold_orders(unit.connection, ((request.merchant, request.merchant_reference) for _, request in asked))
    answers: list[Bought | Refusal | None] = [None] * len(asked)
    places = []
    for place, (_, request) in enumerate(asked):
        order = request.merchant, request.merchant_reference
        if order in known:
            detail = f"order {request.merchant_reference} of {request.merchant} is bought already."
            answers[place] = Refusal(status=409, rule="order_bought_already", detail=detail)
        else:
            known.add(order)
            places.append(place)
    wanted = [
        Quoting(
            line_id=request.line_id,
            product=request.product,
            principal_fen=request.principal_fen,
            installment_count=request.installment_count,
        )
        for _, request in (asked[place] for place in places)
    ]
    unit.lock(LINE, (each.line_id for each in wanted))
    quotes: dict[int, Quoted] = {}
    for place, quoted in zip(
        places, quote(terms, unit, [(asked[place][0], each) for place, each in zip(places, wanted, strict=True)]), strict=True
    ):
        refusal = quoted if isinstance(quoted, Refusal) else _dearer(quoted, asked[place][1])
        if refusal is not None:
            answers[place] = refusal
        elif isinstance(quoted, Quoted):
            quotes[place] = quoted
    unit.flush()
    drawn = draw_down(terms, unit, [(asked[place][0], DrawingDown(quote_id=found.quote_id)) for place, found in quotes.items()])
    for (place, quoted), loan in zip(quotes.items(), drawn, strict=True):
        answers[place] = loan if isinstance(loan, Refusal) else _bought(unit, asked[place][1], quoted, loan)
    return [answer for answer in answers if answer is not None]


def _dearer(quoted: Quoted, request: Buying) -> Refusal | None:
    total = total_of(quoted)
    if total <= request.total_fen:
        return None
    detail = f"it would cost {units.format_money(total)} in all, and {units.format_money(request.total_fen)} was shown. "
    detail += "Show the plans again (offers) and buy what is chosen."
    return Refusal(
        status=409, rule="dearer_than_shown", detail=detail, figures={"total_fen": total, "shown_fen": request.total_fen}
    )


def _bought(unit: Unit, request: Buying, quoted: Quoted, loan: Drawn) -> Bought:
    unit.insert(PURCHASE, loan_id=loan.loan_id, merchant=request.merchant, merchant_reference=request.merchant_reference)
    told = {"merchant": request.merchant, "merchant_reference": request.merchant_reference}
    unit.event("purchase_made", loan.loan_id, **told)
    unit.tell(PROVIDER, "payee", loan.loan_id, **told, principal_fen=request.principal_fen)
    return Bought(
        loan_id=loan.loan_id,
        state=loan.state,
        partner=loan.partner,
        attempt=loan.attempt,
        total_fen=total_of(quoted),
        rate_annual=quoted.rate_annual,
        all_in_nominal=quoted.all_in_nominal,
        all_in_effective=quoted.all_in_effective,
        cap=quoted.cap,
        instalments=quoted.instalments,
    )


def return_purchase(
    terms: PlatformTerms, unit: Unit, asked: Sequence[tuple[Caller, PurchaseReturning]]
) -> list[PurchaseReturned | Refusal]:
    """Cancel the drawdowns of returned purchases: payments are taken back, line and quotas are free, the others are told."""
    lines, loans = unit.lock_both(LINE, LOAN, "line_id", (request.loan_id for _, request in asked))
    purchases = unit.lock(PURCHASE, loans)
    references = set(unit.read(PURCHASE, (request.provider_reference for _, request in asked), by="return_reference"))
    moved = taken_over(unit.connection, list(loans))
    payments = payments_of(unit.connection, loans)
    answers: list[PurchaseReturned | Refusal] = []
    over: list[Row] = []
    for _, request in asked:
        loan, purchase = loans.get(request.loan_id), purchases.get(request.loan_id)
        refusal = _cannot_return(unit, loan, purchase, request, references, moved) or _owes_a_refund(payments[request.loan_id])
        if loan is None or purchase is None or refusal is not None:
            answers.append(refusal or _no_purchase(request.loan_id))
            continue
        references.add(request.provider_reference)
        unit.update(PURCHASE, purchase, returned_on=request.returned_on, return_reference=request.provider_reference)
        answers.append(_cancel(unit, loan, lines[loan["line_id"]], payments[loan["loan_id"]], request))
        over.append(loan)
    free_quotas(terms, unit, over, lines)
    return answers


def _no_purchase(loan_id: str) -> Refusal:
    return Refusal(status=404, rule="no_such_purchase", detail=f"there is no drawdown {loan_id} that bought something.")


def _cannot_return(
    unit: Unit, loan: Row | None, purchase: Row | None, request: PurchaseReturning, references: set[str], moved: set[str]
) -> Refusal | None:
    if loan is None or purchase is None:
        return _no_purchase(request.loan_id)
    if purchase["returned_on"] is not None:
        detail = f"the purchase of {request.loan_id} was returned on {purchase['returned_on']} already."
        return Refusal(status=409, rule="purchase_returned_already", detail=detail)
    if request.provider_reference in references:
        detail = f"reference {request.provider_reference} is booked already. A provider's reference is booked once."
        return Refusal(status=409, rule="payment_booked_already", detail=detail)
    if loan["state"] not in ("disbursed", "repaid"):
        detail = f"loan {request.loan_id} is {loan['state']}; a purchase is returned once it was paid out and not written off."
        return Refusal(status=409, rule="loan_not_running", detail=detail, figures={"state": loan["state"]})
    if request.loan_id in moved:
        detail = f"the claim of loan {request.loan_id} was taken over from its lender; two persons settle its refund (propose)."
        return Refusal(status=409, rule="claim_taken_over", detail=detail)
    if not loan["disbursed_on"] <= request.returned_on <= unit.today:
        detail = f"returned_on {request.returned_on} lies outside {loan['disbursed_on']} (paid out) to {unit.today} (today)."
        return Refusal(status=422, rule="day_out_of_order", detail=detail)
    return None


def _owes_a_refund(payments: Sequence[Row]) -> Refusal | None:
    paid_in = sum(row["amount_fen"] for row in payments if not row["reversed"])
    if paid_in >= 0:
        return None
    detail = f"a payment bounced after it was refunded, so the borrower has {units.format_money(-paid_in)} too much. "
    detail += "Let it be repaid (repay), then return the purchase."
    return Refusal(status=409, rule="refund_not_paid_back", detail=detail, figures={"owed_fen": -paid_in})


def _cancel(unit: Unit, loan: Row, line: Row, payments: Sequence[Row], request: PurchaseReturning) -> PurchaseReturned:
    loan_id, principal = loan["loan_id"], loan["principal_fen"]
    standing = [row for row in payments if not row["reversed"]]
    for row in standing:
        take_back(unit, row, "purchase returned")
    unit.update(LINE, line, used_fen=line["used_fen"] - (principal - loan["principal_repaid_fen"]))
    unit.update(LOAN, loan, state="cancelled", principal_repaid_fen=principal, closed_on=request.returned_on)
    told = {"principal_fen": principal, "provider_reference": request.provider_reference}
    reason = request.reason or "purchase returned"
    unit.event("loan_cancelled", loan_id, happened_on=request.returned_on, partner=loan["partner"], reason=reason, **told)
    unit.tell(loan["partner"], "loan_cancelled", loan_id, mandate=loan["mandate"], **told)
    given_back = sum(row["amount_fen"] for row in standing)
    if given_back:
        # Each by its reference, so that one which bounces after all is found.
        paid = [{"provider_reference": row["provider_reference"], "amount_fen": row["amount_fen"]} for row in standing]
        unit.tell(PROVIDER, "give_back", loan_id, borrower_id=loan["borrower_id"], amount_fen=given_back, payments=paid)
    return PurchaseReturned(loan_id=loan_id, state="cancelled", given_back_fen=given_back)
