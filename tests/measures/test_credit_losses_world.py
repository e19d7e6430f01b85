"""The seeded world: hazards are put in, a stress comes and goes, and estimates made at each quarter's close meet what came."""

import time

import pytest

from loanbook import units
from loanbook.measures.credit_losses import estimate, modelled
from loanbook.measures.credit_losses_checks import back_test
from loanbook.measures.measuring import measure_batches
from loanbook.measures.space import space
from loanbook.measures.window import window
from loanbook.simulator.world import world
from loanbook.terms.outlook import outlook_on, outlooks_in

CLOSES = ("2022-12-31", "2023-03-31", "2023-06-30", "2023-09-30", "2023-12-31", "2024-03-31")
LAST = "2024-09-30"


@pytest.fixture(scope="module")
def closes():
    lived = world()
    classes = lived.offer.classes
    return {
        day: measure_batches(
            [lived.histories],
            classes,
            space(classes, window(since=lived.scenario.first_day, as_of=units.day(day), known_on=units.day(day))),
        )
        for day in (*CLOSES, LAST)
    }


@pytest.fixture(scope="module")
def outlook():
    return outlook_on(outlooks_in(), "consumer", units.day(CLOSES[0]))


@pytest.mark.parametrize("day", CLOSES)
def test_what_came_later_lies_in_the_interval_stated_then(closes, outlook, day):
    exposure = modelled(closes[day])
    made = estimate(closes[day], outlook=outlook, exposure=exposure)
    found = back_test(made, exposure, closes[LAST]).to_pylist()
    assert found[-1]["inside"], found[-1]
    assert found[-1]["high_fen"] < 1.3 * found[-1]["expected_fen"]
    # 18 groups, many of a few dozen loans: nine in ten intervals hold.
    assert sum(row["inside"] for row in found[:-1]) >= 15


def test_a_stress_that_nobody_saw_coming_is_missed_without_an_outlook(closes):
    """The interval of history alone is honest about history only: a stress began the day after this close."""
    exposure = modelled(closes["2023-03-31"])
    found = back_test(estimate(closes["2023-03-31"], exposure=exposure), exposure, closes[LAST]).to_pylist()[-1]
    assert found["charged_off_fen"] > found["high_fen"]
    assert found["ratio_ppm"] < 1_250_000


def test_an_estimate_of_a_close_takes_well_under_a_second(closes):
    cells = closes[LAST]
    estimate(cells)
    started = time.process_time()
    estimate(cells)
    assert time.process_time() - started < 1.0
