"""What there is of a store, and where: server, tables, rows, books, keys, and what restores and upgrades left."""

import os
from dataclasses import dataclass
from pathlib import Path

import psycopg

from loanbook.errors import LoanbookError
from loanbook.kernel import home
from loanbook.services.forwarding import KINDS
from loanbook.services.restoring import REPLACED, embedded_for_any
from loanbook.services.upgrading import left_over
from loanbook.stores.binaries import Binaries, found_binaries
from loanbook.stores.book import list_books
from loanbook.stores.embedded import named_dsn, online_dsn
from loanbook.stores.online.dump import is_empty
from loanbook.stores.online.key_file import MASTER_VARIABLE, MASTERS_VARIABLE, SLOT_BYTES, keys_folder
from loanbook.stores.online.migrate import latest_version
from loanbook.stores.online.store_facts import sizes, told_places, waiting_facts
from loanbook.stores.online.unit import Row, connect
from loanbook.stores.programs import server_major


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Of a store.

    server      where it is, in words;  major  of the server, None where there is none yet
    found       the servers on this machine
    version     of its tables, empty where there are none;  latest  that of this loanbook
    sizes       `store_facts.sizes`, empty where the store could not be opened;  trouble  why it could not
    waiting     facts that each told book has not been told yet
    left_over   folders that restores and upgrades left
    """

    server: str
    major: int | None
    found: tuple[Binaries, ...]
    version: str
    latest: str
    sizes: Row
    trouble: str
    books: tuple[str, ...]
    waiting: dict[str, int]
    keys: str
    left_over: tuple[Path, ...]


def status() -> Status:
    """Look at the store of this place; starts its server where it has one, and makes nothing."""
    named = named_dsn()
    server, major, left = "the server that LOANBOOK_DSN names", None, []
    if named is None:
        embedded = embedded_for_any()
        major, server = embedded.major(), f"embedded, in {embedded.folder}"
        left = left_over(embedded)
    replaced = home() / REPLACED
    left += sorted(replaced.iterdir()) if replaced.is_dir() else []
    version, sized, waiting, trouble = "", {}, {}, ""
    if named is not None or major is not None:
        try:
            with online_dsn() as dsn, connect(dsn) as connection:
                major = server_major(connection)
                if not is_empty(connection):
                    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
                    version = row["version_num"] if row else ""
                    sized = sizes(connection)
                    waiting = {name: waiting_facts(connection, place, KINDS) for name, place in told_places(connection).items()}
        except (LoanbookError, psycopg.Error) as error:
            trouble = str(error).strip()
    return Status(
        server=server,
        major=major,
        found=found_binaries(),
        version=version,
        latest=latest_version(),
        sizes=sized,
        trouble=trouble,
        books=tuple(book.name for book in list_books()),
        waiting=waiting,
        keys=_keys(),
        left_over=tuple(left),
    )


def _keys() -> str:
    path = keys_folder() / "keys"
    if not path.exists():
        return "none yet"
    slots = max(path.stat().st_size // SLOT_BYTES - 2, 0)
    named = os.environ.get(MASTER_VARIABLE) or os.environ.get(MASTERS_VARIABLE)
    return f"{path}: {slots:,} slots of borrowers; the master key is {'named' if named else 'not named'} in the environment"
