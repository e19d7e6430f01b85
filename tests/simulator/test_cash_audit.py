"""The auditor of cash by itself: what must lie in suspense after statements and bookings, and what it finds in other answers."""

import datetime as dt

import pytest

from loanbook import units
from loanbook.services.day_close import StepDone
from loanbook.simulator.play.auditor import Auditor
from loanbook.simulator.play.naive_cash import NaiveCash
from loanbook.simulator.play.talk import Heard
from tests.simulator.test_played_auditor import Nobody

DAY = dt.date(2025, 3, 3)


def account(*booked):
    found = NaiveCash(account="payment_provider")
    for reference, amount in booked:
        found.book(reference, DAY, amount)
    return found


def statement(found, *rows, number="1", on=DAY):
    lines = "".join(f"{reference},{on},{amount / 100:.2f}\n" for reference, amount in rows)
    found.statement(number, f"reference,booked_on,amount\n{lines}")
    return [(item.reference, item.amount_fen) for item in found.items]


def test_a_line_explains_its_booking_and_anything_else_lies_in_suspense():
    found = account(("a", 100), ("b", 200))
    assert statement(found, ("a", 100), ("b", 250), ("c", 300)) == [("b", 50), ("c", 300)]
    assert found.reported_fen == 300
    assert found.moved_fen == found.reported_fen + found.suspense_fen
    statement(found, ("a", 100), number="1")
    assert found.moved_fen == 650


def test_what_goes_back_where_it_came_from_is_explained():
    found = account(("a", 100))
    assert statement(found, ("a", 100), ("a", 100)) == [("a", 100)]
    assert statement(found, ("a", -100), number="2") == []


def test_money_in_is_never_explained_by_money_out():
    found = account(("a", 100))
    assert statement(found, ("a", -100)) == [("a", -100)]


def test_a_line_without_a_reference_means_the_only_booking_of_its_amount():
    assert statement(account(("a", 100)), ("", 100)) == []
    assert statement(account(("a", 100), ("b", 100)), ("", 100)) == [("", 100)]
    assert statement(account(("a", 100)), ("", 100), on=DAY + dt.timedelta(days=3)) == [("", 100)]
    found = account(("a", 100), ("b", 100))
    statement(found, ("", 100))
    assert statement(found, ("a", 100), number="2") == []


def test_a_booking_that_comes_later_explains_an_item():
    found = account()
    assert statement(found, ("a", 100)) == [("a", 100)]
    found.book("a", DAY, 100)
    found.match()
    assert found.items == []


def auditor():
    found = Auditor(talk=Nobody(), mandates=())
    content = f"reference,booked_on,amount\ntr-1,{DAY},12.00\n"
    asked = {"account": "payment_provider", "number": "1", "content": content, "opening_fen": 0, "closing_fen": 1_200}
    answer = {"suspense_fen": 1_200, "suspense_items": 1, "accepted_fen": 1_200, "quarantined_fen": 0}
    return found, Heard(what="take_statement", asked=asked, status=200, answer=answer, day=units.day(DAY))


def test_suspense_as_it_is_told_agrees():
    found, said = auditor()
    found.heard(said)
    close = {"released": 0, "items": 1, "suspense_fen": 1_200}
    found.closed(StepDone(day=DAY, step="suspense", result=close, findings=(), left_out=0))
    assert found.findings == []


@pytest.mark.parametrize("changed", [{"suspense_fen": 1_100}, {"suspense_items": 0}, {"accepted_fen": 0}])
def test_suspense_that_a_statement_tells_otherwise_is_found(changed):
    found, said = auditor()
    said.answer.update(changed)
    found.heard(said)
    assert len(found.findings) == 1


@pytest.mark.parametrize("changed", [{"items": 0}, {"suspense_fen": 0}])
def test_suspense_that_a_close_tells_otherwise_is_found(changed):
    found, said = auditor()
    found.heard(said)
    close = {"released": 0, "items": 1, "suspense_fen": 1_200} | changed
    found.closed(StepDone(day=DAY, step="suspense", result=close, findings=(), left_out=0))
    assert len(found.findings) == 1
