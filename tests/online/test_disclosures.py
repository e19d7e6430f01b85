"""Personal data leaves with consent, through the bureau, before the partner lends, and each time on record."""

import json

import pytest

from loanbook.services.caller import Caller
from loanbook.services.parties import BUREAU
from tests.online.borrowing import HASH, NEEDED, SHARING, assessed, borrower, drawn, partner_named
from tests.online.platform import GOOD, Platform

REFERRAL = "saffron_bank"
BUREAU_CALLER = Caller(caller_id="bureau", role="bureau")


@pytest.fixture
def platform(tx, vault):
    return Platform(tx, vault)


def _offered(platform, *, consents=(*NEEDED, SHARING), province="guangdong"):
    """A borrower and their loan, offered under the referral mandate where the province is one of its."""
    borrower_id = borrower(platform, "110-example")
    return borrower_id, drawn(platform, assessed(platform, borrower_id, province=province, consents=consents)["line_id"])


def _messages(platform, recipient):
    return platform.look("outbox", recipient)[1]["messages"]


def _report_id(platform):
    [message] = _messages(platform, BUREAU)
    return message["content"]["report_id"]


def _disclosures(platform, borrower_id):
    return platform.look("borrower_disclosures", borrower_id)[1]["disclosures"]


def test_a_referral_with_consent_announces_a_report_that_the_bureau_fetches(platform):
    borrower_id, loan = _offered(platform)
    assert loan["partner"] == REFERRAL
    [offer] = _messages(platform, REFERRAL)
    report_id = _report_id(platform)
    assert (offer["content"]["report_id"], offer["content"]["report_from"]) == (report_id, BUREAU)
    assert platform.look("open_offers", REFERRAL)[1]["offers"][0]["report_id"] == report_id
    assert _disclosures(platform, borrower_id) == []
    status, report = platform.look("report", report_id, caller=BUREAU_CALLER)
    assert status == 200, report
    assert report["identity"] == {"name": "Wang Example", "document": "110-example"}
    assert report["inputs"] == GOOD
    assert (report["outcome"], report["partner"], report["loan_id"]) == ("approved", REFERRAL, loan["loan_id"])
    assert {each["name"] for each in report["evidence"]["features"]} >= {"age_years", "bureau_score"}
    platform.look("report", report_id, caller=BUREAU_CALLER)
    found = _disclosures(platform, borrower_id)
    assert [(each["report_id"], each["partner"], each["route"], each["purpose"]) for each in found] == [
        (report_id, REFERRAL, BUREAU, SHARING)
    ] * 2
    kinds = [row["kind"] for row in platform.connection.execute("SELECT kind FROM event WHERE subject = %s", (borrower_id,))]
    assert kinds.count("personal_data_disclosed") == 2


def test_what_was_announced_and_fetched_holds_nothing_personal(platform):
    _offered(platform)
    platform.look("report", _report_id(platform), caller=BUREAU_CALLER)
    platform.ask("take", caller=BUREAU_CALLER)
    for table in ("outbox", "event", "report", "disclosure", "request", "audit", "credit_line"):
        rows = platform.connection.execute(f"SELECT to_jsonb(t)::text AS row FROM {table} t").fetchall()
        text = json.dumps([row["row"] for row in rows])
        assert "Wang Example" not in text
        assert "110-example" not in text
        assert str(GOOD["income_monthly_fen"]) not in text


@pytest.mark.parametrize(
    ("consents", "province", "partner"),
    [(NEEDED, "guangdong", REFERRAL), ((*NEEDED, SHARING), "hunan", "harbour_trust_1")],
    ids=["a referral without consent", "consent but no referral"],
)
def test_there_is_no_report_without_both_consent_and_a_mandate_that_asks_for_one(platform, consents, province, partner):
    _, loan = _offered(platform, consents=consents, province=province)
    assert loan["partner"] == partner
    [offer] = _messages(platform, partner)
    assert "report_id" not in offer["content"]
    assert _messages(platform, BUREAU) == []
    assert platform.connection.execute("SELECT count(*) AS n FROM report").fetchone() == {"n": 0}


