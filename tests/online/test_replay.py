"""A decision made again is the same one, a changed one is told by its differences, and an erased one says INPUT_ERASED."""

import json

import pytest
from typer.testing import CliRunner

from loanbook.cli import app
from loanbook.services.caller import Caller
from loanbook.stores.online.unit import connect
from tests.online.borrowing import assessed, borrower, partner_named
from tests.online.commanding import online_vault
from tests.online.platform import Platform

RISK = Caller(caller_id="risk", role="risk")


@pytest.fixture
def platform(tx, vault):
    return Platform(tx, vault)


def _replayed(platform, decision_id):
    status, told = platform.look("replay", decision_id, caller=RISK)
    assert status == 200, told
    return told


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"on_fraud_list": True, "age_years": 17},
        {"bureau_score": None},
        {"debt_to_income": 0.2},
        {"unheard_of": [1, {"a": 2}]},
    ],
    ids=["approved", "declined", "missing", "wrong type", "unread"],
)
def test_a_decision_made_again_is_identical_whatever_it_was(platform, inputs):
    decided = assessed(platform, borrower(platform, "1"), **inputs)
    told = _replayed(platform, decided["decision_id"])
    assert told["differences"] == []
    assert (told["identical"], told["outcome"], told["reasons"]) == (True, decided["outcome"], decided["reasons"])


def test_it_is_the_archived_strategy_that_decides_again(platform):
    decided = assessed(platform, borrower(platform, "1"))
    text = platform.connection.execute(
        "SELECT content FROM terms t JOIN decision d ON d.strategy_hash = t.hash WHERE d.decision_id = %s",
        (decided["decision_id"],),
    ).fetchone()["content"]
    platform.connection.execute("UPDATE terms SET content = %s WHERE content = %s", (text + "\n", text))
    platform.connection.commit()
    status, told = platform.look("replay", decided["decision_id"], caller=RISK)
    assert (status, told["rule"]) == (409, "strategy_not_archived")


def test_what_was_changed_since_is_told(platform, vault):
    decided = assessed(platform, borrower(platform, "1"))
    row = platform.connection.execute("SELECT * FROM decision").fetchone()
    ring = vault.keyring(platform.connection, [row["borrower_id"]])
    place = f"decision {row['decision_id']}"
    sealed = ring.open(row["borrower_id"], place, bytes(row["sealed"]))
    sealed["inputs"] |= {"bureau_score": 420, "on_fraud_list": True}
    platform.connection.execute("UPDATE decision SET sealed = %s", (ring.seal(row["borrower_id"], place, sealed),))
    platform.connection.execute("UPDATE credit_line SET limit_fen = limit_fen + 1")
    platform.connection.commit()
    told = _replayed(platform, decided["decision_id"])
    changed = {each["what"]: (each["decided"], each["again"]) for each in told["differences"]}
    assert told["identical"] is False
    assert json.loads(changed["evidence.feature.bureau_score"][0])["value"] == 760
    assert json.loads(changed["evidence.feature.bureau_score"][1])["value"] == 420
    assert changed["outcome"] == ('"approved"', '"declined"')
    assert changed["line.limit_fen"][1] == "null"


def test_after_erasure_replay_answers_input_erased(platform, vault):
    borrower_id = borrower(platform, "1")
    decided = assessed(platform, borrower_id)
    assert platform.done("erase", borrower_id=borrower_id) == {"borrower_id": borrower_id, "state": "erased"}
    status, told = platform.look("replay", decided["decision_id"], caller=RISK)
    assert (status, told["rule"], told["detail"][:12]) == (410, "INPUT_ERASED", "INPUT_ERASED")
    assert platform.look("decision", decided["decision_id"])[1]["outcome"] == "approved"


def test_replay_is_for_those_who_answer_for_decisions(platform):
    decided = assessed(platform, borrower(platform, "1"))
    for role in ("borrower_app", "finance", "provider", "bureau"):
        found = platform.look("replay", decided["decision_id"], caller=Caller(caller_id="c", role=role))
        assert found[1]["rule"] == "role_not_allowed"
    assert platform.look("replay", decided["decision_id"], caller=partner_named("harbour_bank"))[0] == 403
    assert platform.look("replay", decided["decision_id"], caller=Caller(caller_id="a", role="auditor"))[0] == 200
    assert platform.look("replay", "dc-none", caller=RISK)[1]["rule"] == "no_such_decision"


def _run(*words):
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


def test_the_commands_replay_forget_and_say_so(online_dsn, tmp_path, monkeypatch):
    vault = online_vault(monkeypatch, online_dsn, tmp_path)
    with connect(online_dsn) as connection:
        platform = Platform(connection, vault)
        borrower_id = borrower(platform, "1")
        decision = assessed(platform, borrower_id)["decision_id"]
    code, said = _run("replay", decision)
    assert (code, f"{decision}: approved, identical" in said) == (0, True), said
    code, said = _run("erase", borrower_id, "--yes")
    assert (code, f"{borrower_id} is forgotten" in said) == (0, True), said
    code, said = _run("erase", borrower_id, "--yes")
    assert (code, "not erased: there is no borrower" in said) == (1, True), said
    code, said = _run("replay", decision)
    assert (code, said.startswith("INPUT_ERASED")) == (1, True), said
