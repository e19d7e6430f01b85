"""Batches of loans as Parquet row groups and back, without a copy where the layout allows it.

Scalar columns are plain columns, list columns are lists; `units.NEVER` is null in the file. One row group is one batch.
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

KINDS = tuple(_TYPES)
"""The kinds of batches, in the order a close reads them."""


def kind_of(batch: Batch) -> str:
    """compact, irregular or reported."""
    return _NAMES[type(batch)]


def batch_schema(kind: str) -> pa.Schema:
    """The Arrow schema of a kind of batch."""
    lists = {name: pa.list_(type_) for group in _LISTS[kind].values() for name, type_ in group.items()}
    return pa.schema(list({**_SCALARS[kind], **lists}.items()))


def to_table(batch: Batch) -> pa.Table:
    """A batch as an Arrow table of `batch_schema`."""
    kind = kind_of(batch)
    columns: dict[str, Any] = {name: _column(getattr(batch, name), type_) for name, type_ in _SCALARS[kind].items()}
    for offsets_name, group in _LISTS[kind].items():
        offsets = pa.array(getattr(batch, offsets_name).astype(np.int32), pa.int32())
        for name, type_ in group.items():
            columns[name] = pa.ListArray.from_arrays(offsets, _column(getattr(batch, name), type_))
    schema = batch_schema(kind)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def from_table(table: pa.Table, kind: str) -> Batch:
    """The batch of an Arrow table; its arrays are views of the table's memory where no null had to be filled."""
    part = table.combine_chunks()
    columns: dict[str, Ints] = {name: _values(_chunk(part, name), type_) for name, type_ in _SCALARS[kind].items()}
    for offsets_name, group in _LISTS[kind].items():
        for name, type_ in group.items():
            lists = _chunk(part, name)
            offsets = lists.offsets.to_numpy(zero_copy_only=True)
            columns[offsets_name] = offsets.astype(np.int64) - np.int64(offsets[0] if offsets.size else 0)
            columns[name] = _values(lists.flatten(), type_)
    return _TYPES[kind](**columns)


def read_batch(path: Path, kind: str, row_group: int) -> Batch:
    """One row group of a batch file, read on the calling thread.

    raises   StateError when the file is no batch file of this kind
    """
    try:
        with pq.ParquetFile(path) as file:
            return from_table(file.read_row_group(row_group, use_threads=False), kind)
    except (KeyError, pa.ArrowInvalid, FileNotFoundError) as error:
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
