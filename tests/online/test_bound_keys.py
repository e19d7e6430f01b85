"""A key that is bound to one borrower touches nothing of another, whatever it asks: every verb and read of the app."""

import pytest

from loanbook.services.caller import Caller
from tests.online.platform import GOOD, Platform

HASH = "0" * 64


@pytest.fixture
def platform(tx, vault):
    return Platform(tx, vault)


def bound(borrower_id):
    return Caller(caller_id=f"app of {borrower_id}", role="borrower_app", borrower_id=borrower_id)


def registered(platform, document):
    return platform.done("register", kind="consumer", channel="app_store", document=document)["borrower_id"]


@pytest.fixture
def other(platform):
    """A borrower with an application, a line, a quote and a loan: their ids."""
    borrower_id = registered(platform, "2")
    wanted = {"consents": ["credit_assessment", "bureau_query"], "consent_text_hash": HASH, "province": "hunan", "inputs": GOOD}
    applied = [platform.done("apply", borrower_id=borrower_id, **wanted)["application_id"] for _ in range(2)]
    decided = platform.done("assess", application_id=applied[0])
    _, drawn = platform.loan(decided["line_id"])
    platform.done("answer_offer", loan_id=drawn["loan_id"], decision="accept")
    platform.done("disburse", loan_id=drawn["loan_id"], provider_reference="out-1", disbursed_on=platform.today)
    again = {"line_id": decided["line_id"], "product": "cash_loan", "principal_fen": 100_000, "installment_count": 6}
    ids = {"borrower_id": borrower_id, "application_id": applied[1], "line_id": decided["line_id"], "loan_id": drawn["loan_id"]}
    return ids | {"decision_id": decided["decision_id"], "quote_id": platform.done("quote", **again)["quote_id"], **wanted}


def asked_of(other):
    """A request of every verb of the app that is about the other borrower."""
    line = {"line_id": other["line_id"], "principal_fen": 100_000, "installment_count": 3}
    consent = {"borrower_id": other["borrower_id"], "purpose": "share_with_partner"}
    wanted = ("borrower_id", "consents", "consent_text_hash", "province", "inputs")
    order = {"merchant": "tea_house", "merchant_reference": "1", "total_fen": 1_000_000, "product": "pay_later"}
    return {
        "register": {"kind": "consumer", "channel": "app_store", "document": "2"},
        "apply": {name: other[name] for name in wanted},
        "assess": {"application_id": other["application_id"]},
        "quote": line | {"product": "cash_loan"},
        "draw_down": {"quote_id": other["quote_id"]},
        "buy": line | order,
        "give_consent": consent | {"text_hash": HASH},
        "withdraw_consent": consent,
        "erase": {"borrower_id": other["borrower_id"]},
    }


def test_no_verb_of_the_app_does_anything_for_another_borrower(platform, other):
    asked = asked_of(other)
    assert set(asked) == {name for name, verb in platform.verbs.items() if "borrower_app" in verb.roles}
    stranger, own = bound(registered(platform, "1")), bound(other["borrower_id"])
    count = "SELECT (SELECT count(*) FROM event) AS events, (SELECT count(*) FROM quote) AS quotes"
    before = platform.connection.execute(count).fetchone()
    for name, body in asked.items():
        status, told = platform.ask(name, caller=stranger, **body)
        assert status == (403 if name == "register" else 404), (name, told)
        assert platform.connection.execute(count).fetchone() == before, name
    # The borrower's own key is not told so: the requests are good ones.
    for name, body in asked.items():
        status, told = platform.ask(name, caller=own, **body)
        assert status not in (403, 404, 422) or name == "register", (name, told)


def test_a_bound_key_registers_nobody_and_the_others_of_its_batch_are(platform):
    first = registered(platform, "1")
    calls = [
        platform.call({"kind": "consumer", "channel": "app_store", "document": document}, None, caller)
        for document, caller in (("2", bound(first)), ("1", bound(None)), ("1", bound(first)), ("3", bound(None)))
    ]
    replies = platform.desk.answer(platform.verbs["register"], calls)
    assert [reply.status for reply in replies] == [403, 201, 403, 201]
    assert first.encode() in replies[1].body
    assert b"takes nobody in" in replies[0].body
    assert platform.connection.execute("SELECT count(*) AS n FROM borrower").fetchone() == {"n": 2}


def test_no_read_of_the_app_shows_another_borrower(platform, other):
    stranger, own = bound(registered(platform, "1")), bound(other["borrower_id"])
    options = {"offers": {"amount_fen": "100000"}, "payment_preview": {"amount_fen": "100000"}}
    for name, read in platform.reads.items():
        if "borrower_app" not in read.roles:
            continue
        given = {name: value for name, value in options.get(name, {}).items() if name in read.options}
        assert platform.look(name, other[read.by], caller=stranger, **given)[0] == 404, name
        assert platform.look(name, other[read.by], caller=own, **given)[0] in (200, 409, 422), name
