"""Facts of the online store in a book: each once, whatever happened in between, and measured like any other."""

import datetime as dt

import pyarrow.parquet as pq
import pytest

from loanbook.services.accounts import view_loan
from loanbook.services.forwarding import forward
from loanbook.stores.book import create_book, open_book
from loanbook.stores.online import forwarding as places
from loanbook.stores.online.unit import connect
from tests.online.platform import Platform
from tests.online.test_day_close import Closing
from tests.online.test_journey import running

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


@pytest.fixture
def platform(tx, vault):
    return Platform(tx, vault)


@pytest.fixture
def book(tmp_path):
    return create_book(tmp_path / "online", currency="CNY")


def test_a_book_is_told_what_happened_and_nothing_twice(platform, book):
    _, quoted, loan_id = running(platform)
    assert forward(platform.connection, book, NOW).new == 1
    assert forward(platform.connection, book, NOW).events == 0
    first = quoted["instalments"][0]
    platform.today = dt.date.fromisoformat(first["due_on"])
    owed = first["principal_fen"] + first["interest_fen"]
    platform.done("repay", loan_id=loan_id, provider_reference="in", amount_fen=owed, paid_on=platform.today)
    assert forward(platform.connection, open_book(book.folder), NOW).new == 1
    view = view_loan(open_book(book.folder), loan_id, platform.today)
    shown = platform.look("loan", loan_id)[1]
    assert view.status == "current"
    assert shown["outstanding_fen"] == 500_000 - first["principal_fen"]


@pytest.mark.parametrize(
    ("lender", "vehicle", "partner"),
    [
        ("harbour_trust_1", "harbour_trust_1", None),
        ("lantern_micro_lending", "lantern_micro_lending", None),
        ("heron_bank", "lantern_guarantee", "heron_bank"),
    ],
)
def test_a_loan_is_told_with_the_vehicle_and_the_partner_of_its_mandate(tx, vault, book, tmp_path, lender, vehicle, partner):
    platform = Closing(tx, vault, tmp_path)
    platform.running(lender)
    assert forward(platform.connection, book, NOW).new == 1
    (file,) = open_book(book.folder).files("loan_disbursed")
    (row,) = pq.read_table(file).to_pylist()
    assert (row["vehicle"], row["partner"]) == (vehicle, partner)


def test_what_a_crash_did_not_note_is_told_again_and_changes_nothing(platform, book, monkeypatch):
    running(platform)

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("loanbook.services.forwarding.keep_place", crash)
        with pytest.raises(KeyboardInterrupt):
            forward(platform.connection, book, NOW)
    platform.connection.rollback()
    again = forward(platform.connection, open_book(book.folder), NOW)
    assert (again.events, again.new, again.known) == (1, 0, 1)


def test_an_event_of_a_slow_transaction_is_not_passed_over(platform, book, online_dsn):
    with connect(online_dsn) as slow:
        slow.execute(
            "INSERT INTO event (kind, subject, happened_on, recorded_at, content) "
            "VALUES ('loan_disbursed', 'slow', now(), now(), '{}')"
        )
        running(platform)
        assert places.facts_after(platform.connection, places.Place(), ("loan_disbursed",), 10) == []
        platform.connection.rollback()
        slow.rollback()
    assert len(places.facts_after(platform.connection, places.Place(), ("loan_disbursed",), 10)) == 1


def test_a_returned_payment_is_taken_back_in_the_book(platform, book):
    _, _, loan_id = running(platform)
    platform.done("repay", loan_id=loan_id, provider_reference="in", amount_fen=100, paid_on=platform.today)
    platform.done("give_back", provider_reference="in", reason="bounced")
    assert forward(platform.connection, book, NOW).new == 3
    view = view_loan(open_book(book.folder), loan_id, platform.today)
    assert view.account.rows[:, 5:9].sum() == 0
