"""The sum of operating entities beside the group's figure: rules, perimeter and eliminations kept apart, and they tie."""

from loanbook.accounting.bridge import bridge
from loanbook.accounting.group_close import close_group
from loanbook.accounting.group_rows import rows_of_entries
from loanbook.units import day
from tests.accounting.groups import RULES, entries, terms_of

TERMS = terms_of(
    {
        "p": {"kind": "parent"},
        "wfoe": {"kind": "wfoe", "holders": [{"holder": "p", "share": 1}]},
        "technology": {
            "kind": "vie",
            "control": [{"basis": "contract", "method": "full", "by": "wfoe", "share": 1}],
            "major": True,
        },
        "guarantee": {
            "kind": "vie",
            "control": [{"basis": "contract", "method": "full", "by": "wfoe", "share": 1}],
            "major": True,
        },
    }
)
ENTRIES = entries(
    [
        {
            "entity": "technology",
            "on": "2024-02-01",
            "debit": "1001",
            "credit": "4110",
            "amount": 1000,
            "cash_flow": "fees_received",
        },
        {"entity": "technology", "on": "2024-02-01", "debit": "5010", "credit": "2900", "amount": 300, "counterparty": "wfoe"},
        {"entity": "wfoe", "on": "2024-02-01", "debit": "1900", "credit": "4130", "amount": 300, "counterparty": "technology"},
        {"entity": "p", "on": "2024-02-01", "debit": "5040", "credit": "2110", "amount": 25},
        {"entity": "guarantee", "on": "2024-02-01", "debit": "1210", "credit": "4030", "amount": 400},
        # Local rules see the premium when it is received, in another book.
        {"entity": "guarantee", "on": "2024-02-01", "debit": "1210", "credit": "4030", "amount": 150, "book": "USGAAP"},
        {"entity": "guarantee", "on": "2024-02-01", "debit": "1210", "credit": "4030", "amount": 40, "book": "PRC"},
    ]
)


def test_the_bridge_from_local_sums_to_the_group_ties():
    close = close_group(ENTRIES, TERMS, starts_on=day("2024-01-01"), ends_on=day("2024-03-31"))
    local = rows_of_entries(ENTRIES, TERMS.chart, cash_accounts=("1001", "1002"), books=("CORE", "PRC"))
    revenue = [code for code, account in TERMS.chart.accounts.items() if account.kind == "income" and code < "5"]
    measures = {"revenue": revenue, "net_profit": close.consolidated.setting.results}
    found = [tuple(row.values()) for row in bridge(local, close.consolidated, measures).to_pylist()]
    assert found == [
        ("revenue", "sum_of_major_entities", "guarantee", 440_00),
        ("revenue", "sum_of_major_entities", "technology", 1_000_00),
        ("revenue", "accounting_rules", "guarantee", 110_00),
        ("revenue", "accounting_rules", "technology", 0),
        ("revenue", "perimeter", "wfoe", 300_00),
        ("revenue", "eliminations", "services", -300_00),
        ("revenue", "consolidated", "", 1_550_00),
        ("net_profit", "sum_of_major_entities", "guarantee", 440_00),
        ("net_profit", "sum_of_major_entities", "technology", 700_00),
        ("net_profit", "accounting_rules", "guarantee", 110_00),
        ("net_profit", "accounting_rules", "technology", 0),
        ("net_profit", "perimeter", "p", -25_00),
        ("net_profit", "perimeter", "wfoe", 300_00),
        ("net_profit", "consolidated", "", 1_525_00),
    ]
    assert RULES
