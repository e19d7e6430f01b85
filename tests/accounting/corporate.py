"""Corporate events of an example company, written as files the reader takes."""

import datetime as dt
import re
from pathlib import Path

import pyarrow as pa

from loanbook.stores.importers.corporate import read_corporate

MOMENT = dt.datetime(2024, 10, 8, 2, 0, tzinfo=dt.UTC)

COSTS = """date,entity,cost line,amount,currency,supplier,description,id
2024-07-31,harbour,sales_and_marketing,1200.50,CNY,Tideline Media,July traffic,C1
2024-07-31,harbour,general_and_administrative,300,CNY,Quay Offices,July rent,C2
2024-08-31,harbour,general_and_administrative,-20.25,CNY,Quay Offices,credit note,C3
"""

YEAR = re.sub(
    r"@(\w+)",
    r"entity: \1, currency: CNY",
    """
- {kind: opening_balance, event_id: O1, @parent, happened_on: 2023-12-31, book: core, account: 1001, amount: 5000}
- {kind: opening_balance, event_id: O2, @parent, happened_on: 2023-12-31, book: core, account: 3050, amount: -5000}
- {kind: shares_issued, event_id: E1, @parent, happened_on: 2024-01-02, shares: 1000000, amount: 50000, cost: 500}
- {kind: shares_repurchased, event_id: E2, @parent, happened_on: 2024-02-01, shares: 1000, amount: 90, commission: 0.10}
- {kind: shares_retired, event_id: E3, @parent, happened_on: 2024-03-01, shares: 400}
- {kind: dividend_declared, event_id: E4, @parent, happened_on: 2024-08-13, record_on: 2024-09-27, per_share: 0.30,
   shares: 999000}
- {kind: dividend_paid, event_id: E5, @parent, happened_on: 2024-10-23, dividend: E4, amount: 299700}
- {kind: grant_made, event_id: G1a, @parent, happened_on: 2024-01-01, grant_id: G1, instrument: option,
   vests_on: 2025-01-01, instruments: 600, fair_value: 14.69, exercise_price: 0.00001, administration_weight: 1}
- {kind: grant_made, event_id: G1b, @parent, happened_on: 2024-01-01, grant_id: G1, instrument: option,
   vests_on: 2026-01-01, instruments: 600, fair_value: 14.69, exercise_price: 0.00001, administration_weight: 1}
- {kind: grant_forfeited, event_id: G2, @parent, happened_on: 2024-06-30, grant_id: G1, instruments: 120}
- {kind: grant_exercised, event_id: G3, @parent, happened_on: 2025-02-01, grant_id: G1, instruments: 100, shares: 200}
- {kind: debt_drawn, event_id: D1, @harbour, happened_on: 2024-05-01, matures_on: 2025-05-01, debt: bank A,
   line: short_term_loans, amount: 1000, rate_annual: 0.0365}
- {kind: asset_bought, event_id: A1, @harbour, happened_on: 2024-05-01, line: intangible_assets, amount: 100, vat: 6}
- {kind: depreciation_charged, event_id: A2, @harbour, happened_on: 2024-05-31, asset_class: intangible_assets,
   line: general_and_administrative, amount: 2}
- {kind: intercompany_charged, event_id: I1, @harbour, happened_on: 2024-05-31, counterparty: parent,
   line: general_and_administrative, amount: 10}
- {kind: manual_entry, event_id: M1, @harbour, happened_on: 2024-09-30, book: usgaap, debit: 5040, credit: 2110,
   amount: 7, maker: ada, checker: ben, reverses_on: 2024-10-01, text: bonus not yet invoiced}
- {kind: fx_rate, event_id: F1, entity: parent, currency: USD, happened_on: 2024-09-30, to_currency: CNY, basis: spot,
   rate: 7.0176}
""",
)


def written(folder: Path, name: str, text: str) -> Path:
    """A file of that name and text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def year(folder: Path) -> dict[str, pa.Table]:
    """The tables of the example year; nothing of it is refused."""
    reading = read_corporate(written(folder, "year.yaml", YEAR), recorded_at=MOMENT)
    assert reading.faults.num_rows == 0, reading.faults.to_pylist()
    return dict(reading.tables)
