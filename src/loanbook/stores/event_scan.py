"""Event files of a kind as one source, those of earlier versions with them: a column that they did not know is null in them."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from loanbook.events import Kind
from loanbook.stores.engine import scan
from loanbook.stores.schema import ADDED, arrow_schema


def scan_events(kind: Kind, paths: Sequence[Path]) -> str:
    """What to write after FROM to read the files of a kind, with every column that it has today."""
    added = [field for field in arrow_schema(kind) if field.name in ADDED]
    by_missing: dict[tuple[str, ...], list[Path]] = defaultdict(list)
    for path in paths:
        held = set(pq.read_schema(path).names) if added else ()
        by_missing[tuple(_null(field) for field in added if field.name not in held)].append(path)
    if set(by_missing) <= {()}:
        return scan(paths)
    parts = [f"SELECT {', '.join(('*', *nulls))} FROM {scan(of)}" for nulls, of in sorted(by_missing.items())]
    return "(" + " UNION ALL BY NAME ".join(parts) + ")"


def _null(field: pa.Field) -> str:
    return f"NULL::{'VARCHAR' if pa.types.is_string(field.type) else 'BIGINT'} AS {field.name}"
