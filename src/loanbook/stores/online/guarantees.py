"""What is guaranteed or borrowed, and what was last published of guarantors and micro-lenders."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from loanbook.stores.online.unit import Connection


def guaranteed_sums(connection: Connection, mandate_hashes: Sequence[str]) -> dict[str, int]:
    """Principal that is offered, confirmed or outstanding and not paid for by its guarantor yet, by mandate_hash."""
    found = guaranteed_by_state(connection, mandate_hashes)
    return {mandate_hash: sum(by_state.values()) for mandate_hash, by_state in found.items()}


def guaranteed_by_state(connection: Connection, mandate_hashes: Sequence[str]) -> dict[str, dict[str, int]]:
    """Principal guaranteed and not paid for by the guarantor yet, by mandate_hash and state: offered, confirmed, disbursed."""
    query = (
        "SELECT mandate_hash, state, sum(principal_fen - principal_repaid_fen)::bigint AS fen FROM loan l "
        "WHERE mandate_hash = ANY(%s) AND state IN ('offered', 'confirmed', 'disbursed') AND NOT EXISTS "
        "(SELECT 1 FROM taken_over t WHERE t.loan_id = l.loan_id AND t.kind = 'compensation') GROUP BY 1, 2"
    )
    found: dict[str, dict[str, int]] = {}
    for row in connection.execute(query, (sorted(mandate_hashes),)):
        found.setdefault(row["mandate_hash"], {})[row["state"]] = row["fen"]
    return found


def borrowed_since(connection: Connection, kind: str, vehicle: str) -> dict[str, int]:
    """Money told as borrowed by a vehicle since its newest event of a kind: by what it is, borrowed or securities."""
    query = (
        "SELECT content->>'funds' AS funds, sum((content->>'funded_fen')::bigint)::bigint AS fen FROM event WHERE subject = %s "
        "AND kind = 'vehicle_received' AND content ? 'funds' AND number > coalesce((SELECT max(number) FROM event "
        "WHERE subject = %s AND kind = %s), 0) GROUP BY 1"
    )
    return {row["funds"]: row["fen"] for row in connection.execute(query, (vehicle, vehicle, kind))}


def last_day_published(connection: Connection, kind: str, subject: str) -> dt.date | None:
    """The day of the newest event of a kind of a subject; None where there is none."""
    query = "SELECT happened_on FROM event WHERE subject = %s AND kind = %s ORDER BY number DESC LIMIT 1"
    row = connection.execute(query, (subject, kind)).fetchone()
    return row["happened_on"] if row else None


def last_published(connection: Connection, kind: str, subjects: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The content of the newest event of a kind of each subject that has one; from the end of each one's events."""
    query = (
        "SELECT s.subject, e.content FROM unnest(%s::text[]) AS s(subject), LATERAL (SELECT content FROM event "
        "WHERE event.subject = s.subject AND kind = %s ORDER BY number DESC LIMIT 1) e"
    )
    return {row["subject"]: row["content"] for row in connection.execute(query, (list(subjects), kind))}
