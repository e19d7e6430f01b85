"""What two persons decide: write-offs, refunds, terms and manual entries, done once, whole, and only as far as they can be."""

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

import loanbook.terms
from loanbook.errors import TermsError
from loanbook.services.approved_terms import standing_terms, with_approved
from loanbook.services.platform_terms import platform_terms
from tests.online.platform import OPERATOR, TERMS
from tests.online.test_day_close import START, Closing
from tests.online.two_persons import FINANCE, RISK, SECOND, checked, decided, hire, proposed

OURS = "lantern_micro_lending"
PRODUCT = (Path(loanbook.terms.__file__).parent / "products" / "cash_loan.yaml").read_text(encoding="utf-8")


@pytest.fixture
def platform(tx, vault, tmp_path):
    made = Closing(tx, vault, tmp_path / "settlements")
    hire(made)
    return made


def overpaid(platform, too_much=1_000):
    """A loan that was paid back with more than was owed."""
    loan_id = platform.running(OURS)
    platform.later(20)
    owed = platform.look("payment_preview", loan_id, payoff="true")[1]["amount_fen"]
    platform.repay(loan_id, owed + too_much, "in-1")
    return loan_id


def state(platform, loan_id):
    shown = platform.look("loan", loan_id)[1]
    return shown["state"], shown["outstanding_fen"], shown["unapplied_fen"], shown["recovered_fen"]


def test_a_refund_pays_back_what_found_nothing_to_pay_and_tells_the_provider(platform):
    loan_id = overpaid(platform)
    assert state(platform, loan_id) == ("repaid", 0, 1_000, 0)
    repaid_on = platform.today
    platform.later(25)
    made = proposed(platform, "refund", loan_id, {"amount_fen": 600})
    assert state(platform, loan_id) == ("repaid", 0, 1_000, 0)
    status, answer = checked(platform, made)
    assert (status, answer["done"]["refunded_fen"], answer["done"]["unapplied_fen"]) == (200, 600, 400)
    assert state(platform, loan_id) == ("repaid", 0, 400, 0)
    assert platform.look("loan", loan_id)[1]["closed_on"] == repaid_on.isoformat()
    (event,) = platform.rows("SELECT * FROM event WHERE kind = 'refund_paid'")
    (told,) = platform.rows("SELECT * FROM outbox WHERE topic = 'refund'")
    assert (event["subject"], event["happened_on"], event["content"]["amount_fen"]) == (loan_id, platform.today, 600)
    assert told["recipient"] == "payment_provider"
    assert told["content"]["provider_reference"] == made["proposal_id"]
    assert told["content"]["amount_fen"] == 600


def test_never_more_is_refunded_than_is_unapplied_now(platform):
    loan_id = overpaid(platform)
    body = {"kind": "refund", "subject": loan_id, "content": {"amount_fen": 1_001}, "reason": "r"}
    status, problem = platform.ask("propose", **body)
    assert (status, problem["rule"]) == (409, "more_than_unapplied")
    assert problem["figures"] == {"amount_fen": 1_001, "unapplied_fen": 1_000}
    first, second = (proposed(platform, "refund", loan_id, {"amount_fen": 700}) for _ in range(2))
    bodies = [
        {"proposal_id": each["proposal_id"], "content_hash": each["content_hash"], "approve": True} for each in (first, second)
    ]
    found = platform.batch("check", bodies, caller=FINANCE)
    assert [(status, answer.get("rule")) for status, answer in found] == [(200, None), (409, "more_than_unapplied")]
    assert state(platform, loan_id) == ("repaid", 0, 300, 0)
    assert platform.look("proposal", second["proposal_id"])[1]["state"] == "proposed"


