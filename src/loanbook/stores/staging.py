"""Rows of any source become a typed Parquet file of one event kind in a staging folder, streamed."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from loanbook.errors import RequestError
from loanbook.events import Kind
from loanbook.events import columns as event_columns
from loanbook.stores.schema import arrow_schema

ROW_GROUP_ROWS = 1 << 17


def stage(rows: "pa.Table | pa.RecordBatchReader | Path", kind: Kind, folder: Path) -> tuple[Path, int]:
    """Write rows as `<folder>/given_<kind>.parquet` with exactly the kind's columns and types.

    rows     columns in any order; an absent optional column is filled with null
    returns  the file and its number of rows
    raises   RequestError for a column that the kind does not have, a required column that is absent, or a type that does not fit
    """
    schema = arrow_schema(kind)
    path = folder / f"given_{kind.name}.parquet"
    count = 0
    with pq.ParquetWriter(path, schema.remove_metadata(), compression="zstd") as writer:
        for batch in _batches(rows):
            table = _conform(batch, kind, schema, count)
            count += table.num_rows
            writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
    return path, count


def _batches(rows: "pa.Table | pa.RecordBatchReader | Path") -> Iterator[pa.Table]:
    if isinstance(rows, pa.Table):
        for start in range(0, max(rows.num_rows, 1), ROW_GROUP_ROWS):
            yield rows.slice(start, ROW_GROUP_ROWS)
        return
    if isinstance(rows, Path):
        try:
            with pq.ParquetFile(rows) as file:
                for batch in file.iter_batches(ROW_GROUP_ROWS):
                    yield pa.Table.from_batches([batch])
        except (pa.ArrowInvalid, OSError) as error:
            raise RequestError(f"{rows}: not a readable Parquet file: {error}") from error
        return
    for batch in rows:
        yield pa.Table.from_batches([batch])


def _conform(table: pa.Table, kind: Kind, schema: pa.Schema, before: int) -> pa.Table:
    strangers = [name for name in table.column_names if name not in schema.names]
    if strangers:
        raise RequestError(f"{kind.name} has no column {strangers[0]!r}. Its columns: {', '.join(schema.names)}.")
    absent = [c.name for c in event_columns(kind) if c.required and c.name not in table.column_names]
    if absent:
        raise RequestError(f"{kind.name}: the column {absent[0]!r} is required and absent. Add it.")
    arrays = []
    for field in schema:
        if field.name not in table.column_names:
            arrays.append(pa.nulls(table.num_rows, field.type))
            continue
        column = table.column(field.name)
        if pa.types.is_floating(column.type):
            raise RequestError(
                f"{kind.name}.{field.name} is a column of {column.type}; fractions of a minor unit cannot be stored. "
                f"Write whole numbers as {field.type}."
            )
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        try:
            arrays.append(column.cast(field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise RequestError(
                f"{kind.name}.{field.name}, rows {before + 1} to {before + table.num_rows}: {error}. Write {field.type}."
            ) from error
    return pa.table(arrays, schema=schema.remove_metadata())
