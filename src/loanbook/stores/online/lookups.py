"""Questions to the online store that are not a row by its key, and the archive of terms."""

import datetime as dt
from collections.abc import Iterable, Sequence

import msgspec

from loanbook.stores.online.unit import Connection, Row, any_of_json


def ids_of_borrower(connection: Connection, borrower_id: str) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """The lines and the loans of a borrower, oldest first, and how many of the loans were paid out."""
    lines = connection.execute(
        "SELECT line_id FROM credit_line WHERE borrower_id = %s ORDER BY opened_on, line_id", (borrower_id,)
    )
    loans = connection.execute(
        "SELECT loan_id, disbursed_on FROM loan WHERE borrower_id = %s ORDER BY drawn_on, loan_id", (borrower_id,)
    ).fetchall()
    paid_out = sum(row["disbursed_on"] is not None for row in loans)
    return tuple(row["line_id"] for row in lines), tuple(row["loan_id"] for row in loans), paid_out


def lines_of_quotes(connection: Connection, quote_ids: Iterable[str]) -> list[str]:
    """The lines that quotes are of, as far as there are such quotes."""
    query = f"SELECT line_id FROM quote WHERE quote_id = {any_of_json()}"
    return [row["line_id"] for row in connection.execute(query, (_json(quote_ids),))]


def quotes_with_loans(connection: Connection, quote_ids: Iterable[str]) -> dict[str, Row]:
    """Quotes, each with the loan that it became or None. Who holds their lines holds them."""
    query = f"SELECT q.*, l.loan_id FROM quote q LEFT JOIN loan l ON l.quote_id = q.quote_id WHERE q.quote_id = {any_of_json()}"
    return {row["quote_id"]: row for row in connection.execute(query, (_json(quote_ids),))}


def _json(ids: Iterable[str]) -> str:
    return msgspec.json.encode(sorted(set(ids))).decode()


def payments_of(connection: Connection, loan_ids: Iterable[str]) -> dict[str, list[Row]]:
    """The payments of loans, in the order they were made."""
    found: dict[str, list[Row]] = {loan_id: [] for loan_id in loan_ids}
    if found:
        query = "SELECT * FROM payment WHERE loan_id = ANY(%s) ORDER BY paid_on, payment_id"
        for row in connection.execute(query, (sorted(found),)):
            found[row["loan_id"]].append(row)
    return found


def owed_by_mandate(connection: Connection, borrower_ids: Sequence[str], states: Sequence[str]) -> list[Row]:
    """What borrowers owe under each mandate, over loans in some states: borrower_id, mandate, owed."""
    # One look-up a borrower: asked as one condition, PostgreSQL reads the whole table as long as it is small.
    query = (
        "SELECT b.borrower_id, l.mandate, l.owed FROM unnest(%s::text[]) AS b(borrower_id) CROSS JOIN LATERAL ("
        "SELECT mandate, sum(principal_fen - principal_repaid_fen)::bigint AS owed FROM loan "
        "WHERE loan.borrower_id = b.borrower_id AND state = ANY(%s) AND mandate IS NOT NULL GROUP BY mandate) AS l"
    )
    return connection.execute(query, (sorted(set(borrower_ids)), list(states))).fetchall()


def reapplication_days(connection: Connection, borrower_ids: Sequence[str], today: dt.date) -> dict[str, dt.date]:
    """From when declined borrowers may apply again, for those who may not yet."""
    query = (
        "SELECT borrower_id, max(reapply_on) AS reapply_on FROM decision "
        "WHERE borrower_id = ANY(%s) AND reapply_on > %s GROUP BY 1"
    )
    return {row["borrower_id"]: row["reapply_on"] for row in connection.execute(query, (list(borrower_ids), today))}


def open_reservations(connection: Connection, loan_ids: Iterable[str]) -> dict[str, Row]:
    """The reservation that waits for a partner's answer, by loan, held until the transaction ends."""
    query = "SELECT * FROM reservation WHERE loan_id = ANY(%s) AND state = 'reserved' ORDER BY loan_id FOR UPDATE"
    return {row["loan_id"]: row for row in connection.execute(query, (sorted(set(loan_ids)),))}


def confirmed_reservations(connection: Connection, loan_ids: Iterable[str]) -> dict[str, Row]:
    """The reservation under which a loan's money is lent, by loan, held until the transaction ends."""
    query = "SELECT * FROM reservation WHERE loan_id = ANY(%s) AND state = 'confirmed' ORDER BY loan_id FOR UPDATE"
    return {row["loan_id"]: row for row in connection.execute(query, (sorted(set(loan_ids)),))}


def versions_held(connection: Connection) -> int:
    """How many versions of terms the store holds; none is ever removed, so another number means new ones."""
    row = connection.execute("SELECT count(*) AS n FROM terms").fetchone()
    return row["n"] if row else 0


def keep_terms(connection: Connection, rows: Sequence[tuple[str, str, str, dt.date, str, dt.datetime]]) -> None:
    """Archive versions of terms as (hash, kind, code, effective from, text, now); those held already stay as they are."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO terms (hash, kind, code, effective_from, content, archived_at) VALUES (%s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (hash) DO NOTHING",
            rows,
        )
