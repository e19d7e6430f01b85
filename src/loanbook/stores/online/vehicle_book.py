"""What the online store holds of vehicles: their books, the loans they hold and handed on; and money that waits to be settled."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from loanbook import units
from loanbook.funding.vehicle_ledger import Ledger, Movement
from loanbook.stores.online.unit import Connection, Row

MOVES = ("vehicle_opened", "vehicle_collected", "vehicle_paid", "vehicle_received", "vehicle_bought")
"""Events of a vehicle that move its balances: `accounts_fen`, `tranches_fen`, `lending_fen`, `deposit_fen` say by how much."""

_PLACES = (("account", "accounts_fen"), ("tranche", "tranches_fen"))
_HELD = """(
    (l.mandate_hash = ANY(%(hashes)s)
     AND NOT EXISTS (SELECT 1 FROM taken_over t WHERE t.loan_id = l.loan_id AND t.seller = %(vehicle)s))
    OR l.loan_id IN (SELECT t.loan_id FROM taken_over t WHERE t.kind = 'sale' AND t.payer = %(vehicle)s
                     AND NOT EXISTS (SELECT 1 FROM taken_over b WHERE b.loan_id = t.loan_id AND b.seller = %(vehicle)s))
    ) AND NOT EXISTS (SELECT 1 FROM taken_over c WHERE c.loan_id = l.loan_id AND c.kind = 'compensation')"""
"""Loans that a vehicle lent for under some mandates, or bought, and has not handed on."""


def told(movement: Movement) -> dict[str, Any]:
    """A movement as an event tells it."""
    return {
        "accounts_fen": dict(movement.accounts_fen),
        "tranches_fen": dict(movement.tranches_fen),
        "lending_fen": movement.lending_fen,
        "deposit_fen": movement.deposit_fen,
    }


def ledgers(connection: Connection, *, lock: bool = False) -> dict[str, Ledger]:
    """The books of all vehicles that have opened, by code; locked they stay as they are until the transaction ends."""
    rows = connection.execute(f"SELECT * FROM vehicle ORDER BY vehicle{' FOR UPDATE' if lock else ''}").fetchall()
    return _ledgers(rows, connection.execute("SELECT * FROM vehicle_balance ORDER BY vehicle, kind, name").fetchall())


def _ledgers(rows: Sequence[Row], balances: Sequence[Row]) -> dict[str, Ledger]:
    amounts: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row in balances:
        amounts[row["vehicle"], row["kind"]][row["name"]] = row["amount_fen"]
    return {
        row["vehicle"]: Ledger(
            vehicle=row["vehicle"],
            opened_on=units.day(row["opened_on"]),
            paid_to=units.day(row["paid_to"]),
            accounts_fen=amounts[row["vehicle"], "account"],
            tranches_fen=amounts[row["vehicle"], "tranche"],
            unpaid_fen=amounts[row["vehicle"], "unpaid"],
            breached=tuple(row["breached"]),
            lending_fen=amounts[row["vehicle"], "lending"].get("", 0),
            deposit_fen=amounts[row["vehicle"], "deposit"].get("", 0),
        )
        for row in rows
    }


def move_balances(connection: Connection, vehicle: str, movement: Movement) -> None:
    """Add a movement to a vehicle's balances; the event that tells it is written in the same transaction."""
    kinds = {"account": movement.accounts_fen, "tranche": movement.tranches_fen}
    kinds |= {"lending": {"": movement.lending_fen}, "deposit": {"": movement.deposit_fen}}
    rows = [{"kind": kind, "name": name, "amount_fen": amount} for kind, each in kinds.items() for name, amount in each.items()]
    values = (vehicle, msgspec.json.encode(rows).decode())
    # In two steps: a row that is inserted must be lawful by itself, and a change below 0 is not.
    connection.execute(
        "INSERT INTO vehicle_balance SELECT %s, kind, name, 0 FROM jsonb_populate_recordset(NULL::vehicle_balance, %s::jsonb) "
        "ON CONFLICT (vehicle, kind, name) DO NOTHING",
        values,
    )
    connection.execute(
        "UPDATE vehicle_balance b SET amount_fen = b.amount_fen + x.amount_fen "
        "FROM jsonb_populate_recordset(NULL::vehicle_balance, %s::jsonb) x "
        "WHERE b.vehicle = %s AND b.kind = x.kind AND b.name = x.name",
        values[::-1],
    )


