"""Business-day calendars: shipped facts with a source and a horizon, as closed-day bitmaps for kernels.

A calendar file (`terms/calendars/NAME.yaml`) says where its facts come from, and the first and last day they cover. Saturdays
and Sundays are closed unless `open` names them; other days are open unless `closed` does. Beyond the horizon nothing is known:
kernels and `closed_days` raise instead of guessing.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loanbook.errors import RequestError
from loanbook.terms.loading import Located, read_located
from loanbook.units import Ints, date

SHIPPED = Path(__file__).parent / "calendars"
WEEKDAYS = "weekdays"
"""The calendar that knows only Monday to Friday; it needs no file and ends nowhere."""

_WEEK = 7
_THURSDAY = 3
"""1970-01-01, the day number 0, was a Thursday; Monday is 0."""
_SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Closed days from the day `closed_from` on: closed (days,) bool; `source` says who stated them."""

    name: str
    source: str
    closed_from: int
    closed: Ints

    @property
    def last_day(self) -> int:
        """The horizon: the last day the calendar knows."""
        return self.closed_from + self.closed.size - 1


def weekdays(first_day: int, last_day: int) -> Calendar:
    """The calendar in which Saturdays and Sundays are closed and nothing else, between two days."""
    if last_day < first_day:
        raise RequestError(f"a calendar cannot end ({date(last_day)}) before it starts ({date(first_day)}).")
    days = np.arange(first_day, last_day + 1)
    return Calendar(
        name=WEEKDAYS,
        source="Monday to Friday",
        closed_from=first_day,
        closed=(days + _THURSDAY) % _WEEK >= _SATURDAY,
    )


def read_calendar(path: Path, shown: str | None = None) -> Calendar:
    """The calendar of a file.

    raises   TermsError with ``path:line:`` for a day outside the horizon, a day named twice, or one that is so already
    """
    top = read_located(path, shown)
    names = ("calendar", "source", "first_day", "last_day", "closed", "open")
    items = top.fields("a calendar", names, names)
    first, last = items["first_day"].date("first_day"), items["last_day"].date("last_day")
    if last < first:
        raise items["last_day"].wrong(f"last_day lies before first_day ({date(first)}). Swap them.")
    calendar = weekdays(first, last)
    closed = calendar.closed.copy()
    seen: set[int] = set()
    for name, is_closed in (("closed", True), ("open", False)):
        for entry in items[name].items(name):
            closed[_place(entry, name, calendar, seen, is_closed)] = is_closed
    return Calendar(
        name=items["calendar"].text("calendar"), source=items["source"].text("source"), closed_from=first, closed=closed
    )


def _place(entry: Located, name: str, calendar: Calendar, seen: set[int], is_closed: bool) -> int:
    day = entry.date(f"a day of {name}")
    if not calendar.closed_from <= day <= calendar.last_day:
        raise entry.wrong(
            f"{date(day)} lies outside {date(calendar.closed_from)} to {date(calendar.last_day)}. Move the horizon."
        )
    if day in seen:
        raise entry.wrong(f"{date(day)} stands twice. Keep one.")
    seen.add(day)
    place = day - calendar.closed_from
    if bool(calendar.closed[place]) == is_closed:
        kind = "a weekend, closed anyway" if is_closed else "a weekday, open anyway"
        raise entry.wrong(f"{date(day)} is {kind}. Remove it.")
    return place


def calendar_names(folder: Path = SHIPPED) -> tuple[str, ...]:
    """The calendars that can be named: `weekdays` and the files of a folder."""
    return (WEEKDAYS, *sorted(found.stem for found in folder.glob("*.yaml")))


def named_calendar(name: str, first_day: int, last_day: int, folder: Path = SHIPPED) -> Calendar:
    """A calendar by name that must cover the days first_day..last_day.

    raises   RequestError for an unknown name; beyond the horizon, naming it
    """
    if name == WEEKDAYS:
        return weekdays(first_day, last_day)
    path = folder / f"{name}.yaml"
    if not path.is_file():
        raise RequestError(f"there is no calendar {name!r}. Known: {', '.join(calendar_names(folder))}.")
    calendar = read_calendar(path, f"terms/{folder.name}/{path.name}")
    if first_day < calendar.closed_from or last_day > calendar.last_day:
        raise RequestError(
            f"calendar {name} knows {date(calendar.closed_from)} to {date(calendar.last_day)}; "
            f"asked for {date(first_day)} to {date(last_day)}. Add the missing years to terms/{folder.name}/{path.name}."
        )
    return calendar
