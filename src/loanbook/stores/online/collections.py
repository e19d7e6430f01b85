"""What collections ask of the online store: contacts, promises, placements with agencies, and the money recovered."""

import datetime as dt
from collections.abc import Iterable, Sequence

from loanbook.stores.online.unit import Connection, Row


def hold_borrowers(connection: Connection, borrower_ids: Iterable[str]) -> None:
    """One at a time counts the contacts of a borrower, until the transaction ends."""
    connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('contact ' || b, 0)) FROM unnest(%s::text[]) WITH ORDINALITY AS x(b, n) "
        "ORDER BY n",
        (sorted(set(borrower_ids)),),
    )


def contact_days(connection: Connection, borrower_ids: Iterable[str], since: dt.date) -> list[Row]:
    """The contacts that count against limits, from a day on: borrower_id, on_day."""
    query = "SELECT borrower_id, on_day FROM contact WHERE borrower_id = ANY(%s) AND on_day >= %s AND reaches_borrower"
    return connection.execute(query, (sorted(set(borrower_ids)), since)).fetchall()


def contacts_of(connection: Connection, loan_id: str, most: int) -> list[Row]:
    """The last contacts about a loan, latest first."""
    query = "SELECT * FROM contact WHERE loan_id = %s ORDER BY made_at DESC, contact_id DESC LIMIT %s"
    return connection.execute(query, (loan_id, most)).fetchall()


def promises_of(connection: Connection, loan_ids: Iterable[str]) -> list[Row]:
    """The promises for loans, oldest first."""
    query = "SELECT * FROM promise WHERE loan_id = ANY(%s) ORDER BY made_on, promise_id"
    return connection.execute(query, (sorted(set(loan_ids)),)).fetchall()


def placements_of(connection: Connection, loan_ids: Iterable[str]) -> list[Row]:
    """Who has or had loans, oldest first."""
    query = "SELECT * FROM placement WHERE loan_id = ANY(%s) ORDER BY handed_on, placement_id"
    return connection.execute(query, (sorted(set(loan_ids)),)).fetchall()


def promises_to_settle(connection: Connection, day: dt.date, begins: dt.datetime, ends: dt.datetime) -> list[Row]:
    """Promises that a day may settle: open ones, and kept ones of loans whose money bounced between two moments."""
    query = (
        "SELECT p.* FROM promise p WHERE p.made_on <= %s AND (p.state = 'open' OR (p.state = 'kept' AND p.loan_id IN ("
        "SELECT subject FROM event WHERE kind = 'event_reversed' AND recorded_at >= %s AND recorded_at < %s))) "
        "ORDER BY p.promise_id FOR UPDATE"
    )
    return connection.execute(query, (day, begins, ends)).fetchall()


def money_since(connection: Connection, loan_ids: Iterable[str]) -> list[Row]:
    """What borrowers paid for loans and was not taken back: loan_id, paid_on, amount_fen."""
    query = (
        "SELECT loan_id, paid_on, amount_fen FROM payment WHERE loan_id = ANY(%s) AND NOT reversed AND purpose <> 'refund' "
        "ORDER BY payment_id"
    )
    return connection.execute(query, (sorted(set(loan_ids)),)).fetchall()


def left_alone(connection: Connection, day: dt.date) -> set[str]:
    """Loans that our own collectors leave alone at the end of a day: a promise is open, or an agency has them."""
    query = (
        "SELECT loan_id FROM promise WHERE state = 'open' AND made_on <= %s UNION "
        "SELECT loan_id FROM placement WHERE handed_on <= %s AND (ended_on IS NULL OR ended_on > %s)"
    )
    return {row["loan_id"] for row in connection.execute(query, (day, day, day))}


def broken_promises(connection: Connection, day: dt.date, since: dt.date) -> dict[str, dt.date]:
    """When loans' last broken promise was made, of those made from a day on and broken by another."""
    query = "SELECT loan_id, max(made_on) AS made_on FROM promise WHERE state = 'broken' AND settled_on <= %s AND made_on >= %s"
    return {row["loan_id"]: row["made_on"] for row in connection.execute(f"{query} GROUP BY 1", (day, since))}


def open_placements(connection: Connection) -> list[Row]:
    """Every loan that an agency has."""
    return connection.execute("SELECT * FROM placement WHERE ended_on IS NULL ORDER BY loan_id").fetchall()


def written_off_not_placed(connection: Connection, day: dt.date, agencies: int) -> list[str]:
    """Loans written off by a day that no agency has, and that not all had."""
    query = (
        "SELECT l.loan_id FROM loan l WHERE l.state = 'charged_off' AND l.closed_on <= %s "
        "AND (SELECT count(*) FILTER (WHERE p.ended_on IS NOT NULL) + 1000000 * count(*) FILTER (WHERE p.ended_on IS NULL) "
        "FROM placement p WHERE p.loan_id = l.loan_id) < %s ORDER BY 1"
    )
    return [row["loan_id"] for row in connection.execute(query, (day, agencies))]


