"""Worked and published cases of allowances, expected credit losses and stages, through the rooms measures and accounting."""

import json
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from loanbook.accounting.roll_forward import RollForward
from loanbook.accounting.stage_movements import StageMovements
from loanbook.loans.dates import month_end
from loanbook.measures.cells import empty_cells
from loanbook.measures.credit_losses import estimate
from loanbook.measures.credit_losses_policy import MONTHS_A_YEAR, LossPolicy
from loanbook.measures.credit_losses_result import Estimates
from loanbook.measures.credit_losses_rolls import look_back, rolls_of
from loanbook.measures.credit_losses_vintages import development
from loanbook.measures.space import Space
from loanbook.measures.window import window
from loanbook.terms.families import BY_NAME
from loanbook.units import day
from tests.conftest import SHARED
from tests.measures.known_losses import populate

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


PPM = 1_000_000
BOOK = window(since=day("2013-01-01"), as_of=int(month_end(2013 * 12 + 4)))


def still_to_come(pools):
    """What the vintage method expects of pools of today, by what pools of four periods ago lost in each since.

    pools   (balance then, losses by period, balance now) in cents; a period of the case is a month here
    """
    space = Space(
        window=BOOK, groups=tuple((f"pool {place}", "on_balance_sheet", "") for place in range(len(pools))), tenors=(36,)
    )
    cells = empty_cells(space)
    families = {name: cells.families[name].reshape(*space.shape(BY_NAME[name]), -1) for name in ("volume", "vintage")}

    def put(family, name, at, amount):
        families[family][(*at, BY_NAME[family].columns.index(name))] = amount

    for place, (then, lost, now) in enumerate(pools):
        for vintage, balance in ((0, then), (4, now)):
            put("volume", "loans", (place, vintage, 0, 0), balance)
            put("volume", "principal_fen", (place, vintage, 0, 0), balance)
            put("vintage", "original_fen", (place, vintage, 0), balance)
        for age, amount in enumerate(lost, start=1):
            put("vintage", "charged_off_fen", (place, 0, age), amount)
    policy = LossPolicy(thin_events=1)
    return development(cells, policy, look_back(cells, policy)).future[:, -1]


def matrix(rates):
    """An estimate whose lifetime loss is one rate by days past due, in whole millionths."""
    table = np.zeros((1, 37, 8), np.int64)
    table[:, :, : len(rates)] = [round(rate * PPM) for rate in rates]
    nothing = np.zeros(1, np.int64)
    return Estimates(
        method="roll_rate",
        as_of=0,
        known_on=0,
        groups=(("receivables", "on_balance_sheet", ""),),
        look_back_from=0,
        look_back_to=0,
        scenarios=(),
        outlook="",
        policy="",
        interval="",
        lifetime_loss_ppm=table,
        twelve_month_loss_ppm=table,
        default_ppm=table,
        collectable_ppm=table,
        prepaid_ppm=nothing,
        severity_ppm=nothing,
        emergence_ppm=nothing,
        spread_ppm=nothing,
        loan_fen=nothing,
    )


def measured(balances, rates):
    """Each balance by its rate, as a close measures exposure, int cents; rates are whole millionths."""
    found = []
    for place, balance in enumerate(balances):
        exposure = np.zeros((1, 37, 8), np.int64)
        exposure[0, 1, place] = balance
        found.append(int(matrix(rates).allowance_fen(exposure)[0]))
    return found


def test_open_pool(cases):
    case = cases["cecl-open-pool"]
    given, expected = case["inputs"], case["expected"]
    losses = [_cents(lost) for lost in given["losses_by_year"].values()]
    opening, now = _cents(given["pool_amortized_cost_2013"]), _cents(given["amortized_cost_2017"])
    assert sum(losses) == _cents(expected["cumulative_losses"])
    lost = still_to_come([(opening, losses, now)])[0]
    assert round(lost / now * 100, 2) == float(expected["hist_lifetime_rate_pct"])
    adjusted = lost + float(given["current_adj"] + given["forecast_adj"]) * now
    assert round(adjusted / now * 100, 2) == float(expected["total_rate_pct"])
    assert _near(round(adjusted), expected["allowance"], case)


