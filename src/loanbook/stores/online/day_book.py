"""What a day close asks of the online store and keeps in it, besides the columns of loans."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from loanbook.errors import Finding
from loanbook.stores.online.day_columns import gathered
from loanbook.stores.online.unit import Connection, Row
from loanbook.units import NEVER, Ints

_LOCK = 0x10A_DA11
_SWEEP_LOCK = 0x10A_5EE9
_MONEY = "('payment_received', 'recovery_received', 'refund_paid')"
"""Events of money, each with its payment."""
_AMOUNT = "CASE e.kind WHEN 'refund_paid' THEN -1 ELSE 1 END * (e.content->>'amount_fen')::int8"
"""What such an event brought: below 0 for a refund."""
_PAID_CLAIM = "((e.content->>'principal_fen')::int8 + (e.content->>'interest_fen')::int8)"
"""What a guarantor paid, of the event that tells it."""


_FOR_COLUMNS = "set_config('work_mem', '64MB', true), set_config('jit', 'off', true)"


def plan_for_columns(connection: Connection) -> None:
    """For this transaction: room to join a chunk in memory, and no compiling of queries that take less long than that."""
    connection.execute(f"SELECT {_FOR_COLUMNS}")


def lock_day(connection: Connection) -> None:
    """One closer at a time, as `plan_for_columns` says; held until the transaction ends."""
    connection.execute(f"SELECT {_FOR_COLUMNS}, pg_advisory_xact_lock(%s)", (_LOCK,))


def steps_done(connection: Connection, day: dt.date) -> dict[str, Row]:
    """The steps of a day that are done."""
    query = "SELECT step, result, findings, done_at FROM day_step WHERE day = %s ORDER BY done_at"
    return {row["step"]: row for row in connection.execute(query, (day,))}


def step_done(connection: Connection, day: dt.date, step: str) -> Row | None:
    """One step of a day, if it is done; the others' results are not read."""
    query = "SELECT step, result, findings, done_at FROM day_step WHERE day = %s AND step = %s"
    return connection.execute(query, (day, step)).fetchone()


def keep_step(
    connection: Connection, day: dt.date, step: str, result: object, findings: Sequence[Finding], now: dt.datetime
) -> None:
    """Note a step as done, in the transaction of its consequences."""
    told = [msgspec.json.encode(each).decode() for each in (result, findings)]
    connection.execute("INSERT INTO day_step VALUES (%s, %s, %s::jsonb, %s::jsonb, %s)", (day, step, *told, now))


def next_day(connection: Connection, last_step: str) -> dt.date | None:
    """The first day that is still to be closed: after the last closed one, else the day of the first drawdown."""
    query = (
        "SELECT coalesce((SELECT max(day) + 1 FROM day_step WHERE step = %s), (SELECT min(day) FROM day_step), "
        "(SELECT min(drawn_on) FROM loan), (SELECT min(opened_on) FROM credit_line)) AS day"
    )
    row = connection.execute(query, (last_step,)).fetchone()
    return row["day"] if row else None


def waiting_reservations(connection: Connection) -> list[Row]:
    """Reservations that wait for an answer, with the terms of their mandate; the oldest question first."""
    query = (
        "SELECT r.*, l.mandate_hash, l.partner FROM reservation r JOIN loan l USING (loan_id) "
        "WHERE r.state = 'reserved' AND l.state = 'offered' ORDER BY r.asked_at, r.loan_id"
    )
    return connection.execute(query).fetchall()


def confirmed_loans(connection: Connection, before: dt.date) -> list[Row]:
    """Loans that wait to be paid out, drawn before a day, the oldest first: loan_id, mandate_hash, drawn_on."""
    query = (
        "SELECT loan_id, mandate_hash, drawn_on FROM loan WHERE state = 'confirmed' AND drawn_on < %s ORDER BY drawn_on, loan_id"
    )
    return connection.execute(query, (before,)).fetchall()


def take_sweep(connection: Connection) -> bool:
    """Whether nobody else sweeps; held until the transaction ends."""
    row = connection.execute("SELECT pg_try_advisory_xact_lock(%s) AS free", (_SWEEP_LOCK,)).fetchone()
    return bool(row and row["free"])


