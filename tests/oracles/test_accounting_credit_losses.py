"""Worked and published cases of allowances, expected credit losses and stages, through the rooms measures and accounting."""

import json
from fractions import Fraction

import numpy as np
import pytest

from loanbook.accounting.allowance_movements import provision
from loanbook.accounting.roll_forward import chained, footed, rolled
from loanbook.accounting.stage_movements import published
from loanbook.measures.credit_losses_pools import (
    ageing_allowances,
    amount,
    expected_loss,
    open_pool_rate,
    rolled_rates,
    sales_provision,
    warm_allowance,
    warm_rate,
)
from tests.conftest import SHARED

FILE = SHARED / "oracles" / "accounting_cases.json"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the oracles are not beside the repository")


@pytest.fixture(scope="module")
def cases():
    return {case["id"]: case for case in json.loads(FILE.read_text(encoding="utf-8"), parse_float=Fraction)["cases"]}


def _cents(value):
    """A case's amount in hundredths."""
    return round(Fraction(value) * 100)


def _near(found_cents, expected, case):
    """Within the case's tolerance; half a unit of its last digit where it names none."""
    tolerance = Fraction(case["tolerance"]) if case["tolerance"] is not None else Fraction(1, 100)
    return abs(Fraction(found_cents, 100) - Fraction(expected)) <= tolerance


def test_open_pool(cases):
    case = cases["cecl-open-pool"]
    given, expected = case["inputs"], case["expected"]
    losses = [_cents(lost) for lost in given["losses_by_year"].values()]
    opening = _cents(given["pool_amortized_cost_2013"])
    history = open_pool_rate(opening, losses)
    rate = open_pool_rate(opening, losses, [given["current_adj"], given["forecast_adj"]])
    assert sum(losses) == _cents(expected["cumulative_losses"])
    assert round(float(history) * 100, 2) == float(expected["hist_lifetime_rate_pct"])
    assert round(float(rate) * 100, 2) == float(expected["total_rate_pct"])
    assert _near(amount(rate, _cents(given["amortized_cost_2017"])), expected["allowance"], case)


def test_open_pool_by_grade(cases):
    case, whole = cases["cecl-open-pool-migration"], cases["cecl-open-pool"]
    total = 0
    for grade, given in case["inputs"]["segments"].items():
        rate = open_pool_rate(
            _cents(given["start_balance"]),
            [_cents(lost) for lost in given["charge_offs_2014_2017"]],
            [case["inputs"]["q_factor"]],
        )
        found = amount(rate, _cents(given["balance_2017"]))
        assert _near(found, case["expected"]["allowance"][grade], case)
        total += found
    assert _near(total, case["expected"]["total"], case)
    more = total - _cents(whole["expected"]["allowance"])
    assert _near(more, case["expected"]["increase_vs_unsegmented"], case)


def test_loss_rate_with_an_adjustment(cases):
    case = cases["cecl-asc326-ex1-loss-rate"]
    expected = case["expected"]
    rate = expected["implied_hist_rate"] + Fraction(case["inputs"]["incremental_bp"], 10_000)
    assert rate == case["inputs"]["adjusted_rate"]
    assert amount(rate, _cents(expected["implied_amortized_cost"])) == _cents(expected["allowance"])


def test_warm_is_the_formula_of_the_tool(cases):
    """The case has no figures: the formula is checked on made-up ones, term by term, against its own words."""
    formula = cases["cecl-warm-ncua-formula"]["inputs"]["formula"]
    assert "(all_loans - individually_assessed) * (3yr_weighted_net_charge_off_rate + q_loss_adj)" in formula
    lost, held = [300_00, 500_00, 400_00], [40_000_00, 50_000_00, 60_000_00]
    rate = warm_rate(lost, held)
    assert rate == Fraction(1200, 150_000)
    found = warm_allowance(
        70_000_00,
        5_000_00,
        rate,
        Fraction(5, 2),
        loss_adjustment=Fraction(1, 1000),
        life_adjustment=Fraction(1, 2),
        individual_allowances_fen=[800_00, 450_00],
    )
    assert found == 65_000_00 * 3 * 9 // 1000 + 1_250_00


def test_provision_matrix_rolled(cases):
    case = cases["ifrs9-provision-matrix-rolled"]
    given, expected = case["inputs"], case["expected"]
    paid = [_cents(given["paid"][name]) for name in ("on_time", "d1_30", "d31_60", "d61_90")]
    rates = rolled_rates(_cents(given["sales"]), paid)
    assert [round(float(rate) * 100, 1) for rate in rates] == [float(rate) for rate in expected["loss_rate_pct"]]
    found = ageing_allowances([_cents(balance) for balance in given["year_end"].values()], rates)
    assert all(_near(cents, told, case) for cents, told in zip(found, expected["ecl"], strict=True))
    assert _near(sum(found), expected["total"], case)


