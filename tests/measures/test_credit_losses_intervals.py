"""Intervals of an estimate on figures that fit on a napkin."""

import numpy as np
import pytest

from loanbook.measures.credit_losses import estimate
from loanbook.measures.credit_losses_spread import bounds, scenario_variance, spread_of
from tests.measures.known_losses import populate


def test_the_spread_is_the_jackknife_of_quarters_and_that_of_the_year_ahead():
    by_quarter = {0: 90.0, 1: 110.0, 2: 100.0, 3: 120.0}

    def expected(months):
        quarters = sorted({month // 3 for month in months})
        return np.array([np.mean([by_quarter[quarter] for quarter in quarters])])

    found = spread_of(tuple(range(12)), expected)
    # Leaving one of four means out: 110, 310/3, 320/3, 100; the jackknife is the variance of the mean, 500/3/4.
    of_mean, of_quarter = 500 / 3 / 4, 500 / 3
    assert found == pytest.approx([np.sqrt(of_mean + of_quarter / 4) / 105.0] * 2)


def test_scenarios_that_lie_apart_widen_the_interval():
    exposure = np.full((1, 37, 8), 10)
    low, high = np.full((1, 37, 8), 0.1), np.full((1, 37, 8), 0.3)
    assert scenario_variance([(0.5, low), (0.5, high)], exposure) == pytest.approx([0.25, 0.25])
    assert scenario_variance([(1.0, low)], exposure).tolist() == [0.0, 0.0]


def test_few_losses_are_less_certain_and_never_negative():
    drawn = populate(5, a_month=(100, 5), months=20, lending_months=18)
    made = estimate(drawn.cells_at(19), exposure=drawn.exposure[19])
    wide, narrow = (bounds(made, made.loan_fen * count) for count in (1, 1_000))
    assert (wide[:, 0] >= 0).all()
    assert (wide[:, 0] <= wide[:, 1]).all()
    assert (wide[:, 1] <= wide[:, 2]).all()
    assert (wide[:, 2] / wide[:, 1] > narrow[:, 2] / narrow[:, 1]).all()
    assert bounds(made, made.loan_fen * 0)[:, 2].min() > 0
