"""The played world: repeatable, nothing found by its auditor, all five business models, and agreeing with the columnar world."""

import contextlib
import dataclasses
import itertools

import pytest

from loanbook.services.forwarding import CURRENCY, forward
from loanbook.simulator.play.events_hash import events_hash, tables_of
from loanbook.simulator.play.played import play
from loanbook.simulator.play.setting import Decisions, Provider, Statements, played_scenario, setting
from loanbook.simulator.play.store import talk_with
from loanbook.simulator.play.story import story_of
from loanbook.simulator.scenario import Hazards
from loanbook.stores.book import create_book
from loanbook.stores.online.unit import connect
from tests.online.conftest import Databases, _migrated, databases, online_dsn, server  # noqa: F401

SEED = 11
WORLD = dataclasses.replace(
    setting(seed=SEED, borrowers=80, days=49),
    scenario=played_scenario(49, Hazards(prepay=0.15)),
    returns=0.4,
    rounds_up=0.5,
    bank=Statements(misses=0.05, doubles=0.03, differs=0.03, nameless=0.06, transfers=0.06),
    provider=Provider(closed=0.05),
    decisions=Decisions(forgotten=0.5, leaves=0.5),
)
_FOLDERS = itertools.count(1)


class Shown:
    """A world that was played, with everything that a test may ask about."""

    def __init__(self, chosen, connection, folder, share=1.0, after=None):
        ears = talk_with(connection, chosen.first_day, folder, chosen.seed)
        self.connection = connection
        self.talk = ears.talk
        self.auditor = ears.auditor(share)
        self.said = []
        self.steps = []
        self.talk.listeners.append(self)
        self.played = play(chosen, ears.talk, self.auditor, None if after is None else lambda on: after(self, on))
        self.book = create_book(folder / f"book{next(_FOLDERS)}", currency=CURRENCY)
        forward(connection, self.book, self.talk.clock()[0])
        self.book = self.book.refresh()
        self.tables = tables_of(self.book)
        self.hash = events_hash(self.book, self.played.names())

    def heard(self, said):
        self.said.append(said)

    def closed(self, step):
        self.steps.append(step)

    def answers(self, what):
        return [each for each in self.said if each.what == what]


@pytest.fixture(scope="module")
def played(databases, _migrated, tmp_path_factory):  # noqa: F811
    """Plays worlds, each in a database of its own."""
    with contextlib.ExitStack() as held:

        def run(chosen, **options):
            name = databases.create(_migrated)
            held.callback(databases.drop, name)
            connection = held.enter_context(contextlib.closing(connect(databases.dsn(name))))
            connection.execute("SET synchronous_commit = off")
            connection.commit()
            return Shown(chosen, connection, tmp_path_factory.mktemp("world"), **options)

        yield run


@pytest.fixture(scope="module")
def shown(played):
    """Eighty strangers in seven weeks, and the month after; every loan and line looked up every evening."""
    return played(WORLD)


def test_the_auditor_finds_nothing(shown):
    assert shown.auditor.findings == []
    assert shown.auditor.compared > 10_000
    assert [step.findings for step in shown.steps if step.findings] == []


def test_things_happen_that_a_platform_must_bear(shown):
    asked = {what: shown.answers(what) for what in ("answer_offer", "repay", "give_back", "buy", "return_purchase")}
    decisions = [each.asked["decision"] for each in asked["answer_offer"]]
    assert {"accept", "refuse"} == set(decisions)
    assert asked["buy"]
    assert any(each.done for each in asked["return_purchase"])
    paid = [(each.asked["paid_on"], each.answer["state"]) for each in asked["repay"] if each.done]
    assert len(paid) > 20
    assert {each.asked["purpose"] for each in asked["repay"]} == {"repayment", "payoff"}
    declined = [each for each in shown.answers("assess") if each.answer["outcome"] != "approved"]
    assert declined
    assert all(each.answer["reasons"] for each in declined)
    contacts = shown.answers("record_contact")
    assert contacts
    assert all(each.done for each in contacts)
    assert any(each.done for each in shown.answers("resolve_suspense"))
    statements = [each.answer for each in shown.answers("take_statement")]
    assert len(statements) == len(shown.answers("take_statement")) >= 20
    for what in ("differing", "unknown", "matched_by_amount_and_day", "released", "unreported"):
        assert sum(each[what] for each in statements) > 0, what
    assert {each.status for each in shown.answers("erase")} == {200, 409}
    assert any(each.done for each in shown.answers("withdraw_consent"))
    assert any(each.done for each in shown.answers("fund_vehicle"))
    assert any(each.done for each in shown.answers("cancel_loan"))
    proposed = {each.answer["proposal_id"]: each.asked["kind"] for each in shown.answers("propose") if each.done}
    terms = [each for each in shown.answers("check") if proposed.get(each.asked["proposal_id"]) == "terms"]
    assert [each.answer["state"] for each in terms] == ["approved", "rejected"]
    refunds = [each for each in shown.answers("check") if each.done and each.answer["done"].get("refunded_fen")]
    assert refunds
    assert not [each for each in shown.said if each.status >= 500 or each.what == "another answer"]


