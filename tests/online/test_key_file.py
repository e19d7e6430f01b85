"""The key file: slots open for their owner only, are emptied for good, and are wrapped anew without losing what they hold."""

import base64
import threading

import pytest

from loanbook.errors import EngineError, StateError
from loanbook.stores.online.key_file import LIST_VARIABLE, SLOT_BYTES, KeyFile, MasterKeys, master_keys

OLD, NEW = b"1" * 32, b"2" * 32


def _text(key):
    return base64.b64encode(key).decode()


def test_keys_come_back_for_their_owner_and_slot_only(masters, tmp_path):
    file = KeyFile(masters, tmp_path)
    made = file.create(["b1", "b2"])
    again = KeyFile(masters, tmp_path)
    assert again.read([(slot, owner) for (slot, _), owner in zip(made, ["b1", "b2"], strict=True)]) == [key for _, key in made]
    assert len({key for _, key in made}) == 2
    with pytest.raises(EngineError, match="does not hold the key of b2"):
        file.read([(made[0][0], "b2")])
    with pytest.raises(EngineError, match="there is no key in slot 99"):
        file.read([(99, "b1")])


def test_no_key_stands_in_the_file_as_it_is(masters, tmp_path):
    file = KeyFile(masters, tmp_path)
    [(_, key)] = file.create(["b1"])
    content = file.path.read_bytes()
    assert key not in content
    assert file.root() not in content
    assert file.path.stat().st_mode & 0o077 == 0


def test_an_emptied_slot_is_overwritten_listed_and_never_given_again(masters, tmp_path):
    file = KeyFile(masters, tmp_path)
    [(first, _), (second, key)] = file.create(["b1", "b2"])
    file.empty([first])
    file.empty([first])
    assert file.read([(first, "b1"), (second, "b2")]) == [None, key]
    assert file.emptied([first, second]) == [True, False]
    assert file.path.read_bytes()[first * SLOT_BYTES : (first + 1) * SLOT_BYTES] == b"\2".ljust(SLOT_BYTES, b"\0")
    assert set(file.erased.read_text().split()) == {str(first)}
    assert file.create(["b3"])[0][0] > second


def test_a_copy_of_the_file_from_before_an_erasure_does_not_bring_the_key_back(masters, tmp_path, monkeypatch):
    monkeypatch.setenv(LIST_VARIABLE, str(tmp_path / "beside-backups"))
    file = KeyFile(masters, tmp_path / "keys")
    [(first, _), (second, key)] = file.create(["b1", "b2"])
    file.copy_to(tmp_path / "copy")
    [(third, _)] = file.create(["b3"])
    file.empty([first, third])
    for lost in (file.path, file.erased):
        lost.unlink()
    new = KeyFile(masters, tmp_path / "keys")  # the disk was lost: only the copy and the list beside the backups are left
    assert new.restore(tmp_path / "copy") == 2
    assert new.read([(first, "b1"), (second, "b2"), (third, "b3")]) == [None, key, None]
    assert new.create(["b4"])[0][0] > third
    assert set(new.erased.read_text().split()) == {str(first), str(third)}


def test_rotation_wraps_anew_and_the_old_master_key_is_needed_no_more(tmp_path):
    file = KeyFile(MasterKeys.of([OLD]), tmp_path)
    made = file.create(["b1", "b2", "nobody"])
    slots = [slot for slot, _ in made]
    file.empty([slots[1]])
    root = file.root()
    both = KeyFile(MasterKeys.of([NEW, OLD]), tmp_path)
    assert both.rotate({slots[0]: "b1", slots[1]: "b2"}) == 2  # the root and b1; b2 is erased, nobody's key has no owner
    fresh = KeyFile(MasterKeys.of([NEW]), tmp_path)
    assert fresh.root() == root
    assert fresh.read([(slots[0], "b1"), (slots[1], "b2"), (slots[2], "nobody")]) == [made[0][1], None, None]
    with pytest.raises(EngineError, match="which LOANBOOK_MASTER_KEYS does not name"):
        file.root()


def test_a_rotation_without_the_old_master_key_changes_nothing(tmp_path):
    file = KeyFile(MasterKeys.of([OLD]), tmp_path)
    [(slot, key)] = file.create(["b1"])
    before = file.path.read_bytes()
    with pytest.raises(EngineError, match="does not name"):
        KeyFile(MasterKeys.of([NEW]), tmp_path).rotate({slot: "b1"})
    assert file.path.read_bytes() == before
    assert file.read([(slot, "b1")]) == [key]


@pytest.mark.parametrize("place", [0, 1, 9, 21, 40])
def test_a_changed_byte_of_a_slot_is_found(masters, tmp_path, place):
    file = KeyFile(masters, tmp_path)
    [(slot, _)] = file.create(["b1"])
    content = bytearray(file.path.read_bytes())
    content[slot * SLOT_BYTES + place] ^= 0x80
    file.path.write_bytes(content)
    with pytest.raises(EngineError):
        file.read([(slot, "b1")])


def test_threads_and_instances_never_share_a_slot(masters, tmp_path):
    found = []

    def register(name):
        file = KeyFile(masters, tmp_path)
        for number in range(20):
            [(slot, key)] = file.create([f"{name}-{number}"])
            found.append((slot, f"{name}-{number}", key))

    threads = [threading.Thread(target=register, args=(f"t{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({slot for slot, _, _ in found}) == 80
    assert KeyFile(masters, tmp_path).read([(slot, owner) for slot, owner, _ in found]) == [key for _, _, key in found]


def test_master_keys_come_from_the_environment_the_first_wraps():
    one = master_keys({"LOANBOOK_MASTER_KEY": _text(OLD)})
    assert one.keys == MasterKeys.of([OLD]).keys
    both = master_keys({"LOANBOOK_MASTER_KEY": _text(OLD), "LOANBOOK_MASTER_KEYS": f"{_text(NEW)}, {_text(OLD)}"})
    assert both.first == MasterKeys.of([NEW]).first
    assert set(both.keys) == set(MasterKeys.of([NEW, OLD]).keys)
    assert _text(OLD) not in repr(one)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "LOANBOOK_MASTER_KEY is not set"),
        ({"LOANBOOK_MASTER_KEY": "c2hvcnQ="}, "key 1 of 1 is not 32 bytes in base64"),
        ({"LOANBOOK_MASTER_KEYS": _text(OLD) + ",not base64!"}, "LOANBOOK_MASTER_KEYS: key 2 of 2"),
    ],
)
def test_a_missing_or_odd_master_key_is_refused_without_showing_it(environment, words):
    with pytest.raises(StateError, match=words) as raised:
        master_keys(environment)
    assert "c2hvcnQ" not in str(raised.value)


def test_another_file_in_its_place_is_refused(masters, tmp_path):
    (tmp_path / "keys").write_bytes(b"something else entirely")
    with pytest.raises(EngineError, match="is not a key file"):
        KeyFile(masters, tmp_path)
