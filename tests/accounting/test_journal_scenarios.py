"""One loan's whole life in the books, to be checked by hand: tests/scenarios/journal_*.yaml.

Each file has a contract, dated facts, policy, frozen estimates, and for every close the entries with their arithmetic, which
tests/reference/journal_book.py worked out by itself. Here the same life goes through account, pass, amounts and posting.
"""

import functools
from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from ruamel.yaml import YAML

from loanbook.accounting.journal import by_account, check_balanced, trial_balance
from loanbook.terms.posting_rule import BASES
from tests.accounting.journals import CHART, Closed, carrying_facts, close_all, compact, fen
from tests.reference.journal import life_of
from tests.reference.journal_book import FILES, Line, page

STORIES = {file.stem.removeprefix("journal_"): YAML(typ="safe").load(file.read_text(encoding="utf-8")) for file in FILES}
LEFT = ("1001", "2170")
"""What a loan leaves on the balance sheet when it has ended: cash, and tax payable until it is paid."""
LENT_FROM = "1001"
"""No owner put money in, so lenders and guarantors of a scenario pay from an empty account."""
CLEARING = ("1298", "1398", "2198")


def batches(words):
    """The loan in the forms that the book can keep it in."""
    form = compact(words, [row.due_on for row in life_of(words).rows])
    return {"facts": carrying_facts(words)} | ({"days_late": form} if form else {})


CASES = [(name, form) for name, words in STORIES.items() for form in batches(words)]


@functools.lru_cache
def story(name, form="facts"):
    """All closes of a scenario, worked out once a session."""
    return close_all(batches(STORIES[name])[form], STORIES[name], STORIES[name]["closed_on"])


def expected(close):
    return Counter(
        Line(
            happened_on=line["on"],
            posted_on=line.get("posted", line["on"]),
            book=line["book"],
            role=line["entity"],
            debit=line["debit"],
            credit=line["credit"],
            fen=fen(line["amount"]),
            rule=line["rule"],
            how="",
        ).key
        for line in close["entries"]
    )


def booked(closed: Closed):
    names = ("happened_on", "posted_on", "book", "entity", "debit", "credit", "amount_fen", "rule")
    return Counter(tuple(row[name] for name in names) for row in closed.entries.to_pylist())


def held(closed: Closed, books):
    rows = closed.balances.filter(pc.is_in(closed.balances["book"], value_set=pa.array(books)))
    return {row["account"]: row["amount_fen"] for row in by_account(rows, ("account",)).to_pylist() if row["amount_fen"]}


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_page_is_what_the_twin_works_out(file):
    text = file.read_text(encoding="utf-8")
    assert page(text) == text, f"{file.name} is stale: run `python -m tests.reference.journal_book`"


@pytest.mark.parametrize(("name", "form"), CASES)
def test_every_entry_of_every_close_is_the_one_worked_out_by_hand(name, form):
    words = STORIES[name]
    for wanted, closed in zip(words["closes"], story(name, form), strict=True):
        entries, by_hand = booked(closed), expected(wanted)
        assert (entries - by_hand, by_hand - entries) == (Counter(), Counter()), f"{name} {wanted['as_of']}"
        for basis, books in (*BASES.items(), ("memo", ("MEMO",))):
            told = {str(account): fen(amount) for account, amount in (wanted["balances"].get(basis) or {}).items()}
            assert held(closed, books) == told, f"{name} {wanted['as_of']} {basis}"


@pytest.mark.parametrize("name", STORIES)
def test_books_balance_and_clearing_accounts_end_at_nothing_with_every_close(name):
    for closed in story(name):
        check_balanced(closed.balances)
        rows = trial_balance(closed.entries).group_by(["book", "entity"]).aggregate([("amount_fen", "sum")])
        assert set(rows["amount_fen_sum"].to_pylist()) <= {0}
        for books in BASES.values():
            assert not set(held(closed, books)) & set(CLEARING)
        wrong = [finding for finding in closed.findings if f"account {LENT_FROM} " not in finding]
        assert wrong == []


@pytest.mark.parametrize("name", STORIES)
def test_a_loan_that_has_ended_leaves_cash_tax_payable_and_results(name):
    last = story(name)[-1]
    for books in (*BASES.values(), ("MEMO",)):
        stands = {account for account in held(last, books) if not CHART.account(account).is_result}
        assert stands <= set(LEFT), f"{name}: {sorted(stands)}"


@pytest.mark.parametrize("name", STORIES)
def test_closing_each_month_comes_to_what_closing_once_comes_to(name):
    words = STORIES[name]
    often = story(name)[-1]
    once = close_all(batches(words)["facts"], words, words["closed_on"][-1:])[-1]
    keys = ("book", "entity", "account")
    assert _nonzero(by_account(often.balances, keys)) == _nonzero(by_account(once.balances, keys))


def _nonzero(table):
    return [row for row in table.to_pylist() if row["amount_fen"]]


def test_a_payment_told_after_the_close_is_posted_in_the_open_period_with_both_days():
    late = [row for row in story("told_late")[3].entries.to_pylist() if row["happened_on"] < row["posted_on"]]
    assert {row["rule"] for row in late} == {"L02", "L03", "L30", "L31"}
    assert {(str(row["happened_on"]), str(row["posted_on"])) for row in late} == {("2024-03-31", "2024-04-01")}
