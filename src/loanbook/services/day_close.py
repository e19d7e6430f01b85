"""The day close: ordered, named steps, each done once a day, in a transaction of its own with the row that says so.

A crash leaves a step done or not done; closing again goes on where it stopped. Days that were missed are closed one after the
other. What a step cannot do for one loan is a finding of that step; the other loans go on.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from loanbook.errors import Finding, RequestError, StateError
from loanbook.kernel import home
from loanbook.services.day import Day, DayTerms, Shared
from loanbook.services.day_figures import Figures, figures_of
from loanbook.services.day_pass import CHUNK, Book
from loanbook.services.day_recoveries import recover
from loanbook.services.day_steps_cash import release_suspense
from loanbook.services.day_steps_claims import buy_back, compensate
from loanbook.services.day_steps_collections import hand_to_agencies, queue, settle_promises
from loanbook.services.day_steps_house import (
    audit,
    expire_credit_lines,
    fall_due,
    late_charges,
    mark_overdue,
    reset_quota,
    seal_audit,
)
from loanbook.services.day_steps_loans import charge_off
from loanbook.services.day_steps_partners import STEP as SETTLEMENT
from loanbook.services.day_steps_partners import settle
from loanbook.services.day_steps_reservations import sweep
from loanbook.services.day_steps_vehicles import pay_vehicles, publish_ratios, receive
from loanbook.services.guaranteeing import publish_rooms
from loanbook.services.platform_terms import PlatformTerms
from loanbook.stores.online.day_book import keep_step, lock_day, next_day, step_done, steps_done
from loanbook.stores.online.unit import Connection
from loanbook.stores.projection import Progress
from loanbook.terms.collection_file import collections_in
from loanbook.terms.vehicle_file import vehicles_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: its name, what it does, and whether it needs the pass over the running loans."""

    name: str
    run: Callable[[Day], object]
    looks_at_loans: bool = False


STEPS = (
    Step(name="reservations", run=sweep),
    Step(name="fall_due", run=fall_due, looks_at_loans=True),
    Step(name="mark_overdue", run=mark_overdue, looks_at_loans=True),
    Step(name="late_charges", run=late_charges, looks_at_loans=True),
    Step(name="promises", run=settle_promises),
    Step(name="agencies", run=hand_to_agencies, looks_at_loans=True),
    Step(name="collections_queue", run=queue, looks_at_loans=True),
    Step(name="recoveries", run=recover),
    Step(name="compensation", run=compensate, looks_at_loans=True),
    Step(name="buy_backs", run=buy_back, looks_at_loans=True),
    Step(name="charge_offs", run=charge_off, looks_at_loans=True),
    Step(name="vehicle_receipts", run=receive),
    Step(name="vehicle_ratios", run=publish_ratios),
    Step(name="vehicle_waterfalls", run=pay_vehicles),
    Step(name=SETTLEMENT, run=settle),
    Step(name="quota_reset", run=reset_quota),
    Step(name="guarantee_rooms", run=publish_rooms),
    Step(name="line_expiry", run=expire_credit_lines),
    Step(name="suspense", run=release_suspense),
    Step(name="self_audit", run=audit, looks_at_loans=True),
    Step(name="audit_seal", run=seal_audit),
)
"""In the order they run; the last one closes the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """What a step came to; findings are the first ones, `left_out` counts all."""

    day: dt.date
    step: str
    result: object
    findings: tuple[Finding, ...]
    left_out: int


def day_terms(terms: PlatformTerms) -> DayTerms:
    """The shipped vehicles and collection terms beside a platform's terms."""
    return DayTerms(platform=terms, vehicles=vehicles_in(), collections=collections_in())


def close_days(
    terms: DayTerms,
    connection: Connection,
    clock: Callable[[], tuple[dt.datetime, dt.date]],
    to: dt.date | None = None,
    *,
    folder: Path | None = None,
    chunk: int = CHUNK,
    on_progress: Progress | None = None,
) -> Iterator[StepDone]:
    """Close every day that is not closed up to one (default: yesterday), yielding each step as it is done.

    clock    gives now, with zone, and the civil day in the platform's zone
    folder   where settlement files go; default `settlements` in the user's folder
    on_progress   told how many steps of all days are done
    raises   StateError for a day that is not over, and what the store raises; steps done before stay done
    """
    _, today = clock()
    last = today - dt.timedelta(days=1) if to is None else to
    if last >= today:
        raise StateError(f"{last} is not over; the last day that can be closed is {today - dt.timedelta(days=1)}.")
    connection.rollback()
    first = next_day(connection, STEPS[-1].name)
    connection.rollback()
    if first is None:
        return
    folder = home() / "settlements" if folder is None else folder
    days = (last - first).days + 1
    for number in range(days):
        tell = None if on_progress is None else partial(_tell, on_progress, number * len(STEPS), days * len(STEPS))
        for done in _close(terms, connection, clock, first + dt.timedelta(days=number), folder, chunk):
            yield done
            if tell is not None:
                tell(done.step)


def _tell(on_progress: Progress, before: int, total: int, step: str) -> None:
    on_progress("closing", before + 1 + next(place for place, each in enumerate(STEPS) if each.name == step), total)


def _close(
    terms: DayTerms,
    connection: Connection,
    clock: Callable[[], tuple[dt.datetime, dt.date]],
    date: dt.date,
    folder: Path,
    chunk: int,
) -> Iterator[StepDone]:
    done = set(steps_done(connection, date))
    book = Book(terms.platform, connection)
    connection.rollback()
    figures: Figures | None = None
    shared = Shared()
    for step in STEPS:
        if step.name in done:
            continue
        if step.looks_at_loans and figures is None:
            figures = figures_of(book, connection, date, chunk)
        now, today = clock()
        day = Day(
            terms=terms,
            book=book,
            connection=connection,
            day=date,
            now=now,
            today=today,
            folder=folder,
            figures=figures or Figures(),
            shared=shared,
        )
        try:
            lock_day(connection)
            if step_done(connection, date, step.name):
                connection.rollback()
                continue
            result = step.run(day)
            keep_step(connection, date, step.name, result, day.findings.first, now)
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
        yield StepDone(day=date, step=step.name, result=result, findings=tuple(day.findings.first), left_out=day.findings.count)


def show_day(connection: Connection, day: dt.date) -> list[StepDone]:
    """The steps of a day that are done. Raises RequestError when there is none."""
    done = steps_done(connection, day)
    connection.rollback()
    if not done:
        raise RequestError(f"{day} is not closed, nor has its close begun. `loanbook day close --to {day}` closes it.")
    return [
        StepDone(
            day=day,
            step=step.name,
            result=done[step.name]["result"],
            findings=tuple(Finding(**each) for each in done[step.name]["findings"]),
            left_out=len(done[step.name]["findings"]),
        )
        for step in STEPS
        if step.name in done
    ]
