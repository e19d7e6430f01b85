"""API keys: seen once, kept as hashes, valid for their caller until they expire, are replaced or revoked."""

import datetime as dt
from hashlib import sha256

import psycopg
import pytest

from loanbook.errors import RequestError
from loanbook.stores.online.callers import (
    KnownCaller,
    create_caller,
    known_callers,
    list_callers,
    revoke_caller,
    rotate_key,
)
from tests.online.conftest import NOW

YEAR, DAY = dt.timedelta(days=365), dt.timedelta(days=1)


def _made(tx, **settings):
    return create_caller(tx, **({"role": "operator", "now": NOW, "valid": YEAR} | settings))


def test_a_key_names_its_caller_and_only_its_hash_is_kept(tx):
    made = _made(tx, role="partner", partner="harbour_bank", caller_id="harbour")
    assert known_callers(tx, [made.text], NOW) == [KnownCaller(caller_id="harbour", role="partner", partner="harbour_bank")]
    kept = tx.execute("SELECT * FROM api_key").fetchone()
    assert bytes(kept["key_hash"]) == sha256(made.text.encode()).digest()
    everything = str(tx.execute("SELECT c, k FROM caller c JOIN api_key k USING (caller_id)").fetchall())
    assert made.text.removeprefix("loanbook_") not in everything
    assert made.text not in repr(made)


def test_keys_are_256_random_bits(tx):
    texts = [_made(tx).text for _ in range(20)]
    assert len(set(texts)) == 20
    assert {len(text.removeprefix("loanbook_")) for text in texts} == {43}


@pytest.mark.parametrize(
    "key", ["", "loanbook_", "loanbook_" + "A" * 43, "bearer x", "loanbook_" + "A" * 5000, "x\0y", "loanbook_" + "é" * 43]
)
def test_what_is_no_key_is_nobody(tx, key):
    _made(tx)
    assert known_callers(tx, [key], NOW) == [None]


def test_many_keys_are_answered_at_once_each_in_its_place(tx):
    first, second = _made(tx, caller_id="a"), _made(tx, caller_id="b", role="auditor")
    found = known_callers(tx, [second.text, "no key", first.text, second.text], NOW)
    assert [each and each.caller_id for each in found] == ["b", None, "a", "b"]


def test_a_key_ends_when_it_expires(tx):
    made = _made(tx, valid=DAY)
    assert known_callers(tx, [made.text], NOW + DAY - dt.timedelta(seconds=1)) != [None]
    assert known_callers(tx, [made.text], NOW + DAY) == [None]


def test_after_rotation_both_keys_work_until_the_overlap_ends_for_the_same_caller(tx):
    old = _made(tx, caller_id="desk")
    new = rotate_key(tx, "desk", now=NOW, valid=YEAR, overlap=DAY)
    both = known_callers(tx, [old.text, new.text], NOW)
    assert both[0] == both[1] is not None
    assert [each is not None for each in known_callers(tx, [old.text, new.text], NOW + DAY)] == [False, True]


def test_rotation_does_not_lengthen_a_key_that_ends_sooner(tx):
    old = _made(tx, caller_id="desk", valid=dt.timedelta(hours=1))
    rotate_key(tx, "desk", now=NOW, valid=YEAR, overlap=DAY)
    assert known_callers(tx, [old.text], NOW + dt.timedelta(hours=2)) == [None]


def test_revoking_a_caller_ends_all_its_keys_at_once_and_for_good(tx):
    keys = [_made(tx, caller_id="desk").text, rotate_key(tx, "desk", now=NOW, valid=YEAR, overlap=DAY).text]
    other = _made(tx, caller_id="other")
    assert revoke_caller(tx, "desk", now=NOW) == 2
    assert known_callers(tx, [*keys, other.text], NOW)[:2] == [None, None]
    assert known_callers(tx, [other.text], NOW)[0] is not None
    for again in (
        lambda: revoke_caller(tx, "desk", now=NOW),
        lambda: rotate_key(tx, "desk", now=NOW, valid=YEAR, overlap=DAY),
    ):
        with pytest.raises(RequestError, match="was revoked on 2026-11-22"):
            again()
    shown = {row["caller_id"]: (row["valid_keys"], row["revoked_at"]) for row in list_callers(tx, NOW)}
    assert shown == {"desk": (0, NOW), "other": (1, None)}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"role": "admin"}, "'admin' is no role. Roles: borrower_app, partner"),
        ({"role": "partner"}, "names its partner"),
        ({"role": "risk", "partner": "harbour_bank"}, "names its partner"),
        ({"role": "risk", "borrower_id": "b1"}, "only a key of role borrower_app"),
        ({"valid": dt.timedelta(0)}, "valid for some time"),
        ({"caller_id": "taken"}, "there is a caller taken already"),
    ],
)
def test_a_caller_that_does_not_go_is_refused_in_words(tx, settings, words):
    _made(tx, caller_id="taken")
    with pytest.raises(RequestError, match=words):
        _made(tx, **settings)


def test_the_tables_themselves_hold_no_other_role(tx):
    with pytest.raises(psycopg.errors.CheckViolation):
        tx.execute("INSERT INTO caller (caller_id, role, created_at) VALUES ('x', 'admin', now())")
