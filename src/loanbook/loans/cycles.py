"""Cycles: the dates a contract repeats ("every month from 31 January until the loan ends"), with the part period at the end.

A cycle counts every date from its seed, so a clamp in February does not stick. Schedules that count instalments instead of
running to a date are in `loans.schedule`.
"""

import re
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from loanbook.errors import RequestError
from loanbook.kernel import kernel
from loanbook.loans.dates import period_date
from loanbook.terms.conventions import Unit
from loanbook.units import Ints


class Stub(IntEnum):
    """What becomes of the part period that is left before the end."""

    LONG = 0
    """Merged with the whole period before it: the last period is longer."""
    SHORT = 1
    """Kept: the last period is shorter."""


_LONG = int(Stub.LONG)
_DAYS_MOST = 4_000_000
"""Longer than the calendar years 1 to 9999: a cycle that does not move is an error, not an endless loop."""

_UNITS = {
    "D": (Unit.DAY, 1),
    "W": (Unit.WEEK, 1),
    "M": (Unit.MONTH, 1),
    "Q": (Unit.MONTH, 3),
    "H": (Unit.MONTH, 6),
    "Y": (Unit.MONTH, 12),
}
_CYCLE = re.compile(r"P?(\d+)([DWMQHY])(?:L?([01+-]))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One date every `every` units, and the stub rule."""

    unit: Unit
    every: int
    stub: Stub


def parse_cycle(text: str) -> Cycle:
    """A cycle from its short form: P1M (monthly), P2W, P1YL0 (long stub), P3ML1 (short stub, the default).

    raises   RequestError when it is no cycle
    """
    match = _CYCLE.fullmatch(text.strip())
    if match is None or int(match[1]) < 1:
        raise RequestError(f"{text!r} is not a cycle. Write P1M for monthly, P2W, P3M, P1Y; add L0 for a long last stub.")
    unit, units = _UNITS[match[2]]
    stub = Stub.LONG if match[3] in ("0", "+") else Stub.SHORT
    return Cycle(unit=unit, every=int(match[1]) * units, stub=stub)


@kernel
def cycle_count(seed: int, end: int, unit: int, every: int, month_end: int) -> int:
    """How many dates of a cycle, the seed included, lie before the end."""
    if every < 1:
        raise ValueError("a cycle needs a period of at least one unit")
    count = 0
    while period_date(seed, count, unit, every, month_end) < end:
        count += 1
        if count > _DAYS_MOST:
            raise ValueError("a cycle runs beyond the calendar")
    return count


@kernel
def cycle_dates(seed: int, end: int, unit: int, every: int, month_end: int, stub: int) -> Ints:
    """The dates of a cycle from its seed to its end, both included, unshifted.

    seed, end   day numbers; an end at or before the seed gives the end alone
    month_end   a `MonthEnd`; it says something only where the unit is a month
    stub        a `Stub`; the seed itself is never merged away
    returns     (dates,) int64 day numbers, ascending, the last one is `end`
    raises      ValueError for a period below one unit
    """
    count = cycle_count(seed, end, unit, every, month_end)
    if stub == _LONG and count > 1 and period_date(seed, count, unit, every, month_end) != end:
        count -= 1
    dates = np.empty(count + 1, np.int64)
    for number in range(count):
        dates[number] = period_date(seed, number, unit, every, month_end)
    dates[count] = end
    return dates
