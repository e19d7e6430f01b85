"""How much a guarantor may guarantee: published from its net assets, held by every drawdown, and found anew by the day close."""

import dataclasses
import datetime as dt

import pytest

from loanbook.services.caller import Caller
from loanbook.services.guaranteeing import NET_ASSETS, ROOM
from loanbook.services.verbs import verbs
from tests.online.platform import OPERATOR, TERMS
from tests.online.test_day_close import Closing

GUARANTOR = "lantern_guarantee"
BANK = "heron_bank"


class Guaranteed(Closing):
    """A platform of which a test asks who is offered a loan."""

    def publish(self, net_assets_fen, **more):
        return self.done("publish_net_assets", guarantor=GUARANTOR, net_assets_fen=net_assets_fen, **more)

    def offered(self, document, principal_fen=500_000):
        """A loan, and who is offered it, each refusing in its turn; it waits for the bank's answer when it comes to it."""
        line = self.line(document=document)
        _, drawn = self.loan(line["line_id"], principal_fen, 6)
        found = [drawn["partner"]]
        while drawn["state"] == "offered" and drawn["partner"] != BANK:
            drawn = self.done("answer_offer", loan_id=drawn["loan_id"], decision="refuse", reason="for the test")
            found.append(drawn["partner"])
        return drawn["loan_id"], found

    def last(self, kind):
        return self.rows("SELECT content FROM event WHERE kind = %s AND subject = %s ORDER BY number", kind, GUARANTOR)[-1][
            "content"
        ]


@pytest.fixture
def platform(tx, vault, tmp_path):
    return Guaranteed(tx, vault, tmp_path / "settlements")


def test_a_guarantor_takes_no_more_than_ten_times_its_net_assets(platform):
    room = platform.publish(60_000)
    assert (room["guaranteed_fen"], room["room_fen"]) == (0, 600_000)
    assert "Decree (2017) No. 683, article 15" in room["rules"][0]
    assert BANK in platform.offered("first")[1]
    assert BANK not in platform.offered("second")[1]
    loan_id, partners = platform.offered("third", 100_000)
    assert BANK in partners
    assert BANK not in platform.offered("fourth", 100_000)[1]
    # What is refused is free again, at once.
    platform.done("answer_offer", loan_id=loan_id, decision="refuse", reason="for the test")
    assert BANK in platform.offered("fifth", 100_000)[1]


def test_without_a_figure_a_guarantor_is_not_limited_and_the_close_says_so(platform):
    assert BANK in platform.offered("first")[1]
    platform.later(1)
    done = platform.close()
    (step,) = [step for (_, name), step in done.items() if name == "guarantee_rooms"]
    assert step.result == {"rooms_fen": {}, "without_net_assets": ["cairn_guarantee", GUARANTOR]}
    assert BANK in platform.offered("second")[1]


def test_fifteen_times_for_small_businesses_and_what_is_guaranteed_elsewhere_counts(platform):
    room = platform.publish(40_000, mainly_small_business=True, guaranteed_elsewhere_fen=99_999)
    assert (room["guaranteed_fen"], room["room_fen"]) == (99_999, 500_001)
    assert BANK in platform.offered("first")[1]
    room = platform.publish(40_000, guaranteed_elsewhere_fen=99_999)
    assert (room["guaranteed_fen"], room["room_fen"]) == (599_999, 0)
    assert BANK not in platform.offered("second", 100_000)[1]


def test_two_of_one_batch_do_not_take_the_room_of_one(platform):
    platform.publish(50_000)
    lines = [platform.line(document=str(number)) for number in range(2)]
    body = {"product": "cash_loan", "principal_fen": 300_000, "installment_count": 6}
    quotes = [platform.done("quote", line_id=line["line_id"], **body) for line in lines]
    answers = platform.batch("draw_down", [{"quote_id": quote["quote_id"]} for quote in quotes])
    assert [status for status, _ in answers] == [201, 201]
    loans = [body["loan_id"] for _, body in answers]
    # All others refuse both, in one batch each time; of the two one is the bank's and the other nobody's.
    while True:
        rows = platform.rows("SELECT loan_id, partner FROM loan WHERE loan_id = ANY(%s) AND state = 'offered'", loans)
        waiting = [row["loan_id"] for row in rows if row["partner"] != BANK]
        if not waiting:
            break
        platform.batch("answer_offer", [{"loan_id": each, "decision": "refuse", "reason": "test"} for each in waiting])
    assert [row["partner"] for row in rows] == [BANK]


