"""A loan's life at the desk, from a registration to a repaid loan, and what is refused on the way."""

import datetime as dt

import pytest

from loanbook.services.caller import Caller
from tests.online.platform import GOOD, Platform


@pytest.fixture
def platform(tx, vault):
    return Platform(tx, vault)


def running(platform, **asked):
    line = platform.line()
    quoted, drawn = platform.loan(line["line_id"], **asked)
    platform.done("answer_offer", loan_id=drawn["loan_id"], decision="accept")
    platform.done("disburse", loan_id=drawn["loan_id"], provider_reference="out-1", disbursed_on=platform.today)
    return line, quoted, drawn["loan_id"]


def test_a_borrower_draws_down_and_repays(platform):
    line, quoted, loan_id = running(platform)
    assert sum(each["principal_fen"] for each in quoted["instalments"]) == 500_000
    for number, each in enumerate(quoted["instalments"]):
        platform.today = dt.date.fromisoformat(each["due_on"])
        owed = each["principal_fen"] + each["interest_fen"]
        paid = platform.done("repay", loan_id=loan_id, provider_reference=f"in-{number}", amount_fen=owed, paid_on=platform.today)
    assert (paid["state"], paid["outstanding_fen"], paid["unapplied_fen"]) == ("repaid", 0, 0)
    status, view = platform.look("line", line["line_id"])
    assert (status, view["used_fen"]) == (200, 0)
    kinds = [row["kind"] for row in platform.connection.execute("SELECT kind FROM event ORDER BY number")]
    assert kinds[:9] == [
        "borrower_registered",
        "line_applied_for",
        "application_decided",
        "line_opened",
        "loan_offered",
        "loan_drawn",
        "loan_confirmed",
        "loan_disbursed",
        "payment_received",
    ]
    quota = platform.connection.execute("SELECT sum(reserved_fen) r, min(confirmed_fen) c FROM quota").fetchone()
    assert (quota["r"], quota["c"]) == (0, 500_000)


def test_a_payout_is_booked_once_for_one_loan(platform):
    line, _, loan_id = running(platform)
    _, second = platform.loan(line["line_id"], principal_fen=100_000)
    third = platform.loan(line["line_id"], principal_fen=100_000)[1]
    for loan in (second, third):
        platform.done("answer_offer", loan_id=loan["loan_id"], decision="accept")

    def body(loan_id, reference):
        return {"loan_id": loan_id, "provider_reference": reference, "disbursed_on": platform.today}

    status, problem = platform.ask("disburse", **body(loan_id, "out-1"))
    assert (status, problem["rule"], problem["figures"]) == (409, "payment_booked_already", {"loan_id": loan_id})
    assert "reference out-1 is booked already" in problem["detail"]
    assert platform.ask("disburse", **body(loan_id, "out-2"))[1]["rule"] == "loan_not_confirmed"
    status, problem = platform.ask("disburse", **body(second["loan_id"], "out-1"))
    assert (status, problem["rule"], problem["figures"]) == (409, "payment_booked_already", {"loan_id": loan_id})
    assert loan_id in problem["detail"]
    found = platform.batch("disburse", [body(second["loan_id"], "out-2"), body(third["loan_id"], "out-2")])
    assert [status for status, _ in found] == [200, 409]
    assert found[1][1]["figures"] == {"loan_id": second["loan_id"]}
    platform.done("disburse", **body(third["loan_id"], "out-3"))
    count = "SELECT count(*) AS n FROM event WHERE kind = 'loan_disbursed'"
    assert platform.connection.execute(count).fetchone()["n"] == 3


def test_a_borrowers_drawdowns_are_the_loans_that_were_paid_out(platform):
    line, _, loan_id = running(platform)
    borrower_id = platform.look("line", line["line_id"])[1]["borrower_id"]
    view = platform.look("borrower", borrower_id)[1]
    assert (view["drawdowns"], view["loans"]) == (1, [loan_id])
    platform.loan(line["line_id"], principal_fen=100_000)
    view = platform.look("borrower", borrower_id)[1]
    assert (view["drawdowns"], len(view["loans"])) == (1, 2)
    payoff = {"provider_reference": "in-1", "amount_fen": 600_000, "paid_on": platform.today, "purpose": "payoff"}
    assert platform.done("repay", loan_id=loan_id, **payoff)["state"] == "repaid"
    assert platform.look("borrower", borrower_id)[1]["drawdowns"] == 1


def test_the_attempt_is_that_of_the_offer_which_was_accepted(platform):
    _, drawn = platform.loan(platform.line()["line_id"])
    loan_id = drawn["loan_id"]
    assert platform.done("answer_offer", loan_id=loan_id, decision="refuse")["attempt"] == 2
    accepted = platform.done("answer_offer", loan_id=loan_id, decision="accept")
    assert (accepted["state"], accepted["attempt"]) == ("confirmed", 2)
    held = platform.connection.execute("SELECT attempt FROM reservation WHERE state = 'confirmed'").fetchone()
    assert held["attempt"] == 2


