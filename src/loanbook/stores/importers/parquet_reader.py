"""Parquet tapes in batches of typed columns, with row numbers."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from loanbook.errors import RequestError
from loanbook.stores.importers.binding import Binding, bind
from loanbook.stores.importers.conversion import FAULTS, SourceBatch
from loanbook.stores.importers.mapping import Tape
from loanbook.stores.importers.stream import open_bytes

BATCH_ROWS = 65_536


class ParquetReader:
    """One Parquet file: `binding` after opening, then `batches()`."""

    def __init__(self, path: Path, tape: Tape, *, progress: Callable[[int], None] | None = None) -> None:
        open_bytes(path).close()
        self._path = path
        self._progress = progress
        try:
            self._file = pa.parquet.ParquetFile(path)
            self._schema = self._file.schema_arrow
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error
        self.binding: Binding = bind(tape, self._schema.names, path.name)

    def batches(self) -> Iterator[SourceBatch]:
        """Batches of the needed columns; raises RequestError when a page is damaged."""
        given = 0
        size = self._path.stat().st_size
        total = max(self._file.metadata.num_rows, 1)
        try:
            for batch in self._file.iter_batches(BATCH_ROWS, columns=list(self.binding.needed)):
                columns = {name: _plain(batch.column(i)) for i, name in enumerate(batch.schema.names)}
                rows = np.arange(given + 1, given + 1 + batch.num_rows, dtype=np.int64)
                given += batch.num_rows
                if self._progress is not None:
                    self._progress(size * given // total)
                yield SourceBatch(columns=columns, rows=rows)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error

    def faults(self) -> pa.Table:
        """Nothing: every row of a Parquet file has all columns."""
        return FAULTS.empty_table()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _unreadable(self, error: Exception) -> RequestError:
        words = str(error).splitlines()[0]
        return RequestError(
            f"{self._path.name}: this cannot be read as Parquet ({words}). It may be cut off or of another format."
        )


def _plain(column: Any) -> Any:
    """A column without dictionary encoding and with text as plain strings."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        raise RequestError(f"a column is of type {column.type}; a tape has numbers, text and dates. Flatten it first.")
    return column
