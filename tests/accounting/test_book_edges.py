"""Guaranteed loans at the edges: no fee in the rate, cancelled."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from loanbook.loans.facts import FactKind
from loanbook.units import day as day_number
from tests.accounting.journals import carrying_facts, close_all

SCENARIOS = Path(__file__).parents[1] / "scenarios"
pytestmark = pytest.mark.plain


def scenario(name):
    return YAML(typ="safe").load((SCENARIOS / f"journal_{name}.yaml").read_text(encoding="utf-8"))


def balances(close, *, books=("CORE", "USGAAP")):
    found = {}
    for row in close.balances.to_pylist():
        if row["book"] in books:
            found[row["account"]] = found.get(row["account"], 0) + row["amount_fen"]
    return {account: amount for account, amount in found.items() if amount}


def test_a_guarantee_without_a_fee_is_a_liability_and_is_called_all_the_same():
    words = scenario("guarantee_called")
    words["loan"]["annual_rate"] = words["policy"]["model"]["lender_rate"]
    closes = close_all(carrying_facts(words), words, words["closed_on"])
    rules = {row["rule"] for close in closes for row in close.entries.to_pylist()}
    assert {"L20", "L21", "L22"} <= rules, "the lender is compensated"
    assert any(balances(close).get("2150", 0) < 0 for close in closes[:2]), "and was expected to be"
    for account in ("1210", "2140", "1120", "4010", "4030"):
        assert all(account not in balances(close) for close in closes)


@pytest.mark.parametrize("name", ["capital_heavy", "capital_light", "referral"])
def test_a_cancelled_loan_leaves_nothing_in_the_books(name):
    words = scenario(name)
    words["facts"] = []
    plain = carrying_facts(words)
    on = int(plain.disbursed_on[0]) + 20
    batch = dataclasses.replace(
        plain,
        fact_kind=np.append(plain.fact_kind, np.int8(FactKind.CANCELLATION)),
        fact_on=np.append(plain.fact_on, np.int32(on)),
        fact_recorded_on=np.append(plain.fact_recorded_on, np.int32(on)),
        fact_amount=np.append(plain.fact_amount, 0),
        fact_detail=np.append(plain.fact_detail, 0),
        fact_offsets=plain.fact_offsets + np.array([0, 1]),
    )
    assert on > day_number(str(words["closed_on"][0])), "the first close still sees the loan"
    last = close_all(batch, words, words["closed_on"][:3])[-1]
    assert balances(last) == {} == balances(last, books=("CORE", "IFRS"))
