"""Tables of a quarter: what the ledger does not reach back to is left away, never shown as nil."""

from dataclasses import replace
from fractions import Fraction

import pytest

from loanbook.errors import RequestError, StateError
from loanbook.services.bookkeeping import close_period
from loanbook.services.group_statements import group_statements, in_unit
from loanbook.services.presenting import names_of, tables_of, written
from loanbook.statements import books_page
from loanbook.statements.periods import period
from loanbook.statements.presentation import Figures, rate_of
from loanbook.stores.ledger import Ledger
from tests.reference.presentation import half_up
from tests.services.ledgers import ledger_book


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Books that begin with the second quarter: the first is their opening."""
    made = ledger_book(tmp_path_factory.mktemp("books"))
    for name in ("2024Q2", "2024Q3"):
        close_period(made, name)
    return made


def test_a_quarter_and_balances_stand_and_a_year_to_date_without_its_first_quarter_does_not(book):
    made = group_statements(book, "2024Q3")
    for each in tables_of(made, basis="us_gaap", dollars=False, company="X"):
        assert "Nine months" not in each.title
        assert {str(head.period) for head in each.heads} <= {str(period("2024Q3")), "2024-09-30"}, each.name
    (flows,) = tables_of(made, basis="us_gaap", dollars=False, company="X", only=("cash_flows",))
    cash = {row.code: row.amounts[0] for row in flows.rows if row.code}
    (before,) = tables_of(group_statements(book, "2024Q2"), basis="us_gaap", dollars=False, company="X", only=("cash_flows",))
    assert cash["cash_beginning"] == {row.code: row.amounts[0] for row in before.rows if row.code}["cash_end"]


def test_the_primary_statements_come_first_and_then_the_notes_as_on_the_page(book):
    names = names_of(group_statements(book, "2024Q3"), "us_gaap")
    assert names == (*books_page.PRIMARY, "cash_flow_lines", *books_page.NOTES)
    assert names_of(group_statements(book, "2024Q3"), "ifrs")[-2:] == ("balance_sheet", "operations")


@pytest.mark.parametrize("unit", ["thousand", "one"])
def test_under_ifrs_each_leaf_is_translated_and_totals_add_translated_leaves(book, unit):
    """Worked again here: a leaf is its RMB under IFRS over the rate; equity of the parent takes what the sheet leaves."""
    made = in_unit(group_statements(book, "2024Q3", rate=rate_of("7.0176")), unit)
    sheet, results = tables_of(made, basis="ifrs", dollars=True, company="X", only=("balance_sheet", "operations"))
    leaves = 0
    for each in (sheet, results):
        ours, theirs = len(each.heads) - 2, len(each.heads) - 1
        assert (each.heads[ours].column, each.heads[theirs].column, each.heads[theirs].currency) == ("ifrs", "ifrs", "USD")
        dollars = {row.code: row.amounts[theirs] for row in each.rows if row.amounts}
        for row in (row for row in each.rows if row.amounts):
            line = made.statements.line(row.code)
            if line.kind == "leaf" and line.unit == "money" and line.residue != "all":
                leaves += 1
                assert row.amounts[theirs] == half_up(Fraction(row.amounts[ours] * 10_000, 70_176)), row.code
            elif line.kind == "total" and all(code in dollars for _, code in line.addends):
                assert row.amounts[theirs] == sum(sign * dollars[code] for sign, code in line.addends), row.code
    assert leaves > 20
    found = {row.code: row.amounts[-1] for row in sheet.rows if row.amounts}
    assert found["total_assets"] == found["total_liabilities_and_equity"]
    gaap = tables_of(made, basis="us_gaap", dollars=True, company="X", only=("operations",))[0]
    assert [row.amounts for row in gaap.rows] != [row.amounts for row in results.rows]


def test_the_forms_say_the_same(book):
    made = tables_of(group_statements(book, "2024Q3"), basis="us_gaap", dollars=False, company="A & B", only=("operations",))
    total = next(row for row in made[0].rows if row.code == "total_net_revenue")
    assert f"total_net_revenue,{total.words},{total.cells[0]}" in written(made, "csv", title="t")
    page = written(made, "html", title="A & B")
    assert "<title>A &amp; B</title>" in page
    assert "<h1>A &amp; B</h1>" in page
    assert f"<td>{total.cells[0]}</td>" in page
    assert total.words in written(made, "text", title="t")


def test_charge_offs_by_vintage_are_those_of_the_page_of_the_books(book):
    made = group_statements(book, "2024Q3")
    key = ("vintage_charge_offs", made.quarter, "origination_year=2024")
    made = replace(made, figures=Figures(statements=made.statements, amounts={**made.figures.amounts, key: 42}))
    (ours,) = tables_of(made, basis="us_gaap", dollars=False, company="X", only=("loans_by_vintage",))
    statement = made.statements.by_name["loans_by_vintage"]
    (page,) = books_page.tables_of(statement, made.figures, made.quarter, company="X")
    assert ours.rows == page.rows
    assert {row.code: row.amounts for row in ours.rows}["vintage_charge_offs"][-2:] == (42, 42)


def test_highlights_stand_with_the_lines_that_are_known_whole(book):
    made = group_statements(book, "2024Q3")
    assert "highlights" not in names_of(made, "us_gaap")
    with pytest.raises(RequestError, match="there is no statement 'highlights'"):
        tables_of(made, basis="us_gaap", dollars=False, company="X", only=("highlights",))
    amounts = {
        **made.figures.amounts,
        ("pay_later_loans", made.quarter, "us_gaap"): 7,
        ("partners", made.quarter.end, "us_gaap"): 3,
    }
    told = replace(made, figures=Figures(statements=made.statements, amounts=amounts))
    (table,) = tables_of(told, basis="us_gaap", dollars=False, company="X", only=("highlights",))
    codes = {row.code for row in table.rows}
    assert {"pay_later_loans", "partners", "net_provisions_as_shown"} <= codes
    assert not {"loans", "provisions_new_as_shown", "outlook_net_income_low", "leverage"} & codes


def test_a_quarter_before_the_ledger_is_told_where_it_begins(book):
    with pytest.raises(StateError, match=r"begins with 2024Q1\. Ask for 2024Q1 or later"):
        Ledger(book).period("2023Q4")
    with pytest.raises(StateError, match="loanbook books close 2024Q4"):
        Ledger(book).period("2024Q4")
