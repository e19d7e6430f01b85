"""`make bench-import SIZE_MB=2048`: a made-up ledger of that size goes through `loanbook import`, `rebuild` and `close`.

Each command runs in a process of its own; the table of docs/performance.md is written from what the operating system counted.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from loanbook import units
from loanbook.simulator.scenario import LAST_DAY
from loanbook.stores.book import open_book
from tests.bench import pages
from tests.bench.ledger import write_ledger

_BOOK = "ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One command: seconds on the clock, seconds of processor, most memory held, load of the machine as it ended."""

    name: str
    seconds: float
    processor: float
    peak_bytes: int
    load: float


def run(name: str, words: list[str], home: Path) -> Run:
    """Run `loanbook` with these words; raises SystemExit when it fails."""
    command = [sys.executable, "-c", "import loanbook.cli; loanbook.cli.main()", *words]
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    start = time.perf_counter()
    child = os.posix_spawn(sys.executable, command, os.environ | {"LOANBOOK_HOME": str(home)}, file_actions=silent)
    _, status, used = os.wait4(child, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise SystemExit(f"loanbook {' '.join(words)} ended with {code}.")
    return Run(
        name=name,
        seconds=time.perf_counter() - start,
        processor=used.ru_utime + used.ru_stime,
        peak_bytes=used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        load=os.getloadavg()[0],
    )


def bench(size_mb: float, scratch: Path) -> tuple[dict[str, int], list[Run]]:
    """Write a ledger under `scratch`, import it, build its projection, close it; checks that every row is accounted for."""
    generated = subprocess.run(
        [sys.executable, "-m", "tests.bench.ledger", str(scratch), str(size_mb)], capture_output=True, text=True, check=True
    )
    wrote: dict[str, int] = json.loads(generated.stdout)
    _warm_up(scratch / "small")
    home = scratch / "home"
    tape = [str(scratch / "ledger.yaml"), str(scratch / "ledger.csv")]
    runs = [run("import", ["import", *tape, "--book", _BOOK], home)]
    book = open_book(home / "books" / _BOOK)
    (record,) = (json.loads(path.read_bytes()) for path in (book.folder / "imports").glob("*/import.json"))
    (file,) = record["files"]
    held = sum(book.rows(kind) for kind in record["events"])
    found = (file["read"], file["accepted"], file["quarantined"], held)
    expected = (wrote["rows"], wrote["rows"] - wrote["bad"], wrote["bad"], wrote["rows"] - wrote["bad"])
    if found != expected:
        raise SystemExit(f"rows read, accepted, quarantined and held are {found}; written were {expected}.")
    runs.append(run("import again", ["import", *tape, "--book", _BOOK], home))
    runs.append(run("projection", ["rebuild", _BOOK], home))
    runs.append(run("close", ["close", _BOOK, "--as-of", str(units.date(LAST_DAY))], home))
    return wrote, runs


def _warm_up(folder: Path) -> None:
    """Compile what a book of this kind needs, so that no timed command does."""
    folder.mkdir()
    write_ledger(folder, size=100_000, world_loans=2_000)
    run("import", ["import", str(folder / "ledger.yaml"), str(folder / "ledger.csv"), "--book", _BOOK], folder)
    run("close", ["close", _BOOK, "--as-of", str(units.date(LAST_DAY))], folder)


def table(wrote: dict[str, int], runs: list[Run]) -> str:
    """The runs in Markdown, under a line that says what was read."""
    rows = [["command", "s", "processor s", "peak, GB", "MB of tape a second", "µs a row", "load"]]
    for each in runs:
        speed = f"{wrote['bytes'] / 1e6 / each.seconds:.1f}" if each.name.startswith("import") else ""
        cells = [f"{each.seconds:.1f}", f"{each.processor:.1f}", f"{each.peak_bytes / 1e9:.2f}", speed]
        rows.append([each.name, *cells, f"{each.seconds / wrote['rows'] * 1e6:.1f}", f"{each.load:.1f}"])
    title = (
        f"{wrote['bytes'] / 1e9:.2f} GB of CSV, {wrote['rows']:,} rows: "
        f"{wrote['loans']:,} loans and {wrote['payments']:,} payments; "
        f"{wrote['bad']} bad rows quarantined, all others held."
    )
    return f"{title}\n\n{pages.markdown(rows)}"


def main() -> None:
    """Run at the size asked for, print the table and put it into the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.importing", description=__doc__)
    parser.add_argument("--size-mb", type=float, default=256)
    parser.add_argument("--scratch", type=Path, help="folder for tape and book (three times the size); default: temporary")
    parser.add_argument("--no-page", action="store_true", help="print only, leave docs/performance.md as it is")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="loanbook-bench-", dir=asked.scratch) as place:
        text = table(*bench(asked.size_mb, Path(place)))
    sys.stdout.write(text + "\n")
    if not asked.no_page:
        pages.put("import", text)


if __name__ == "__main__":
    main()
