"""A made-up close folder in the layout of a real one: plausible curves for a book that does not exist, without a close."""

import datetime as dt
import json
import math
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from loanbook.terms.families import BUCKETS

AS_OF = dt.date(2024, 9, 30)
FIRST = (2021, 1)
FLOWS = (0.048, 0.32, 0.62, 0.74, 0.80, 0.84, 0.88)
PRODUCTS = (("cash_loan", "capital_heavy", 0.55), ("cash_loan", "capital_light", 0.25), ("pay_later", "on_balance_sheet", 0.2))


def month_ends() -> list[dt.date]:
    year, month = FIRST
    found = []
    while (year, month) <= (AS_OF.year, AS_OF.month):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        found.append(dt.date(year, month, 1) - dt.timedelta(days=1))
    return found


def _volume(number: int, day: dt.date) -> int:
    season = {2: 0.82, 11: 1.12, 12: 1.08}.get(day.month, 1.0)
    return int(9_600_000_00 * 1.012**number * season)


def _stress(day: dt.date) -> float:
    return 1.0 + 0.45 * math.exp(-(((day - dt.date(2022, 12, 15)).days / 75) ** 2))


def _vintage(speed: float, level: float, starts_at: int) -> list[dict]:
    rows = []
    for quarter in range(15):
        name = f"{2021 + quarter // 4}Q{quarter % 4 + 1}"
        middle = dt.date(2021 + quarter // 4, quarter % 4 * 3 + 2, 15)
        initial = sum(_volume(quarter * 3 + i, middle) for i in range(3))
        for mob in range(min(24, (14 - quarter) * 3 + 1)):
            age = max(0, mob - starts_at)
            seen = sum(_stress(middle + dt.timedelta(days=30 * m)) for m in range(mob + 1)) / (mob + 1)
            rate = level * (1 - math.exp(-age / speed)) * (0.85 + 0.03 * (quarter % 5)) * seen**2
            numerator = round(initial * rate)
            rows.append(
                {"vintage": name, "mob": mob, "numerator_fen": numerator, "denominator_fen": initial, "rate": numerator / initial}
            )
    return rows


def _tables(months: list[dt.date]) -> dict[str, list[dict]]:
    volume, delinquency, transitions, collection, prepayment = [], [], [], [], []
    balance = 40_000_000_00
    for number, day in enumerate(months):
        lent = _volume(number, day)
        for product, model, share in PRODUCTS:
            amount = round(lent * share)
            loans = amount // (5_100_00 if product == "cash_loan" else 1_050_00)
            volume.append(
                {
                    "month_end": day,
                    "product": product,
                    "model": model,
                    "segment": "consumer",
                    "loans": loans,
                    "principal_fen": amount,
                }
            )
        balance = round(balance * 0.87 + lent)
        stress, standing, amounts = _stress(day), 1.0, []
        for flow in FLOWS:
            standing *= min(0.97, flow * stress**0.5)
            amounts.append(round(balance * standing * 0.8))
        amounts = [balance - sum(amounts), *amounts]
        for bucket, amount in zip(BUCKETS, amounts, strict=False):
            share = None if bucket == "181+" else amount / (balance - amounts[-1])
            delinquency.append(
                {"month_end": day, "bucket": bucket, "loans": amount // 3_300_00, "principal_fen": amount, "share": share}
            )
        for i, flow in enumerate(FLOWS):
            start, moved = amounts[i], round(amounts[i] * min(0.97, flow * stress**0.5))
            cured = round((start - moved) * 0.7) if i else 0
            parts = {BUCKETS[i + 1]: moved, BUCKETS[i]: start - moved - cured}
            if i:
                parts["current"] = cured
            for bucket, amount in parts.items():
                row = {
                    "month_end": day,
                    "from_bucket": BUCKETS[i],
                    "to_bucket": bucket,
                    "loans": amount // 3_300_00,
                    "principal_fen": amount,
                }
                transitions.append(row | {"rate": amount / start})
        due = round(balance * 0.105)
        overdue = round(due * 0.047 * stress)
        seen = day < months[-1]
        observed = overdue if seen else 0
        collected = round(observed * (0.868 - 0.05 * (stress - 1)))
        rates = {"day1_rate": overdue / due, "collection_rate": collected / observed if observed else None}
        collection.append(
            {"month_end": day, "due_fen": due, "overdue_fen": overdue, "observed_fen": observed, "collected_fen": collected}
            | rates
        )
        prepaid = round(balance * (0.021 + 0.004 * math.sin(number / 3)))
        smm = prepaid / (balance - due)
        flow = {"month_end": day, "opening_fen": balance, "scheduled_fen": due, "prepaid_fen": prepaid}
        prepayment.append(flow | {"smm": smm, "cpr": 1 - (1 - smm) ** 12})
    return {
        "volume": volume,
        "delinquency": delinquency,
        "transitions": transitions,
        "collection": collection,
        "prepayment": prepayment,
        "vintage_30": _vintage(7.0, 0.062, 1),
        "vintage_180": _vintage(8.0, 0.034, 6),
        "loss": _vintage(9.0, 0.029, 6),
    }


_SPLIT_NONE = {"split": "", "split_value": ""}
FIGURES = (
    ("loans", "Loans", "count", (23_014, None), (22_417, None), (19_950, None)),
    ("loan_volume", "Loan volume", "money", (11_742_300_000, None), (11_388_100_000, None), (10_020_700_000, None)),
    (
        "outstanding_balance",
        "Outstanding loan balance",
        "money",
        (12_960_400_000, None),
        (12_811_000_000, None),
        (11_700_100_000, None),
    ),
    (
        "average_tenor",
        "Weighted average contractual tenor",
        "months",
        (118_362_384_000, 11_742_300_000),
        (11, 1),
        (121, 12),
    ),
    ("delinquency_90", "90 day+ delinquency", "share", (35_252_288, 1_296_040_000), (340, 10_000), (182, 10_000)),
    ("repeat_share", "Repeat borrower contribution", "share", (938, 1_000), (935, 1_000), (919, 1_000)),
    ("day1_delinquency", "Day-1 delinquency", "share", (461, 10_000), (48, 1_000), (47, 1_000)),
    ("collection_30", "30-day collection", "share", (874, 1_000), (863, 1_000), (868, 1_000)),
)


def _measures() -> list[dict]:
    rows = []
    for measure, title, unit, *periods in FIGURES:
        spans = (
            (dt.date(2024, 7, 1), AS_OF),
            (dt.date(2024, 4, 1), dt.date(2024, 6, 30)),
            (dt.date(2023, 7, 1), dt.date(2023, 9, 30)),
        )
        for name, (numerator, denominator), (starts_on, ends_on) in zip(
            ("current", "prior_quarter", "prior_year"), periods, spans, strict=True
        ):
            value = numerator / denominator if denominator else float(numerator)
            row = {"measure": measure, "title": title, "unit": unit, **_SPLIT_NONE, "comparison": name}
            row |= {
                "starts_on": starts_on,
                "ends_on": ends_on,
                "numerator": numerator,
                "denominator": denominator,
                "value": value,
            }
            rows.append(row | {"effective_from": dt.date(2020, 1, 1), "definition_hash": "0" * 16})
    return rows


def make_close(
    folder: Path,
    *,
    book: str = "made_up_book",
    currency: str = "CNY",
    without: dict[str, str] | None = None,
    findings: tuple[dict, ...] = (),
    **header: int,
) -> Path:
    """Write the folder. `without`: table or measure -> reason; its rows are left out and the reason goes to close.json."""
    without = without or {}
    tables = _tables(month_ends()) | {"measures": _measures()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        table = pa.Table.from_pylist(rows)
        if name == "measures":
            keep = [row["measure"] not in without for row in rows]
            table = table.filter(pa.array(keep))
        if name in without:
            table = table.slice(0, 0)
        pq.write_table(table, folder / f"{name}.parquet")
        pc.write_csv(table, folder / f"{name}.csv")
    header = header | {
        "book": book,
        "as_of": AS_OF.isoformat(),
        "known_at": "2024-10-31",
        "observed_to": "2024-10-30",
        "currency": currency,
    }
    (folder / "close.json").write_text(json.dumps(header | {"not_measured": without, "findings": findings}), encoding="utf-8")
    (folder / "drilldown").mkdir(exist_ok=True)
    for name in ("delinquency_90", "day1_delinquency", "collection_30"):
        (folder / "drilldown" / f"{name}.csv").write_text("loan_id,numerator_fen\nmade-up-1,1200\n", encoding="utf-8")
    return folder
