"""What the reconciliation of cash asks of the online store: bookings, statements, and the suspense account."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from loanbook.stores.online.unit import Connection, Row

_PAYOUT = """coalesce(l.payout_reference, (SELECT content->>'provider_reference' FROM event
        WHERE subject = l.loan_id AND kind = 'loan_disbursed' ORDER BY number LIMIT 1))"""
"""A payout's reference is its loan's; of several loans that named one, before payouts were booked once, the others have it in
their events."""


def _booked(
    payment: str = "true", returned: str = "true", loan: str = "true", purchase: str = "true", payout: str = _PAYOUT
) -> str:
    """Cash as we book it: in is positive. A payment and its return are two bookings of one id.

    Each branch takes a condition of its own, so that an index can serve it.
    """
    return f"""
    SELECT CASE p.purpose WHEN 'refund' THEN 'refund' ELSE 'payment' END AS kind, p.payment_id AS booking_id,
           p.provider_reference AS reference, p.paid_on AS on_day, p.amount_fen
    FROM payment p WHERE {payment}
    UNION ALL
    SELECT 'return', p.payment_id, p.provider_reference, e.happened_on, -p.amount_fen
    FROM payment p JOIN LATERAL (
        SELECT happened_on FROM event WHERE subject = p.loan_id AND kind = 'event_reversed'
        AND content->>'payment_id' = p.payment_id ORDER BY number LIMIT 1) e ON true
    WHERE p.reversed AND {returned}
    UNION ALL
    SELECT 'disbursement', l.loan_id, {payout}, l.disbursed_on, -l.principal_fen
    FROM loan l WHERE l.disbursed_on IS NOT NULL AND {loan}
    UNION ALL
    SELECT 'merchant_return', u.loan_id, u.return_reference, u.returned_on, l.principal_fen
    FROM purchase u JOIN loan l USING (loan_id) WHERE u.returned_on IS NOT NULL AND {purchase}"""


_NOT_REPORTED = (
    "b.kind = ANY(%(kinds)s) AND NOT EXISTS (SELECT 1 FROM reported r WHERE r.kind = b.kind AND r.booking_id = b.booking_id)"
)


def lock_accounts(connection: Connection, accounts: Sequence[str]) -> None:
    """Hold cash accounts until the transaction ends: one at a time takes statements or releases suspense of an account.

    What follows looks for what is missing among all bookings, so this transaction plans for whole tables.
    """
    for setting in ("enable_hashjoin = on", "enable_seqscan = on", "plan_cache_mode = force_custom_plan"):
        connection.execute(f"SET LOCAL {setting}")
    connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('cash ' || a, 0)) FROM unnest(%s::text[]) WITH ORDINALITY AS x(a, n) "
        "ORDER BY n",
        (sorted(set(accounts)),),
    )


def statement_numbered(connection: Connection, account: str, number: str) -> Row | None:
    """The statement of an account that its provider calls so."""
    return connection.execute("SELECT * FROM statement WHERE account = %s AND number = %s", (account, number)).fetchone()


def last_statement(connection: Connection, account: str) -> Row | None:
    """The statement taken last, with the day on which the first one starts (`begins_on`)."""
    query = (
        "SELECT s.*, (SELECT starts_on FROM statement WHERE account = s.account AND place = 1) AS begins_on "
        "FROM statement s WHERE account = %s ORDER BY place DESC LIMIT 1"
    )
    return connection.execute(query, (account,)).fetchone()


def accounts_with_statements(connection: Connection) -> list[str]:
    """Accounts of which a statement was taken."""
    return [row["account"] for row in connection.execute("SELECT account FROM statement WHERE place = 1 ORDER BY 1")]


def unreported_bookings(
    connection: Connection,
    kinds: Sequence[str],
    since: dt.date,
    references: Iterable[str],
    amounts: Mapping[int, tuple[dt.date, dt.date]],
) -> list[Row]:
    """Bookings that no statement reported and that movements can mean: kind, booking_id, reference, on_day, amount_fen.

    references   of bookings of any day;  amounts  of bookings from a day on, with the first and the last day of each
    """
    values: dict[str, object] = {"kinds": list(kinds), "references": sorted(set(references) - {""})}
    named = _booked(
        "p.provider_reference = ANY(%(references)s)",
        "p.provider_reference = ANY(%(references)s)",
        "l.payout_reference = ANY(%(references)s)",
        "u.return_reference = ANY(%(references)s)",
    )
    queries = [f"SELECT b.* FROM ({named}) b WHERE {_NOT_REPORTED}"]
    if amounts:
        # What is within the days of its amount is looked at by the caller; here the days of all bound what is read.
        values["amounts"] = sorted(amounts)
        values["owed"] = [-each for each in sorted(amounts)]
        values["first"] = max(since, min(first for first, _ in amounts.values()))
        values["last"] = max(last for _, last in amounts.values())
        days = "BETWEEN %(first)s AND %(last)s"
        near = _booked(
            f"p.paid_on {days} AND p.amount_fen = ANY(%(amounts)s)",
            f"e.happened_on {days} AND p.amount_fen = ANY(%(owed)s)",
            f"l.disbursed_on {days} AND l.principal_fen = ANY(%(owed)s)",
            f"u.returned_on {days} AND l.principal_fen = ANY(%(amounts)s)",
        )
        queries.append(f"SELECT b.* FROM ({near}) b WHERE {_NOT_REPORTED}")
    query = " UNION ".join(queries) + " ORDER BY on_day, kind, booking_id"
    return connection.execute(query, values).fetchall()


def unreported_sums(
    connection: Connection, kinds: Sequence[str], since: dt.date, until: dt.date, most: int = 0, *, without: Sequence[Row] = ()
) -> tuple[int, int, list[Row]]:
    """How many bookings of some days no statement reported, what they come to, and the first of them.

    without   bookings that are being reported now, and not written yet
    """
    query = (
        f"WITH b AS MATERIALIZED (SELECT b.* FROM ({_booked(payout='NULL')}) b WHERE {_NOT_REPORTED} "
        "AND b.on_day BETWEEN %(since)s AND %(until)s "
        "AND NOT EXISTS (SELECT 1 FROM unnest(%(known)s::text[], %(ids)s::text[]) AS x(kind, booking_id) "
        "WHERE x.kind = b.kind AND x.booking_id = b.booking_id)) "
        "SELECT (SELECT count(*) FROM b) AS n, (SELECT coalesce(sum(amount_fen), 0)::bigint FROM b) AS fen, "
        "f.kind, f.booking_id, f.on_day, f.amount_fen, CASE f.kind WHEN 'disbursement' "
        f"THEN (SELECT {_PAYOUT} FROM loan l WHERE l.loan_id = f.booking_id) ELSE f.reference END AS reference "
        "FROM (SELECT 1) one LEFT JOIN (SELECT * FROM b ORDER BY on_day, kind, booking_id LIMIT %(most)s) f ON true "
        "ORDER BY f.on_day, f.kind, f.booking_id"
    )
    values = {
        "kinds": list(kinds),
        "since": since,
        "until": until,
        "known": [row["kind"] for row in without],
        "ids": [row["booking_id"] for row in without],
        "most": most,
    }
    rows = connection.execute(query, values).fetchall()
    count, fen = rows[0].pop("n"), rows[0].pop("fen")
    return count, fen, [row for row in rows if row["booking_id"] is not None]


def open_items(connection: Connection, account: str) -> list[Row]:
    """The open items of an account's suspense, oldest first, held until the transaction ends."""
    query = "SELECT * FROM suspense WHERE account = %s AND released_at IS NULL ORDER BY item_id FOR UPDATE"
    return connection.execute(query, (account,)).fetchall()