def set_unpaid(connection: Connection, vehicle: str, unpaid_fen: Mapping[str, int]) -> None:
    """Put what a vehicle still owes, by claim, in the place of what it owed."""
    connection.execute("DELETE FROM vehicle_balance WHERE vehicle = %s AND kind = 'unpaid'", (vehicle,))
    for name, amount in sorted(unpaid_fen.items()):
        connection.execute("INSERT INTO vehicle_balance VALUES (%s, 'unpaid', %s, %s)", (vehicle, name, amount))


def balance_differences(connection: Connection) -> list[Row]:
    """Balances that are not the sum of their vehicle's events: vehicle, kind, name, held_fen, told_fen."""
    maps = " UNION ALL ".join(
        f"SELECT subject, '{kind}' AS kind, key AS name, value::bigint AS fen FROM moves, jsonb_each_text(content->'{field}')"
        for kind, field in _PLACES
    )
    query = f"""
        WITH moves AS (SELECT subject, content, number, kind FROM event
                       WHERE subject IN (SELECT vehicle FROM vehicle) AND kind = ANY(%s)),
        parts AS ({maps} UNION ALL
            SELECT subject, 'lending', '', (content->>'lending_fen')::bigint FROM moves UNION ALL
            SELECT subject, 'deposit', '', (content->>'deposit_fen')::bigint FROM moves UNION ALL
            SELECT subject, 'unpaid', key, value::bigint FROM (
                SELECT DISTINCT ON (subject) subject, content FROM moves WHERE kind = 'vehicle_paid' ORDER BY subject, number DESC
            ) last, jsonb_each_text(content->'unpaid_fen')),
        rebuilt AS (SELECT subject AS vehicle, kind, name, sum(fen)::bigint AS fen FROM parts GROUP BY 1, 2, 3)
        SELECT vehicle, kind, name, b.amount_fen AS held_fen, r.fen AS told_fen
        FROM vehicle_balance b FULL JOIN rebuilt r USING (vehicle, kind, name)
        WHERE coalesce(b.amount_fen, 0) <> coalesce(r.fen, 0) ORDER BY 1, 2, 3"""
    return connection.execute(query, (list(MOVES),)).fetchall()


def handed_on(connection: Connection, loan_ids: Sequence[str], day: dt.date) -> tuple[list[Row], list[Row]]:
    """Sales and buy-backs of loans before a day: loan_id, seller, payer."""
    query = (
        "SELECT loan_id, kind, seller, payer FROM taken_over WHERE loan_id = ANY(%s) AND on_day < %s "
        "AND kind IN ('sale', 'buy_back')"
    )
    rows = connection.execute(query, (sorted(set(loan_ids)), day)).fetchall()
    return [row for row in rows if row["kind"] == "sale"], [row for row in rows if row["kind"] == "buy_back"]


def charged_off_on(connection: Connection, loan_ids: Sequence[str], day: dt.date) -> dict[str, dt.date]:
    """The day on which loans were charged off, for those that were by a day."""
    query = "SELECT loan_id, closed_on FROM loan WHERE loan_id = ANY(%s) AND state = 'charged_off' AND closed_on <= %s"
    return {row["loan_id"]: row["closed_on"] for row in connection.execute(query, (sorted(set(loan_ids)), day))}