def collected_money(
    connection: Connection,
    loan_ids: Iterable[str],
    paid_on: dt.date,
    begins: dt.datetime,
    ends: dt.datetime,
    *,
    stands_at: dt.datetime,
) -> list[Row]:
    """Money of a day for some loans, booked between two moments and not taken back before a third, in the order it was booked:
    payment_id, loan_id, paid_on, amount_fen, number of its event."""
    # OFFSET 0: the events of each loan are looked up, and the table is not read whole.
    query = (
        "SELECT e.payment_id, e.subject AS loan_id, e.happened_on AS paid_on, e.amount_fen, e.number "
        "FROM unnest(%s::text[]) AS x(loan_id) JOIN loan l ON l.loan_id = x.loan_id AND l.disbursed_on IS NOT NULL "
        "AND l.state <> 'cancelled' "
        "CROSS JOIN LATERAL (SELECT number, subject, happened_on, content->>'payment_id' AS payment_id, "
        "(content->>'amount_fen')::int8 AS amount_fen FROM event WHERE subject = x.loan_id "
        "AND kind IN ('payment_received', 'recovery_received') AND happened_on = %s AND recorded_at >= %s AND recorded_at < %s "
        "OFFSET 0) e WHERE NOT EXISTS (SELECT 1 FROM event r WHERE r.subject = e.subject AND r.kind = 'event_reversed' "
        "AND r.recorded_at < %s AND r.content->>'payment_id' = e.payment_id OFFSET 0) ORDER BY e.number"
    )
    return connection.execute(query, (sorted(set(loan_ids)), paid_on, begins, ends, stands_at)).fetchall()


def bounced_recoveries(connection: Connection, begins: dt.datetime, ends: dt.datetime) -> list[Row]:
    """Rows of `recovered` whose payment bounced between two moments, held until the transaction ends."""
    query = (
        "SELECT r.*, t.agency FROM recovered r LEFT JOIN placement t USING (placement_id) "
        "JOIN event e ON e.subject = r.loan_id AND e.content->>'payment_id' = r.payment_id "
        "WHERE e.kind = 'event_reversed' AND e.recorded_at >= %s AND e.recorded_at < %s AND r.taken_back_on IS NULL "
        "ORDER BY r.payment_id FOR UPDATE OF r"
    )
    return connection.execute(query, (begins, ends)).fetchall()


def cost_sums(connection: Connection, begins: dt.date, ends: dt.date) -> list[Row]:
    """Of each stage between two days: contacts, what they cost, money recovered and commission, less what was taken back."""
    query = """
        WITH each AS (
            SELECT stage, 1 AS contacts, cost_fen, 0::bigint AS commission_fen, 0::bigint AS recovered_fen
            FROM contact WHERE on_day >= %(begins)s AND on_day < %(ends)s
            UNION ALL
            SELECT stage, 0, 0, commission_fen, recovered_fen
            FROM recovered WHERE on_day >= %(begins)s AND on_day < %(ends)s
            UNION ALL
            SELECT stage, 0, 0, -commission_fen, -recovered_fen
            FROM recovered WHERE taken_back_on >= %(begins)s AND taken_back_on < %(ends)s)
        SELECT stage, sum(contacts)::bigint AS contacts, sum(cost_fen)::bigint AS cost_fen,
               sum(commission_fen)::bigint AS commission_fen, sum(recovered_fen)::bigint AS recovered_fen
        FROM each GROUP BY 1 ORDER BY 1"""
    return connection.execute(query, {"begins": begins, "ends": ends}).fetchall()


def queue_page(connection: Connection, stage: str, after: int, most: int) -> list[Row]:
    """The queue of the last closed day after a place, of one stage or (empty) of all."""
    query = (
        "SELECT q.*, l.borrower_id FROM queued q JOIN loan l USING (loan_id) "
        "WHERE q.place > %s AND (%s = '' OR q.stage = %s) ORDER BY q.place LIMIT %s"
    )
    return connection.execute(query, (after, stage, stage, most)).fetchall()


def queue_counts(connection: Connection) -> list[Row]:
    """Of each stage of the queue: day, stage, loans, overdue_fen."""
    query = (
        "SELECT day, stage, count(*) AS loans, sum(overdue_fen)::bigint AS overdue_fen FROM queued GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return connection.execute(query).fetchall()


def recovered_sums(connection: Connection, placement_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """What was recovered under placements and the commission on it, less what was taken back."""
    query = (
        "SELECT placement_id, sum(recovered_fen)::bigint AS recovered, sum(commission_fen)::bigint AS commission FROM recovered "
        "WHERE placement_id = ANY(%s) AND taken_back_on IS NULL GROUP BY 1"
    )
    found = connection.execute(query, (list(placement_ids),))
    return {row["placement_id"]: (row["recovered"], row["commission"]) for row in found}
