"""The verbs and the read of cash: statements taken, suspense resolved, and how an account stands."""

import datetime as dt
from collections.abc import Mapping
from functools import partial

from loanbook import units
from loanbook.errors import RequestError
from loanbook.services.caller import Caller, Refusal
from loanbook.services.cash_requests import SHOWN, Booking, Item, Resolved, Resolving, StatementGiven, StatementTaken
from loanbook.services.desk import Verb
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.read import Read
from loanbook.services.reopening import Reopened, Reopening, reopen_suspense
from loanbook.services.requests import Given
from loanbook.services.statement_taking import booking_view, item_view, resolve_suspense, take_statements
from loanbook.stores.online.cash import cash_sums, last_statement, suspense_page, unreported_sums
from loanbook.stores.online.unit import Unit
from loanbook.terms.cash_account import account_in_force

STATEMENT_BYTES = 32 * 1024 * 1024
CASH = frozenset({"operator", "finance"})
"""Who may say what money was for."""


class CashView(Given, kw_only=True):
    """How an account stands: its cash since the first statement is what was reported of our bookings, and suspense."""

    account: str
    statements_until: dt.date | None
    opening_fen: int
    closing_fen: int
    reported_fen: int
    suspense_fen: int
    suspense_items: int
    items: tuple[Item, ...]
    next: str | None
    """Ask with after=NEXT for more items; null when these were the last."""
    unreported: int
    unreported_fen: int
    unreported_bookings: tuple[Booking, ...]


def cash_verbs(terms: PlatformTerms) -> tuple[Verb, ...]:
    """What is done with statements."""
    return (
        Verb(
            name="take_statement",
            text="Reconcile a statement of a payment provider or bank",
            request=StatementGiven,
            answer=StatementTaken,
            roles=CASH,
            run=partial(take_statements, terms),
            body_most=STATEMENT_BYTES,
        ),
        Verb(
            name="resolve_suspense",
            text="Book money in suspense as a loan's repayment",
            request=Resolving,
            answer=Resolved,
            roles=CASH,
            run=partial(resolve_suspense, terms),
        ),
        Verb(
            name="reopen_suspense",
            text="Take a wrong resolution back: the repayment is undone, its money in suspense again",
            request=Reopening,
            answer=Reopened,
            roles=CASH,
            run=partial(reopen_suspense, terms),
        ),
    )


def cash_read(terms: PlatformTerms) -> Read:
    """How a cash account stands."""
    return Read(
        name="cash",
        text="A cash account: its balance, what is in suspense, and what no statement has reported",
        by="account",
        answer=CashView,
        roles=CASH | {"auditor"},
        find=partial(_cash, terms),
        options={"after": "show the items of suspense after this one"},
    )


def _cash(terms: PlatformTerms, unit: Unit, _: Caller, id_: str, options: Mapping[str, str]) -> CashView | Refusal:
    try:
        account = account_in_force(terms.cash_accounts, id_, units.day(unit.today))
    except RequestError as error:
        return Refusal(status=404, rule="no_such_account", detail=str(error))
    last = last_statement(unit.connection, id_)
    if last is None:
        return CashView(
            account=id_,
            statements_until=None,
            opening_fen=0,
            closing_fen=0,
            reported_fen=0,
            suspense_fen=0,
            suspense_items=0,
            items=(),
            next=None,
            unreported=0,
            unreported_fen=0,
            unreported_bookings=(),
        )
    sums = next(row for row in cash_sums(unit.connection) if row["account"] == id_)
    page = suspense_page(unit.connection, id_, options.get("after", ""), SHOWN + 1)
    kinds = [str(kind) for kind in account.carries]
    count, fen, waiting = unreported_sums(unit.connection, kinds, last["begins_on"], last["ends_on"], SHOWN)
    return CashView(
        account=id_,
        statements_until=last["ends_on"],
        opening_fen=sums["opening_fen"],
        closing_fen=sums["closing_fen"],
        reported_fen=sums["reported_fen"],
        suspense_fen=sums["suspense_fen"],
        suspense_items=sums["items"],
        items=tuple(item_view(row) for row in page[:SHOWN]),
        next=page[SHOWN - 1]["item_id"] if len(page) > SHOWN else None,
        unreported=count,
        unreported_fen=fen,
        unreported_bookings=tuple(booking_view(row) for row in waiting),
    )