def held_loans(connection: Connection, vehicle: str, hashes: Sequence[str], after: str, most: int) -> list[Row]:
    """The next running loans after an id that a vehicle holds: loan_id, mandate_hash, sold (whether it bought the loan)."""
    query = (
        f"SELECT l.loan_id, l.mandate_hash FROM loan l WHERE l.state = 'disbursed' AND l.loan_id > %(after)s AND {_HELD} "
        "ORDER BY l.loan_id LIMIT %(most)s"
    )
    values = {"vehicle": vehicle, "hashes": list(hashes), "after": after, "most": most}
    return connection.execute(query, values).fetchall()


def never_handed_on(connection: Connection, hashes: Sequence[str], day: dt.date, after: str, most: int) -> list[str]:
    """The next loans after an id, made under some mandates and running as far as a day knew, whose claim is where it began."""
    query = (
        "SELECT l.loan_id FROM loan l WHERE (l.state = 'disbursed' OR (l.state = 'repaid' AND l.closed_on > %s)) "
        "AND l.disbursed_on <= %s AND l.mandate_hash = ANY(%s) AND l.loan_id > %s "
        "AND NOT EXISTS (SELECT 1 FROM taken_over t WHERE t.loan_id = l.loan_id) ORDER BY l.loan_id LIMIT %s"
    )
    return [row["loan_id"] for row in connection.execute(query, (day, day, list(hashes), after, most))]


def defaulted(connection: Connection, vehicle: str, hashes: Sequence[str], after: dt.date, to: dt.date) -> list[Row]:
    """Principal written off while a vehicle held the loan, by mandate_hash: whole_fen to a day, new_fen after another."""
    query = (
        "SELECT l.mandate_hash, sum((e.content->>'principal_fen')::bigint)::bigint AS whole_fen, "
        "coalesce(sum((e.content->>'principal_fen')::bigint) FILTER (WHERE e.happened_on > %(since)s), 0)::bigint AS new_fen "
        "FROM loan l JOIN event e ON e.subject = l.loan_id AND e.kind = 'loan_charged_off' AND e.happened_on <= %(to)s "
        f"WHERE l.state = 'charged_off' AND {_HELD} GROUP BY 1"
    )
    values = {"vehicle": vehicle, "hashes": list(hashes), "since": after, "to": to}
    return connection.execute(query, values).fetchall()


def funded(connection: Connection, vehicle: str, hashes: Sequence[str]) -> tuple[list[Row], int]:
    """Principal ever lent under some mandates, by mandate_hash as principal_fen, and the price of all loans a vehicle bought."""
    lent = connection.execute(
        "SELECT mandate_hash, sum(principal_fen)::bigint AS principal_fen FROM loan "
        "WHERE mandate_hash = ANY(%s) AND disbursed_on IS NOT NULL GROUP BY 1",
        (list(hashes),),
    ).fetchall()
    row = connection.execute(
        "SELECT coalesce(sum(paid_fen), 0)::bigint AS fen FROM taken_over WHERE kind = 'sale' AND payer = %s", (vehicle,)
    ).fetchone()
    return lent, row["fen"] if row else 0


def ratios_published(connection: Connection, vehicle: str, after: dt.date, to: dt.date) -> dict[str, tuple[int, int]]:
    """The newest value of each ratio published for a vehicle after one day and up to another, as numerator and denominator."""
    query = (
        "SELECT DISTINCT ON (key) key, value FROM event, jsonb_each(content->'ratios_fen') WHERE subject = %s "
        "AND kind = 'ratios_published' AND happened_on > %s AND happened_on <= %s ORDER BY key, happened_on DESC, number DESC"
    )
    rows = connection.execute(query, (vehicle, after, to))
    return {row["key"]: (int(row["value"][0]), int(row["value"][1])) for row in rows}


def deposits_added(connection: Connection, vehicle: str) -> int:
    """What was put in to fill a guarantor's deposit up again."""
    query = (
        "SELECT coalesce(sum((content->>'deposit_fen')::bigint), 0)::bigint AS fen FROM event "
        "WHERE subject = %s AND kind = 'vehicle_received'"
    )
    row = connection.execute(query, (vehicle,)).fetchone()
    return row["fen"] if row else 0


