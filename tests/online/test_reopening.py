"""A wrong resolution of suspense is taken back: the money is in suspense again, and no loan or statement keeps a trace of it."""

import datetime as dt

import pytest

from loanbook.services.day_close import close_days, day_terms
from loanbook.stores.online.rebuild import REBUILT, differences, line_uses
from tests.online.platform import TERMS
from tests.online.test_statements import Cash
from tests.online.two_persons import decided, hire


@pytest.fixture
def cash(tx, vault):
    return Cash(tx, vault)


def resolved(cash, loan_id, reference="P-1", amount_fen=60_000, **asked):
    (item,) = cash.taken([(reference, amount_fen)])["unknown_items"]
    return item["item_id"], cash.done("resolve_suspense", item_id=item["item_id"], loan_id=loan_id, **asked)


def view(cash, loan_id):
    found = cash.look("loan", loan_id)[1]
    return {name: found[name] for name in ("state", "outstanding_fen", "unapplied_fen", "days_past_due")}


def agrees(cash):
    found = [row for name in REBUILT for row in differences(cash.connection, name, 10)]
    found += line_uses(cash.connection, 10)
    cash.connection.rollback()
    return found == []


def closed(cash, folder):
    """Findings of the close of the days so far."""
    cash.today += dt.timedelta(days=1)
    done = list(close_days(day_terms(TERMS), cash.connection, cash.clock, folder=folder))
    return [each.findings for each in done if each.findings]


@pytest.mark.parametrize("reference", ["P-1", ""])
def test_a_reopened_item_is_in_suspense_and_goes_to_the_right_loan(cash, tmp_path, reference):
    wrong, right = cash.running("1"), cash.running("2", principal_fen=300_000)
    before = view(cash, wrong)
    used = cash.look("line", cash.look("loan", wrong)[1]["line_id"])[1]["used_fen"]
    item, answer = resolved(cash, wrong, reference, 500_000, purpose="payoff")
    assert answer["state"] == "repaid"
    again = cash.done("reopen_suspense", item_id=item, reason="another loan's")
    assert again["amount_fen"] == 500_000
    assert (again["state"], again["outstanding_fen"]) == ("disbursed", 500_000)
    assert view(cash, wrong) == before
    assert cash.look("line", cash.look("loan", wrong)[1]["line_id"])[1]["used_fen"] == used
    told = cash.check_cash()
    assert [each["item_id"] for each in told["items"]] == [item]
    assert (told["unreported"], told["suspense_fen"]) == (0, 500_000)
    assert cash.ask("reopen_suspense", item_id=item, reason="x")[1]["rule"] == "item_open"
    assert closed(cash, tmp_path) == []
    assert [each["item_id"] for each in cash.check_cash()["items"]] == [item], "no match finds it again"
    answer = cash.done("resolve_suspense", item_id=item, loan_id=right, purpose="payoff")
    assert (answer["state"], answer["suspense_fen"]) == ("repaid", 0)
    assert cash.check_cash()["unreported"] == 0
    assert closed(cash, tmp_path) == []
    assert agrees(cash)
    outbox = cash.rows("SELECT content FROM outbox WHERE subject = %s AND topic = 'payment_taken_back'", wrong)
    assert [row["content"]["amount_fen"] for row in outbox] == [500_000]
    assert cash.rows("SELECT status FROM audit WHERE action = 'reopen_suspense' ORDER BY entry") == [
        {"status": 200},
        {"status": 409},
    ]


def test_the_providers_own_word_books_what_was_reopened(cash):
    wrong, right = cash.running("1"), cash.running("2")
    item, _ = resolved(cash, wrong)
    cash.done("reopen_suspense", item_id=item, reason="another loan's")
    cash.repay(right, "P-1", 60_000)
    cash.taken([])
    told = cash.check_cash()
    assert (told["suspense_items"], told["suspense_fen"]) == (0, 0)
    cash.done("give_back", provider_reference="P-1", reason="no funds")
    assert view(cash, right)["outstanding_fen"] == 500_000
    assert agrees(cash)


def test_what_was_not_resolved_is_not_reopened(cash):
    loan_id = cash.running("1")
    (item,) = cash.taken([("P-1", 60_000)])["unknown_items"]
    cash.repay(loan_id, "P-1", 60_000)
    cash.taken([])
    status, problem = cash.ask("reopen_suspense", item_id=item["item_id"], reason="x")
    assert (status, problem["rule"]) == (409, "item_not_resolved")
    assert cash.ask("reopen_suspense", item_id="su-none", reason="x")[0] == 404


def test_money_that_moved_on_is_not_reopened(cash):
    hire(cash)
    loan_id = cash.running("1")
    item, _ = resolved(cash, loan_id, amount_fen=600_000)
    decided(cash, "refund", loan_id, {"amount_fen": 50_000})
    status, problem = cash.ask("reopen_suspense", item_id=item, reason="another loan's")
    assert (status, problem["rule"], problem["figures"]) == (409, "money_moved_on", {"refunded_fen": 50_000})
    other, answer = resolved(cash, loan_id, "P-2")
    assert answer["payment_id"]
    cash.done("give_back", provider_reference="P-2", reason="no funds")
    assert cash.ask("reopen_suspense", item_id=other, reason="x")[1]["rule"] == "payment_returned_already"


def test_a_statement_that_named_the_wrong_loan_is_taken_back_too(cash):
    wrong, right = cash.running("1"), cash.running("2")
    taken = cash.taken([("P-1", 60_000, wrong)])
    assert taken["released"] == 1
    (row,) = cash.rows("SELECT item_id FROM suspense")
    cash.done("reopen_suspense", item_id=row["item_id"], reason="the file named another loan")
    cash.taken([])
    assert cash.check_cash()["suspense_fen"] == 60_000
    cash.done("resolve_suspense", item_id=row["item_id"], loan_id=right)
    assert view(cash, wrong)["outstanding_fen"] == 500_000
    assert cash.check_cash()["suspense_fen"] == 0
