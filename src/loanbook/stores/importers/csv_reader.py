"""CSV tapes in batches of text columns, with row numbers, in bounded memory."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from loanbook.errors import RequestError
from loanbook.stores.importers.binding import Binding, bind
from loanbook.stores.importers.conversion import FAULTS, SourceBatch
from loanbook.stores.importers.mapping import Tape
from loanbook.stores.importers.stream import Stream, find_bad_text
from loanbook.units import Ints

BLOCK_BYTES = 8 << 20
_HEADER_BYTES_MAX = 1 << 20
_SHOWN = 200
_MISFITS_MAX = 500_000
"""Rows of the wrong width without a batch of good rows between them: more, and it is the header that does not fit the file."""
_SEPARATORS = {";": "';'", "\t": '"\\t"', "|": "'|'", ",": "','"}


@dataclass(slots=True)
class _Misfits:
    """Rows that have not the header's number of columns: those not told yet, and what numbering the other rows needs.

    ahead    numbers of those that the reader met and the accepted rows have not passed; `passed` counts the rest
    """

    numbers: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    ahead: list[int] = field(default_factory=list)
    passed: int = 0
    last: tuple[int, int] = (0, 0)

    def take(self, row: Any) -> str:
        if len(self.numbers) >= _MISFITS_MAX:
            return "error"
        self.numbers.append(row.number)
        self.counts.append(row.actual_columns)
        self.texts.append(row.text[:_SHOWN])
        self.ahead.append(row.number)
        self.last = (row.number, row.actual_columns)
        return "skip"

    def forget_told(self) -> None:
        self.numbers, self.counts, self.texts = [], [], []

    def count(self) -> int:
        return self.passed + len(self.ahead)

    def number(self, given: int, size: int) -> Ints:
        """Row numbers in the file of the next accepted rows: the skipped ones before them are counted in."""
        skipped = np.sort(np.array(self.ahead, dtype=np.int64))
        order = np.arange(given, given + size, dtype=np.int64)
        reached = skipped - self.passed - np.arange(1, len(skipped) + 1)
        rows = order + self.passed + np.searchsorted(reached, order, side="right") + 1
        if size:
            behind = int(np.searchsorted(skipped, rows[-1]))
            self.passed += behind
            self.ahead = skipped[behind:].tolist()
        return rows + 1


class CsvReader:
    """One CSV file: `binding` after opening, then `batches()`, with `faults()` after each and at the end."""

    def __init__(self, path: Path, tape: Tape, *, progress: Callable[[int], None] | None = None) -> None:
        self._path = path
        self._tape = tape
        self._stream = Stream(path, encoding=tape.encoding, progress=progress)
        self._header = self._read_header()
        self._misfits = _Misfits()
        self._reader: Any = None
        self.binding: Binding = bind(tape, self._header, path.name)

    def batches(self) -> Iterator[SourceBatch]:
        """Batches of the needed columns as text; raises RequestError for what makes the whole file unreadable."""
        reader = self._reader = self._open()
        given = 0
        while reader is not None:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                break
            except pa.ArrowInvalid as error:
                raise self._words(error) from error
            rows = self._misfits.number(given, batch.num_rows)
            given += batch.num_rows
            columns = {name: batch.column(i) for i, name in enumerate(batch.schema.names)}
            yield SourceBatch(columns=columns, rows=rows)
        self._refuse_cut_off(given)

    def faults(self) -> pa.Table:
        """Rows found since the last call that do not have the header's number of columns."""
        size = len(self._misfits.numbers)
        expected = len(self._header)
        reasons = [
            f"the row has {n} {'column' if n == 1 else 'columns'}, the header has {expected}" for n in self._misfits.counts
        ]
        found = pa.Table.from_arrays(
            [
                pa.array([self._path.name] * size, pa.string()),
                pa.array([n + 1 for n in self._misfits.numbers], pa.int64()),
                pa.nulls(size, pa.string()),
                pa.nulls(size, pa.string()),
                pa.array(self._misfits.texts, pa.string()),
                pa.array(reasons, pa.string()),
                pa.array([f"{expected} {'column' if expected == 1 else 'columns'}"] * size, pa.string()),
            ],
            schema=FAULTS,
        )
        self._misfits.forget_told()
        return found

    def close(self) -> None:
        """Close the file; the reader first, because it reads ahead in a thread of its own."""
        if self._reader is not None:
            self._reader.close()
        self._stream.close()

    def _open(self) -> Any:
        tape = self._tape
        first = self._stream.read(1)
        if not first:
            return None
        self._stream.push_back(first)
        kinds = {name: pa.string() for name in self.binding.needed}
        try:
            return pa.csv.open_csv(
                pa.PythonFile(self._stream, "r"),
                read_options=pa.csv.ReadOptions(column_names=self._header, use_threads=False, block_size=BLOCK_BYTES),
                parse_options=pa.csv.ParseOptions(
                    delimiter=tape.delimiter,
                    quote_char=tape.quote,
                    newlines_in_values=tape.newlines_in_values,
                    invalid_row_handler=self._misfits.take,
                    ignore_empty_lines=True,
                ),
                convert_options=pa.csv.ConvertOptions(
                    column_types=kinds,
                    include_columns=list(self.binding.needed),
                    null_values=list(tape.nulls),
                    strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid as error:
            raise self._words(error) from error

    def _read_header(self) -> list[str]:
        kept = b""
        while b"\n" not in kept and len(kept) <= _HEADER_BYTES_MAX:
            part = self._stream.read(1 << 16)
            if not part:
                break
            kept += part
        line, found, rest = kept.partition(b"\n")
        if not found and b"\r" in line.rstrip(b"\r"):
            raise self._lone_returns()
        if len(line) > _HEADER_BYTES_MAX:
            raise RequestError(
                f"{self._path.name}: the first line is longer than {_HEADER_BYTES_MAX:,} bytes: this is no header of a CSV."
            )
        try:
            text = line.decode("utf-8-sig").rstrip("\r")
        except UnicodeDecodeError:
            raise RequestError(find_bad_text(self._path)) from None
        names = self._split(text)
        if not any(names):
            raise RequestError(f"{self._path.name}: the first line is empty; it must be the header.")
        if len(names) == 1:
            other = max(_SEPARATORS, key=text.count)
            if other != self._tape.delimiter and text.count(other):
                raise RequestError(
                    f"{self._path.name}: the header has one column when split at {self._tape.delimiter!r}, but holds "
                    f"{text.count(other)} {_SEPARATORS[other]}. Set delimiter: {_SEPARATORS[other]} in the mapping's tape."
                )
        if found:
            self._stream.push_back(rest)
        return names

    def _split(self, text: str) -> list[str]:
        try:
            cells = next(csv.reader([text], delimiter=self._tape.delimiter, quotechar=self._tape.quote), [])
        except csv.Error as error:
            if "\r" in text:
                raise self._lone_returns() from error
            raise RequestError(f"{self._path.name}: line 1: the header cannot be read: {error}.") from error
        return [name.strip() for name in cells]

    def _lone_returns(self) -> RequestError:
        return RequestError(
            f"{self._path.name}: lines end with a carriage return alone, so the whole file is one line. "
            "Save it with line feeds (LF or CRLF)."
        )

    def _refuse_cut_off(self, given: int) -> None:
        total = given + self._misfits.count()
        number, count = self._misfits.last
        if number == total and self._stream.last not in (b"\n", b"\r") and 0 < count < len(self._header):
            raise RequestError(
                f"{self._path.name}: the file is cut off: its last row ({total + 1}) has {count} of "
                f"{len(self._header)} columns and no line end. Fetch the file again."
            )

    def _words(self, error: Exception) -> RequestError:
        text = str(error)
        if len(self._misfits.numbers) >= _MISFITS_MAX:
            first, count = self._misfits.numbers[0] + 1, self._misfits.counts[0]
            return RequestError(
                f"{self._path.name}: more than {_MISFITS_MAX:,} rows on end have not the header's {len(self._header)} columns; "
                f"the first is row {first} with {count}. Correct the header, or delimiter and quote in the mapping's tape."
            )
        if "UTF8" in text or "UTF-8" in text:
            return RequestError(find_bad_text(self._path))
        if "straddling" in text:
            return RequestError(
                f"{self._path.name}: a row is longer than {BLOCK_BYTES:,} bytes, or a quote is opened and never closed. "
                "The file may be damaged, or its quote character is another (set quote in the mapping's tape)."
            )
        if "out of sync" in text:
            return RequestError(
                f"{self._path.name}: a quote is opened and not closed on its line. If values hold line ends, set "
                "newlines_in_values: true in the mapping's tape; if quotes mean nothing here, set quote to a character "
                "that the file does not hold."
            )
        return RequestError(f"{self._path.name}: the CSV cannot be read: {text}")
