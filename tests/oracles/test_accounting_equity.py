"""Earnings per share, share-based compensation and per-ADS figures against cases and releases that nobody here made."""

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from loanbook.accounting.grants import PER_MILLION, Grant, GrantMovement, Instrument, Moved
from loanbook.accounting.option_value import OptionInputs, option_value
from loanbook.accounting.share_based import US_GAAP, ForfeitureEstimate, cumulative_cost, expected_to_vest, ifrs
from loanbook.accounting.weighted_shares import (
    Potential,
    WeightedShares,
    YearToDate,
    bought_back,
    diluted,
    incremental_to_date,
    treasury_stock,
    weighted_average,
)
from loanbook.statements.per_share import in_dollars, per_share
from loanbook.statements.periods import period
from loanbook.statements.presentation import Figures
from loanbook.terms.loading import parse_located
from loanbook.terms.statement import BASE
from loanbook.terms.statement_file import join_statements, read_statement
from loanbook.units import day, rate
from tests.accounting.awards import level_tranches
from tests.conftest import SHARED
from tests.oracles import releases

CASES = SHARED / "oracles" / "accounting_cases.json"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the cases lie in ../shared/oracles, which is not here")
THOUSAND_FEN = 100_000


def case(name: str) -> dict[str, Any]:
    return next(c for c in json.loads(CASES.read_text(encoding="utf-8"))["cases"] if c["id"] == name)


def hundredths(value: float) -> int:
    return round(value * 100)


def grant(days: list[str], instruments: int, fair_value_fen: int) -> Grant:
    return Grant(
        grant_id="G1",
        entity="parent",
        currency="CNY",
        instrument=Instrument.OPTION,
        granted_on=day(days[0]),
        tranches=level_tranches([day(d) for d in days[1:]], instruments, fair_value_fen * PER_MILLION),
        lines=(("general_and_administrative", 1),),
    )


@pytest.mark.parametrize("period", ["H1_2021", "H1_2022", "9M_2021", "9M_2022"])
def test_treasury_stock_of_a_platform(period: str) -> None:
    each = case("eps-qfin-treasury-stock")
    given, expected = each["inputs"][period], each["expected"][period]
    income = given["net_income_k"] * THOUSAND_FEN
    found = diluted(income, given["wa_basic"], [Potential(name="options", income_fen=0, shares=given["incremental_tsm"])])
    assert found.counted == ("options",)
    assert per_share(income, given["wa_basic"]) == hundredths(expected["basic"])
    assert per_share(found.income_fen, found.shares) == hundredths(expected["diluted"])


@pytest.mark.parametrize("year", ["2018", "2019", "2020"])
def test_options_units_and_convertible_notes(year: str) -> None:
    each = case("eps-lexin-if-converted")
    given, expected = each["inputs"][year], each["expected"][year]
    income = given["net_income_k"] * THOUSAND_FEN
    potentials = [
        Potential(name="options", income_fen=0, shares=given["options_tsm"]),
        Potential(name="units", income_fen=0, shares=given["rsu_tsm"]),
        Potential(name="notes", income_fen=given["convertible_interest_k"] * THOUSAND_FEN, shares=given["if_converted"]),
    ]
    found = diluted(income, given["wa_basic"], potentials)
    assert found.counted == (("options", "units") if year == "2018" else ("options", "units", "notes"))
    assert per_share(income, given["wa_basic"]) == hundredths(expected["basic"])
    assert found.income_fen / 100 / found.shares == pytest.approx(expected["diluted_recomputed"], abs=0.00005)
    if year == "2018":
        assert found.shares == each["expected"]["2018_diluted_shares"]


