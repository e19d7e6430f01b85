"""Personal data: sealed, found, erased for good, and nowhere else."""

import os
import subprocess
import threading

import msgspec
import psycopg
import pytest

from loanbook.errors import EngineError, StateError
from loanbook.stores.online.key_file import KeyFile, MasterKeys
from loanbook.stores.online.unit import connect
from loanbook.stores.online.vault import INPUT_ERASED, InputErasedError, PersonalData, Vault
from tests.online.conftest import NOW

DETAILS = {"name": "Lin Example", "telephone": "000-0000"}


def _person(number, borrower_id=None):
    return PersonalData(borrower_id=borrower_id or f"b{number}", document=f"EX {number:06}", details=DETAILS)


def _borrower(tx, *names):
    for name in names:
        tx.execute("INSERT INTO borrower VALUES (%s, 'consumer', 'example', 0, %s)", (name, NOW))


def _registered(tx, vault, *numbers):
    ids = vault.put(tx, [_person(number) for number in numbers])
    _borrower(tx, *ids)
    tx.commit()
    return ids


def _apply(tx, vault, borrower_id):
    """An application and its decision, sealed as the services seal them."""
    ring = vault.keyring(tx, [borrower_id])
    inputs = {"age": 34, "income_fen": 1_234_567, "city": "Exampleton"}
    application = ring.seal(borrower_id, f"application ap-{borrower_id}", inputs)
    decision = ring.seal(borrower_id, f"decision dc-{borrower_id}", {"inputs": inputs, "evidence": {"points": 612}})
    tx.execute(
        "INSERT INTO application VALUES (%s, %s, %s, 'decided', %s, %s)",
        (f"ap-{borrower_id}", borrower_id, NOW.date(), application, NOW),
    )
    tx.execute("INSERT INTO terms VALUES ('h', 'strategy', 's', '2026-01-01', 'c', now()) ON CONFLICT DO NOTHING")
    tx.execute(
        "INSERT INTO decision (decision_id, application_id, borrower_id, decided_on, strategy_hash, outcome, reasons, sealed,"
        " recorded_at) VALUES (%s, %s, %s, %s, 'h', 'approved', '{}', %s, %s)",
        (f"dc-{borrower_id}", f"ap-{borrower_id}", borrower_id, NOW.date(), decision, NOW),
    )
    tx.commit()
    return decision


def _dump(server, dsn):
    """The database as `pg_dump` writes it."""
    name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
    return server._run("pg_dump", "-h", str(server.socket_folder()), "-U", "postgres", name).stdout


def test_an_identity_is_sealed_found_by_its_document_and_read_again(tx, vault):
    assert _registered(tx, vault, 1, 2) == ["b1", "b2"]
    assert vault.find(tx, ["EX 000001", "ex000002", "EX 000003"]) == ["b1", "b2", None]
    assert vault.identities(tx, ["b2"]) == [{**DETAILS, "document": "EX 000002"}]
    with pytest.raises(StateError, match="was ever sealed for b9"):
        vault.identities(tx, ["b9"])


def test_a_document_names_one_borrower_whoever_registers_it_again(tx, vault):
    _registered(tx, vault, 1)
    again = vault.put(tx, [_person(1, "b7"), _person(2, "b8"), _person(2, "b9")])
    assert again == ["b1", "b8", "b8"]
    _borrower(tx, "b8")
    tx.commit()
    assert vault.identities(tx, ["b1"])[0]["document"] == "EX 000001"


def test_an_identity_without_its_borrower_does_not_commit(tx, vault):
    vault.put(tx, [_person(1)])
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        tx.commit()


def test_two_transactions_that_register_one_person_agree_and_the_loser_leaves_no_key(online_dsn, vault):
    with connect(online_dsn) as first, connect(online_dsn) as second:
        assert vault.put(first, [_person(1, "b1")]) == ["b1"]
        _borrower(first, "b1")
        found = []
        waiting = threading.Thread(target=lambda: found.extend(vault.put(second, [_person(1, "b2")])))
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        first.commit()
        waiting.join(10)
        assert found == ["b1"]
        second.commit()
        slots = first.execute("SELECT key_slot FROM identity").fetchall()
        assert len(slots) == 1
        assert vault.keys.emptied([slots[0]["key_slot"], slots[0]["key_slot"] + 1]) == [False, True]


