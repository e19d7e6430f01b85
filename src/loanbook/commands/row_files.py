"""Options that write what a command lists to a file as well, CSV or JSON: all rows, nothing shortened, money in minor units."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer

from loanbook.commands.screen import console, counted
from loanbook.errors import RequestError
from loanbook.services.ledger_reading import save_csv
from loanbook.stores.durable import write_in_place

ToCsv = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="Write all rows to this CSV file, too; money (_fen) in minor units.")
]
ToJson = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write them to this JSON file, too; money (_fen) in minor units.")
]


def save_rows(rows: Sequence[Mapping[str, Any]], names: Sequence[str], to_csv: Path | None, to_json: Path | None) -> None:
    """Write rows to the files that are wanted, each whole or not at all, and say so.

    names    the columns, also of no rows; a cell with several words has them joined by ``|`` in CSV, as a list in JSON
    raises   RequestError where there is no such folder
    """
    if to_csv is not None:
        save_csv(pa.table({name: pa.array([_cell(row[name]) for row in rows]) for name in names}), to_csv)
    if to_json is not None:
        save_json([{name: row[name] for name in names} for row in rows], to_json)
    for path in (to_csv, to_json):
        if path is not None:
            console().print(f"{counted(len(rows), 'row')} written to {path}", markup=False, soft_wrap=True)


def save_json(told: object, path: Path) -> None:
    """Write what JSON can say, whole or not at all; raises RequestError where there is no such folder."""
    if not path.absolute().parent.is_dir():
        raise RequestError(f"{path}: there is no folder {path.parent}.")
    write_in_place(path, (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode())


def _cell(value: Any) -> Any:
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {_cell(words)}" for name, words in value.items())
    return "|".join(value) if isinstance(value, tuple | list) else value