def test_the_same_seed_gives_the_same_book_and_another_seed_another(shown, played):
    again = played(WORLD, share=0.0)
    assert again.hash == shown.hash
    assert again.connection is not shown.connection
    other = played(dataclasses.replace(WORLD, seed=SEED + 1), share=0.0)
    assert other.hash != shown.hash


HARD_TIMES = dataclasses.replace(
    setting(seed=5, borrowers=45, days=12),
    scenario=played_scenario(12, Hazards(miss=0.5, cure=(0.3, 0.15, 0.1, 0.05, 0.05, 0.05, 0.05), recover=1.0)),
    after=150,
    contacts_a_day=4,
    decisions=Decisions(bankrupt=0.8, placed=0.2, recalled=0.1),
)


def test_hard_times_in_which_claims_pass_and_money_comes_back(played):
    shown = played(HARD_TIMES, share=0.0)
    # A cap that is used up is told by the close; that the auditor finds the same amounts says that it is right.
    assert [each for each in shown.auditor.findings if "the cap of its guarantee is used up" not in each.message] == []
    results = {name: [step.result for step in shown.steps if step.step == name] for name in ("compensation", "buy_backs")}
    assert sum(each["paid_fen"] for each in results["compensation"]) > 0
    assert sum(each["price_fen"] for each in results["buy_backs"]) > 0
    assert any(step.result["dates"] for step in shown.steps if step.step == "vehicle_waterfalls")
    decided = [each.answer["done"] for each in shown.answers("check") if each.done]
    assert any(each.get("state") == "charged_off" for each in decided)
    assert any(each.done and each.asked.get("made_by") == "agency" for each in shown.answers("record_contact"))
    assert any(each.done for each in shown.answers("hand_over"))
    story = story_of(shown.auditor)
    assert sum(each.compensated_fen for each in story.business) == sum(each["paid_fen"] for each in results["compensation"])
    assert sum(each.recovered_fen for each in story.business) > 0
    assert sum(each.written_off_fen for each in story.business) > 0


SHORT = dataclasses.replace(setting(seed=3, borrowers=40, days=14), after=24)
TAMPERED_ON = SHORT.first_day + 34
BEHIND_THE_BACK = {
    "a line's use": (
        "UPDATE credit_line SET used_fen = used_fen - 1 WHERE used_fen > 0",
        "line ",
    ),
    "money of a payment": (
        "UPDATE payment SET amount_fen = amount_fen + 100 WHERE payment_id = (SELECT min(payment_id) FROM payment)",
        "loan ",
    ),
    "a loan's principal": (
        "UPDATE loan SET principal_fen = principal_fen - 5000 WHERE loan_id = "
        "(SELECT min(loan_id) FROM loan WHERE state = 'disbursed')",
        "close of ",
    ),
    "a quota": (
        "UPDATE quota SET confirmed_fen = confirmed_fen - 1 WHERE scope = 'total' AND confirmed_fen > 0",
        "quota ",
    ),
    "what a statement reported": (
        "UPDATE reported SET amount_fen = amount_fen + 1 WHERE booking_id = (SELECT min(booking_id) FROM reported)",
        "account ",
    ),
    "a vehicle's cash": (
        "UPDATE vehicle_balance SET amount_fen = amount_fen + 1 WHERE vehicle = 'lantern_micro_lending' AND kind = 'account'",
        "vehicle ",
    ),
    "a partner's loan": (
        "UPDATE loan SET state = 'repaid', closed_on = drawn_on WHERE loan_id = "
        "(SELECT max(loan_id) FROM loan WHERE state = 'disbursed')",
        "loan ",
    ),
}


@pytest.mark.parametrize("what", BEHIND_THE_BACK)
def test_a_table_changed_behind_the_back_is_found_by_who_sees_no_table(what, played):
    statement, place = BEHIND_THE_BACK[what]
    before = []

    def tamper(world, on):
        if on == TAMPERED_ON:
            before.extend(world.auditor.findings)
            changed = world.connection.execute(statement)
            world.connection.commit()
            assert changed.rowcount > 0

    found = played(SHORT, after=tamper).auditor.findings
    assert before == []
    assert any(each.place.startswith(place) for each in found), found
