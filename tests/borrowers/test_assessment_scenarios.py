"""Scenarios a risk officer can read and add: an applicant, what changes, what is decided (tests/scenarios/assessment_*.yaml)."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from loanbook.borrowers.assessment import assess
from loanbook.units import RATE_SCALE, day, parse_decimal
from tests.borrowers.applicants import shipped

FILES = sorted((Path(__file__).parents[1] / "scenarios").glob("assessment_*.yaml"))
SCENARIOS = [YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) for path in FILES]
CASES = [(scenario, case) for scenario in SCENARIOS for case in scenario["cases"]]


@pytest.mark.parametrize(("scenario", "case"), CASES, ids=[case["title"] for _, case in CASES])
def test_scenario(scenario: dict[str, Any], case: dict[str, Any]) -> None:
    inputs = {**scenario["applicant"], **case.get("change", {})}
    found = assess(shipped(scenario["strategy"]), inputs, day(scenario["decided_on"]))
    then = case["then"]
    assert found.outcome.value == then["outcome"]
    assert list(found.codes) == then.get("reasons", [])
    assert (found.score, found.grade) == (then.get("score"), then.get("grade"))
    assert found.limit_fen == (parse_decimal(then["limit"], 100, exact=True) if "limit" in then else None)
    assert found.rate_annual == (parse_decimal(then["rate_annual"], RATE_SCALE, exact=True) if "rate_annual" in then else None)
    for name in ("expires_on", "reapply_on"):
        assert getattr(found, name) == (day(then[name]) if name in then else None), name


def test_there_are_scenarios_of_every_shipped_strategy():
    assert {scenario["strategy"] for scenario in SCENARIOS} == {"consumer", "small_business"}
