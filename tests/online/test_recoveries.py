"""The end of a loan, online and in its book: charged off, recovered, bounced, refunded; both accounts agree to the fen."""

import datetime as dt

import numpy as np
import pytest

from loanbook.loans.facts import Piece, Total
from loanbook.services.accounts import view_loan
from loanbook.services.day_close import STEPS
from loanbook.services.forwarding import forward
from loanbook.stores.book import create_book, open_book
from loanbook.stores.projection import project
from loanbook.stores.proving import prove
from tests.online.test_corrections import OURS, overpaid
from tests.online.test_day_close import START, Closing
from tests.online.two_persons import checked, decided, hire, proposed

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
COMPARED = ("LENT", "RECEIVED", "UNAPPLIED", "RECOVERED", "CHARGED_OFF_ON", "CHARGED_OFF", "CANCELLED_ON", "OUTSTANDING")
CHARGED_OFF_ON = dt.date(2024, 6, 6) + dt.timedelta(days=181)


@pytest.fixture
def platform(tx, vault, tmp_path):
    made = Closing(tx, vault, tmp_path / "settlements")
    hire(made)
    return made


@pytest.fixture
def book(tmp_path):
    return create_book(tmp_path / "online", currency="CNY")


def repay(platform, loan_id, amount_fen, reference, paid_on=None):
    body = {"amount_fen": amount_fen, "provider_reference": reference, "paid_on": paid_on or platform.today}
    return platform.done("repay", loan_id=loan_id, **body)


def close_only(platform, day):
    """Close a day as if those before it had been closed and nothing had come of them; today is the day after it."""
    before = day - dt.timedelta(days=1)
    platform.connection.execute("INSERT INTO day_step VALUES (%s, %s, '{}', '[]', now())", (before, STEPS[-1].name))
    platform.connection.commit()
    platform.today = day + dt.timedelta(days=1)
    return platform.close()


def charged_off(platform):
    """A loan with a part of an instalment paid, past its terms' days."""
    loan_id = platform.running(OURS, document="charged-off")
    platform.later(35)
    repay(platform, loan_id, 30_000, "part")
    close_only(platform, CHARGED_OFF_ON)
    return loan_id


def agree(platform, book, loan_id, day):
    """The account of the store and that of the book at a day's end."""
    online, told = platform.account(loan_id, day), view_loan(open_book(book.folder), loan_id, day).account
    assert {name: online.total(Total[name]) for name in COMPARED} == {name: told.total(Total[name]) for name in COMPARED}
    assert np.array_equal(online.rows, told.rows)
    money = [column for column in Piece if column is not Piece.FACT]
    assert np.array_equal(online.pieces[:, money], told.pieces[:, money])
    return online


def test_money_after_a_charge_off_is_a_recovery_and_bounces_like_any_other(platform):
    loan_id = charged_off(platform)
    owed = platform.look("loan", loan_id)[1]["outstanding_fen"]
    used = platform.rows("SELECT used_fen FROM credit_line")[0]["used_fen"]
    found = repay(platform, loan_id, 70_000, "in-1")
    assert (found["state"], found["outstanding_fen"], found["recovered_fen"]) == ("charged_off", owed, 70_000)
    assert repay(platform, loan_id, 5_000, "in-2")["recovered_fen"] == 75_000
    platform.done("give_back", provider_reference="in-1", reason="no funds")
    shown = platform.look("loan", loan_id)[1]
    assert (shown["state"], shown["recovered_fen"], shown["closed_on"]) == ("charged_off", 5_000, CHARGED_OFF_ON.isoformat())
    kinds = [row["kind"] for row in platform.rows("SELECT kind FROM event WHERE subject = %s ORDER BY number", loan_id)]
    assert kinds[-4:] == ["loan_charged_off", "recovery_received", "recovery_received", "event_reversed"]
    assert platform.rows("SELECT used_fen FROM credit_line")[0]["used_fen"] == used


