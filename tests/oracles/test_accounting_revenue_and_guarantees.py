"""Published accounting cases of revenue, guarantees, effective interest and their roll-forwards, case by case."""

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from loanbook.accounting.debt import Debt, Residue, Tranches, debts, effective_rates
from loanbook.accounting.guarantees import contingent_provided, guarantees, higher_of, worth_of_lower_rate
from loanbook.accounting.roll_forward import RollForward, between, chained, footed, rolled, totalled
from loanbook.accounting.spread import split_tax
from loanbook.errors import TieError
from loanbook.funding.pro_rata import pro_rata
from loanbook.loans.dated_rates import dated_rates
from loanbook.loans.pricing import effective_interest, effective_period_rates
from loanbook.loans.schedule import schedules
from loanbook.terms.contract import Field, empty_contract
from loanbook.terms.conventions import DayCount, Unit
from loanbook.units import RATE_SCALE, Rounding, day, rate
from tests.conftest import SHARED

FILE = SHARED / "oracles" / "accounting_cases.json"
CASES: dict[str, dict[str, Any]] = (
    {case["id"]: case for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]} if FILE.exists() else {}
)
pytestmark = [pytest.mark.plain, pytest.mark.skipif(not CASES, reason=f"{FILE.name} is not beside the repository")]
CENT = 100


def case(name: str) -> tuple[Any, Any]:
    return CASES[name]["inputs"], CASES[name]["expected"]


def in_units(amount: float) -> int:
    return round(amount * CENT)


def bond(price: float, par: float, coupon: float, years: int) -> Tranches:
    """Whole years from 1 January 2025; the three first have 365 days."""
    cash = in_units(par * coupon)
    return Tranches(
        issued_on=np.array([day("2025-01-01")]),
        principal_fen=np.array([in_units(par)]),
        cost_fen=np.array([in_units(par) - in_units(price)]),
        offsets=np.array([0, years]),
        paid_on=np.array([day(f"{2025 + year}-01-01") for year in range(1, years + 1)]),
        paid_principal_fen=np.array([0] * (years - 1) + [in_units(par)]),
        paid_interest_fen=np.array([cash] * years),
    )


def test_a_discount_unwinds_at_the_stated_rate() -> None:
    given, expected = case("eir-ias33-ie1")
    flows = np.array([[0, 0, in_units(given["par"])]])
    interest, carrying = effective_interest(np.array([in_units(given["issue_price"])]), flows, np.array([rate(given["rate"])]))
    before_payment = carrying[0] + flows[0]
    assert np.abs(interest[0] - [in_units(each) for each in expected["imputed"]]).max() <= 1
    assert np.abs(before_payment - [in_units(each) for each in expected["carrying"]]).max() <= 1
    assert interest[0].sum() == in_units(given["par"]) - in_units(given["issue_price"])
    dividend, par = in_units(expected["thereafter_dividend"]), in_units(given["par"])
    perpetual, _ = effective_interest(np.array([par]), np.array([[dividend, dividend + par]]), np.array([rate(given["rate"])]))
    assert perpetual[0].tolist() == [dividend, dividend]


def test_a_liability_with_a_redemption_premium() -> None:
    """Column by column of the debt kernel: par with its premium is repaid, what was received is less."""
    given, expected = case("eir-liability-cima")
    repaid = expected["closing"][-1]
    tranches = bond(given["opening"], repaid, given["cash"] / repaid, given["years"])
    cost = 0
    for year, on in enumerate(tranches.paid_on):
        at = debts(tranches, rate(given["eir"]), day=int(on), residue=Residue.AT_END)[0]
        expense = at[Debt.INTEREST] + at[Debt.AMORTISED] - cost
        cost += expense
        assert abs(expense - in_units(expected["interest"][year])) <= CENT
        if year < given["years"] - 1:
            assert abs(at[Debt.CURRENT] + at[Debt.NON_CURRENT] - in_units(expected["closing"][year])) <= CENT
    assert cost == in_units(expected["total_cost"])


