"""What a payment would do, on any day: the kernel that books it runs, and nothing is kept."""

import datetime as dt
from collections.abc import Mapping
from functools import partial

import numpy as np

from loanbook import units
from loanbook.loans.account import account_of, fact_rows
from loanbook.loans.facts import Fact, FactKind, Piece, Row, Total
from loanbook.services.caller import Caller, Refusal
from loanbook.services.paying import (
    TAKES_MONEY,
    account_parts,
    claim_left,
    is_recovery,
    more_than_owed,
    payoff_fen,
    settling,
    short_payoff,
    state_after,
)
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.read import STAFF, Read, is_own, none_such
from loanbook.services.requests import MONEY_MOST, Given
from loanbook.stores.online.lookups import payments_of
from loanbook.stores.online.schema import LOAN
from loanbook.stores.online.unit import Row as Stored
from loanbook.stores.online.unit import Unit
from loanbook.units import NEVER

YEARS_MOST = 100
"""How far ahead a payment may be thought of."""


class PieceView(Given, kw_only=True):
    """What of a payment would go where; after a charge-off it is recovered and pays no instalment."""

    due_on: dt.date | None
    principal_fen: int
    interest_fen: int
    fee_fen: int
    penalty_fen: int
    recovered_fen: int


class PaymentPreview(Given, kw_only=True):
    """What booking a payment of a day would do; `repay` with the same amount, day and purpose answers the same.

    A payment of a day that lies ahead is thought of as if nothing else came until then.
    """

    loan_id: str
    on: dt.date
    amount_fen: int
    pieces: tuple[PieceView, ...]
    state: str
    outstanding_fen: int
    unapplied_fen: int
    recovered_fen: int
    payoff_fen: int
    """What settles the loan on that day, before this payment."""
    closes: bool
    """Whether nothing is owed after it."""
    remaining_fen: int
    """What settles the loan after it, on that day or, where it has passed, today."""
    note: str
    """That a payoff of this amount does not settle the loan."""


def payment_preview(terms: PlatformTerms) -> Read:
    """The read of this matter."""
    return Read(
        name="payment_preview",
        text="What a payment would do: partial, early, late, over, or a payoff",
        by="loan_id",
        answer=PaymentPreview,
        roles=STAFF | {"borrower_app"},
        find=partial(_find, terms),
        options={
            "amount_fen": "minor units; empty with payoff: whatever is owed",
            "payoff": "true settles the loan",
            "on": "the day of the payment, e.g. 2026-12-24; empty: today",
        },
    )


def _find(terms: PlatformTerms, unit: Unit, caller: Caller, id_: str, options: Mapping[str, str]) -> PaymentPreview | Refusal:
    loan = unit.read(LOAN, [id_]).get(id_)
    if loan is None or not is_own(caller, loan):
        return none_such("loan", id_)
    if loan["state"] not in TAKES_MONEY:
        detail = f"loan {id_} is {loan['state']}; it takes no payments."
        return Refusal(status=409, rule="loan_not_running", detail=detail, figures={"state": loan["state"]})
    on = _day(options.get("on", ""), loan, unit.today)
    if isinstance(on, Refusal):
        return on
    payoff = options.get("payoff", "") == "true"
    amount_fen = _amount(options.get("amount_fen", ""), can_be_empty=payoff)
    if isinstance(amount_fen, Refusal):
        return amount_fen
    payments = payments_of(unit.connection, [id_])[id_]
    if loan["state"] == "charged_off":
        amount_fen = amount_fen or max(claim_left(terms, loan, payments, on, unit.today), 1)
        refusal = more_than_owed(terms, loan, payments, on, unit.today, amount_fen)
        if refusal is not None:
            return refusal
    elif payoff and not amount_fen and loan["state"] == "disbursed":
        amount_fen = payoff_fen(terms, loan, payments, on, unit.today)
    return _previewed(terms, loan, payments, on=on, today=unit.today, amount_fen=amount_fen, payoff=payoff)


