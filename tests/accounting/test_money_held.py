"""Money of a borrower that nothing owed could take: a payable from its day, until it is given back or something owed takes it."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from loanbook.loans.facts import FactKind
from loanbook.units import day as day_number
from tests.accounting.journals import carrying_facts, close_all

SCENARIOS = Path(__file__).parents[1] / "scenarios"
PAYABLE = "2117"
pytestmark = pytest.mark.plain


def scenario(name):
    return YAML(typ="safe").load((SCENARIOS / f"journal_{name}.yaml").read_text(encoding="utf-8"))


def with_fact(batch, kind, on, amount, detail):
    """One more fact, told on its day."""
    day = day_number(on)
    added = {"kind": int(kind), "on": day, "recorded_on": day, "amount": amount, "detail": detail}
    columns = {f"fact_{name}": np.append(getattr(batch, f"fact_{name}"), value) for name, value in added.items()}
    order = np.lexsort((columns["fact_kind"], columns["fact_on"]))
    columns = {name: column[order].astype(getattr(batch, name).dtype) for name, column in columns.items()}
    return dataclasses.replace(batch, **columns, fact_offsets=batch.fact_offsets + np.array([0, 1]))


def moved(close, account):
    """By day and rule: debits less credits."""
    found = {}
    for row in close.entries.to_pylist():
        for side, sign in (("debit", 1), ("credit", -1)):
            if row[side] == account:
                key = (str(row["happened_on"]), row["rule"])
                found[key] = found.get(key, 0) + sign * row["amount_fen"]
    return {key: amount for key, amount in found.items() if amount}


def test_what_falls_due_later_takes_the_money_that_is_held_and_cash_is_counted_once():
    words = scenario("overpaid")
    words["facts"] = words["facts"][:1]
    day = day_number("2024-03-05")
    charged = with_fact(carrying_facts(words), FactKind.CHARGE_PENALTY, "2024-03-05", 50_00, day)
    _, february, march = close_all(charged, words, words["closed_on"])
    assert moved(february, PAYABLE) == {("2024-02-15", "L36"): -3_982_00}
    assert moved(march, PAYABLE) == {("2024-03-05", "L36"): 50_00}
    # The charge is income out of money that is there already: no cash moves.
    assert moved(march, "4020")[("2024-03-05", "L26")] < 0
    assert sum(moved(march, "1001").values()) == 0
    assert sum(moved(march, "1030").values()) == 0


def test_a_payment_that_bounces_after_its_refund_leaves_what_the_borrower_owes_us():
    words = scenario("overpaid")
    words["facts"] = words["facts"][:2]
    batch = carrying_facts(words)
    paid = int(np.flatnonzero(batch.fact_amount == 5_000_00)[0])
    bounced = with_fact(batch, FactKind.REVERSAL, "2024-03-05", 0, paid)
    _, _, march = close_all(bounced, words, words["closed_on"])
    rows = [row for row in march.balances.to_pylist() if row["account"] == PAYABLE]
    assert sum(row["amount_fen"] for row in rows) == 1_000_00
    assert not any(PAYABLE in finding for finding in march.findings)


@pytest.mark.parametrize(("model", "rules"), [("referral", set()), ("technology", set()), ("capital_heavy", {"L37"})])
def test_who_collects_holds_what_is_paid_too_much(model, rules):
    words = scenario(model)
    last = words["closed_on"][-1]
    batch = with_fact(carrying_facts(words), FactKind.PAYMENT, str(last.replace(day=2)), 999_999_00, 0)
    closes = close_all(batch, words, words["closed_on"])
    found = {rule for close in closes for _, rule in moved(close, PAYABLE)}
    assert found == rules


def test_money_of_a_loan_whose_drawdown_was_taken_back_is_the_borrowers():
    words = scenario("overpaid")
    words["facts"] = words["facts"][:1]
    batch = with_fact(carrying_facts(words), FactKind.REVERSAL, "2024-03-05", 0, 0)
    _, _, march = close_all(batch, words, words["closed_on"])
    stands = {}
    for row in march.balances.to_pylist():
        stands[row["account"]] = stands.get(row["account"], 0) + row["amount_fen"]
    assert (stands["1001"], stands[PAYABLE], stands["1310"]) == (5_000_00, -5_000_00, 0)
