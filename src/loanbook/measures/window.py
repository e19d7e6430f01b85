"""The window of a close: which months, as of which day, knowing what, looking how far ahead for collections."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from loanbook import units
from loanbook.errors import RequestError
from loanbook.loans.dates import month_end, month_index
from loanbook.units import Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The months that cells cover and the clocks they are read by.

    since         first day that can matter: the book's earliest origination; its month is the first of the window
    as_of         day whose end is measured; the last snapshot, whether or not it is a month's end
    observed_to   payments up to this day are seen, for the 30-day collection only
    known_on      facts recorded by this day are known
    raises        RequestError unless since <= as_of <= observed_to <= known_on
    """

    since: int
    as_of: int
    observed_to: int
    known_on: int

    def __post_init__(self) -> None:
        named = (("since", self.since), ("as_of", self.as_of), ("observed_to", self.observed_to), ("known_on", self.known_on))
        for (name, day), (later_name, later) in pairwise(named):
            if day > later:
                raise RequestError(
                    f"{name} {units.date(day)} lies after {later_name} {units.date(later)}; a close needs "
                    "since <= as_of <= observed_to <= known_on."
                )

    @property
    def first_month(self) -> int:
        """`dates.month_index` of the first month."""
        return int(month_index(self.since))

    @property
    def months(self) -> int:
        """Number of months, the month of `as_of` included."""
        return int(month_index(self.as_of)) - self.first_month + 1

    @property
    def calendar_ends(self) -> Ints:
        """(months,) int64, last day of each month."""
        first = self.first_month
        return np.array([month_end(month) for month in range(first, first + self.months)], np.int64)

    @property
    def month_ends(self) -> Ints:
        """(months,) int64, day of each snapshot: the month's last day, and `as_of` for the last."""
        return np.minimum(self.calendar_ends, self.as_of)


def window(*, since: int, as_of: int, observed_to: int | None = None, known_on: int | None = None) -> Window:
    """A window; by default a close looks ahead as far as it knows, and knows as much as had happened by `as_of`."""
    known = as_of if known_on is None else known_on
    return Window(since=since, as_of=as_of, observed_to=known if observed_to is None else observed_to, known_on=known)
