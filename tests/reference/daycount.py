"""Naive twin of `loans.daycount` and `loans.fractions`: Python dates, one day at a time, exact fractions."""

import calendar
import datetime as dt
from fractions import Fraction

from loanbook.terms.conventions import DayCount, MonthEnd, Unit

ONE_DAY = dt.timedelta(days=1)


def _days_in_year(year):
    return 366 if calendar.isleap(year) else 365


def _is_month_end(when):
    return when.day == calendar.monthrange(when.year, when.month)[1]


def thirty_days(start, end, convention):
    """Days of 30/360: the text of each convention, line by line."""
    d1, d2 = start.day, end.day
    start_february = start.month == 2 and _is_month_end(start)
    end_february = end.month == 2 and _is_month_end(end)
    if convention is DayCount.THIRTY_360_BOND:
        d1 = 30 if d1 == 31 else d1
        d2 = 30 if d2 == 31 and d1 == 30 else d2
    elif convention is DayCount.THIRTY_US_360:
        if start_february and end_february:
            d2 = 30
        if start_february:
            d1 = 30
        if d2 == 31 and d1 in (30, 31):
            d2 = 30
        d1 = 30 if d1 == 31 else d1
    else:
        if convention is DayCount.THIRTY_E_360_ISDA:
            d1 = 30 if start_february else d1
            d2 = 30 if end_february else d2
        d1, d2 = min(d1, 30), min(d2, 30)
    return (end.year - start.year) * 360 + (end.month - start.month) * 30 + d2 - d1


def fraction(start, end, convention):
    """The year fraction of start <= end under any day count that needs no period."""
    days = (end - start).days
    if convention is DayCount.ACTUAL_365_FIXED:
        return Fraction(days, 365)
    if convention is DayCount.ACTUAL_360:
        return Fraction(days, 360)
    if convention in (DayCount.ACTUAL_ACTUAL_ISDA, DayCount.ACTUAL_ACTUAL_31_DECEMBER):
        # Night by night: the night that begins on a day belongs to that day's year, or to the year of the day it ends on.
        offset = 0 if convention is DayCount.ACTUAL_ACTUAL_ISDA else 1
        nights = (start + ONE_DAY * (number + offset) for number in range(days))
        return sum((Fraction(1, _days_in_year(night.year)) for night in nights), Fraction(0))
    if convention is DayCount.ACTUAL_ACTUAL_FEBRUARY_29:
        after = (start + ONE_DAY * (number + 1) for number in range(days))
        return Fraction(days, 366 if any((day.month, day.day) == (2, 29) for day in after) else 365)
    return Fraction(thirty_days(start, end, convention), 360)


def move(seed, number, unit, every, month_end=MonthEnd.SAME_DAY):
    """The date `number` periods after (before, if negative) a seed date."""
    if unit is not Unit.MONTH:
        return seed + ONE_DAY * number * every * (7 if unit is Unit.WEEK else 1)
    months = seed.year * 12 + seed.month - 1 + number * every
    year, month = divmod(months, 12)
    length = calendar.monthrange(year, month + 1)[1]
    sticks = month_end is MonthEnd.LAST_DAY and _is_month_end(seed)
    return dt.date(year, month + 1, length if sticks else min(seed.day, length))


BY_PERIODS = {DayCount.THIRTY_A_MONTH_360, DayCount.THIRTY_A_MONTH_365, DayCount.THIRTY_A_MONTH_ACTUAL}


def period(start, end, convention, unit=Unit.MONTH, every=1, month_end=MonthEnd.SAME_DAY):
    """The year fraction of one whole period, the first one of a stub included."""
    if convention not in BY_PERIODS:
        return fraction(start, end, convention)
    days = every * {Unit.MONTH: 30, Unit.WEEK: 7, Unit.DAY: 1}[unit]
    year = {DayCount.THIRTY_A_MONTH_360: 360, DayCount.THIRTY_A_MONTH_365: 365}.get(convention, _days_in_year(start.year))
    if move(start, 1, unit, every, month_end) == end:
        return Fraction(days, year)
    whole = 0
    while move(end, -whole - 1, unit, every, month_end) >= start:
        whole += 1
    upper, lower = (move(end, -number, unit, every, month_end) for number in (whole, whole + 1))
    return Fraction(days, year) * (whole + Fraction((upper - start).days, (upper - lower).days))
