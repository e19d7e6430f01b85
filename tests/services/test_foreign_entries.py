"""Statements of companies that keep entries in another currency than their own: remeasured before anything is added up."""

import datetime as dt

import pytest

from loanbook.errors import RequestError
from loanbook.services.bookkeeping import close_period
from loanbook.services.company_importing import import_company
from loanbook.services.group_statements import group_statements
from loanbook.statements.periods import period
from tests.services.ledgers import ledger_book

COST = "kind: cost_incurred, happened_on: 2024-08-15, line: general_and_administrative, counterparty: X"
COSTS = f"""
- {{{COST}, event_id: C1, entity: lantern_hong_kong, currency: HKD, amount: -1000}}
- {{{COST}, event_id: C2, entity: lantern_hong_kong, currency: CNY, amount: -500}}
- {{{COST}, event_id: C3, entity: lantern_wfoe, currency: USD, amount: -100}}
"""
RATE = "kind: fx_rate, entity: lantern_holdings, to_currency: CNY"
QUARTER_RATES = "\n".join(
    f"- {{{RATE}, event_id: {currency}{at}, currency: {currency}, {words}}}"
    for currency, average, closing in (("HKD", 0.91, 0.92), ("USD", 7.1, 7.0))
    for at, words in enumerate(
        (
            f"basis: average, happened_on: 2024-07-01, ends_on: 2024-09-30, rate: {average}",
            f"basis: spot, happened_on: 2024-09-30, rate: {closing}",
        )
    )
)
LINES = ("general_and_administrative", "foreign_exchange_gain", "income_tax_expense")


def statements(folder, *texts):
    folder.mkdir()
    book = ledger_book(folder, loans=3)
    for at, text in enumerate(texts):
        (folder / "told.yaml").write_text(text)
        when = dt.datetime(2024, 9, 30, at, tzinfo=dt.UTC)
        assert import_company(book, folder / "told.yaml", recorded_at=when).reading.faults.num_rows == 0
    close_period(book, "2024Q3")
    return group_statements(book, "2024Q3")


def test_entries_in_three_currencies_add_up_in_one(tmp_path):
    without, found = statements(tmp_path / "without"), statements(tmp_path / "with", COSTS, QUARTER_RATES)
    quarter = period("2024Q3")
    more = {line: found.amounts[line, quarter, "us_gaap"] - without.amounts.get((line, quarter, "us_gaap"), 0) for line in LINES}
    # Costs, below zero here: 1,000 HKD x 0.91; 500 CNY = 549.45 HKD, back at 0.91 500.00; 100 USD x 7.1: 910 + 500 + 710.
    # Of the 549.45 HKD 543.48 are left at 0.92, a loss of 5.97 HKD or 5.43 CNY; of tax on them, 82.50 CNY = 90.66 HKD, 89.67
    # are owed: a gain of 0.99 HKD or 0.90 CNY. Of the 710.00 CNY 700.00, of 15 USD tax 106.50 are 105.00: a loss of 8.50.
    # Tax: 165 HKD and 90.66 HKD x 0.91 = 150.15 + 82.50, 106.50.
    assert more == {"general_and_administrative": -2_120_00, "foreign_exchange_gain": -13_03, "income_tax_expense": -339_15}
    own = found.periods[-1].consolidated.own
    assert own.of("lantern_hong_kong").total == own.of("lantern_wfoe").total == 0
    assert found.amounts["tax_statutory", quarter, "us_gaap"] - without.amounts[
        "tax_statutory", quarter, "us_gaap"
    ] == pytest.approx(-(2_120_00 - 13_03) * 0.25, abs=2)


def test_a_missing_rate_stops_statements_and_no_close(tmp_path):
    with pytest.raises(RequestError, match=r"no average rate of CNY in HKD|no average rate of (USD|HKD) in CNY for 2024-08-15"):
        statements(tmp_path / "without", COSTS)