def _settles(terms: PlatformTerms, loan: Stored, payments: list[Stored], on: dt.date, today: dt.date) -> int:
    find = claim_left if loan["state"] == "charged_off" else payoff_fen
    return find(terms, loan, payments, on, today)


def _day(text: str, loan: Stored, today: dt.date) -> dt.date | Refusal:
    first, last = loan["disbursed_on"], today.replace(day=1, year=today.year + YEARS_MOST)
    try:
        on = dt.date.fromisoformat(text) if text else today
    except ValueError:
        on = dt.date.min
    if first <= on <= last:
        return on
    detail = f"on must be a day from {first} (disbursed) to {last}, written as {today}; got {text!r}."
    return Refusal(status=422, rule="day_out_of_order", detail=detail)


def _amount(text: str, *, can_be_empty: bool) -> int | Refusal:
    if can_be_empty and not text:
        return 0
    plain = text.isascii() and text.isdigit() and len(text) <= len(str(MONEY_MOST))
    if plain and 0 < int(text) <= MONEY_MOST:
        return int(text)
    detail = "amount_fen must be a whole number of minor units above 0, "
    detail += f"at most {MONEY_MOST}; only all that a loan owes need not be said (payoff=true)."
    return Refusal(status=422, rule="amount_not_understood", detail=detail)


def _previewed(
    terms: PlatformTerms, loan: Stored, payments: list[Stored], *, on: dt.date, today: dt.date, amount_fen: int, payoff: bool
) -> PaymentPreview:
    drawdown, facts = account_parts(terms, loan, payments)
    day, as_of = units.day(on), units.day(max(on, today))
    kind = FactKind.RECOVERY if is_recovery(loan, on) else FactKind.PAYOFF if payoff else FactKind.PAYMENT
    offered = np.vstack([facts, fact_rows([(kind, day, amount_fen)])])
    before = account_of(drawdown, facts, as_of=as_of, known_on=NEVER - 1)
    account = account_of(drawdown, offered, as_of=as_of, known_on=NEVER - 1)
    # The last one of its day and kind is the one that was offered, as the last one that is booked will be.
    place = int(np.flatnonzero((account.facts[:, Fact.ON] == day) & (account.facts[:, Fact.KIND] == kind))[-1])
    amount_fen = account.total(Total.RECEIVED) - before.total(Total.RECEIVED)
    purpose = "recovery" if is_recovery(loan, on) else "payoff" if payoff else "repayment"
    asked = "payoff" if payoff else "repayment"
    offered_row = {"purpose": purpose, "paid_on": on, "amount_fen": amount_fen, "reversed": False}
    remaining = settling(terms, loan, [*payments, offered_row], account, on=on, today=today)
    return PaymentPreview(
        loan_id=loan["loan_id"],
        on=on,
        amount_fen=amount_fen,
        pieces=tuple(
            PieceView(
                due_on=units.date(account.rows[each[Piece.ROW], Row.DUE_ON]) if each[Piece.ROW] >= 0 else None,
                principal_fen=int(each[Piece.PRINCIPAL]),
                interest_fen=int(each[Piece.INTEREST]),
                fee_fen=int(each[Piece.FEE]),
                penalty_fen=int(each[Piece.PENALTY]),
                recovered_fen=int(each[Piece.RECOVERED]),
            )
            for each in account.pieces[account.pieces[:, Piece.FACT] == place]
        ),
        state=state_after(loan, account),
        outstanding_fen=account.total(Total.OUTSTANDING),
        unapplied_fen=account.total(Total.UNAPPLIED),
        recovered_fen=account.total(Total.RECOVERED),
        payoff_fen=0 if loan["state"] == "repaid" else _settles(terms, loan, payments, on, today),
        closes=remaining == 0,
        remaining_fen=remaining,
        note=short_payoff(amount_fen, asked, remaining),
    )
