"""The only module that knows the engine: DuckDB behind an ibis connection, with a memory limit and a folder to spill to.

Traps that this module closes (measured): SUM of a BIGINT is a HUGEINT and would leave as a decimal or a double, so every
fetch goes through Arrow, wide integers come back as int64 or raise, and a float column raises unless it was asked for.
"""

import contextlib
import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from loanbook.errors import EngineError

MEMORY_LIMIT = "1500MB"
"""What the engine may hold before it spills; ``LOANBOOK_MEMORY`` names another, e.g. 4GB."""

FETCH_ROWS = 1 << 17


class Engine:
    """One connection. Not shared between threads."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._connection: duckdb.DuckDBPyConnection = backend.con

    def run(self, statement: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement that returns nothing."""
        with _words():
            self._connection.execute(statement, list(parameters))

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a small result as Python values (integers stay exact)."""
        with _words():
            return list(self._connection.execute(query, list(parameters)).fetchall())

    def number(self, query: str) -> int:
        """The one integer that a query returns; null is 0."""
        value = self.rows(query)[0][0]
        return 0 if value is None else int(value)

    def table(self, query: str | Any) -> pa.Table:
        """A result as an Arrow table; money never leaves as float.

        query    SQL text, or an ibis expression
        raises   EngineError for a float column and for an integer beyond int64
        """
        with _words():
            return _integers(self._connection.sql(self._text(query)).to_arrow_table())

    def batches(self, query: str | Any) -> Iterator[pa.RecordBatch]:
        """A result as a stream of record batches, as `table`; ends when another query runs."""
        return self._read(self._connection, self._text(query))

    def stream(self, query: str | Any) -> Iterator[pa.RecordBatch]:
        """A result as a stream of record batches that other queries leave alone."""
        return self._read(self._connection.cursor(), self._text(query))

    @staticmethod
    def _read(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[pa.RecordBatch]:
        with _words():
            for batch in connection.sql(query).to_arrow_reader(FETCH_ROWS):
                yield from _integers(pa.Table.from_batches([batch])).to_batches()

    def view(self, name: str, source: str | Any) -> None:
        """Name a query or an ibis expression."""
        self.run(f"CREATE OR REPLACE VIEW {name} AS {self._text(source)}")

    def keep(self, name: str, source: str | Any) -> None:
        """Compute a query or an ibis expression once, into a table that spills when memory is short."""
        self.run(f"CREATE OR REPLACE TABLE {name} AS {self._text(source)}")

    def drop(self, name: str) -> None:
        """Forget a temporary table and free what it held."""
        self.run(f"DROP TABLE IF EXISTS {name}")

    def register(self, name: str, table: pa.Table) -> None:
        """Keep an Arrow table under a name."""
        with _words():
            self._connection.register("arriving", table)
        self.run(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM arriving")
        self._connection.unregister("arriving")

    def named(self, name: str) -> Any:
        """A view, kept or registered table as an ibis table, for expressions."""
        with _words(), warnings.catch_warnings():
            # ibis asks DuckDB through a method that DuckDB 2 renames.
            warnings.simplefilter("ignore", DeprecationWarning)
            return self._backend.table(name)

    def write(self, query: str | Any, path: Path, schema: pa.Schema) -> int:
        """Stream a result, in its order, to a Parquet file of a schema; returns its rows."""
        count = 0
        with pq.ParquetWriter(path, schema, compression="zstd", write_page_checksum=True) as writer:
            for batch in self.batches(query):
                writer.write_table(pa.Table.from_batches([batch]).select(schema.names).cast(schema))
                count += batch.num_rows
        return count

    def _text(self, query: str | Any) -> str:
        return query if isinstance(query, str) else as_text(query)


@contextlib.contextmanager
def connect(spill: Path, *, memory: str | None = None, threads: int = 2) -> Iterator[Engine]:
    """An engine in memory that spills to a folder.

    memory   "1500MB", "4GB"; default `LOANBOOK_MEMORY`, else `MEMORY_LIMIT`
    """
    with _words():
        backend = ibis.duckdb.connect()
        engine = Engine(backend)
        # Bound even where a query holds much: order is kept only where ORDER BY asks for it.
        for setting in (
            f"memory_limit={quote(memory or os.environ.get('LOANBOOK_MEMORY') or MEMORY_LIMIT)}",
            f"temp_directory={quote(spill)}",
            f"threads={threads}",
            "TimeZone='UTC'",
            "preserve_insertion_order=false",
            "enable_progress_bar=false",
            "autoinstall_known_extensions=false",
            "autoload_known_extensions=false",
        ):
            engine.run(f"SET {setting}")
    try:
        yield engine
    finally:
        backend.disconnect()


def as_text(expression: Any) -> str:
    """An ibis expression as the engine's query."""
    return str(ibis.to_sql(expression, dialect="duckdb"))


def quote(value: object) -> str:
    """A value as a literal of the engine's language."""
    return "'" + str(value).replace("'", "''") + "'"


def scan(paths: Sequence[Path]) -> str:
    """The table function that reads Parquet files of one schema."""
    return "read_parquet([" + ", ".join(quote(path) for path in paths) + "], hive_partitioning=false)"


@contextlib.contextmanager
def _words() -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise EngineError(f"The engine ran out of memory: {error}. Set LOANBOOK_MEMORY to more, e.g. 4GB.") from error
    except duckdb.Error as error:
        raise EngineError(f"The engine failed: {error}") from error


def _integers(table: pa.Table) -> pa.Table:
    fields = []
    for field in table.schema:
        if pa.types.is_floating(field.type):
            raise EngineError(f"Column {field.name} would leave the engine as a float. Compute it from integers instead.")
        wide = pa.types.is_decimal(field.type) and field.type.scale == 0
        fields.append(pa.field(field.name, pa.int64() if wide else field.type))
    schema = pa.schema(fields)
    if schema == table.schema:
        return table
    try:
        return table.cast(schema)
    except pa.ArrowInvalid as error:
        raise EngineError(f"An integer does not fit in 64 bits: {error}") from error
