"""Scenarios an accountant can read and add: terms, dated facts, expected rows (tests/scenarios/account_*.yaml)."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.loans.accounts import contract

from loanbook.loans.account import Account, Drawdown, account_of, fact_rows
from loanbook.loans.balances import balances
from loanbook.loans.delinquency import dpd, status
from loanbook.loans.facts import FactKind, Row, Total
from loanbook.terms.conventions import Excess
from loanbook.units import NEVER, day, parse_decimal

pytestmark = pytest.mark.plain
FILES = sorted((Path(__file__).parents[1] / "scenarios").glob("account_*.yaml"))
KINDS = {
    "payment": FactKind.PAYMENT,
    "payoff": FactKind.PAYOFF,
    "fee": FactKind.CHARGE_FEE,
    "penalty": FactKind.CHARGE_PENALTY,
    "charge_off": FactKind.CHARGE_OFF,
    "recovery": FactKind.RECOVERY,
    "cancellation": FactKind.CANCELLATION,
    "disbursement": FactKind.DISBURSEMENT,
}
TOTALS = {
    "received": Total.RECEIVED,
    "unapplied": Total.UNAPPLIED,
    "recovered": Total.RECOVERED,
    "charged_off": Total.CHARGED_OFF,
}


def cents(amount: Any) -> int:
    return parse_decimal(amount, 100, exact=True)


def drawdown_of(terms: dict[str, Any]) -> Drawdown:
    terms = dict(terms)
    principal, on = cents(terms.pop("principal")), day(terms.pop("disbursed_on"))
    terms["count"] = terms.pop("installments")
    if "excess" in terms:
        terms["excess"] = Excess[terms["excess"].upper()]
    return Drawdown(contract=contract(**terms), principal_fen=principal, disbursed_on=on)


def account_at(scenario: dict[str, Any], as_of: dt.date) -> Account:
    rows = []
    for fact in scenario["facts"]:
        on = day(fact["on"])
        if "reversal_of" in fact:
            rows.append((FactKind.REVERSAL, on, 0, fact["reversal_of"] - 1))
            continue
        (name,) = [name for name in KINDS if name in fact]
        rows.append((KINDS[name], on, cents(fact[name]), day(fact.get("due_on", fact["on"]))))
    return account_of(drawdown_of(scenario["terms"]), fact_rows(rows), as_of=day(as_of), known_on=day(as_of))


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_scenario(file: Path) -> None:
    scenario = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    account = account_at(scenario, scenario["as_of"])
    assert len(account.rows) == len(scenario["rows"])
    for line, expected in zip(account.rows, scenario["rows"], strict=True):
        assert line[Row.DUE_ON] == day(expected["due_on"])
        for name in ("principal", "interest", "fee", "penalty"):
            assert line[Row[name.upper()]] == cents(expected.get(name, 0)), (expected["due_on"], name)
        assert line[Row.PAID_PRINCIPAL : Row.PAID_PENALTY + 1].sum() == cents(expected["paid"])
        assert line[Row.CLEARED_ON] == (day(expected["cleared_on"]) if "cleared_on" in expected else NEVER)
    for name, total in TOTALS.items():
        if name in scenario:
            assert account.total(total) == cents(scenario[name]), name
    assert balances(account).principal_outstanding_fen == cents(scenario["outstanding"])
    assert status(account) == scenario["status"]
    for on, days in scenario.get("days_past_due", {}).items():
        assert dpd(account_at(scenario, on)) == days, on
        if all("reversal_of" not in fact for fact in scenario["facts"]):
            assert dpd(account, day(on)) == days, on
