"""Where the records of a CSV begin and how wide each is, found on its bytes; and its cells as columns of text.

Only a file that can be read in one way is read so. Quotes inside plain cells, quotes that do not end, or a lone carriage return
are left to a reader that goes row by row and says what is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from loanbook.units import Ints

_NEWLINE, _RETURN, _QUOTE, _COMMA = b'\n\r",'


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The records of a file, blank ones left away.

    starts, ends   (records,) int64: bytes of each, the end without its newline
    widths         (records,) int64: cells
    lines          (records,) int64: the line, from 1, on which each begins
    """

    starts: Ints
    ends: Ints
    widths: Ints
    lines: Ints


def records_of(raw: bytes) -> Records | None:
    """The records of a file's bytes; None where quotes or line ends can be read in more than one way."""
    if raw.count(b"\r") != raw.count(b"\r\n"):
        return None
    data = np.frombuffer(raw, np.uint8)
    newlines, commas, quotes = (np.flatnonzero(data == byte) for byte in (_NEWLINE, _COMMA, _QUOTE))
    if not _are_plain(data, quotes):
        return None
    ends = _outside(newlines, quotes)
    if len(raw) and (not len(ends) or ends[-1] != len(raw) - 1):
        ends = np.append(ends, len(raw))
    starts = np.append(0, ends[:-1] + 1)[: len(ends)]
    ends = ends - ((ends > starts) & (data[np.maximum(ends - 1, 0)] == _RETURN))
    between = _outside(commas, quotes)
    widths = np.searchsorted(between, ends) - np.searchsorted(between, starts) + 1
    lines = np.searchsorted(newlines, starts) + 1
    kept = ends > starts
    return Records(starts=starts[kept], ends=ends[kept], widths=widths[kept], lines=lines[kept])


def columns_of(raw: bytes, count: int, names: Sequence[str], *, quoted: bool) -> dict[str, pa.Array] | None:
    """The cells of records that have as many cells as there are names, by name, empty ones null; others are left away.

    raw      the records' bytes, without the header
    count    how many such records there are; None comes back where the columns have another number of rows
    """
    if not count:
        return {name: pa.array([], pa.string()) for name in names}
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(raw),
            read_options=pa_csv.ReadOptions(column_names=[str(place) for place in range(len(names))]),
            parse_options=pa_csv.ParseOptions(newlines_in_values=quoted, invalid_row_handler=lambda row: "skip"),
            convert_options=pa_csv.ConvertOptions(
                column_types={str(place): pa.string() for place in range(len(names))},
                null_values=[""],
                strings_can_be_null=True,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != count:
        return None
    return {name: without_blanks(column.combine_chunks()) for name, column in zip(names, table.columns, strict=True)}


def without_blanks(text: pa.Array) -> pa.Array:
    """Text without surrounding space; nothing but space is null."""
    trimmed = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def _are_plain(data: Ints, quotes: Ints) -> bool:
    """Whether quotes stand around whole cells alone, those inside doubled: then every other one opens, and the next closes."""
    if len(quotes) % 2:
        return False
    opening, closing = quotes[0::2], quotes[1::2]
    before = np.where(opening > 0, data[np.maximum(opening - 1, 0)], _NEWLINE)
    after = np.where(closing < len(data) - 1, data[np.minimum(closing + 1, len(data) - 1)], _NEWLINE)
    return bool(np.isin(before, (_COMMA, _NEWLINE, _QUOTE)).all() and np.isin(after, (_COMMA, _NEWLINE, _RETURN, _QUOTE)).all())


def _outside(places: Ints, quotes: Ints) -> Ints:
    return places[np.searchsorted(quotes, places) % 2 == 0] if len(quotes) else places
