"""Consolidations that an accountant can check by hand and add to: tests/scenarios/group_*.yaml.

Every entry is in its entity's own currency, unless it names another. `balances` are of the group, debit positive; `moved` are
roll-forward columns of one account.
"""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from loanbook.accounting.group_close import GroupState, close_group
from loanbook.accounting.group_rows import OPENING, summed
from loanbook.accounting.remeasurement import NOTHING, remeasured
from loanbook.terms.entity import Group
from loanbook.units import day
from tests.accounting.groups import balance, change_of, entries, fen, terms_of

FILES = sorted((Path(__file__).parents[1] / "scenarios").glob("group_*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_scenario(file: Path) -> None:
    scenario = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    terms = terms_of(scenario["entities"], scenario.get("rates", []))
    state: GroupState | None = None
    left = NOTHING
    before: dict[str, int] = {}
    for period in scenario["periods"]:
        ends_on = day(str(period["ends_on"]))
        own = remeasured(
            entries([_in_currency(line, terms.group, ends_on) for line in period["entries"]]),
            terms.group,
            terms.chart,
            terms.rates,
            ends_on=ends_on,
            before=left,
        )
        left = own.left
        close = close_group(
            own.entries,
            terms,
            starts_on=day(str(period["starts_on"])),
            ends_on=ends_on,
            before=state,
            changes=[change_of(line) for line in period.get("changes", [])],
        )
        state = close.state()
        rows = close.consolidated.rows
        assert rows.total == 0
        assert close.consolidated.eliminations.total == 0
        for code, amount in period.get("balances", {}).items():
            assert (code, balance(rows, str(code))) == (code, fen(amount))
        for code, columns in period.get("moved", {}).items():
            found = {column: balance(rows, str(code), column) for column in columns}
            assert (code, found) == (code, {column: fen(amount) for column, amount in columns.items()})
        opened = {code: balance(rows, code, OPENING) for code in sorted(set(rows["account"]))}
        assert {code: amount for code, amount in opened.items() if amount} == before
        closing = summed(rows, ("account",))
        before = dict(zip(closing["account"].tolist(), closing["amount_fen"].tolist(), strict=True))
        findings = [[finding.place, finding.value, finding.expected] for finding in close.consolidated.findings]
        assert findings == period.get("findings", [])
        _check_cash(close.cash_flow, period.get("cash_flow", {}))


def _in_currency(line: dict[str, Any], group: Group, on: int) -> dict[str, Any]:
    return {"currency": group.entity(line["entity"]).currency(on)} | line


def _check_cash(statement: Any, expected: dict[str, Any]) -> None:
    assert not statement.findings
    assert statement.opening_fen + sum(line.amount_fen for line in statement.direct) == statement.closing_fen
    for name in ("operating", "investing", "financing", "exchange"):
        if name in expected:
            assert (name, statement.section(name)) == (name, fen(expected[name]))
    if "indirect" in expected:
        assert {line.code: line.amount_fen for line in statement.indirect} == {
            code: fen(amount) for code, amount in expected["indirect"].items()
        }
