"""Payment dates that an accountant can read and add: terms by name, what is there, what came in, who gets what
(tests/scenarios/waterfall_*.yaml)."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.funding.vehicles import fen, vehicle, yuan

from loanbook.funding.vehicle_state import VehicleState
from loanbook.funding.waterfall import Distribution, run_waterfall
from loanbook.terms.vehicle import Received
from loanbook.units import day

pytestmark = pytest.mark.plain
FILES = sorted((Path(__file__).parents[1] / "scenarios").glob("waterfall_*.yaml"))


def state_of(code: str, before: dict[str, Any]) -> VehicleState:
    return VehicleState(
        vehicle=code,
        paid_to=day(before["paid_to"]),
        accounts_fen=yuan(before["accounts"]),
        tranches_fen=yuan(before["tranches"]),
        unpaid_fen=yuan(before.get("unpaid", {})),
        breached=tuple(before.get("breached", ())),
    )


def distribution_of(scenario: dict[str, Any]) -> Distribution:
    code = scenario["vehicle"]
    return run_waterfall(
        vehicle(code),
        state_of(code, scenario["before"]),
        {Received[name.upper()]: fen(amount) for name, amount in scenario["received"].items()},
        ratios={name: (fen(above), fen(whole)) for name, (above, whole) in scenario.get("ratios", {}).items()},
        on=day(scenario["on"]),
        offered_fen=fen(scenario.get("offered", 0)),
        defaulted_fen=fen(scenario.get("defaulted", 0)),
    )


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_scenario(file: Path) -> None:
    scenario = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    found = distribution_of(scenario)
    assert found.phase.name.lower() == scenario["phase"]
    assert list(found.breached) == scenario.get("breached", [])
    paid = [(each.pay, each.of, each.account, each.into or each.payee, each.amount_fen) for each in found.payments]
    assert paid == [
        (line["pay"], line.get("of", ""), line["from"], line["to"], fen(line["amount"])) for line in scenario["payments"]
    ]
    short = {
        f"{each.pay.value} of {each.of}".removesuffix(" of "): each.shortfall_fen for each in found.claims if each.shortfall_fen
    }
    assert short == yuan(scenario.get("short", {}))
    after = scenario["after"]
    assert found.after.accounts_fen == yuan(after["accounts"])
    assert found.after.tranches_fen == yuan(after["tranches"])
    assert found.after.unpaid_fen == yuan(after.get("unpaid", {}))
    assert list(found.after.breached) == after.get("breached", [])
