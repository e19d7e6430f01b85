"""What is guaranteed, and what was last published of guarantors."""

from collections.abc import Sequence
from typing import Any

from loanbook.stores.online.unit import Connection


def guaranteed_sums(connection: Connection, mandate_hashes: Sequence[str]) -> dict[str, int]:
    """Principal that is offered, confirmed or outstanding and not paid for by its guarantor yet, by mandate_hash."""
    query = (
        "SELECT mandate_hash, sum(principal_fen - principal_repaid_fen)::bigint AS fen FROM loan l "
        "WHERE mandate_hash = ANY(%s) AND state IN ('offered', 'confirmed', 'disbursed') AND NOT EXISTS "
        "(SELECT 1 FROM taken_over t WHERE t.loan_id = l.loan_id AND t.kind = 'compensation') GROUP BY 1"
    )
    return {row["mandate_hash"]: row["fen"] for row in connection.execute(query, (sorted(mandate_hashes),))}


def last_published(connection: Connection, kind: str, subjects: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The content of the newest event of a kind of each subject that has one; from the end of each one's events."""
    query = (
        "SELECT s.subject, e.content FROM unnest(%s::text[]) AS s(subject), LATERAL (SELECT content FROM event "
        "WHERE event.subject = s.subject AND kind = %s ORDER BY number DESC LIMIT 1) e"
    )
    return {row["subject"]: row["content"] for row in connection.execute(query, (list(subjects), kind))}
