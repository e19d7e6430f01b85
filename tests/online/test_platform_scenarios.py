"""Whole lives of loans, one file a business model, over the routes of the API."""

from pathlib import Path

import pytest

from tests.online.scenario import Player, read_scenario

FOLDER = Path(__file__).resolve().parents[1] / "scenarios/platform"
SCENARIOS = sorted(FOLDER.glob("*.yaml"))
MODELS = {"on_balance_sheet", "capital_heavy", "capital_light", "referral", "technology"}


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_scenario_comes_out_as_written(path, online_dsn, vault, tmp_path):
    Player(read_scenario(path), online_dsn, vault, tmp_path).play()


def test_every_business_model_has_a_scenario():
    assert {read_scenario(path)["model"] for path in SCENARIOS} == MODELS
    assert (FOLDER / "joint_lending.yaml").exists()


def test_a_scenario_that_does_not_come_out_says_where_and_what(online_dsn, vault, tmp_path):
    scenario = read_scenario(FOLDER / "on_balance_sheet.yaml")
    step = next(step for step in scenario["steps"] if step.get("do") == "assess")
    step["then"]["grade"] = "E"
    with pytest.raises(AssertionError, match=r"step \d+ \(do assess\) on 2025-03-03: it.grade is 'A', expected 'E'"):
        Player(scenario, online_dsn, vault, tmp_path).play()
