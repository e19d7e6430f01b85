"""The twin on disk: a platform's world becomes a book, each compared quarter is closed, figures are set beside the published."""

from dataclasses import dataclass

import pyarrow.parquet as pq

from loanbook.services.closing import Close, close
from loanbook.simulator.demo import book_of
from loanbook.simulator.platform import load_platform
from loanbook.simulator.platform_world import SCALE, SEED, platform_world
from loanbook.simulator.telling import tables
from loanbook.simulator.twin import (
    KNOWN_DAYS,
    LOOK_AHEAD_DAYS,
    Compared,
    compare,
    load_reported,
    ours_of,
    quarter_end,
    quarters_of,
)
from loanbook.simulator.twin_books import StatementLine, compare_statements, keep_books
from loanbook.stores.book import Book
from loanbook.stores.projection import Progress, project
from loanbook.units import date, day

BOOK = "twin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """What was made: the book, a close for each compared quarter, and the comparison; `fresh`: the book was made now.

    lines   the statements' lines beside the published ones
    """

    book: Book
    closes: dict[str, Close]
    compared: tuple[Compared, ...]
    fresh: bool
    lines: tuple[StatementLine, ...] = ()


def make_twin(*, scenario: str, name: str = BOOK, seed: int = SEED, scale: int = SCALE, on_progress: Progress) -> Twin:
    """Make the book of a platform at a scale and close its compared quarters; quick when done before.

    raises   RequestError for an unknown scenario or scale; StateError when a book of that name holds another world
    """
    platform = load_platform(scenario)
    reported = load_reported(scenario)
    loans = sum(round(quarter.loans / scale) for quarter in platform.quarters)
    book, fresh = book_of(
        name, loans, platform.scenario, lambda: tables(platform_world(platform, seed=seed, scale=scale)), on_progress
    )
    project(book, on_progress=on_progress)
    ours: dict[tuple[str, str], float] = {}
    closes: dict[str, Close] = {}
    for quarter in quarters_of(reported):
        as_of = quarter_end(quarter)
        known_on, observed_to = date(day(as_of) + KNOWN_DAYS), date(day(as_of) + LOOK_AHEAD_DAYS)
        closed = close(book, as_of, known_on=known_on, observed_to=observed_to, on_progress=on_progress)
        rows = pq.read_table(closed.folder / "measures.parquet").to_pylist()
        ours.update(ours_of(reported, quarter, rows, scale))
        closes[quarter] = closed
    stated = keep_books(book, platform, scale, closes, on_progress=on_progress)
    lines = compare_statements(stated, scale, scenario)
    return Twin(book=book, closes=closes, compared=compare(reported, ours), fresh=fresh, lines=lines)
