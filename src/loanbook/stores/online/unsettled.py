"""Money that could not be parted on its day: which step still has to take which money of which loan, and since when."""

import datetime as dt
from collections.abc import Iterable, Mapping

from loanbook.stores.online.schema_vehicles import WAITS_FOR
from loanbook.stores.online.unit import Connection, Row


def unsettled(connection: Connection, taker: str) -> dict[str, dict[str, dt.date]]:
    """What a step has still to take, by what it is: the loans, and the first day whose money waits."""
    found: dict[str, dict[str, dt.date]] = {what: {} for what in WAITS_FOR}
    for row in connection.execute("SELECT what, loan_id, since FROM unsettled WHERE taker = %s ORDER BY loan_id", (taker,)):
        found[row["what"]][row["loan_id"]] = row["since"]
    return found


def keep_unsettled(connection: Connection, taker: str, what: str, since: Mapping[str, dt.date]) -> None:
    """Put what waits now in the place of what waited."""
    ids = sorted(since)
    connection.execute(
        "DELETE FROM unsettled WHERE taker = %s AND what = %s AND NOT loan_id = ANY(%s::text[])", (taker, what, ids)
    )
    connection.execute(
        "INSERT INTO unsettled (taker, what, loan_id, since) SELECT %s, %s, l, d FROM unnest(%s::text[], %s::date[]) AS x(l, d) "
        "ON CONFLICT (taker, loan_id, what) DO NOTHING",
        (taker, what, ids, [since[each] for each in ids]),
    )


def booked_of(connection: Connection, kind: str, loan_ids: Iterable[str], ends: dt.datetime) -> list[Row]:
    """Events of a kind of some loans until a moment: loan_id, number of the event, mandate_hash, principal_fen."""
    query = (
        "SELECT l.loan_id, e.number, l.mandate_hash, l.principal_fen FROM event e JOIN loan l ON l.loan_id = e.subject "
        "WHERE e.subject = ANY(%s) AND e.kind = %s AND e.recorded_at < %s ORDER BY e.number"
    )
    return connection.execute(query, (sorted(set(loan_ids)), kind, ends)).fetchall()
