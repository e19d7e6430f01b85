"""Year fractions under named day counts, as exact integers (`units.YEAR_SCALE`-ths of a year).

Sources: ISDA 2006 definitions section 4.16 (30/360, 30E/360, 30E/360 ISDA, actual/actual, actual/365 fixed, actual/360);
the two actual/actual variants of consumer engines are described at their members.
"""

from loanbook.kernel import kernel
from loanbook.loans.dates import civil, day_number, is_leap, month_length
from loanbook.terms.conventions import DayCount
from loanbook.units import YEAR_SCALE

_BOND = int(DayCount.THIRTY_360_BOND)
_E_ISDA = int(DayCount.THIRTY_E_360_ISDA)
_US = int(DayCount.THIRTY_US_360)
_ACTUAL_360 = int(DayCount.ACTUAL_360)
_ACTUAL_365 = int(DayCount.ACTUAL_365_FIXED)
_ISDA = int(DayCount.ACTUAL_ACTUAL_ISDA)
_DECEMBER = int(DayCount.ACTUAL_ACTUAL_31_DECEMBER)
_FEBRUARY = int(DayCount.ACTUAL_ACTUAL_FEBRUARY_29)

DAY_OF_360 = YEAR_SCALE // 360
DAY_OF_365 = YEAR_SCALE // 365
DAY_OF_366 = YEAR_SCALE // 366


@kernel
def _is_february_end(year: int, month: int, day_of_month: int) -> bool:
    return month == 2 and day_of_month == month_length(year, month)


@kernel
def days_30_360(start: int, end: int, convention: int) -> int:
    """Days between two day numbers with months of 30 days, under one of the four 30/360 conventions."""
    year_1, month_1, day_1 = civil(start)
    year_2, month_2, day_2 = civil(end)
    if convention == _BOND:
        day_1 = min(day_1, 30)
        if day_1 == 30:
            day_2 = min(day_2, 30)
    elif convention == _US:
        start_is_february_end = _is_february_end(year_1, month_1, day_1)
        if start_is_february_end and _is_february_end(year_2, month_2, day_2):
            day_2 = 30
        if start_is_february_end:
            day_1 = 30
        if day_2 == 31 and day_1 >= 30:
            day_2 = 30
        day_1 = min(day_1, 30)
    else:
        if convention == _E_ISDA:
            if _is_february_end(year_1, month_1, day_1):
                day_1 = 30
            if _is_february_end(year_2, month_2, day_2):
                day_2 = 30
        day_1 = min(day_1, 30)
        day_2 = min(day_2, 30)
    return 360 * (year_2 - year_1) + 30 * (month_2 - month_1) + day_2 - day_1


@kernel
def _split_by_year(start: int, end: int, last_day_offset: int) -> int:
    fraction = 0
    at = start
    while at < end:
        year, _, _ = civil(at - last_day_offset) if at != start else civil(at)
        boundary = day_number(year + 1, 1, 1) + last_day_offset
        if boundary <= at:
            year += 1
            boundary = day_number(year + 1, 1, 1) + last_day_offset
        until = min(boundary, end)
        fraction += (until - at) * (DAY_OF_366 if is_leap(year) else DAY_OF_365)
        at = until
    return fraction


@kernel
def _forward_fraction(start: int, end: int, convention: int) -> int:
    if convention == _ACTUAL_365:
        return (end - start) * DAY_OF_365
    if convention == _ACTUAL_360:
        return (end - start) * DAY_OF_360
    if convention == _ISDA:
        return _split_by_year(start, end, 0)
    if convention == _DECEMBER:
        return _split_by_year(start, end, -1)
    if convention == _FEBRUARY:
        year_1, _, _ = civil(start)
        year_2, _, _ = civil(end)
        for year in range(year_1, year_2 + 1):
            if is_leap(year):
                leap_day = day_number(year, 2, 29)
                if start < leap_day <= end:
                    return (end - start) * DAY_OF_366
        return (end - start) * DAY_OF_365
    return days_30_360(start, end, convention) * DAY_OF_360


@kernel
def year_fraction(start: int, end: int, convention: int) -> int:
    """The fraction of a year from start to end (day numbers), `YEAR_SCALE`-ths; negative when end lies before start.

    source   see `DayCount`; differential test against QuantLib in tests/loans/test_daycount.py
    """
    # No recursion: a cached kernel that calls itself crashed when it was loaded again (numba 0.68).
    if end < start:
        return -_forward_fraction(end, start, convention)
    return _forward_fraction(start, end, convention)