def test_the_rate_of_an_asset_bought_at_a_discount() -> None:
    given, expected = case("eir-ifrs9-ig-b26")
    flows = np.full((1, given["years"]), in_units(given["cash_interest"]))
    flows[0, -1] += in_units(given["par"])
    rates = effective_period_rates(np.array([in_units(given["initial"])]), flows)
    assert abs(rates[0] / RATE_SCALE - expected["eir"]) <= 0.0002
    _, carrying = effective_interest(np.array([in_units(given["initial"])]), flows, rates)
    assert carrying[0, -1] == 0


def test_the_dated_rate_of_a_bond_bought_between_coupons() -> None:
    given, expected = case("eir-ifrscommunity-bond")
    years = range(2021, 2026)
    tranche = Tranches(
        issued_on=np.array([day("2021-05-01")]),
        principal_fen=np.array([in_units(given["par"])]),
        cost_fen=np.array([in_units(given["par"] - given["outflow"])]),
        offsets=np.array([0, 5]),
        paid_on=np.array([day(f"{year}-12-31") for year in years]),
        paid_principal_fen=np.array([0, 0, 0, 0, in_units(given["par"])]),
        paid_interest_fen=np.array([in_units(given["coupon"])] * 5),
    )
    found = effective_rates(tranche)[0] / RATE_SCALE
    assert abs(100 * found - expected["eir_pct"]) <= 0.1
    flows = tranche.paid_principal_fen + tranche.paid_interest_fen
    as_asset = dated_rates(np.array([in_units(given["outflow"])]), flows[None, :], tranche.issued_on, tranche.paid_on[None, :])
    assert as_asset[0] == effective_rates(tranche)[0]


@pytest.mark.parametrize("name", ["eir-openstax-premium", "eir-openstax-whirlie"])
def test_a_premium_is_amortised_at_the_market_rate(name: str) -> None:
    given, expected = case(name)
    price, par, years = (104_460, 100_000, 5) if name == "eir-openstax-premium" else (319_251, 300_000, 10)
    assert (given.get("price", price), given.get("par", par)) == (price, par)
    tranche = bond(price, par, given["coupon"], years)
    market = rate(given["market"])
    first = debts(tranche, market, day=day("2026-01-01"), residue=Residue.AT_END)[0]
    expense = first[Debt.INTEREST] + first[Debt.AMORTISED]
    assert abs(expense - in_units(expected["y1_interest"])) <= CENT
    assert abs(-first[Debt.AMORTISED] - in_units(expected["y1_amortization"])) <= CENT
    if "y1_cash" in expected:
        assert first[Debt.INTEREST_PAID] == in_units(expected["y1_cash"])
    last = debts(tranche, market, day=int(tranche.paid_on[-1]), residue=Residue.AT_END)[0]
    assert last[Debt.AMORTISED] == last[Debt.COST] == in_units(par - price)


def test_the_claimed_balance_after_twelve_payments_is_wrong() -> None:
    """Negative example. The source prints 6,915.72; its own formula, and the schedule, give 6,992.58.

    The schedule is made in millionths of the unit, so that its rounding is out of the way; in cents the payment is the 322.67
    printed and each of twelve roundings leaves a part of a cent: 6,992.60.
    """
    given, expected = case("amort-36m")
    contract = empty_contract()
    contract[Field.RATE_ANNUAL] = rate(given["rate"])
    contract[Field.COUNT] = given["n"]
    contract[Field.UNIT] = Unit.MONTH
    contract[Field.DAY_COUNT] = DayCount.THIRTY_A_MONTH_360
    contract[Field.ROUNDING] = Rounding.HALF_UP
    balances = {}
    for scale in (CENT, 1_000_000):
        _, principal, interest = schedules(contract[None, :], np.array([given["pv"] * scale]), np.array([day("2024-01-15")]))
        payment = (principal[0] + interest[0])[0] / scale
        assert round(payment, 2) == expected["pmt"]
        balances[scale] = given["pv"] - principal[0, :12].sum() / scale
    assert round(balances[1_000_000], 2) == expected["balance_after_12_CORRECT"]
    assert abs(balances[CENT] - expected["balance_after_12_CORRECT"]) <= 0.03
    assert all(abs(found - expected["balance_after_12_CLAIMED"]) > 76 for found in balances.values())


