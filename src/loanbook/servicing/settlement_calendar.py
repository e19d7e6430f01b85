"""On which days a mandate's settlement period ends, and when what it came to is payable."""

from loanbook.terms.calendar import Calendar
from loanbook.terms.mandate import Settlement
from loanbook.units import date

_WEEK = 7
_SUNDAY = 3
"""1970-01-01, the day number 0, was a Thursday; Sunday the 4th is 3."""


def is_open(calendar: Calendar, on: int) -> bool:
    """Whether a day is a business day. Raises ValueError beyond the calendar's horizon."""
    place = on - calendar.closed_from
    if not 0 <= place < calendar.closed.size:
        raise ValueError(f"calendar {calendar.name} does not know {date(on)}")
    return not calendar.closed[place]


def ends_on(settlement: Settlement, calendar: Calendar, on: int) -> bool:
    """Whether a settlement period ends with a day: each business day, each Sunday, or the last day of a month."""
    if settlement.every == "week":
        return on % _WEEK == _SUNDAY
    if settlement.every == "month":
        return date(on + 1).day == 1
    return is_open(calendar, on)


def payable_on(settlement: Settlement, calendar: Calendar, on: int) -> int:
    """The day on which what a period that ends `on` came to is paid: `lag_days` business days after it.

    With a lag of 0 it is the day itself, or the next business day where that is closed. Raises ValueError beyond the horizon.
    """
    day, left = on, settlement.lag_days
    while left or not is_open(calendar, day):
        day += 1
        left -= left > 0 and is_open(calendar, day)
    return day
