"""`python -m tests.compiling`: compiles what most tests need, once, before the workers that share the suite start.

Each would compile the same kernels beside the other. Two processes begin at different ends: one with the events of loans, which
need the account kernel, the other with simulated loans; what both need after that the second compiles alone.
"""

import multiprocessing
import os
import sys
import tempfile
from multiprocessing.synchronize import Event
from pathlib import Path

SIMULATED = 500
QUARTER = "2024Q3"


def from_events(folder: Path, accounts: Event) -> None:
    """Loans told by events, projected."""
    from loanbook.stores.projection import project
    from tests.services.ledgers import ledger_book

    try:
        project(ledger_book(folder, loans=10))
    finally:
        accounts.set()


def from_simulation(folder: Path, accounts: Event) -> None:
    """Worlds in columns and in events; then, the account kernel being there, a quarter that is closed and stated."""
    from loanbook.services.bookkeeping import close_period
    from loanbook.services.group_statements import group_statements
    from loanbook.simulator.bulk_book import write_bulk_book
    from loanbook.simulator.telling import tables
    from loanbook.simulator.world import world

    tables(world(1, SIMULATED))
    book, _ = write_bulk_book(folder / "bulk", loans=SIMULATED)
    accounts.wait()
    close_period(book, QUARTER)
    group_statements(book, QUARTER)


def main() -> None:
    """Run both; the exit code is the worse one's."""
    with tempfile.TemporaryDirectory(prefix="loanbook-compiling-") as folder:
        os.environ["LOANBOOK_HOME"] = folder
        os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(sys.prefix) / "compiled"))
        context = multiprocessing.get_context("spawn")
        accounts = context.Event()
        both = [context.Process(target=part, args=(Path(folder), accounts)) for part in (from_events, from_simulation)]
        for process in both:
            process.start()
        for process in both:
            process.join()
    sys.exit(max(abs(process.exitcode or 0) for process in both))


if __name__ == "__main__":
    main()