def test_a_consent_that_was_withdrawn_stops_the_report_and_given_again_lets_it_go(platform):
    borrower_id, _ = _offered(platform)
    report_id = _report_id(platform)
    told = platform.done("withdraw_consent", borrower_id=borrower_id, purpose=SHARING)
    assert told == {"borrower_id": borrower_id, "purpose": SHARING, "withdrawn": 1}
    assert platform.look("report", report_id, caller=BUREAU_CALLER)[1]["rule"] == "consent_needed"
    assert _disclosures(platform, borrower_id) == []
    again = platform.ask("withdraw_consent", borrower_id=borrower_id, purpose=SHARING)
    assert (again[0], again[1]["rule"]) == (409, "no_standing_consent")
    platform.done("give_consent", borrower_id=borrower_id, purpose=SHARING, text_hash=HASH)
    assert platform.look("report", report_id, caller=BUREAU_CALLER)[0] == 200
    assert len(_disclosures(platform, borrower_id)) == 1


def test_a_report_is_for_the_partner_that_holds_the_loan_before_it_lends(platform):
    _, loan = _offered(platform)
    report_id = _report_id(platform)
    platform.ask("answer_offer", caller=partner_named(REFERRAL), loan_id=loan["loan_id"], decision="refuse", reason="no")
    assert platform.look("report", report_id, caller=BUREAU_CALLER)[1]["rule"] == "report_not_wanted"


def test_a_report_of_a_loan_that_was_paid_out_is_not_given(platform):
    _, loan = _offered(platform)
    report_id = _report_id(platform)
    platform.done("answer_offer", loan_id=loan["loan_id"], decision="accept")
    assert platform.look("report", report_id, caller=BUREAU_CALLER)[0] == 200
    platform.done("disburse", loan_id=loan["loan_id"], provider_reference="out", disbursed_on=platform.today)
    assert platform.look("report", report_id, caller=BUREAU_CALLER)[1]["rule"] == "report_not_wanted"


def test_nobody_but_the_bureau_is_given_a_report(platform):
    _offered(platform)
    report_id = _report_id(platform)
    for role in ("operator", "risk", "finance", "auditor", "borrower_app", "provider"):
        assert platform.look("report", report_id, caller=Caller(caller_id="c", role=role))[1]["rule"] == "role_not_allowed"
    assert platform.look("report", report_id, caller=partner_named(REFERRAL))[1]["rule"] == "role_not_allowed"
    assert platform.look("report", "rp-none", caller=BUREAU_CALLER)[1]["rule"] == "no_such_report"


def test_an_application_is_not_looked_at_once_its_consent_is_withdrawn(platform):
    borrower_id = borrower(platform, "1")
    asked = {"borrower_id": borrower_id, "consents": NEEDED, "consent_text_hash": HASH, "province": "hunan", "inputs": GOOD}
    application = platform.done("apply", **asked)
    platform.done("withdraw_consent", borrower_id=borrower_id, purpose="bureau_query")
    status, told = platform.ask("assess", **application)
    assert (status, told["rule"], told["figures"]) == (409, "consent_needed", {"missing": ["bureau_query"]})
    platform.done("give_consent", borrower_id=borrower_id, purpose="bureau_query", text_hash=HASH)
    assert platform.done("assess", **application)["outcome"] == "approved"


def test_a_borrowers_app_gives_and_withdraws_its_borrowers_consents_alone(platform):
    borrower_id, other = borrower(platform, "1"), borrower(platform, "2")
    app = Caller(caller_id="app", role="borrower_app", borrower_id=borrower_id)
    asked = {"borrower_id": other, "purpose": SHARING}
    assert platform.ask("give_consent", caller=app, **asked, text_hash=HASH)[1]["rule"] == "no_such_borrower"
    platform.done("give_consent", **asked, text_hash=HASH)
    assert platform.ask("withdraw_consent", caller=app, **asked)[1]["rule"] == "no_such_borrower"
    assert platform.ask("give_consent", caller=app, borrower_id=borrower_id, purpose=SHARING, text_hash=HASH)[0] == 201


def test_the_record_of_disclosures_is_not_rewritten(platform):
    _offered(platform)
    platform.look("report", _report_id(platform), caller=BUREAU_CALLER)
    for statement in ("DELETE FROM disclosure", "UPDATE disclosure SET partner = 'x'", "TRUNCATE disclosure"):
        with pytest.raises(Exception, match="append-only"):
            platform.connection.execute(statement)
        platform.connection.rollback()