def test_what_was_repaid_or_compensated_is_guaranteed_no_more_once_a_day_is_closed(platform):
    loan_id = platform.running(BANK, count=3)
    platform.publish(60_000)
    assert platform.last(ROOM)["room_fen"] == 100_000
    platform.today = dt.date(2024, 6, 6)
    platform.repay(loan_id, 200_000, "in-1")
    platform.today += dt.timedelta(days=1)
    done = platform.close()
    repaid = platform.rows("SELECT principal_repaid_fen FROM loan")[0]["principal_repaid_fen"]
    assert repaid > 100_000
    room = done[dt.date(2024, 6, 6), "guarantee_rooms"].result["rooms_fen"]
    assert room == {GUARANTOR: 600_000 - 500_000 + repaid}
    platform.today = dt.date(2024, 7, 6) + dt.timedelta(days=64)
    platform.close()
    assert platform.rows("SELECT kind FROM taken_over") == [{"kind": "compensation"}]
    assert platform.last(ROOM)["room_fen"] == 600_000
    # The figure itself was published once.
    assert len(platform.rows("SELECT 1 FROM event WHERE kind = %s", NET_ASSETS)) == 1


APP = Caller(caller_id="app", role="borrower_app")


def alone(platform, vault, code="heron_bank_guaranteed"):
    """The same platform with one lender."""
    only = dataclasses.replace(TERMS, mandates=tuple(each for each in TERMS.mandates if each.code == code))
    platform.verbs = {verb.name: verb for verb in verbs(only, vault)}
    return platform


def test_a_refusal_for_want_of_room_names_the_rule_and_what_its_caller_may_know(platform, vault):
    alone(platform, vault).publish(50_000)
    body = {"product": "cash_loan", "principal_fen": 500_001, "installment_count": 6}
    line = platform.line()["line_id"]
    quote = platform.done("quote", line_id=line, **body)["quote_id"]
    rule = "Decree (2017) No. 683, article 15"
    status, answer = platform.ask("draw_down", APP, quote_id=quote)
    assert (status, answer["rule"]) == (409, "not_funded")
    assert (
        "5,000.01 is more than what a guarantor may still guarantee. a licensed guarantee company owes at most 10 times"
        in (answer["detail"])
    )
    assert rule in answer["source"]
    (named,) = answer["figures"].pop("rules")
    assert rule in named
    assert answer["figures"] == {"why": "no_room", "barred_by": ["guarantee.guarantor"], "asked_fen": 500_001}
    assert not any(word in str(answer) for word in ("heron", "lantern", "5,000.00", "500000", "500,000"))
    status, answer = platform.ask("draw_down", OPERATOR, quote_id=quote)
    assert "lantern_guarantee may guarantee CNY 5,000.00 now (guarantee.guarantor, terms/mandates/heron_bank" in answer["detail"]
    assert answer["figures"]["mandates"] == [
        {"mandate": "heron_bank_guaranteed", "setting": "guarantee.guarantor", "left_fen": 500_000}
    ]


