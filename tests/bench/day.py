"""A day close over a store of many running loans: `python -m tests.bench.day [--loans 100000]`.

Loans are written by SQL: 12 instalments, drawn over the eleven months before, one in 25 stopped paying at some time; every
payment has its event. The first close loads compiled code and is not counted; the second one is timed, step by step, with
what it wrote.
"""

import argparse
import datetime as dt
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import psycopg

from loanbook import units
from loanbook.loans.account import Drawdown, account_of, fact_rows
from loanbook.loans.facts import Row
from loanbook.services.day import ZONE
from loanbook.services.day_close import STEPS, close_days, day_terms
from loanbook.services.day_figures import figures_of
from loanbook.services.day_pass import CHUNK, Book
from loanbook.services.platform_terms import archive_terms, platform_terms
from loanbook.stores.embedded import ROLE, Embedded, found_binaries
from loanbook.stores.online.migrate import migrate_dsn
from loanbook.stores.online.unit import connect
from loanbook.terms.product import contract_row

DAY = dt.date(2025, 3, 14)
RATE = 240_000_000_000
COUNT = 12
PRINCIPALS = tuple(range(100_000, 1_100_000, 100_000))

_ROWS = """
CREATE TEMP TABLE made AS SELECT n, 'lo-' || lpad(n::text, 12, '0') AS loan_id,
    %(day)s::date - 3 - ((n / 25 * 17 + n) %% 330)::int AS drawn_on,
    (n %% 10 + 1) * 100000 AS principal_fen, CASE WHEN n %% 25 = 7 THEN (n / 175) %% 8 ELSE 99 END AS pays
    FROM generate_series(1, %(loans)s) AS n;
INSERT INTO borrower SELECT 'bw-' || n, 'consumer', 'bench', 0, %(now)s FROM made;
INSERT INTO application SELECT 'ap-' || n, 'bw-' || n, drawn_on, 'approved', '', %(now)s FROM made;
INSERT INTO decision SELECT 'de-' || n, 'ap-' || n, 'bw-' || n, drawn_on, %(strategy)s,
    'approved', '{}', NULL, '', %(now)s FROM made;
INSERT INTO credit_line (line_id, borrower_id, decision_id, kind, grade, province, age_least, age_most, rate_annual, limit_fen,
    used_fen, opened_on, expires_on, state) SELECT 'li-' || n, 'bw-' || n, 'de-' || n, 'consumer', 'C', 'hunan', 35, 39, %(rate)s,
    2000000, principal_fen, drawn_on, drawn_on + 720, 'open' FROM made;
INSERT INTO quote SELECT 'qu-' || n, 'li-' || n, 'bw-' || n, 'cash_loan', %(terms)s, principal_fen, 12, %(rate)s,
    %(rate)s, %(rate)s, drawn_on, %(now)s FROM made;
INSERT INTO loan (loan_id, borrower_id, line_id, quote_id, product, terms_hash, principal_fen, installment_count,
    rate_annual, drawn_on, state, mandate, mandate_hash, partner, model, disbursed_on, principal_repaid_fen)
    SELECT loan_id, 'bw-' || n, 'li-' || n, 'qu-' || n, 'cash_loan', %(terms)s, principal_fen, 12, %(rate)s, drawn_on,
    'disbursed', %(mandate)s, %(mandate_hash)s, %(partner)s, 'capital_heavy', drawn_on, 0 FROM made;
CREATE TEMP TABLE due (principal_fen bigint, number int, amount_fen bigint, repaid_fen bigint);
"""
_PAYMENTS = """
INSERT INTO payment SELECT 'py-' || n || '-' || number, loan_id, 'in-' || n || '-' || number, amount_fen,
    (drawn_on + make_interval(months => number))::date, 'repayment', false
    FROM made JOIN due USING (principal_fen) WHERE number <= pays AND drawn_on + make_interval(months => number) <= %(day)s;
UPDATE loan SET principal_repaid_fen = x.repaid FROM (SELECT loan_id, max(repaid_fen) AS repaid FROM made JOIN due
    USING (principal_fen) WHERE number <= pays AND drawn_on + make_interval(months => number) <= %(day)s GROUP BY 1) x
    WHERE x.loan_id = loan.loan_id;
INSERT INTO event (kind, subject, happened_on, recorded_at, content) SELECT 'loan_disbursed', loan_id, drawn_on,
    drawn_on + TIME '04:00', '{}' FROM made ORDER BY drawn_on;
INSERT INTO event (kind, subject, happened_on, recorded_at, content) SELECT 'payment_received', loan_id, paid_on,
    paid_on + TIME '04:00', jsonb_build_object('amount_fen', amount_fen, 'purpose', purpose, 'payment_id', payment_id)
    FROM payment ORDER BY paid_on;
INSERT INTO day_step VALUES (%(day)s::date - 2, %(last)s, '{}', '[]', %(now)s);
"""


