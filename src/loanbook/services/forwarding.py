"""Facts of the online store flow into a book, each once: what a crash left untold, or told without noting it, is told again.

The book knows its events by id, so an event told twice changes nothing; the place up to which it was told is noted after the
book's commit.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from loanbook.errors import StateError
from loanbook.events import BY_NAME
from loanbook.stores.book import Book
from loanbook.stores.event_rows import OWN_PART
from loanbook.stores.intake import append
from loanbook.stores.online.forwarding import Place, facts_after, keep_place, mandate_texts, terms_texts, told_place
from loanbook.stores.online.unit import Connection, Row
from loanbook.stores.schema import arrow_schema
from loanbook.terms.mandate import Component, Mandate
from loanbook.terms.mandate_file import parse_mandate

KINDS = (
    "loan_disbursed",
    "payment_received",
    "event_reversed",
    "loan_charged_off",
    "recovery_received",
    "refund_paid",
    "loan_cancelled",
)
"""What the online store tells a book. A compensation or buy-back changes who holds a claim and not what is owed, and late charges
are derived from terms: of those the book has no events.
"""
MOST = 200_000
"""Events told in one commit of the book."""
SOURCE = "online"
CURRENCY = "CNY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """events read from the store; new ones the book took, known ones it had."""

    events: int
    new: int
    known: int


def forward(connection: Connection, book: Book, now: dt.datetime) -> Forwarded:
    """Tell a book everything that happened since it was told last.

    raises   StateError when the book holds other content under an event's id, or refuses a row
    """
    events = new = known = 0
    while True:
        place = told_place(connection, book.name)
        rows = facts_after(connection, place, KINDS, MOST)
        connection.rollback()
        if not rows:
            return Forwarded(events=events, new=new, known=known)
        receipt = append(book, _tables(rows, _funders(connection, rows)), terms=_terms(connection, rows))
        connection.rollback()
        if sum(receipt.quarantined.values()):
            shown = ", ".join(f"{count} {kind}" for kind, count in receipt.quarantined.items() if count)
            raise StateError(f"the book refuses facts of the online store: {shown}; first: {receipt.findings[0].message}")
        keep_place(connection, book.name, Place(transaction=rows[-1]["transaction"], number=rows[-1]["number"]), now)
        connection.commit()
        events, new, known = (
            events + len(rows),
            new + sum(receipt.accepted.values()),
            known + sum(receipt.skipped.values()),
        )


def _terms(connection: Connection, rows: list[Row]) -> tuple[tuple[str, str], ...]:
    hashes = [row["content"]["terms_hash"] for row in rows if row["kind"] == "loan_disbursed"]
    found = tuple(terms_texts(connection, hashes).values())
    connection.rollback()
    return found


def _funders(connection: Connection, rows: list[Row]) -> dict[str, dict[str, str | int | None]]:
    """Vehicle, partner and our part of the loans that were paid out, by the version of the mandate that each was made under."""
    loans = [str(row["subject"]) for row in rows if row["kind"] == "loan_disbursed"]
    texts = mandate_texts(connection, loans)
    connection.rollback()
    read = {key: parse_mandate(text, f"mandate {key[:12]}") for key, text in dict(texts.values()).items()}
    funders = {key: _funder(each) for key, each in read.items()}
    none = dict.fromkeys(("vehicle", "partner", *OWN_PART))
    return {loan: funders[texts[loan][0]] if loan in texts else none for loan in loans}


def _funder(mandate: Mandate) -> dict[str, str | int | None]:
    found: dict[str, str | int | None] = {"vehicle": mandate.vehicle or None, "partner": mandate.outside_partner or None}
    shares = (mandate.consolidated_ppm(of) for of in (Component.PRINCIPAL, Component.INTEREST, Component.FEE))
    own = (*shares, mandate.coupon_annual) if mandate.is_joint else (None,) * len(OWN_PART)
    return found | dict(zip(OWN_PART, own, strict=True))


def _tables(rows: list[Row], funders: Mapping[str, dict[str, str | int | None]]) -> dict[str, pa.Table]:
    grouped: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        content = row["content"]
        common = {
            "loan_id": row["subject"],
            "happened_on": row["happened_on"],
            "recorded_at": row["recorded_at"],
            "source": f"{SOURCE} {row['number']}",
        }
        grouped[row["kind"]].append(common | _TELL[row["kind"]](row["subject"], content))
        if row["kind"] == "loan_disbursed":
            grouped[row["kind"]][-1] |= funders[row["subject"]]
    tables = {}
    for kind, found in grouped.items():
        schema = arrow_schema(BY_NAME[kind])
        named = pa.schema([field for field in schema if field.name in found[0]])
        tables[kind] = pa.Table.from_pylist(found, schema=named)
    return tables


def _loan(loan_id: str, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "event_id": f"{loan_id}-disbursed",
        "borrower_id": content["borrower_id"],
        "product": content["product"],
        "terms_hash": content["terms_hash"],
        "model": content["model"],
        "segment": content["segment"],
        "currency": CURRENCY,
        "principal_fen": content["principal_fen"],
        "rate_annual": content["rate_annual"],
        "installment_count": content["installment_count"],
    }


def _payment(_: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"event_id": content["payment_id"], "amount_fen": content["amount_fen"], "purpose": content["purpose"]}


def _reversal(_: str, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "event_id": f"{content['payment_id']}-returned",
        "reversed_event_id": content["payment_id"],
        "reason": content["reason"],
    }


def _charge_off(loan_id: str, content: dict[str, Any]) -> dict[str, Any]:
    # Without the principal: what is outstanding that day, so that a payment that bounces or comes to light later moves it.
    return {"event_id": f"{loan_id}-charged-off", "reason": content["reason"]}


def _recovery(_: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"event_id": content["payment_id"], "amount_fen": content["amount_fen"]}


def _cancellation(loan_id: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"event_id": f"{loan_id}-cancelled", "reason": content["reason"]}


_TELL = {
    "loan_disbursed": _loan,
    "payment_received": _payment,
    "event_reversed": _reversal,
    "loan_charged_off": _charge_off,
    "recovery_received": _recovery,
    "refund_paid": _recovery,
    "loan_cancelled": _cancellation,
}
