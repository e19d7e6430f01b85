"""The demonstration's last quarter lands where platforms publish it: the same seed and loans as `loanbook demo`."""

import pytest

from loanbook.measures.evaluation import evaluate
from loanbook.measures.measuring import measure_batches
from loanbook.measures.space import space
from loanbook.measures.window import window
from loanbook.terms.measure import load_measures
from loanbook.units import NEVER

BANDS = {
    "day1_delinquency": (0.046, 0.049),
    "collection_30": (0.85, 0.87),
    "delinquency_90": (0.025, 0.034),
    "repeat_share": (0.90, 0.97),
    "average_tenor": (9.5, 10.5),
    "platform_share": (0.45, 0.55),
}


@pytest.fixture(scope="module")
def figures(demo_world):
    scenario, classes = demo_world.scenario, demo_world.offer.classes
    chosen = space(classes, window(since=scenario.first_day, as_of=scenario.last_day, known_on=scenario.known_until))
    table = evaluate(measure_batches([demo_world.histories], classes, chosen), load_measures(), comparisons={"current": 0})
    return {row["measure"]: row["value"] for row in table.to_pylist() if not row["split"]}


@pytest.mark.parametrize("measure", BANDS)
def test_the_last_quarter_is_in_the_published_range(figures, measure):
    low, high = BANDS[measure]
    assert low <= figures[measure] <= high


def test_a_quarter_of_loans_is_repaid_ahead_of_schedule(demo_world):
    assert 0.22 <= (demo_world.lives.settled_on != NEVER).mean() <= 0.28
