"""Event files of a kind as one source, those of earlier versions with them: a column that they did not know is null in them."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq

from loanbook.events import Kind
from loanbook.stores.engine import scan
from loanbook.stores.schema import ADDED, arrow_schema


def scan_events(kind: Kind, paths: Sequence[Path]) -> str:
    """What to write after FROM to read the files of a kind, with every column that it has today."""
    added = [name for name in arrow_schema(kind).names if name in ADDED]
    without = [path for path in paths if added and not set(added) <= set(pq.read_schema(path).names)]
    if not without:
        return scan(paths)
    nulls = ", ".join(f"NULL::VARCHAR AS {name}" for name in added)
    whole = [path for path in paths if path not in without]
    parts = [f"SELECT *, {nulls} FROM {scan(without)}"]
    if whole:
        parts.insert(0, f"SELECT * FROM {scan(whole)}")
    return "(" + " UNION ALL BY NAME ".join(parts) + ")"
