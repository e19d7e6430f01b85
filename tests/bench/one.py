"""One close in a process of its own, so that its peak memory is its own: `python -m tests.bench.one WHAT FOLDER OUT.npz`.

WHAT is kernel, sql, books or books-sql. FOLDER holds `book` and `rows` (see
`closes.py`). Prints one JSON line: seconds, peak memory in bytes, threads.
"""

import datetime as dt
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from loanbook import units
from loanbook.measures.cells import from_tables
from loanbook.measures.space import space
from loanbook.measures.window import window
from loanbook.services.closing import close, close_space
from loanbook.services.facts_pass import THREADS
from loanbook.simulator.bulk_book import write_bulk_book
from loanbook.simulator.scenario import LAST_DAY
from loanbook.stores.book import open_book
from loanbook.stores.projection import project
from loanbook.terms.families import FAMILIES
from tests.bench import books
from tests.bench.baseline import MEMORY_LIMIT, close_by_sql, finish_flow
from tests.bench.books import by_books

WARM_UP_LOANS = 2_000


def peak_bytes() -> int:
    """The most memory this process has held. What `getrusage` says may be the parent's, taken over when the process started."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def by_kernel(folder: Path, out: Path) -> dict[str, float]:
    """The whole verb `close`: projection, facts pass, measures with comparatives, all tables as Parquet and CSV."""
    as_of = units.date(LAST_DAY)
    with tempfile.TemporaryDirectory() as small:
        # Compiled code is read from its cache here, not inside the time.
        warm, _ = write_bulk_book(Path(small) / "warm", loans=WARM_UP_LOANS)
        close(warm, as_of)
    book = open_book(folder / "book")
    start = time.perf_counter()
    done = close(book, as_of)
    seconds = time.perf_counter() - start
    if not done.fresh:
        raise SystemExit(f"{done.folder}: the close was there already; remove it to time one.")
    peak = peak_bytes()
    found = close_space(book, done, project(book))
    tables = {family.name: pq.read_table(done.folder / f"cells_{family.name}.parquet") for family in FAMILIES}
    np.savez(out, **from_tables(found, tables).families)
    return {"seconds": seconds, "peak_bytes": peak, "threads": THREADS}


def by_sql(folder: Path, out: Path) -> dict[str, float]:
    """The cells alone, by SQL over one row per instalment."""
    projection = project(open_book(folder / "book"))
    since = units.day(dt.date.fromisoformat(str(projection.manifest.since)))
    found = space(projection.classes(), window(since=since, as_of=LAST_DAY))
    start = time.perf_counter()
    cells = close_by_sql(folder / "rows", found, threads=THREADS, memory_limit=MEMORY_LIMIT)
    cells["flow"] = finish_flow(cells["flow"])
    seconds = time.perf_counter() - start
    np.savez(out, **cells)
    return {"seconds": seconds, "peak_bytes": peak_bytes(), "threads": THREADS}


if __name__ == "__main__":
    kind, place, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    runs = {"kernel": by_kernel, "sql": by_sql, "books": by_books, "books-sql": books.by_sql}
    found = runs[kind](place, target)
    sys.stdout.write(json.dumps({"peak_bytes": peak_bytes(), **found}) + "\n")