def fill(dsn: str, loans: int) -> None:
    """Write the loans, their payments and the events of these."""
    terms = platform_terms()
    now = dt.datetime.combine(DAY, dt.time(4), dt.UTC)
    with connect(dsn) as connection:
        archive_terms(terms, connection, now)
    product = terms.product("cash_loan", units.day(DAY))
    mandate = next(each for each in terms.mandates if each.code == "heron_bank_guaranteed")
    contract = contract_row(product, rate_annual=RATE, count=COUNT, checked=False)
    amounts = []
    for principal in PRINCIPALS:
        start = units.day(DAY) - 400
        drawdown = Drawdown(contract=contract, principal_fen=principal, disbursed_on=start)
        rows = account_of(drawdown, fact_rows([]), as_of=start, known_on=start).rows
        owed = rows[:, Row.PRINCIPAL] + rows[:, Row.INTEREST]
        repaid = np.cumsum(rows[:, Row.PRINCIPAL])
        amounts += [(principal, number + 1, int(owed[number]), int(repaid[number])) for number in range(len(rows))]
    values = {
        "day": DAY,
        "loans": loans,
        "now": now,
        "strategy": terms.strategies[0].hash,
        "rate": RATE,
        "terms": product.hash,
        "mandate": mandate.code,
        "mandate_hash": mandate.hash,
        "partner": mandate.partner,
        "last": STEPS[-1].name,
    }
    with psycopg.connect(dsn) as connection, psycopg.ClientCursor(connection) as cursor:
        cursor.execute("SET timezone = 'UTC'")
        cursor.execute(_ROWS, values)
        cursor.executemany("INSERT INTO due VALUES (%s, %s, %s, %s)", amounts)
        cursor.execute(_PAYMENTS, values)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def measure(dsn: str, loans: int, folder: Path) -> None:
    """Close two days and print the second."""
    terms = day_terms(platform_terms())
    now = dt.datetime.combine(DAY + dt.timedelta(days=1), dt.time(1), ZONE)

    def clock() -> tuple[dt.datetime, dt.date]:
        return now, DAY + dt.timedelta(days=1)

    with connect(dsn) as connection:
        counts = connection.execute("SELECT count(*) AS payments FROM payment").fetchone()
        connection.rollback()
        for each in close_days(terms, connection, clock, DAY - dt.timedelta(days=1), folder=folder):
            assert each.left_out == 0, each
        book = Book(terms.platform, connection)
        connection.rollback()
        begun, used = time.perf_counter(), time.process_time()
        figures_of(book, connection, DAY, CHUNK)
        print(f"pass alone: {time.perf_counter() - begun:.3f} s, of it {time.process_time() - used:.3f} s in this process")
        events = connection.execute("SELECT max(number) AS n FROM event").fetchone()
        connection.rollback()
        begun = last = time.perf_counter()
        used = time.process_time()
        for each in close_days(terms, connection, clock, DAY, folder=folder):
            at = time.perf_counter()
            print(f"{each.step:>20} {at - last:7.3f} s  {each.result}  {each.left_out} findings")
            last = at
        seconds, processor = last - begun, time.process_time() - used
        after = connection.execute("SELECT max(number) AS n, (SELECT count(*) FROM queued) AS q FROM event").fetchone()
        assert counts is not None
        assert events is not None
        assert after is not None
    print(
        f"{loans:,} loans, {counts['payments']:,} payments: {seconds:.2f} s, {loans / seconds:,.0f} loans/s; "
        f"{processor:.2f} s in this process; {(after['n'] - events['n']) / loans:.4f} events and {after['q'] / loans:.4f} rows "
        f"of the queue written a loan; load {os.getloadavg()[0]:.1f}"
    )


def main() -> None:
    """Start a server of its own, fill it, measure."""
    parser = argparse.ArgumentParser(description="day close over many running loans")
    parser.add_argument("--loans", type=int, default=100_000)
    loans = parser.parse_args().loans
    folder = Path(tempfile.mkdtemp(prefix="loanbook-day-"))
    files = Path(tempfile.mkdtemp(prefix="loanbook-settled-"))
    server = Embedded(folder, found_binaries()[0])
    try:
        server.start()
        with psycopg.connect(server.dsn("postgres", "postgres"), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE day OWNER {ROLE} TEMPLATE template0")
        dsn = server.dsn(ROLE, "day")
        migrate_dsn(dsn)
        fill(dsn, loans)
        measure(dsn, loans, files)
    finally:
        server.stop(only_last=False)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(files, ignore_errors=True)


if __name__ == "__main__":
    main()