def test_a_loan_that_all_released_says_what_was_lacking_also_when_too_much_was_guaranteed(platform, vault):
    heron = next(each for each in TERMS.mandates if each.code == "heron_bank_guaranteed")
    both = (heron, dataclasses.replace(heron, code="z", partner="z", hash="z"))
    platform.verbs = {verb.name: verb for verb in verbs(dataclasses.replace(TERMS, mandates=both), vault)}
    platform.publish(50_000)
    _, drawn = platform.loan(platform.line()["line_id"], 400_000, 6)
    assert drawn["partner"] == BANK
    # 300,000 are allowed now, so what is given back frees 300,000 and not all of 400,000.
    assert platform.publish(30_000)["room_fen"] == 0
    platform.done("answer_offer", loan_id=drawn["loan_id"], decision="refuse", reason="for the test")
    (row,) = platform.rows("SELECT content FROM event WHERE kind = 'loan_unfunded'")
    assert row["content"]["why"] == "no_room"
    assert row["content"]["barred_by"] == ["guarantee.guarantor"]


def test_a_guarantors_room_can_be_looked_up(platform, vault):
    alone(platform, vault)
    line = platform.line()["line_id"]
    empty = platform.look("guarantor", GUARANTOR)[1]
    assert (empty["cap_fen"], empty["free_fen"], empty["used_fen"], empty["deposit_fen"]) == (None, None, 0, 0)
    platform.publish(200_000, guaranteed_elsewhere_fen=100_000)
    loans = [platform.loan(line, amount, 3)[1]["loan_id"] for amount in (500_000, 300_000)]
    platform.done("answer_offer", loan_id=loans[0], decision="accept")
    view = platform.look("guarantor", GUARANTOR)[1]
    assert {name: view[name] for name in ("cap_fen", "elsewhere_fen", "used_fen", "reserved_fen", "free_fen")} == {
        "cap_fen": 2_000_000,
        "elsewhere_fen": 100_000,
        "used_fen": 500_000,
        "reserved_fen": 300_000,
        "free_fen": 1_100_000,
    }
    assert (view["guarantor"], view["net_assets_fen"], view["published_on"]) == (GUARANTOR, 200_000, "2024-05-06")
    assert "article 15" in view["rules"][0]
    (mandate,) = view["mandates"]
    assert (mandate["mandate"], mandate["used_fen"], mandate["reserved_fen"]) == ("heron_bank_guaranteed", 500_000, 300_000)
    assert mandate["deposit_needed_fen"] == 0
    # What is free is what a drawdown finds.
    quotes = [
        platform.done("quote", line_id=line, product="cash_loan", principal_fen=fen, installment_count=3)["quote_id"]
        for fen in (1_100_001, 1_100_000)
    ]
    assert [platform.ask("draw_down", quote_id=quote)[0] for quote in quotes] == [409, 201]
    for role, status in (("risk", 200), ("finance", 200), ("auditor", 200), ("partner", 403), ("borrower_app", 403)):
        assert platform.look("guarantor", GUARANTOR, caller=Caller(caller_id=role, role=role))[0] == status
    status, problem = platform.look("guarantor", "nobody")
    assert (status, problem["rule"]) == (404, "no_such_guarantor")


def test_only_a_guarantor_of_a_mandate_has_a_room_and_only_the_house_publishes_it(platform):
    status, refused = platform.ask("publish_net_assets", guarantor="nobody", net_assets_fen=1)
    assert (status, refused["rule"]) == (404, "no_such_guarantor")
    partner = dataclasses.replace(OPERATOR, role="partner", partner=BANK)
    assert platform.ask("publish_net_assets", partner, guarantor=GUARANTOR, net_assets_fen=1)[0] == 403


def test_a_quote_asked_for_twice_in_one_batch_that_nobody_funds_became_no_loan(platform):
    line = platform.line()
    body = {"product": "cash_loan", "principal_fen": 300_000, "installment_count": 6}
    quote = platform.done("quote", line_id=line["line_id"], **body)["quote_id"]
    full = [(each.code, "total", each.quota_total_fen, 0, each.quota_total_fen) for each in TERMS.mandates]
    with platform.connection.cursor() as cursor:
        cursor.executemany("INSERT INTO quota VALUES (%s, %s, %s, %s, %s)", full)
    platform.connection.commit()
    answers = platform.batch("draw_down", [{"quote_id": quote}, {"quote_id": quote}])
    assert [(status, answer["rule"]) for status, answer in answers] == [(409, "not_funded")] * 2