def test_ageing_schedule(cases):
    case = cases["aging-allen-company"]
    given, expected = case["inputs"], case["expected"]
    balances = [_cents(balance) for balance in given["balances"]]
    found = ageing_allowances(balances, given["rates"])
    assert list(found) == [_cents(told) for told in expected["estimates"]]
    assert sum(found) == _cents(expected["total"])
    footed("receivables", dict(zip(given["buckets"], balances, strict=True)), _cents(expected["total_receivable"]))


def test_percentage_of_sales_and_ageing(cases):
    case = cases["allowance-rollforward-riley"]
    given, expected = case["inputs"], case["expected"]
    owed = rolled(
        "receivables",
        given["ar_beg"],
        {"sales": given["sales"], "collections": -given["collections"], "written off": -given["writeoffs"]},
    )
    assert owed.closing == expected["ar_end"]
    expense = sales_provision(given["sales"], given["pct_sales"])
    assert expense == expected["pct_sales_expense"]
    left = rolled("allowance", given["allowance_beg"], {"provision": expense, "written off": -given["writeoffs"]})
    assert left.closing == expected["pct_sales_allowance_end"]
    closing = sum(ageing_allowances([row[0] for row in given["aging"]], [Fraction(row[1]) for row in given["aging"]]))
    assert closing == expected["aging_allowance_end"]
    assert provision(given["allowance_beg"], closing, given["writeoffs"], 0) == expected["aging_expense"]


def test_rates_that_the_standard_names_are_a_matrix(cases):
    rates = list(cases["ifrs9-b5535-matrix-rates"]["expected"].values())
    assert rates == sorted(rates)
    assert ageing_allowances([100_00] * len(rates), rates) == (1_00, 2_00, 3_00, 20_00)


def test_stages_roll_forward(cases):
    """Opening, new, net transfers, derecognised of a published guarantor; stage 3 takes what stages 1 and 2 lose."""
    case = cases["ifrs9-stage-rollforward-lufax"]
    for year in ("2020", "2021"):
        opening, new, out, gone = case["inputs"][f"{year}_s1"]
        opening_2, into, gone_2 = case["inputs"][f"{year}_s2"]
        assert out == -into
        transfers = np.zeros((3, 3), np.int64)
        transfers[0, 1] = into
        found = published({1: opening, 2: opening_2}, {1: new}, transfers, {1: gone, 2: gone_2})
        assert found.net_transfers.sum() == 0
        assert found.closing.tolist()[:2] == [case["expected"][f"{year}_s1"], case["expected"][f"{year}_s2"]]


def test_published_loan_allowances_roll_forward(cases):
    case = cases["asc326-loan-allowance-qfin"]
    rolls = []
    for year, given in case["inputs"].items():
        roll = rolled(
            f"allowance {year}",
            given["opening"],
            {"provision": given["provision"], "written off": given["gross_writeoff"], "recovered": given["recoveries"]},
        )
        assert roll.closing == case["expected"][year]
        expense = provision(given["opening"], case["expected"][year], -given["gross_writeoff"], given["recoveries"])
        assert expense == given["provision"]
        rolls.append(roll)
    assert len(chained(rolls)) == 5


def test_published_allowance_and_ageing_of_another_lender(cases):
    case = cases["asc326-loan-allowance-fta"]
    rolls = []
    for year, given in case["inputs"]["roll"].items():
        roll = rolled(f"allowance {year}", given["opening"], {"provision": given["provision"], "written off": given["writeoff"]})
        assert roll.closing == case["expected"]["closing"][year]
        rolls.append(roll)
    chained(rolls)
    footed("ageing 2023", case["inputs"]["aging_2023"], case["expected"]["aging_2023_total"])


def test_twelve_month_loss_of_one_loan(cases):
    """General knowledge, weaker evidence."""
    case = cases["gk-ifrs9-ie-ex8"]
    given = case["inputs"]
    assert expected_loss(_cents(given["ead"]), given["pd"], given["lgd"]) == _cents(case["expected"]["ecl"])


def test_provision_matrix_of_a_company(cases):
    """General knowledge, weaker evidence."""
    case = cases["gk-ifrs9-ie-ex12"]
    rows = case["inputs"]["rows"]
    found = ageing_allowances([_cents(row[0]) for row in rows], [row[1] for row in rows])
    assert list(found) == [_cents(told) for told in case["expected"]["ecl"]]
    assert sum(found) == _cents(case["expected"]["total"])
