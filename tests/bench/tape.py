"""The real tape, AART 2017-3: how long its close takes, where the tape is there."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from loanbook import units
from loanbook.services.closing import close, drop_closes
from loanbook.services.importing import import_tape
from loanbook.stores.book import open_book
from loanbook.stores.importers.mapping_file import find_mapping
from loanbook.stores.projection import project

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "aart_2017_3" / "raw"


def run_tape() -> tuple[int, float] | None:
    """Loans of the tape and seconds of its close (the second of two: the first compiles); None where the tape is absent."""
    if not FOLDER.is_dir():
        return None
    with TemporaryDirectory(prefix="loanbook-bench-") as place:
        name = f"{place}/aart"
        import_tape(find_mapping("aart_2017_3"), sorted(FOLDER.glob("*.csv.gz")), name)
        book = open_book(name)
        projection = project(book)
        last = units.date(units.day(str(projection.manifest.last_on)))
        close(book, last)
        drop_closes(book)
        start = time.perf_counter()
        close(book, last)
        return projection.loans, time.perf_counter() - start
