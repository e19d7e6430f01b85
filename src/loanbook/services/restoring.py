"""A backup brought back: loaded and proven beside what is there, then put in its place by renames that a crash cannot part.

What it replaces is kept aside, never deleted. Borrowers who were erased since the backup stay erased: their keys are gone, and
their rows are blanked again before anybody sees them.
"""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loanbook.errors import EngineError, StateError, TieError
from loanbook.kernel import home
from loanbook.services.auditing import heads_file
from loanbook.services.backing_up import SETTLEMENTS
from loanbook.services.clock import wall_clock
from loanbook.services.key_copies import WHO, check_keys, highest_slot
from loanbook.stores.backup import DATABASE, Manifest, Progress, opened, verify_parts
from loanbook.stores.binaries import Binaries
from loanbook.stores.book import books_folder
from loanbook.stores.embedded import DSN_VARIABLE, Embedded, allowed_binaries, moves_file, named_dsn
from loanbook.stores.moves import Move, commit_moves, finish_moves
from loanbook.stores.online.audit import Entry, append
from loanbook.stores.online.dump import DatabaseSum, is_empty, load, sum_up
from loanbook.stores.online.key_file import keys_folder
from loanbook.stores.online.migrate import is_known, latest_version, migrate_dsn
from loanbook.stores.online.unit import Connection, connect
from loanbook.stores.online.vault import Vault, open_vault

NEXT = "next"
"""Folder of a server that is being filled, inside the one that it will be."""
REPLACED = "replaced"
"""Folder in the user's folder for what a restore replaced there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came back, how many borrowers had been erased since, and where what it replaced lies."""

    manifest: Manifest
    blanked: int
    aside: tuple[Path, ...]


def restore(source: Path, *, replace: bool = False, without_keys: bool = False, on_progress: Progress | None = None) -> Restored:
    """Bring a backup back, whole or not at all.

    replace        what is there is kept aside; without it the place must be empty
    without_keys   personal data stays sealed, for good where its keys are lost
    raises         RequestError for what is no backup; TieError when files, or what was loaded, are not as they were backed up;
                   StateError when the place is not empty, is in use, or its key file is missing or another one
    """
    source = source.expanduser().absolute()
    dsn = named_dsn()
    server = None if dsn else embedded_for_any()
    journal = server.journal if server else moves_file()
    with contextlib.ExitStack() as held:
        if server is not None:
            held.enter_context(server.alone())
        finish_moves(journal)
        staging = held.enter_context(_staging(journal))
        (staging / "unpacked").mkdir()
        with opened(source, staging / "unpacked") as (folder, manifest):
            _check_version(manifest)
            vault = None if without_keys else _vault(manifest)
            moves = _plan(folder, manifest, staging / "files", replace)
            if server is not None:
                moves.append(_plan_cluster(server, replace))
            verify_parts(folder, manifest, on_progress)
            _stage(folder, staging / "files", moves)
            if vault is not None and (folder / "erased").exists():
                _empty(vault, [int(line) for line in (folder / "erased").read_text().split()])
            filling = _Filling(folder=folder, manifest=manifest, vault=vault, on_progress=on_progress)
            if server is not None:
                with beside(server) as new:
                    fresh = new.start()
                    filling.fill(fresh)
                    blanked = filling.settle(fresh)
                    new.stop(only_last=False)
                    commit_moves(journal, moves)
            else:
                filling.fill_named(dsn or "")
                commit_moves(journal, moves)
                blanked = filling.settle(dsn or "")
    aside = tuple(Path(move.aside) for move in moves if Path(move.aside).exists())
    return Restored(manifest=manifest, blanked=blanked, aside=aside)


@contextlib.contextmanager
def _staging(journal: Path) -> Iterator[Path]:
    """A folder on the disk of the user's books; what an earlier restore left there is removed, for its moves are done."""
    folder = home() / ".restoring"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        if not journal.exists():
            shutil.rmtree(folder, ignore_errors=True)


def _check_version(manifest: Manifest) -> None:
    if not is_known(manifest.database.version):
        raise StateError(
            f"the backup's tables are of version {manifest.database.version}, newer than this loanbook ({latest_version()}; the "
            f"backup was made by loanbook {manifest.loanbook}). Update loanbook."
        )


def _vault(manifest: Manifest) -> Vault:
    path = keys_folder() / "keys"
    if not path.exists():
        raise StateError(
            f"there is no key file at {path}, and a backup holds no keys. Take its copy back: `loanbook key import FOLDER`. "
            "With --without-keys the store comes back, and personal data stays sealed."
        )
    vault = open_vault()
    if vault.keys.name() != manifest.key_file:
        raise StateError(
            f"{path} is not the key file of this backup (it is {vault.keys.name()}, the backup's was {manifest.key_file}). "
            "Name the folder of the right one in LOANBOOK_KEYS, or take its copy back: `loanbook key import FOLDER`."
        )
    return vault


def _plan(folder: Path, manifest: Manifest, staged: Path, replace: bool) -> list[Move]:
    """Where books and the rest will go. Raises StateError for a place that is taken."""
    places = {f"books/{name}": books_folder() / name for name in manifest.books}
    places |= {SETTLEMENTS: home() / SETTLEMENTS, heads_file().name: heads_file()}
    found = [(name, place) for name, place in places.items() if (folder / name).exists()]
    taken = [str(place) for _, place in found if place.exists()]
    if taken and not replace:
        raise StateError(f"{taken[0]} is there already. Restore into an empty place, or say --replace: it is then kept aside.")
    kept = home() / REPLACED / _stamp()
    return [Move(new=str(staged / name), place=str(place), aside=str(kept / name)) for name, place in found]


