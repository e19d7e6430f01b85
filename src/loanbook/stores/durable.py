"""Files that survive a crash: written beside, flushed, then put in place by one rename; and one writer at a time."""

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from loanbook.errors import StateError

_READ_BYTES = 1 << 20
_RETRY_SECONDS = 0.05


def sync(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_in_place(path: Path, content: bytes) -> None:
    """Replace a file so that a reader, or a crash at any moment, sees the old content or the new and never a part."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    beside.write_bytes(content)
    sync(beside)
    os.replace(beside, path)
    sync(path.parent)


def move_in_place(source: Path, target: Path) -> None:
    """Flush a finished file or folder and rename it to where it belongs; the same disk is assumed."""
    if source.is_dir():
        for part in sorted(source.rglob("*")):
            sync(part)
    sync(source)
    os.replace(source, target)
    sync(target.parent)


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_READ_BYTES):
            sha.update(part)
    return sha.hexdigest()


@contextlib.contextmanager
def exclusive(path: Path, *, wait_seconds: float) -> Iterator[None]:
    """Hold a lock file while writing; the operating system frees it when the writer dies.

    raises   StateError when another writer holds it longer than `wait_seconds`
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _take(handle, path, wait_seconds)
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def shared(path: Path) -> Iterator[bool]:
    """Hold a lock file with other readers, against `exclusive`; yields whether the file still stands once it is held.

    A folder that cannot be written needs no lock: nobody removes anything from it.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except FileNotFoundError:
        yield False
        return
    except OSError:
        yield path.parent.is_dir()
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield _stands(handle, path)
    finally:
        os.close(handle)


def _stands(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _take(handle: int, path: Path, wait_seconds: float) -> None:
    give_up = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= give_up:
                holder = os.pread(handle, 20, 0).decode(errors="replace") or "unknown"
                raise StateError(
                    f"{path.parent}: another process (number {holder}) has been writing to this book for more than "
                    f"{wait_seconds:.0f} s. Wait until it has finished, then run the command again."
                ) from None
            time.sleep(_RETRY_SECONDS)
