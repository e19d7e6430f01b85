"""The full close at several sizes: the house's and SQL's over the same loans, every cell of every family compared."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loanbook.measures.space import space
from loanbook.measures.window import window
from loanbook.simulator.bulk import Part
from loanbook.simulator.bulk_book import write_bulk_book
from loanbook.simulator.offer import offer
from loanbook.simulator.scenario import Scenario
from loanbook.terms.families import FAMILIES
from tests.bench.rows import RowWriter

MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """One size: seconds and peak bytes of both closes, bytes of both layouts, and how their cells compare.

    cells       cells that are not zero in either; different: cells with another value
    generating  seconds to write both layouts
    """

    loans: int
    instalments: int
    irregular: int
    kernel_seconds: float
    kernel_peak: float
    sql_seconds: float
    sql_peak: float
    threads: int
    kernel_bytes: int
    sql_bytes: int
    cells: int
    different: dict[str, int]
    generating: float

    @property
    def ratio(self) -> float:
        """How many times as long SQL takes."""
        return self.sql_seconds / self.kernel_seconds


def run_close(loans: int, scratch: Path, *, keep: bool = False, say: Callable[[str], None]) -> Closed:
    """Write the loans in both layouts under `scratch`, close them twice, compare, and remove them unless asked to keep."""
    folder = scratch / f"{loans}"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "rows").mkdir(parents=True)
    try:
        return _run(loans, folder, say)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _run(loans: int, folder: Path, say: Callable[[str], None]) -> Closed:
    scenario = Scenario()
    classes = offer(scenario).classes
    found = space(classes, window(since=scenario.first_day, as_of=scenario.last_day))
    writer = RowWriter(folder / "rows", classes, found)
    irregular = 0

    def on_part(part: Part) -> None:
        nonlocal irregular
        irregular += part.irregular.loan_no.size
        writer.add(part)

    say(f"{loans:,} loans: writing")
    start = time.perf_counter()
    _, projection = write_bulk_book(folder / "book", loans=loans, scenario=scenario, on_part=on_part)
    writer.close()
    generating = time.perf_counter() - start
    say(f"{loans:,} loans: closing")
    ours = child("kernel", folder, folder / "kernel.npz")
    say(f"{loans:,} loans: closed in {ours['seconds']:.2f} s; the same by SQL")
    theirs = child("sql", folder, folder / "sql.npz")
    cells, different = _compare(folder / "kernel.npz", folder / "sql.npz")
    kinds = [path for kind in ("compact", "irregular") for path in (projection.folder / kind).glob("*.parquet")]
    return Closed(
        loans=loans,
        instalments=writer.written.instalments,
        irregular=irregular,
        kernel_seconds=ours["seconds"],
        kernel_peak=ours["peak_bytes"],
        sql_seconds=theirs["seconds"],
        sql_peak=theirs["peak_bytes"],
        threads=int(ours["threads"]),
        kernel_bytes=sum(path.stat().st_size for path in kinds),
        sql_bytes=sum(path.stat().st_size for path in (folder / "rows").glob("*.parquet")),
        cells=cells,
        different=different,
        generating=generating,
    )


def child(kind: str, folder: Path, out: Path) -> dict[str, float]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench.one", kind, str(folder), str(out)], capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise SystemExit(f"the {kind} close failed:\n{run.stderr}")
    return dict(json.loads(run.stdout.splitlines()[-1]))


def _compare(ours: Path, theirs: Path) -> tuple[int, dict[str, int]]:
    cells, different = 0, {}
    with np.load(ours) as a, np.load(theirs) as b:
        for family in FAMILIES:
            cells += int(((a[family.name] != 0) | (b[family.name] != 0)).sum())
            different[family.name] = int((a[family.name] != b[family.name]).sum())
    return cells, different