def test_open_pool_by_grade(cases):
    case, whole = cases["cecl-open-pool-migration"], cases["cecl-open-pool"]
    segments = case["inputs"]["segments"]
    pools = [
        (_cents(given["start_balance"]), [_cents(lost) for lost in given["charge_offs_2014_2017"]], _cents(given["balance_2017"]))
        for given in segments.values()
    ]
    found = [
        round(lost + float(case["inputs"]["q_factor"]) * pool[2]) for lost, pool in zip(still_to_come(pools), pools, strict=True)
    ]
    for grade, allowance in zip(segments, found, strict=True):
        assert _near(allowance, case["expected"]["allowance"][grade], case)
    assert _near(sum(found), case["expected"]["total"], case)
    more = sum(found) - _cents(whole["expected"]["allowance"])
    assert _near(more, case["expected"]["increase_vs_unsegmented"], case)


def test_loss_rate_with_an_adjustment(cases):
    case = cases["cecl-asc326-ex1-loss-rate"]
    expected = case["expected"]
    rate = expected["implied_hist_rate"] + Fraction(case["inputs"]["incremental_bp"], 10_000)
    assert rate == case["inputs"]["adjusted_rate"]
    assert measured([_cents(expected["implied_amortized_cost"])], [rate]) == [_cents(expected["allowance"])]


def test_warm_is_the_formula_of_the_tool(cases):
    """The case has no figures: net charge-offs over balances, times the remaining life, term by term of a population."""
    formula = cases["cecl-warm-ncua-formula"]["inputs"]["formula"]
    assert "3yr_weighted_net_charge_off_rate" in formula
    assert "weights of the 3 annual rates = period-end balances" in formula
    drawn = populate(7, a_month=(300, 300), months=40, lending_months=38)
    cells, policy = drawn.cells_at(39), LossPolicy()
    made = estimate(cells, method="warm", policy=policy, exposure=drawn.exposure[39])
    months = list(look_back(cells, policy))
    rolls = rolls_of(cells, policy, months)
    flow = dict(zip(BY_NAME["flow"].columns, np.moveaxis(drawn.families["flow"][:, months].sum(axis=1), -1, 0), strict=True))
    for group in (0, 1):
        rate = Fraction(int(flow["charged_off_fen"][group] - flow["recovered_fen"][group]), int(flow["opening_fen"][group]))
        monthly, stay = rolls.rate[group], 1 - rolls.prepay[group]
        for remaining in (1, 6, 12):
            left = [(1 - (1 + monthly) ** -(remaining - passed)) * stay**passed for passed in range(remaining)]
            life = sum(left) / left[0]
            assert abs(made.lifetime_loss_ppm[group, remaining, 0] - float(rate) * life * PPM) <= 1
            year = sum(left[:MONTHS_A_YEAR]) / left[0]
            assert abs(made.twelve_month_loss_ppm[group, remaining, 0] - float(rate) * year * PPM) <= 1


def test_provision_matrix_rolled(cases):
    case = cases["ifrs9-provision-matrix-rolled"]
    given, expected = case["inputs"], case["expected"]
    never, left, reached = given["paid"]["never"], given["sales"], []
    for name in ("on_time", "d1_30", "d31_60", "d61_90"):
        reached.append(left)
        left -= given["paid"][name]
    assert left == never
    rates = [*(Fraction(never) / balance for balance in reached), Fraction(1)]
    assert [round(float(rate) * 100, 1) for rate in rates] == [float(rate) for rate in expected["loss_rate_pct"]]
    found = measured([_cents(balance) for balance in given["year_end"].values()], rates)
    assert all(_near(cents, told, case) for cents, told in zip(found, expected["ecl"], strict=True))
    assert _near(sum(found), expected["total"], case)


def test_ageing_schedule(cases):
    case = cases["aging-allen-company"]
    given, expected = case["inputs"], case["expected"]
    balances = [_cents(balance) for balance in given["balances"]]
    found = measured(balances, given["rates"])
    assert found == [_cents(told) for told in expected["estimates"]]
    assert sum(found) == _cents(expected["total"])
    assert sum(balances) == _cents(expected["total_receivable"])


