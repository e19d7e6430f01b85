"""Every rule's entry of a quarter is the sum of the loans behind it, also what is taken at one of the two closes only."""

import pytest

from loanbook.services.bookkeeping import close_period
from loanbook.services.entry_explaining import explain_entry
from tests.services.ledgers import ledger_book

REVISIONS = {"L59"}
"""Services of earlier periods at the price expected now; what heavy loans of this world pay is all for the guarantee."""


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    book = ledger_book(tmp_path_factory.mktemp("explained"), seed=7, loans=60)
    close_period(book, "2024Q2")
    return book, close_period(book, "2024Q3")[0]


def test_an_entry_of_each_rule_is_the_sum_of_its_loans(closed):
    book, period = closed
    chosen = {row["rule"]: row for row in period.table("entries").to_pylist() if row["event"] == period.manifest["close_run"]}
    of_loans = {rule: row for rule, row in chosen.items() if row["cohort"]}
    assert of_loans.keys() >= REVISIONS
    for rule in sorted(REVISIONS | set(sorted(of_loans)[::6])):
        found = explain_entry(book, of_loans[rule]["entry_id"])
        assert abs(sum(found.loans["amount_fen"].to_pylist())) == of_loans[rule]["amount_fen"], rule


def test_a_quarter_of_a_book_without_history_is_closed_by_the_prior(tmp_path):
    """The book's first quarter has two whole months behind it: fewer than any method needs."""
    book = ledger_book(tmp_path, seed=3, loans=25)
    period, _ = close_period(book, "2024Q1")
    cells = period.table("cells_ledger")
    assert sum(cells["loan_allowance_fen"].to_pylist()) > 0
    assert sum(cells["guarantee_fee_fen"].to_pylist()) > 0
