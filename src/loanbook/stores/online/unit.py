"""One transaction of the online store: rows locked and read together, writes gathered and sent as one statement a table.

A statement takes its rows as one JSON value and lets PostgreSQL make them typed rows, so a batch of two hundred drawdowns costs
as many round trips as one.
"""

import datetime as dt
import os
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec
import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL
from sqlalchemy import LargeBinary, Table
from sqlalchemy.dialects import postgresql

from loanbook.stores.online.schema import EVENT, OUTBOX

Row: TypeAlias = dict[str, Any]
Connection: TypeAlias = psycopg.Connection[Row]

TABLES_IN_ORDER = (
    "terms",
    "borrower",
    "identity",
    "consent",
    "application",
    "decision",
    "credit_line",
    "quote",
    "loan",
    "quota",
    "statement",
    "placement",
)
"""Rows are locked and inserted in this order of tables, and by id inside one, so that two units never wait for each other."""


def connect(dsn: str) -> Connection:
    """A connection whose rows are dicts; the caller commits."""
    connection = psycopg.connect(dsn, row_factory=dict_row)
    connection.prepare_threshold = 2
    return connection


@contextmanager
def same_snapshot(connection: Connection) -> Iterator[Connection]:
    """Another connection to the same database that sees what this one's transaction sees, and only reads.

    connection   in a transaction whose snapshot stands (REPEATABLE READ), as long as the other one is used
    """
    row = connection.execute("SELECT pg_export_snapshot() AS name").fetchone()
    info = connection.info
    # The host that this one is connected to, of several that a DSN may name.
    with psycopg.connect(info.dsn, host=info.host, port=info.port, password=info.password, row_factory=dict_row) as other:
        other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        other.execute(SQL("SET TRANSACTION SNAPSHOT {}").format(row["name"] if row else ""))
        yield other
        other.rollback()


def plan_by_key(connection: Connection) -> None:
    """Let a connection of a desk plan for what desks do: look up a few rows by key, in tables of any size.

    A statement's rows come as one value, of which PostgreSQL knows nothing. It guesses a hundred, and would rather read a table
    of ten thousand rows whole than look a hundred up.
    """
    for name, value in _BY_KEY.items():
        connection.execute(f"SET {name} = {value}")
    connection.commit()


_BY_KEY = {
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}


def new_id(prefix: str) -> str:
    """An id nobody can guess or count by; later ones sort later, so that an index grows at its end (UUID version 7)."""
    millis = time.time_ns() // 1_000_000
    return f"{prefix}-{millis:012x}7{os.urandom(10).hex()[1:]}"


def is_id(text: str) -> bool:
    """Whether a text has the form of ids that `new_id` gives, with whatever prefix, in capitals or not."""
    return _ID.fullmatch(text) is not None


_ID = re.compile(r"[a-z]{2}-[0-9a-f]{12}7[0-9a-f]{19}", re.IGNORECASE | re.ASCII)


