"""The auditor by itself: a conversation that is told to it, and what it must find in answers that do not agree with it."""

import datetime as dt

import pytest

from loanbook import units
from loanbook.services.day_close import StepDone
from loanbook.simulator.play.auditor import Auditor
from loanbook.simulator.play.talk import Heard

DAY = units.day("2025-03-03")
ROWS = [
    {"due_on": "2025-04-03", "principal_fen": 49_000, "interest_fen": 2_000, "fee_fen": 0},
    {"due_on": "2025-05-03", "principal_fen": 51_000, "interest_fen": 1_000, "fee_fen": 0},
]


class Nobody:
    """A talk in which nothing can be looked up."""


def conversation(**changed):
    """A loan of 1,000.00 from application to its first payment: (verb, asked, answer), some answers changed."""
    said = {
        "apply": ({"province": "hunan"}, {"application_id": "ap-1"}),
        "assess": (
            {"application_id": "ap-1"},
            {"line_id": "ln-1", "grade": "A", "limit_fen": 100_000, "outcome": "approved"},
        ),
        "quote": (
            {"line_id": "ln-1"},
            {
                "quote_id": "qt-1",
                "product": "cash_loan",
                "principal_fen": 100_000,
                "rate_annual": "0.240000",
                "instalments": ROWS,
            },
        ),
        "draw_down": ({"quote_id": "qt-1"}, {"loan_id": "lo-1", "state": "offered", "partner": "heron_bank", "attempt": 1}),
        "answer_offer": (
            {"loan_id": "lo-1", "decision": "accept"},
            {"loan_id": "lo-1", "state": "confirmed", "partner": "heron_bank", "attempt": 1},
        ),
        "disburse": (
            {"loan_id": "lo-1", "provider_reference": "out-1", "disbursed_on": dt.date(2025, 3, 3)},
            {"loan_id": "lo-1", "state": "disbursed"},
        ),
        "repay": (
            {
                "loan_id": "lo-1",
                "provider_reference": "in-1",
                "amount_fen": 51_000,
                "paid_on": dt.date(2025, 3, 3),
                "purpose": "repayment",
            },
            {"loan_id": "lo-1", "state": "disbursed", "outstanding_fen": 51_000, "unapplied_fen": 0},
        ),
    }
    return [(verb, asked, answer | changed.get(verb, {})) for verb, (asked, answer) in said.items()]


def auditor_after(said):
    auditor = Auditor(talk=Nobody(), mandates=())
    for verb, asked, answer in said:
        auditor.heard(Heard(what=verb, asked=asked, status=200, answer=answer, day=DAY))
    return auditor


def close(auditor, step, result, day=dt.date(2025, 4, 4)):
    auditor.closed(StepDone(day=day, step=step, result=result, findings=(), left_out=0))
    return [each.message for each in auditor.findings]


def test_what_agrees_is_no_finding():
    auditor = auditor_after(conversation())
    assert auditor.findings == []
    assert auditor.lines["ln-1"].used_fen == 51_000


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"repay": {"outstanding_fen": 50_999}}, "outstanding after a payment differs"),
        ({"repay": {"unapplied_fen": 500}}, "money left over differs"),
        ({"repay": {"state": "repaid"}}, "state after a payment differs"),
        ({"assess": {"limit_fen": 99_999}}, "a drawdown passed the limit"),
        ({"quote": {"instalments": ROWS[:1]}}, "instalments do not repay what was lent"),
    ],
)
def test_what_does_not_agree_is_found(changed, message):
    assert message in [each.message for each in auditor_after(conversation(**changed)).findings]


def test_another_answer_to_a_repeated_request_and_an_error_of_the_server_are_found():
    auditor = auditor_after([("another answer", {"verb": "repay"}, {})])
    auditor.heard(Heard(what="quote", asked={}, status=500, answer={"detail": "x"}, day=DAY))
    assert len(auditor.findings) == 2


def test_totals_of_a_close_are_held_against_the_accounts():
    told = {"running_loans": 1, "outstanding_fen": 51_000, "loans": 0, "due_fen": 0}
    assert close(auditor_after(conversation()), "fall_due", told) == []
    assert close(auditor_after(conversation()), "fall_due", told | {"outstanding_fen": 51_001}) == ["outstanding differs"]
    auditor = auditor_after(conversation()[:-1])
    assert (
        close(auditor, "fall_due", told | {"outstanding_fen": 100_000, "loans": 1, "due_fen": 51_000}, dt.date(2025, 4, 3)) == []
    )
    late = {"loans": 1, "new_loans": 1, "overdue_fen": 51_000}
    assert close(auditor, "mark_overdue", late) == []
    assert close(auditor, "mark_overdue", late | {"new_loans": 0}) == ["newly past due differs"]


def test_a_write_off_is_expected_on_day_181_and_not_before():
    auditor = auditor_after(conversation()[:-1])
    due = {"running_loans": 1, "outstanding_fen": 100_000, "loans": 1, "due_fen": 51_000}
    assert close(auditor, "fall_due", due, dt.date(2025, 4, 3)) == []
    nothing = {"loans": 0, "principal_fen": 0}
    assert close(auditor, "charge_offs", nothing, dt.date(2025, 4, 3) + dt.timedelta(days=180)) == []
    messages = close(auditor, "charge_offs", nothing, dt.date(2025, 4, 3) + dt.timedelta(days=181))
    assert messages == ["loans written off differs", "written off differs"]


def test_a_returned_purchase_owes_nothing_and_frees_its_line():
    returned = (
        "return_purchase",
        {"loan_id": "lo-1", "provider_reference": "back-1", "returned_on": dt.date(2025, 3, 3)},
        {"loan_id": "lo-1"},
    )
    view = {"state": "cancelled", "outstanding_fen": 0, "days_past_due": 0, "instalments": []}
    auditor = auditor_after([*conversation(), returned, ("look loan", {"id": "lo-1"}, view)])
    assert auditor.findings == []
    assert auditor.lines["ln-1"].used_fen == 0
    assert close(auditor, "fall_due", {"running_loans": 0, "outstanding_fen": 0, "loans": 0, "due_fen": 0}) == []
    auditor.heard(Heard(what="look loan", asked={"id": "lo-1"}, status=200, answer=view | {"outstanding_fen": 1}, day=DAY))
    assert [each.message for each in auditor.findings] == ["outstanding differs"]
