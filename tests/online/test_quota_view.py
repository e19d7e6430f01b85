"""What a mandate has taken: reserved until the partner answers, confirmed or given back after; a partner sees its own alone."""

import pytest

from loanbook.services.caller import Caller
from tests.online.platform import TERMS, Platform

BANK = Caller(caller_id="harbour trust", role="partner", partner="harbour_trust_1")
OTHER = Caller(caller_id="heron", role="partner", partner="heron_bank")
APP = Caller(caller_id="app", role="borrower_app")


@pytest.fixture
def platform(tx, vault):
    return Platform(tx, vault)


def scopes(platform, caller=BANK):
    status, view = platform.look("quota", "harbour_trust", caller=caller)
    assert status == 200
    return {each["scope"]: (each["reserved_fen"], each["confirmed_fen"], each["cap_fen"]) for each in view["scopes"]}


def test_an_offer_reserves_and_an_answer_confirms_or_gives_back(platform):
    mandate = next(each for each in TERMS.mandates if each.code == "harbour_trust")
    assert scopes(platform) == {}
    line = platform.line()
    _, first = platform.loan(line["line_id"], 500_000, 12)
    _, second = platform.loan(line["line_id"], 300_000, 12)
    assert first["partner"] == second["partner"] == "harbour_trust_1"
    day = f"day:{platform.today}"
    assert scopes(platform)["total"] == (800_000, 0, mandate.quota_total_fen)
    assert scopes(platform)[day] == (800_000, 0, mandate.quota_day_fen)
    platform.done("answer_offer", loan_id=first["loan_id"], decision="accept")
    platform.done("answer_offer", loan_id=second["loan_id"], decision="refuse", reason="for the test")
    found = scopes(platform)
    assert {name: row[:2] for name, row in found.items()} == dict.fromkeys(
        ("total", day, "province:hunan", "grade:A"), (0, 500000)
    )


def test_who_may_look(platform):
    assert platform.look("quota", "harbour_trust", caller=OTHER)[0] == 404
    assert platform.look("quota", "harbour_trust", caller=APP)[0] == 403
    status, problem = platform.look("quota", "no_such_mandate")
    assert (status, problem["rule"]) == (404, "no_such_mandate")
    assert problem["detail"].startswith("there is no mandate no_such_mandate. Known: ")