def test_a_guarantee_is_worth_the_interest_it_saves() -> None:
    given, expected = case("ifrs9-fgc-fair-value")
    million = 1_000_000 * CENT
    found = worth_of_lower_rate(
        given["principal"] * million,
        rate_with=rate(given["rate_with"]),
        rate_without=rate(given["rate_without"]),
        years=given["years"],
    )
    assert abs(found / million - expected["fair_value_m"]) <= 0.05
    end = 365 * given["years"]
    released = [int(guarantees(found, 0, 0, 0, end, day=365 * year)[0, 1]) for year in range(given["years"] + 1)]
    assert released[0] == 0
    assert released[-1] == found
    assert all(abs(step / million - expected["annual_income_m"]) <= 0.05 for step in np.diff(released))


def test_the_liability_is_the_higher_of_allowance_and_unamortised_amount() -> None:
    given, expected = case("ifrs9-fgc-higher-of")
    liability = higher_of(given["ecl"], given["unamortised"])
    assert liability == expected["liability"]
    assert liability - given["unamortised"] == expected["incremental_charge"]
    assert higher_of(given["ecl"] - 400, given["unamortised"]) == given["unamortised"]


def closes(title: str, figures: Mapping[str, int], closing: int) -> RollForward:
    """The published movements as a roll-forward; one that is off by one in any figure is refused."""
    movements = {name: amount for name, amount in figures.items() if name != "opening"}
    found = RollForward(title=title, opening=figures["opening"], movements=movements, closing=closing)
    for name in movements:
        with pytest.raises(TieError, match="does not close"):
            RollForward(
                title=title, opening=figures["opening"], movements={**movements, name: movements[name] + 1}, closing=closing
            )
    return found


@pytest.mark.parametrize("name", ["asc460-stand-ready-qfin", "asc326-contingent-guarantee-qfin", "asc326-loan-allowance-qfin"])
def test_the_published_roll_forwards_close_and_follow_each_other(name: str) -> None:
    given, expected = case(name)
    rolls = {period: closes(f"{name} {period}", figures, expected[period]) for period, figures in given.items()}
    years = [rolls[period] for period in sorted(rolls) if period.isdigit()]
    for earlier, later in pairwise(years):
        if int(later.title[-4:]) == int(earlier.title[-4:]) + 1:
            chained([earlier, later])
    if name == "asc326-contingent-guarantee-qfin":
        for figures, roll in zip(given.values(), rolls.values(), strict=True):
            # The kernel's provision: what is owed at the end and was paid out, less what was owed at the start.
            provided = contingent_provided(roll.closing, -figures["net_payout"], 0) - figures["opening"]
            assert provided == figures["provision"]


def test_the_release_of_2024_is_the_reported_revenue_and_its_tax() -> None:
    given, _ = case("asc460-stand-ready-qfin")
    revenue_2024 = case("revenue-annual-qfin")[0]["2024"][2]
    gross = -given["2024"]["released_into_revenue"]
    revenue, tax = split_tax(gross, 60_000)
    assert revenue[0] == revenue_2024 == 3_695_017
    assert revenue[0] + tax[0] == gross


def test_the_loans_under_guarantee_foot_by_days_past_due() -> None:
    given, expected = case("guarantee-qfin-aging")
    for year, parts in given.items():
        assert footed(f"guaranteed loans {year}", parts, expected[year]) == expected[year]
        with pytest.raises(TieError, match="does not foot"):
            footed(f"guaranteed loans {year}", parts, expected[year] + 1)


