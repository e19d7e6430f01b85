"""Facts of the online store for a book: complete transactions after a place, in the order they were written."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from loanbook.stores.online.unit import Connection, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The last event that was told; events of running transactions lie after every place.

    Transactions of a server that the store was brought over from are below zero (`dump`), so the first place lies before those.
    """

    transaction: int = -(1 << 63)
    number: int = 0


def told_place(connection: Connection, book: str) -> Place:
    """Up to where a book was told."""
    row = connection.execute("SELECT transaction, number FROM forwarded WHERE book = %s", (book,)).fetchone()
    return Place(transaction=row["transaction"], number=row["number"]) if row else Place()


def facts_after(connection: Connection, place: Place, kinds: Sequence[str], most: int) -> list[Row]:
    """Events of some kinds after a place, at most so many; none of a transaction that may still write.

    An event's number is given when it is written and seen when its transaction commits, so numbers alone would pass over what a
    slow transaction wrote early.
    """
    query = (
        "SELECT * FROM event WHERE (transaction, number) > (%s, %s) AND kind = ANY(%s) "
        "AND transaction < (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint ORDER BY transaction, number LIMIT %s"
    )
    return connection.execute(query, (place.transaction, place.number, list(kinds), most)).fetchall()


def keep_place(connection: Connection, book: str, place: Place, now: dt.datetime) -> None:
    """Remember that a book was told up to a place."""
    connection.execute(
        "INSERT INTO forwarded (book, transaction, number, forwarded_at) VALUES (%s, %s, %s, %s) ON CONFLICT (book) DO UPDATE "
        "SET transaction = EXCLUDED.transaction, number = EXCLUDED.number, forwarded_at = EXCLUDED.forwarded_at",
        (book, place.transaction, place.number, now),
    )


def mandate_texts(connection: Connection, loan_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Hash and text of the mandate of each loan that has one, as it was archived, by loan_id."""
    query = "SELECT l.loan_id, t.hash, t.content FROM loan l JOIN terms t ON t.hash = l.mandate_hash WHERE l.loan_id = ANY(%s)"
    return {row["loan_id"]: (row["hash"], row["content"]) for row in connection.execute(query, (sorted(set(loan_ids)),))}


def terms_texts(connection: Connection, hashes: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Code and text of archived terms by hash."""
    query = "SELECT hash, code, content FROM terms WHERE hash = ANY(%s)"
    return {row["hash"]: (row["code"], row["content"]) for row in connection.execute(query, (sorted(set(hashes)),))}
