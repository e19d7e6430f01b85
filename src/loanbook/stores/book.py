"""A book: a folder whose manifest names every event file, archived terms file and quarantine file that counts.

    manifest.json                    the truth; replaced whole by each commit
    events/<kind>/<batch>.parquet    event rows, append-only
    terms/<hash>.yaml                terms that loans were made under, never changed
    quarantine/<batch>.parquet       rows refused at append, with place, reason and value
    projection/ closes/              derived, can be dropped and rebuilt

Files are written first and the manifest last, so a crash leaves the book as before or finished; what a crash left over is in no
manifest and is swept when the next writer comes.
"""

import contextlib
import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from loanbook.errors import RequestError, StateError, TieError
from loanbook.events import KINDS
from loanbook.kernel import home
from loanbook.stores.durable import digest, exclusive, write_in_place
from loanbook.terms.currency import checked
from loanbook.terms.product import text_hash

FORMAT = 1
DECIMALS = 2
WAIT_SECONDS = 120.0
OWN_TERMS = ("policies", "entities", "entity_roles", "outlooks", "vehicles")
"""Folders of terms that a book may have of its own, whole, instead of the shipped ones."""
_OWN = (
    ".lock",
    ".staging",
    "manifest.json",
    "events",
    "terms",
    "quarantine",
    "projection",
    "imports",
    "closes",
    "ledger",
    "corporate",
    *OWN_TERMS,
)
"""What a book's folder may hold while its first manifest is being written, by this process or by another at the same time."""


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a book: its path inside the folder, rows, bytes and SHA-256."""

    path: str
    rows: int
    bytes: int
    sha256: str


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """One commit: its number, the event file of each kind, rows seen before, and the rows refused."""

    number: int
    events: dict[str, File]
    skipped: int
    quarantine: File | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a book consists of. `terms` maps the hash of an archived terms file to its product code.

    decimals   of the currency's minor unit; a manifest that does not say means 2
    """

    format: int
    name: str
    currency: str
    terms: dict[str, str]
    batches: tuple[Batch, ...]
    decimals: int = DECIMALS


class Book:
    """A book folder as of one manifest; a commit returns a new one."""

    __slots__ = ("folder", "manifest")

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest

    @property
    def name(self) -> str:
        """The book's name."""
        return self.manifest.name

    @property
    def currency(self) -> str:
        """ISO 4217 code of the book's money; empty before the first loan."""
        return self.manifest.currency

    @property
    def decimals(self) -> int:
        """Decimals of the currency's minor unit, the same for all money of the book."""
        return self.manifest.decimals

    def files(self, kind: str) -> tuple[Path, ...]:
        """The event files of a kind, oldest batch first."""
        return tuple(self.folder / b.events[kind].path for b in self.manifest.batches if kind in b.events)

    def rows(self, kind: str) -> int:
        """How many events of a kind the book holds."""
        return sum(b.events[kind].rows for b in self.manifest.batches if kind in b.events)

    def facts_hash(self) -> str:
        """The hash of everything that a projection derives from: event files in order of commit, and terms."""
        sha = hashlib.sha256()
        for batch in self.manifest.batches:
            for kind in sorted(batch.events):
                sha.update(f"{kind} {batch.events[kind].sha256}\n".encode())
        for key in sorted(self.manifest.terms):
            sha.update(f"terms {key} {self.manifest.terms[key]}\n".encode())
        return sha.hexdigest()

    def terms_text(self, key: str) -> str:
        """The text of archived terms.

        raises   TieError when the file is not the one that was archived
        """
        path = self.folder / "terms" / f"{key}.yaml"
        if not path.exists():
            raise TieError(f"{path}: the archived terms are gone. Put the file back; loans were made under it.")
        text = path.read_text(encoding="utf-8")
        if text_hash(text) != key:
            raise TieError(f"{path}: archived terms were changed (hash {text_hash(text)[:12]}). Put the original back.")
        return text

    def room(self, shipped: Path) -> Path:
        """The book's own folder of terms of that name, or the shipped one where it has none."""
        own = self.folder / shipped.name
        return own if shipped.name in OWN_TERMS and own.is_dir() else shipped

    def refresh(self) -> "Book":
        """The book as of the manifest that now stands in its folder."""
        return open_book(self.folder)


def books_folder() -> Path:
    """Where the user's books are."""
    return home() / "books"


def book_folder(name: str) -> Path:
    """The folder of a book given by name, or by path where the name has a slash."""
    if "/" in name:
        return Path(name).expanduser()
    if not name or name.startswith(".") or any(c in name for c in '\\:*?"<>|\0'):
        raise RequestError(f"{name!r} cannot name a book. Use letters, digits, - and _.")
    return books_folder() / name


def list_books() -> list[Book]:
    """All books in the user's folder, by name."""
    return [open_book(path.parent) for path in sorted(books_folder().glob("*/manifest.json"))]


def create_book(folder: Path, *, name: str | None = None, currency: str = "", decimals: int = DECIMALS) -> Book:
    """An empty book in a new folder.

    raises   StateError when the folder already holds a book, or files of something else; RequestError for an unknown currency
    """
    if not _make(folder, name or folder.name, currency, decimals):
        raise StateError(f"{folder}: there is a book here already. Open it, or choose another name.")
    return open_book(folder)


