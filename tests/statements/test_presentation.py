"""The engine: totals, quarters, openings, US$, per share, ratios, dimensions; on amounts made up here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.errors import RequestError
from loanbook.statements.periods import Period, period
from loanbook.statements.presentation import USD, Figures, growth, leaf_signs, rate_of
from loanbook.terms.statement import BASE
from loanbook.terms.statement_file import load_statements
from tests.reference import presentation as twin

STATEMENTS = load_statements()
Q1, Q2, H1 = period("2024Q1"), period("2024Q2"), period("2024H1")
END = period("2024-06-30")
LEAVES = {
    name: [line.code for line in STATEMENTS.by_name[name].lines if line.kind == "leaf" and line.unit == "money"]
    for name in ("balance_sheet", "operations", "cash_flows")
}
ADDENDS = {code: line.addends for code, line in STATEMENTS.lines.items() if line.kind == "total"}
THOUSANDS = st.integers(-(10**9), 10**9)


def engine(amounts, **settings) -> Figures:
    return Figures(statements=STATEMENTS, amounts=amounts, **settings)


@given(st.lists(THOUSANDS, min_size=len(LEAVES["operations"]), max_size=len(LEAVES["operations"])))
def test_every_total_of_operations_is_the_sum_of_its_leaves(values):
    amounts = dict(zip(LEAVES["operations"], values, strict=True))
    made = engine({(code, Q1, BASE): value for code, value in amounts.items()})
    for line in STATEMENTS.by_name["operations"].lines:
        if line.kind == "total":
            assert made.value(line.code, Q1) == twin.foot(ADDENDS, amounts, line.code)


@given(
    st.lists(THOUSANDS, min_size=len(LEAVES["balance_sheet"]), max_size=len(LEAVES["balance_sheet"])), st.integers(60_000, 80_000)
)
def test_us_dollars_foot_and_balance_whatever_the_rate(values, rate):
    """Each leaf is RMB over the rate; totals are sums of these; the parent's equity takes what is left."""
    amounts = {(code, END, BASE): value for code, value in zip(LEAVES["balance_sheet"], values, strict=True)}
    gap = engine(amounts).value("total_assets", END) - engine(amounts).value("total_liabilities_and_equity", END)
    amounts["company_equity", END, BASE] += gap
    made = engine(amounts, rate=rate)
    dollars = {code: twin.half_up(twin.Fraction(amounts[code, END, BASE] * 10_000, rate)) for code in LEAVES["balance_sheet"]}
    assert made.value("total_assets", END, currency=USD) == twin.foot(ADDENDS, dollars, "total_assets")
    assert made.value("total_liabilities_and_equity", END, currency=USD) == made.value("total_assets", END, currency=USD)
    for code in set(LEAVES["balance_sheet"]) - {"company_equity"}:
        assert made.value(code, END, currency=USD) == dollars[code]


def test_the_exchange_line_of_cash_flows_takes_what_translation_leaves():
    """S2's nine months of 2024: -19,428 over 7.0176 are -2,768; -2,767 is what closes (S2:320)."""
    nine = period("2024M9")
    amounts = {
        ("net_cash_operating", nine, BASE): 6_291_705,
        ("net_cash_investing", nine, BASE): -7_048_470,
        ("net_cash_financing", nine, BASE): -240_947,
        ("effect_of_exchange_rate_changes", nine, BASE): -19_428,
        ("cash_and_cash_equivalents", period("2023-12-31"), BASE): 4_177_890,
        ("restricted_cash", period("2023-12-31"), BASE): 3_381_107,
        ("cash_and_cash_equivalents", period("2024-09-30"), BASE): 4_288_460,
        ("restricted_cash", period("2024-09-30"), BASE): 2_253_397,
    }
    made = engine(amounts, rate=rate_of("7.0176"))
    assert made.value("effect_of_exchange_rate_changes", nine, currency=USD) == -2_767
    assert made.value("net_change_in_cash", nine, currency=USD) == -144_940
    assert made.value("cash_beginning", nine, currency=USD) == 1_077_148
    assert made.value("cash_end", nine, currency=USD) == 611_101 + 321_107


