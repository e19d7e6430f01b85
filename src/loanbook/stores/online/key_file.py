"""The keys of borrowers, one slot each in a file of its own, wrapped by a master key that only the environment holds.

The file lies outside the database on purpose. A dump or a copy of the database then holds no key, so that bringing back an old
one brings back nothing of a borrower whose slot was emptied since. For the same reason the file has no history: it is mirrored or
copied over the one copy before (`loanbook key export`), and emptied slots are listed in a file beside it, which `restore`
applies to whatever copy comes back. What a disk may still hold of an emptied slot is wrapped, and lost for good once the master
key is rotated and the old one is thrown away.
"""

import base64
import binascii
import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from loanbook.errors import EngineError, StateError
from loanbook.kernel import home
from loanbook.stores.durable import move_in_place, sync

MASTER_VARIABLE = "LOANBOOK_MASTER_KEY"
"""One master key: 32 random bytes in base64."""
MASTERS_VARIABLE = "LOANBOOK_MASTER_KEYS"
"""Several, separated by commas: the first wraps, the others only unwrap. Used instead of the one."""
FOLDER_VARIABLE = "LOANBOOK_KEYS"
"""Folder of the key file instead of `<home>/keys`; not the folder of the database, and not in its backups."""
LIST_VARIABLE = "LOANBOOK_ERASED"
"""A second file that lists the emptied slots, best beside the backups."""

KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_NAME_BYTES = 8
_MAGIC = b"loanbook keys 1\n"
SLOT_BYTES = 128
"""A divisor of a disk's sector, so that no slot lies across two."""
ROOT_SLOT = 1
"""Slot 0 is the head of the file, slot 1 the root of the keys that belong to no borrower."""
_FULL, _EMPTIED = 1, 2
_CHUNK_SLOTS = 8192


def derived(key: bytes, purpose: str) -> bytes:
    """A key for one purpose, by HKDF-SHA-256."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"loanbook {purpose}".encode()).derive(key)


@dataclass(frozen=True, slots=True, repr=False)
class MasterKeys:
    """Master keys by name; a name is derived from its key, so that nobody can mix them up. The first wraps.

    keys   name -> the wrapping key derived from that master key
    """

    keys: Mapping[bytes, bytes]

    @property
    def first(self) -> bytes:
        """The name of the key that wraps."""
        return next(iter(self.keys))

    @staticmethod
    def of(keys: Sequence[bytes]) -> "MasterKeys":
        """Master keys from their bytes, the one that wraps first."""
        return MasterKeys({derived(key, "master key name")[:_NAME_BYTES]: derived(key, "wrapping") for key in keys})


def master_keys(environment: Mapping[str, str] = os.environ) -> MasterKeys:
    """The master keys that the environment names.

    raises   StateError when there is none, or one is not 32 bytes in base64; the message never shows it
    """
    variable = MASTERS_VARIABLE if environment.get(MASTERS_VARIABLE) else MASTER_VARIABLE
    parts = [part.strip() for part in environment.get(variable, "").split(",") if part.strip()]
    how = f'Make one with `python -c "import base64, os; print(base64.b64encode(os.urandom({KEY_BYTES})).decode())"`.'
    if not parts:
        raise StateError(f"personal data needs a master key: {MASTER_VARIABLE} is not set. {how}")
    keys = []
    for place, part in enumerate(parts, 1):
        try:
            key = base64.b64decode(part, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            raise StateError(f"{variable}: key {place} of {len(parts)} is not {KEY_BYTES} bytes in base64. {how}")
        keys.append(key)
    return MasterKeys.of(keys)


def keys_folder() -> Path:
    """Where the key file lies: LOANBOOK_KEYS, else `<home>/keys`."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named).expanduser() if named else home() / "keys"