def reported_payments(connection: Connection, payment_ids: Sequence[str]) -> set[str]:
    """Which of some payments a statement reported."""
    query = "SELECT booking_id FROM reported WHERE kind = 'payment' AND booking_id = ANY(%s)"
    return {row["booking_id"] for row in connection.execute(query, (list(payment_ids),))}


def resolutions(connection: Connection, item_ids: Iterable[str]) -> set[tuple[str, str]]:
    """Items of suspense and the payments that their resolution booked, in the transaction that released the item."""
    query = (
        "SELECT r.subject AS item_id, p.content->>'payment_id' AS payment_id FROM event r JOIN event p "
        "ON p.transaction = r.transaction AND p.kind IN ('payment_received', 'recovery_received') "
        "AND r.content->>'by' = 'payment ' || (p.content->>'payment_id') "
        "WHERE r.subject = ANY(%s) AND r.kind = 'suspense_released'"
    )
    return {(row["item_id"], row["payment_id"]) for row in connection.execute(query, (sorted(set(item_ids)),))}


def suspense_page(connection: Connection, account: str, after: str, most: int) -> list[Row]:
    """Open items after one, with the statement each came by."""
    query = (
        "SELECT i.*, s.number FROM suspense i JOIN statement s USING (statement_id) "
        "WHERE i.account = %s AND i.released_at IS NULL AND i.item_id > %s ORDER BY i.item_id LIMIT %s"
    )
    return connection.execute(query, (account, after, most)).fetchall()


