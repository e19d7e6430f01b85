"""Weighted shares against a naive loop over days; treasury stock and dilution by their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.accounting.grants import PER_MILLION
from loanbook.accounting.weighted_shares import Potential, diluted, treasury_stock, weighted_ads, weighted_average
from loanbook.errors import RequestError
from tests.reference.weighted_shares import naive_share_days

changes = st.lists(st.tuples(st.integers(10, 100), st.integers(-1_000, 100_000)), max_size=12)


@given(st.integers(20_000, 10**12), changes)
def test_weighted_average_is_the_naive_loop(opening: int, changed: list[tuple[int, int]]) -> None:
    on, by = np.array([c[0] for c in changed], np.int64), np.array([c[1] for c in changed], np.int64)
    found = weighted_average(opening, on, by, 10, 100)
    assert (found.share_days, found.days) == naive_share_days(opening, changed, 10, 100)


@given(st.integers(20_000, 10**12), changes, st.integers(10, 99))
def test_two_periods_add_up(opening: int, changed: list[tuple[int, int]], cut: int) -> None:
    on, by = np.array([c[0] for c in changed], np.int64), np.array([c[1] for c in changed], np.int64)
    early = on <= cut
    first = weighted_average(opening, on[early], by[early], 10, cut)
    second = weighted_average(opening + int(by[early].sum()), on[~early], by[~early], cut + 1, 100)
    assert first + second == weighted_average(opening, on, by, 10, 100)


@given(st.integers(0, 10**8), st.integers(0, 10**10), st.integers(0, 10**10), st.integers(1, 10**10), st.integers(0, 10**9))
def test_a_higher_price_never_means_fewer_incremental_shares(count: int, strike: int, cost: int, price: int, more: int) -> None:
    assert treasury_stock(count, strike, cost, price) <= treasury_stock(count, strike, cost, price + more)
    assert 0 <= treasury_stock(count, strike, cost, price) <= count


potentials = st.lists(
    st.builds(
        lambda i, s, n: Potential(name=f"{n}", income_fen=i, shares=s),
        st.integers(0, 10**12),
        st.integers(0, 10**9),
        st.integers(0, 99),
    ),
    max_size=5,
)


@given(st.integers(-(10**13), 10**13), st.integers(1, 10**9), potentials)
def test_dilution_never_helps_and_no_choice_dilutes_more(income: int, shares: int, given_: list[Potential]) -> None:
    found = diluted(income, shares, given_)
    # Compared as products: a / b <= c / d.
    assert found.income_fen * shares <= income * found.shares
    if income > 0:
        for mask in range(1 << len(given_)):
            chosen = [p for place, p in enumerate(given_) if mask >> place & 1]
            other = income + sum(p.income_fen for p in chosen), shares + sum(p.shares for p in chosen)
            assert found.income_fen * other[1] <= other[0] * found.shares
    else:
        assert (found.income_fen, found.shares) == (income, shares)


def test_the_most_dilutive_comes_first_and_the_rest_is_left_out() -> None:
    """IAS 33's own order: options, then by what a share would earn. Notes that earn more than the figure so far stay out."""
    found = diluted(
        1_000_00,
        1_000,
        [
            Potential(name="notes", income_fen=95_00, shares=100),
            Potential(name="preferred", income_fen=10_00, shares=100),
            Potential(name="options", income_fen=0, shares=100),
        ],
    )
    assert found.counted == ("options", "preferred")
    assert found.anti_dilutive == ("notes",)
    assert (found.income_fen, found.shares) == (1_010_00, 1_200)


def test_a_loss_of_continuing_operations_dilutes_nothing() -> None:
    found = diluted(500, 100, [Potential(name="options", income_fen=0, shares=10)], control_fen=-20)
    assert found.shares == 100
    assert found.anti_dilutive == ("options",)


def test_a_vested_unit_counts_from_its_day_and_a_bought_back_share_until_the_day_before() -> None:
    assert weighted_average(100, np.array([4, 9]), np.array([10, -50]), 1, 10).share_days == 100 * 10 + 10 * 7 - 50 * 2


def test_ads_are_half_the_shares_rounded_up() -> None:
    assert weighted_ads(318_915_157, 2) == 159_457_579


@pytest.mark.parametrize(("on", "by", "words"), [(11, 1, "inside the period"), (5, -101, "More shares were bought back")])
def test_impossible_changes_are_refused(on: int, by: int, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        weighted_average(100, np.array([on]), np.array([by]), 1, 10)


def test_a_price_of_a_hundred_thousandth_is_exact() -> None:
    """Nominal exercise prices of US$0.00001 a share are 0.001 cents: 1,000 a million."""
    assert treasury_stock(10_000_000, 1_000, 0, 950 * PER_MILLION) == 10_000_000 - round(10_000_000 * 0.00001 / 9.50)
