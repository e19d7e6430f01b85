"""Every amount that a corporate event or a close can post meets its rule, and the entries are what an accountant expects."""

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest

from loanbook.accounting.corporate_events import ASSETS, KINDS, USED_BY
from loanbook.accounting.corporate_postings import equity_postables, postables
from loanbook.accounting.equity import EquityTerms
from loanbook.accounting.grants import PER_MILLION
from loanbook.accounting.journal import postable
from loanbook.accounting.measured_postings import current_postables, deferred_postables, share_based_postables
from loanbook.accounting.posting import ROLES, entries_of, rule_table, without_rule
from loanbook.accounting.share_based import CostCell
from loanbook.accounting.tax import Presented
from loanbook.errors import TermsError
from loanbook.terms.chart import load_chart
from loanbook.terms.posting_rule import PostingRule, load_rules
from loanbook.units import day
from tests.accounting.corporate import year

TERMS = EquityTerms(par_per_million_fen=PER_MILLION // 100)
ON = day("2024-09-30")
MEASURED = {
    "shares_issued": ("cash", "par"),
    "shares_repurchased": ("treasury_shares",),
    "shares_retired": ("par", "treasury_shares", "retained_earnings"),
    "grant_exercised": ("cash", "par", "treasury_shares"),
    "dividend_declared": ("declared",),
}


@pytest.fixture(scope="module")
def rules() -> tuple[PostingRule, ...]:
    return load_rules(load_chart(), ON)


def posted(amounts: pa.Table, rules: tuple[PostingRule, ...]) -> list[tuple[str, str, str, str, int]]:
    """(event, book, debit, credit, amount) of the entries; nothing is left without a rule."""
    found, table = ibis.memtable(amounts), ibis.memtable(rule_table(rules))
    assert without_rule(found, table).to_pyarrow().num_rows == 0
    entries = entries_of(found, table, ibis.memtable(ROLES.empty_table(), schema=ibis.Schema.from_pyarrow(ROLES))).to_pyarrow()
    return sorted((e["event"], e["book"], e["debit"], e["credit"], e["amount_fen"]) for e in entries.to_pylist())


def test_every_kind_component_and_line_has_a_rule(rules: tuple[PostingRule, ...]) -> None:
    rows = []
    for kind in KINDS:
        words = dict(kind.words)
        for posts in kind.posts:
            components = (posts.component,) if posts.component else words[posts.component_of]
            lines = words.get("line", ("",)) if posts.line else ("",)
            rows += [(kind.name, component, line) for component in components for line in lines]
        rows += [(kind.name, component, "") for component in MEASURED.get(kind.name, () if kind.posts else ("none",))]
    columns: dict[str, object] = {name: [row[n] for row in rows] for n, name in enumerate(("kind", "component", "line"))}
    none: list[object] = [None] * len(rows)
    amounts = postable({**columns, "amount_fen": [1] * len(rows), "posted_on": none, "happened_on": none}, len(rows))
    missing = without_rule(ibis.memtable(amounts), ibis.memtable(rule_table(rules))).to_pyarrow()
    assert missing.num_rows == 0, missing.to_pylist()
    assert len([row for row in rows if row[0] == "depreciation_charged"]) == len(ASSETS) * len(USED_BY)


def test_the_entries_of_the_example_year(tmp_path: Path, rules: tuple[PostingRule, ...]) -> None:
    tables = year(tmp_path)
    entries = posted(
        pa.concat_tables([postables(tables, day("2024-12-31")), equity_postables(tables, "parent", "CNY", TERMS)]), rules
    )
    assert [e for e in entries if e[0] in ("E1", "E2", "E3")] == [
        ("E1", "CORE", "1001", "3020", 4_950_000),
        ("E1", "CORE", "3020", "3010", 10_000),
        ("E2", "CORE", "3030", "1001", 9_010),
        ("E3", "CORE", "3010", "3020", 4),
        ("E3", "CORE", "3020", "3030", 3_604),
        ("E3", "CORE", "3050", "3020", 3_600),
    ]
    assert [e[1:] for e in entries if e[0] == "M1"] == [("USGAAP", "2110", "5040", 700), ("USGAAP", "5040", "2110", 700)]
    assert [e[1:] for e in entries if e[0] == "O2"] == [("CORE", "3990", "3050", 500_000)]
    clearing = sum((e[4] if e[2] == "3990" else -e[4]) for e in entries if "3990" in e)
    assert clearing == 0


def test_what_a_close_measures_is_posted_as_a_difference(rules: tuple[PostingRule, ...]) -> None:
    def cell(cost: int) -> CostCell:
        return CostCell(grant_id="G1", entity="parent", currency="CNY", line="sales_and_marketing", cost_fen=cost)

    def shown(asset: int, liability: int) -> Presented:
        return Presented(entity="harbour", jurisdiction="CN", asset_fen=asset, liability_fen=liability)

    amounts = pa.concat_tables(
        [
            share_based_postables([cell(100)], [cell(160)], basis="us_gaap", posted_on=ON, close_run="R"),
            share_based_postables([cell(160)], [cell(90)], basis="ifrs", posted_on=ON, close_run="R"),
            deferred_postables([shown(50, 0)], [shown(0, 20)], currency="CNY", posted_on=ON, close_run="R"),
            deferred_postables([], [shown(7, 0)], currency="CNY", posted_on=ON, close_run="R", topic="guarantee", basis="ifrs"),
            current_postables({"harbour": 30}, {"harbour": 45}, currency="CNY", posted_on=ON, close_run="R"),
        ]
    )
    assert posted(amounts, rules) == [
        ("R", "CORE", "6110", "2160", 15),
        ("R", "CORE", "6120", "1650", 50),
        ("R", "CORE", "6120", "2510", 20),
        ("R", "IFRS", "1650", "6120", 7),
        ("R", "IFRS", "3020", "5030", 70),
        ("R", "USGAAP", "5030", "3020", 60),
    ]
    cells = amounts["cell"].to_pylist()
    assert len(set(cells)) == len(cells)
    assert set(amounts["happened_on"].to_pylist()) == {dt.date(2024, 9, 30)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rule": "L40Y", "credit": "4030"}, "L40Y and L40 both meet"),
        ({"rule": "L40Y", "book": "none"}, "L40Y and L40 both meet"),
        ({"rule": "L40Y", "conditions": {}}, "L40Y and L40 both meet"),
    ],
    ids=["another account", "no entry beside an entry", "a condition that holds for all"],
)
def test_two_rules_that_an_amount_could_meet_are_refused_by_name(
    change: dict[str, Any], said: str, rules: tuple[PostingRule, ...]
) -> None:
    (first,) = [rule for rule in rules if rule.rule == "L40"]
    with pytest.raises(TermsError, match=said):
        rule_table([*rules, dataclasses.replace(first, **change)])