def test_a_refund_that_the_provider_cannot_pay_is_taken_back(platform):
    loan_id = overpaid(platform)
    made = proposed(platform, "refund", loan_id, {"amount_fen": 1_000})
    checked(platform, made)
    assert state(platform, loan_id) == ("repaid", 0, 0, 0)
    platform.done("give_back", provider_reference=made["proposal_id"], reason="account closed")
    assert state(platform, loan_id) == ("repaid", 0, 1_000, 0)


@pytest.mark.parametrize("form", [str, str.upper])
def test_no_reference_of_an_outsider_takes_the_place_of_a_refund(platform, form):
    loan_id = overpaid(platform)
    made = proposed(platform, "refund", loan_id, {"amount_fen": 600})
    reported = {"loan_id": loan_id, "provider_reference": form(made["proposal_id"])}
    for verb, body in (
        ("repay", {"amount_fen": 100, "paid_on": platform.today}),
        ("disburse", {"disbursed_on": platform.today}),
        ("return_purchase", {"returned_on": platform.today}),
    ):
        good = reported | body | {"provider_reference": f"{verb}-1", "loan_id": "lo-none"}
        (status, problem), (other, _) = platform.batch(verb, [reported | body, good])
        assert (status, problem["rule"], other) == (422, "reference_of_ours", 404)
        assert "has the form of the platform's own ids" in problem["detail"]
    assert checked(platform, made)[0] == 200
    assert state(platform, loan_id)[2] == 400


def test_a_payment_that_bounces_after_its_refund_leaves_the_loan_owing_it(platform):
    loan_id = overpaid(platform)
    decided(platform, "refund", loan_id, {"amount_fen": 1_000})
    platform.done("give_back", provider_reference="in-1", reason="no funds")
    assert state(platform, loan_id) == ("disbursed", 500_000, -1_000, 0)
    owed = platform.look("payment_preview", loan_id, payoff="true")[1]
    assert (owed["state"], owed["closes"], owed["amount_fen"]) == ("repaid", True, owed["payoff_fen"])
    platform.repay(loan_id, owed["amount_fen"], "in-2")
    assert state(platform, loan_id) == ("repaid", 0, 0, 0)


def test_nothing_is_refunded_of_a_loan_that_is_unknown_or_charged_off(platform):
    loan_id = platform.running(OURS)
    decided(platform, "write_off", loan_id, {"cause": "fraud"})
    for subject, rule in ((loan_id, "nothing_to_refund"), ("lo-none", "no_such_loan")):
        body = {"kind": "refund", "subject": subject, "content": {"amount_fen": 1}, "reason": "r"}
        assert platform.ask("propose", **body)[1]["rule"] == rule


def test_what_a_written_off_loan_is_paid_too_much_is_not_taken_whenever_it_was_paid(platform):
    """It was paid before the write-off and told after it; and a second time, dated before the first."""
    loan_id = platform.running(OURS)
    platform.later(40)
    paid_on = platform.today
    owed = platform.look("payment_preview", loan_id, payoff="true")[1]["amount_fen"]
    platform.later(45)
    decided(platform, "write_off", loan_id, {"cause": "fraud"})
    body = {"loan_id": loan_id, "paid_on": paid_on}
    status, problem = platform.ask("repay", provider_reference="in-1", amount_fen=owed + 7_000, **body)
    assert (status, problem["rule"], problem["figures"]["owed_fen"]) == (409, "more_than_is_owed", owed)
    platform.later(60)
    all_ = platform.look("payment_preview", loan_id, payoff="true")[1]["amount_fen"]
    platform.repay(loan_id, all_ - 1_000, "in-2")
    left = platform.look("payment_preview", loan_id, payoff="true")[1]["amount_fen"]
    for on in (paid_on, platform.today - dt.timedelta(days=3), platform.today):
        status, problem = platform.ask("repay", loan_id=loan_id, paid_on=on, provider_reference="in-3", amount_fen=all_)
        assert (status, problem["rule"]) == (409, "more_than_is_owed")
        assert problem["figures"]["owed_fen"] <= left
    platform.repay(loan_id, left, "in-3")
    assert platform.look("payment_preview", loan_id, payoff="true")[1]["figures"]["owed_fen"] == 0