def test_sealed_bytes_are_of_one_borrower_and_one_row(tx, vault):
    _registered(tx, vault, 1, 2)
    ring = vault.keyring(tx, ["b1", "b2"])
    sealed = ring.seal("b1", "decision dc-1", {"age": 34})
    assert ring.open("b1", "decision dc-1", sealed) == {"age": 34}
    assert ring.seal("b1", "decision dc-1", {"age": 34}) != sealed
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for owner, place, content in [
        ("b2", "decision dc-1", sealed),
        ("b1", "decision dc-2", sealed),
        ("b1", "decision dc-1", changed),
        ("b1", "decision dc-1", b"\2" + sealed[1:]),
        ("b1", "decision dc-1", b""),
    ]:
        with pytest.raises(EngineError, match="is not what was written there"):
            ring.open(owner, place, content)


def test_erasure_destroys_key_lookup_and_sealed_bytes_and_reading_answers_input_erased(tx, vault):
    _registered(tx, vault, 1, 2)
    kept = _apply(tx, vault, "b1")
    _apply(tx, vault, "b2")
    assert vault.erase(tx, ["b1", "b9"], NOW) == ["b1"]
    tx.commit()
    assert vault.erase(tx, ["b1"], NOW) == []
    row = tx.execute("SELECT * FROM identity WHERE borrower_id = 'b1'").fetchone()
    assert row == {"borrower_id": "b1", "lookup": None, "sealed": None, "key_slot": None, "erased_at": NOW}
    assert vault.find(tx, ["EX 000001", "EX 000002"]) == [None, "b2"]
    assert vault.identities(tx, ["b1", "b2"]) == [None, {**DETAILS, "document": "EX 000002"}]
    for table in ("application", "decision"):
        sizes = tx.execute(f"SELECT octet_length(sealed) AS n FROM {table} ORDER BY borrower_id").fetchall()
        assert sizes[0]["n"] == 0 < sizes[1]["n"]
    assert tx.execute("SELECT outcome FROM decision WHERE borrower_id = 'b1'").fetchone() == {"outcome": "approved"}
    ring = vault.keyring(tx, ["b1"])
    for read in (lambda: ring.open("b1", "decision dc-b1", kept), lambda: ring.seal("b1", "decision dc-3", {})):
        with pytest.raises(InputErasedError, match=f"^{INPUT_ERASED}: "):
            read()


def test_an_erasure_whose_transaction_fails_is_erased_all_the_same_and_can_be_ended(tx, vault):
    _registered(tx, vault, 1)
    vault.erase(tx, ["b1"], NOW)
    tx.rollback()
    assert vault.identities(tx, ["b1"]) == [None]
    assert vault.erase(tx, ["b1"], NOW) == ["b1"]
    tx.commit()
    assert vault.find(tx, ["EX 000001"]) == [None]


def test_someone_erased_may_register_again_as_another_borrower(tx, vault):
    _registered(tx, vault, 1)
    vault.erase(tx, ["b1"], NOW)
    tx.commit()
    assert vault.put(tx, [_person(1, "b5")]) == ["b5"]
    _borrower(tx, "b5")
    tx.commit()
    assert vault.identities(tx, ["b1", "b5"])[0] is None


def test_a_backup_from_before_the_erasure_does_not_bring_anything_back(server, databases, online_dsn, vault):
    with connect(online_dsn) as tx:
        _registered(tx, vault, 1, 2)
        sealed = _apply(tx, vault, "b1")
        tx.rollback()
        name = psycopg.conninfo.conninfo_to_dict(online_dsn)["dbname"]
    older = databases.create(name)  # a copy of every file of the database, taken before
    try:
        with connect(online_dsn) as tx:
            vault.erase(tx, ["b1"], NOW)
            tx.commit()
        with connect(databases.dsn(older)) as back:
            held = back.execute("SELECT sealed, key_slot FROM identity WHERE borrower_id = 'b1'").fetchone()
            assert held["sealed"] is not None
            assert vault.identities(back, ["b1", "b2"]) == [None, {**DETAILS, "document": "EX 000002"}]
            with pytest.raises(InputErasedError):
                vault.keyring(back, ["b1"]).open("b1", "decision dc-b1", sealed)
            assert vault.erase_again(back, NOW) == ["b1"]
            back.commit()
            assert vault.find(back, ["EX 000001"]) == [None]
            assert back.execute("SELECT sealed, lookup FROM identity WHERE borrower_id = 'b1'").fetchone() == {
                "sealed": None,
                "lookup": None,
            }
            assert vault.erase_again(back, NOW) == []
    finally:
        databases.drop(older)


