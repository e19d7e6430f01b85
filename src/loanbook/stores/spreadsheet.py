"""Tables for spreadsheets: CSV and XLSX in which no cell can act as a formula."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from loanbook.errors import RequestError

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
"""What spreadsheet programs may take for the start of a formula, with the full-width forms some locales accept."""

_ROWS_MAX = 1_048_576


def escape_cell(value: object) -> object:
    """A cell that shows its text and never runs: text that starts like a formula gets an apostrophe; numbers stay numbers.

    A text that is a plain number with a sign (-12.50) is left as it is: it can only be a number.
    """
    if not isinstance(value, str):
        return value
    bare = value.lstrip(" \u00a0")
    if not bare.startswith(_FORMULA_STARTS):
        return value
    if bare[:1] in "+-" and bare[1:].replace(".", "", 1).isascii() and bare[1:].replace(".", "", 1).isdigit():
        return value
    return "'" + value


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write rows as CSV (UTF-8, quoted where needed, `\\n`), every cell and heading escaped; returns the number of rows."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([escape_cell(name) for name in columns])
        for row in rows:
            writer.writerow([escape_cell(cell) for cell in row])
            count += 1
    return count


def write_sheet(path: Path, name: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> int:
    """Write rows as the file's ending says: a workbook for `.xlsx`, else CSV; returns the number of rows.

    raises   RequestError when a worksheet cannot hold them
    """
    if path.suffix.lower() != ".xlsx":
        return write_csv(path, columns, rows)
    if len(rows) >= _ROWS_MAX:
        raise RequestError(f"{path}: {len(rows):,} rows do not fit a worksheet ({_ROWS_MAX - 1:,}). Write a .csv instead.")
    write_xlsx(path, {name: (columns, rows)})
    return len(rows)


def write_xlsx(path: Path, sheets: dict[str, tuple[Sequence[str], Iterable[Sequence[Any]]]]) -> None:
    """Write sheets of (columns, rows) as a workbook in constant memory; no cell is a formula or a link.

    raises   ValueError when a sheet has more rows than a worksheet holds
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        bold = book.add_format({"bold": True})
        for name, (columns, rows) in sheets.items():
            sheet = book.add_worksheet(name[:31])
            for at, column in enumerate(columns):
                sheet.write_string(0, at, str(escape_cell(column)), bold)
            for number, row in enumerate(rows, start=1):
                if number >= _ROWS_MAX:
                    raise ValueError(f"sheet {name} has more than {_ROWS_MAX - 1:,} rows; write CSV or Parquet instead")
                for at, cell in enumerate(row):
                    _write_cell(sheet, number, at, cell)


def _write_cell(sheet: Any, row: int, column: int, cell: object) -> None:
    if cell is None:
        return
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, int | float):
        sheet.write_number(row, column, cell)
    else:
        sheet.write_string(row, column, str(escape_cell(str(cell))))
