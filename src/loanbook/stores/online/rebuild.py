"""State rebuilt from its events, and compared: each function returns rows of place, message, value and expected.

What an account says is not here: see `services.checking`.
"""

from collections.abc import Mapping

from loanbook.stores.online.unit import Connection, Row

STATE_AFTER: Mapping[str, str] = {
    "loan_drawn": "drawn",
    "loan_offered": "offered",
    "loan_confirmed": "confirmed",
    "loan_disbursed": "disbursed",
    "loan_unfunded": "unfunded",
    "loan_charged_off": "charged_off",
    "loan_cancelled": "cancelled",
    "confirmation_cancelled": "cancelled",
    "confirmation_expired": "cancelled",
}
"""The state that an event leaves a loan in; a disbursed one is disbursed or repaid, as its account says."""
NOT_OWED = ("unfunded",)
"""States whose principal was never lent and does not count against a line."""

_ONCE = (
    "loan_drawn",
    "loan_disbursed",
    "loan_unfunded",
    "loan_charged_off",
    "loan_cancelled",
    "confirmation_cancelled",
    "confirmation_expired",
    "borrower_registered",
    "line_opened",
)
"""Events that happen to a subject at most once."""

_DOUBLED = """
    SELECT kind || ' of ' || subject AS place, 'the event is there more than once' AS message, count(*)::text AS value,
           '1' AS expected
    FROM event WHERE kind = ANY(%(once)s) GROUP BY kind, subject HAVING count(*) > 1"""

_LOANS = """
    WITH last AS (
        SELECT DISTINCT ON (e.subject) e.subject, s.state FROM event e
        JOIN (SELECT * FROM unnest(%(kinds)s::text[], %(states)s::text[])) AS s(kind, state) USING (kind)
        -- A drawdown is told after its offer, in one transaction; whatever follows is later.
        ORDER BY e.subject, (e.kind = 'loan_drawn'), e.number DESC),
    drawn AS (SELECT subject, content FROM event WHERE kind = 'loan_drawn'),
    offered AS (
        SELECT DISTINCT ON (subject) subject, content FROM event WHERE kind = 'loan_offered' ORDER BY subject, number DESC),
    paid_out AS (
        SELECT subject, happened_on, content->>'provider_reference' AS reference FROM event WHERE kind = 'loan_disbursed'),
    refused AS (
        SELECT subject, array_agg(content->>'partner' ORDER BY number) AS partners FROM event
        WHERE kind IN ('loan_refused', 'reservation_expired') GROUP BY 1),
    compared AS (
        SELECT coalesce(l.loan_id, d.subject) AS loan_id,
               l.state || '|' || l.principal_fen || '|' || l.rate_annual || '|' || l.terms_hash || '|' || l.line_id || '|'
               || coalesce(l.mandate, '') || '|' || coalesce(l.partner, '') || '|' || coalesce(l.disbursed_on::text, '') || '|'
               || array_to_string(l.refused_by, ',') || '|' || coalesce(l.payout_reference, '') AS held,
               CASE WHEN x.state = 'disbursed' AND l.state = 'repaid' THEN 'repaid' ELSE x.state END || '|'
               || (d.content->>'principal_fen') || '|' || (d.content->>'rate_annual') || '|' || (d.content->>'terms_hash') || '|'
               || (d.content->>'line_id') || '|'
               || CASE WHEN x.state = 'unfunded' THEN '' ELSE coalesce(o.content->>'mandate', '') END || '|'
               || CASE WHEN x.state = 'unfunded' THEN '' ELSE coalesce(o.content->>'partner', '') END || '|'
               || coalesce(p.happened_on::text, '') || '|' || coalesce(array_to_string(r.partners, ','), '') || '|'
               -- Before payouts were booked once, several loans could name one; the first of them holds it.
               || CASE WHEN l.payout_reference IS NULL AND y.loan_id IS NOT NULL THEN '' ELSE coalesce(p.reference, '') END
               AS rebuilt
        FROM loan l FULL JOIN drawn d ON d.subject = l.loan_id
        LEFT JOIN last x ON x.subject = coalesce(l.loan_id, d.subject)
        LEFT JOIN offered o ON o.subject = x.subject
        LEFT JOIN paid_out p ON p.subject = x.subject
        LEFT JOIN loan y ON y.payout_reference = p.reference AND y.loan_id <> l.loan_id
        LEFT JOIN refused r ON r.subject = x.subject)
    SELECT 'loan ' || loan_id AS place,
           CASE WHEN held IS NULL THEN 'its events are there and its row is not'
                WHEN rebuilt IS NULL THEN 'its row is there and its drawdown is no event'
                ELSE 'its row is not what its events led to' END AS message,
           coalesce(held, '') AS value, coalesce(rebuilt, '') AS expected
    FROM compared WHERE held IS DISTINCT FROM rebuilt ORDER BY 1"""

_RESERVATIONS = """
    WITH told AS (
        SELECT subject AS loan_id, (content->>'attempt')::int AS attempt, content->>'mandate' AS mandate, number,
               lead(number) OVER (PARTITION BY subject ORDER BY number) AS next FROM event WHERE kind = 'loan_offered'),
    rebuilt AS (
        SELECT t.loan_id, t.attempt, t.mandate,
               coalesce((SELECT CASE e.kind WHEN 'loan_confirmed' THEN 'confirmed' ELSE 'released' END FROM event e
                         WHERE e.subject = t.loan_id AND e.number > t.number AND (t.next IS NULL OR e.number < t.next)
                           AND e.kind IN ('loan_confirmed', 'loan_refused', 'reservation_expired', 'loan_cancelled',
                                          'confirmation_cancelled', 'confirmation_expired')
                         ORDER BY e.number DESC LIMIT 1), 'reserved') AS state FROM told t)
    SELECT 'reservation of loan ' || loan_id || ', attempt ' || attempt AS place,
           'is not what its events led to' AS message,
           coalesce(r.mandate || ' ' || r.state, 'no row') AS value, coalesce(x.mandate || ' ' || x.state, 'no event') AS expected
    FROM reservation r FULL JOIN rebuilt x USING (loan_id, attempt)
    WHERE (r.mandate, r.state) IS DISTINCT FROM (x.mandate, x.state) ORDER BY 1"""

