"""A data folder brought to another major version of PostgreSQL: copied by both servers side by side, proven, then exchanged.

By a dump and not by pg_upgrade: the same code goes up and down, between servers of different makes, and every table is proven
equal before the old folder is moved aside. Until that one rename a crash leaves the old folder as it was.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from loanbook.errors import StateError, TieError
from loanbook.services.clock import wall_clock
from loanbook.services.key_copies import WHO
from loanbook.services.restoring import NEXT, beside, prove
from loanbook.stores.backup import DATABASE, Progress
from loanbook.stores.binaries import Binaries, found_binaries
from loanbook.stores.embedded import DSN_VARIABLE, Embedded, named_dsn
from loanbook.stores.moves import Move, commit_moves
from loanbook.stores.online.audit import Entry, append
from loanbook.stores.online.dump import dump, load, snapshot, sum_up
from loanbook.stores.online.unit import connect


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    """From which version to which, how many rows, and where the old folder lies; None where it was removed."""

    before: int
    after: int
    rows: int
    aside: Path | None


def upgrade(to: int | None = None, *, drop_old: bool = False, on_progress: Progress | None = None) -> Upgraded:
    """Bring the embedded server's folder to a major version, default: the newest found.

    raises   StateError when a server is named instead, there is no folder, it is of that version already or in use, or one of the
             two servers is not on this machine; TieError when the copy is not equal. The old folder is then as it was.
    """
    if named_dsn() is not None:
        raise StateError(f"{DSN_VARIABLE} names a server, which its own administrator upgrades. This is for the embedded server.")
    old = _old()
    held = old.binaries.major
    target = _target(to, held)
    with old.alone(), beside(old, target) as new:
        source = old.run()
        fresh = new.start()
        archive = new.folder / DATABASE
        with snapshot(source) as moment:
            database = sum_up(moment.connection, on_progress)
            if database.version:
                dump(moment, archive, on_progress, plus=target.major)
        if database.version:
            load(fresh, archive, database.transaction_most, on_progress, plus=held)
            prove(fresh, database, on_progress)
            with connect(fresh) as tx:
                what = (f"PostgreSQL {held} to {target.major}",)
                append(tx, [Entry(caller_id=WHO, action="store_upgraded", subjects=what, status=200)], wall_clock()[0])
        new.stop(only_last=False)
        old.halt()
        aside = old.folder / f"cluster.postgresql-{held}-{wall_clock()[0]:%Y%m%d-%H%M%S}"
        commit_moves(old.journal, [Move(new=str(new.cluster), place=str(old.cluster), aside=str(aside))])
        _check_opens(old.folder, target)
        if drop_old:
            shutil.rmtree(aside)
    rows = sum(each.rows for each in database.tables.values())
    return Upgraded(before=held, after=target.major, rows=rows, aside=None if drop_old else aside)


def _old() -> Embedded:
    """The server of the folder as it is, with the programs of its own version."""
    found = found_binaries()
    if not found:
        raise StateError("no PostgreSQL is on this machine. Install the version to upgrade to, and the one before it.")
    folder = Embedded(binaries=found[0])
    held = folder.major()
    if held is None:
        raise StateError(f"there is no store in {folder.folder} yet; nothing is to be upgraded.")
    own = next((each for each in found if each.major == held), None)
    if own is None:
        names = ", ".join(str(each.major) for each in found)
        raise StateError(
            f"{folder.cluster} was written by PostgreSQL {held}, which is not on this machine (found: {names}). Install "
            f"PostgreSQL {held} beside it: an upgrade needs both."
        )
    return Embedded(binaries=own)


def _target(to: int | None, held: int) -> Binaries:
    found = {each.major: each for each in reversed(found_binaries())}
    wanted = max(found) if to is None else to
    names = ", ".join(map(str, sorted(found)))
    if wanted == held:
        raise StateError(f"the store is of PostgreSQL {held} already; found here: {names}. --to names another version.")
    if wanted not in found:
        raise StateError(f"PostgreSQL {wanted} is not on this machine; found here: {names}. Install it, or name another.")
    return found[wanted]


def _check_opens(folder: Path, binaries: Binaries) -> None:
    """The new folder in its place, opened by its server."""
    now = Embedded(folder, binaries)
    with connect(now.run()) as connection:
        row = connection.execute("SELECT current_setting('server_version_num')::int / 10000 AS major").fetchone()
    now.halt()
    if row is None or row["major"] != binaries.major:
        raise TieError(f"{now.cluster} does not open with PostgreSQL {binaries.major}. The old folder lies beside it.")


def left_over(server: Embedded) -> list[Path]:
    """Folders that restores and upgrades keep aside, and what one of them left unfinished."""
    kept = sorted(server.folder.glob("cluster.replaced-*")) + sorted(server.folder.glob("cluster.postgresql-*"))
    return kept + [path for path in (server.folder / NEXT,) if path.exists()]