class KeyFile:
    """Slots of wrapped keys. Threads and processes may share it; a slot's number is given once and never again.

    A slot is: state, name of the master key, nonce, wrapped key. Whose it is stands inside the wrapping (authenticated, not
    stored), so a slot read for another owner does not open.
    """

    def __init__(self, masters: MasterKeys, folder: Path | None = None) -> None:
        self.folder = (folder or keys_folder()).absolute()
        self.path = self.folder / "keys"
        self.erased = self.folder / "erased"
        self._masters = masters
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._alone():
            if not self.path.exists():
                self._create()
        with _opened(self.path, os.O_RDONLY) as handle:
            if os.pread(handle, len(_MAGIC), 0) != _MAGIC:
                raise EngineError(f"{self.path} is not a key file of this version of loanbook.")

    def _create(self) -> None:
        beside = self.folder / "keys.new"
        root = self._wrapped(os.urandom(KEY_BYTES), ROOT_SLOT, "root")
        with _opened(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as handle:
            os.pwrite(handle, _MAGIC.ljust(SLOT_BYTES, b"\0") + root, 0)
        move_in_place(beside, self.path)

    def root(self) -> bytes:
        """The key from which keys that belong to no borrower are derived; it stays when the master key is rotated."""
        found = self.read([(ROOT_SLOT, "root")])[0]
        if found is None:
            raise EngineError(f"{self.path}: the root key was emptied; this file cannot be used.")
        return found

    def name(self) -> str:
        """What tells this file from another, whatever master key wraps it; it tells nothing of the keys."""
        return derived(self.root(), "key file name")[:_NAME_BYTES].hex()

    def name_of(self, folder: Path) -> str:
        """The name of a copy in another folder. Raises StateError when there is none, EngineError when it cannot be opened."""
        path = folder / self.path.name
        if not path.is_file():
            raise StateError(f"{path} is not there: this folder holds no copy of a key file. `loanbook key export` makes one.")
        with _opened(path, os.O_RDONLY) as handle:
            if os.pread(handle, len(_MAGIC), 0) != _MAGIC or os.fstat(handle).st_size % SLOT_BYTES:
                raise EngineError(f"{path} is not a key file of this version of loanbook, or is cut short.")
            root = self._unwrapped(os.pread(handle, SLOT_BYTES, ROOT_SLOT * SLOT_BYTES), ROOT_SLOT, "root")
        if root is None:
            raise EngineError(f"{path}: the root key was emptied; this file cannot be used.")
        return derived(root, "key file name")[:_NAME_BYTES].hex()

    def slots(self) -> int:
        """How many slots the file has, the head's and the root's with them."""
        return -(-self.path.stat().st_size // SLOT_BYTES)

    def reach(self, slots: int) -> None:
        """Grow to so many slots, so that no number below is given (again): for a file that is older than its database."""
        with self._alone(), _opened(self.path, os.O_RDWR) as handle:
            if os.fstat(handle).st_size < slots * SLOT_BYTES:
                os.ftruncate(handle, slots * SLOT_BYTES)
                os.fsync(handle)

    def listed(self) -> list[int]:
        """The slots that the list beside the file says were emptied, in their order."""
        return sorted(set(_listed(self.erased)))

    def faults(self, wanted: Sequence[tuple[int, str]]) -> list[str | None]:
        """What is wrong with each slot that should hold an owner's key; None for a key that opens and for an emptied slot."""
        found: list[str | None] = []
        with _opened(self.path, os.O_RDONLY) as handle:
            for slot, owner in wanted:
                try:
                    self._unwrapped(os.pread(handle, SLOT_BYTES, slot * SLOT_BYTES), slot, owner)
                    found.append(None)
                except EngineError as error:
                    found.append(str(error))
        return found

    def create(self, owners: Sequence[str]) -> list[tuple[int, bytes]]:
        """New keys, one an owner, on the disk when this returns; a key whose transaction then fails opens nothing."""
        if not owners:
            return []
        keys = [os.urandom(KEY_BYTES) for _ in owners]
        with self._alone(), _opened(self.path, os.O_RDWR) as handle:
            first = -(-os.fstat(handle).st_size // SLOT_BYTES)
            slots = range(first, first + len(owners))
            _write_all(handle, b"".join(map(self._wrapped, keys, slots, owners)), first * SLOT_BYTES)
            os.fsync(handle)
        return list(zip(slots, keys, strict=True))

    def read(self, wanted: Sequence[tuple[int, str]]) -> list[bytes | None]:
        """The keys of (slot, owner) pairs; None where the slot was emptied.

        raises   EngineError for a slot that is not in the file, is another owner's, or needs a master key that is not named
        """
        with _opened(self.path, os.O_RDONLY) as handle:
            return [self._unwrapped(os.pread(handle, SLOT_BYTES, slot * SLOT_BYTES), slot, owner) for slot, owner in wanted]

    def empty(self, slots: Sequence[int]) -> None:
        """Destroy keys for good: listed as erased, then overwritten, both on the disk when this returns. Repeating it is safe."""
        if not slots:
            return
        with self._alone():
            for place in {self.erased, *_second_list()}:
                _append_lines(place, slots)
            self._overwrite(slots)

    def _overwrite(self, slots: Sequence[int]) -> None:
        with _opened(self.path, os.O_RDWR) as handle:
            for slot in slots:
                if slot > ROOT_SLOT:
                    os.pwrite(handle, bytes([_EMPTIED]).ljust(SLOT_BYTES, b"\0"), slot * SLOT_BYTES)
            os.fsync(handle)

    def emptied(self, slots: Sequence[int]) -> list[bool]:
        """Which slots were emptied; needs no master key."""
        with _opened(self.path, os.O_RDONLY) as handle:
            return [os.pread(handle, 1, slot * SLOT_BYTES) == bytes([_EMPTIED]) for slot in slots]

    def rotate(self, owner_of: Mapping[int, str]) -> int:
        """Wrap every key by the first master key instead, in a new file that replaces the old one; returns how many were wrapped.

        owner_of   slot -> owner of every key in use; a full slot without an owner is of a transaction that failed, and is emptied
        Nothing sealed is touched. Once this is done the other master keys are needed no more, except for older copies of this
        file.
        """
        beside = self.folder / "keys.new"
        wrapped = 0
        with self._alone():
            with _opened(self.path, os.O_RDONLY) as old, _opened(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as new:
                count = -(-os.fstat(old).st_size // SLOT_BYTES)
                for first in range(0, count, _CHUNK_SLOTS):
                    chunk = os.pread(old, SLOT_BYTES * _CHUNK_SLOTS, first * SLOT_BYTES)
                    renewed = []
                    for place in range(0, len(chunk), SLOT_BYTES):
                        slot, content = first + place // SLOT_BYTES, chunk[place : place + SLOT_BYTES]
                        owner = "root" if slot == ROOT_SLOT else owner_of.get(slot)
                        if slot and content[0] == _FULL:
                            key = self._unwrapped(content, slot, owner) if owner is not None else None
                            wrapped += key is not None
                            empty = bytes([_EMPTIED]).ljust(SLOT_BYTES, b"\0")
                            content = self._wrapped(key, slot, owner or "") if key is not None else empty
                        renewed.append(content)
                    _write_all(new, b"".join(renewed), first * SLOT_BYTES)
            move_in_place(beside, self.path)
        return wrapped

    def copy_to(self, folder: Path) -> None:
        """The one copy of the file and of its list of emptied slots, in place of the copy before. Keep no older ones."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._alone():
            for source in (self.erased, self.path):
                if source.exists():
                    beside = folder / f".{source.name}.new"
                    shutil.copyfile(source, beside)
                    beside.chmod(0o600)
                    move_in_place(beside, folder / source.name)

    def restore(self, folder: Path) -> int:
        """Take a copy back in place of this file and empty what any list says was erased since; returns how many are listed.

        A listed slot behind the copy's end is written too: the file grows by it, so that its number is not given a second time.
        """
        with self._alone():
            lists = (self.erased, folder / "erased", *_second_list())
            listed = sorted({slot for place in lists for slot in _listed(place)})
            beside = self.folder / "keys.new"
            shutil.copyfile(folder / "keys", beside)
            beside.chmod(0o600)
            move_in_place(beside, self.path)
            self._overwrite(listed)
            missing = set(listed) - set(_listed(self.erased))
            if missing:
                _append_lines(self.erased, sorted(missing))
        return len(listed)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with _opened(self.folder / "lock", os.O_RDWR | os.O_CREAT) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _wrapped(self, key: bytes, slot: int, owner: str) -> bytes:
        name = self._masters.first
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self._masters.keys[name]).encrypt(nonce, key, _bound(slot, owner))
        return (bytes([_FULL]) + name + nonce + sealed).ljust(SLOT_BYTES, b"\0")

    def _unwrapped(self, content: bytes, slot: int, owner: str) -> bytes | None:
        if content[:1] == bytes([_EMPTIED]):
            return None
        if content[:1] != bytes([_FULL]) or len(content) != SLOT_BYTES:
            raise EngineError(f"{self.path}: there is no key in slot {slot}. The file is older than the database, or damaged.")
        name, rest = content[1 : 1 + _NAME_BYTES], content[1 + _NAME_BYTES :]
        master = self._masters.keys.get(name)
        if master is None:
            raise EngineError(
                f"{self.path}: slot {slot} is wrapped by master key {name.hex()}, which {MASTERS_VARIABLE} does not name. "
                "Add it after the first."
            )
        nonce, sealed = rest[:_NONCE_BYTES], rest[_NONCE_BYTES : _NONCE_BYTES + KEY_BYTES + _TAG_BYTES]
        try:
            return AESGCM(master).decrypt(nonce, sealed, _bound(slot, owner))
        except InvalidTag as error:
            raise EngineError(f"{self.path}: slot {slot} does not hold the key of {owner}. The file was changed.") from error


def _bound(slot: int, owner: str) -> bytes:
    return f"{slot} {owner}".encode()


@contextlib.contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    handle = os.open(path, flags, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)


def _write_all(handle: int, content: bytes, at: int) -> None:
    done = 0
    while done < len(content):
        done += os.pwrite(handle, content[done:], at + done)


def _second_list() -> tuple[Path, ...]:
    named = os.environ.get(LIST_VARIABLE)
    return (Path(named).expanduser(),) if named else ()


def _append_lines(path: Path, slots: Sequence[int]) -> None:
    fresh = not path.exists()
    with _opened(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND) as handle:
        os.write(handle, "".join(f"{slot}\n" for slot in slots).encode())
        os.fsync(handle)
    if fresh:
        sync(path.parent)


def _listed(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []
