"""The played world: repeatable, nothing found by its auditor, all five business models, and agreeing with the columnar world."""

import contextlib
import dataclasses
import itertools

import pytest

from loanbook.services.forwarding import CURRENCY, forward
from loanbook.simulator.play.auditor import Auditor
from loanbook.simulator.play.events_hash import events_hash, tables_of
from loanbook.simulator.play.played import play
from loanbook.simulator.play.setting import setting
from loanbook.simulator.play.store import talk_with
from loanbook.stores.book import create_book
from loanbook.stores.online.unit import connect
from tests.online.conftest import Databases, _migrated, databases, online_dsn, server  # noqa: F401

SEED = 11
WORLD = dataclasses.replace(setting(seed=SEED, borrowers=80, days=49), returns=0.4)
_FOLDERS = itertools.count(1)


class Shown:
    """A world that was played, with everything that a test may ask about."""

    def __init__(self, chosen, connection, folder, share=1.0, after=None):
        ears = talk_with(connection, chosen.first_day, folder, chosen.seed)
        self.connection = connection
        self.talk = ears.talk
        self.auditor = Auditor(talk=ears.talk, mandates=ears.mandates, share=share)
        self.said = []
        self.steps = []
        self.talk.listeners += [self.auditor, self]
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
    assert not [each for each in shown.said if each.status >= 500 or each.what == "another answer"]


def test_the_same_seed_gives_the_same_book_and_another_seed_another(shown, played):
    again = played(WORLD, share=0.0)
    assert again.hash == shown.hash
    assert again.connection is not shown.connection
    other = played(dataclasses.replace(WORLD, seed=SEED + 1), share=0.0)
    assert other.hash != shown.hash


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
