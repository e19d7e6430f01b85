"""The step to bands of ages: years that a line held become five of them, and nothing else of the line changes."""

import psycopg

from loanbook.stores.online.migrate import migrate
from tests.online.conftest import engine_of

_BEFORE = """
INSERT INTO terms VALUES ('h', 'strategy', 's', '2024-01-01', 'c', now());
INSERT INTO borrower VALUES ('b', 'consumer', 'example', 0, now(), 0);
INSERT INTO application VALUES ('a', 'b', '2024-05-06', 'approved', '', now());
INSERT INTO decision (decision_id, application_id, borrower_id, decided_on, strategy_hash, outcome, reasons, sealed, recorded_at)
    VALUES ('d', 'a', 'b', '2024-05-06', 'h', 'approved', '{}', '', now());
"""
_LINE = """
INSERT INTO credit_line (line_id, borrower_id, decision_id, kind, grade, province, age_years, rate_annual, limit_fen, used_fen,
    opened_on, expires_on, state)
VALUES (%s, 'b', 'd', 'consumer', 'A', 'hunan', %s, 1, 100, 40, '2024-05-06', '2025-05-06', 'open')
"""


def test_years_become_bands_and_a_line_stays_what_it_is(empty_dsn):
    engine = engine_of(empty_dsn)
    migrate(engine, "v0005")
    ages = {"l-37": 37, "l-20": 20, "l-0": 0, "l-none": None}
    with psycopg.connect(empty_dsn) as connection:
        connection.execute(_BEFORE)
        for line_id, age in ages.items():
            connection.execute(_LINE, (line_id, age))
    migrate(engine)
    engine.dispose()
    with psycopg.connect(empty_dsn) as connection:
        rows = connection.execute("SELECT line_id, age_least, age_most, province, used_fen, state FROM credit_line").fetchall()
        columns = [each.name for each in connection.execute("SELECT * FROM credit_line").description]
    bands = {"l-37": (35, 39), "l-20": (20, 24), "l-0": (0, 4), "l-none": (None, None)}
    assert {row[0]: row[1:3] for row in rows} == bands
    assert {row[3:] for row in rows} == {("hunan", 40, "open")}
    assert "age_years" not in columns
