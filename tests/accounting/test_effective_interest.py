"""Upfront fees over the contractual and the expected life: the Decimal twin, pools, and changes of estimate."""

from fractions import Fraction

import numpy as np
import pytest
import pyxirr
from hypothesis import given, settings
from hypothesis import strategies as st

from loanbook.accounting.effective_interest import unamortised_tables
from loanbook.errors import RequestError
from loanbook.units import NEVER, RATE_SCALE
from tests.accounting.kernels import amortised
from tests.reference import revenue_and_guarantees as twin

pytestmark = pytest.mark.plain


def level(principal: int, monthly: float, count: int) -> tuple[list[int], list[int]]:
    """Principal and interest of a level loan in whole units, the last row closing it."""
    payment = round(principal * monthly / (1 - (1 + monthly) ** -count)) if monthly else principal // count
    rows, interest, balance = [], [], principal
    for row in range(count):
        earned = round(balance * monthly)
        part = payment - earned if row < count - 1 else balance
        rows.append(part)
        interest.append(earned)
        balance -= part
    return rows, interest


LEVEL = st.tuples(st.just(10**10), st.sampled_from([0.0, 0.01, 0.018, 0.02]), st.integers(1, 24)).map(lambda loan: level(*loan))


@settings(max_examples=60)
@given(LEVEL, st.integers(-500, 800).filter(bool), st.lists(st.integers(0, 60_000), min_size=24, max_size=24))
def test_rates_and_fractions_equal_their_twin(loan, fee_in_ten_thousandths, smm):
    principal, interest = loan
    fee = 10**10 * fee_in_ten_thousandths // 10_000
    shares = smm[: len(principal)]
    rates, tables = unamortised_tables([principal], [interest], [fee], smm_ppm=shares)
    rate, left = twin.fractions_left(principal, interest, fee, [Fraction(share, 1_000_000) for share in shares])
    assert abs(int(rates[0]) - rate * RATE_SCALE) <= 2
    # A rate is an integer, its half unit moves a small fee's fractions by about principal / fee times as much.
    assert max(abs(int(ours) - theirs * RATE_SCALE) for ours, theirs in zip(tables[0], left, strict=True)) < 5_000 * 24
    assert tables[0, 0] == RATE_SCALE
    assert tables[0, -1] == 0
    assert (np.diff(tables[0]) <= 0).all()


def test_the_contractual_rate_is_that_of_pyxirr():
    principal, interest = level(10**10, 0.018, 12)
    rates, _ = unamortised_tables([principal], [interest], [3 * 10**8])
    flows = [-(10**10) + 3 * 10**8, *(float(a + b) for a, b in zip(principal, interest, strict=True))]
    assert rates[0] / RATE_SCALE == pytest.approx(pyxirr.irr(flows), abs=1e-11)


def test_a_pool_that_prepays_as_expected_carries_what_its_flows_are_worth():
    """Loans there keep their fraction, loans gone have none: together the pool's amortised cost at the solved rate."""
    principal, interest = level(10**10, 0.018, 12)
    fee, smm = 4 * 10**8, 40_000
    rates, tables = unamortised_tables([principal], [interest], [fee], smm_ppm=smm)
    rate, there, carrying, balance = rates[0] / RATE_SCALE, 1.0, float(10**10 - fee), 10**10
    for row, (part, earned) in enumerate(zip(principal, interest, strict=True), start=1):
        balance -= part
        flow = there * (part + earned + smm / 1e6 * balance)
        carrying = carrying * (1 + rate) - flow
        there *= 1 - smm / 1e6
        assert there * (balance - fee * (tables[0, row] / RATE_SCALE)) == pytest.approx(carrying, abs=10)


def test_loans_expected_to_prepay_amortise_a_fee_at_a_higher_rate():
    principal, interest = level(10**10, 0.018, 12)
    (contractual,), _ = unamortised_tables([principal], [interest], [3 * 10**8])
    (expected,), _ = unamortised_tables([principal], [interest], [3 * 10**8], smm_ppm=30_000)
    assert expected > contractual


def test_a_change_of_estimate_is_caught_up_at_the_original_rate():
    """IFRS 9 B5.4.6: the carrying amount is what the new flows are worth at the old rate; the difference is income."""
    principal, interest = level(10**10, 0.018, 12)
    fee = 3 * 10**8
    rates, before = unamortised_tables([principal], [interest], [fee], smm_ppm=20_000)
    kept, after = unamortised_tables([principal], [interest], [fee], smm_ppm=60_000, rates=rates)
    assert kept.tolist() == rates.tolist()
    worth, at, balance = 0.0, 4, 0
    for row in range(11, at - 1, -1):
        worth = (principal[row] + interest[row] + 0.06 * balance + 0.94 * worth) / (1 + rates[0] / RATE_SCALE)
        balance += principal[row]
    assert fee * (after[0, at] / RATE_SCALE) == pytest.approx(balance - worth, abs=1)
    # Faster prepayment leaves less time for the fee to be earned in: income now.
    assert after[0, at] < before[0, at]


DUE = [30, 61, 91]


@given(
    st.integers(-(10**6), 10**6),
    st.one_of(st.just(NEVER), st.integers(0, 120)),
    st.lists(st.integers(0, 150), min_size=1, max_size=9),
)
def test_a_loan_that_has_ended_is_amortised_in_full_and_the_days_of_closing_do_not_matter(amount, ended_on, days):
    _, tables = unamortised_tables(*[[each] for each in level(10**9, 0.02, 3)], [3 * 10**7])
    posted, before = 0, 0
    for day in sorted(days):
        after = amortised(amount, tables[0], DUE, 0, day=day, ended_on=ended_on)
        posted += after - before
        before = after
    last = max(days)
    assert posted == amortised(amount, tables[0], DUE, 0, day=last, ended_on=ended_on)
    assert abs(posted) <= abs(amount)
    if last >= min(ended_on, DUE[-1]):
        assert posted == amount


def test_a_fee_goes_by_the_table_on_due_days_and_by_days_between():
    table = np.array([RATE_SCALE, RATE_SCALE // 2, RATE_SCALE // 4, 0])
    days = [-1, 0, 15, 30, 61, 91]
    assert [amortised(1_000, table, DUE, 0, day=day) for day in days] == [0, 0, 250, 500, 750, 1_000]
    assert amortised(1_000, table, DUE, 0, day=80, stopped_on=30) == 500
    # A restructured loan has other rows than its class: straight line to its last due date.
    assert amortised(1_000, table, [30, 100, NEVER], 0, day=25) == 250
    assert amortised(1_000, table, [30, 61, 91, 100], 0, day=25) == 250


def test_what_has_no_rate_or_no_shape_is_refused():
    with pytest.raises(RequestError, match=r"class 1 .* no effective rate"):
        unamortised_tables([[100], [100]], [[2], [2]], [5, 100])
    with pytest.raises(RequestError, match="millionths"):
        unamortised_tables([[100]], [[2]], [5], smm_ppm=1_000_001)
    with pytest.raises(RequestError, match="need principal"):
        unamortised_tables([[100]], [[2]], [5, 6])


def test_a_class_without_a_fee_has_nothing_to_amortise():
    rates, tables = unamortised_tables([[100]], [[2]], [0])
    assert rates[0] == RATE_SCALE * 2 // 100
    assert not tables.any()
