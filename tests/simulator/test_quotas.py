"""Quotas keep to shares, strata to a volume, tilted tenors to a mean."""

from functools import cache
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.errors import RequestError
from loanbook.simulator.platform import load_platform, tenor_mix
from loanbook.simulator.quotas import drawdown_sizes, largest_remainder, normal_quantile, spread


@given(st.lists(st.floats(0.0, 10.0), min_size=1, max_size=8).filter(lambda shares: sum(shares) > 0.1), st.integers(0, 100_000))
def test_largest_remainder_gives_the_count_and_misses_no_share_by_a_whole(shares, count):
    found = largest_remainder(np.array(shares), count)
    assert found.sum() == count
    assert (np.abs(found - np.array(shares) / sum(shares) * count) < 1.0).all()


@given(st.lists(st.floats(0.1, 3.0), min_size=1, max_size=92), st.integers(0, 30_000))
def test_spread_over_days_sums_and_stays_near(weights, count):
    found = spread(np.array(weights), count)
    assert found.sum() == count
    assert (found >= 0).all()
    assert (np.abs(np.cumsum(found) - np.cumsum(weights) / sum(weights) * count) <= 0.5 + 1e-6).all()


@given(st.floats(1e-9, 1 - 1e-9))
def test_the_normal_quantile_is_that_of_the_standard_library(chance):
    assert normal_quantile(np.array([chance]))[0] == pytest.approx(NormalDist().inv_cdf(chance), rel=1e-6, abs=1e-8)


@given(st.floats(3.5, 23.0))
def test_tilted_tenors_have_the_mean_asked_for(mean):
    shares = tenor_mix((3, 6, 12, 24), (0.12, 0.25, 0.57, 0.06), mean)
    assert shares.sum() == pytest.approx(1.0)
    assert (shares > 0).all()
    assert (shares * np.array([3, 6, 12, 24])).sum() == pytest.approx(mean, abs=1e-6)


def test_a_mean_tenor_beyond_the_tenors_is_refused():
    with pytest.raises(RequestError, match="needs tenors on both sides"):
        tenor_mix((3, 6, 12), (0.2, 0.3, 0.5), 12.0)


@cache
def _products():
    """Read once: an example is its sizes, not the file."""
    return load_platform("platform_2024").scenario.products


@given(st.integers(200, 2_000), st.integers(3_000_00, 9_000_00), st.integers(0, 2**32))
def test_drawdowns_sum_to_the_volume_within_the_terms(loans, mean_fen, seed):
    products = _products()
    random = np.random.default_rng(seed)
    product = random.choice(3, loans, p=(0.78, 0.2, 0.02))
    sizes = drawdown_sizes(
        products, product, random.random(loans), np.array([1.0, 1.0, 3.0]), np.array([0, 550_00, 0]), loans * mean_fen
    )
    assert sizes.sum() == pytest.approx(loans * mean_fen, rel=0.005)
    for place, each in enumerate(products):
        mine = sizes[product == place]
        assert ((mine >= each.least_fen) & (mine <= each.most_fen)).all()
        assert ((mine % each.step_fen == 0) | (mine == each.least_fen) | (mine == each.most_fen)).all()
