"""A copy of the online database at one moment: what it holds, in figures, as an archive of pg_dump, and back from one.

An event notes the transaction that wrote it, because a book is told by transaction. Numbers of transactions belong to a server;
on another one they would lie before or behind its own at random, and facts would be told never or late. So all numbers of an
archive are moved below zero when it is loaded, in their order: what was complete stays complete, and new ones lie behind it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import msgspec

from loanbook.errors import EngineError
from loanbook.stores.online.unit import Connection, connect
from loanbook.stores.programs import clients_for, output, run, script, server_major

Progress: TypeAlias = Callable[[str, int, int], None]

_MOVED = ("event", "forwarded")
"""Tables whose column `transaction` holds numbers of the server's transactions."""
_SETTINGS = "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL bytea_output = 'hex'; SET LOCAL jit = off"


class TableSum(msgspec.Struct, frozen=True, kw_only=True):
    """What a table holds: its rows, and the sum of their 64-bit hashes, which no order of rows changes.

    Numbers of transactions are left out, so that the sum is the same on another server.
    """

    rows: int
    content: str


class DatabaseSum(msgspec.Struct, frozen=True, kw_only=True):
    """What a database holds, and the highest number of a transaction that an event or a told place names."""

    version: str
    transaction_most: int
    tables: dict[str, TableSum]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One moment of a database, held by a transaction; others may see the same one by its name."""

    connection: Connection
    dsn: str
    name: str


@contextmanager
def snapshot(dsn: str) -> Iterator[Snapshot]:
    """Hold one moment of a database while the block runs; nothing waits for it."""
    with connect(dsn) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot() AS name").fetchone()
        if row is None:
            raise EngineError("the server named no snapshot.")
        try:
            yield Snapshot(connection=connection, dsn=dsn, name=row["name"])
        finally:
            connection.rollback()


def is_empty(connection: Connection) -> bool:
    """Whether a database has no tables."""
    return not _tables(connection)


def sum_up(connection: Connection, on_progress: Progress | None = None) -> DatabaseSum:
    """What the database holds now; call it inside a transaction of one snapshot."""
    for statement in _SETTINGS.split("; "):
        connection.execute(statement)
    tables = _tables(connection)
    found = {}
    for place, (name, columns) in enumerate(tables.items()):
        if on_progress is not None:
            on_progress("Summing up tables", place, len(tables))
        row = connection.execute(
            f"SELECT count(*) AS rows, coalesce(sum(hashtextextended(ROW({', '.join(columns)})::text, 0)::numeric), 0)::text "
            f'AS content FROM public."{name}" AS t'
        ).fetchone()
        found[name] = TableSum(**row) if row else TableSum(rows=0, content="0")
    if on_progress is not None:
        on_progress("Summing up tables", len(tables), len(tables))
    return DatabaseSum(version=_version(connection, tables), transaction_most=_most(connection, tables), tables=found)


def _tables(connection: Connection) -> dict[str, list[str]]:
    """Tables by name, with the columns that count."""
    query = (
        "SELECT c.relname AS name, array_agg('t.' || quote_ident(a.attname) ORDER BY a.attnum) AS columns FROM pg_class c "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
        "WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY 1 ORDER BY 1"
    )
    return {
        row["name"]: [each for each in row["columns"] if not (row["name"] in _MOVED and each == "t.transaction")]
        for row in connection.execute(query)
    }


def _version(connection: Connection, tables: dict[str, list[str]]) -> str:
    if "alembic_version" not in tables:
        return ""
    row = connection.execute("SELECT version_num FROM public.alembic_version").fetchone()
    return row["version_num"] if row else ""


def _most(connection: Connection, tables: dict[str, list[str]]) -> int:
    most = 0
    for name in _MOVED:
        if name in tables:
            row = connection.execute(f"SELECT coalesce(max(transaction), 0) AS most FROM public.{name}").fetchone()
            most = max(most, row["most"] if row else 0)
    return most


def dump(moment: Snapshot, path: Path, on_progress: Progress | None = None, *, plus: int = 0) -> None:
    """Write the database of a moment to an archive of pg_dump; a reader of the tables only, nothing waits for it.

    plus     a major version whose programs must be able to read the archive, where that is newer than the server's
    raises   EngineError with pg_dump's own words
    """
    clients = clients_for(max(server_major(moment.connection), plus))

    def told() -> None:
        if on_progress is not None and path.exists():
            on_progress("Copying the database (MB)", path.stat().st_size >> 20, 0)

    words = [clients.path("pg_dump"), "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={moment.name}"]
    run([*words, "--lock-wait-timeout=60s", f"--file={path}"], moment.dsn, told)


def load(dsn: str, archive: Path, transaction_most: int, on_progress: Progress | None = None, *, plus: int = 0) -> None:
    """Load an archive into an empty database, in one transaction: all of it or nothing.

    transaction_most   the highest number of a transaction in the archive (`sum_up`); all are moved below zero by it
    plus               the major version of the programs that wrote the archive, where it is newer than the server
    raises             EngineError with the words of pg_restore or psql
    """
    with connect(dsn) as connection:
        clients = clients_for(max(server_major(connection), plus))
        older = server_major(connection) < clients.major
    restore = [clients.path("pg_restore"), "--no-owner", "--no-privileges", "--exit-on-error", "--file=-"]
    sections = ("pre-data", "data", "post-data")

    def known(line: bytes) -> bool:
        return not (older and line.startswith(b"SET transaction_timeout"))

    words = [clients.path("psql"), "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", "-"]
    with script(words, dsn) as psql:
        for place, section in enumerate(sections):
            if on_progress is not None:
                on_progress("Loading the database", place, len(sections))
            if section == "data":
                psql.write(_moving(transaction_most + 1).encode())
            elif section == "post-data":
                psql.write(_MOVED_ALL.encode())
            output([*restore, f"--section={section}", str(archive)], psql, sieve=known)
    if on_progress is not None:
        on_progress("Loading the database", len(sections), len(sections))


def _moving(by: int) -> str:
    triggers = "".join(
        f"CREATE TRIGGER loading BEFORE INSERT ON public.{name} FOR EACH ROW EXECUTE FUNCTION public.loading();\n"
        for name in _MOVED
    )
    return (
        "CREATE FUNCTION public.loading() RETURNS trigger LANGUAGE plpgsql AS $$\n"
        f"BEGIN NEW.transaction := NEW.transaction - {by}; RETURN NEW; END\n$$;\n{triggers}"
    )


_MOVED_ALL = "".join(f"DROP TRIGGER loading ON public.{name};\n" for name in _MOVED) + "DROP FUNCTION public.loading();\n"
