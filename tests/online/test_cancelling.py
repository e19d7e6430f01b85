"""Confirmed loans that nobody pays out: cancelled or lapsed, with everything that was held for them free again."""

import datetime as dt

import pytest

from loanbook.services.sweeping import sweep_once
from loanbook.stores.online.day_book import quota_differences
from loanbook.stores.online.rebuild import REBUILT, differences, line_uses
from loanbook.terms.mandate import PAY_OUT_DAYS
from tests.online.platform import TERMS, Platform


@pytest.fixture
def platform(tx, vault):
    return Platform(tx, vault)


def confirmed(platform, partner=None, document="1"):
    line = platform.line(document=document)["line_id"]
    _, drawn = platform.loan(line)
    while partner is not None and drawn["partner"] != partner:
        drawn = platform.done("answer_offer", loan_id=drawn["loan_id"], decision="refuse", reason="for the test")
    platform.done("answer_offer", loan_id=drawn["loan_id"], decision="accept")
    return line, drawn["loan_id"]


def rows(platform, query, *values):
    found = platform.connection.execute(query, values).fetchall()
    platform.connection.rollback()
    return found


def used(platform):
    """What is reserved and confirmed, by the kind of scope."""
    query = "SELECT split_part(scope, ':', 1) AS scope, sum(reserved_fen + confirmed_fen) AS fen FROM quota "
    found = rows(platform, query + "WHERE reserved_fen + confirmed_fen > 0 GROUP BY 1")
    return {row["scope"]: int(row["fen"]) for row in found}


def agrees(platform):
    """Whether rows are what events led to, and quotas what reservations come to."""
    found = [row for name in REBUILT for row in differences(platform.connection, name, 10)]
    found += line_uses(platform.connection, 10) + quota_differences(platform.connection)
    platform.connection.rollback()
    return found == []


def test_a_cancelled_loan_frees_line_and_quotas_tells_the_others_and_is_never_paid_out(platform):
    line, loan_id = confirmed(platform, "heron_bank")
    assert set(used(platform).values()) == {500_000}
    answer = platform.done("cancel_loan", loan_id=loan_id, reason="account closed")
    assert answer == {"loan_id": loan_id, "state": "cancelled", "freed_fen": 500_000}
    assert platform.look("line", line)[1]["used_fen"] == 0
    assert used(platform) == {}
    view = platform.look("loan", loan_id)[1]
    assert (view["state"], view["outstanding_fen"]) == ("cancelled", 0)
    told = rows(platform, "SELECT recipient, topic, content FROM outbox WHERE subject = %s ORDER BY number DESC LIMIT 2", loan_id)
    assert {(row["recipient"], row["topic"]) for row in told} == {
        ("heron_bank", "confirmation_cancelled"),
        ("payment_provider", "do_not_pay_out"),
    }
    assert all(row["content"]["reason"] == "account closed" for row in told)
    asked = {"loan_id": loan_id, "provider_reference": "out-1", "disbursed_on": platform.today}
    status, problem = platform.ask("disburse", **asked)
    assert (status, problem["rule"]) == (409, "loan_not_confirmed")
    assert platform.ask("cancel_loan", loan_id=loan_id, reason="again")[1]["rule"] == "loan_not_confirmed"
    assert platform.ask("cancel_loan", loan_id="lo-none", reason="x")[0] == 404
    assert agrees(platform)


def test_what_is_offered_or_paid_out_is_not_cancelled(platform):
    line = platform.line()["line_id"]
    _, drawn = platform.loan(line)
    asked = {"loan_id": drawn["loan_id"], "reason": "x"}
    assert platform.ask("cancel_loan", **asked)[1]["rule"] == "loan_not_confirmed"
    platform.done("answer_offer", loan_id=drawn["loan_id"], decision="accept")
    platform.done("disburse", loan_id=drawn["loan_id"], provider_reference="out-1", disbursed_on=platform.today)
    assert platform.ask("cancel_loan", **asked)[1]["rule"] == "loan_not_confirmed"


def test_a_guarantor_has_its_room_again_at_once(platform):
    def room():
        return platform.look("guarantor", "lantern_guarantee")[1]["free_fen"]

    platform.done("publish_net_assets", guarantor="lantern_guarantee", net_assets_fen=10_000_000)
    _, loan_id = confirmed(platform, "heron_bank")
    before = room()
    platform.done("cancel_loan", loan_id=loan_id, reason="account closed")
    assert room() == before + 500_000


def test_a_confirmed_loan_lapses_after_its_days_and_cannot_be_paid_out_even_before_the_sweep(platform):
    line, loan_id = confirmed(platform)
    drawn_on = platform.today
    platform.today = drawn_on + dt.timedelta(days=PAY_OUT_DAYS)
    assert sweep_once(TERMS, platform.connection, platform.clock).lapsed == 0
    platform.today += dt.timedelta(days=1)
    asked = {"loan_id": loan_id, "provider_reference": "out-1"}
    status, problem = platform.ask("disburse", **asked, disbursed_on=platform.today)
    assert (status, problem["rule"]) == (409, "confirmation_expired")
    assert "2024-06-05" in problem["detail"]
    assert sweep_once(TERMS, platform.connection, platform.clock).lapsed == 1
    assert sweep_once(TERMS, platform.connection, platform.clock).lapsed == 0
    assert platform.look("loan", loan_id)[1]["state"] == "cancelled"
    assert platform.look("line", line)[1]["used_fen"] == 0
    assert [
        row["reason"]
        for row in rows(platform, "SELECT content->>'reason' AS reason FROM event WHERE kind = 'confirmation_expired'")
    ] == ["not paid out until 2024-06-05"]
    assert platform.ask("disburse", **asked, disbursed_on=drawn_on)[1]["rule"] == "loan_not_confirmed"
    assert agrees(platform)


def test_a_payout_of_the_last_day_that_is_told_a_day_late_is_booked(platform):
    _, loan_id = confirmed(platform)
    last = platform.today + dt.timedelta(days=PAY_OUT_DAYS)
    platform.today = last + dt.timedelta(days=1)
    platform.done("disburse", loan_id=loan_id, provider_reference="out-1", disbursed_on=last)


def test_quotas_are_free_again_also_where_the_mandate_is_not_among_the_terms(platform):
    before = used(platform)
    _, loan_id = confirmed(platform)
    assert used(platform) != before
    platform.connection.execute("UPDATE loan SET mandate_hash = 'gone' WHERE loan_id = %s", (loan_id,))
    platform.connection.commit()
    platform.done("cancel_loan", loan_id=loan_id, reason="the provider refuses")
    assert used(platform) == before
    assert quota_differences(platform.connection) == []