def test_a_partner_is_told_the_rate_as_the_api_shows_it(platform):
    quoted, drawn = platform.loan(platform.line()["line_id"])
    told = platform.look("outbox", drawn["partner"])[1]["messages"]
    assert [each["content"]["rate_annual"] for each in told if each["topic"] == "loan_offered"] == [quoted["rate_annual"]]


def test_the_same_key_and_body_is_answered_once(platform):
    body = {"kind": "consumer", "channel": "x", "document": "7"}
    first = platform.ask("register", key="one", **body)
    assert platform.ask("register", key="one", **body) == first
    status, problem = platform.ask("register", key="one", **(body | {"channel": "y"}))
    assert (status, problem["rule"]) == (422, "idempotency_key_reused")
    assert platform.connection.execute("SELECT count(*) AS n FROM borrower").fetchone()["n"] == 1


def test_a_key_twice_in_one_batch_is_in_progress(platform):
    call = platform.call({"kind": "consumer", "channel": "x", "document": "7"}, "one")
    replies = platform.desk.answer(platform.verbs["register"], [call, call])
    assert [reply.status for reply in replies] == [201, 409]


def test_a_declined_application_says_every_reason(platform):
    answer = platform.line(document="2", on_fraud_list=True, age_years=17)
    assert (answer["outcome"], answer["line_id"]) == ("declined", None)
    assert len(answer["reasons"]) >= 2


def test_a_refused_loan_is_offered_to_others_and_to_nobody_twice(platform):
    line = platform.line()
    _, drawn = platform.loan(line["line_id"])
    seen = [drawn["partner"]]
    while drawn["state"] == "offered":
        drawn = platform.done("answer_offer", loan_id=drawn["loan_id"], decision="refuse", reason="not ours")
        seen.append(drawn["partner"])
    assert drawn["state"] == "unfunded"
    assert seen[-1] is None
    assert 1 <= len(seen) - 1 <= 4
    assert len(set(seen)) == len(seen)
    assert platform.look("line", line["line_id"])[1]["used_fen"] == 0
    assert platform.connection.execute("SELECT sum(reserved_fen + confirmed_fen) AS n FROM quota").fetchone()["n"] == 0


def test_a_line_is_not_overdrawn_within_one_batch(platform):
    line = platform.line()
    bodies = [
        {"line_id": line["line_id"], "product": "cash_loan", "principal_fen": line["limit_fen"] - 100, "installment_count": 6}
    ] * 2
    quotes = [answer["quote_id"] for _, answer in platform.batch("quote", bodies)]
    found = platform.batch("draw_down", [{"quote_id": quote} for quote in quotes])
    assert [(status, answer.get("rule")) for status, answer in found] == [(201, None), (422, "line_exceeded")]


def test_a_bounced_payment_leaves_the_loan_as_before(platform):
    _, _, loan_id = running(platform)
    before = platform.look("loan", loan_id)
    platform.done("repay", loan_id=loan_id, provider_reference="in", amount_fen=1, paid_on=platform.today, purpose="payoff")
    platform.done("give_back", provider_reference="in", reason="no funds")
    assert platform.look("loan", loan_id) == before
    assert platform.ask("give_back", provider_reference="in", reason="again")[1]["rule"] == "payment_returned_already"


def test_a_partner_sees_and_answers_only_its_own_loans(platform):
    line = platform.line()
    _, drawn = platform.loan(line["line_id"])
    stranger = Caller(caller_id="p", role="partner", partner="nobody_bank")
    assert platform.look("loan", drawn["loan_id"], caller=stranger)[0] == 404
    body = {"loan_id": drawn["loan_id"], "decision": "accept"}
    assert platform.ask("answer_offer", caller=stranger, **body)[1]["rule"] == "no_such_loan"
    assert platform.ask("register", caller=stranger, kind="consumer", channel="x", document="1")[1]["rule"] == "role_not_allowed"
    own = Caller(caller_id="q", role="partner", partner=drawn["partner"])
    assert platform.ask("answer_offer", caller=own, **body)[1]["state"] == "confirmed"


def test_what_was_told_is_sealed_and_gone_after_erasure(platform, vault):
    answer = platform.line(document="310-secret")
    tables = ("event", "application", "decision", "outbox", "borrower", "request", "audit", "credit_line")
    for table in tables:
        rows = platform.connection.execute(f"SELECT * FROM {table}").fetchall()
        assert "310-secret" not in str(rows)
        assert str(GOOD["income_monthly_fen"]) not in str(rows)
    line = platform.look("line", answer["line_id"])[1]
    vault.erase(platform.connection, [line["borrower_id"]], platform.clock()[0])
    platform.connection.commit()
    body = {"consents": ["credit_assessment", "bureau_query"], "consent_text_hash": "0" * 64, "province": "hunan", "inputs": {}}
    assert platform.ask("apply", borrower_id=line["borrower_id"], **body)[1]["rule"] == "borrower_erased"