def expire_lines(connection: Connection, day: dt.date, now: dt.datetime) -> int:
    """End the lines whose last day is over, each with its event; returns how many."""
    row = connection.execute(
        "WITH ended AS (UPDATE credit_line SET state = 'expired' WHERE line_id IN (SELECT line_id FROM credit_line "
        "WHERE state = 'open' AND expires_on <= %s ORDER BY line_id FOR UPDATE) RETURNING line_id, borrower_id, expires_on), "
        "told AS (INSERT INTO event (kind, subject, happened_on, recorded_at, content) SELECT 'line_expired', line_id, "
        "expires_on, %s, jsonb_build_object('borrower_id', borrower_id) FROM ended) SELECT count(*) AS lines FROM ended",
        (day, now),
    ).fetchone()
    return row["lines"] if row else 0


def reset_quotas(connection: Connection, day: dt.date) -> int:
    """Remove the quotas of days before a day under which nothing waits for an answer; returns how many."""
    query = "DELETE FROM quota WHERE scope LIKE 'day:%%' AND scope < %s AND reserved_fen = 0"
    return connection.execute(query, (f"day:{day.isoformat()}",)).rowcount


def quota_differences(connection: Connection) -> list[Row]:
    """Quotas that are not what their reservations come to: mandate, scope, held and rebuilt, reserved and confirmed."""
    query = """
        WITH each AS (
            SELECT r.mandate, r.day, c.province, c.grade,
                   CASE r.state WHEN 'reserved' THEN r.amount_fen ELSE 0 END AS reserved,
                   CASE r.state WHEN 'confirmed' THEN r.amount_fen ELSE 0 END AS confirmed
            FROM reservation r JOIN loan l USING (loan_id) JOIN credit_line c USING (line_id) WHERE r.state <> 'released'),
        rebuilt AS (
            SELECT mandate, scope, sum(reserved) AS reserved, sum(confirmed) AS confirmed
            FROM each, LATERAL (VALUES ('total'), ('day:' || day), ('province:' || province), ('grade:' || grade)) AS s(scope)
            GROUP BY 1, 2)
        SELECT mandate, scope, q.reserved_fen, q.confirmed_fen, coalesce(x.reserved, 0)::bigint AS reserved,
               coalesce(x.confirmed, 0)::bigint AS confirmed
        FROM quota q FULL JOIN rebuilt x USING (mandate, scope)
        WHERE (q.reserved_fen, q.confirmed_fen) IS DISTINCT FROM (coalesce(x.reserved, 0), coalesce(x.confirmed, 0))
          AND (q.mandate IS NOT NULL OR scope = 'total') ORDER BY 1, 2"""
    return connection.execute(query).fetchall()


def cash_differences(connection: Connection, begins: dt.datetime, ends: dt.datetime) -> list[Row]:
    """Payment events recorded between two moments that no payment row agrees with: number, subject, amount_fen, held_fen."""
    query = f"""
        SELECT e.number, e.subject, {_AMOUNT} AS amount_fen, p.amount_fen AS held_fen
        FROM event e LEFT JOIN payment p ON p.payment_id = e.content->>'payment_id'
        WHERE e.recorded_at >= %s AND e.recorded_at < %s AND (e.kind IN {_MONEY} OR e.kind = 'event_reversed')
          AND CASE WHEN e.kind = 'event_reversed' THEN p.reversed IS NOT TRUE
              ELSE (p.loan_id, p.amount_fen) IS DISTINCT FROM (e.subject, {_AMOUNT}) END ORDER BY e.number"""
    return connection.execute(query, (begins, ends)).fetchall()


def taken_over_of(connection: Connection, loan_ids: Iterable[str], kind: str) -> dict[str, dt.date]:
    """On which day claims were taken over, for those that were."""
    query = "SELECT loan_id, on_day FROM taken_over WHERE loan_id = ANY(%s) AND kind = %s"
    return {row["loan_id"]: row["on_day"] for row in connection.execute(query, (sorted(set(loan_ids)), kind))}


def claims_taken_over(connection: Connection, loan_ids: Iterable[str], before: dt.date = dt.date.max) -> list[Row]:
    """What guarantors paid for claims on days before one: loan_id, on_day, and by then paid_fen and claim_fen.

    claim_fen is what the lender was owed, paid or not. A row for the day on which a claim passed, and for each on which more was
    paid; by loan, in order.
    """
    # OFFSET 0: the events of each claim are looked up, and the table is not read whole.
    query = (
        "SELECT t.loan_id, p.on_day, sum(p.paid_fen) OVER earlier AS paid_fen, "
        "sum(p.paid_fen + p.uncovered_fen) OVER earlier AS claim_fen FROM taken_over t CROSS JOIN LATERAL "
        f"(SELECT e.number, e.happened_on AS on_day, {_PAID_CLAIM} AS paid_fen, "
        "(e.content->>'uncovered_fen')::int8 AS uncovered_fen FROM event e "
        "WHERE e.subject = t.loan_id AND e.kind = 'loan_compensated' AND e.happened_on < %s OFFSET 0) p "
        "WHERE t.loan_id = ANY(%s) AND t.kind = 'compensation' "
        "WINDOW earlier AS (PARTITION BY t.loan_id ORDER BY p.number) ORDER BY t.loan_id, p.number"
    )
    rows = connection.execute(query, (before, sorted(set(loan_ids)))).fetchall()
    return [row | {"paid_fen": int(row["paid_fen"]), "claim_fen": int(row["claim_fen"])} for row in rows]


