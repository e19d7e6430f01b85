"""Rates and effective interest: pyxirr, the Decimal twin, and income that closes the carrying amount."""

from decimal import Decimal

import numpy as np
import pytest
import pyxirr
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference import pricing as twin

from loanbook.errors import RequestError
from loanbook.loans.borrower_cost import all_in_rates, borrower_flows, fee_amounts
from loanbook.loans.pricing import NO_RATE, annual_rates, effective_interest, effective_period_rates
from loanbook.loans.schedule import schedules
from loanbook.terms.catalogue import SHIPPED, in_force, products_in
from loanbook.terms.product import contract_row
from loanbook.terms.product_file import parse_product
from loanbook.units import RATE_SCALE, day, rate

pytestmark = pytest.mark.plain

FLOWS = st.lists(st.integers(0, 10**8), min_size=1, max_size=36).filter(lambda flows: sum(flows) > 100)
CASH_LOAN = in_force(products_in(), "cash_loan", day("2024-01-01"))


@settings(deadline=None, max_examples=60)
@given(FLOWS, st.integers(50, 300))
def test_a_rate_equals_its_twin_and_pyxirr(flows, percent):
    carrying = max(1, sum(flows) * 100 // percent // 3)
    ours = int(effective_period_rates(np.array([carrying]), np.array([flows]))[0])
    expected = twin.period_rate(Decimal(carrying), flows)
    if ours == NO_RATE:
        assert expected > Decimal("99.9") or expected < Decimal("-0.9899")
        return
    assert abs(Decimal(ours) / RATE_SCALE - expected) < Decimal("2e-12") * (1 + abs(expected))
    theirs = pyxirr.irr([-float(carrying), *map(float, flows)])
    if theirs is not None:
        assert ours / RATE_SCALE == pytest.approx(theirs, rel=1e-9, abs=1e-9)


def test_two_per_cent_a_month_is_24_nominal_and_26_82_effective():
    flows = np.zeros((1, 12), np.int64)
    flows[0, :], flows[0, -1] = 20_000, 1_020_000
    nominal, effective = annual_rates(np.array([1_000_000]), flows)
    assert nominal[0] == rate("0.24")
    assert effective[0] == round((1.02**12 - 1) * RATE_SCALE)


def test_flows_worth_less_than_the_loan_have_a_negative_rate():
    assert effective_period_rates(np.array([100_00]), np.array([[99_00]]))[0] == rate("-0.01")


@pytest.mark.parametrize(("carrying", "flows"), [(100, [0, 0]), (0, [1, 1]), (-5, [1, 1]), (1, [10**6]), (100, [-50, 20])])
def test_where_there_is_no_rate_none_is_made_up(carrying, flows):
    rates = effective_period_rates(np.array([carrying]), np.array([flows]))
    assert rates[0] == NO_RATE
    nominal, effective = annual_rates(np.array([carrying]), np.array([flows]))
    assert (nominal[0], effective[0]) == (NO_RATE, NO_RATE)
    interest, _ = effective_interest(np.array([carrying]), np.array([flows]), rates)
    assert interest.sum() == 0


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 10**7), min_size=2, max_size=24), st.integers(100, 200))
def test_income_closes_the_carrying_amount_and_equals_its_twin(flows, percent):
    carrying = max(1, sum(flows) * 100 // percent)
    rates = effective_period_rates(np.array([carrying]), np.array([flows]))
    interest, balance = effective_interest(np.array([carrying]), np.array([flows]), rates)
    assert balance[0, -1] == 0
    assert int(interest.sum()) == sum(flows) - carrying
    assert interest[0].tolist() == twin.income(Decimal(carrying), flows, Decimal(int(rates[0])) / RATE_SCALE)


def test_a_loan_that_ends_early_closes_with_its_last_flow():
    flows = np.array([[500, 600, 0, 0]])
    interest, balance = effective_interest(np.array([1000]), flows, effective_period_rates(np.array([1000]), flows))
    assert balance[0, 1:].tolist() == [0, 0, 0]
    assert interest[0, 2:].tolist() == [0, 0]


def test_money_in_floats_is_refused():
    with pytest.raises(RequestError, match="integer minor units"):
        effective_period_rates(np.array([100.0]), np.array([[60, 60]]))
    with pytest.raises(RequestError, match="shape"):
        effective_period_rates(np.array([100, 200]), np.array([[60, 60]]))


def with_fees(fees):
    return parse_product((SHIPPED / "cash_loan.yaml").read_text() + f"fees:\n{fees}", "made_up.yaml")


def test_fees_raise_the_all_in_rate_and_each_is_rounded_once():
    terms = with_fees(
        "  - {name: opening, due: disbursement, share: 0.0105}\n  - {name: service, due: installment, amount: 1.50}\n"
    )
    assert fee_amounts(terms, 100_033) == (1_050, 150)
    asked = {"count": 12, "disbursed_on": day("2024-01-15"), "rate_annual": rate("0.18")}
    plain, _ = all_in_rates(CASH_LOAN, 500_000, **asked)
    dear, _ = all_in_rates(terms, 500_000, **asked)
    assert plain == pytest.approx(rate("0.18"), abs=10**8)
    monthly = pyxirr.irr([-(500_000 - 5_250)] + [float(flow) for flow in flows_of(terms, 500_000, asked)])
    assert dear == pytest.approx(monthly * 12 * RATE_SCALE, abs=10)
    assert dear > plain


def flows_of(terms, principal, asked):
    row = contract_row(terms, rate_annual=asked["rate_annual"], count=asked["count"])
    amount = np.array([principal])
    _, principals, interests = schedules(row, amount, np.array([asked["disbursed_on"]]))
    return borrower_flows(terms, amount, principals, interests)[1][0].tolist()


def test_a_down_payment_lowers_what_the_borrower_has_in_hand():
    terms = parse_product((SHIPPED / "cash_loan.yaml").read_text() + "down_payment: 0.25\n", "made_up.yaml")
    amount = np.array([100_00])
    _, principal, interest = schedules(contract_row(terms, rate_annual=0, count=3), amount, np.array([19_000]))
    in_hand, flows = borrower_flows(terms, amount, principal, interest)
    assert (in_hand.tolist(), flows.tolist()) == ([75_00], [[25_00] * 3])
