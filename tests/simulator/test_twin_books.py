"""The twin's books, small: statements come out of loans and sourced events, and tie; the page holds what the command gives."""

import os
import re
from pathlib import Path

import pytest

from loanbook.accounting.journal import by_account, check_balanced, of_basis
from loanbook.errors import TermsError
from loanbook.services.group_statements import group_statements
from loanbook.simulator.platform import SHIPPED, load_platform
from loanbook.simulator.twin_book import make_twin
from loanbook.simulator.twin_books import compare_statements, statements_markdown
from loanbook.simulator.twin_company import COST_LINES, Company
from loanbook.stores.ledger import Ledger

SCENARIO, SCALE = "platform_2024", 4_000
DOCS = Path(__file__).parents[2] / "docs" / "twin.md"


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    before = os.environ.get("LOANBOOK_HOME")
    os.environ["LOANBOOK_HOME"] = str(tmp_path_factory.mktemp("twin"))
    yield make_twin(scenario=SCENARIO, name="twin-books", scale=SCALE, on_progress=lambda stage, done, total: None)
    if before is None:
        del os.environ["LOANBOOK_HOME"]
    else:
        os.environ["LOANBOOK_HOME"] = before


def found(twin, line, quarter):
    return next(each for each in twin.lines if each.line == line and each.quarter == quarter)


@pytest.mark.parametrize("quarter", ["2024Q1", "2024Q2", "2024Q3"])
def test_revenue_comes_out_near_what_was_published(twin, quarter):
    assert found(twin, "total_net_revenue", quarter).ratio == pytest.approx(1, abs=0.15)
    assert found(twin, "platform_services", quarter).ratio == pytest.approx(1, abs=0.10)
    assert found(twin, "total_assets", quarter).ratio == pytest.approx(1, abs=0.10)


def test_what_goes_in_as_a_driver_comes_out_as_published(twin):
    for line in COST_LINES.values():
        assert found(twin, line, "2024Q2").ratio == pytest.approx(1, abs=0.01)


def test_books_balance_and_nothing_waits_in_clearing(twin):
    for period in Ledger(twin.book).periods():
        balances = period.table("balances")
        check_balanced(balances)
        for basis in ("us_gaap", "ifrs"):
            left = {row["account"]: row["amount_fen"] for row in by_account(of_basis(balances, basis), ("account",)).to_pylist()}
            assert [left.get(account, 0) for account in ("1298", "1398", "2198")] == [0, 0, 0]


def test_a_stated_opening_balance_is_what_the_account_opens_with(twin):
    opening = Ledger(twin.book).periods()[0]
    left = by_account(of_basis(opening.table("balances"), "us_gaap"), ("account",)).to_pylist()
    cash = next(row["amount_fen"] for row in left if row["account"] == "1001")
    stated = [event for event in Company(load_platform(SCENARIO).parameters, SCALE).opening() if event.get("account") == "1001"]
    assert cash == sum(event["amount_fen"] for event in stated) > 0


def test_every_published_line_says_where_it_stands():
    text = (SHIPPED / f"{SCENARIO}_statements.csv").read_text(encoding="utf-8").splitlines()
    assert all(re.search(r"S[0-2], (operations|balance sheet|cash flows)", row) for row in text[1:])


def test_the_page_has_the_lines_and_marks_of_the_table(twin):
    page = DOCS.read_text(encoding="utf-8").split("<!-- statements -->")[1].split("<!-- end of statements -->")[0]
    ours = statements_markdown(twin.lines)
    assert "{" not in ours
    shown = [row.split("|")[1:4] for row in page.strip().splitlines()[2:]]
    assert shown == [row.split("|")[1:4] for row in ours.strip().splitlines()[2:]]


def test_another_line_than_statements_have_is_refused(twin, tmp_path):
    source = (SHIPPED / f"{SCENARIO}_statements.csv").read_text(encoding="utf-8").replace("goodwill", "good_will")
    (tmp_path / f"{SCENARIO}_statements.csv").write_text(source, encoding="utf-8")
    with pytest.raises(TermsError, match="good_will"):
        compare_statements(group_statements(twin.book, "2024Q3"), SCALE, SCENARIO, tmp_path)