def bounced_claims(
    connection: Connection, day: dt.date, begins: dt.datetime, ends: dt.datetime, also: Iterable[str]
) -> dict[str, Row]:
    """Claims that guarantors paid for before a day: those for which money bounced between two moments, and those of other loans.

    Rows of `taken_over`, by loan.
    """
    query = (
        "WITH loans AS MATERIALIZED (SELECT subject FROM event WHERE kind = 'event_reversed' AND recorded_at >= %s "
        "AND recorded_at < %s UNION SELECT unnest(%s::text[])) "
        "SELECT t.* FROM loans CROSS JOIN LATERAL (SELECT * FROM taken_over WHERE loan_id = loans.subject "
        "AND kind = 'compensation' AND on_day < %s OFFSET 0) t ORDER BY t.loan_id"
    )
    return {row["loan_id"]: row for row in connection.execute(query, (begins, ends, sorted(set(also)), day))}


def guarantee_sums(connection: Connection, mandate: str, day: dt.date) -> tuple[int, int, int]:
    """Of a mandate: principal disbursed by a day and not cancelled by then, what its guarantor paid, what came back of that;
    minor units."""
    row = connection.execute(
        "SELECT (SELECT coalesce(sum(principal_fen), 0)::bigint FROM loan WHERE mandate = %s AND disbursed_on <= %s "
        "AND NOT (state = 'cancelled' AND closed_on <= %s)) AS a, "
        "(SELECT coalesce(sum(paid_fen), 0)::bigint FROM taken_over WHERE mandate = %s AND kind = 'compensation') AS b, "
        "(SELECT coalesce(sum((result->'recovered_fen'->>%s)::bigint), 0)::bigint FROM day_step "
        "WHERE step = 'settlement_files') AS c",
        (mandate, day, day, mandate, mandate),
    ).fetchone()
    return (row["a"], row["b"], row["c"]) if row else (0, 0, 0)


def deposit_used(connection: Connection, payer: str) -> int:
    """What a guarantor took of the deposit it holds."""
    query = "SELECT coalesce(sum(from_deposit_fen), 0)::bigint AS used FROM taken_over WHERE payer = %s"
    row = connection.execute(query, (payer,)).fetchone()
    return row["used"] if row else 0


def keep_queue(
    connection: Connection, day: dt.date, loan_ids: Sequence[str], stages: Sequence[str], dpd: Ints, overdue_fen: Ints
) -> None:
    """Put the queue of a day in the place of the last one."""
    connection.execute("DELETE FROM queued")
    columns = "place, day, loan_id, stage, dpd, overdue_fen"
    with connection.cursor() as cursor, cursor.copy(f"COPY queued ({columns}) FROM STDIN") as copy:
        for row in zip(range(1, len(loan_ids) + 1), loan_ids, stages, dpd.tolist(), overdue_fen.tolist(), strict=True):
            copy.write_row((row[0], day, *row[1:]))


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedMoney:
    """Payments of loans that money was booked for on a day, by place of the loan in `loan_ids`; (payments,) int64.

    event_no           (loans,) the last event of each loan on the day
    recovery           bool: booked as recovered, after a charge-off
    booked_on          the civil day that recorded it;  reversed_on  the day that took it back, `units.NEVER`
    """

    loan_ids: Sequence[str]
    event_no: Ints
    loan: Ints
    on: Ints
    amount_fen: Ints
    payoff: Ints
    recovery: Ints
    booked_on: Ints
    reversed_on: Ints