class Unit:
    """The work of one transaction; nothing is written before `flush`.

    now     when it happens, with zone
    today   the civil day in the platform's zone that facts of now belong to
    """

    def __init__(self, connection: Connection, now: dt.datetime, today: dt.date) -> None:
        self.connection = connection
        self.now = now
        self.today = today
        self._inserts: dict[Table, list[Row]] = defaultdict(list)
        self._changes: dict[Table, dict[tuple[Any, ...], Row]] = defaultdict(dict)

    def lock_both(self, outer: Table, inner: Table, link: str, ids: Iterable[Any]) -> tuple[dict[Any, Row], dict[Any, Row]]:
        """Lock rows of `inner` and those of `outer` that they name by `link`, the outer ones first."""
        wanted = list(ids)
        outers = self.lock(outer, (row[link] for row in self.read(inner, wanted).values()))
        return outers, self.lock(inner, wanted)

    def lock(self, table: Table, ids: Iterable[Any], by: str = "") -> dict[Any, Row]:
        """Rows by primary key (or another unique column), held until the transaction ends."""
        return self._select(table, ids, by, " FOR UPDATE")

    def read(self, table: Table, ids: Iterable[Any], by: str = "") -> dict[Any, Row]:
        """Rows by primary key (or another unique column), as they are."""
        return self._select(table, ids, by, "")

    def _select(self, table: Table, ids: Iterable[Any], by: str, end: str) -> dict[Any, Row]:
        wanted = sorted({each for each in ids if each is not None})
        if not wanted:
            return {}
        column = by or next(iter(table.primary_key.columns)).name
        query = _select_text(table, column, end)
        return {row[column]: row for row in self.connection.execute(query, (msgspec.json.encode(wanted).decode(),))}

    def insert(self, table: Table, **values: Any) -> Row:
        """A new row; the row comes back, to be read by what follows in the same batch."""
        self._inserts[table].append(values)
        return values

    def update(self, table: Table, row: Row, **values: Any) -> None:
        """Change a row that this unit has locked, in memory now and in the table at `flush`."""
        row.update(values)
        key = tuple([row[name] for name in _key_names(table)])
        self._changes[table].setdefault(key, {}).update(values)

    def event(self, kind: str, subject: str, /, **content: Any) -> None:
        """Something happened to a borrower, line, loan or mandate, today."""
        self.insert(
            EVENT,
            kind=kind,
            subject=subject,
            happened_on=content.pop("happened_on", self.today),
            recorded_at=self.now,
            content=content,
        )

    def tell(self, recipient: str, topic: str, subject: str, /, **content: Any) -> None:
        """Put a message out, to go when this transaction is done."""
        self.insert(OUTBOX, recipient=recipient, topic=topic, subject=subject, content=content, recorded_at=self.now)

    def flush(self) -> None:
        """Send all writes; the caller commits."""
        order = {name: place for place, name in enumerate(TABLES_IN_ORDER)}

        def place(table: Table) -> int:
            return order.get(table.name, len(order))

        with self.connection.pipeline():
            for table in sorted(self._inserts, key=place):
                _grouped(self.connection, table, self._inserts[table], _insert_text)
            for table in sorted(self._changes, key=place):
                keys = _key_names(table)
                rows = [dict(zip(keys, key, strict=True)) | values for key, values in self._changes[table].items()]
                _grouped(self.connection, table, rows, _update_text)
        self._inserts.clear()
        self._changes.clear()


def _grouped(connection: Connection, table: Table, rows: Iterable[Row], statement: Any) -> None:
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[tuple(row)].append(row)
    for names, members in groups.items():
        connection.execute(statement(table, names), (_json(members, _binary_columns(table)),))


@lru_cache(maxsize=256)
def _key_names(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.primary_key.columns)


_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


@lru_cache(maxsize=256)
def _select_text(table: Table, column: str, end: str) -> str:
    kind = table.columns[column].type.compile(dialect=_DIALECT)
    return f"SELECT * FROM {table.name} WHERE {column} = {any_of_json(kind)} ORDER BY {column}{end}"


def any_of_json(kind: str = "text") -> str:
    """`ANY` of values that go as one JSON text: quoting a hundred for an array takes the driver longer than finding the rows."""
    return f"ANY(ARRAY(SELECT jsonb_array_elements_text(%s::jsonb)::{kind}))"


@lru_cache(maxsize=256)
def _insert_text(table: Table, names: tuple[str, ...]) -> str:
    columns = ", ".join(names)
    return f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM jsonb_populate_recordset(NULL::{table.name}, %s::jsonb)"


@lru_cache(maxsize=256)
def _update_text(table: Table, names: tuple[str, ...]) -> str:
    keys = _key_names(table)
    changes = ", ".join(f"{name} = x.{name}" for name in names if name not in keys)
    same = " AND ".join(f"{table.name}.{key} = x.{key}" for key in keys)
    return f"UPDATE {table.name} SET {changes} FROM jsonb_populate_recordset(NULL::{table.name}, %s::jsonb) AS x WHERE {same}"


@lru_cache(maxsize=256)
def _binary_columns(table: Table) -> frozenset[str]:
    return frozenset(column.name for column in table.columns if isinstance(column.type, LargeBinary))


def _json(rows: list[Mapping[str, Any]], binary: frozenset[str]) -> str:
    if binary:
        rows = [
            {name: f"\\x{value.hex()}" if name in binary and value is not None else value for name, value in row.items()}
            for row in rows
        ]
    return msgspec.json.encode(rows).decode()
