"""Tables of a quarter: what the ledger does not reach back to is left away, never shown as nil."""

import pytest

from loanbook.services.bookkeeping import close_period
from loanbook.services.group_statements import group_statements
from loanbook.services.presenting import tables_of, written
from loanbook.statements.periods import period
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


def test_the_forms_say_the_same(book):
    made = tables_of(group_statements(book, "2024Q3"), basis="us_gaap", dollars=False, company="A & B", only=("operations",))
    total = next(row for row in made[0].rows if row.code == "total_net_revenue")
    assert f"total_net_revenue,{total.words},{total.cells[0]}" in written(made, "csv", title="t")
    page = written(made, "html", title="A & B")
    assert "<title>A &amp; B</title>" in page
    assert f"<td>{total.cells[0]}</td>" in page
    assert total.words in written(made, "text", title="t")
