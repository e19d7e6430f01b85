"""Shapes of what collectors ask: contacts, promises, loans handed to agencies and taken back."""

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta

from loanbook.services.requests import Asked, Given, Id, Money, Name


class Contacting(Asked, kw_only=True):
    """A collector contacts a borrower now, or works on the loan without it. Refused: it must not be done."""

    loan_id: Id
    action: Name
    """As the collection terms name it: text_message, call, letter, ..."""
    outcome: Literal["reached", "not_reached", "wrong_person", "refused_to_pay", "promised", "done"]
    made_by: Literal["us", "agency"] = "us"


class Contacted(Given, kw_only=True):
    """What was done, what it cost, and how many contacts the limits leave."""

    contact_id: str
    stage: str
    cost_fen: int
    left_today: int
    left_this_week: int


class Promising(Asked, kw_only=True):
    """A borrower promises to pay what is overdue, or a part of it, by a day."""

    loan_id: Id
    amount_fen: Money
    due_on: dt.date


class Promised(Given, kw_only=True):
    """The promise; collectors leave the loan alone until the day close finds it kept or broken."""

    promise_id: str
    loan_id: str
    amount_fen: int
    due_on: dt.date
    broken_after: dt.date


class HandingOver(Asked, kw_only=True):
    """Hand a loan that is past due to an agency of the collection terms, from tomorrow on."""

    loan_id: Id
    agency: Name


class HandedOver(Given, kw_only=True):
    """The agency has the loan; commission is of what is recovered meanwhile."""

    placement_id: str
    loan_id: str
    agency: str
    commission: str
    keeps_until: dt.date


class Recalling(Asked, kw_only=True):
    """Take a loan back from its agency; the day close hands it to none again."""

    loan_id: Id
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class Recalled(Given, kw_only=True):
    """The loan is with our own collectors."""

    placement_id: str
    loan_id: str
    agency: str
