"""Messages for those outside: seen while they wait, and taken, each by one asker.

Taking is a verb: its answer, messages and all, is kept under its idempotency key. Whoever crashes before reading it asks again
with the same key and gets the same messages; two who ask at once get different ones.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta

from loanbook.services.caller import Caller, Refusal
from loanbook.services.page import Page, page_of
from loanbook.services.parties import recipient_of
from loanbook.services.requests import Asked, Given, Id
from loanbook.stores.online.outbox import take_messages, waiting_messages
from loanbook.stores.online.unit import Row, Unit


class Taking(Asked):
    """Take the oldest messages that wait."""

    most: Annotated[int, Meta(ge=1, le=100)] = 100
    recipient: Id | None = None
    """Whose; only an operator has to say."""


class Message(Given):
    """One message: what happened to which loan or mandate."""

    number: int
    topic: str
    subject: str
    content: dict[str, Any]
    recorded_at: dt.datetime


class Taken(Given):
    """The messages, which nobody else is given; `more` may wait."""

    recipient: str
    messages: tuple[Message, ...]
    more: bool


class Waiting(Given):
    """Messages that wait, oldest first; `next` is `after` of the next page."""

    recipient: str
    messages: tuple[Message, ...]
    next: str | None


def take_from_outbox(unit: Unit, asked: Sequence[tuple[Caller, Taking]]) -> list[Taken | Refusal]:
    """Take messages: each is given to one caller, once."""
    return [_take(unit, caller, request) for caller, request in asked]


def _take(unit: Unit, caller: Caller, request: Taking) -> Taken | Refusal:
    own = recipient_of(caller)
    recipient = own or request.recipient
    if recipient is None:
        return Refusal(status=422, rule="recipient_needed", detail="name the recipient whose messages are taken.")
    if request.recipient not in (None, recipient):
        return _not_own(request.recipient or "")
    rows = take_messages(unit.connection, recipient, request.most, unit.now)
    return Taken(recipient=recipient, messages=tuple(map(_message, rows)), more=len(rows) == request.most)


def waiting(unit: Unit, caller: Caller, id_: str, options: Mapping[str, str]) -> Waiting | Refusal:
    """The messages that wait for a recipient."""
    own = recipient_of(caller)
    if own is not None and own != id_:
        return _not_own(id_)
    page = page_of(options)
    if isinstance(page, Refusal):
        return page
    if page.after and not (page.after.isascii() and page.after.isdigit() and len(page.after) < 19):
        return Refusal(status=422, rule="page_not_understood", detail="after must be the number of a message.")
    rows = waiting_messages(unit.connection, id_, int(page.after or 0), page.most + 1)
    return Waiting(recipient=id_, messages=tuple(map(_message, rows[: page.most])), next=_next(rows, page))


def _next(rows: Sequence[Row], page: Page) -> str | None:
    return str(rows[page.most - 1]["number"]) if len(rows) > page.most else None


def _not_own(recipient: str) -> Refusal:
    return Refusal(status=404, rule="no_such_recipient", detail=f"there are no messages for {recipient}.")


def _message(row: Row) -> Message:
    return Message(**{name: row[name] for name in ("number", "topic", "subject", "content", "recorded_at")})
