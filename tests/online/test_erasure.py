"""A borrower who is forgotten: nothing opens, nothing is drawn, and no backup of the database brings them back."""

import subprocess

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from loanbook.services.caller import Caller
from loanbook.stores.online.unit import connect
from tests.online.borrowing import SHARING, assessed, borrower, drawn
from tests.online.platform import Platform


@pytest.fixture
def platform(tx, vault):
    return Platform(tx, vault)


def _erase(platform, borrower_id, **asked):
    return platform.ask("erase", borrower_id=borrower_id, **asked)


def test_a_borrower_who_asks_is_forgotten_and_draws_no_more(platform, vault):
    borrower_id = borrower(platform, "310-example")
    line = assessed(platform, borrower_id)
    quoted = platform.done("quote", line_id=line["line_id"], product="cash_loan", principal_fen=500_000, installment_count=6)
    assert _erase(platform, borrower_id)[0] == 200
    assert vault.identities(platform.connection, [borrower_id]) == [None]
    assert platform.ask("draw_down", quote_id=quoted["quote_id"])[1]["rule"] == "line_not_open"
    asked = {"consents": ["x"], "consent_text_hash": "0" * 64, "province": "hunan", "inputs": {}}
    assert platform.ask("apply", borrower_id=borrower_id, **asked)[1]["rule"] == "borrower_erased"
    row = platform.connection.execute("SELECT age_least, age_most, state FROM credit_line").fetchone()
    assert row == {"age_least": None, "age_most": None, "state": "closed"}
    assert (
        platform.ask("give_consent", borrower_id=borrower_id, purpose=SHARING, text_hash="0" * 64)[1]["rule"] == "borrower_erased"
    )
    assert _erase(platform, borrower_id)[1]["rule"] == "no_such_borrower"
    registered = borrower(platform, "310-example")
    assert registered != borrower_id


@pytest.mark.parametrize("until", ["offered", "confirmed", "disbursed"])
def test_an_open_loan_keeps_its_borrower(platform, until):
    borrower_id = borrower(platform, "1")
    loan = drawn(platform, assessed(platform, borrower_id)["line_id"])
    if until != "offered":
        platform.done("answer_offer", loan_id=loan["loan_id"], decision="accept")
    if until == "disbursed":
        platform.done("disburse", loan_id=loan["loan_id"], provider_reference="out", disbursed_on=platform.today)
    assert _erase(platform, borrower_id)[1]["rule"] == "loan_running"
    if until == "disbursed":
        payoff = {"provider_reference": "in", "amount_fen": 600_000, "paid_on": platform.today, "purpose": "payoff"}
        platform.done("repay", loan_id=loan["loan_id"], **payoff)
        told = _erase(platform, borrower_id)[1]
        assert (told["rule"], told["source"][:25]) == ("retention_period", "Anti-Money Laundering Law")


def test_a_borrowers_app_forgets_its_borrower_alone(platform):
    borrower_id, other = borrower(platform, "1"), borrower(platform, "2")
    app = Caller(caller_id="app", role="borrower_app", borrower_id=borrower_id)
    assert _erase(platform, other, caller=app)[1]["rule"] == "no_such_borrower"
    assert _erase(platform, borrower_id, caller=app)[0] == 200
    for role in ("partner", "risk", "auditor", "finance"):
        caller = Caller(caller_id="c", role=role, partner="harbour_bank" if role == "partner" else None)
        assert _erase(platform, other, caller=caller)[1]["rule"] == "role_not_allowed"


def test_who_draws_while_being_forgotten_is_either_kept_or_draws_nothing(platform, online_dsn, vault):
    borrower_id = borrower(platform, "1")
    line_id = assessed(platform, borrower_id)["line_id"]
    with connect(online_dsn) as other:
        other.execute("SELECT 1 FROM credit_line WHERE line_id = %s FOR UPDATE", (line_id,))
        platform.connection.execute("SET lock_timeout = '300ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            _erase(platform, borrower_id)
        platform.connection.rollback()
    assert vault.identities(platform.connection, [borrower_id]) != [None]


@pytest.fixture(params=["copy", "dump as text"])
def backup(request, server, databases, online_dsn, tmp_path):
    """Takes a backup of the database now, and brings it back beside it later: (take, bring_back); bring_back gives a DSN."""
    made, dump = [], tmp_path / "dump.sql"

    def run(program, *words):
        done = subprocess.run([server.binaries.path(program), *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def take():
        if request.param == "copy":
            made.append(databases.create(conninfo_to_dict(online_dsn)["dbname"]))
        else:
            run("pg_dump", "--no-owner", "-f", str(dump), online_dsn)

    def bring_back():
        if request.param != "copy":
            made.append(databases.create())
            run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(dump), databases.dsn(made[0]))
        return databases.dsn(made[0])

    yield take, bring_back
    for name in made:
        databases.drop(name)


def test_an_old_backup_does_not_bring_back_who_was_forgotten(online_dsn, vault, backup):
    take, bring_back = backup
    with connect(online_dsn) as connection:
        platform = Platform(connection, vault)
        gone, stays = borrower(platform, "310-gone"), borrower(platform, "310-stays")
        decisions = {each: assessed(platform, each)["decision_id"] for each in (gone, stays)}
    take()
    with connect(online_dsn) as connection:
        assert _erase(Platform(connection, vault), gone, key="erase")[0] == 200
    with connect(bring_back()) as connection:
        row = connection.execute("SELECT lookup, sealed, key_slot FROM identity WHERE borrower_id = %s", (gone,)).fetchone()
        assert None not in row.values(), "the backup is older than the erasure, or this shows nothing"
        platform = Platform(connection, vault)
        assert vault.identities(connection, [gone]) == [None]
        assert vault.identities(connection, [stays]) == [{"name": "Wang Example", "document": "310-stays"}]
        assert platform.look("replay", decisions[gone])[1]["rule"] == "INPUT_ERASED"
        assert platform.look("replay", decisions[stays])[1]["identical"] is True
        asked = {"consents": ["credit_assessment"], "consent_text_hash": "0" * 64, "province": "hunan", "inputs": {}}
        assert platform.ask("apply", key="apply", borrower_id=gone, **asked)[1]["rule"] == "borrower_erased"
        assert vault.erase_again(connection, platform.clock()[0]) == [gone]
        connection.commit()
        left = connection.execute("SELECT num_nulls(lookup, sealed, key_slot) AS n FROM identity WHERE borrower_id = %s", (gone,))
        assert left.fetchone() == {"n": 3}
        state = connection.execute("SELECT state, age_least FROM credit_line WHERE borrower_id = %s", (gone,)).fetchone()
        assert state == {"state": "closed", "age_least": None}


def test_what_is_readable_of_a_line_is_a_band_of_ages_and_a_province(platform):
    borrower_id = borrower(platform, "1")
    assessed(platform, borrower_id, age_years=37)
    row = platform.connection.execute("SELECT * FROM credit_line").fetchone()
    assert (row["age_least"], row["age_most"], row["province"]) == (23, 55, "hunan")
    assert 37 not in row.values()
    assert "age_years" not in row
