"""Batches in, cells out; and the same pass with a filter: the loans behind any figure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from loanbook.errors import RequestError
from loanbook.loans.batches import Classes, CompactBatch, IrregularBatch, ReportedBatch
from loanbook.measures.cells import Cells, empty_cells
from loanbook.measures.compact_pass import run_compact
from loanbook.measures.coverage import coverage_of
from loanbook.measures.irregular_pass import run_irregular
from loanbook.measures.passes import NO_CLOSE, clock_of
from loanbook.measures.reported_pass import run_reported
from loanbook.measures.space import Space, class_places
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Shift
from loanbook.terms.families import BY_NAME, FAMILIES
from loanbook.units import Ints

Batch: TypeAlias = CompactBatch | IrregularBatch | ReportedBatch
Calendar: TypeAlias = tuple[Ints, int]
"""Closed days, (days,) bool, and the day number of the first."""

_NO_CALENDAR: Calendar = (np.zeros(0, np.bool_), 0)
_NONE = np.zeros((0, 0), np.int64)
_NONE_3, _NONE_4 = np.zeros((0, 0, 0), np.int64), np.zeros((0, 0, 0, 0), np.int64)
_RISKIER = np.zeros((0, 0, 0, 0), np.int8)
NO_BOOKS = (_NONE_3, _NONE_3, _NONE, _NONE, _NONE_4, _RISKIER, _NONE_3, _NONE_3, *(np.zeros(0, np.int64),) * 2, _NONE, _NONE)
"""Instead of policy, served, parts, shares, rates, riskier, inception, unamortised, slots, scratch, daybook and ledger: the pass
measures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoansBehind:
    """The loans that added to wanted cells, and what each added; columns sum to the cells.

    loan_no   (loans,) int64, in the order of the batches
    values    column of the family -> (loans,) int64
    """

    loan_no: Ints
    values: Mapping[str, Ints]


def measure_batches(batches: Iterable[Batch], classes: Classes, space: Space, *, calendar: Calendar | None = None) -> Cells:
    """Cells of all loans of the batches: pure, so passes over other batches (threads, machines) add up with `+`.

    batches    of one book, cut anywhere
    classes    the terms classes of the book; `space` was made of them
    calendar   needed where a class shifts due dates to business days
    raises     RequestError for a loan outside the window or a missing calendar; ValueError and OverflowError of the kernels
    """
    common = prepare_pass(classes, space, calendar)
    cells = empty_cells(space)
    families = tuple(cells.families[family.name] for family in FAMILIES)
    loans = without_days = without_schedule = 0
    coverage = cells.coverage
    for batch in batches:
        if isinstance(batch, ReportedBatch):
            coverage = coverage + coverage_of(batch, common[0][:, 0], len(space.groups), space.window)
        opened, _, days, schedule = run_batch(batch, classes, (*common, families, no_probe(), NO_BOOKS), calendar)
        loans, without_days, without_schedule = loans + opened, without_days + days, without_schedule + schedule
    return Cells(
        space=space,
        families=cells.families,
        coverage=coverage,
        loans=loans,
        without_payment_days=without_days,
        without_schedule=without_schedule,
    )


def loans_behind(
    batches: Iterable[Batch],
    classes: Classes,
    space: Space,
    family: str,
    wanted: Ints,
    *,
    calendar: Calendar | None = None,
) -> Iterator[LoansBehind]:
    """The loans behind wanted cells of one family, batch by batch, measured by the same kernel as the figure.

    wanted    (dense rows of the family,) bool
    raises    RequestError for an unknown family or a mask of another length
    """
    if family not in BY_NAME:
        raise RequestError(f"{family} is no family of cells; they are {', '.join(BY_NAME)}.")
    declared = BY_NAME[family]
    if wanted.shape != (space.rows(declared),):
        raise RequestError(f"the mask of family {family} needs {space.rows(declared):,} rows; it has {wanted.shape}.")
    common = prepare_pass(classes, space, calendar)
    cells = empty_cells(space)
    families = tuple(cells.families[each.name] for each in FAMILIES)
    rows = np.flatnonzero(wanted).astype(np.int64)
    a_group = space.rows(declared) // max(len(space.groups), 1)
    starts = np.searchsorted(rows, np.arange(len(space.groups) + 1) * a_group).astype(np.int64)
    probed = cells.families[family]
    for batch in batches:
        number = np.zeros(batch.loan_no.size + 1, np.int64)
        values = np.zeros((batch.loan_no.size + 1, len(declared.columns)), np.int64)
        probe = (probed, starts, rows, number, values)
        _, found, _, _ = run_batch(batch, classes, (*common, families, probe, NO_BOOKS), calendar)
        yield LoansBehind(
            loan_no=number[:found],
            values={column: values[:found, place] for place, column in enumerate(declared.columns)},
        )


def prepare_pass(
    classes: Classes, space: Space, calendar: Calendar | None, booked: tuple[int, int] | None = None
) -> tuple[Any, ...]:
    """What the passes over every kind of batch take first; raises RequestError for a missing calendar.

    booked   first day of the period and day of the close before, where loans are booked
    """
    if calendar is None and bool((classes.rows[:, Field.SHIFT] != Shift.NONE).any()):
        raise RequestError("a terms class shifts due dates to business days; pass the calendar's closed days.")
    clock = clock_of(space.window, len(space.tenors), *(booked or (0, NO_CLOSE)))
    return class_places(classes, space, by_pool=booked is not None), clock, space.window.month_ends, space.window.calendar_ends


def no_probe() -> tuple[Ints, ...]:
    """The probe that looks for nothing."""
    none = np.zeros(0, np.int64)
    return np.zeros((0, 0), np.int64), none, none, none, np.zeros((0, 0), np.int64)


def run_batch(batch: Batch, classes: Classes, common: tuple[Any, ...], calendar: Calendar | None) -> tuple[int, int, int, int]:
    """Loans opened, found by the probe, without payment days, without a schedule."""
    if isinstance(batch, CompactBatch):
        opened, found = run_compact(batch, classes, common, calendar or _NO_CALENDAR)
        return opened, found, 0, 0
    if isinstance(batch, IrregularBatch):
        opened, found = run_irregular(batch, classes, common, calendar or _NO_CALENDAR)
        return opened, found, 0, 0
    if isinstance(batch, ReportedBatch):
        opened, found, without_schedule = run_reported(batch, classes, common)
        return opened, found, opened, without_schedule
    raise RequestError(f"no decoder for a batch of {type(batch).__name__}.")