def cash_sums(connection: Connection) -> list[Row]:
    """Of each account with statements: opening, closing, reported and suspense_fen, open items, gaps in the chain of balances."""
    query = """
        WITH chained AS (
            SELECT account, place, opening_fen, closing_fen, starts_on, ends_on,
                   lag(closing_fen) OVER (PARTITION BY account ORDER BY place) AS before_fen
            FROM statement),
        held AS (
            SELECT account, (array_agg(opening_fen ORDER BY place))[1] AS opening_fen,
                   (array_agg(closing_fen ORDER BY place DESC))[1] AS closing_fen,
                   min(starts_on) AS begins_on, max(ends_on) AS ends_on,
                   count(*) FILTER (WHERE before_fen <> opening_fen) AS gaps
            FROM chained GROUP BY 1)
        SELECT h.*, coalesce(r.fen, 0)::bigint AS reported_fen, coalesce(i.fen, 0)::bigint AS suspense_fen,
               coalesce(i.items, 0)::bigint AS items
        FROM held h
        LEFT JOIN (SELECT account, sum(amount_fen) AS fen FROM reported GROUP BY 1) r USING (account)
        LEFT JOIN (SELECT account, sum(amount_fen) AS fen, count(*) AS items FROM suspense WHERE released_at IS NULL GROUP BY 1) i
        USING (account) ORDER BY account"""
    return connection.execute(query).fetchall()


def suspense_by_events(connection: Connection) -> dict[str, int]:
    """The balance of each account's suspense as its events tell it."""
    query = (
        "SELECT content->>'account' AS account, "
        "sum((content->>'amount_fen')::bigint * CASE kind WHEN 'suspense_booked' THEN 1 ELSE -1 END)::bigint AS fen "
        "FROM event WHERE kind IN ('suspense_booked', 'suspense_released') GROUP BY 1"
    )
    return {row["account"]: row["fen"] for row in connection.execute(query)}


def reported_differences(connection: Connection, most: int) -> list[Row]:
    """Bookings reported with another amount than they have now, or that are gone: kind, booking_id, held_fen, booked_fen."""
    query = (
        "SELECT r.kind, r.booking_id, r.amount_fen AS held_fen, b.amount_fen AS booked_fen "
        f"FROM reported r LEFT JOIN ({_booked()}) b USING (kind, booking_id) "
        "WHERE b.amount_fen IS DISTINCT FROM r.amount_fen ORDER BY 1, 2 LIMIT %s"
    )
    return connection.execute(query, (most,)).fetchall()
