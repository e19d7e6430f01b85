"""The close in hand-written SQL over one row per instalment: every family of cells, by DuckDB.

Tuned as a practitioner would: a partition (origination month) at a time, so that windows and hash tables fit in memory; columns
repeated in the rows instead of joins; regular loans, 95 % of them, without touching single payments; each loan's life as
intervals in which one instalment is the oldest unpaid, expanded to month ends only inside the last aggregate.
"""

from pathlib import Path

import duckdb
import numpy as np

from loanbook import units
from loanbook.measures.space import Space
from loanbook.terms.families import BUCKETS, BY_NAME, FAMILIES, STATES
from loanbook.units import Ints

MEMORY_LIMIT = "6GB"

_CHARGED_OFF = BUCKETS.index("charged_off")
_OVER_180 = BUCKETS.index("181+")
_STATE_CHARGED_OFF = STATES.index("charged_off")
_STATE_REPAID = STATES.index("repaid")

_BUCKET = f"CASE WHEN {{dpd}} > 180 THEN {_OVER_180} WHEN {{dpd}} <= 0 THEN 0 ELSE ({{dpd}} + 29) // 30 END"
_MONTH = "date_diff('month', getvariable('first'), {day})"


def _month(day: str) -> str:
    return _MONTH.format(day=day)


def _bucket(dpd: str) -> str:
    return _BUCKET.format(dpd=f"({dpd})")


VIEWS = """
CREATE OR REPLACE TEMP VIEW loans AS SELECT * FROM read_parquet('{folder}/loans-{month}.parquet');
CREATE OR REPLACE TEMP VIEW instalments AS SELECT * FROM read_parquet('{folder}/instalments-{month}.parquet');
CREATE OR REPLACE TEMP VIEW payments AS SELECT * FROM read_parquet('{folder}/payments-{month}.parquet');
"""

VOLUME = f"""
SELECT grp, {_month("disbursed_on")} AS m, tenor, drawdown, count(*), sum(principal), sum(principal * months),
       count(*) FILTER (drawdown = 1)
FROM loans JOIN tenors USING (tenor) GROUP BY ALL
"""

DUE = f"""
SELECT grp, m, (number = 0)::INT AS first, sum(amount), sum(overdue), sum(CASE WHEN seen THEN amount ELSE 0 END),
       sum(CASE WHEN seen THEN overdue ELSE 0 END), sum(CASE WHEN seen THEN collected ELSE 0 END)
FROM (
  SELECT grp, {_month("due_on")} AS m, number, due_on + 30 <= getvariable('as_of') AS seen,
         CASE WHEN paid_on < date_trunc('month', due_on) THEN 0 ELSE principal END AS amount,
         CASE WHEN entered THEN principal ELSE 0 END AS overdue,
         CASE WHEN entered AND paid_on <= due_on + 30 THEN principal ELSE 0 END AS collected
  FROM (
    SELECT *, (paid_on IS NULL OR paid_on > due_on) AND (number = 0 OR coalesce(before <= due_on, FALSE)) AS entered FROM (
      SELECT *, lag(paid_on) OVER (PARTITION BY loan_no ORDER BY number) AS before FROM instalments WHERE regular))
  WHERE due_on <= getvariable('as_of') AND (charged_off_on IS NULL OR due_on <= charged_off_on)
  UNION ALL
  SELECT i.grp, {_month("i.due_on")}, i.number, i.due_on + 30 <= getvariable('as_of'),
         CASE WHEN i.paid_on < date_trunc('month', i.due_on) THEN 0 ELSE i.principal - coalesce(p.before_month, 0) END,
         CASE WHEN i.entered THEN i.principal - coalesce(p.by_due, 0) ELSE 0 END,
         CASE WHEN i.entered THEN coalesce(p.in_30_days, 0) ELSE 0 END
  FROM (
    SELECT *, (paid_on IS NULL OR paid_on > due_on) AND (before IS NULL OR before <= due_on) AS entered FROM (
      SELECT *, max(coalesce(paid_on, DATE '9999-12-31')) OVER (PARTITION BY loan_no ORDER BY number
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
      FROM instalments WHERE NOT regular)) AS i
  LEFT JOIN (
    SELECT loan_no, number, sum(principal) FILTER (paid_on < date_trunc('month', due_on)) AS before_month,
           sum(principal) FILTER (paid_on <= due_on) AS by_due,
           sum(principal) FILTER (paid_on > due_on AND paid_on <= due_on + 30) AS in_30_days
    FROM payments GROUP BY loan_no, number) AS p USING (loan_no, number)
  WHERE i.due_on <= getvariable('as_of') AND (i.charged_off_on IS NULL OR i.due_on <= i.charged_off_on))
GROUP BY ALL
"""

