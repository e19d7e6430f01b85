"""Facts about the online store itself: rows, size, days closed, what its books were told."""

from collections.abc import Sequence

from loanbook.stores.online.forwarding import Place
from loanbook.stores.online.unit import Connection, Row


def told_places(connection: Connection) -> dict[str, Place]:
    """Up to where each book was told."""
    rows = connection.execute("SELECT book, transaction, number FROM forwarded ORDER BY book")
    return {row["book"]: Place(transaction=row["transaction"], number=row["number"]) for row in rows}


def told_rows(connection: Connection, place: Place, kinds: Sequence[str]) -> dict[str, int]:
    """How many events of each kind a book was told that was told up to a place."""
    query = "SELECT kind, count(*) AS rows FROM event WHERE kind = ANY(%s) AND (transaction, number) <= (%s, %s) GROUP BY 1"
    return {row["kind"]: row["rows"] for row in connection.execute(query, (list(kinds), place.transaction, place.number))}


def sizes(connection: Connection) -> Row:
    """Bytes of the database, rows of what matters, the last closed day, and the newest event."""
    query = (
        "SELECT pg_database_size(current_database()) AS bytes, (SELECT count(*) FROM borrower) AS borrowers, "
        "(SELECT count(*) FROM credit_line) AS lines, (SELECT count(*) FROM loan) AS loans, "
        "(SELECT count(*) FROM event) AS events, (SELECT max(recorded_at) FROM event) AS newest, "
        "(SELECT max(day) FROM day_step WHERE step = %s) AS closed, "
        "(SELECT coalesce(max(number), 0) FROM audit) AS sealed, (SELECT count(*) FROM audit WHERE number IS NULL) AS unsealed, "
        "(SELECT count(*) FROM outbox WHERE taken_at IS NULL) AS waiting"
    )
    row = connection.execute(query, ("audit_seal",)).fetchone()
    return row or {}


def waiting_facts(connection: Connection, place: Place, kinds: Sequence[str]) -> int:
    """How many events a book has not been told yet."""
    query = "SELECT count(*) AS rows FROM event WHERE kind = ANY(%s) AND (transaction, number) > (%s, %s)"
    row = connection.execute(query, (list(kinds), place.transaction, place.number)).fetchone()
    return int(row["rows"]) if row else 0
