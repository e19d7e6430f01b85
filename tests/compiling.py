"""`python -m tests.compiling`: compiles what most tests need, once, before the workers that share the suite start.

Each would compile the same kernels beside the other. Two processes begin at different ends and take from the cache what the
other has finished: one with the events of loans, the other with simulated loans.
"""

import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

SIMULATED = 500
QUARTER = "2024Q3"


def from_events(folder: Path) -> None:
    """Events, projection, a closed quarter and its statements."""
    from loanbook.services.bookkeeping import close_period
    from loanbook.services.group_statements import group_statements
    from tests.services.ledgers import ledger_book

    book = ledger_book(folder, loans=10)
    close_period(book, QUARTER)
    group_statements(book, QUARTER)


def from_simulation(folder: Path) -> None:
    """Worlds in columns and in events, and a closed quarter of one."""
    from loanbook.services.bookkeeping import close_period
    from loanbook.simulator.bulk_book import write_bulk_book
    from loanbook.simulator.telling import tables
    from loanbook.simulator.world import world

    tables(world(1, SIMULATED))
    close_period(write_bulk_book(folder / "bulk", loans=SIMULATED)[0], QUARTER)


def main() -> None:
    """Run both; the exit code is the worse one's."""
    with tempfile.TemporaryDirectory(prefix="loanbook-compiling-") as folder:
        os.environ["LOANBOOK_HOME"] = folder
        os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(sys.prefix) / "compiled"))
        start = multiprocessing.get_context("spawn").Process
        both = [start(target=part, args=(Path(folder),)) for part in (from_events, from_simulation)]
        for process in both:
            process.start()
        for process in both:
            process.join()
    sys.exit(max(abs(process.exitcode or 0) for process in both))


if __name__ == "__main__":
    main()