def ensure_book(folder: Path, *, currency: str, decimals: int) -> Book:
    """The book of a folder, made when there is none; of several that come at once, one makes it and the others open it.

    raises   StateError as `create_book`, and when the book is kept in another currency or counts other decimals
    """
    _make(folder, folder.name, currency, decimals)
    book = open_book(folder)
    if book.currency not in ("", currency):
        raise StateError(f"{folder}: the book is kept in {book.currency}, the mapping is in {currency}. Use another book.")
    if book.decimals != decimals:
        raise StateError(
            f"{folder}: money of the book has {book.decimals} decimals, that of the mapping {decimals}. Use another book."
        )
    return book


def _make(folder: Path, name: str, currency: str, decimals: int) -> bool:
    """Write the first manifest; False when there is one already."""
    if currency:
        checked(currency, f"{folder}: the currency of a book")
    if (folder / "manifest.json").exists():
        return False
    folder.mkdir(parents=True, exist_ok=True)
    strangers = [path.name for path in folder.iterdir() if path.name not in _OWN and not path.name.startswith(".manifest.json.")]
    if strangers:
        raise StateError(f"{folder}: the folder holds other files ({strangers[0]}). A book needs a folder of its own.")
    with exclusive(folder / ".lock", wait_seconds=WAIT_SECONDS):
        if (folder / "manifest.json").exists():
            return False
        write_manifest(folder, Manifest(format=FORMAT, name=name, currency=currency, terms={}, batches=(), decimals=decimals))
        return True


def open_book(folder: Path | str) -> Book:
    """The book of a folder, or of a name in the user's books. What an interrupted writer left is removed first.

    raises   RequestError when there is none; StateError when it was written by a newer version
    """
    path = book_folder(folder) if isinstance(folder, str) else folder
    _sweep_if_idle(path)
    return Book(path, _read_manifest(path))


def _sweep_if_idle(path: Path) -> None:
    if not (path / "manifest.json").exists():
        return
    # Someone else writes, or the folder is read-only: then there is nothing for this reader to tidy.
    with contextlib.suppress(StateError, OSError), exclusive(path / ".lock", wait_seconds=0):
        # Read under the lock: a manifest read before it may lack files that were committed since.
        sweep(Book(path, _read_manifest(path)))


def _read_manifest(path: Path) -> Manifest:
    try:
        content = (path / "manifest.json").read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        known = ", ".join(p.parent.name for p in sorted(books_folder().glob("*/manifest.json"))) or "none"
        raise RequestError(f"{path}: there is no book here. Books in {books_folder()}: {known}.") from None
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.DecodeError as error:
        raise StateError(f"{path / 'manifest.json'}: this is not a book's manifest: {error}") from error
    if manifest.format != FORMAT:
        raise StateError(f"{path}: the book has format {manifest.format}; this version reads {FORMAT}. Update loanbook.")
    return manifest


@contextlib.contextmanager
def writing(book: Book, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[tuple[Book, Path]]:
    """Be the only writer: yields the book as it now stands and an empty staging folder on the same disk."""
    with exclusive(book.folder / ".lock", wait_seconds=wait_seconds):
        current = book.refresh()
        sweep(current)
        staging = current.folder / ".staging"
        staging.mkdir()
        try:
            yield current, staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def sweep(book: Book) -> list[Path]:
    """Remove what an interrupted writer left: files in no manifest. Call it only as the writer.

    returns   the files removed
    """
    wanted = {book.folder / f.path for b in book.manifest.batches for f in (*b.events.values(), *_present(b.quarantine))}
    wanted |= {book.folder / "terms" / f"{key}.yaml" for key in book.manifest.terms}
    removed = []
    for room in ("events", "terms", "quarantine"):
        for path in sorted((book.folder / room).rglob("*")):
            if path.is_file() and path not in wanted:
                path.unlink()
                removed.append(path)
    removed.extend(book.folder.glob(".manifest.json.*.new"))
    for path in book.folder.glob(".manifest.json.*.new"):
        path.unlink()
    shutil.rmtree(book.folder / ".staging", ignore_errors=True)
    return removed


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Commit: from here on the book is what this manifest says."""
    write_in_place(folder / "manifest.json", msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")


def describe(path: Path, folder: Path, rows: int) -> File:
    """The manifest's line for a file that will stand at its path inside the book."""
    return File(path=path.relative_to(folder).as_posix(), rows=rows, bytes=path.stat().st_size, sha256=digest(path))


def check_files(book: Book) -> list[str]:
    """Compare every file of the manifest with its hash; returns what is wrong in words, nothing when all is well."""
    wrong = []
    for batch in book.manifest.batches:
        for file in (*batch.events.values(), *_present(batch.quarantine)):
            path = book.folder / file.path
            if not path.exists():
                wrong.append(f"{path}: the file is gone")
            elif digest(path) != file.sha256:
                wrong.append(f"{path}: the file was changed after batch {batch.number} was committed")
    for key in book.manifest.terms:
        try:
            book.terms_text(key)
        except TieError as error:
            wrong.append(str(error))
    return wrong


def unknown_kinds(names: Sequence[str] | Mapping[str, Any]) -> list[str]:
    """Names that are no event kind."""
    known = {kind.name for kind in KINDS}
    return [name for name in names if name not in known]


def _present(file: File | None) -> tuple[File, ...]:
    return () if file is None else (file,)
