"""`loanbook key`: as the guide shows it, and in words where it does not go."""

import base64
import re
import shlex
from pathlib import Path

import pytest

from loanbook.stores.embedded import DSN_VARIABLE
from loanbook.stores.online.audit import seal, verify_chain
from loanbook.stores.online.callers import known_callers
from loanbook.stores.online.key_file import FOLDER_VARIABLE
from loanbook.stores.online.unit import connect
from tests.docs.blocks import command
from tests.online.conftest import NOW

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "keys.md"
_KEY = re.compile(r"^loanbook_[A-Za-z0-9_-]{43}$", re.MULTILINE)


@pytest.fixture
def store(empty_dsn, monkeypatch, tmp_path):
    monkeypatch.setenv(DSN_VARIABLE, empty_dsn)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "keys"))
    monkeypatch.setenv("LOANBOOK_MASTER_KEY", base64.b64encode(b"1" * 32).decode())
    return empty_dsn


def _callers(store, *keys):
    with connect(store) as tx:
        return [each and (each.caller_id, each.role) for each in known_callers(tx, keys, NOW)]


def _run(line):
    code, said = command(shlex.split(line)[1:])
    return code, said


def test_the_first_key_makes_the_store_and_is_seen_once(store):
    code, said = _run("loanbook key create --role operator --name desk-1")
    assert code == 0, said
    key = _KEY.search(said)[0]
    assert _callers(store, key) == [("desk-1", "operator")]
    assert "desk-1, role operator, until" in said
    listed = _run("loanbook key list")[1]
    assert "desk-1" in listed
    assert key not in listed


def test_the_commands_of_the_guide_run_in_their_order(store):
    fences = re.findall(r"^```console\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ") for fence in fences for line in fence.splitlines() if line.startswith("$ loanbook")]
    assert len(lines) >= 5
    for line in lines:
        code, said = _run(line)
        assert code == 0, f"{line}: {said}"


def test_every_change_is_in_the_audit_log(store):
    for line in ("create --role auditor --name eye", "rotate eye", "revoke eye", "rewrap"):
        assert _run(f"loanbook key {line}")[0] == 0
    with connect(store) as tx:
        told = [(row["action"], row["subjects"]) for row in tx.execute("SELECT action, subjects FROM audit ORDER BY entry")]
        seal(tx)
        assert verify_chain(tx).broken is None
    assert told == [
        ("key_created", ["eye"]),
        ("key_rotated", ["eye"]),
        ("caller_revoked", ["eye"]),
        ("master_key_rotated", ["key file"]),
    ]


def test_a_rotation_says_when_the_old_keys_end(store):
    _run("loanbook key create --role risk --name r")
    for days, words in (("0", "older keys end now."), ("1", "older keys end in 1 day."), ("2", "older keys end in 2 days.")):
        assert words in _run(f"loanbook key rotate r --overlap-days {days}")[1]


def test_a_revoked_caller_and_an_unknown_role_are_refused_in_words(store):
    _run("loanbook key create --role risk --name r")
    _run("loanbook key revoke r")
    for line, words in (
        ("loanbook key rotate r", "error: caller r was revoked"),
        ("loanbook key revoke nobody", "error: there is no caller 'nobody'"),
        ("loanbook key create --role admin", "error: 'admin' is no role"),
        ("loanbook key create --role partner", "error: a key of role partner names its partner"),
        ("loanbook key create --role partner --partner harbor_bank", "Did you mean harbour_bank? Partners: granite_bank,"),
        ("loanbook key create --role borrower_app --borrower bw-nope", "error: there is no borrower bw-nope"),
    ):
        code, said = _run(line)
        assert code == 2
        assert words in " ".join(said.split())


def test_a_key_of_a_borrower_that_is_registered_is_made(store):
    _run("loanbook key create --role operator --name desk-1")
    with connect(store) as tx:
        tx.execute(
            "INSERT INTO borrower (borrower_id, kind, channel, acquisition_cost_fen, registered_at) "
            "VALUES ('bw-1', 'consumer', 'web', 0, now())"
        )
        tx.commit()
    code, said = _run("loanbook key create --role borrower_app --borrower bw-1 --name app-1")
    assert code == 0, said


def test_rewrapping_needs_a_master_key(store, monkeypatch):
    monkeypatch.delenv("LOANBOOK_MASTER_KEY")
    code, said = _run("loanbook key rewrap")
    assert code == 2
    assert "LOANBOOK_MASTER_KEY is not set" in said