def test_a_quarter_is_the_year_to_date_less_the_one_before():
    amounts = {("funding_costs", Q1, BASE): 40, ("funding_costs", H1, BASE): 95, ("sales_and_marketing", H1, BASE): 7}
    made = engine(amounts)
    assert made.value("funding_costs", Q2) == 55
    assert made.value("sales_and_marketing", Q2) == 7
    assert made.value("total_operating_costs_and_expenses", Q2) == 62


def test_weighted_shares_and_per_share_figures_are_never_a_difference():
    amounts = {
        ("weighted_average_shares_basic", Q1, BASE): 100,
        ("weighted_average_shares_basic", H1, BASE): 90,
        ("funding_costs", Q1, BASE): -1_000,
        ("funding_costs", H1, BASE): -3_000,
    }
    made = engine(amounts, missing_is_nil=False)
    assert made.value("weighted_average_shares_basic", Q2) is None
    assert made.value("basic_per_share", Q2) is None


def test_a_quarter_that_is_given_is_not_computed():
    made = engine({("funding_costs", Q1, BASE): 40, ("funding_costs", H1, BASE): 95, ("funding_costs", Q2, BASE): 54})
    assert made.value("funding_costs", Q2) == 54


def test_what_a_filing_does_not_print_is_not_known_and_what_a_ledger_does_not_hold_is_nothing():
    amounts = {("funding_costs", Q1, BASE): 40}
    assert engine(amounts, missing_is_nil=False).value("total_operating_costs_and_expenses", Q1) is None
    assert engine(amounts).value("total_operating_costs_and_expenses", Q1) == 40
    assert engine(amounts, missing_is_nil=False).value("contract_liabilities", END) == 0


def test_a_total_may_be_given_where_its_lines_are_not_printed():
    amounts = {("total_net_revenue", Q1, BASE): 100, ("total_operating_costs_and_expenses", Q1, BASE): 60}
    assert engine(amounts, missing_is_nil=False).value("income_from_operations", Q1) == 40


def test_the_opening_is_the_closing_of_the_period_before():
    """2023 of the releases: the balance sheet of March is not printed, the cash flow of the quarter is."""
    amounts = {("cash_beginning", period("2022-12-31"), BASE): 10_512_363}
    for code, first, half in (
        ("net_cash_operating", 1_761_091, 3_522_666),
        ("net_cash_investing", -3_564_207, -7_001_173),
        ("net_cash_financing", 38_940, 1_275_127),
        ("effect_of_exchange_rate_changes", -2_843, 5_558),
    ):
        amounts |= {(code, period("2023Q1"), BASE): first, (code, period("2023H1"), BASE): half}
    made = engine(amounts, missing_is_nil=False)
    assert made.value("cash_end", period("2023Q1")) == made.value("cash_beginning", period("2023Q2")) == 8_745_344
    assert made.value("cash_end", period("2023Q2")) == made.value("cash_end", period("2023H1")) == 8_314_541


def test_per_share_is_rounded_and_then_doubled_but_non_gaap_is_direct():
    """The first quarter of 2024 (S0:340-342, 396-398)."""
    amounts = {
        ("net_income_attributable_to_company", Q1, BASE): 1_164_287,
        ("share_based_compensation", Q1, BASE): 44_645,
        ("weighted_average_shares_basic", Q1, BASE): 312_027_192,
        ("weighted_average_shares_diluted", Q1, BASE): 318_915_157,
    }
    made = engine(amounts, rate=rate_of("7.2203"))
    assert [made.value(code, Q1) for code in ("basic_per_share", "diluted_per_share", "diluted_per_ads")] == [373, 365, 730]
    assert made.value("weighted_average_ads_diluted", Q1) == 159_457_579
    assert made.value("non_gaap_diluted_per_ads", Q1) == 758
    assert [made.value(code, Q1, currency=USD) for code in ("basic_per_share", "diluted_per_share", "diluted_per_ads")] == [
        52,
        51,
        102,
    ]


def test_a_loss_has_a_negative_margin_and_no_revenue_has_none():
    amounts = {("funding_costs", Q1, BASE): 30, ("financing_income", Q1, BASE): 20}
    assert engine(amounts).value("operating_margin", Q1) == -500
    assert engine({("funding_costs", Q1, BASE): 30}).value("operating_margin", Q1) is None