def test_no_more_is_recovered_than_the_borrower_owes(platform):
    loan_id = platform.running(OURS)
    platform.later(40)
    then = platform.look("payment_preview", loan_id, payoff="true")[1]["amount_fen"]
    decided(platform, "write_off", loan_id, {"cause": "fraud"})
    assert platform.look("payment_preview", loan_id, payoff="true")[1]["amount_fen"] == then
    platform.later(70)
    status, seen = platform.look("payment_preview", loan_id, payoff="true")
    owed = seen["amount_fen"]
    assert (status, seen["recovered_fen"]) == (200, owed)
    # Interest and late charges went on: a charge-off is a matter of the books.
    assert owed > then > 500_000
    body = {"loan_id": loan_id, "paid_on": platform.today}
    assert platform.done("repay", provider_reference="in-1", amount_fen=50_000, **body)["recovered_fen"] == 50_000
    status, problem = platform.ask("repay", provider_reference="in-2", amount_fen=owed - 49_999, **body)
    figures = {"amount_fen": owed - 49_999, "owed_fen": owed - 50_000}
    assert (status, problem["rule"], problem["figures"]) == (409, "more_than_is_owed", figures)
    assert platform.look("payment_preview", loan_id, amount_fen=str(owed))[1]["rule"] == "more_than_is_owed"
    assert platform.done("repay", provider_reference="in-2", amount_fen=owed - 50_000, **body)["recovered_fen"] == owed
    assert platform.ask("repay", provider_reference="in-3", amount_fen=1, **body)[1]["figures"]["owed_fen"] == 0
    platform.done("give_back", provider_reference="in-2", reason="no funds")
    assert platform.look("payment_preview", loan_id, payoff="true")[1]["amount_fen"] == owed - 50_000


def test_a_loan_is_written_off_by_decision_and_what_comes_later_is_recovered(platform):
    loan_id = platform.running(OURS)
    platform.later(40)
    platform.repay(loan_id, 100_000, "in-1")
    owed = platform.look("loan", loan_id)[1]["outstanding_fen"]
    done = decided(platform, "write_off", loan_id, {"cause": "bankruptcy"}, maker=RISK)
    assert done == {"loan_id": loan_id, "state": "charged_off", "principal_fen": owed}
    (event,) = platform.rows("SELECT * FROM event WHERE kind = 'loan_charged_off'")
    assert event["content"].items() >= {"principal_fen": owed, "reason": "bankruptcy"}.items()
    paid = platform.done("repay", loan_id=loan_id, provider_reference="in-2", amount_fen=5_000, paid_on=platform.today)
    assert (paid["state"], paid["outstanding_fen"], paid["recovered_fen"]) == ("charged_off", owed, 5_000)
    again = {"kind": "write_off", "subject": loan_id, "content": {"cause": "fraud"}, "reason": "r"}
    assert platform.ask("propose", **again)[1]["rule"] == "loan_not_running"


def test_a_guaranteed_claim_is_written_off_once_the_guarantor_has_taken_it_over(platform):
    loan_id = platform.running("heron_bank", count=3)
    body = {"kind": "write_off", "subject": loan_id, "content": {"cause": "fraud"}, "reason": "r"}
    status, problem = platform.ask("propose", **body)
    assert (status, problem["rule"], problem["figures"]) == (409, "claim_not_taken_over", {"compensation_dpd": 60})
    platform.today = dt.date(2024, 6, 6) + dt.timedelta(days=62)
    platform.close()
    assert decided(platform, "write_off", loan_id, {"cause": "fraud"})["state"] == "charged_off"


