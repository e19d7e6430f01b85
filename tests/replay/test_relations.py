"""What ties the statements of the five filings to each other, asked of the engine."""

import pytest

from loanbook.statements.periods import period
from loanbook.statements.presentation import USD
from loanbook.terms.statement import BASE
from loanbook.terms.statement_file import load_statements
from tests.replay.replay import figures

TOPICS = ("expected_credit_losses", "effective_interest_rate", "share_based_compensation", "financial_guarantee")
DATES = ("2022-12-31", "2023-12-31", "2024-06-30")


@pytest.mark.parametrize("column", [BASE, *TOPICS, "ifrs"])
@pytest.mark.parametrize("at", DATES)
def test_each_column_of_the_reconciliation_balances(column, at):
    made = figures("S1")
    assert made.value("total_assets", period(at), column) == made.value("total_liabilities_and_equity", period(at), column)


@pytest.mark.parametrize("column", TOPICS)
@pytest.mark.parametrize(("span", "before", "after"), [("2023", *DATES[:2]), ("2024H1", *DATES[1:])])
def test_an_adjustment_of_retained_earnings_moves_by_that_of_income(column, span, before, after):
    made = figures("S1")
    moved = [made.value("retained_earnings", period(at), column) for at in (before, after)]
    assert moved[1] - moved[0] == made.value("net_income_attributable_to_company", period(span), column)


@pytest.mark.parametrize("at", DATES)
def test_share_based_compensation_moves_no_equity_in_total(at):
    assert figures("S1").value("company_equity", period(at), "share_based_compensation") == 0


@pytest.mark.parametrize("filing", ["S0", "S1", "S2"])
@pytest.mark.parametrize("currency", ["CNY", USD])
def test_cash_at_the_end_is_that_of_the_balance_sheet(filing, currency):
    made = figures(filing)
    quarter = period({"S0": "2024Q1", "S1": "2024Q2", "S2": "2024Q3"}[filing])
    held = [made.value(code, quarter, currency=currency) for code in ("cash_and_cash_equivalents", "restricted_cash")]
    assert made.value("cash_end", quarter, currency=currency) == sum(held)


@pytest.mark.parametrize(("filing", "name"), [("S0", "2024Q1"), ("S1", "2024Q2"), ("S2", "2024Q3")])
def test_every_table_of_a_release_holds_in_dollars(filing, name):
    made = figures(filing)
    for line in load_statements().lines.values():
        if not line.equals:
            continue
        value, target = made.value(line.code, period(name), currency=USD), made.target(line, period(name), currency=USD)
        if value is not None and target is not None:
            assert value == target, line.code
