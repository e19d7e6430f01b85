"""Loans that a partner confirmed and nobody paid out: cancelled by an operator, or by the sweep once their days are over.

Nothing was lent, so the line, the quotas and with them the guarantor's room are free again, and nothing is told to books. The
days are the mandate's (`decision.pay_out_within_days`), counted from the drawdown: what the borrower was quoted holds no longer.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Annotated

from msgspec import Meta

from loanbook.errors import StateError
from loanbook.services.caller import Caller, Refusal
from loanbook.services.drawing import scopes_of
from loanbook.services.parties import PROVIDER
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.requests import Asked, Given, Id
from loanbook.stores.online.lookups import confirmed_reservations
from loanbook.stores.online.quotas import give_back_quotas, lock_quotas
from loanbook.stores.online.schema import LINE, LOAN, RESERVATION
from loanbook.stores.online.unit import Row, Unit
from loanbook.terms.mandate import PAY_OUT_DAYS


class CancellingLoan(Asked, kw_only=True):
    """A confirmed loan will not be paid out: the account is closed, the provider refuses for good, the borrower withdrew."""

    loan_id: Id
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class LoanCancelled(Given, kw_only=True):
    """The loan is over; nothing was lent, and line and quotas are free again."""

    loan_id: str
    state: str
    freed_fen: int


def payable_until(terms: PlatformTerms, loan: Row) -> dt.date:
    """The last day on which a confirmed loan may be paid out; by the default where its mandate is not among the terms."""
    try:
        days = terms.mandate_by_hash(loan["mandate_hash"]).answering.pay_out_within_days
    except StateError:
        days = PAY_OUT_DAYS
    last: dt.date = loan["drawn_on"] + dt.timedelta(days=days)
    return last


def too_late(terms: PlatformTerms, loan: Row, disbursed_on: dt.date) -> Refusal | None:
    """Why a confirmed loan cannot be paid out on a day any more; None while it can."""
    last = payable_until(terms, loan)
    if disbursed_on <= last:
        return None
    detail = f"loan {loan['loan_id']} was drawn on {loan['drawn_on']} and could be paid out until {last}, not on {disbursed_on}. "
    detail += "Let the borrower draw again; money that went out is to be claimed back."
    return Refusal(status=409, rule="confirmation_expired", detail=detail, figures={"payable_until": last.isoformat()})


def cancel_loan(
    terms: PlatformTerms, unit: Unit, asked: Sequence[tuple[Caller, CancellingLoan]]
) -> list[LoanCancelled | Refusal]:
    """Cancel confirmed loans that were not paid out."""
    lines, loans = unit.lock_both(LINE, LOAN, "line_id", (request.loan_id for _, request in asked))
    answers: list[LoanCancelled | Refusal] = []
    over: list[Row] = []
    for _, request in asked:
        loan = loans.get(request.loan_id)
        if loan is None:
            detail = f"there is no loan {request.loan_id}."
            answers.append(Refusal(status=404, rule="no_such_loan", detail=detail))
        elif loan["state"] != "confirmed":
            detail = f"loan {request.loan_id} is {loan['state']}; only a confirmed loan that was not paid out can be cancelled."
            answers.append(Refusal(status=409, rule="loan_not_confirmed", detail=detail, figures={"state": loan["state"]}))
        else:
            _end(unit, loan, lines[loan["line_id"]], "confirmation_cancelled", request.reason)
            over.append(loan)
            answers.append(LoanCancelled(loan_id=loan["loan_id"], state=loan["state"], freed_fen=loan["principal_fen"]))
    free_quotas(terms, unit, over, lines)
    return answers


def let_lapse(terms: PlatformTerms, unit: Unit, ids: Iterable[str]) -> int:
    """End the confirmed loans among some whose last day for being paid out is over; returns how many."""
    lines, loans = unit.lock_both(LINE, LOAN, "line_id", ids)
    over = [loan for loan in loans.values() if loan["state"] == "confirmed" and payable_until(terms, loan) < unit.today]
    for loan in over:
        reason = f"not paid out until {payable_until(terms, loan)}"
        _end(unit, loan, lines[loan["line_id"]], "confirmation_expired", reason)
    free_quotas(terms, unit, over, lines)
    unit.flush()
    return len(over)


def _end(unit: Unit, loan: Row, line: Row, kind: str, reason: str) -> None:
    loan_id, principal = loan["loan_id"], loan["principal_fen"]
    unit.update(LINE, line, used_fen=line["used_fen"] - principal)
    unit.update(LOAN, loan, state="cancelled", principal_repaid_fen=principal, closed_on=unit.today)
    told = {"mandate": loan["mandate"], "principal_fen": principal, "reason": reason}
    unit.event(kind, loan_id, partner=loan["partner"], **told)
    unit.tell(loan["partner"], kind, loan_id, **told)
    unit.tell(PROVIDER, "do_not_pay_out", loan_id, principal_fen=principal, reason=reason)


def free_quotas(terms: PlatformTerms, unit: Unit, loans: Sequence[Row], lines: dict[str, Row]) -> None:
    """Give back what loans took of their mandates' quotas, as if they had not been; they are locked with their lines.

    The quota of a day that is over and was removed stays so.
    """
    if not loans:
        return
    reservations = confirmed_reservations(unit.connection, [loan["loan_id"] for loan in loans])
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for loan in loans:
        reservation = reservations.get(loan["loan_id"])
        if reservation is None:
            continue
        unit.update(RESERVATION, reservation, state="released")
        for scope in _scopes(terms, loan, lines[loan["line_id"]], reservation["day"]):
            sums[reservation["mandate"], scope] += reservation["amount_fen"]
    lock_quotas(unit.connection, [mandate for mandate, _ in sums])
    give_back_quotas(unit.connection, sums)


def _scopes(terms: PlatformTerms, loan: Row, line: Row, day: dt.date) -> list[str]:
    try:
        return scopes_of(terms.mandate_by_hash(loan["mandate_hash"]), line, day)
    except StateError:
        # Its terms are not there to say which it has: all that there may be, of which those that are there are given back.
        return ["total", f"day:{day.isoformat()}", f"province:{line['province']}", f"grade:{line['grade']}"]
