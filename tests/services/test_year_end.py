"""After the year's end: balances of the next year, the export's closing entries and the statements say the same."""

import csv
from collections import Counter
from decimal import Decimal

import pytest

from loanbook.errors import RequestError
from loanbook.services.bookkeeping import close_period
from loanbook.services.group_statements import group_statements
from loanbook.services.ledger_export import CLOSING, export_ledger
from loanbook.services.ledger_reading import balances_of
from loanbook.statements.periods import period
from loanbook.stores.ledger import Ledger
from loanbook.terms.chart import load_chart
from loanbook.terms.statement import BASE
from tests.services.ledgers import ledger_book

CHART = load_chart()
RETAINED = ("3050", "3990")


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Books opened in mid-2024, closed over the year's end."""
    made = ledger_book(tmp_path_factory.mktemp("years"), seed=2, loans=30)
    for name in ("2024Q3", "2024Q4", "2025Q1"):
        close_period(made, name)
    return made


@pytest.mark.parametrize("basis", ["us_gaap", "ifrs", "local"])
def test_a_year_opens_with_the_balances_that_the_closing_of_the_last_one_leaves(book, basis):
    ledger = Ledger(book)
    last = balances_of(ledger, ledger.period("2024Q4"), CHART, basis=basis, after_closing=True)
    first = balances_of(ledger, ledger.period("2025Q1"), CHART, basis=basis)
    closed = {(row.entity, row.account): row.closing_fen for row in last if row.closing_fen}
    opened = {(row.entity, row.account): row.opening_fen for row in first if row.opening_fen}
    assert closed == opened
    assert not any(CHART.account(account).is_result for _, account in opened)
    assert any(account == "3050" for _, account in opened)
    assert all(row.opening_fen + row.moved_fen == row.closing_fen for row in (*last, *first))


def test_results_of_the_year_stay_on_their_accounts_until_it_is_over(book):
    ledger = Ledger(book)
    rows = balances_of(ledger, ledger.period("2024Q4"), CHART)
    assert any(CHART.account(row.account).is_result and row.opening_fen for row in rows)
    with pytest.raises(RequestError, match="2024Q3 ends on 2024-09-30 and closes no fiscal year"):
        balances_of(ledger, ledger.period("2024Q3"), CHART, after_closing=True)


def test_a_system_that_takes_all_files_of_the_year_stands_at_zero_results_and_the_books_retained_earnings(book, tmp_path):
    ledger, sums = Ledger(book), Counter()
    for name in ("2024Q2", "2024Q3", "2024Q4"):
        done = export_ledger(book, name, tmp_path)
        closing = [path.name for path in done.folder.glob(f"{CLOSING}*.csv")]
        assert bool(closing) == (name == "2024Q4")
        assert done.control["closing_entries"] == sum(done.control["files"][each]["entries"] for each in closing)
        for path in done.folder.glob("*.csv"):
            with path.open(newline="") as file:
                for row in csv.DictReader(file):
                    key = (row["book"], row["entity"], row["account"])
                    sums[key] += Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0)
    left = {key: amount for key, amount in sums.items() if CHART.account(key[2]).is_result and amount}
    assert left == {}
    stood = Counter()
    for row in ledger.period("2024Q4").table("balances").to_pylist():
        if CHART.account(row["account"]).is_result or row["account"] == "3050":
            stood[row["book"], row["entity"]] += Decimal(row["amount_fen"]) / 100
    carried = {key[:2]: amount for key, amount in sums.items() if key[2] == "3050"}
    assert {key: amount for key, amount in stood.items() if amount} == {key: amount for key, amount in carried.items() if amount}


def test_statements_of_the_next_year_begin_with_the_retained_earnings_of_the_trial_balance(book):
    ledger = Ledger(book)
    found = group_statements(book, "2025Q1")
    first = balances_of(ledger, ledger.period("2025Q1"), CHART)
    opening = sum(row.opening_fen for row in first if row.account in RETAINED)
    earned = sum(row.moved_fen for row in first if CHART.account(row.account).is_result)
    at, year = period("2024Q4").end, period("2025Q1")
    shown = {at: -opening, year.end: -opening - earned}
    for day, amount in shown.items():
        assert found.amounts["retained_earnings", day, BASE] == amount
    assert earned