def test_what_changed_since_it_was_proposed_is_judged_again(platform):
    loan_id = platform.running(OURS)
    made = proposed(platform, "write_off", loan_id, {"cause": "fraud"})
    platform.repay(loan_id, platform.look("payment_preview", loan_id, payoff="true")[1]["amount_fen"], "in-1")
    assert checked(platform, made)[1]["rule"] == "loan_not_running"
    assert checked(platform, made, approve=False)[1]["state"] == "rejected"
    assert state(platform, loan_id)[0] == "repaid"


def test_approved_terms_are_archived_then_and_hold_from_their_day(platform):
    begins = START + dt.timedelta(days=10)
    text = PRODUCT.replace("effective_from: 2020-01-01", f"effective_from: {begins}").replace("0.24}", "0.20}")
    made = proposed(platform, "terms", "cash_loan", {"kind": "product", "text": text}, maker=RISK)
    held = "SELECT count(*) AS n FROM terms WHERE kind = 'product' AND code = 'cash_loan'"
    before = platform.rows(held)[0]["n"]
    assert with_approved(TERMS, platform.connection) is TERMS
    done = checked(platform, made)[1]["done"]
    assert platform.rows(held)[0]["n"] == before + 1
    terms = standing_terms(platform.connection, platform.clock()[0])
    day = (begins - dt.date(1970, 1, 1)).days
    assert terms.product("cash_loan", day).hash == done["terms_hash"]
    assert terms.product("cash_loan", day).rate_most < TERMS.product("cash_loan", day).rate_most
    assert terms.product("cash_loan", day - 1) == TERMS.product("cash_loan", day - 1)


def test_a_mandate_and_a_strategy_are_approved_likewise(platform):
    begins = START + dt.timedelta(days=1)
    folder = Path(loanbook.terms.__file__).parent
    for kind, file in (("mandate", "mandates/our_micro_lender.yaml"), ("strategy", next((folder / "strategies").glob("*.yaml")))):
        text = (folder / file).read_text(encoding="utf-8")
        old = next(line for line in text.splitlines() if line.startswith("effective_from:"))
        code = text.partition(f"\n{kind}: ")[2].split()[0]
        decided(platform, "terms", code, {"kind": kind, "text": text.replace(old, f"effective_from: {begins}")}, maker=RISK)
    terms = standing_terms(platform.connection, platform.clock()[0])
    shipped = platform_terms()
    assert len(terms.mandates) == len(shipped.mandates) + 1
    assert len(terms.strategies) == len(shipped.strategies) + 1


@pytest.mark.parametrize(
    ("subject", "change", "rule", "words"),
    [
        ("cash_loan", ("method: level", "method: sideways"), "terms_not_valid", "text:"),
        ("cash_loan", ("2020-01-01", "2024-05-06"), "terms_not_new", "is not after today"),
        ("other", ("2020-01-01", "2024-06-01"), "terms_not_new", "the subject is other"),
    ],
)
def test_terms_that_cannot_hold_are_refused_when_they_are_proposed(platform, subject, change, rule, words):
    body = {"kind": "terms", "subject": subject, "content": {"kind": "product", "text": PRODUCT.replace(*change)}, "reason": "r"}
    status, problem = platform.ask("propose", caller=RISK, **body)
    assert (status in (409, 422), problem["rule"]) == (True, rule)
    assert words in problem["detail"]


def test_a_version_begins_after_all_others_of_its_code(platform):
    later, earlier = (
        proposed(
            platform,
            "terms",
            "cash_loan",
            {"kind": "product", "text": PRODUCT.replace("2020-01-01", f"2024-0{month}-01")},
            maker=RISK,
        )
        for month in (7, 6)
    )
    assert checked(platform, later)[0] == 200
    status, problem = checked(platform, earlier)
    assert (status, problem["rule"]) == (409, "terms_not_new")
    assert "2024-07-01" in problem["detail"]


