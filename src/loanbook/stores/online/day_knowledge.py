"""What was known by the end of a day: money as it was booked by then, and loans for which more is known since."""

import datetime as dt
from collections.abc import Sequence

from loanbook.stores.online.day_columns import PaymentColumns, gathered
from loanbook.stores.online.unit import Connection

_PAID = "('payment_received', 'refund_paid')"
"""Events of money of a loan that runs."""
_RAN = "(l.state = 'disbursed' OR (l.state = 'repaid' AND l.closed_on > %s))"
"""Loans that run, or were repaid after a day, as that day did not know."""


def ran_then(connection: Connection, loan_ids: Sequence[str], day: dt.date) -> set[str]:
    """Of some loans those that ran at the end of a day, as far as it knew."""
    query = f"SELECT l.loan_id FROM loan l WHERE l.loan_id = ANY(%s) AND {_RAN}"
    return {row["loan_id"] for row in connection.execute(query, (sorted(set(loan_ids)), day))}


def told_since(connection: Connection, day: dt.date, ends: dt.datetime) -> list[str]:
    """The loans that ran at the end of a day, and for which money was booked or bounced from a moment on; by id."""
    query = (
        f"SELECT DISTINCT e.subject FROM event e JOIN loan l ON l.loan_id = e.subject AND l.disbursed_on <= %s AND {_RAN} "
        f"WHERE (e.kind IN {_PAID} OR e.kind = 'event_reversed') AND e.recorded_at >= %s ORDER BY e.subject"
    )
    return [row["subject"] for row in connection.execute(query, (day, day, ends))]


def payments_booked(connection: Connection, loan_ids: Sequence[str], ends: dt.datetime) -> PaymentColumns:
    """The payments of the loans of `loans_of` that were booked before a moment, and had not bounced by then."""
    columns = (
        "l.n",
        "(e.happened_on - DATE '1970-01-01')::int8",
        "CASE e.kind WHEN 'refund_paid' THEN -1 ELSE 1 END * (e.content->>'amount_fen')::int8",
        "(coalesce(e.content->>'purpose', '') = 'payoff')::int4::int8",
    )
    rest = (
        "FROM (SELECT loan_id, row_number() OVER (ORDER BY loan_id) - 1 AS n FROM loan "
        "WHERE loan_id = ANY(%s) AND disbursed_on IS NOT NULL) l "
        f"JOIN event e ON e.subject = l.loan_id AND e.kind IN {_PAID} AND e.recorded_at < %s "
        "WHERE NOT EXISTS (SELECT 1 FROM event r WHERE r.subject = l.loan_id AND r.kind = 'event_reversed' "
        "AND r.recorded_at < %s AND r.content->>'payment_id' = e.content->>'payment_id')"
    )
    found = gathered(connection, columns, rest, (sorted(set(loan_ids)), ends, ends))
    return PaymentColumns(loan=found[0], on=found[1], amount_fen=found[2], payoff=found[3])


def booked_before(connection: Connection, loan_id: str, ends: dt.datetime) -> set[str]:
    """The payments of a loan, by id, that were booked before a moment."""
    query = f"SELECT content->>'payment_id' AS id FROM event WHERE subject = %s AND kind IN {_PAID} AND recorded_at < %s"
    return {row["id"] for row in connection.execute(query, (loan_id, ends))}