PAID = f"""
SELECT grp, m, sum(principal), sum(CASE WHEN number < 0 OR {_month("due_on")} > m THEN principal ELSE 0 END),
       sum(interest), sum(recovered)
FROM (
  SELECT grp, {_month("paid_on")} AS m, number, due_on, principal, paid_interest AS interest, 0 AS recovered
  FROM instalments WHERE regular AND paid_on <= getvariable('as_of')
  UNION ALL
  SELECT grp, {_month("paid_on")}, number, due_on, principal, interest, recovered
  FROM payments WHERE paid_on <= getvariable('as_of'))
GROUP BY ALL
"""

CHARGED_OFF = f"""
SELECT grp, {_month("charged_off_on")} AS m, count(*), sum(charged_off) FROM loans
WHERE charged_off_on <= getvariable('as_of') GROUP BY ALL
"""

# One row per loan and instalment that was the oldest unpaid at some month's end: months lo .. hi.
INTERVALS = f"""
CREATE OR REPLACE TEMP TABLE intervals AS
SELECT *, lead(due_on) OVER next AS next_due, lead(owed) OVER next AS next_owed FROM (
  SELECT loan_no, grp, number, due_on, owed, {_month("charged_off_on")} AS charged_off_m,
         CASE WHEN number = 0 THEN getvariable('origin') ELSE {_month("before")} END AS lo,
         least(coalesce({_month("paid_on")} - 1, getvariable('last')),
               coalesce({_month("charged_off_on")} - 1, getvariable('last')), getvariable('last')) AS hi
  FROM (
    SELECT loan_no, grp, number, due_on, opening_balance AS owed, charged_off_on, paid_on,
           lag(paid_on) OVER (PARTITION BY loan_no ORDER BY number) AS before
    FROM instalments WHERE regular)
  WHERE number = 0 OR before IS NOT NULL)
WHERE hi >= lo
WINDOW next AS (PARTITION BY loan_no ORDER BY number)
"""

STATES_REGULAR = f"""
SELECT grp, m, bucket, state, count(*), sum(owed), sum(next_owed) FROM (
  SELECT grp, i.m, owed, {_bucket("e.day - due_on")} AS bucket,
         CASE WHEN i.m < hi THEN 1 + {_bucket("e.next_day - due_on")}
              WHEN charged_off_m = i.m + 1 THEN {_STATE_CHARGED_OFF}
              WHEN next_due IS NOT NULL THEN 1 + {_bucket("e.next_day - next_due")} ELSE {_STATE_REPAID} END AS state,
         CASE WHEN i.m < hi THEN owed WHEN charged_off_m = i.m + 1 THEN 0 ELSE coalesce(i.next_owed, 0) END AS next_owed
  FROM (SELECT *, unnest(range(lo, hi + 1)) AS m FROM intervals) AS i JOIN ends AS e ON e.m = i.m)
GROUP BY ALL
"""