def test_a_platform_whose_package_brings_another_version_of_that_day_does_not_start(platform):
    text = PRODUCT.replace("2020-01-01", "2024-06-01")
    decided(platform, "terms", "cash_loan", {"kind": "product", "text": text}, maker=RISK)
    shipped = TERMS.product("cash_loan", 19_000)
    package = dataclasses.replace(shipped, effective_from=(dt.date(2024, 6, 1) - dt.date(1970, 1, 1)).days, hash="other")
    with pytest.raises(TermsError, match="already has"):
        with_approved(dataclasses.replace(TERMS, products=(*TERMS.products, package)), platform.connection)


ENTRY = {
    "book": "CORE",
    "currency": "CNY",
    "happened_on": "2024-05-06",
    "debit": "office rent",
    "credit": "cash",
    "amount_fen": 1_200_000,
    "text": "rent of May",
}


def test_a_manual_entry_is_kept_as_an_event_for_the_books(platform):
    done = decided(platform, "manual_entry", "lantern_micro_lending", ENTRY, maker=FINANCE, checker=SECOND)
    assert done == {"entity": "lantern_micro_lending", "amount_fen": 1_200_000}
    (event,) = platform.rows("SELECT * FROM event WHERE kind = 'manual_entry_approved'")
    assert event["happened_on"] == dt.date(2024, 5, 6)
    assert event["content"].items() >= (ENTRY | {"reversed_on": None}).items() - {("happened_on", "2024-05-06")}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"currency": "RMB"}, "entry_not_possible"),
        ({"credit": "office rent"}, "entry_not_possible"),
        ({"happened_on": "2024-05-07"}, "entry_not_possible"),
        ({"reversed_on": "2024-05-06"}, "entry_not_possible"),
        ({"amount_fen": 0}, "content_not_understood"),
        ({"book": "MINE"}, "content_not_understood"),
        ({"more": 1}, "content_not_understood"),
    ],
)
def test_an_entry_that_cannot_be_is_refused(platform, change, rule):
    body = {"kind": "manual_entry", "subject": "lantern_micro_lending", "content": ENTRY | change, "reason": "r"}
    assert platform.ask("propose", caller=FINANCE, **body)[1]["rule"] == rule


def test_proposals_are_read_one_by_one_and_as_the_list_that_waits(platform, monkeypatch):
    monkeypatch.setattr("loanbook.services.proposals.MOST", 2)
    made = [proposed(platform, "manual_entry", "e", ENTRY | {"amount_fen": 1 + n}, maker=FINANCE) for n in range(3)]
    loan_id = platform.running(OURS)
    other = proposed(platform, "write_off", loan_id, {"cause": "fraud"})
    checked(platform, made[0], checker=SECOND)
    one = platform.look("proposal", made[0]["proposal_id"])[1]
    assert (one["state"], one["maker"], one["checker"]) == ("approved", "finance-1", "finance-2")
    assert (one["content"]["amount_fen"], one["content_hash"]) == (1, made[0]["content_hash"])
    first = platform.look("proposals", "proposed")[1]
    assert [each["proposal_id"] for each in first["proposals"]] == [each["proposal_id"] for each in made[1:]]
    second = platform.look("proposals", "proposed", after=first["next_after"])[1]
    assert [each["proposal_id"] for each in second["proposals"]] == [other["proposal_id"]]
    assert second["next_after"] is None
    kinds = platform.look("proposals", "proposed", kind="write_off")[1]["proposals"]
    assert [each["subject"] for each in kinds] == [loan_id]
    assert [each["state"] for each in platform.look("proposals", "approved")[1]["proposals"]] == ["approved"]
    for what, id_, options in (("proposal", "pp-none", {}), ("proposals", "open", {}), ("proposals", "proposed", {"kind": "x"})):
        assert platform.look(what, id_, **options)[0] in (404, 422)
    stranger = dataclasses.replace(OPERATOR, caller_id="app", role="borrower_app")
    assert platform.look("proposals", "proposed", caller=stranger)[0] == 403