def test_a_guarantee_liability_moves_by_lines_of_either_sign() -> None:
    """X Financial. The net payout of 2020 is positive as displayed, so no sign is assumed."""
    given, expected = case("guarantee-xyf-rollforward")
    found = {name: rolled(name, row[0], {f"line {k}": each for k, each in enumerate(row[1:])}) for name, row in given.items()}
    assert {name: roll.closing for name, roll in found.items()} == expected
    for kind in ("credit", "total"):
        chained([found[f"2020_{kind}"], found[f"2021_{kind}"]])


def test_revenue_by_stream_foots() -> None:
    given, expected = case("asc606-revenue-disaggregation-qfin")
    for period, amounts in given["rows"].items():
        parts = dict(zip(given["columns"], amounts, strict=False))
        assert footed(f"revenue {period}", parts, expected[period]) == expected[period]


def test_annual_revenue_foots_by_group() -> None:
    given, expected = case("revenue-annual-qfin")
    names = ("facilitation and servicing, heavy", "financing income", "release of guarantee liabilities", "other")
    for year, amounts in given.items():
        credit = footed(f"credit driven {year}", dict(zip(names, amounts, strict=True)), expected[year]["credit_driven"])
        footed(f"revenue {year}", {"credit driven": credit, "platform": expected[year]["platform"]}, expected[year]["total"])


def test_a_price_is_allocated_by_stand_alone_selling_prices() -> None:
    """General knowledge (ASC 606 example 33), weaker evidence than the others."""
    given, expected = case("gk-asc606-ex33")
    assert pro_rata(given["price"], given["ssp"]) == expected["allocation"]


def test_the_reference_roll_forwards_of_the_domain_close() -> None:
    """RMB thousand: balances of the filings, movements of the issuer's notes; two years that follow each other, where known."""
    stand_ready = [
        closes("stand-ready 2023", {"opening": 4_120_346, "inception": 4_926_567, "release": -5_097_312}, 3_949_601),
        closes("stand-ready 2024", {"opening": 3_949_601, "inception": 2_350_319, "release": -3_916_718}, 2_383_202),
    ]
    contingent = [
        closes("contingent 2023", {"opening": 3_418_391, "provision": 3_053_810, "net payout": -3_264_937}, 3_207_264),
        closes("contingent 2024", {"opening": 3_207_264, "provision": 478_404, "net payout": -1_865_318}, 1_820_350),
    ]
    allowance = [
        closes(
            "loan allowance 2023",
            {"opening": 1_457_419, "provision": 2_151_046, "write-off": -1_844_349, "recovery": 107_315},
            1_871_431,
        ),
        closes(
            "loan allowance 2024",
            {"opening": 1_871_431, "provision": 2_773_323, "write-off": -2_419_180, "recovery": 468_853},
            2_694_427,
        ),
    ]
    for rolls in (stand_ready, contingent, allowance):
        chained(rolls)
    receivable = closes(
        "financial assets receivable 2024",
        {"opening": 3_694_269, "addition": 2_350_319, "collection": -3_429_622, "write-off": -444_186},
        2_170_780,
    )
    assert receivable.movements["addition"] == stand_ready[1].movements["inception"]
    both = totalled("both liabilities 2023", [rolled("a", 1, {"in": 2}), rolled("b", 10, {"in": 20})])
    assert (both.opening, both.movements, both.closing) == (11, {"in": 22}, 33)


def test_the_stand_ready_roll_forward_of_2024_from_cumulative_columns() -> None:
    """As the close makes it: two cumulative states whose differences are the published movements."""
    given, expected = case("asc460-stand-ready-qfin")
    signs = {"inception": 1, "released": -1}
    before = {"inception": given["2024"]["opening"], "released": 0}
    after = {
        "inception": before["inception"] + given["2024"]["provision_at_inception"],
        "released": -given["2024"]["released_into_revenue"],
    }
    roll = between("stand-ready 2024", signs, before, after)
    assert (roll.opening, roll.closing) == (given["2024"]["opening"], expected["2024"])
    assert roll.movements == {"inception": 2_350_319, "released": -3_916_718}
