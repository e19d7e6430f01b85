"""A backup: a folder, or one tar file, that is there whole or not at all, with a manifest of everything in it.

    manifest.json            written last: when, of which version, what the database holds, every file with its SHA-256
    database.dump            the online database at one moment, an archive of pg_dump
    books/<name>/            books as of that moment, without what derives from them (projection, closes)
    settlements/ audit_heads erased     what else the platform keeps outside its database

No key is in it: see `online.key_file`. It is made beside its place, in a folder whose name begins with a dot and ends with
`.unfinished`, and gets its name by one rename when all of it is on the disk.
"""

import datetime as dt
import fcntl
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TypeAlias

import msgspec

from loanbook.errors import RequestError, StateError, TieError
from loanbook.stores.durable import digest, move_in_place, sync, write_in_place
from loanbook.stores.online.dump import DatabaseSum

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database.dump"
_LOCK = ".writing"

Progress: TypeAlias = Callable[[str, int, int], None]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a backup: its path inside, bytes and SHA-256."""

    path: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds.

    server     major version of PostgreSQL;  archive  that of the pg_dump which wrote the archive
    key_file   name of the key file that its personal data needs (`KeyFile.name`)
    """

    format: int
    made_at: dt.datetime
    loanbook: str
    server: int
    archive: int
    key_file: str
    database: DatabaseSum
    books: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(part.bytes for part in self.parts)


@contextmanager
def unfinished(target: Path) -> Iterator[Path]:
    """An empty folder beside `target` while a backup is made; what a crash left of an earlier one is removed first.

    raises   RequestError when something has the target's name; StateError when another process makes the same backup
    """
    if os.path.lexists(target):
        raise RequestError(f"{target} is there already. Name a new file or folder; a backup is never written over another.")
    if not target.parent.is_dir():
        raise RequestError(f"{target.parent} is no folder. Make it, or name another.")
    folder = target.parent / f".{target.name}.unfinished"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise RequestError(f"{folder}: a backup cannot be made here: {error.strerror}.") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateError(f"another process is making {target}. Wait until it has finished, or name another.") from None
        for left in folder.iterdir():
            if left.name != _LOCK:
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        (folder / "backup").mkdir(mode=0o700)
        yield folder / "backup"
        shutil.rmtree(folder, ignore_errors=True)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        os.close(lock)


def finish(made: Path, target: Path, manifest: Manifest) -> None:
    """Write the manifest and put the backup in its place: as one tar file where the name ends with .tar, else as a folder."""
    write_in_place(made / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
    if target.suffix != ".tar":
        move_in_place(made, target)
        return
    packed = made.parent / "backup.tar"
    with tarfile.open(packed, "w", format=tarfile.PAX_FORMAT) as tar:
        for part in manifest.parts:
            tar.add(made / part.path, part.path, recursive=False)
        tar.add(made / MANIFEST, MANIFEST)
    packed.chmod(0o600)
    sync(packed)
    os.replace(packed, target)
    sync(target.parent)


def parts_of(folder: Path, on_progress: Progress | None = None) -> tuple[Part, ...]:
    """Every file of a folder but the manifest, by path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _LOCK and path != folder / MANIFEST)
    parts = []
    for place, path in enumerate(paths):
        if on_progress is not None:
            on_progress("Hashing files", place + 1, len(paths))
        parts.append(Part(path=path.relative_to(folder).as_posix(), bytes=path.stat().st_size, sha256=digest(path)))
    return tuple(parts)


@contextmanager
def opened(source: Path, scratch: Path) -> Iterator[tuple[Path, Manifest]]:
    """The folder of a backup and its manifest; one tar file is unpacked into `scratch`, which is there and empty.

    raises   RequestError for anything but a finished backup
    """
    folder = source
    if source.is_file():
        folder = scratch
        try:
            with tarfile.open(source, "r:") as tar:
                tar.extractall(folder, filter="data")
        except (tarfile.TarError, EOFError, OSError) as error:
            raise RequestError(f"{source} is not a backup, or is cut short: {error}.") from error
    yield folder, read_manifest(folder, source)


def read_manifest(folder: Path, named: Path) -> Manifest:
    """The manifest of a backup's folder; raises RequestError when it is none, or of another format."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except OSError:
        raise RequestError(
            f"{named} is not a finished backup: it has no {MANIFEST}. Name what `loanbook store backup` made."
        ) from None
    except msgspec.DecodeError as error:
        raise RequestError(f"{named}: {MANIFEST} cannot be read: {error}.") from error
    if manifest.format != FORMAT:
        raise RequestError(f"{named} has format {manifest.format}; this version reads {FORMAT}. Update loanbook.")
    for part in manifest.parts:
        if PurePosixPath(part.path).is_absolute() or ".." in PurePosixPath(part.path).parts:
            raise RequestError(f"{named}: {part.path!r} lies outside the backup. It was changed.")
    return manifest


def verify_parts(folder: Path, manifest: Manifest, on_progress: Progress | None = None) -> None:
    """Hold every file against the manifest. Raises TieError that names those which are not as they were written."""
    wrong = []
    for place, part in enumerate(manifest.parts):
        if on_progress is not None:
            on_progress("Verifying files", place + 1, len(manifest.parts))
        path = folder / part.path
        if not path.is_file():
            wrong.append(f"{part.path} is missing")
        elif path.stat().st_size != part.bytes or digest(path) != part.sha256:
            wrong.append(f"{part.path} was changed or cut short")
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise TieError(
            f"the backup is not as it was made: {'; '.join(wrong[:5])}{more}. Nothing was restored; use another backup."
        )
