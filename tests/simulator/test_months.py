"""A loan's months react to stress and to collectors, and stay with their borrower."""

import dataclasses

import numpy as np
import pytest

from loanbook.simulator.play.lots import Lots
from loanbook.simulator.play.months import Kind, Life, Weather
from loanbook.simulator.play.setting import FIRST_DAY, played_scenario, setting
from loanbook.simulator.scenario import Hazards

LOANS = 3_000
CALM = dataclasses.replace(
    setting(seed=2, borrowers=1, days=365),
    scenario=played_scenario(365, stress={}),
    miss_by_month=(1.0,) * 12,
    effort_by_month=(1.0,) * 12,
)


def lived(chosen, risk=1.0, contacted_on=0):
    """Instalments that were paid late, and loans that were ever two instalments behind, over a year of many loans."""
    lots, weather, hazards = Lots(seed=5), Weather(setting=chosen), Hazards()
    late = bad = 0
    for number in range(LOANS):
        due_on = tuple(FIRST_DAY + 30 * (place + 1) for place in range(12))
        life = Life(key=number, due_on=due_on, risk=risk, last_on=FIRST_DAY, contacted_on=contacted_on)
        until = 0
        while (moves := life.next(hazards, weather, lots)) and life.month < 24:
            for move in moves:
                if move.kind == Kind.PAY:
                    late += move.on > due_on[move.until - 1]
                    until = move.until
                assert move.kind in (Kind.WAIT, Kind.SETTLE) or until >= 0
        bad += life.worst >= 2
    return late, bad


@pytest.fixture(scope="module")
def calm():
    return lived(CALM)


def test_stress_makes_more_of_them_late_and_fewer_catch_up(calm):
    stress = dict.fromkeys([f"2025-{month:02d}" for month in range(1, 13)], 1.4)
    late, bad = lived(dataclasses.replace(CALM, scenario=played_scenario(365, stress=stress)))
    assert late > 1.2 * calm[0]
    assert bad > 1.6 * calm[1]


def test_who_is_spoken_to_catches_up_sooner(calm):
    spoken = lived(CALM, contacted_on=FIRST_DAY + 3_000)
    assert calm[1] > 100
    never, always = dataclasses.replace(CALM, contact_odds=(0.3, 1.0)), dataclasses.replace(CALM, contact_odds=(1.0, 3.0))
    assert lived(never)[0] < calm[0]
    assert lived(always, contacted_on=FIRST_DAY + 3_000)[0] > spoken[0]


def test_a_frail_borrower_stays_frail(calm):
    assert lived(CALM, risk=2.0)[0] > 1.7 * calm[0]
    assert lived(CALM, risk=2.0)[1] > 2.0 * calm[1]


def test_the_habit_of_a_month_shows_in_its_due_dates():
    habit = tuple(3.0 if month == 4 else 1.0 for month in range(1, 13))
    weather = Weather(setting=dataclasses.replace(CALM, miss_by_month=habit))
    strains = [weather.strain(FIRST_DAY + day) for day in range(365)]
    assert np.unique(strains).tolist() == [1.0, 3.0]
    assert sum(each == 3.0 for each in strains) == 30