_LINES = """
    WITH rebuilt AS (
        SELECT o.subject AS line_id, (o.content->>'limit_fen')::bigint AS limit_fen,
               (o.content->>'rate_annual')::bigint AS rate_annual,
               CASE WHEN e.subject IS NOT NULL THEN 'expired' WHEN i.erased_at IS NOT NULL THEN 'closed' ELSE 'open' END AS state
        FROM event o LEFT JOIN (SELECT DISTINCT subject FROM event WHERE kind = 'line_expired') e USING (subject)
        LEFT JOIN identity i ON i.borrower_id = o.content->>'borrower_id' WHERE o.kind = 'line_opened')
    SELECT 'line ' || line_id AS place, 'is not what its events led to' AS message,
           coalesce(c.limit_fen || ' ' || c.rate_annual || ' ' || c.state, 'no row') AS value,
           coalesce(x.limit_fen || ' ' || x.rate_annual || ' ' || x.state, 'no event') AS expected
    FROM credit_line c FULL JOIN rebuilt x USING (line_id)
    WHERE (c.limit_fen, c.rate_annual, c.state) IS DISTINCT FROM (x.limit_fen, x.rate_annual, x.state) ORDER BY 1"""

_USES = """
    SELECT 'line ' || c.line_id AS place, 'its use is not what its loans owe' AS message, c.used_fen::text AS value,
           coalesce(l.owed, 0)::text AS expected
    FROM credit_line c LEFT JOIN (
        SELECT line_id, sum(principal_fen - principal_repaid_fen) AS owed FROM loan WHERE state <> ALL(%(not_owed)s) GROUP BY 1) l
    USING (line_id) WHERE c.used_fen <> coalesce(l.owed, 0) ORDER BY 1"""

_PAYMENTS = """
    SELECT 'payment ' || p.payment_id AS place,
           CASE WHEN e.number IS NULL THEN 'no event tells it' ELSE 'its return is not what its events say' END AS message,
           CASE WHEN p.reversed THEN 'reversed' ELSE 'stands' END AS value,
           CASE WHEN e.number IS NULL THEN '' WHEN r.payment_id IS NULL THEN 'stands' ELSE 'reversed' END AS expected
    FROM payment p
    LEFT JOIN event e ON e.subject = p.loan_id AND e.kind IN ('payment_received', 'recovery_received', 'refund_paid')
        AND e.content->>'payment_id' = p.payment_id
    LEFT JOIN (SELECT DISTINCT content->>'payment_id' AS payment_id FROM event WHERE kind = 'event_reversed') r
        ON r.payment_id = p.payment_id
    WHERE e.number IS NULL OR p.reversed <> (r.payment_id IS NOT NULL) ORDER BY 1"""

_BORROWERS = """
    SELECT 'borrower ' || coalesce(b.borrower_id, e.subject) AS place,
           CASE WHEN b.borrower_id IS NULL THEN 'its event is there and its row is not' ELSE 'no event tells it' END AS message,
           '' AS value, '' AS expected
    FROM borrower b
    FULL JOIN (SELECT DISTINCT subject FROM event WHERE kind = 'borrower_registered') e ON e.subject = b.borrower_id
    WHERE b.borrower_id IS NULL OR e.subject IS NULL
    UNION ALL
    SELECT 'borrower ' || b.borrower_id, 'has no identity', '', '' FROM borrower b LEFT JOIN identity i USING (borrower_id)
    WHERE i.borrower_id IS NULL ORDER BY 1"""

_DECISIONS = """
    SELECT 'decision ' || coalesce(d.decision_id, e.id) AS place, 'is not what its event says' AS message,
           coalesce(d.outcome, 'no row') AS value, coalesce(e.outcome, 'no event') AS expected
    FROM decision d FULL JOIN (SELECT content->>'decision_id' AS id, content->>'outcome' AS outcome FROM event
                               WHERE kind = 'application_decided') e ON e.id = d.decision_id
    WHERE d.outcome IS DISTINCT FROM e.outcome ORDER BY 1"""

REBUILT: Mapping[str, str] = {
    "events once": _DOUBLED,
    "borrowers": _BORROWERS,
    "decisions": _DECISIONS,
    "lines": _LINES,
    "loans": _LOANS,
    "reservations": _RESERVATIONS,
    "payments": _PAYMENTS,
}
"""What is rebuilt from events, by name."""


def differences(connection: Connection, name: str, most: int) -> list[Row]:
    """Rows of one kind that are not what their events led to, at most so many: place, message, value, expected."""
    return _rows(connection, REBUILT[name], most)


def line_uses(connection: Connection, most: int) -> list[Row]:
    """Lines whose use is not what their loans owe."""
    return _rows(connection, _USES, most)


def _rows(connection: Connection, query: str, most: int) -> list[Row]:
    values = {
        "once": list(_ONCE),
        "kinds": list(STATE_AFTER),
        "states": list(STATE_AFTER.values()),
        "not_owed": list(NOT_OWED),
        "most": most,
    }
    return connection.execute(f"SELECT * FROM ({query}) AS x LIMIT %(most)s", values).fetchall()
