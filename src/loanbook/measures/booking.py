"""Batches in, cells of the books out; and the same pass with a filter: the loans behind any entry."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from loanbook.errors import RequestError
from loanbook.loans.batches import Classes, ReportedBatch
from loanbook.loans.dates import month_end, month_index
from loanbook.measures.ledger import DAYBOOK_COLUMNS, LEDGER_COLUMNS, SCRATCH
from loanbook.measures.ledger_parts import Part
from loanbook.measures.ledger_policy import REMAINING, Policy, Rate
from loanbook.measures.measuring import Batch, Calendar, LoansBehind, no_probe, prepare_pass, run_batch
from loanbook.measures.passes import NO_CLOSE
from loanbook.measures.space import COPIES, MEMORY_LIMIT, Space
from loanbook.measures.sums import added
from loanbook.terms.families import BOOK_FAMILIES, BUCKETS, DAYBOOK, LEDGER
from loanbook.units import Ints

_NO_CELLS = np.zeros((0, 0), np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Basis:
    """What the books are made on besides the facts: the policy of each group and the frozen estimates, as the kernel reads them.

    period_start   first day of the period that is booked
    last_on        day of the close before; NO_CLOSE
    policy         (groups, months, len(Policy)) int64;  served  the same for the other lenders' part of loans lent jointly
    parts          (classes, len(Part)) int64: `ledger_parts.parts_of`
    shares         (classes, months) int64 ppm: the platform's part of borrowers' interest
    rates          (len(Rate), groups, REMAINING, buckets) int64 ppm
    riskier        (groups, months, REMAINING, buckets) int8: 1 where risk has increased significantly since then
    inception      (groups, months, tenors) int64 ppm of the amount lent
    unamortised    (2, classes, REMAINING) int64 `units.RATE_SCALE`-ths: contractual life, expected life
    """

    period_start: int
    last_on: int = NO_CLOSE
    policy: Ints
    served: Ints
    parts: Ints
    shares: Ints
    rates: Ints
    riskier: Ints
    inception: Ints
    unamortised: Ints

    def check(self, classes: Classes, space: Space) -> None:
        """Raise RequestError when a shape does not fit the book."""
        groups, months = len(space.groups), space.window.months
        wanted = {
            "policy": (groups, months, len(Policy)),
            "served": (groups, months, len(Policy)),
            "parts": (classes.rows.shape[0], len(Part)),
            "shares": (classes.rows.shape[0], months),
            "rates": (len(Rate), groups, REMAINING, len(BUCKETS)),
            "riskier": (groups, months, REMAINING, len(BUCKETS)),
            "inception": (groups, months, len(space.tenors)),
            "unamortised": (2, classes.rows.shape[0], REMAINING),
        }
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                raise RequestError(f"{name} must be {shape}; it is {getattr(self, name).shape}.")
        if self.period_start > space.window.as_of:
            raise RequestError("the period begins after the day of the close.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BookCells:
    """What all loans have come to, by cell; additive over batches, and independent of their order.

    daybook   (pools, months, slots, columns of `families.DAYBOOK`) int64
    ledger    (pools, months, columns of `families.LEDGER`) int64
    loans     loans booked; left_out: loans of tapes that report balances instead of payments
    """

    daybook: Ints
    ledger: Ints
    loans: int = 0
    left_out: int = 0

    def __add__(self, other: "BookCells") -> "BookCells":
        return BookCells(
            daybook=added(self.daybook, other.daybook, "a cell of the daybook"),
            ledger=added(self.ledger, other.ledger, "a cell of the ledger"),
            loans=self.loans + other.loans,
            left_out=self.left_out + other.left_out,
        )


def months_before(space: Space, period_start: int) -> int:
    """Slots that are months before the period."""
    return max(int(month_index(period_start)) - space.window.first_month, 0)


def slots(space: Space, period_start: int) -> int:
    """Slots of the daybook: months before the period, then its days."""
    return months_before(space, period_start) + space.window.as_of - period_start + 1


def slots_of_days(space: Space, period_start: int) -> Ints:
    """(days,) int64: the slot of each day from the first of the window's first month to the close (`ledger_state.slot_of`)."""
    first, before = int(month_end(space.window.first_month - 1)) + 1, months_before(space, period_start)
    days = np.arange(first, space.window.as_of + 1)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + int(month_index(0))
    return np.where(days < period_start, months - space.window.first_month, before + days - period_start)


