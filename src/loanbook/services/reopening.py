"""A wrong resolution of suspense taken back: the payment that it booked is undone, and its money is in suspense again.

The statement reported that payment, and now its return as well, so that neither is looked for in a later one. The payment gives
the provider's reference free, under which the money can be booked for the right loan, by hand or by the provider's own word.
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from loanbook.loans.facts import Total
from loanbook.services.caller import Caller, Refusal
from loanbook.services.paying import TAKES_MONEY, online_account, settle, take_back
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.requests import Asked, Given, Id
from loanbook.services.suspense import report
from loanbook.stores.online.cash import lock_accounts, resolutions
from loanbook.stores.online.lookups import payments_of
from loanbook.stores.online.schema import LINE, LOAN, PAYMENT
from loanbook.stores.online.schema_cash import SUSPENSE
from loanbook.stores.online.unit import Row, Unit

_PAYMENT = "payment "
"""How `released_by` names a payment."""


class Reopening(Asked, kw_only=True):
    """Money in suspense was booked for a loan that it was not for: take the repayment back."""

    item_id: Id
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class Reopened(Given, kw_only=True):
    """The item is in suspense again, and the loan owes what it owed without the payment."""

    item_id: str
    amount_fen: int
    payment_id: str
    loan_id: str
    state: str
    outstanding_fen: int


def reopen_suspense(terms: PlatformTerms, unit: Unit, asked: Sequence[tuple[Caller, Reopening]]) -> list[Reopened | Refusal]:
    """Take resolutions back; what left suspense by another way than a resolution stays where it is."""
    ids = [request.item_id for _, request in asked]
    lock_accounts(unit.connection, sorted({row["account"] for row in unit.read(SUSPENSE, ids).values()}))
    items = unit.lock(SUSPENSE, ids)
    resolved = [_payment_of(row) for row in items.values()]
    known = unit.read(PAYMENT, [each for each in resolved if each])
    lines, loans = unit.lock_both(LINE, LOAN, "line_id", (row["loan_id"] for row in known.values()))
    held = unit.lock(PAYMENT, known)
    booked = resolutions(unit.connection, items)
    payments = payments_of(unit.connection, loans)
    answers: list[Reopened | Refusal] = []
    for _, request in asked:
        item = items.get(request.item_id)
        payment = held.get(_payment_of(item) or "") if item else None
        refusal = _not_resolved(request, item, payment, booked)
        if refusal is not None or item is None or payment is None:
            answers.append(refusal or _no_item(request.item_id))
            continue
        loan = loans[payment["loan_id"]]
        of_loan = payments[loan["loan_id"]]
        refusal = _moved_on(terms, unit, loan, payment, of_loan)
        if refusal is not None:
            answers.append(refusal)
            continue
        for row in of_loan:
            if row["payment_id"] == payment["payment_id"]:
                row["reversed"] = True
        _undo(unit, item, payment, loan, request.reason)
        account = settle(terms, unit, loan, lines[loan["line_id"]], of_loan)
        answers.append(
            Reopened(
                item_id=item["item_id"],
                amount_fen=item["amount_fen"],
                payment_id=payment["payment_id"],
                loan_id=loan["loan_id"],
                state=loan["state"],
                outstanding_fen=account.total(Total.OUTSTANDING),
            )
        )
    return answers


def _payment_of(item: Row) -> str | None:
    by: str = item["released_by"] or ""
    return by.removeprefix(_PAYMENT) if by.startswith(_PAYMENT) else None


def _no_item(item_id: str) -> Refusal:
    return Refusal(status=404, rule="no_such_item", detail=f"there is no item {item_id} in suspense.")


def _not_resolved(request: Reopening, item: Row | None, payment: Row | None, booked: set[tuple[str, str]]) -> Refusal | None:
    if item is None:
        return _no_item(request.item_id)
    if item["released_at"] is None:
        detail = f"item {request.item_id} is in suspense; there is nothing to take back."
        return Refusal(status=409, rule="item_open", detail=detail)
    if payment is None or (item["item_id"], payment["payment_id"]) not in booked:
        detail = (
            f"item {request.item_id} was explained by {item['released_by']}, which was booked on its own, not resolved by hand. "
        )
        detail += "What was booked wrongly is taken back itself (give_back)."
        return Refusal(status=409, rule="item_not_resolved", detail=detail, figures={"released_by": item["released_by"]})
    return None


def _moved_on(terms: PlatformTerms, unit: Unit, loan: Row, payment: Row, payments: Sequence[Row]) -> Refusal | None:
    """Why the money cannot come back from its loan any more."""
    if payment["reversed"] or loan["state"] not in TAKES_MONEY:
        detail = f"payment {payment['payment_id']} was taken back already: loan {loan['loan_id']} is {loan['state']}. "
        detail += "Where its money went from there is the provider's next statement to tell."
        return Refusal(status=409, rule="payment_returned_already", detail=detail, figures={"state": loan["state"]})
    rest = [row for row in payments if row["payment_id"] != payment["payment_id"]]
    unapplied = online_account(terms, loan, rest, unit.today).total(Total.UNAPPLIED)
    if unapplied < 0:
        detail = f"{-unapplied} fen of payment {payment['payment_id']} were paid back to the borrower of loan {loan['loan_id']}. "
        detail += "Take the refund back first (give_back), or let the borrower repay it."
        return Refusal(status=409, rule="money_moved_on", detail=detail, figures={"refunded_fen": -unapplied})
    return None


def _undo(unit: Unit, item: Row, payment: Row, loan: Row, reason: str) -> None:
    loan_id, payment_id, amount = loan["loan_id"], payment["payment_id"], payment["amount_fen"]
    # The payment's own id stands in for the reference: nobody outside can send one of that form.
    take_back(unit, payment, reason, provider_reference=payment_id)
    booking = {"kind": "return", "booking_id": payment_id, "amount_fen": -amount}
    report(unit, item["account"], item["statement_id"], item["line"], booking)
    unit.update(SUSPENSE, item, released_at=None, released_by=None)
    unit.event(
        "suspense_booked",
        item["item_id"],
        account=item["account"],
        statement_id=item["statement_id"],
        line=item["line"],
        reference=item["reference"],
        amount_fen=item["amount_fen"],
        why=item["why"],
        reopened=reason,
    )
    unit.tell(loan["partner"], "payment_taken_back", loan_id, payment_id=payment_id, amount_fen=amount, reason=reason)
