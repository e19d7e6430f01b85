"""Consents that stand: given and not withdrawn."""

from collections.abc import Iterable, Sequence

from loanbook.stores.online.unit import Connection, Row


def standing_consents(
    connection: Connection, borrower_ids: Iterable[str], purposes: Sequence[str], *, held: bool = False
) -> dict[tuple[str, str], str]:
    """The latest consent by (borrower, purpose), of those that stand; `held`: none is withdrawn before the transaction ends."""
    query = (
        "SELECT borrower_id, purpose, consent_id FROM consent WHERE borrower_id = ANY(%s) AND purpose = ANY(%s) "
        "AND withdrawn_at IS NULL ORDER BY consent_id" + (" FOR SHARE" if held else "")
    )
    rows = connection.execute(query, (sorted(set(borrower_ids)), list(purposes)))
    return {(row["borrower_id"], row["purpose"]): row["consent_id"] for row in rows}


def consents_to_withdraw(connection: Connection, borrower_ids: Iterable[str]) -> list[Row]:
    """All consents of borrowers that stand, held until the transaction ends."""
    query = "SELECT * FROM consent WHERE borrower_id = ANY(%s) AND withdrawn_at IS NULL ORDER BY consent_id FOR UPDATE"
    return connection.execute(query, (sorted(set(borrower_ids)),)).fetchall()