def funded_already(connection: Connection, vehicles: Iterable[str], references: Sequence[str]) -> set[tuple[str, str]]:
    """Which of some bank references vehicles were funded by: vehicle, reference. Locked vehicles keep it so."""
    query = (
        "SELECT subject, content->>'reference' AS reference FROM event WHERE subject = ANY(%s) AND kind = 'vehicle_received' "
        "AND content->>'why' = 'funding' AND content->>'reference' = ANY(%s)"
    )
    rows = connection.execute(query, (sorted(vehicles), sorted(set(references))))
    return {(row["subject"], row["reference"]) for row in rows}


def last_distributions(connection: Connection, vehicle: str, most: int) -> list[Row]:
    """The last payment dates of a vehicle, newest first: happened_on, content."""
    query = "SELECT happened_on, content FROM event WHERE subject = %s AND kind = 'vehicle_paid' ORDER BY number DESC LIMIT %s"
    return connection.execute(query, (vehicle, most)).fetchall()


def keep_due(
    connection: Connection,
    day: dt.date,
    rows: Iterable[tuple[str, str, str, int, int, dt.date | None]],
) -> int:
    """Keep partners' parts until their settlement day: (mandate_hash, loan_id, line, event_no, amount_fen, late_since); returns
    how many."""
    kept = 0
    columns = "mandate_hash, loan_id, line, event_no, amount_fen, late_since, day"
    with connection.cursor() as cursor, cursor.copy(f"COPY settlement_due ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row((*row, day))
            kept += 1
    return kept


def take_due(connection: Connection, hashes: Sequence[str]) -> list[Row]:
    """Take what waits under some mandates out: mandate_hash, loan_id, line, event_no, amount_fen, late_since."""
    query = (
        "DELETE FROM settlement_due WHERE mandate_hash = ANY(%s) "
        "RETURNING mandate_hash, loan_id, line, event_no, amount_fen, late_since"
    )
    return connection.execute(query, (list(hashes),)).fetchall()


def waiting_mandates(connection: Connection) -> list[str]:
    """Hashes of mandates under which money waits to be settled."""
    return [row["mandate_hash"] for row in connection.execute("SELECT DISTINCT mandate_hash FROM settlement_due ORDER BY 1")]


def waiting_sums(connection: Connection) -> dict[str, int]:
    """What waits to be settled, all lines of a mandate added up, by its hash."""
    query = "SELECT mandate_hash, sum(amount_fen)::bigint AS fen FROM settlement_due GROUP BY 1 ORDER BY 1"
    return {row["mandate_hash"]: row["fen"] for row in connection.execute(query)}


def cash_told(connection: Connection, begins: dt.datetime, ends: dt.datetime) -> int:
    """Cash of borrowers by the events recorded between two moments: received, less paid back, less taken back."""
    query = (
        "SELECT coalesce(sum(CASE e.kind WHEN 'event_reversed' THEN -p.amount_fen ELSE p.amount_fen END), 0)::bigint AS fen "
        "FROM event e JOIN payment p ON p.payment_id = e.content->>'payment_id' "
        "WHERE e.recorded_at >= %s AND e.recorded_at < %s AND "
        "e.kind IN ('payment_received', 'recovery_received', 'refund_paid', 'event_reversed')"
    )
    row = connection.execute(query, (begins, ends)).fetchone()
    return row["fen"] if row else 0


def files_told(connection: Connection, day: dt.date, ends: dt.datetime) -> list[Row]:
    """The settlement files that the close of a day wrote: subject, content. A day is closed after it ended."""
    query = (
        "SELECT subject, content FROM event WHERE kind = 'partner_settled' AND happened_on = %s AND recorded_at >= %s "
        "ORDER BY subject"
    )
    return connection.execute(query, (day, ends)).fetchall()
