"""Every rule's entry of a quarter is the sum of the loans behind it, also what is taken at one of the two closes only."""

import datetime as dt
import shutil

import pytest

from loanbook.services.book_terms import components_of
from loanbook.services.bookkeeping import close_period
from loanbook.services.entry_explaining import explain_entry
from loanbook.services.restating import restate
from loanbook.stores.intake import append
from loanbook.stores.ledger import Ledger
from loanbook.terms import posting_rule
from tests.services.ledgers import ledger_book
from tests.stores.rows import TERMS, loan, table

KNOWN = dt.date(2024, 10, 15)

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


def entry_of(period, kind, cohort="", rule=""):
    rows = [row for row in period.table("entries").to_pylist() if row["kind"] == kind and cohort in ("", row["cohort"])]
    return next(row for row in rows if rule in ("", row["rule"]))


@pytest.fixture
def moved_on(tmp_path):
    """A book that closed two quarters and was told on that very day, after it, of a loan of May and of a new product."""
    book = ledger_book(tmp_path, seed=7, loans=25)
    book = append(book, {"loan_disbursed": table("loan_disbursed", [loan("base", "2024-05-10", 300_000)])}).book
    for name in ("2024Q2", "2024Q3"):
        close_period(book, name, known_on=KNOWN)
    at = dt.datetime(2024, 10, 15, 18, tzinfo=dt.UTC)
    rows = [
        loan("late", "2024-05-20", 500_000, model="on_balance_sheet", installment_count=12, tenor_months=12),
        loan("other", "2024-09-20", 800_000, product="other_level", model="on_balance_sheet"),
    ]
    terms = TERMS.replace("sample_level", "other_level")
    return append(
        book,
        {"loan_disbursed": table("loan_disbursed", [row | {"recorded_at": at} for row in rows])},
        terms={"other_level": terms},
    ).book


def sums(found):
    return sum(found.loans["amount_fen"].to_pylist())


def test_an_entry_closed_before_more_was_told_is_the_loans_that_its_close_counted(moved_on):
    period = Ledger(moved_on).period("2024Q3")
    for kind in ("interest_earned", "loan_allowance_measured", "provider_settled", "fee_earned"):
        entry = entry_of(period, kind)
        found = explain_entry(moved_on, entry["entry_id"])
        assert abs(sums(found)) == entry["amount_fen"], kind
        assert not {"late", "other"} & set(found.loans["loan_id"].to_pylist())
    allowance = entry_of(period, "loan_allowance_measured", cohort="2024-05")
    found = explain_entry(moved_on, allowance["entry_id"])
    assert (found.told_since, found.with_them_fen) == (2, found.amount["amount_fen"]), "a loan told late has a cell of its own"
    allowance = entry_of(Ledger(moved_on).period("2024Q2"), "loan_allowance_measured", cohort="2024-05")
    found = explain_entry(moved_on, allowance["entry_id"])
    assert found.told_since == 2
    assert abs(found.with_them_fen) > abs(found.amount["amount_fen"])


def test_the_difference_that_facts_told_since_make_is_what_the_next_period_posts_of_that_cell(moved_on):
    interest = entry_of(Ledger(moved_on).period("2024Q2"), "interest_earned", cohort="2024-05", rule="L40")
    found = explain_entry(moved_on, interest["entry_id"])
    prompt = found.with_them_fen - found.amount["amount_fen"]
    assert prompt > 0
    restate(moved_on, "2024Q2", reason="a loan of May", known_on=KNOWN)
    again = entry_of(Ledger(moved_on).period("2024Q2"), "interest_earned", cohort="2024-05", rule="L40")
    assert again["amount_fen"] - interest["amount_fen"] == prompt


def test_entries_of_superseded_versions_are_explained_and_say_so(moved_on):
    ledger = Ledger(moved_on)
    old = [entry_of(ledger.period(name), "loan_allowance_measured") for name in ("2024Q2", "2024Q3")]
    restate(moved_on, "2024Q2", reason="a loan of May", known_on=KNOWN)
    for entry, newer in zip(old, ("2024Q2.2", "2024Q3.2"), strict=True):
        found = explain_entry(moved_on, entry["entry_id"])
        assert abs(sums(found)) == entry["amount_fen"]
        assert (found.superseded_by, "late" in found.loans["loan_id"].to_pylist()) == (newer, False)
    new = entry_of(ledger.period("2024Q3"), "loan_allowance_measured", cohort="2024-05")
    found = explain_entry(moved_on, new["entry_id"])
    assert abs(sums(found)) == new["amount_fen"]
    assert found.superseded_by == ""


def test_an_edit_of_the_terms_does_not_change_what_an_old_entry_is_made_of(closed, tmp_path, monkeypatch):
    book, period = closed
    edited = tmp_path / "posting"
    shutil.copytree(posting_rule.FOLDER, edited)
    changed = (
        (edited / "components.csv")
        .read_text()
        .replace("interest_earned,net,ledger,interest_earned_fen", "interest_earned,net,ledger,deferred_fen")
    )
    (edited / "components.csv").write_text(changed)
    entry = entry_of(period, "interest_earned", rule="L40")
    before = explain_entry(book, entry["entry_id"]).loans
    monkeypatch.setattr(posting_rule, "FOLDER", edited)
    monkeypatch.setattr(posting_rule.load_components, "__defaults__", (edited,))
    assert posting_rule.load_components() != components_of(period)
    assert explain_entry(book, entry["entry_id"]).loans.equals(before)
