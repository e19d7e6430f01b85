"""A backup of the platform: its database and its books as of one moment, and what else it keeps outside its database.

Books are held while the database's moment is fixed, so nothing in a book of the backup is missing in its database, and nothing
that its database calls told is missing in a book. Keys of borrowers are not in it: they have no history, see `key_file`.
"""

import contextlib
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import msgspec

from loanbook.errors import StateError
from loanbook.kernel import home
from loanbook.services.auditing import heads_file
from loanbook.services.clock import wall_clock
from loanbook.services.key_copies import WHO
from loanbook.stores.backup import DATABASE, FORMAT, Manifest, Progress, finish, parts_of, unfinished
from loanbook.stores.book import OWN_TERMS, Book, books_folder, open_book
from loanbook.stores.durable import exclusive
from loanbook.stores.embedded import online_dsn
from loanbook.stores.online.audit import Entry, append
from loanbook.stores.online.dump import dump, snapshot, sum_up
from loanbook.stores.online.unit import connect
from loanbook.stores.online.vault import open_vault
from loanbook.stores.programs import clients_for, server_major

SETTLEMENTS = "settlements"
_LOCKED = ("ledger", "corporate")
"""Folders of a book whose writers hold a lock of their own; a close holds the ledger's first."""
_OF_COMPANY = (*_LOCKED, *OWN_TERMS, "guarantors")
"""What a book's folder holds of the company's books: locked quarters, its events, proposals, terms. None of it is derived."""
_WAIT_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """Where a backup lies, and what it holds."""

    place: Path
    manifest: Manifest


def back_up(target: Path, on_progress: Progress | None = None) -> BackedUp:
    """Make a backup under a name that is free: one file where it ends with .tar, else a folder.

    raises   StateError without a store, or when a book is being written for longer than two minutes; RequestError for a name that
             is taken; EngineError when pg_dump fails. Nothing has the name then.
    """
    vault = open_vault()
    target = target.expanduser().absolute()
    with unfinished(target) as made, online_dsn() as dsn, contextlib.ExitStack() as held:
        books = _hold_books(held)
        for book in books:
            _copy_company(book, made / "books" / book.folder.name)
        with snapshot(dsn) as moment:
            held.close()  # from here on, what books and database are told is after the moment
            database = sum_up(moment.connection, on_progress)
            if not database.version:
                raise StateError(
                    "there is no store yet: its database has no tables. `loanbook serve` or `loanbook call` makes it."
                )
            server = server_major(moment.connection)
            dump(moment, made / DATABASE, on_progress)
        for place, book in enumerate(books):
            if on_progress is not None:
                on_progress("Copying books", place + 1, len(books))
            _copy_book(book, made / "books" / book.folder.name)
        _copy_rest(made, vault.keys.erased)
        manifest = Manifest(
            format=FORMAT,
            made_at=wall_clock()[0],
            loanbook=metadata.version("loanbook"),
            server=server,
            archive=clients_for(server).major,
            key_file=vault.keys.name(),
            database=database,
            books=tuple(book.folder.name for book in books),
            parts=parts_of(made, on_progress),
        )
        finish(made, target, manifest)
        with connect(dsn) as tx:
            append(tx, [Entry(caller_id=WHO, action="store_backed_up", subjects=(target.name,), status=200)], wall_clock()[0])
    return BackedUp(place=target, manifest=manifest)


def _hold_books(held: contextlib.ExitStack) -> list[Book]:
    """Every book of the user's folder as its manifest now stands, with all of its writers kept out until `held` is closed."""
    books = []
    for path in sorted(books_folder().glob("*/manifest.json")):
        for name in _LOCKED:
            if (path.parent / name).is_dir():
                held.enter_context(exclusive(path.parent / name / ".lock", wait_seconds=_WAIT_SECONDS))
        held.enter_context(exclusive(path.parent / ".lock", wait_seconds=_WAIT_SECONDS))
        books.append(open_book(path.parent))
    return books


def _copy_company(book: Book, to: Path) -> None:
    """The company's books, while nobody writes them; locks and what a writer left unfinished begin with a dot."""
    for name in _OF_COMPANY:
        if (book.folder / name).is_dir():
            shutil.copytree(book.folder / name, to / name, ignore=shutil.ignore_patterns(".*"))


def _copy_book(book: Book, to: Path) -> None:
    """Files that the book's manifest names, which are never changed; then the manifest itself."""
    to.mkdir(parents=True, exist_ok=True)
    named = [file.path for batch in book.manifest.batches for file in batch.events.values()]
    named += [batch.quarantine.path for batch in book.manifest.batches if batch.quarantine is not None]
    named += [f"terms/{key}.yaml" for key in book.manifest.terms]
    for path in named:
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(book.folder / path, to / path)
    if (book.folder / "imports").is_dir():
        shutil.copytree(book.folder / "imports", to / "imports")
    (to / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(book.manifest), indent=1) + b"\n")


def _copy_rest(made: Path, erased: Path) -> None:
    if (home() / SETTLEMENTS).is_dir():
        shutil.copytree(home() / SETTLEMENTS, made / SETTLEMENTS)
    for path in (heads_file(), erased):
        if path.exists():
            shutil.copyfile(path, made / path.name)