def _plan_cluster(server: Embedded, replace: bool) -> Move:
    if server.major() is not None and not replace:
        raise StateError(
            f"{server.cluster} holds a store already. Restore into an empty place (LOANBOOK_ONLINE and LOANBOOK_HOME name it), "
            "or say --replace: it is then kept aside."
        )
    aside = server.folder / f"cluster.replaced-{_stamp()}"
    return Move(new=str(server.folder / NEXT / server.cluster.name), place=str(server.cluster), aside=str(aside))


def _stage(folder: Path, staged: Path, moves: list[Move]) -> None:
    """Copy what is moved to where one rename puts it in its place."""
    for new in (Path(move.new) for move in moves):
        if staged in new.parents:
            source = folder / new.relative_to(staged)
            new.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, new)
            else:
                shutil.copyfile(source, new)


def _empty(vault: Vault, listed: list[int]) -> None:
    """What was erased by the time of the backup stays so, also where the key file came back from an older copy."""
    emptied = vault.keys.emptied(listed)
    vault.keys.empty([slot for slot, flag in zip(listed, emptied, strict=True) if not flag])


def _stamp() -> str:
    return f"{wall_clock()[0]:%Y%m%d-%H%M%S}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filling:
    """A backup on its way into a database."""

    folder: Path
    manifest: Manifest
    vault: Vault | None
    on_progress: Progress | None

    def fill_named(self, dsn: str) -> None:
        """Fill a database that must be empty, or hold this backup already, since a crash right after it was loaded."""
        with connect(dsn) as connection:
            empty = is_empty(connection)
            same = not empty and sum_up(connection).tables == self.manifest.database.tables
        if not empty and not same:
            raise StateError(
                f"the database that {DSN_VARIABLE} names holds tables already. Name an empty one; --replace is for the embedded "
                "server only."
            )
        if empty:
            self.fill(dsn)

    def fill(self, dsn: str) -> None:
        """Load, prove, and see that the key file fits."""
        most = self.manifest.database.transaction_most
        load(dsn, self.folder / DATABASE, most, self.on_progress, plus=self.manifest.archive)
        prove(dsn, self.manifest.database, self.on_progress)
        if self.vault is not None:
            with connect(dsn) as tx:
                _check_keys_open(tx, self.vault)

    def settle(self, dsn: str) -> int:
        """Bring the tables to this version, and blank whoever was erased since; returns how many those are."""
        migrate_dsn(dsn)
        now = wall_clock()[0]
        with connect(dsn) as tx:
            blanked = 0 if self.vault is None else len(self.vault.erase_again(tx, now))
            made_at = f"{self.manifest.made_at.isoformat(timespec='seconds')}"
            append(tx, [Entry(caller_id=WHO, action="store_restored", subjects=(made_at,), status=200)], now)
        return blanked


def _check_keys_open(tx: Connection, vault: Vault) -> None:
    """A key file that lacks keys of the backup is older than it; taking it back would lose people without a word."""
    found = check_keys(tx, vault)
    if found.findings:
        first = found.findings[0]
        raise StateError(
            f"the key file does not fit the backup: {first.message} ({first.place}). Take a copy back that was made after the "
            "backup (`loanbook key import`), or say --without-keys: what the missing keys seal is lost then."
        )
    vault.keys.reach(highest_slot(tx) + 1)


def prove(dsn: str, expected: DatabaseSum, on_progress: Progress | None = None) -> None:
    """Hold what a database holds against what it should. Raises TieError naming the tables that differ."""
    with connect(dsn) as connection:
        found = sum_up(connection, on_progress)
    wrong = [
        f"{name} has {found.tables[name].rows:,} rows, expected {each.rows:,}"
        if name in found.tables and found.tables[name].rows != each.rows
        else f"{name} is missing or has other content"
        for name, each in expected.tables.items()
        if found.tables.get(name) != each
    ]
    wrong += [f"{name} is not in the backup" for name in found.tables if name not in expected.tables]
    if wrong or found.version != expected.version:
        raise TieError(
            f"what was loaded is not what was backed up: {'; '.join(wrong[:5]) or found.version}. Nothing was changed."
        )


def embedded_for_any() -> Embedded:
    """The embedded server of this place, also where none of the servers that may open it is of its folder's version."""
    try:
        return Embedded()
    except StateError:
        return Embedded(binaries=allowed_binaries()[0])


@contextlib.contextmanager
def beside(server: Embedded, binaries: Binaries | None = None) -> Iterator[Embedded]:
    """A new server in a folder inside another's, to be filled while the other is kept `alone`; gone when the block ends."""
    new = Embedded(server.folder / NEXT, binaries or server.binaries)
    _discard(new)
    try:
        yield new
    finally:
        with contextlib.suppress(EngineError):
            new.stop(only_last=False)
        if not server.journal.exists():
            _discard(new)


def _discard(new: Embedded) -> None:
    new.halt()
    shutil.rmtree(new.folder, ignore_errors=True)
