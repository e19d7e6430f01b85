"""What a policy expects of losses before a book has shown any: alone at first, blended by credibility after."""

from dataclasses import replace

import numpy as np
import pytest

from loanbook.errors import RequestError
from loanbook.measures.credit_losses import estimate, inception
from loanbook.measures.credit_losses_policy import LossPolicy
from loanbook.measures.credit_losses_rolls import look_back, rolls_of
from loanbook.terms.accounting_policy import load_policies
from tests.measures.known_losses import populate

PPM = 1_000_000
SHIPPED = load_policies("platform", 20_000)[-1].prior


@pytest.fixture(scope="module")
def population():
    return populate(1)


def test_a_first_close_without_history_is_estimated_by_the_prior_alone(population):
    cells = population.cells_at(0)
    chosen = LossPolicy(prior=SHIPPED)
    assert look_back(cells, chosen) == ()
    rolls = rolls_of(cells, chosen, ())
    assert rolls.entry[:, 1] == pytest.approx(SHIPPED.falls_behind_ppm / PPM)
    assert rolls.entry[:, 2:].sum() == 0
    assert rolls.prepay == pytest.approx(SHIPPED.prepaid_ppm / PPM)
    assert rolls.severity == pytest.approx(SHIPPED.severity_ppm / PPM)
    for bucket, (roll, cure) in enumerate(zip(SHIPPED.rolls_ppm, SHIPPED.cures_ppm, strict=True), 1):
        assert rolls.rows[:, bucket].sum(axis=1) == pytest.approx(1.0)
        assert rolls.rows[:, bucket, min(bucket + 2, 9)] == pytest.approx(roll / PPM)
        assert rolls.rows[:, bucket, 1] == pytest.approx(cure / PPM)
    for method in ("roll_rate", "vintage", "warm"):
        made = estimate(cells, method=method, policy=chosen)
        assert made.method == "roll_rate"
    assert (np.diff(made.lifetime_loss_ppm, axis=2) >= 0).all()
    frozen = inception(cells, made, rate_annual=0, policy=chosen)
    assert frozen.net_payout_ppm[:, 10].min() > 0


def test_the_shipped_prior_loses_what_its_source_says(population):
    """New provisions of 2.8 to 3.4 % of the volume on balance: a loan of ten months, just made."""
    made = estimate(population.cells_at(0), policy=LossPolicy(prior=SHIPPED))
    assert 28_000 <= made.lifetime_loss_ppm[:, 10, 0].min() <= made.lifetime_loss_ppm[:, 10, 0].max() <= 34_000


def test_without_a_prior_a_short_history_is_refused(population):
    for close in (0, 1, 2):
        with pytest.raises(RequestError, match="three whole months"):
            estimate(population.cells_at(close), policy=LossPolicy())


def test_experience_outweighs_the_prior_as_events_come(population):
    """A prior of four times the chance to fall behind moves an early estimate, and one of two years of loans hardly."""
    dear = replace(SHIPPED, falls_behind_ppm=4 * SHIPPED.falls_behind_ppm)
    moved = []
    for close in (1, 6, 24):
        cells = population.cells_at(close)
        lost = [estimate(cells, policy=LossPolicy(prior=each)).lifetime_loss_ppm[:, 10, 0] for each in (SHIPPED, dear)]
        moved.append(float((lost[1] / lost[0] - 1).max()))
    assert moved[0] > moved[1] > moved[2]
    assert moved[0] > 0.2
    assert moved[2] < 0.1
    own = estimate(population.cells_at(24), policy=LossPolicy()).lifetime_loss_ppm[:, 10, 0]
    blended = estimate(population.cells_at(24), policy=LossPolicy(prior=SHIPPED)).lifetime_loss_ppm[:, 10, 0]
    assert blended == pytest.approx(own, rel=0.1)
