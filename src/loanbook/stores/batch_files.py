"""Batches of loans as Parquet row groups and back, without a copy where the layout allows it.

Scalar columns are plain columns, `units.NEVER` null; a loan's list is one binary value, its integers one after another in little
endian, because Parquet's own lists took twice as long to read (docs/performance.md). One row group is one batch.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loanbook.errors import StateError
from loanbook.loans.batches import NO_BALANCE, CompactBatch, IrregularBatch, ReportedBatch
from loanbook.units import NEVER, Ints

Batch: TypeAlias = CompactBatch | IrregularBatch | ReportedBatch

_HEAD: dict[str, pa.DataType] = {
    "loan_no": pa.int64(),
    "class_no": pa.int32(),
    "principal_fen": pa.int64(),
    "disbursed_on": pa.date32(),
    "first_due_on": pa.date32(),
    "installment_fen": pa.int64(),
    "ordinal": pa.int32(),
}
_SCALARS: dict[str, dict[str, pa.DataType]] = {
    "compact": {**_HEAD, "settled_on": pa.date32()},
    "irregular": _HEAD,
    "reported": {**_HEAD, "opened_on": pa.date32(), "opened_balance": pa.int64(), "opened_dpd": pa.int32()},
}
_LISTS: dict[str, dict[str, dict[str, pa.DataType]]] = {
    "compact": {"late_offsets": {"late_days": pa.int16()}},
    "irregular": {
        "fact_offsets": {
            "fact_kind": pa.int8(),
            "fact_on": pa.date32(),
            "fact_recorded_on": pa.date32(),
            "fact_amount": pa.int64(),
            "fact_detail": pa.int64(),
        },
        "listed_offsets": {
            "listed_due_on": pa.date32(),
            "listed_principal": pa.int64(),
            "listed_interest": pa.int64(),
            "listed_fee": pa.int64(),
        },
    },
    "reported": {
        "position_offsets": {
            "position_on": pa.date32(),
            "position_recorded_on": pa.date32(),
            "position_balance": pa.int64(),
            "position_principal": pa.int64(),
            "position_paid": pa.int64(),
            "position_recovered": pa.int64(),
            "position_liquidation": pa.int64(),
            "position_dpd": pa.int32(),
        }
    },
}
_TYPES: dict[str, type[Batch]] = {"compact": CompactBatch, "irregular": IrregularBatch, "reported": ReportedBatch}
_NAMES = {cls: name for name, cls in _TYPES.items()}

_SOME_NULL = frozenset({"first_due_on", "settled_on", "opened_balance"})
"""Scalar columns in which `NEVER` or `NO_BALANCE` may stand."""

_NONE = np.frombuffer(b"", np.int8)
"""Read-only like every view of a table, or kernels would be compiled again for it."""

KINDS = tuple(_TYPES)
"""The kinds of batches, in the order a close reads them."""


def kind_of(batch: Batch) -> str:
    """compact, irregular or reported."""
    return _NAMES[type(batch)]


def batch_schema(kind: str) -> pa.Schema:
    """The Arrow schema of a kind of batch."""
    scalars = [pa.field(name, type_, nullable=name in _SOME_NULL) for name, type_ in _SCALARS[kind].items()]
    return pa.schema([*scalars, *(pa.field(name, pa.binary(), nullable=False) for name in _list_names(kind))])


def batch_writer(path: Path, kind: str) -> pq.ParquetWriter:
    """A writer of a batch file, one row group a batch, in the encodings that read fastest."""
    lists = _list_names(kind)
    encodings = {"loan_no": "DELTA_BINARY_PACKED", **dict.fromkeys(lists, "DELTA_LENGTH_BYTE_ARRAY")}
    by_dictionary = [name for name in _SCALARS[kind] if name not in encodings]
    return pq.ParquetWriter(
        path,
        batch_schema(kind),
        compression="lz4",
        use_dictionary=by_dictionary,
        column_encoding=encodings,
        write_page_checksum=True,
    )


def to_table(batch: Batch) -> pa.Table:
    """A batch as an Arrow table of `batch_schema`."""
    kind = kind_of(batch)
    columns: dict[str, Any] = {name: _column(getattr(batch, name), type_) for name, type_ in _SCALARS[kind].items()}
    for offsets_name, group in _LISTS[kind].items():
        offsets = getattr(batch, offsets_name)
        for name, type_ in group.items():
            columns[name] = _bytes_of(offsets, getattr(batch, name), _stored(type_))
    schema = batch_schema(kind)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def from_table(table: pa.Table, kind: str) -> Batch:
    """The batch of an Arrow table; its arrays are views of the table's memory where no null had to be filled.

    raises   ValueError for lists whose bounds do not fit their content, or lists of one group that differ in length
    """
    part = table.combine_chunks()
    columns: dict[str, Ints] = {name: _values(_chunk(part, name), type_) for name, type_ in _SCALARS[kind].items()}
    for offsets_name, group in _LISTS[kind].items():
        for name, type_ in group.items():
            bounds, columns[name] = _lists_of(_chunk(part, name), _stored(type_))
            held = columns.setdefault(offsets_name, bounds)
            if held is not bounds and not np.array_equal(held, bounds):
                raise ValueError(f"{name} has lists of other lengths than those beside it")
    return _TYPES[kind](**columns)


def read_batch(path: Path, kind: str, row_group: int) -> Batch:
    """One row group of a batch file, read on the calling thread.

    raises   StateError when the file is no batch file of this kind
    """
    try:
        # A bit that flipped on disk may still decode, and kernels check no bounds: pages carry checksums.
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return from_table(file.read_row_group(row_group, use_threads=False), kind)
    except (KeyError, IndexError, ValueError, OSError, pa.ArrowException) as error:
        raise StateError(f"{path}: not a readable file of {kind} loans ({error}). Run loanbook rebuild.") from error


def select_loans(batch: Batch, wanted: Ints) -> Batch:
    """The loans of a batch where `wanted` (loans,) bool is true, in their order."""
    kind = kind_of(batch)
    columns: dict[str, Ints] = {name: getattr(batch, name)[wanted] for name in _SCALARS[kind]}
    for offsets_name, group in _LISTS[kind].items():
        offsets = getattr(batch, offsets_name)
        lengths = np.diff(offsets)
        columns[offsets_name] = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths[wanted], dtype=np.int64)))
        inside = np.repeat(wanted, lengths)
        for name in group:
            columns[name] = getattr(batch, name)[inside]
    return _TYPES[kind](**columns)


def with_columns(batch: Batch, changes: Mapping[str, Ints]) -> Batch:
    """The batch with some of its columns replaced."""
    return type(batch)(**{field.name: changes.get(field.name, getattr(batch, field.name)) for field in fields(batch)})


def _list_names(kind: str) -> list[str]:
    return [name for group in _LISTS[kind].values() for name in group]


def _stored(type_: pa.DataType) -> np.dtype[Any]:
    return np.dtype(np.int32) if pa.types.is_date32(type_) else np.dtype(type_.to_pandas_dtype())


def _bytes_of(offsets: Ints, values: Ints, stored: np.dtype[Any]) -> Any:
    """Lists as binary values; raises OverflowError when they take more than the 2 GiB of one batch."""
    places = offsets * stored.itemsize
    if places.size and int(places[-1]) > np.iinfo(np.int32).max:
        raise OverflowError("the lists of one batch of loans take more than 2 GiB; write smaller batches")
    buffers = [None, pa.py_buffer(places.astype(np.int32)), pa.py_buffer(np.ascontiguousarray(values, stored))]
    return pa.Array.from_buffers(pa.binary(), max(offsets.size - 1, 0), buffers)


def _lists_of(column: Any, stored: np.dtype[Any]) -> tuple[Ints, Ints]:
    """Offsets that begin at 0, and all values one after another: views of the column's memory."""
    if not len(column):
        return np.zeros(1, np.int64), _NONE.view(stored)
    _, places, content = column.buffers()
    bounds = np.frombuffer(places, np.int32)[column.offset : column.offset + len(column) + 1]
    first, last = int(bounds[0]), int(bounds[-1])
    held = content.size if content is not None else 0
    if first < 0 or last > held or bool((bounds[1:] < bounds[:-1]).any()):
        raise ValueError("bounds of lists do not fit their content")
    if int(np.bitwise_or.reduce(bounds - first)) & (stored.itemsize - 1):
        raise ValueError("bounds of lists do not fit their content")
    values = np.frombuffer(content, stored, (last - first) // stored.itemsize, first) if last > first else _NONE.view(stored)
    return (bounds.astype(np.int64) - first) // stored.itemsize, values


def _chunk(table: pa.Table, name: str) -> Any:
    column = table.column(name)
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _column(values: Ints, type_: pa.DataType) -> Any:
    if not pa.types.is_date32(type_):
        plain = pa.array(values, type_)
        return pc.if_else(pc.equal(plain, NO_BALANCE), pa.scalar(None, type_), plain) if type_ == pa.int64() else plain
    days = pa.array(np.ascontiguousarray(values, np.int32), pa.int32(), mask=np.asarray(values) == NEVER)
    return days.view(pa.date32())


def _values(column: Any, type_: pa.DataType) -> Ints:
    if pa.types.is_date32(type_):
        days = column.view(pa.int32())
        return (days.fill_null(NEVER) if days.null_count else days).to_numpy(zero_copy_only=True)  # type: ignore[no-any-return]
    if column.null_count:
        column = column.fill_null(NO_BALANCE)
    return column.to_numpy(zero_copy_only=True)  # type: ignore[no-any-return]