def direct(income_fen: int, shares: int, shares_per_ads: int) -> int | None:
    """Income over depositary shares by a statement whose line says so: `income` and `shares`, not `of` a figure a share."""
    text = "statement: other\ntitle: Another company's\naccumulation: flow\nlines:\n"
    text += "- {code: income, title: Income, sign: credit}\n- {code: shares, title: Shares, unit: shares}\n"
    text += "- {code: ads, title: ADS, kind: ads, of: shares}\n"
    text += "- {code: an_ads, title: Income an ADS, kind: per_share, per: ads, income: income, shares: ads}\n"
    statements = join_statements([read_statement(parse_located(text, "other.yaml"))])
    year = period("2018")
    amounts = {("income", year, BASE): income_fen // THOUSAND_FEN, ("shares", year, BASE): shares}
    return Figures(statements=statements, amounts=amounts, shares_per_ads=shares_per_ads).value("an_ads", year)


@pytest.mark.parametrize("year", ["2016", "2017", "2018"])
def test_ads_from_the_unrounded_figure(year: str) -> None:
    each = case("eps-per-ads-unrounded")
    given, expected = each["inputs"][year], each["expected"][year]
    income, ratio = given["net_income_k"] * THOUSAND_FEN, given["shares_per_ads"]
    assert per_share(income, given["wa_basic"]) == hundredths(expected["basic_share"])
    assert ratio * per_share(income, given["wa_basic"]) != hundredths(expected["basic_ads"])
    assert direct(income, given["wa_basic"], ratio) == hundredths(expected["basic_ads"])


def test_partly_paid_shares() -> None:
    each = case("eps-ias33-partly-paid")
    given, expected = each["inputs"], each["expected"]
    unpaid, price = given["outstanding_consideration_eur"] * 100, round(given["avg_fair_value_eur"] * 100) * PER_MILLION
    extra = treasury_stock(given["potential"], 0, unpaid, price)
    assert extra == expected["dilutive_shares"]
    shares = given["fully_paid"] + given["partly_paid_equiv"]
    found = diluted(given["net_profit_eur"] * 100, shares, [Potential(name="partly paid", income_fen=0, shares=extra)])
    # Hundredths of a cent: the case prints cents with two decimals.
    assert per_share(given["net_profit_eur"] * 10_000, shares) == hundredths(expected["basic_c"])
    assert per_share(found.income_fen * 100, found.shares) == hundredths(expected["diluted_c"])


def test_options_at_six_with_a_price_of_eight() -> None:
    each = case("eps-ifrs-workbook-cs5")
    given, expected = each["inputs"], each["expected"]
    options, strike, price = int(given["options"]), given["strike"] * 100 * PER_MILLION, given["price"] * 100 * PER_MILLION
    assert bought_back(options * given["strike"] * 100, price) == expected["shares_at_fair_value"]
    extra = treasury_stock(options, strike, 0, price)
    assert extra == expected["incremental"]
    income, shares = int(given["net_profit"]) * 100, int(given["shares"])
    found = diluted(income, shares, [Potential(name="options", income_fen=0, shares=extra)])
    assert per_share(income, shares) == expected["basic_c"]
    assert per_share(found.income_fen * 100, found.shares) == hundredths(expected["diluted_c_recomputed"])


def test_options_of_the_standards_example() -> None:
    each = case("gk-ias33-ie-ex5")
    given, expected = each["inputs"], each["expected"]
    extra = treasury_stock(given["options"], given["strike"] * 100 * PER_MILLION, 0, given["price"] * 100 * PER_MILLION)
    found = diluted(given["ni"] * 100, given["shares"], [Potential(name="options", income_fen=0, shares=extra)])
    assert per_share(given["ni"] * 100, given["shares"]) == hundredths(expected["basic"])
    assert per_share(found.income_fen, found.shares) == hundredths(expected["diluted"])


def test_year_to_date_differs_between_the_standards() -> None:
    """The rule of the case: the average of quarters under US GAAP, the year to date by itself under IFRS."""
    assert case("eps-ytd-gaap-ifrs-difference")["kind"] == "rule"
    strike, prices = 10_00 * PER_MILLION, (8_00, 20_00)
    quarters = [treasury_stock(1_000_000, strike, 0, price * PER_MILLION) for price in prices]
    independent = treasury_stock(1_000_000, strike, 0, sum(prices) // 2 * PER_MILLION)
    assert quarters == [0, 500_000]
    assert incremental_to_date(YearToDate.AVERAGE_OF_QUARTERS, quarters, independent) == 250_000
    assert incremental_to_date(YearToDate.INDEPENDENT, quarters, independent) == 285_714


def test_three_years_of_service_with_a_fifth_leaving() -> None:
    each = case("sbc-ifrs2-ig11-ex1")
    given, expected = each["inputs"], each["expected"]
    award = grant(["2001-01-01", "2004-01-01"], given["options"], given["fv"] * 100)
    policy = ifrs(ForfeitureEstimate(effective_on=day("2001-01-01"), vesting_share_ppm=round(given["expected_vest"] * 1_000_000)))
    gone = round(given["options"] * (1 - given["expected_vest"]))
    left = GrantMovement(grant_id="G1", moved=Moved.FORFEITED, happened_on=day("2003-12-31"), instruments=gone)
    ends = [day("2002-01-01"), day("2003-01-01"), day("2004-01-01")]
    cumulative = [cumulative_cost(award, (left,), policy, on) for on in ends]
    assert cumulative == [amount * 100 for amount in expected["cumulative"]]
    assert [b - a for a, b in pairwise([0, *cumulative])] == [amount * 100 for amount in expected["expense"]]


def test_four_years_graded_and_straight() -> None:
    each = case("sbc-graded-4yr")
    years = ["2021-01-01", "2022-01-01", "2023-01-01", "2024-01-01", "2025-01-01"]
    award = grant(years, 4_000_000, 100)
    for policy, shares in ((ifrs(), each["expected"]["graded_pct"]), (US_GAAP, each["expected"]["straight_line_pct"])):
        at = [cumulative_cost(award, (), policy, day(d)) for d in years]
        percent = [(b - a) * 100 / at[-1] for a, b in pairwise(at)]
        assert percent == pytest.approx(shares, abs=0.06)


def test_value_of_an_option() -> None:
    each = case("sbc-pwc-sc2-23-bs")
    given, expected = each["inputs"], each["expected"]
    found = option_value(
        OptionInputs(
            spot_fen=given["spot"] * 100 * PER_MILLION,
            strike_fen=given["strike"] * 100 * PER_MILLION,
            term_months=given["term"] * 12,
            volatility=rate(given["vol"]),
            risk_free=rate(given["rf_cc"]),
            dividend_yield=given["div"],
        )
    )
    assert found / 100 / PER_MILLION == pytest.approx(expected["fair_value"], abs=float(each["tolerance"]))


def test_expected_forfeitures_of_three_in_a_hundred_a_year() -> None:
    each = case("gk-asc718-ex1")
    given, expected = each["inputs"], each["expected"]
    award = grant(["2001-01-01", "2004-01-01"], given["options"], hundredths(given["fv"]))
    estimate = ForfeitureEstimate(effective_on=award.granted_on, annual_rate_ppm=round(given["forfeiture"] * 1_000_000))
    assert expected_to_vest(given["options"], given["options"], 1095, estimate) == expected["expected_vested"]
    # One year later the estimate is of those who are still there: nobody left, so it is 0.97 squared, and a third is earned.
    vesting = round(given["options"] * 0.97**2)
    assert cumulative_cost(award, (), ifrs(estimate), day("2002-01-01")) == round(vesting * hundredths(given["fv"]) / 3)
    assert expected["expected_vested"] * hundredths(given["fv"]) == pytest.approx(expected["cost"] * 100, abs=50)


@pytest.mark.skipif(not releases.SEEDS.exists(), reason=releases.REASON)
def test_dollars_of_a_share_are_of_the_rounded_share() -> None:
    """6.09 / 7.0176 = 0.8678 prints as 0.87; twice that is 1.74, though 12.18 / 7.0176 is 1.7356 as well."""
    assert in_dollars(609, releases.RATES["002"]) == 87
    quarter, dollars = releases.columns("001")[1:3]
    assert in_dollars(quarter["net_income_per_ads_diluted"], releases.RATES["001"]) == 123
    assert dollars["net_income_per_ads_diluted"] == 122


@pytest.mark.skipif(not releases.SEEDS.exists(), reason=releases.REASON)
def test_weighted_shares_of_the_releases_add_by_days() -> None:
    """Six and nine months of 2023 and 2024 follow from the quarters by their days."""
    first, second, third = (releases.columns(code) for code in ("000", "001", "002"))
    for place, lengths in ((0, (90, 91, 92)), (1, (91, 91, 92))):
        quarters = [
            WeightedShares(share_days=table[place]["weighted_shares_basic"] * days, days=days)
            for table, days in zip((first, second, third), lengths, strict=True)
        ]
        half = quarters[0] + quarters[1]
        assert half.shares == pytest.approx(second[3 + place]["weighted_shares_basic"], abs=1)
        assert (half + quarters[2]).shares == pytest.approx(third[3 + place]["weighted_shares_basic"], abs=1)


@pytest.mark.skipif(not releases.SEEDS.exists(), reason=releases.REASON)
def test_releases_do_not_average_their_quarters_incremental_shares() -> None:
    """Six months of 2024: both quarters average 6.31 million, the release says 6.35 million. No figure a share moves."""
    first, second = releases.columns("000"), releases.columns("001")
    extra = [c["weighted_shares_diluted"] - c["weighted_shares_basic"] for c in (first[1], second[1], second[4])]
    average = incremental_to_date(YearToDate.AVERAGE_OF_QUARTERS, extra[:2], 0)
    assert average == 6_311_167
    assert extra[2] == 6_350_134
    half = second[4]
    assert (
        per_share(half["income"] * THOUSAND_FEN, half["weighted_shares_basic"] + average) == half["net_income_per_share_diluted"]
    )


def test_a_weighted_average_counts_the_day_of_the_issue() -> None:
    found = weighted_average(100, np.array([day("2024-04-01")]), np.array([10]), day("2024-01-01"), day("2024-06-30"))
    assert found.share_days == 100 * 182 + 10 * 91
