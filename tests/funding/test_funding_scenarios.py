"""One loan per business model that an accountant can follow: what it is worth, and who gets what of its money
(tests/scenarios/funding_*.yaml)."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML
from tests.funding.requests import ON, SHIPPED, request

from loanbook.funding.eligibility import bars, values
from loanbook.funding.mandate_table import FundingRequest, asked, mandate_table
from loanbook.funding.matching import Outcome, match
from loanbook.funding.refusing import barred
from loanbook.funding.room import room_left
from loanbook.funding.shares import Paid, divide, stage_shares
from loanbook.terms.lending_rule import check_funding
from loanbook.terms.lending_rule_file import lending_rules_in
from loanbook.terms.mandate import COMPONENTS, MODELS, Mandate, Stage
from loanbook.units import NEVER, parse_decimal, rate

pytestmark = pytest.mark.plain
FILES = sorted((Path(__file__).parents[1] / "scenarios").glob("funding_*.yaml"))
SCENARIOS = [YAML(typ="safe").load(file.read_text(encoding="utf-8")) for file in FILES]


def fen(amount: Any) -> int:
    return parse_decimal(str(amount), 100, exact=True)


def requested(words: dict[str, Any]) -> FundingRequest:
    count = words["installments"]
    rest = {name: words[name] for name in ("product", "grade", "province", "borrower_kind") if name in words}
    return request(
        principal_fen=fen(words["principal"]),
        rate_annual=rate(words["rate_annual"]),
        installment_count=count,
        months=count,
        age=words.get("age"),
        **rest,
    )


def shared(mandate: Mandate, stage: Stage, annual: int, collected: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Sums by vehicle and component; nothing where it is nothing."""
    amounts = np.array([[fen(line.get(name.name.lower(), 0)) for name in Paid] for line in collected])
    before = np.cumsum(amounts, axis=0) - amounts
    parts = divide(stage_shares(mandate, stage), mandate.coupon_annual, np.full(len(amounts), annual), before, amounts)
    assert (parts.sum(axis=(1, 2)) == amounts.sum(axis=1)).all()
    sums = parts.sum(axis=0)
    found = {
        vehicle: {name: int(sums[place, column]) for place, name in enumerate(COMPONENTS) if sums[place, column]}
        for column, vehicle in enumerate(mandate.vehicles)
    }
    return {vehicle: line for vehicle, line in found.items() if line}


def told(lines: dict[str, dict[str, Any]]) -> dict[str, dict[str, int]]:
    return {vehicle: {name: fen(amount) for name, amount in line.items()} for vehicle, line in lines.items()}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[file.stem for file in FILES])
def test_scenario(scenario: dict[str, Any]) -> None:
    mandate = SHIPPED[scenario["mandate"]]
    table = mandate_table([mandate], ON)
    asking = requested(scenario["request"])
    columns = asked(table, [asking])
    assert [reason.words for reason in barred(table, asking, bars(table, columns)[0])] == []
    assert match(table, columns, room_left(table)).outcome[0] == Outcome.RESERVED
    assert mandate.model == scenario["model"]
    assert list(mandate.lenders) == scenario["lenders"]
    assert values(table, columns)[0, 0] == rate(scenario["worth"])
    annual = asking.rate_annual
    assert shared(mandate, Stage.ORIGINATION, annual, scenario["collected"]) == told(scenario["shared"])
    assert (mandate.guarantee.compensation_dpd if mandate.guarantee else None) == scenario.get("compensation_dpd")
    if mandate.guarantee:
        after = shared(mandate, Stage.COMPENSATION, annual, scenario["collected_after_compensation"])
        assert after == told(scenario["shared_after_compensation"])
    check_funding(lending_rules_in(), mandate, on=mandate.effective_from, until=NEVER)


def test_every_business_model_and_joint_lending_has_a_scenario() -> None:
    assert {scenario["model"] for scenario in SCENARIOS} == set(MODELS)
    assert any(len(scenario["lenders"]) > 1 for scenario in SCENARIOS)
