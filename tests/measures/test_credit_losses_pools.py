"""Loss-rate methods and intervals on figures that fit on a napkin."""

from fractions import Fraction

import numpy as np
import pytest

from loanbook.errors import RequestError
from loanbook.measures.credit_losses import estimate
from loanbook.measures.credit_losses_pools import (
    ageing_allowances,
    amount,
    expected_loss,
    open_pool_rate,
    rolled_rates,
    warm_allowance,
    warm_rate,
)
from loanbook.measures.credit_losses_spread import bounds, scenario_variance, spread_of
from tests.measures.known_losses import populate


def test_rates_roll_what_is_never_paid_back_through_the_buckets():
    assert rolled_rates(100, [50, 25]) == (Fraction(1, 4), Fraction(1, 2), Fraction(1))
    assert rolled_rates(100, [100, 0]) == (Fraction(0), Fraction(0), Fraction(1))


def test_amounts_round_half_up_for_both_signs():
    assert [amount(Fraction(1, 2), owed) for owed in (3, -3, 2)] == [2, -2, 1]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: rolled_rates(100, [101]), "cannot have been paid"),
        (lambda: open_pool_rate(0, [1]), "must be positive"),
        (lambda: warm_rate([1, 2], [3]), "one positive balance"),
        (lambda: warm_allowance(10, 11, Fraction(1), Fraction(1)), "not part of"),
        (lambda: ageing_allowances([1, 2], [Fraction(1)]), "as many rates"),
        (lambda: expected_loss(1, Fraction(2), Fraction(1)), "between 0 and 1"),
    ],
)
def test_what_cannot_be_is_refused(wrong, words):
    with pytest.raises(RequestError, match=words):
        wrong()


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