IRREGULAR_MONTHS = f"""
CREATE OR REPLACE TEMP TABLE irregular_months AS
SELECT * FROM (
  SELECT s.loan_no, s.grp, s.m, s.bucket, s.charged_off_m, s.opened - coalesce(sum(p.principal), 0)::BIGINT AS owed FROM (
    SELECT loan_no, grp, opened, e.m, e.day, charged_off_m, {_bucket("e.day - due_on")} AS bucket FROM (
      SELECT loan_no, grp, number, due_on, opened, {_month("charged_off_on")} AS charged_off_m,
             CASE WHEN number = 0 THEN getvariable('origin') ELSE {_month("before")} END AS lo,
             least(CASE WHEN paid_on > getvariable('as_of') THEN getvariable('last') ELSE {_month("paid_on")} - 1 END,
                   coalesce({_month("charged_off_on")} - 1, getvariable('last')), getvariable('last')) AS hi
      FROM (
        SELECT loan_no, grp, number, due_on, charged_off_on, coalesce(paid_on, DATE '9999-12-31') AS paid_on,
               max(coalesce(paid_on, DATE '9999-12-31')) OVER (PARTITION BY loan_no ORDER BY number
                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before,
               first_value(opening_balance) OVER (PARTITION BY loan_no ORDER BY number) AS opened
        FROM instalments WHERE NOT regular)
      WHERE number = 0 OR before <= getvariable('as_of')) AS i
    JOIN ends AS e ON e.m BETWEEN i.lo AND i.hi) AS s
  LEFT JOIN payments AS p ON p.loan_no = s.loan_no AND p.paid_on <= s.day
  GROUP BY s.loan_no, s.grp, s.m, s.bucket, s.charged_off_m, s.opened)
WHERE owed <> 0
"""

STATES_IRREGULAR = f"""
SELECT grp, m, bucket, state, count(*), sum(owed), sum(next_owed) FROM (
  SELECT a.grp, a.m, a.bucket, a.owed, coalesce(b.owed, 0) AS next_owed,
         CASE WHEN b.bucket IS NOT NULL THEN b.bucket + 1 WHEN a.charged_off_m = a.m + 1 THEN {_STATE_CHARGED_OFF}
              ELSE {_STATE_REPAID} END AS state
  FROM irregular_months AS a LEFT JOIN irregular_months AS b ON b.loan_no = a.loan_no AND b.m = a.m + 1)
GROUP BY ALL
"""

OVER = """
SELECT grp, {month} - getvariable('origin') AS mob, sum(owed) FROM (
  SELECT loan_no, any_value(grp) AS grp, min(due_on) AS due_on, arg_min(opening_balance, number) AS owed
  FROM instalments
  WHERE regular AND due_on + {days} <= getvariable('as_of') AND (paid_on IS NULL OR paid_on > due_on + {days})
  GROUP BY loan_no
  UNION ALL
  SELECT f.loan_no, f.grp, f.due_on, f.opened - coalesce((
           SELECT sum(p.principal) FROM payments AS p WHERE p.loan_no = f.loan_no AND p.paid_on <= f.due_on + {days}), 0)
  FROM (
    SELECT i.loan_no, any_value(i.grp) AS grp, min(i.due_on) AS due_on, any_value(l.principal) AS opened
    FROM instalments AS i JOIN loans AS l USING (loan_no)
    WHERE NOT i.regular AND i.due_on + {days} <= getvariable('as_of') AND (i.paid_on IS NULL OR i.paid_on > i.due_on + {days})
    GROUP BY i.loan_no) AS f)
GROUP BY ALL
"""