def test_a_dump_holds_neither_a_key_nor_anything_personal(server, online_dsn, tx, vault):
    _registered(tx, vault, 1)
    _apply(tx, vault, "b1")
    tx.commit()
    dump = _dump(server, online_dsn)
    [slot] = tx.execute("SELECT key_slot FROM identity").fetchall()
    [key] = vault.keys.read([(slot["key_slot"], "b1")])
    assert "b1" in dump
    for secret in ("Lin", "EX 000001", "000001", "Exampleton", "1234567", key.hex(), vault.keys.root().hex()):
        assert secret not in dump
        assert secret.encode().hex() not in dump


def test_rotation_touches_no_sealed_byte_and_no_lookup(online_dsn, tx, tmp_path):
    old, new = b"1" * 32, b"2" * 32
    vault = Vault(KeyFile(MasterKeys.of([old]), tmp_path))
    _registered(tx, vault, 1, 2, 3)
    vault.erase(tx, ["b3"], NOW)
    tx.commit()
    before = tx.execute("SELECT * FROM identity ORDER BY 1").fetchall()
    assert Vault(KeyFile(MasterKeys.of([new, old]), tmp_path)).rotate(tx) == 3  # the root, b1 and b2
    tx.commit()
    assert tx.execute("SELECT * FROM identity ORDER BY 1").fetchall() == before
    renewed = Vault(KeyFile(MasterKeys.of([new]), tmp_path))
    assert renewed.find(tx, ["EX 000001"]) == ["b1"]
    assert renewed.identities(tx, ["b1", "b3"]) == [{**DETAILS, "document": "EX 000001"}, None]


def test_a_rotation_waits_for_registrations_and_loses_none(online_dsn, vault):
    with connect(online_dsn) as registering, connect(online_dsn) as rotating:
        vault.put(registering, [_person(1)])
        _borrower(registering, "b1")
        done = []
        waiting = threading.Thread(target=lambda: done.append(vault.rotate(rotating)))
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        registering.commit()
        waiting.join(10)
        assert done == [2]
        rotating.commit()
        assert vault.identities(registering, ["b1"])[0]["name"] == "Lin Example"


def test_a_rotation_between_a_new_key_and_its_row_does_not_take_it_for_nobodys(online_dsn, vault, monkeypatch):
    with connect(online_dsn) as registering, connect(online_dsn) as rotating:
        create, started = vault.keys.create, []

        def interrupted(owners):
            made = create(owners)
            thread = threading.Thread(target=lambda: (vault.rotate(rotating), rotating.commit()))
            thread.start()
            thread.join(0.5)
            started.append(thread)
            return made

        monkeypatch.setattr(vault.keys, "create", interrupted)
        vault.put(registering, [_person(1)])
        _borrower(registering, "b1")
        registering.commit()
        started[0].join(10)
        assert not started[0].is_alive()
        assert vault.identities(registering, ["b1"])[0]["name"] == "Lin Example"


def test_lookups_and_body_hashes_are_keyed_and_apart(vault, tmp_path):
    other = Vault(KeyFile(MasterKeys.of([b"1" * 32]), tmp_path / "other"))
    assert vault.lookup("EX 1") == vault.lookup("ex1") != other.lookup("EX 1")
    assert vault.body_hash(b"EX1") != vault.lookup("EX1")
    assert vault.body_hash(b"{}") != other.body_hash(b"{}")


def test_the_key_folder_is_not_inside_the_servers(server, vault):
    assert not vault.keys.folder.is_relative_to(server.folder)
    found = subprocess.run(["grep", "-rl", "loanbook keys 1", str(server.folder)], capture_output=True, check=False)
    assert found.stdout == b""
    assert os.stat(vault.keys.folder).st_mode & 0o077 == 0


def test_anything_that_json_can_hold_comes_back(tx, vault):
    _registered(tx, vault, 1)
    ring = vault.keyring(tx, ["b1"])
    document = {"text": "李 ✓ \u0000", "none": None, "list": [1, 2**62, -0.5, True], "in": {"a": {}}}
    assert ring.open("b1", "x", ring.seal("b1", "x", document)) == msgspec.json.decode(msgspec.json.encode(document))
