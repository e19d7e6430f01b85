"""What of the online store began before a day: to be counted, deleted, or erased by the vault."""

import datetime as dt
from dataclasses import dataclass

from loanbook.stores.online.unit import Connection

_BORROWERS = """
SELECT borrower_id, lent, running, began_on FROM (
    SELECT b.borrower_id,
           coalesce(l.lent, false) AS lent,
           coalesce(l.running, false) AS running,
           CASE WHEN l.lent THEN l.closed_on
                ELSE greatest((b.registered_at AT TIME ZONE 'UTC')::date, a.applied_on, c.expires_on, l.drawn_on) END AS began_on
    FROM borrower b
    JOIN identity i ON i.borrower_id = b.borrower_id AND i.erased_at IS NULL
    LEFT JOIN (SELECT borrower_id, bool_or(disbursed_on IS NOT NULL) AS lent,
                      bool_or(closed_on IS NULL) AS running,
                      max(coalesce(closed_on, drawn_on)) AS closed_on, max(drawn_on) AS drawn_on
               FROM loan GROUP BY borrower_id) l ON l.borrower_id = b.borrower_id
    LEFT JOIN (SELECT borrower_id, max(applied_on) AS applied_on FROM application GROUP BY borrower_id) a
        ON a.borrower_id = b.borrower_id
    LEFT JOIN (SELECT borrower_id, max(expires_on) AS expires_on FROM credit_line GROUP BY borrower_id) c
        ON c.borrower_id = b.borrower_id
) x
"""
"""Borrowers who are not erased: whether lent to, whether a loan is drawn and not closed, and the day their period began."""

_ROWS = {
    "request": ("request", "recorded_at", "true"),
    "nonce": ("nonce", "signed_at", "true"),
    "outbox": ("outbox", "taken_at", "taken_at IS NOT NULL"),
    "quote": ("quote", "expires_at", "NOT EXISTS (SELECT 1 FROM loan l WHERE l.quote_id = quote.quote_id)"),
}
"""Class -> its table, the moment its period begins, and which of its rows it means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A borrower's place before the rules: lent to or not, a loan drawn and not closed or none, the day the period began."""

    lent: bool
    running: bool
    began_on: dt.date


def due_borrowers(tx: Connection, lent: bool, before: dt.date, most: int) -> list[str]:
    """Borrowers without a running loan whose period began before a day, oldest first."""
    query = f"{_BORROWERS} WHERE lent = %s AND NOT running AND began_on < %s ORDER BY began_on, borrower_id LIMIT %s"
    return [row["borrower_id"] for row in tx.execute(query, (lent, before, most))]


def count_borrowers(tx: Connection, lent: bool, before: dt.date) -> int:
    """How many `due_borrowers` there are."""
    query = f"SELECT count(*) AS found FROM ({_BORROWERS} WHERE lent = %s AND NOT running AND began_on < %s) y"
    row = tx.execute(query, (lent, before)).fetchone()
    return int(row["found"]) if row else 0


def standing(tx: Connection, borrower_id: str) -> Standing | None:
    """A borrower's place before the rules; None for one who is unknown or erased."""
    query = f"SELECT lent, running, began_on FROM ({_BORROWERS} WHERE borrower_id = %s) y"
    row = tx.execute(query, (borrower_id,)).fetchone()
    return Standing(**row) if row else None


def hold_borrower(tx: Connection, borrower_id: str) -> None:
    """Hold who a borrower is, and their lines, until the transaction ends, so that nothing is drawn meanwhile."""
    tx.execute("SELECT 1 FROM identity WHERE borrower_id = %s FOR UPDATE", (borrower_id,))
    tx.execute("SELECT line_id FROM credit_line WHERE borrower_id = %s ORDER BY line_id FOR UPDATE", (borrower_id,))


def count_rows(tx: Connection, name: str, before: dt.date) -> int:
    """How many rows of a class began before a day (UTC)."""
    table, moment, which = _ROWS[name]
    row = tx.execute(f"SELECT count(*) AS found FROM {table} WHERE {which} AND {moment} < %s", (_midnight(before),)).fetchone()
    return int(row["found"]) if row else 0


def delete_rows(tx: Connection, name: str, before: dt.date, most: int) -> int:
    """Delete up to `most` of them; returns how many. The caller commits."""
    table, moment, which = _ROWS[name]
    chosen = f"SELECT ctid FROM {table} WHERE {which} AND {moment} < %s LIMIT %s FOR UPDATE SKIP LOCKED"
    return tx.execute(f"DELETE FROM {table} WHERE ctid = ANY(ARRAY({chosen}))", (_midnight(before), most)).rowcount


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)
