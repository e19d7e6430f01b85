"""Folders for what an import stages: on the disk of the user's books, removed after use, and by the next one after a crash."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from loanbook.errors import RequestError
from loanbook.kernel import home

_LOCK = ".lock"


@contextlib.contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """An empty folder under `home()/scratch` while the block runs.

    Its owner holds a lock beside it, which the operating system frees when the owner dies; folders whose lock is free are swept.
    raises   RequestError when the user's folder cannot be written
    """
    place = home() / "scratch"
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        words = f"{place}: files cannot be staged here: {error.strerror}. Set LOANBOOK_HOME to another folder."
        raise RequestError(words) from error
    with _folder(place, prefix, swept="*") as folder:
        yield folder


@contextlib.contextmanager
def staging_folder(place: Path, prefix: str = ".staging") -> Iterator[Path]:
    """An empty folder in a folder that exists, so that what is staged can be moved there; those of this prefix are swept.

    Other locks of the place, a book's or a user's, are none of ours, and what stands beside them stays.
    raises   RequestError when the folder cannot be written
    """
    with _folder(place, prefix, swept=f"{prefix}-*") as folder:
        yield folder


@contextlib.contextmanager
def _folder(place: Path, prefix: str, *, swept: str) -> Iterator[Path]:
    try:
        _sweep(place, swept)
        handle, name = tempfile.mkstemp(prefix=f"{prefix}-", suffix=_LOCK, dir=place)
    except OSError as error:
        words = f"{place}: files cannot be staged here: {error.strerror}. Set LOANBOOK_HOME to another folder."
        raise RequestError(words) from error
    folder = Path(name.removesuffix(_LOCK))
    try:
        # Another import may sweep between the two lines above and this one; it takes the lock, finds no folder, and lets go.
        fcntl.flock(handle, fcntl.LOCK_EX)
        folder.mkdir()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        os.close(handle)


def _sweep(place: Path, names: str) -> None:
    for lock in place.glob(names + _LOCK):
        with contextlib.suppress(OSError):
            handle = os.open(lock, os.O_RDWR)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                folder = place / lock.name.removesuffix(_LOCK)
                # No folder yet: its owner may be about to make it. An empty file is left rather than taken from under it.
                if folder.is_dir():
                    shutil.rmtree(folder)
                    lock.unlink()
            finally:
                os.close(handle)
