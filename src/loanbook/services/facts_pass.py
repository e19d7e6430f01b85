"""The facts pass of a close: row groups read, decoded and measured by a few threads, cells added up at the end."""

import threading
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from loanbook.loans.batches import Classes, IrregularBatch
from loanbook.loans.positions import Position, positions
from loanbook.measures.booking import Basis, BookCells, book_batches, booked_behind, empty_book_cells
from loanbook.measures.cells import Cells, empty_cells
from loanbook.measures.measuring import Batch, Calendar, LoansBehind, loans_behind, measure_batches
from loanbook.measures.space import Space
from loanbook.stores.batch_files import select_loans
from loanbook.stores.projection import Progress, Projection
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Model
from loanbook.units import Ints

THREADS = 2
_MEASURING = "measuring loans"


class _Queue:
    """The batches of a projection, handed out to threads one at a time, so that memory holds one batch a thread."""

    def __init__(
        self, projection: Projection, known_on: int, on_progress: Progress, stage: str, only: Ints | None = None
    ) -> None:
        self._projection = projection
        self._only = only
        self._classes = projection.classes().rows
        self._places = iter(projection.places())
        self._lock = threading.Lock()
        self._shift = projection.ordinals(known_on)
        self._on_progress = on_progress
        self._stage = stage
        self._done = 0
        self._total = projection.loans

    def batches(self) -> Iterator[Batch]:
        """Batches until there are none; each thread calls this once."""
        while True:
            with self._lock:
                place = next(self._places, None)
            if place is None:
                return
            kind, path, group, count = place
            batch = self._shift(self._projection.read(kind, path, group, self._classes))
            if self._only is not None:
                batch = select_loans(batch, np.isin(batch.loan_no, self._only))
            if batch.loan_no.size:
                yield batch
            with self._lock:
                self._done += count
                self._on_progress(self._stage, self._done, self._total)


def measure(projection: Projection, space: Space, *, on_progress: Progress, threads: int = THREADS) -> Cells:
    """The cells of all loans of a projection over a space.

    Cells are integers and additive, so the result does not depend on the number of threads or who takes which batch.
    raises   OverflowError when sums over the book may leave 64 bits
    """
    projection.check_sums()
    classes, calendar = projection.classes(), _calendar(projection)
    queue = _Queue(projection, space.window.known_on, on_progress, _MEASURING)

    def work(_: int) -> Cells:
        return measure_batches(queue.batches(), classes, space, calendar=calendar)

    total = empty_cells(space)
    with ThreadPoolExecutor(threads) as pool:
        for part in pool.map(work, range(max(threads, 1))):
            total = total + part
    return total


def book_loans(
    projection: Projection,
    space: Space,
    basis: Basis,
    *,
    on_progress: Progress,
    threads: int = THREADS,
    only: Ints | None = None,
) -> BookCells:
    """The cells of the books of all loans of a projection; like `measure`, whoever takes which batch.

    only     numbers of the loans that count; default: all
    raises   OverflowError when sums over the book may leave 64 bits
    """
    projection.check_sums()
    classes, calendar = projection.classes(), _calendar(projection)
    queue = _Queue(projection, space.window.known_on, on_progress, "booking loans", only)

    def work(_: int) -> BookCells:
        return book_batches(queue.batches(), classes, space, basis, calendar=calendar)

    total = empty_book_cells(space, basis.period_start)
    with ThreadPoolExecutor(threads) as pool:
        for part in pool.map(work, range(max(threads, 1))):
            total = total + part
    return total


def behind_entry(
    projection: Projection, space: Space, basis: Basis, family: str, wanted: Ints, *, on_progress: Progress
) -> Iterable[LoansBehind]:
    """The loans behind wanted cells of the daybook or the ledger, in the order of the projection's batches."""
    queue = _Queue(projection, space.window.known_on, on_progress, "booking loans")
    return booked_behind(queue.batches(), projection.classes(), space, basis, family, wanted, calendar=_calendar(projection))


def behind(projection: Projection, space: Space, family: str, wanted: Ints, *, on_progress: Progress) -> Iterable[LoansBehind]:
    """The loans behind wanted cells of a family, in the order of the projection's batches."""
    queue = _Queue(projection, space.window.known_on, on_progress, _MEASURING)
    classes: Classes = projection.classes()
    return loans_behind(queue.batches(), classes, space, family, wanted, calendar=_calendar(projection))


def unapplied(projection: Projection, as_of: int, known_on: int, models: Collection[Model], *, on_progress: Progress) -> int:
    """Money that nothing owed could take, of all loans of some models: summed over accounts, by no cell and no entry."""
    queue, classes, calendar = _Queue(projection, known_on, on_progress, _MEASURING), projection.classes(), _calendar(projection)
    total = 0
    for batch in queue.batches():
        if isinstance(batch, IrregularBatch):
            held = positions(batch, classes.rows, as_of, calendar, known_on)[:, Position.UNAPPLIED]
            meant = np.isin(classes.rows[batch.class_no, Field.MODEL], list(models)) & (batch.disbursed_on <= as_of)
            total += int(held[meant].sum())
    return total


def _calendar(projection: Projection) -> Calendar | None:
    closed, first = projection.calendar()
    return (closed, first) if closed.size else None