def close_by_sql(folder: Path, found: Space, *, threads: int, memory_limit: str = MEMORY_LIMIT) -> dict[str, Ints]:
    """Cells of every family, dense as `measures.cells`, from the files of `rows.RowWriter`; SQL sums, NumPy only places."""
    window = found.window
    cells = {family.name: np.zeros((*found.shape(family), len(family.columns)), np.int64) for family in FAMILIES}
    engine = duckdb.connect(config={"threads": threads, "memory_limit": memory_limit, "temp_directory": str(folder / "spill")})
    engine.execute("SET preserve_insertion_order = false")
    engine.execute(f"SET VARIABLE first = DATE '{_first_of_month(window.since)}'")
    engine.execute(f"SET VARIABLE as_of = DATE '{units.date(window.as_of)}'")
    engine.execute(f"SET VARIABLE last = {window.months - 1}")
    _small_table(engine, "tenors", "tenor SMALLINT, months BIGINT", list(enumerate(found.tenors)))
    days = [str(units.date(int(day))) for day in window.month_ends]
    _small_table(
        engine, "ends", "m BIGINT, day DATE, next_day DATE", list(zip(range(len(days)), days, [*days[1:], days[-1]], strict=True))
    )
    for path in sorted(folder.glob("instalments-*.parquet")):
        month = path.stem.removeprefix("instalments-")
        origin = 12 * int(month[:4]) + int(month[5:]) - 1 - window.first_month
        engine.execute(f"SET VARIABLE origin = {origin}")
        engine.execute(VIEWS.format(folder=folder, month=month))
        _add_month(engine, cells, origin, window.months - 1)
    flat = {name: values.reshape(-1, values.shape[-1]) for name, values in cells.items()}
    engine.close()
    return flat


def _add_month(engine: duckdb.DuckDBPyConnection, cells: dict[str, Ints], origin: int, last: int) -> None:
    volume, position, due, vintage = cells["volume"], cells["position"], cells["due"], cells["vintage"]
    transition, flow = cells["transition"], cells["flow"]
    for group, month, tenor, drawdown, *sums in _rows(engine, VOLUME):
        volume[group, month, tenor, drawdown] += sums
        vintage[group, origin, 0, 0] += sums[1]
        flow[group, month, 1] += sums[1]
    for group, month, first, *sums in _rows(engine, DUE):
        due[group, month, first] += sums
        if month > origin:
            flow[group, month, 2] += sums[0]
    for group, month, paid, prepaid, interest, recovered in _rows(engine, PAID):
        flow[group, month, [3, 4, 7, 8]] += [paid, prepaid if month > origin else 0, interest, recovered]
        vintage[group, origin, month - origin, [5, 4]] += [prepaid, recovered]
    for group, month, loans, amount in _rows(engine, CHARGED_OFF):
        position[group, month:, _CHARGED_OFF] += [loans, amount]
        flow[group, month, 5] += amount
        vintage[group, origin, month - origin, 3] += amount
    engine.execute(INTERVALS)
    engine.execute(IRREGULAR_MONTHS)
    for query in (STATES_REGULAR, STATES_IRREGULAR):
        for group, month, bucket, state, loans, owed, next_owed in _rows(engine, query):
            position[group, month, bucket] += [loans, owed]
            flow[group, month, 6] -= owed
            if month < last:
                transition[group, month + 1, bucket, state] += [loans, owed, next_owed]
                flow[group, month + 1, 0] += owed
                flow[group, month + 1, 6] += owed
    for column, days in ((1, 31), (2, 181)):
        query = OVER.format(days=days, month=_month(f"due_on + {days}"))
        for group, mob, owed in _rows(engine, query):
            vintage[group, origin, mob, column] += owed


def _rows(engine: duckdb.DuckDBPyConnection, query: str) -> list[tuple[int, ...]]:
    return engine.execute(query).fetchall()


def _small_table(engine: duckdb.DuckDBPyConnection, name: str, columns: str, rows: list[tuple[object, ...]]) -> None:
    engine.execute(f"CREATE TEMP TABLE {name} ({columns})")
    engine.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", rows)


def _first_of_month(day: int) -> str:
    return units.date(day).replace(day=1).isoformat()


def finish_flow(flow: Ints) -> Ints:
    """`unreported_fen` is opening + entered - paid - charged off - closing; the queries left closing and opening in it."""
    done = flow.copy()
    done[:, 6] += flow[:, 1] - flow[:, 3] - flow[:, 5]
    return done


__all__ = ["BY_NAME", "MEMORY_LIMIT", "close_by_sql", "finish_flow"]
