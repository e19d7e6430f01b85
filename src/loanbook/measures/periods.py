"""Which months a measure covers, and the periods it is compared with."""

import datetime as dt
from dataclasses import dataclass

from loanbook import units
from loanbook.loans.dates import month_end
from loanbook.measures.window import Window

COMPARISONS = {"current": 0, "prior_quarter": 3, "prior_year": 12}
"""Months by which each comparison lies earlier; what is compared when `as_of` lies inside a month, see `period`."""
_QUARTER = 3
_YEAR = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Months first..last of a window, by position; `first` 0 and a start before the window for `to_date`."""

    first: int
    last: int
    starts_on: dt.date
    ends_on: dt.date


def period(window: Window, kind: str, months_back: int = 0) -> Period | None:
    """The period of a measure that ends with the close, or so many months earlier; None when it ends before the window.

    kind   `terms.measure.PERIODS`: instant and month are one month, quarter the calendar quarter up to its last month,
           to_date everything

    At a month's end an earlier quarter is cut at the same month of it: two months are compared with two. Inside a month there is
    no snapshot of the same day, so the earlier quarter is taken whole, and its end is the instant.
    """
    last = window.months - 1 - months_back
    if months_back and window.as_of < int(window.calendar_ends[-1]):
        last += _QUARTER - 1 - (window.first_month + last) % _QUARTER
    if last < 0:
        return None
    first = last
    if kind == "quarter":
        first = last - (window.first_month + last) % _QUARTER
    elif kind == "to_date":
        first = 0
    ends = int(window.month_ends[last])
    starts = int(month_end(window.first_month + first - 1)) + 1
    return Period(
        first=max(first, 0),
        last=last,
        starts_on=units.date(ends if kind == "instant" else starts),
        ends_on=units.date(ends),
    )


def quarter_name(month: int) -> str:
    """The quarter of a `dates.month_index`: "2024Q1"."""
    return f"{month // _YEAR}Q{month % _YEAR // _QUARTER + 1}"