def test_a_ratio_is_rounded_once():
    amounts = {("loan_volume", Q1, BASE): 10_000, ("platform_volume", Q1, BASE): 6_448}
    made = engine(amounts, missing_is_nil=False)
    assert made.value("platform_share", Q1) == 645
    assert made.ratio("platform_share", Q1, decimals=0) == 64
    assert growth(1_800_000, 1_150_300) == 565
    assert growth(1_800_000, 1_150_300, decimals=0) == 56
    assert growth(5, 0) is None


def test_adjustments_foot_by_themselves_and_with_what_is_reported():
    amounts = {
        ("financing_income", H1, BASE): 3_225_096,
        ("financing_income", H1, "effective_interest_rate"): -50_622,
        ("income_tax_expense", H1, BASE): -1_066_120,
        ("income_tax_expense", H1, "effective_interest_rate"): 7_591,
    }
    made = engine(amounts)
    assert made.value("net_income", H1, "effective_interest_rate") == -43_031
    assert made.value("net_income", H1, "financial_guarantee") == 0
    assert made.value("net_income", H1, "ifrs") == made.value("net_income", H1) - 43_031


def test_an_equity_row_is_taken_from_where_it_is_reported():
    amounts = {
        ("financing_income", H1, BASE): 900,
        ("net_loss_attributable_to_noncontrolling_interests", H1, BASE): 4,
        ("foreign_currency_translation_adjustment", H1, BASE): -7,
        ("equity_dividends", H1, "retained_earnings"): -100,
        ("retained_earnings", period("2023-12-31"), BASE): 5_000,
        ("noncontrolling_interests", period("2023-12-31"), BASE): 70,
    }
    made = engine(amounts)
    assert made.value("equity_net_income", H1, "retained_earnings") == 904
    assert made.value("equity_closing", H1, "retained_earnings") == 5_804
    assert made.value("equity_closing", H1, "noncontrolling_interests") == 66
    assert made.value("equity_closing", H1, "accumulated_other_comprehensive_income") == -7
    assert made.value("equity_closing", H1, "company_equity") == 5_797
    assert made.value("equity_closing", H1, "total_equity") == 5_863
    assert made.value("equity_net_income", H1, "total_equity") == 900
    assert made.value("equity_closing", H1) is None, "the table has no column of that name"


def test_a_total_column_adds_the_members_that_there_are():
    amounts = {
        ("vintage_current", END, "origination_year=2023"): 40,
        ("vintage_current", END, "origination_year=2024"): 60,
        ("vintage_d1_30", END, "origination_year=2024"): 5,
    }
    made = engine(amounts)
    assert made.value("vintage_loans", END, "origination_year=2024") == 65
    assert made.value("vintage_loans", END, "total_by_year") == 105


def test_dollars_without_a_rate_and_unknown_lines_are_refused():
    with pytest.raises(RequestError, match="no exchange rate"):
        engine({}).value("goodwill", END, currency=USD)
    with pytest.raises(RequestError, match="there is no line 'revenues'"):
        engine({("revenues", Q1, BASE): 1})


def test_a_total_expands_into_its_leaves_with_their_signs():
    signs = leaf_signs(STATEMENTS, "net_income")
    assert signs["financing_income"] == 1
    assert signs["funding_costs"] == -1
    assert signs["income_tax_expense"] == 1


@pytest.mark.parametrize(
    ("text", "shown", "months"),
    [("2024Q2", "2024-04-01/2024-06-30", 3), ("2024", "2024-01-01/2024-12-31", 12), ("2024M9", "2024-01-01/2024-09-30", 9)],
)
def test_periods_read_as_people_write_them(text, shown, months):
    assert str(period(text)) == shown
    assert period(text).months == months
    assert period(shown) == period(text)


@pytest.mark.parametrize("text", ["2024Q5", "24Q1", "2024-06-30/2024-01-01", "June"])
def test_other_periods_are_refused(text):
    with pytest.raises(RequestError):
        period(text)


def test_the_year_before_keeps_month_ends():
    assert str(period("2024-02-29").a_year_before()) == "2023-02-28"
    assert period("2024Q1").a_year_before() == period("2023Q1")
    assert period("2024Q1").eve == Period(ends_on=period("2023-12-31").ends_on)
