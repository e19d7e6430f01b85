"""Rows of a terms file in CSV, with the place of each, so that a message can say path:line."""

import csv
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loanbook.errors import RequestError, TermsError
from loanbook.units import day

COMMENT = "#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: the cells by column name, stripped, and ``path:line``."""

    cells: dict[str, str]
    place: str

    def wrong(self, words: str) -> TermsError:
        """The error for this row."""
        return TermsError(f"{self.place}: {words}")

    def text(self, column: str) -> str:
        """A cell that must not be empty."""
        if not self.cells[column]:
            raise self.wrong(f"{column} is empty; write one.")
        return self.cells[column]

    def choice(self, column: str, allowed: Sequence[str]) -> str:
        """A cell that is one of several words."""
        value = self.cells[column]
        if value not in allowed:
            near = difflib.get_close_matches(value, allowed, 1)
            hint = f"Did you mean {near[0]}?" if near else f"Write one of {', '.join(allowed)}."
            raise self.wrong(f"{column} is {value!r}. {hint}")
        return value

    def several(self, column: str) -> tuple[str, ...]:
        """The words of a cell, separated by ``|``."""
        return tuple(word.strip() for word in self.cells[column].split("|") if word.strip())

    def date(self, column: str) -> int:
        """A cell as a day number."""
        try:
            return day(self.cells[column])
        except RequestError as error:
            raise self.wrong(f"{column} must be a date, not {self.cells[column]!r}. Write YYYY-MM-DD.") from error


def read_rows(path: Path, columns: Sequence[str], *, optional: Sequence[str] = ()) -> tuple[Row, ...]:
    """The rows of a CSV file of terms; lines that begin with ``#`` are comments.

    columns    the columns it must have; `optional` ones read as empty where the file has none
    raises     TermsError with path:line for missing, unknown or doubled columns and for rows of another width
    """
    shown = f"{path.parent.name}/{path.name}"
    lines = [
        (number, line)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.strip() and not line.lstrip().startswith(COMMENT)
    ]
    if not lines:
        raise TermsError(f"{shown}:1: the file is empty; its first line names the columns {','.join(columns)}.")
    header = [name.strip() for name in next(csv.reader([lines[0][1]]))]
    at = f"{shown}:{lines[0][0]}"
    for name in columns:
        if name not in header:
            raise TermsError(f"{at}: the column {name!r} is missing.")
    for name in header:
        if name not in columns and name not in optional:
            near = difflib.get_close_matches(name, [*columns, *optional], 1)
            raise TermsError(f"{at}: there is no column {name!r}.{f' Did you mean {near[0]}?' if near else ''}")
        if header.count(name) > 1:
            raise TermsError(f"{at}: the column {name!r} stands there twice.")
    rows = []
    for number, line in lines[1:]:
        values = next(csv.reader([line]))
        if len(values) != len(header):
            raise TermsError(
                f"{shown}:{number}: the row has {len(values)} cells, the header {len(header)}. Quote cells with commas."
            )
        cells = dict.fromkeys(optional, "") | {name: value.strip() for name, value in zip(header, values, strict=True)}
        rows.append(Row(cells=cells, place=f"{shown}:{number}"))
    return tuple(rows)
