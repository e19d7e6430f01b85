"""Shapes of cash: statements as they are given and as they stand, items of suspense."""

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta

from loanbook.services.requests import Asked, Given, Id, Name
from loanbook.units import MONEY_MAX

SHOWN = 100
"""Rows of each list in an answer; the counts are of all. `suspense` shows the others."""
CONTENT_MOST = 30_000_000
"""Characters of a statement: some 500,000 lines."""

Balance = Annotated[int, Meta(ge=-MONEY_MAX // 4, le=MONEY_MAX // 4, description="Minor units (fen); may be below 0.")]


class StatementGiven(Asked, kw_only=True):
    """A statement of a payment provider or bank, to be reconciled with what was booked. The same one again changes nothing."""

    account: Name
    """Whose statement; its terms name the columns."""
    number: Id
    """What the provider calls it; each is taken once."""
    starts_on: dt.date
    ends_on: dt.date
    opening_fen: Balance
    closing_fen: Balance
    content: Annotated[str, Meta(max_length=CONTENT_MOST)]
    """The file, CSV with a header. Money in is positive, money out negative, in decimals of the currency."""


class Fault(Given, kw_only=True):
    """A line that was set aside; its money is in suspense."""

    line: int
    column: str
    reason: str
    value: str
    amount_fen: int | None


class Difference(Given, kw_only=True):
    """One reference, two amounts."""

    reference: str
    reported_fen: int
    booked_fen: int


class Booking(Given, kw_only=True):
    """Something that we booked and no statement has reported."""

    kind: str
    booking_id: str
    reference: str
    on: dt.date
    amount_fen: int


class Item(Given, kw_only=True):
    """Money in suspense."""

    item_id: str
    reference: str
    booked_on: dt.date
    amount_fen: int
    why: str


class RefusedItem(Given, kw_only=True):
    """Money that the loan which the statement names does not take."""

    item_id: str
    rule: str
    detail: str


class StatementTaken(Given, kw_only=True):
    """How the statement stands. rows = accepted + quarantined; opening + accepted_fen + quarantined_fen = closing.

    taken_before   the same came before: what it came to then; nothing was changed
    """

    statement_id: str
    account: str
    number: str
    rows: int
    accepted: int
    accepted_fen: int
    quarantined: int
    quarantined_fen: int
    faults: tuple[Fault, ...]
    matched_by_reference: int
    matched_by_amount_and_day: int
    differing: int
    differences: tuple[Difference, ...]
    unknown: int
    unknown_items: tuple[Item, ...]
    released: int
    released_fen: int
    refused_items: tuple[RefusedItem, ...]
    unreported: int
    unreported_fen: int
    unreported_bookings: tuple[Booking, ...]
    suspense_items: int
    suspense_fen: int
    taken_before: bool = False


class Resolving(Asked, kw_only=True):
    """Money in suspense was for a loan: book it as its repayment."""

    item_id: Id
    loan_id: Id
    purpose: Literal["repayment", "payoff"] = "repayment"


class Resolved(Given, kw_only=True):
    """What the loan owes after it, and what is still in suspense."""

    item_id: str
    payment_id: str
    loan_id: str
    state: str
    outstanding_fen: int
    suspense_fen: int
