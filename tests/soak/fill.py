"""Borrowers, lines and quotes written by SQL, because a soak is about what happens to them afterwards."""

import datetime as dt

from loanbook import units
from loanbook.services.platform_terms import archive_terms, platform_terms
from loanbook.stores.online.unit import connect

PRINCIPAL_FEN = 10_000
"""Less than a product lends, so that a day's quotas hold more than 300,000 reservations."""
RATE = 220_000_000_000
PROVINCES = ["hunan", "guangdong", "sichuan", "zhejiang", "hubei", "henan", "shandong", "jiangsu", "shanghai", "fujian"]
GRADES = ["A", "B", "C", "D"]

_ROWS = """
CREATE TEMP TABLE made AS SELECT n, (%(provinces)s::text[])[1 + n %% %(province_count)s] AS province,
    (%(grades)s::text[])[1 + (n / 7) %% %(grade_count)s] AS grade FROM generate_series(0, %(quotes)s - 1) AS n;
INSERT INTO borrower (borrower_id, kind, channel, acquisition_cost_fen, registered_at)
    SELECT 'bw-' || n, 'consumer', 'soak', 0, %(now)s FROM made;
INSERT INTO application (application_id, borrower_id, applied_on, state, sealed, recorded_at)
    SELECT 'ap-' || n, 'bw-' || n, %(day)s, 'approved', '', %(now)s FROM made;
INSERT INTO decision (decision_id, application_id, borrower_id, decided_on, strategy_hash, outcome, reasons, sealed, recorded_at)
    SELECT 'de-' || n, 'ap-' || n, 'bw-' || n, %(day)s, %(strategy)s, 'approved', '{}', '', %(now)s FROM made;
INSERT INTO credit_line (line_id, borrower_id, decision_id, kind, grade, province, age_least, age_most, rate_annual, limit_fen,
    used_fen, opened_on, expires_on, state) SELECT 'li-' || n, 'bw-' || n, 'de-' || n, 'consumer', grade, province, 35, 39,
    %(rate)s, 1000000, 0, %(day)s, %(day)s::date + 700, 'open' FROM made;
INSERT INTO quote (quote_id, line_id, borrower_id, product, terms_hash, principal_fen, installment_count, rate_annual,
    all_in_nominal, all_in_effective, quoted_on, expires_at) SELECT 'qu-' || n, 'li-' || n, 'bw-' || n, 'cash_loan', %(terms)s,
    %(principal)s, 12, %(rate)s, %(rate)s, %(rate)s, %(day)s, %(now)s + interval '1 day' FROM made
"""


def fill(dsn: str, quotes: int, now: dt.datetime, day: dt.date) -> None:
    """Write `qu-0` to `qu-N`, each of a borrower and line of its own, over ten provinces and four grades."""
    terms = platform_terms()
    product = terms.product("cash_loan", units.day(day))
    strategy = next(each for each in terms.strategies if "small" not in each.code)
    values = {
        "quotes": quotes,
        "now": now,
        "day": day,
        "provinces": PROVINCES,
        "province_count": len(PROVINCES),
        "grades": GRADES,
        "grade_count": len(GRADES),
        "strategy": strategy.hash,
        "terms": product.hash,
        "rate": RATE,
        "principal": PRINCIPAL_FEN,
    }
    with connect(dsn) as connection:
        archive_terms(terms, connection, now)
        for statement in _ROWS.split(";"):
            connection.execute(statement, values)
        connection.commit()
        connection.autocommit = True
        connection.execute("ANALYZE")
