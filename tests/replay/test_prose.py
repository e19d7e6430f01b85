"""Whole sentences of the releases, written by the engine from the leaves."""

import pytest

from loanbook.errors import RequestError
from loanbook.statements.periods import period
from loanbook.statements.presentation_prose import highlight, quarter_before, result
from tests.replay import seeds
from tests.replay.replay import figures

HERE = pytest.mark.skipif(not seeds.present(), reason="the filings (../shared/seeds) are not here")


@HERE
@pytest.mark.parametrize(
    ("filing", "line", "code", "subject", "verb"),
    [
        ("S0", 155, "income_from_operations", "Income from operations", "was"),
        ("S0", 163, "net_income", "Net income", "was"),
        (
            "S1",
            160,
            "facilitation_and_servicing_fees_capital_light",
            "*Loan facilitation and servicing fees-capital light*",
            "were",
        ),
        ("S1", 182, "provision_for_contingent_liabilities", "*Provision for contingent liability*", "was"),
        ("S2", 109, "general_and_administrative", "General and administrative expenses", "were"),
        ("S2", 117, "provision_for_contingent_liabilities", "Provision for contingent liability", "was"),
        ("S2", 135, "non_gaap_net_income_attributable_to_company", "Non-GAAP net income attributed to the Company", "was"),
    ],
)
def test_results_read_as_they_were_published(filing, line, code, subject, verb):
    quarter = period({"S0": "2024Q1", "S1": "2024Q2", "S2": "2024Q3"}[filing])
    engine = figures(filing)
    assert seeds.read(filing)[line - 1].startswith(result(engine, code, quarter, subject=subject, verb=verb))


@HERE
@pytest.mark.parametrize(
    ("filing", "line", "code", "subject"),
    [
        ("S0", 86, "total_net_revenue", "- Total net revenue"),
        ("S0", 92, "net_income_attributable_to_company", "- Net income attributed to the Company"),
        ("S1", 124, "non_gaap_diluted_per_ads", "- Non-GAAP net income per fully diluted ADS"),
    ],
)
def test_highlights_read_as_they_were_published(filing, line, code, subject):
    quarter = period({"S0": "2024Q1", "S1": "2024Q2", "S2": "2024Q3"}[filing])
    assert seeds.read(filing)[line - 1] == highlight(figures(filing), code, quarter, subject=subject)


def test_what_is_not_known_is_not_said():
    with pytest.raises(RequestError, match="funding_costs of 2022-01-01/2022-03-31 is not known"):
        highlight(figures("S0"), "funding_costs", period("2022Q1"), subject="Funding costs", verb="were")


def test_the_quarter_before_the_first_is_of_the_year_before():
    assert quarter_before(period("2024Q1")) == period("2023Q4")
    assert quarter_before(period("2024Q3")) == period("2024Q2")
    with pytest.raises(RequestError, match="of a quarter"):
        quarter_before(period("2024H1"))
