"""Civil dates as day numbers inside kernels: months added from the seed date, due dates, business-day shifts."""

from loanbook.kernel import kernel
from loanbook.terms.conventions import MonthEnd, Shift, Unit
from loanbook.units import Ints

_MONTH = int(Unit.MONTH)
_WEEK = int(Unit.WEEK)
_LAST_DAY = int(MonthEnd.LAST_DAY)
_NONE = int(Shift.NONE)
_FOLLOWING = int(Shift.FOLLOWING)
_MODIFIED_FOLLOWING = int(Shift.MODIFIED_FOLLOWING)
_PRECEDING = int(Shift.PRECEDING)


@kernel
def civil(day: int) -> tuple[int, int, int]:
    """Year, month and day of month of a day number (proleptic Gregorian, H. Hinnant's algorithm)."""
    shifted = day + 719_468
    era = shifted // 146_097
    of_era = shifted - era * 146_097
    year_of_era = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * of_year + 2) // 153
    day_of_month = of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    year = year_of_era + era * 400 + (1 if month <= 2 else 0)
    return year, month, day_of_month


@kernel
def day_number(year: int, month: int, day_of_month: int) -> int:
    """The day number of a civil date; the inverse of `civil`."""
    shifted_year = year - 1 if month <= 2 else year
    era = shifted_year // 400
    year_of_era = shifted_year - era * 400
    shifted_month = month - 3 if month > 2 else month + 9
    of_year = (153 * shifted_month + 2) // 5 + day_of_month - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + of_year - 719_468


@kernel
def is_leap(year: int) -> bool:
    """Whether a civil year has 366 days."""
    return (year % 4 == 0 and year % 100 != 0) or year % 400 == 0


@kernel
def month_length(year: int, month: int) -> int:
    """Days in a civil month."""
    if month == 2:
        return 29 if is_leap(year) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


@kernel
def month_index(day: int) -> int:
    """Months since year 0 of a day number's month: consecutive integers, for months on book."""
    year, month, _ = civil(day)
    return year * 12 + month - 1


@kernel
def month_end(index: int) -> int:
    """The day number of the last day of a month given by its `month_index`."""
    year, month = index // 12, index % 12 + 1
    return day_number(year, month, month_length(year, month))


@kernel
def _in_month(index: int, day_of_month: int, last_day: bool) -> int:
    """A day of the month given by its `month_index`, at most its last day; `last_day`: its last day."""
    year, month = index // 12, index % 12 + 1
    length = month_length(year, month)
    return day_number(year, month, length if last_day else min(day_of_month, length))


@kernel
def add_months(seed: int, months: int, rule: int) -> int:
    """The seed date moved by whole months under a `MonthEnd` rule."""
    year, month, day_of_month = civil(seed)
    last_day = rule == _LAST_DAY and day_of_month == month_length(year, month)
    return _in_month(year * 12 + month - 1 + months, day_of_month, last_day)


@kernel
def period_date(seed: int, number: int, unit: int, every: int, rule: int) -> int:
    """The date `number` periods after the seed: `every` days, weeks or months each."""
    if unit == _MONTH:
        return add_months(seed, number * every, rule)
    if unit == _WEEK:
        return seed + 7 * every * number
    return seed + every * number


@kernel
def fill_period_dates(seed: int, number: int, unit: int, every: int, rule: int, dates: Ints) -> None:
    """`period_date` of `number` and the numbers after it into every place of `dates`; the seed is taken apart once."""
    if unit != _MONTH:
        for place in range(dates.size):
            dates[place] = period_date(seed, number + place, unit, every, rule)
        return
    year, month, day_of_month = civil(seed)
    last_day = rule == _LAST_DAY and day_of_month == month_length(year, month)
    index = year * 12 + month - 1 + number * every
    for place in range(dates.size):
        dates[place] = _in_month(index, day_of_month, last_day)
        index += every


@kernel
def shift_day(day: int, convention: int, closed: Ints, closed_from: int) -> int:
    """A due date moved to a business day.

    closed        (days,) bool, True where the calendar is closed; `closed[0]` is the day `closed_from`
    convention    a `Shift`
    raises        ValueError beyond the calendar's horizon, never an unshifted guess
    """
    if convention == _NONE:
        return day
    forward = convention in (_FOLLOWING, _MODIFIED_FOLLOWING)
    moved = _to_open_day(day, 1 if forward else -1, closed, closed_from)
    if convention in (_FOLLOWING, _PRECEDING):
        return moved
    if month_index(moved) != month_index(day):
        return _to_open_day(day, -1 if forward else 1, closed, closed_from)
    return moved


@kernel
def _to_open_day(day: int, step: int, closed: Ints, closed_from: int) -> int:
    moved = day
    while True:
        if moved < closed_from or moved >= closed_from + closed.size:
            raise ValueError("a due date lies beyond the calendar's horizon; add the calendar's next years")
        if not closed[moved - closed_from]:
            return moved
        moved += step