def test_percentage_of_sales_and_ageing(cases):
    case = cases["allowance-rollforward-riley"]
    given, expected = case["inputs"], case["expected"]
    moved = {"sales": given["sales"], "collections": -given["collections"], "written off": -given["writeoffs"]}
    RollForward(title="receivables", opening=given["ar_beg"], movements=moved, closing=expected["ar_end"])
    expense = measured([given["sales"]], [given["pct_sales"]])[0]
    assert expense == expected["pct_sales_expense"]
    moved = {"provision": expense, "written off": -given["writeoffs"]}
    RollForward(title="allowance", opening=given["allowance_beg"], movements=moved, closing=expected["pct_sales_allowance_end"])
    closing = sum(measured([row[0] for row in given["aging"]], [Fraction(row[1]) for row in given["aging"]]))
    assert closing == expected["aging_allowance_end"]
    moved = {"provision": expected["aging_expense"], "written off": -given["writeoffs"]}
    RollForward(title="allowance", opening=given["allowance_beg"], movements=moved, closing=closing)


def test_rates_that_the_standard_names_are_a_matrix(cases):
    rates = list(cases["ifrs9-b5535-matrix-rates"]["expected"].values())
    assert rates == sorted(rates)
    assert measured([100_00] * len(rates), rates) == [1_00, 2_00, 3_00, 20_00]


def test_stages_roll_forward(cases):
    """Opening, new, net transfers, derecognised of a published guarantor; stage 3 takes what stages 1 and 2 lose."""
    case = cases["ifrs9-stage-rollforward-lufax"]
    for year in ("2020", "2021"):
        opening, new, out, gone = case["inputs"][f"{year}_s1"]
        opening_2, into, gone_2 = case["inputs"][f"{year}_s2"]
        assert out == -into
        transfers = np.zeros((3, 3), np.int64)
        transfers[0, 1] = into
        found = StageMovements(
            opening=np.array([opening, opening_2, 0]),
            new=np.array([new, 0, 0]),
            transfers=transfers,
            derecognised=np.array([gone, gone_2, 0]),
        )
        assert found.net_transfers.sum() == 0
        assert found.closing.tolist()[:2] == [case["expected"][f"{year}_s1"], case["expected"][f"{year}_s2"]]


def follow(rolls):
    """Whether every year opens with what the one before it closed with."""
    return all(later.opening == earlier.closing for earlier, later in pairwise(rolls))


def test_published_loan_allowances_roll_forward(cases):
    case = cases["asc326-loan-allowance-qfin"]
    rolls = [
        RollForward(
            title=f"allowance {year}",
            opening=given["opening"],
            movements={name: given[name] for name in ("provision", "gross_writeoff", "recoveries")},
            closing=case["expected"][year],
        )
        for year, given in case["inputs"].items()
    ]
    assert len(rolls) == 5
    assert follow(rolls)


def test_published_allowance_and_ageing_of_another_lender(cases):
    case = cases["asc326-loan-allowance-fta"]
    rolls = [
        RollForward(
            title=f"allowance {year}",
            opening=given["opening"],
            movements={"provision": given["provision"], "written off": given["writeoff"]},
            closing=case["expected"]["closing"][year],
        )
        for year, given in case["inputs"]["roll"].items()
    ]
    assert follow(rolls)
    assert sum(case["inputs"]["aging_2023"].values()) == case["expected"]["aging_2023_total"]


def test_twelve_month_loss_of_one_loan(cases):
    """General knowledge, weaker evidence."""
    case = cases["gk-ifrs9-ie-ex8"]
    given = case["inputs"]
    assert measured([_cents(given["ead"])], [given["pd"] * given["lgd"]]) == [_cents(case["expected"]["ecl"])]


def test_provision_matrix_of_a_company(cases):
    """General knowledge, weaker evidence."""
    case = cases["gk-ifrs9-ie-ex12"]
    rows = case["inputs"]["rows"]
    found = measured([_cents(row[0]) for row in rows], [row[1] for row in rows])
    assert found == [_cents(told) for told in case["expected"]["ecl"]]
    assert sum(found) == _cents(case["expected"]["total"])
