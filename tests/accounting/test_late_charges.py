"""Late charges that a borrower pays reach the books on their day: income and tax of who holds the claim, and the money."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from loanbook.loans.facts import FactKind
from loanbook.units import day as day_number
from tests.accounting.journals import carrying_facts, close_all

SCENARIOS = Path(__file__).parents[1] / "scenarios"
CHARGE = 50_00
ON = "2024-04-20"
pytestmark = pytest.mark.plain


def scenario(model):
    return YAML(typ="safe").load((SCENARIOS / f"journal_{model}.yaml").read_text(encoding="utf-8"))


def with_late_charge(words):
    """The same loan with a late charge on a payment's day, and a payment larger by it."""
    batch = carrying_facts(words)
    day = day_number(ON)
    paid = int(np.flatnonzero((batch.fact_on == day) & (batch.fact_kind == int(FactKind.PAYMENT)))[0])
    amount = batch.fact_amount.copy()
    amount[paid] += CHARGE
    added = {
        "fact_kind": np.insert(batch.fact_kind, paid, int(FactKind.CHARGE_PENALTY)),
        "fact_on": np.insert(batch.fact_on, paid, day),
        "fact_recorded_on": np.insert(batch.fact_recorded_on, paid, day),
        "fact_amount": np.insert(amount, paid, CHARGE),
        "fact_detail": np.insert(batch.fact_detail, paid, day),
        "fact_offsets": batch.fact_offsets + np.array([0, 1]),
    }
    kinds, on = added["fact_kind"], added["fact_on"]
    order = np.lexsort((kinds, on))
    for name in ("fact_kind", "fact_on", "fact_recorded_on", "fact_amount", "fact_detail"):
        added[name] = added[name][order]
    return dataclasses.replace(batch, **added)


def posted(closes):
    found = {}
    for close in closes:
        for row in close.entries.to_pylist():
            for side, sign in (("debit", 1), ("credit", -1)):
                key = (row["book"], row[side])
                found[key] = found.get(key, 0) + sign * row["amount_fen"]
    return found


@pytest.mark.parametrize(
    ("model", "income", "ours"),
    [("capital_heavy", "4040", CHARGE), ("capital_light", "4130", None), ("on_balance_sheet", "4020", CHARGE)],
)
def test_a_late_charge_is_income_when_it_is_paid(model, income, ours):
    words = scenario(model)
    days = words["closed_on"]
    if not any(str(fact["on"]) == ON for fact in words["facts"]):
        chosen = next(fact for fact in words["facts"] if str(fact["on"]).startswith("2024-04"))
        chosen["on"] = type(chosen["on"]).fromisoformat(ON)
    plain, charged = (
        posted(close_all(carrying_facts(words), words, days)),
        posted(close_all(with_late_charge(words), words, days)),
    )
    moved = {key: charged.get(key, 0) - plain.get(key, 0) for key in {*plain, *charged}}
    moved = {key: amount for key, amount in moved.items() if amount}
    assert set(moved) == {("CORE", income), ("CORE", "2170"), ("CORE", "1001")}
    money = moved["CORE", "1001"]
    if ours is None:
        # The lender bears its losses: charges are shared as interest is.
        assert 0 < money < CHARGE
    else:
        assert money == ours
    assert moved["CORE", "2170"] == -(money - round(money / 1.06))
    assert moved["CORE", income] == -round(money / 1.06)