def empty_book_cells(space: Space, period_start: int) -> BookCells:
    """Zeros over a space: what a pass adds to.

    raises   RequestError for more pools than the budget of a snapshot or memory has room for
    """
    shape = (len(space.pools), space.window.months)
    rows, held = math.prod(shape), COPIES * 8 * math.prod(shape) * (slots(space, period_start) * DAYBOOK_COLUMNS + LEDGER_COLUMNS)
    if rows > LEDGER.budget or held > MEMORY_LIMIT:
        raise RequestError(
            f"the books tell loans apart by {shape[0]:,} pools (product, model, segment, vehicle, partner) and {shape[1]:,} "
            f"months: {rows:,} rows a snapshot of at most {LEDGER.budget:,}, and {held:,} bytes of at most {MEMORY_LIMIT:,}. "
            "Keep products, vehicles or partners in books of their own."
        )
    return BookCells(
        daybook=np.zeros((*shape, slots(space, period_start), DAYBOOK_COLUMNS), np.int64),
        ledger=np.zeros((*shape, LEDGER_COLUMNS), np.int64),
    )


def book_batches(
    batches: Iterable[Batch], classes: Classes, space: Space, basis: Basis, *, calendar: Calendar | None = None
) -> BookCells:
    """The cells of the books of all loans of the batches: pure, so passes over other batches add up with `+`.

    raises   RequestError for shapes that do not fit, OverflowError of the kernels
    """
    basis.check(classes, space)
    common = prepare_pass(classes, space, calendar, (basis.period_start, basis.last_on))
    cells = empty_book_cells(space, basis.period_start)
    daybook, ledger = cells.daybook.reshape(-1, DAYBOOK_COLUMNS), cells.ledger.reshape(-1, LEDGER_COLUMNS)
    families = (_NO_CELLS,) * 6
    loans = left_out = 0
    for batch in batches:
        if isinstance(batch, ReportedBatch):
            left_out += int(batch.loan_no.size)
            continue
        opened, _, _, _ = run_batch(
            batch, classes, (*common, families, no_probe(), _books(space, basis, daybook, ledger)), calendar
        )
        loans += opened
    return BookCells(daybook=cells.daybook, ledger=cells.ledger, loans=loans, left_out=left_out)


def booked_behind(
    batches: Iterable[Batch],
    classes: Classes,
    space: Space,
    basis: Basis,
    family: str,
    wanted: Ints,
    *,
    calendar: Calendar | None = None,
) -> Iterator[LoansBehind]:
    """The loans behind wanted cells of the daybook or the ledger, batch by batch, by the same kernel as the entry.

    wanted   (dense rows of the family,) bool
    raises   RequestError for a family that is no part of the books or a mask of another length
    """
    known = {each.name: each for each in BOOK_FAMILIES}
    if family not in known:
        raise RequestError(f"{family} is no family of the books; they are {', '.join(known)}.")
    basis.check(classes, space)
    common = prepare_pass(classes, space, calendar, (basis.period_start, basis.last_on))
    cells = empty_book_cells(space, basis.period_start)
    daybook, ledger = cells.daybook.reshape(-1, DAYBOOK_COLUMNS), cells.ledger.reshape(-1, LEDGER_COLUMNS)
    probed = daybook if family == DAYBOOK.name else ledger
    if wanted.shape != (probed.shape[0],):
        raise RequestError(f"the mask of family {family} needs {probed.shape[0]:,} rows; it has {wanted.shape}.")
    rows = np.flatnonzero(wanted).astype(np.int64)
    a_pool = probed.shape[0] // max(len(space.pools), 1)
    starts = np.searchsorted(rows, np.arange(len(space.pools) + 1) * a_pool).astype(np.int64)
    columns = (DAYBOOK if family == DAYBOOK.name else LEDGER).columns
    families = (_NO_CELLS,) * 6
    for batch in batches:
        if isinstance(batch, ReportedBatch):
            continue
        number = np.zeros(batch.loan_no.size + 1, np.int64)
        values = np.zeros((batch.loan_no.size + 1, len(columns)), np.int64)
        probe = (probed, starts, rows, number, values)
        _, found, _, _ = run_batch(batch, classes, (*common, families, probe, _books(space, basis, daybook, ledger)), calendar)
        yield LoansBehind(loan_no=number[:found], values={column: values[:found, place] for place, column in enumerate(columns)})


def _books(space: Space, basis: Basis, daybook: Ints, ledger: Ints) -> tuple[Ints, ...]:
    scratch = np.zeros(SCRATCH, np.int64)
    return (
        basis.policy,
        basis.served,
        basis.parts,
        basis.shares,
        basis.rates,
        basis.riskier,
        basis.inception,
        basis.unamortised,
        slots_of_days(space, basis.period_start),
        scratch,
        daybook,
        ledger,
    )
