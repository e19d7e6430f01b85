"""Purchases on pay-later lines: orders that are being bought, what drawdowns bought, and the loans of a line."""

import datetime as dt
from collections.abc import Iterable, Sequence

from loanbook.stores.online.unit import Connection, Row

STOPPED = "give_back_stopped"
"""The event that money of a returned purchase does not go back to its borrower, because it had bounced."""


def hold_orders(connection: Connection, orders: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Orders, by merchant and its reference, that are bought already; who else buys one of these waits for this transaction.

    An order for which nothing was lent in the end, because nobody funded it or it was never paid out, may be bought again.
    """
    wanted = sorted(set(orders))
    columns = [list(column) for column in zip(*wanted, strict=True)] or [[], []]
    connection.execute(
        "SELECT pg_advisory_xact_lock(k) FROM (SELECT DISTINCT hashtextextended('order ' || m || chr(1) || r, 0) AS k "
        "FROM unnest(%s::text[], %s::text[]) AS x(m, r) ORDER BY k) AS keys",
        columns,
    )
    connection.execute(
        "UPDATE purchase p SET is_void = true FROM loan l, unnest(%s::text[], %s::text[]) AS x(merchant, merchant_reference) "
        "WHERE (p.merchant, p.merchant_reference) = (x.merchant, x.merchant_reference) AND NOT p.is_void "
        "AND l.loan_id = p.loan_id AND l.disbursed_on IS NULL AND l.state IN ('unfunded', 'cancelled')",
        columns,
    )
    query = (
        "SELECT merchant, merchant_reference FROM (SELECT * FROM purchase WHERE NOT is_void) p "
        "JOIN unnest(%s::text[], %s::text[]) AS x(merchant, merchant_reference) USING (merchant, merchant_reference)"
    )
    return {(row["merchant"], row["merchant_reference"]) for row in connection.execute(query, columns)}


def running_of_line(connection: Connection, line_id: str, since: dt.date) -> list[Row]:
    """Drawdowns of a line that ran on a day or after it, with what they bought, in the order they were paid out."""
    query = (
        "SELECT l.*, p.merchant, p.merchant_reference FROM loan l LEFT JOIN purchase p USING (loan_id) "
        "WHERE line_id = %s AND state IN ('disbursed', 'repaid') AND (closed_on IS NULL OR closed_on >= %s) "
        "ORDER BY disbursed_on, loan_id"
    )
    return connection.execute(query, (line_id, since)).fetchall()


def cancelled(connection: Connection, begins: dt.datetime, ends: dt.datetime) -> list[Row]:
    """Drawdowns cancelled between two moments: loan_id, number of the event, mandate_hash, principal_fen."""
    query = (
        "SELECT l.loan_id, e.number, l.mandate_hash, l.principal_fen FROM event e JOIN loan l ON l.loan_id = e.subject "
        "WHERE e.kind = 'loan_cancelled' AND e.recorded_at >= %s AND e.recorded_at < %s ORDER BY e.number"
    )
    return connection.execute(query, (begins, ends)).fetchall()


def taken_over(connection: Connection, loan_ids: Sequence[str]) -> set[str]:
    """Loans whose claim a guarantor or a vehicle's buyer took over."""
    query = "SELECT DISTINCT loan_id FROM taken_over WHERE loan_id = ANY(%s)"
    return {row["loan_id"] for row in connection.execute(query, (sorted(set(loan_ids)),))}


def stopped(connection: Connection, loan_id: str) -> set[str]:
    """Payments, by id, of a returned purchase that bounced too."""
    query = "SELECT content->>'payment_id' AS id FROM event WHERE subject = %s AND kind = %s"
    return {row["id"] for row in connection.execute(query, (loan_id, STOPPED))}
