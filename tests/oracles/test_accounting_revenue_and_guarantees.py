"""Published accounting cases of revenue, guarantees, effective interest and their roll-forwards, case by case."""

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from loanbook.accounting.borrowing import Debt, Row, borrowing_at, effective_rate
from loanbook.accounting.effective_interest import unamortised_tables
from loanbook.accounting.roll_forward import RollForward
from loanbook.errors import TieError
from loanbook.funding.pro_rata import pro_rata
from loanbook.loans.earning_guarantee import higher_of
from loanbook.loans.schedule import schedules
from loanbook.terms.contract import Field, empty_contract
from loanbook.terms.conventions import DayCount, Unit
from loanbook.units import RATE_SCALE, Rounding, day, rate
from tests.accounting.kernels import guarantees, net_and_tax
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


START = day("2025-01-01")


def bond(price: float, par: float, coupon: float, years: int) -> tuple[int, list[Row]]:
    """Cost (below zero: a premium) and payments over whole years of 365 days from 1 January 2025."""
    cash = in_units(par * coupon)
    rows = [(START + 365 * year, in_units(par) if year == years else 0, cash) for year in range(1, years + 1)]
    return in_units(par) - in_units(price), rows


def at_end_of(year: int, cost: int, rows: list[Row]) -> Any:
    on = START + 365 * year
    return borrowing_at(START, cost, rows, day=on, current_to=on + 365)


def test_a_discount_unwinds_at_the_stated_rate() -> None:
    """As the books amortise what was kept of a loan: the rate is solved, what is left after each year is tabled."""
    given, expected = case("eir-ias33-ie1")
    par, issued = in_units(given["par"]), in_units(given["issue_price"])
    rates, tables = unamortised_tables([[0, 0, par]], [[0, 0, 0]], [par - issued])
    assert abs(rates[0] / RATE_SCALE - given["rate"]) <= 1e-5
    carrying = [par - (par - issued) * left / RATE_SCALE for left in tables[0]]
    assert carrying[0] == issued
    assert np.abs(np.diff(carrying) - [in_units(each) for each in expected["imputed"]]).max() <= 1
    assert np.abs(np.array(carrying[1:]) - [in_units(each) for each in expected["carrying"]]).max() <= 1
    dividend = in_units(expected["thereafter_dividend"])
    assert abs(dividend - par * given["rate"]) <= 1


def test_a_liability_with_a_redemption_premium() -> None:
    """A borrowing of which par with its premium is repaid, and less was received."""
    given, expected = case("eir-liability-cima")
    repaid = expected["closing"][-1]
    cost, rows = bond(given["opening"], repaid, given["cash"] / repaid, given["years"])
    assert abs(effective_rate(START, cost, rows) - given["eir"]) <= 0.0001
    whole = 0
    for year in range(1, given["years"] + 1):
        at = at_end_of(year, cost, rows)
        expense = at[Debt.INTEREST] + at[Debt.AMORTISED] - whole
        whole += expense
        assert abs(expense - in_units(expected["interest"][year - 1])) <= CENT
        if year < given["years"]:
            assert abs(at[Debt.CURRENT] + at[Debt.NON_CURRENT] - in_units(expected["closing"][year - 1])) <= CENT
    assert whole == in_units(expected["total_cost"])


def test_the_rate_of_an_asset_bought_at_a_discount() -> None:
    given, expected = case("eir-ifrs9-ig-b26")
    interest = np.full((1, given["years"]), in_units(given["cash_interest"]))
    principal = np.zeros((1, given["years"]), np.int64)
    principal[0, -1] = in_units(given["par"])
    rates, tables = unamortised_tables(principal, interest, [in_units(given["par"] - given["initial"])])
    assert abs(rates[0] / RATE_SCALE - expected["eir"]) <= 0.0002
    assert tables[0, -1] == 0


def test_the_dated_rate_of_a_bond_bought_between_coupons() -> None:
    """Ours is simple within the eight months to the first coupon; the case's compounds."""
    given, expected = case("eir-ifrscommunity-bond")
    rows = [
        (day(f"{year}-12-31"), in_units(given["par"]) if year == 2025 else 0, in_units(given["coupon"]))
        for year in range(2021, 2026)
    ]
    found = effective_rate(day("2021-05-01"), in_units(given["par"] - given["outflow"]), rows)
    assert abs(100 * found - expected["eir_pct"]) <= 0.1


@pytest.mark.parametrize("name", ["eir-openstax-premium", "eir-openstax-whirlie"])
def test_a_premium_is_amortised_at_the_market_rate(name: str) -> None:
    given, expected = case(name)
    price, par, years = (104_460, 100_000, 5) if name == "eir-openstax-premium" else (319_251, 300_000, 10)
    assert (given.get("price", price), given.get("par", par)) == (price, par)
    cost, rows = bond(price, par, given["coupon"], years)
    off = abs(effective_rate(START, cost, rows) - given["market"])
    assert off <= 0.00002
    # The source's price is of rounded factors; we amortise at the rate that the price has, not at the stated one.
    allowed = CENT + in_units(price) * off
    first = at_end_of(1, cost, rows)
    expense = first[Debt.INTEREST] + first[Debt.AMORTISED]
    assert abs(expense - in_units(expected["y1_interest"])) <= allowed
    assert abs(-first[Debt.AMORTISED] - in_units(expected["y1_amortization"])) <= allowed
    if "y1_cash" in expected:
        assert first[Debt.INTEREST_PAID] == in_units(expected["y1_cash"])
    last = at_end_of(years, cost, rows)
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
    """A loan at the lower rate, measured at the higher one, is worth less by what the guarantee saves."""
    given, expected = case("ifrs9-fgc-fair-value")
    million, years = 1_000_000 * CENT, given["years"]
    lent = given["principal"] * million
    principal = [[0] * (years - 1) + [lent]]
    interest = [[round(lent * given["rate_with"])] * years]
    _, tables = unamortised_tables(principal, interest, [million], rates=rate(given["rate_without"]))
    found = round(million * int(tables[0, 0]) / RATE_SCALE)
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
            assert later.opening == earlier.closing


def test_the_release_of_2024_is_the_reported_revenue_and_its_tax() -> None:
    given, _ = case("asc460-stand-ready-qfin")
    revenue_2024 = case("revenue-annual-qfin")[0]["2024"][2]
    gross = -given["2024"]["released_into_revenue"]
    revenue, tax = net_and_tax(gross, 60_000)
    assert revenue == revenue_2024 == 3_695_017
    assert revenue + tax == gross


def test_a_guarantee_liability_moves_by_lines_of_either_sign() -> None:
    """X Financial. The net payout of 2020 is positive as displayed, so no sign is assumed."""
    given, expected = case("guarantee-xyf-rollforward")
    found = {
        name: RollForward(
            title=name,
            opening=row[0],
            movements={f"line {k}": each for k, each in enumerate(row[1:])},
            closing=expected[name],
        )
        for name, row in given.items()
    }
    for kind in ("credit", "total"):
        assert found[f"2021_{kind}"].opening == found[f"2020_{kind}"].closing


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
    for earlier, later in (stand_ready, contingent, allowance):
        assert later.opening == earlier.closing
    receivable = closes(
        "financial assets receivable 2024",
        {"opening": 3_694_269, "addition": 2_350_319, "collection": -3_429_622, "write-off": -444_186},
        2_170_780,
    )
    assert receivable.movements["addition"] == stand_ready[1].movements["inception"]
