"""A rate that is missing stops what needs it, and says which, for which days, and where to put it."""

import datetime as dt

import pytest

from loanbook.services.bookkeeping import close_period
from loanbook.services.company_importing import import_company
from loanbook.services.group_statements import group_statements
from loanbook.services.ledger_export import export_ledger
from loanbook.services.ledger_reading import balances_of
from loanbook.statements.periods import period
from loanbook.stores.ledger import Ledger
from loanbook.terms.chart import load_chart
from loanbook.terms.exchange_rates import MissingRateError
from loanbook.terms.statement import BASE
from tests.services.ledgers import ledger_book

TOLD = dt.datetime(2024, 10, 1, tzinfo=dt.UTC)
LOAN = """
- {kind: debt_drawn, event_id: D1, entity: lantern_technology, currency: USD, happened_on: 2024-07-01, debt: bank A,
   line: short_term_loans, amount: 100000, rate_annual: 0.0365, matures_on: 2025-06-30}
"""
COST = """
- {kind: cost_incurred, event_id: C1, entity: lantern_holdings, currency: USD, happened_on: 2024-08-15,
   line: general_and_administrative, counterparty: X, amount: 100}
"""
RATES = """
- {kind: fx_rate, event_id: F1, entity: lantern_holdings, currency: USD, happened_on: 2024-07-01, to_currency: CNY,
   basis: average, rate: 7.2, ends_on: 2024-09-30}
- {kind: fx_rate, event_id: F2, entity: lantern_holdings, currency: USD, happened_on: 2024-09-30, to_currency: CNY,
   basis: spot, rate: 7.1}
"""


def told(book, folder, text):
    path = folder / "told.yaml"
    path.write_text(text)
    assert import_company(book, path, recorded_at=TOLD).reading.faults.num_rows == 0


def test_a_company_abroad_without_a_rate_stops_the_groups_statements_and_nothing_else(tmp_path):
    book = ledger_book(tmp_path, loans=3)
    told(book, tmp_path, COST)
    close_period(book, "2024Q3", known_on=dt.date(2024, 12, 31))
    with pytest.raises(MissingRateError) as error:
        group_statements(book, "2024Q3")
    said = str(error.value)
    assert said.startswith("lantern_holdings keeps its books in USD, and the group cannot be put together: ")
    assert "there is no average rate of USD in CNY for 2024-08-15. Import it as an event fx_rate" in said
    ledger = Ledger(book)
    assert balances_of(ledger, ledger.period("2024Q3"), load_chart(), entity="lantern_holdings")
    assert export_ledger(book, "2024Q3", tmp_path / "erp").fresh
    told(book, tmp_path, RATES)
    found = group_statements(book, "2024Q3")
    assert found.amounts["general_and_administrative", period("2024Q3"), BASE] == 72_000


def test_what_a_company_at_home_owes_in_another_currency_needs_its_rates_too(tmp_path):
    book = ledger_book(tmp_path, loans=3)
    told(book, tmp_path, LOAN)
    close_period(book, "2024Q3", known_on=dt.date(2024, 12, 31))
    with pytest.raises(MissingRateError, match="there is no average rate of USD in CNY for 2024-07-01, 2024-09-30"):
        group_statements(book, "2024Q3")
    told(book, tmp_path, RATES)
    assert group_statements(book, "2024Q3").amounts


def test_a_company_abroad_that_has_nothing_needs_no_rate(tmp_path):
    book = ledger_book(tmp_path, loans=3)
    told(book, tmp_path, COST + COST.replace("C1", "C2").replace("amount: 100", "amount: -100"))
    close_period(book, "2024Q3", known_on=dt.date(2024, 12, 31))
    assert group_statements(book, "2024Q3").amounts