def test_money_that_was_paid_before_the_charge_off_and_told_after_it_is_a_payment(platform):
    loan_id = charged_off(platform)
    found = repay(platform, loan_id, 10_000, "late", paid_on=CHARGED_OFF_ON - dt.timedelta(days=1))
    assert (found["state"], found["recovered_fen"]) == ("charged_off", 0)
    found = repay(platform, loan_id, 10_000, "that day", paid_on=CHARGED_OFF_ON)
    assert (found["state"], found["recovered_fen"]) == ("charged_off", 10_000)
    kinds = platform.rows("SELECT kind FROM event WHERE subject = %s ORDER BY number", loan_id)
    assert [row["kind"] for row in kinds[-2:]] == ["payment_received", "recovery_received"]


def test_money_of_the_days_before_a_late_close_is_recovered_from_its_charge_off_on(platform, book):
    loan_id = platform.running(OURS)
    platform.today = CHARGED_OFF_ON + dt.timedelta(days=3)
    found = repay(platform, loan_id, 100_000, "in-1")
    assert (found["state"], found["recovered_fen"]) == ("disbursed", 0)
    assert platform.rows("SELECT used_fen FROM credit_line")[0]["used_fen"] < 500_000
    close_only(platform, CHARGED_OFF_ON)
    platform.today += dt.timedelta(days=3)
    shown = platform.look("loan", loan_id)[1]
    assert (shown["state"], shown["outstanding_fen"], shown["recovered_fen"]) == ("charged_off", 500_000, 100_000)
    assert platform.rows("SELECT used_fen FROM credit_line")[0]["used_fen"] == 500_000
    assert platform.rows("SELECT principal_repaid_fen AS n FROM loan")[0]["n"] == 0
    forward(platform.connection, book, NOW)
    agree(platform, book, loan_id, platform.today)
    platform.done("give_back", provider_reference="in-1", reason="no funds")
    forward(platform.connection, open_book(book.folder), NOW)
    assert agree(platform, book, loan_id, platform.today).total(Total.RECOVERED) == 0


def test_every_end_of_a_loan_is_in_the_book_as_it_is_online(platform, book):
    """Disbursed, partial, late, charged off, recovered, bounced; written off by decision; refunded, and a refund that failed."""
    loans = {"refunded": overpaid(platform, 2_000)}
    platform.later(22)
    decided(platform, "refund", loans["refunded"], {"amount_fen": 1_500})
    failed = proposed(platform, "refund", loans["refunded"], {"amount_fen": 500})
    checked(platform, failed)
    platform.later(24)
    platform.done("give_back", provider_reference=failed["proposal_id"], reason="account closed")
    platform.today = START
    loans["written off"] = platform.running(OURS, document="written-off", principal_fen=300_000, count=3)
    platform.later(50)
    repay(platform, loans["written off"], 20_000, "w-1")
    decided(platform, "write_off", loans["written off"], {"cause": "death"})
    repay(platform, loans["written off"], 7_777, "w-2")
    forward(platform.connection, book, NOW)
    platform.today = START
    loans["charged off"] = charged_off(platform)
    forward(platform.connection, open_book(book.folder), NOW)
    repay(platform, loans["charged off"], 70_000, "r-1")
    repay(platform, loans["charged off"], 5_000, "r-2", paid_on=CHARGED_OFF_ON - dt.timedelta(days=3))
    platform.today += dt.timedelta(days=9)
    platform.done("give_back", provider_reference="r-1", reason="no funds")
    platform.done("give_back", provider_reference="part", reason="no funds")
    repay(platform, loans["charged off"], 1_234, "r-3")
    told = forward(platform.connection, open_book(book.folder), NOW)
    assert (told.events, told.new) == (5, 5)
    assert forward(platform.connection, open_book(book.folder), NOW).events == 0
    for loan_id in loans.values():
        for days in range(0, (platform.today - START).days + 1, 31):
            agree(platform, book, loan_id, START + dt.timedelta(days=days))
    last = {name: agree(platform, book, loan_id, platform.today) for name, loan_id in loans.items()}
    assert last["refunded"].total(Total.UNAPPLIED) == 500
    assert last["written off"].total(Total.RECOVERED) == 7_777
    assert last["charged off"].total(Total.RECOVERED) == 1_234
    assert last["charged off"].total(Total.CHARGED_OFF) == last["charged off"].total(Total.OUTSTANDING) > 490_000
    statuses = {name: view_loan(open_book(book.folder), loan_id, platform.today).status for name, loan_id in loans.items()}
    assert statuses == {"refunded": "repaid", "written off": "charged off", "charged off": "charged off"}


