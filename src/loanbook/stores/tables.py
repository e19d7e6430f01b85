"""Tables as files: Parquet for programs, CSV for spreadsheets, where text that a spreadsheet would run is made harmless."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq

from loanbook.errors import StateError
from loanbook.stores.durable import digest
from loanbook.stores.spreadsheet import escape_cell

_PLAIN = r"^[0-9A-Za-z]"
"""Text that starts like this is never a formula; only other text is looked at one by one."""


def harmless(table: pa.Table) -> pa.Table:
    """The table with every text escaped by `spreadsheet.escape_cell`; other columns as they are."""
    for number, field in enumerate(table.schema):
        if not pa.types.is_string(field.type):
            continue
        column = table.column(number)
        doubtful = pc.fill_null(pc.invert(pc.match_substring_regex(column, _PLAIN)), False)
        if pc.any(doubtful).as_py():
            words = column.dictionary_encode().combine_chunks()
            escaped = pa.array([escape_cell(word) for word in words.dictionary.to_pylist()], field.type)
            table = table.set_column(number, field, escaped.take(words.indices))
    return table


def write_csv(table: pa.Table, path: Path) -> None:
    """Write a table as CSV with a header; dates as ISO text, null as nothing."""
    pv.write_csv(harmless(table), path, pv.WriteOptions(quoting_style="needed"))


def write_both(table: pa.Table, folder: Path, name: str) -> dict[str, object]:
    """Write `<name>.parquet` and `<name>.csv`; returns rows and the hash of the Parquet file."""
    path = folder / f"{name}.parquet"
    pq.write_table(table, path, compression="zstd")
    write_csv(table, folder / f"{name}.csv")
    return {"rows": table.num_rows, "sha256": digest(path)}


def read_table(folder: Path, name: str) -> pa.Table:
    """A table that `write_both` wrote; raises StateError when it is gone."""
    try:
        return pq.read_table(folder / f"{name}.parquet")
    except FileNotFoundError as error:
        raise StateError(
            f"{folder} has no {name}.parquet; it was dropped while it was being read. Run the command again."
        ) from error
