"""What the steps of a day close are given, and how one loan that fails is kept apart from the others."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from loanbook import units
from loanbook.errors import LoanbookError, StateError
from loanbook.services.day_figures import Figures
from loanbook.services.day_pass import FINDINGS_MOST, Book, Findings, Standing
from loanbook.services.platform_terms import PlatformTerms
from loanbook.stores.online.unit import Connection, Unit
from loanbook.terms.calendar import SHIPPED as SHIPPED_CALENDARS
from loanbook.terms.calendar import WEEKDAYS, Calendar, read_calendar, weekdays
from loanbook.terms.collection import CollectionTerms
from loanbook.terms.mandate import Mandate
from loanbook.terms.vehicle import Vehicle

if TYPE_CHECKING:
    from loanbook.services.day_money import HeldMoney
    from loanbook.stores.online.day_book import BookedMoney
    from loanbook.stores.online.day_columns import LoanColumns

ZONE = ZoneInfo("Asia/Shanghai")
"""The platform's zone: what is recorded belongs to the civil day there."""
_AHEAD = 150
"""Days after a day that a settlement may need: its longest lag is 60 business days."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DayTerms:
    """The terms that a day is closed by, all versions."""

    platform: PlatformTerms
    vehicles: tuple[Vehicle, ...]
    collections: tuple[CollectionTerms, ...]

    def vehicle(self, code: str, on: int) -> Vehicle | None:
        """A vehicle's version in force; None when it has no terms that day."""
        versions = [each for each in self.vehicles if each.code == code and each.effective_from <= on]
        return max(versions, key=lambda each: each.effective_from) if versions else None

    def calendar(self, name: str, on: int) -> tuple[Calendar, int]:
        """A calendar that covers a day and a hundred and fifty more, and the last day that its source knows.

        After that day Monday to Friday stand in, so that a close does not stop; whoever uses such a day says so in a finding.
        """
        plain = weekdays(on, on + _AHEAD)
        if name == WEEKDAYS:
            return plain, units.NEVER
        known = _known_calendar(name)
        closed = plain.closed.copy()
        first, last = max(on, known.closed_from), min(on + _AHEAD, known.last_day)
        if first <= last:
            closed[first - on : last - on + 1] = known.closed[first - known.closed_from : last - known.closed_from + 1]
        return Calendar(name=name, source=known.source, closed_from=on, closed=closed), known.last_day

    def whole_calendar(self, name: str, first: int, last: int) -> Calendar:
        """A calendar as far as its source knows it; Monday to Friday from one day to beyond another."""
        return weekdays(first, last + _AHEAD) if name == WEEKDAYS else _known_calendar(name)


@lru_cache(maxsize=16)
def _known_calendar(name: str) -> Calendar:
    return read_calendar(SHIPPED_CALENDARS / f"{name}.yaml")


@dataclass(slots=True, kw_only=True)
class Shared:
    """What several steps of a day ask for: made by the first that does, changed by none; a day that is over keeps its money.

    money    who holds what came on the day, by what waited before it;  late  the loans past due by what the day knew, in parts
    booked   all money of the loans that money was booked for on the day, and these loans
    """

    money: "dict[tuple[tuple[str, dt.date], ...], HeldMoney]" = field(default_factory=dict)
    late: tuple[Standing, ...] | None = None
    booked: "tuple[BookedMoney, LoanColumns] | None" = None


@dataclass(slots=True, kw_only=True)
class Day:
    """One day as a step sees it.

    day       the day that is closed;  now, today  when it is closed
    folder    where settlement files go
    figures   the pass of the day, when the step asks for it;  shared  what steps share
    """

    terms: DayTerms
    book: Book
    connection: Connection
    day: dt.date
    now: dt.datetime
    today: dt.date
    folder: Path
    figures: Figures
    shared: Shared = field(default_factory=Shared)
    findings: Findings = field(default_factory=Findings)

    def unit(self) -> Unit:
        """A unit whose events happen on the closed day."""
        return Unit(self.connection, self.now, self.day)

    def moments(self) -> tuple[dt.datetime, dt.datetime]:
        """When the day began and ended, in the platform's zone."""
        return moments_of(self.day)

    def known_mandate(self, mandate_hash: str, loan_ids: Sequence[str]) -> Mandate | None:
        """The mandate of some loans; None, and a finding of each, when it is not among the terms."""
        try:
            return self.terms.platform.mandate_by_hash(mandate_hash)
        except StateError as error:
            for loan_id in loan_ids[:FINDINGS_MOST]:
                self.findings.add(f"loan {loan_id}", f"it is set apart: {error}")
            self.findings.count += max(len(loan_ids) - FINDINGS_MOST, 0)
            return None

    def apart(self, ids: Sequence[str], run: Callable[[Sequence[str]], Any]) -> list[Any]:
        """Run over some loans; when that fails, over each alone, and what fails alone is a finding. Writes are taken back."""
        return apart(self.connection, self.findings, ids, run)


def moments_of(day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """When a day begins and ends, in the platform's zone."""
    return dt.datetime.combine(day, dt.time(), ZONE), dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), ZONE)


def apart(connection: Connection, findings: Findings, ids: Sequence[str], run: Callable[[Sequence[str]], Any]) -> list[Any]:
    """Run over some loans; when that fails, over each alone, and what fails alone is a finding. Writes are taken back."""
    try:
        with connection.transaction():
            return [run(ids)] if ids else []
    except Exception as error:
        if connection.broken:
            raise
        if len(ids) == 1:
            told = str(error) if isinstance(error, LoanbookError) else f"{type(error).__name__}: {error}"
            findings.add(f"loan {ids[0]}", told.splitlines()[0])
            return []
    return [found for each in ids for found in apart(connection, findings, [each], run)]