def test_a_crash_between_book_and_store_tells_an_end_again_and_changes_nothing(platform, book, monkeypatch):
    loan_id = charged_off(platform)
    repay(platform, loan_id, 70_000, "in-1")
    refunded = overpaid_after(platform)

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("loanbook.services.forwarding.keep_place", crash)
        with pytest.raises(KeyboardInterrupt):
            forward(platform.connection, book, NOW)
    platform.connection.rollback()
    again = forward(platform.connection, open_book(book.folder), NOW)
    assert (again.events, again.new, again.known) == (7, 0, 7)
    for each in (loan_id, refunded):
        agree(platform, book, each, platform.today)


def overpaid_after(platform):
    loan_id = platform.running(OURS, document="refunded")
    owed = platform.look("payment_preview", loan_id, payoff="true")[1]["amount_fen"]
    repay(platform, loan_id, owed + 900, "much")
    decided(platform, "refund", loan_id, {"amount_fen": 900})
    return loan_id


def test_the_projection_of_a_book_with_refunds_is_proven(platform, book):
    """A loan refunded on the day it was repaid is compact, one refunded later is not; both are what their events come to."""
    overpaid_after(platform)
    loan_id = overpaid(platform, 2_000)
    platform.later(30)
    decided(platform, "refund", loan_id, {"amount_fen": 2_000})
    forward(platform.connection, book, NOW)
    opened = open_book(book.folder)
    proof = prove(opened, project(opened))
    assert proof.holds, proof.findings
    assert proof.events["paid_fen"] == sum(row["amount_fen"] for row in platform.rows("SELECT amount_fen FROM payment"))


def test_recoveries_and_refunds_are_in_the_files_and_cash_of_their_day(platform):
    """What comes after a charge-off is of who bore the loss: the guarantor as far as it paid, the lender for the rest."""
    loan_id = platform.running("heron_bank", count=3)
    close_only(platform, dt.date(2024, 6, 6) + dt.timedelta(days=60))
    close_only(platform, CHARGED_OFF_ON)
    assert platform.look("loan", loan_id)[1]["state"] == "charged_off"
    paid_on = platform.today
    repay(platform, loan_id, 100_000, "in-1")
    refunded = overpaid_after(platform)
    platform.today += dt.timedelta(days=1)
    platform.done("give_back", provider_reference="in-1", reason="no funds")
    platform.today += dt.timedelta(days=1)
    done = platform.close()
    first, second = (done[paid_on + dt.timedelta(days=n), "settlement_files"] for n in (0, 1))
    owed = platform.account(refunded, paid_on).total(Total.RECEIVED)
    assert first.result["cash_fen"] == 100_000 + owed
    assert second.result["cash_fen"] == -100_000
    assert first.findings == second.findings == ()
    (taken,) = platform.rows("SELECT content FROM event WHERE kind = 'loan_compensated'")
    paid, uncovered = (taken["content"][name] for name in ("principal_fen", "uncovered_fen"))
    theirs = round(100_000 * uncovered / (paid + uncovered))
    assert 80_000 < theirs < 100_000
    assert platform.file("heron_bank", paid_on) == {(loan_id, "recovery"): theirs}
    assert platform.file("heron_bank", paid_on + dt.timedelta(days=1)) == {(loan_id, "recovery"): -theirs}
    assert first.result["recovered_fen"] == {"heron_bank_guaranteed": 100_000 - theirs}
    assert first.result["recovered_fen"] == {key: -value for key, value in second.result["recovered_fen"].items()} != {}
    assert done[paid_on, "self_audit"].result["payments_that_differ"] == 0
    platform.connection.execute("UPDATE payment SET amount_fen = -899 WHERE purpose = 'refund'")
    platform.connection.commit()
    platform.connection.execute("DELETE FROM day_step WHERE step = 'self_audit' AND day = %s", (paid_on,))
    platform.connection.execute("DELETE FROM day_step WHERE step = 'audit_seal' AND day >= %s", (paid_on,))
    platform.connection.commit()
    assert platform.close()[paid_on, "self_audit"].result["payments_that_differ"] == 1
