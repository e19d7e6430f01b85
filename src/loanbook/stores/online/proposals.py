"""Proposals by state, and the versions of terms that proposals brought."""

import datetime as dt

from loanbook.stores.online.unit import Connection, Row

_TERMS_LOCK = 0x10A_7E25


def proposals_after(connection: Connection, state: str, kind: str | None, after: str, most: int) -> list[Row]:
    """Proposals of a state, and of a kind where one is named, after an id; the oldest first."""
    query = (
        "SELECT * FROM proposal WHERE state = %s AND (%s::text IS NULL OR kind = %s) AND proposal_id > %s "
        "ORDER BY proposal_id LIMIT %s"
    )
    return connection.execute(query, (state, kind, kind, after, most)).fetchall()


def approved_texts(connection: Connection) -> list[Row]:
    """Versions of terms that were approved, in the order they were proposed: proposal_id, kind, text."""
    query = (
        "SELECT proposal_id, content->>'kind' AS kind, content->>'text' AS text FROM proposal "
        "WHERE kind = 'terms' AND state = 'approved' ORDER BY proposal_id"
    )
    return connection.execute(query).fetchall()


def archived_codes(connection: Connection, kind: str) -> tuple[str, ...]:
    """Codes of a kind of terms that the store knows."""
    rows = connection.execute("SELECT DISTINCT code FROM terms WHERE kind = %s ORDER BY code", (kind,))
    return tuple(row["code"] for row in rows)


def last_version(connection: Connection, kind: str, code: str) -> dt.date | None:
    """The day from which the latest version of some terms holds; until this transaction ends nobody else asks."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_TERMS_LOCK,))
    row = connection.execute(
        "SELECT max(effective_from) AS day FROM terms WHERE kind = %s AND code = %s", (kind, code)
    ).fetchone()
    return row["day"] if row else None