def booked_money(
    connection: Connection,
    begins: dt.datetime,
    ends: dt.datetime,
    zone: str,
    among: Iterable[str] | None = None,
    *,
    also: Iterable[str] = (),
) -> BookedMoney:
    """All money, until then, of the loans, or of those among some, for which some came, bounced or was paid back between two
    moments; and of others."""
    touched = connection.execute(
        "SELECT subject, max(number) AS number FROM event JOIN loan l ON l.loan_id = subject AND l.disbursed_on IS NOT NULL "
        f"WHERE (kind IN {_MONEY} OR kind = 'event_reversed') AND recorded_at >= %s AND recorded_at < %s "
        "AND (%s::text[] IS NULL OR subject = ANY(%s)) GROUP BY 1 ORDER BY 1",
        (begins, ends, *[None if among is None else sorted(set(among))] * 2),
    ).fetchall()
    others = sorted(set(also) - {row["subject"] for row in touched})
    if others:
        touched += connection.execute(
            f"SELECT subject, max(number) AS number FROM event WHERE subject = ANY(%s) AND (kind IN {_MONEY} "
            "OR kind = 'event_reversed') AND recorded_at < %s GROUP BY 1",
            (others, ends),
        ).fetchall()
        touched.sort(key=lambda row: str(row["subject"]))
    ids = [row["subject"] for row in touched]

    def day(column: str) -> str:
        return f"(({column} AT TIME ZONE '{zone}')::date - DATE '1970-01-01')::int8"

    found = gathered(
        connection,
        (
            "e.n - 1",
            "(e.happened_on - DATE '1970-01-01')::int8",
            _AMOUNT,
            "(coalesce(e.content->>'purpose', '') = 'payoff')::int4::int8",
            day("e.recorded_at"),
            f"coalesce({day('r.recorded_at')}, {NEVER})",
            "(e.kind = 'recovery_received')::int4::int8",
        ),
        "FROM told e LEFT JOIN told r ON r.n = e.n AND r.payment_id = e.payment_id AND r.kind = 'event_reversed' "
        f"WHERE e.kind IN {_MONEY}",
        (ids, ends),
        # OFFSET 0: each loan's events are looked up, and the table is not read whole.
        first="WITH told AS MATERIALIZED (SELECT l.n, e.* FROM unnest(%s::text[]) WITH ORDINALITY AS l(loan_id, n) CROSS JOIN "
        "LATERAL (SELECT kind, happened_on, recorded_at, content, content->>'payment_id' AS payment_id FROM event "
        f"WHERE subject = l.loan_id AND (kind IN {_MONEY} OR kind = 'event_reversed') AND recorded_at < %s OFFSET 0) e)",
    )
    return BookedMoney(
        loan_ids=ids,
        event_no=np.array([row["number"] for row in touched], np.int64),
        loan=found[0],
        on=found[1],
        amount_fen=found[2],
        payoff=found[3],
        booked_on=found[4],
        reversed_on=found[5],
        recovery=found[6] == 1,
    )


def disbursements(connection: Connection, begins: dt.datetime, ends: dt.datetime) -> list[Row]:
    """Loans paid out, as recorded between two moments: loan_id, number, mandate_hash, principal_fen."""
    query = (
        "SELECT l.loan_id, e.number, l.mandate_hash, l.principal_fen FROM event e JOIN loan l ON l.loan_id = e.subject "
        "WHERE e.kind = 'loan_disbursed' AND e.recorded_at >= %s AND e.recorded_at < %s ORDER BY e.number"
    )
    return connection.execute(query, (begins, ends)).fetchall()


def taken_over_on(connection: Connection, day: dt.date) -> list[Row]:
    """What was paid by the close of a day for claims that passed then, or had passed before: loan_id, kind, mandate_hash, payer,
    seller, paid_fen, from_deposit_fen, number of the event."""
    query = (
        "SELECT t.loan_id, t.kind, l.mandate_hash, t.payer, t.seller, e.number, "
        f"CASE t.kind WHEN 'compensation' THEN {_PAID_CLAIM} ELSE t.paid_fen END AS paid_fen, "
        "CASE t.kind WHEN 'compensation' THEN (e.content->>'from_deposit_fen')::int8 ELSE 0 END AS from_deposit_fen "
        "FROM taken_over t JOIN loan l USING (loan_id) CROSS JOIN LATERAL (SELECT number, content FROM event "
        "WHERE subject = t.loan_id AND happened_on = %(day)s "
        "AND kind = CASE t.kind WHEN 'compensation' THEN 'loan_compensated' ELSE 'loan_bought_back' END OFFSET 0) e "
        "WHERE t.kind <> 'sale' AND (t.on_day = %(day)s OR t.last_on = %(day)s) ORDER BY t.loan_id, t.kind, e.number"
    )
    return connection.execute(query, {"day": day}).fetchall()
