"""The step to payouts that are booked once: references come from the events, and a count that was never kept goes."""

import psycopg

from loanbook.stores.online.migrate import migrate
from tests.online.conftest import engine_of

_BEFORE = """
INSERT INTO terms VALUES ('h', 'strategy', 's', '2024-01-01', 'c', now());
INSERT INTO borrower VALUES ('b', 'consumer', 'example', 0, now(), 0);
INSERT INTO application VALUES ('a', 'b', '2024-05-06', 'approved', '', now());
INSERT INTO decision (decision_id, application_id, borrower_id, decided_on, strategy_hash, outcome, reasons, sealed, recorded_at)
    VALUES ('d', 'a', 'b', '2024-05-06', 'h', 'approved', '{}', '', now());
INSERT INTO credit_line (line_id, borrower_id, decision_id, kind, grade, province, rate_annual, limit_fen, used_fen, opened_on,
    expires_on, state) VALUES ('l', 'b', 'd', 'consumer', 'A', 'hunan', 1, 100, 40, '2024-05-06', '2025-05-06', 'open');
"""
_LOAN = """
INSERT INTO quote VALUES ('q-' || %(loan)s, 'l', 'b', 'p', 'h', 10, 3, 1, 1, 1, '2024-05-06', now(), NULL);
INSERT INTO loan (loan_id, borrower_id, line_id, quote_id, product, terms_hash, principal_fen, installment_count, rate_annual,
    drawn_on, state, principal_repaid_fen)
    VALUES (%(loan)s, 'b', 'l', 'q-' || %(loan)s, 'p', 'h', 10, 3, 1, '2024-05-06', 'disbursed', 0);
INSERT INTO event (kind, subject, happened_on, recorded_at, content)
    VALUES ('loan_disbursed', %(loan)s, '2024-05-06', now(), %(content)s);
"""


def test_payouts_come_from_events_and_the_first_of_two_loans_keeps_one_that_both_name(empty_dsn):
    engine = engine_of(empty_dsn)
    migrate(engine, "v0007")
    told = {"lo-2": "out-a", "lo-1": "out-a", "lo-3": "out-b", "lo-4": None}
    with psycopg.connect(empty_dsn) as connection, psycopg.ClientCursor(connection) as cursor:
        cursor.execute(_BEFORE)
        for loan, reference in told.items():
            content = "{}" if reference is None else f'{{"provider_reference": "{reference}"}}'
            cursor.execute(_LOAN, {"loan": loan, "content": content})
    migrate(engine)
    engine.dispose()
    with psycopg.connect(empty_dsn) as connection:
        rows = connection.execute("SELECT loan_id, payout_reference FROM loan ORDER BY 1").fetchall()
        columns = [each.name for each in connection.execute("SELECT * FROM borrower").description]
        events = connection.execute("SELECT count(*) FROM event").fetchone()
    assert rows == [("lo-1", None), ("lo-2", "out-a"), ("lo-3", "out-b"), ("lo-4", None)]
    assert "drawdowns" not in columns
    assert events == (4,)
