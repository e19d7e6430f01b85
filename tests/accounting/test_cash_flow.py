"""The cash-flow statement: what has no class is reported, cash on its way is seen, and collections through a provider are
investing."""

from typing import Any

import pytest

from loanbook.accounting.cash_flow import CashFlowStatement
from loanbook.accounting.group_close import close_group
from loanbook.errors import TermsError
from loanbook.terms.cash_flow import SECTIONS, read_classes, read_indirect
from loanbook.units import day
from tests.accounting.groups import CHART, CLASSES, entries, terms_of

TERMS = terms_of({"p": {"kind": "parent"}, "s": {"holders": [{"holder": "p", "share": 1}]}})


def statement(*lines: dict[str, Any]) -> CashFlowStatement:
    table = entries([{"on": "2024-02-01", "entity": "p"} | line for line in lines])
    return close_group(table, TERMS, starts_on=day("2024-01-01"), ends_on=day("2024-03-31")).cash_flow


def test_every_class_has_a_known_section():
    assert {found.section for found in CLASSES.values()} == set(SECTIONS)
    assert CLASSES["loans_originated"].section == CLASSES["loans_collected"].section == "investing"
    assert CLASSES["trust_investors_received"].section == "financing"


def test_cash_without_a_class_stands_under_operating_and_is_reported():
    found = statement(
        {"debit": "1001", "credit": "4010", "amount": 7}, {"debit": "1001", "credit": "4010", "amount": 5, "cash_flow": "fees"}
    )
    assert [line.title for line in found.direct if line.code == "unclassified"] == [
        "Without a class: none",
        "Without a class: fees",
    ]
    assert [finding.message[:4] for finding in found.findings] == ["7.00", "5.00"]
    assert found.section("operating") == 12_00


def test_cash_that_only_one_company_booked_is_on_its_way():
    found = statement({"debit": "1900", "credit": "1001", "amount": 9, "counterparty": "s", "cash_flow": "related_party_loans"})
    assert [(finding.value, finding.expected) for finding in found.findings] == [("-9.00", "0.00")]
    assert (found.section("financing"), found.section("operating"), found.closing_fen) == (0, -9_00, -9_00)


def test_principal_collected_through_a_provider_is_investing_and_interest_operating():
    found = statement(
        {"debit": "1310", "credit": "1001", "amount": 100, "cash_flow": "loans_originated"},
        {"debit": "1312", "credit": "4020", "amount": 6},
        {"debit": "1030", "credit": "1310", "amount": 40},
        {"debit": "1030", "credit": "1312", "amount": 6},
        {"debit": "1001", "credit": "1030", "amount": 30, "cash_flow": "loans_collected"},
        {"debit": "1001", "credit": "1030", "amount": 4, "cash_flow": "interest_received"},
        {"debit": "5110", "credit": "1319", "amount": 3},
    )
    assert (found.section("investing"), found.section("operating")) == (-70_00, 4_00)
    # 10 of principal and 2 of interest are still with the provider: 12 less there, 10 of it back in the line of loans.
    assert {line.code: line.amount_fen for line in found.indirect} == {
        "net_income": 3_00,
        "loan_losses": 13_00,
        CHART.accounts["1030"].line: -12_00,
    }


def test_cash_to_restricted_cash_is_no_flow():
    found = statement({"debit": "1002", "credit": "1001", "amount": 8})
    assert [(line.code, line.amount_fen) for line in found.direct] == [("exchange", 0)]
    assert not found.findings


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,operating,A,,,s\na,operating,A,,,s", "classes.csv:3: the class a stands there twice"),
        ("a,operatng,A,,,s", "Did you mean operating?"),
    ],
)
def test_a_wrong_file_of_classes_is_refused(tmp_path, text, words):
    path = tmp_path / "classes.csv"
    path.write_text(f"code,section,title,account,outsiders,source\n{text}\n", encoding="utf-8")
    with pytest.raises(TermsError) as raised:
        read_classes(path)
    assert words in str(raised.value)


def test_an_account_in_two_lines_of_the_indirect_statement_is_refused(tmp_path):
    path = tmp_path / "indirect.csv"
    path.write_text("line,title,accounts\na,A,1310\nb,B,1310\n", encoding="utf-8")
    with pytest.raises(TermsError, match=r"indirect.csv:3: account 1310 stands in two lines"):
        read_indirect(CHART, path)
