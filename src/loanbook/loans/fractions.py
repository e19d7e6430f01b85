"""The year fraction of each period of a contract, and of a part of a period, as exact integers.

Periods run between unshifted due dates. Parts of one period add up to the period under every day count, because a part is
the difference of two cumulative fractions from the period's start.
"""

from loanbook.kernel import kernel
from loanbook.loans.dates import civil, day_number, is_leap, period_date
from loanbook.loans.daycount import DAY_OF_360, DAY_OF_365, DAY_OF_366, year_fraction
from loanbook.terms.contract import Field
from loanbook.terms.conventions import DayCount, Engine, Unit
from loanbook.units import HALF_UP, Ints, mul_div

_UNIT = int(Field.UNIT)
_EVERY = int(Field.EVERY)
_MONTH_END = int(Field.MONTH_END)
_DAY_COUNT = int(Field.DAY_COUNT)
_ENGINE = int(Field.ENGINE)
_CUMULATIVE = int(Engine.CUMULATIVE)
_MONTH = int(Unit.MONTH)
_WEEK = int(Unit.WEEK)
_FEBRUARY = int(DayCount.ACTUAL_ACTUAL_FEBRUARY_29)
_THIRTY_360 = int(DayCount.THIRTY_A_MONTH_360)
_THIRTY_365 = int(DayCount.THIRTY_A_MONTH_365)
_THIRTY_ACTUAL = int(DayCount.THIRTY_A_MONTH_ACTUAL)
_DAYS_A_MONTH = 30
_DAYS_A_WEEK = 7


@kernel
def _counts_periods(convention: int) -> bool:
    return convention in (_THIRTY_360, _THIRTY_365, _THIRTY_ACTUAL)


@kernel
def _conventional_days(contract: Ints) -> int:
    """Days that one regular period counts under the THIRTY_A_MONTH day counts."""
    every: int = contract[_EVERY]
    if contract[_UNIT] == _MONTH:
        return _DAYS_A_MONTH * every
    if contract[_UNIT] == _WEEK:
        return _DAYS_A_WEEK * every
    return every


@kernel
def _day_fraction(start: int, convention: int) -> int:
    if convention == _THIRTY_360:
        return DAY_OF_360
    if convention == _THIRTY_365:
        return DAY_OF_365
    year, _, _ = civil(start)
    return DAY_OF_366 if is_leap(year) else DAY_OF_365


@kernel
def _by_periods(contract: Ints, start: int, end: int) -> int:
    """Whole regular periods count conventional days; what is left at the front counts its share of a regular period."""
    unit, every, rule = contract[_UNIT], contract[_EVERY], contract[_MONTH_END]
    regular = _conventional_days(contract) * _day_fraction(start, contract[_DAY_COUNT])
    if period_date(start, 1, unit, every, rule) == end or period_date(end, -1, unit, every, rule) == start:
        return regular
    whole = 0
    upper = end
    lower = period_date(end, -1, unit, every, rule)
    while lower > start:
        whole += 1
        upper = lower
        lower = period_date(end, -whole - 1, unit, every, rule)
    return whole * regular + mul_div(regular, upper - start, upper - lower, HALF_UP)


@kernel
def period_fraction(contract: Ints, start: int, end: int) -> int:
    """The fraction of one whole period, `units.YEAR_SCALE`-ths of a year.

    A period of another length than the frequency's (a first stub, a listed date) counts, under the THIRTY_A_MONTH day counts,
    the whole regular periods counted back from its end and a share by actual days of the regular period that is cut.
    """
    if end <= start:
        return 0
    if _counts_periods(contract[_DAY_COUNT]):
        return _by_periods(contract, start, end)
    return year_fraction(start, end, contract[_DAY_COUNT])


@kernel
def _cumulative(contract: Ints, start: int, end: int, until: int) -> int:
    convention = contract[_DAY_COUNT]
    if until <= start:
        return 0
    if until >= end:
        return period_fraction(contract, start, end)
    if _counts_periods(convention) or convention == _FEBRUARY:
        return mul_div(period_fraction(contract, start, end), until - start, end - start, HALF_UP)
    return year_fraction(start, until, convention)


@kernel
def _by_leap_days(since: int, until: int) -> int:
    """Open-ended days under the February-29 rule: only the leap day itself counts over 366, so that days stay additive."""
    leap_days = 0
    year_1, _, _ = civil(since)
    year_2, _, _ = civil(until)
    for year in range(year_1, year_2 + 1):
        if is_leap(year) and since < day_number(year, 2, 29) <= until:
            leap_days += 1
    return (until - since - leap_days) * DAY_OF_365 + leap_days * DAY_OF_366


@kernel
def _overdue(contract: Ints, period_start: int, period_end: int, since: int, until: int) -> int:
    """Fraction of [since, until), both at or after the period's end, additive in time."""
    convention = contract[_DAY_COUNT]
    if _counts_periods(convention):
        # The rate of a day stays that of the last regular period.
        whole, days = period_fraction(contract, period_start, period_end), max(period_end - period_start, 1)
        return mul_div(whole, until - period_end, days, HALF_UP) - mul_div(whole, since - period_end, days, HALF_UP)
    if convention == _FEBRUARY:
        return _by_leap_days(since, until)
    return year_fraction(period_end, until, convention) - year_fraction(period_end, since, convention)


@kernel
def part_fraction(contract: Ints, period_start: int, period_end: int, since: int, until: int) -> int:
    """The fraction of the days [since, until) of a period, `units.YEAR_SCALE`-ths of a year; parts of a period are additive.

    30/360 and the split actual/actual rules count from the period's start and take the difference; THIRTY_A_MONTH and the
    February-29 rule take the share of actual days of the whole period. Days beyond the period's end (interest on overdue
    principal) count as a period of their own that starts there.
    """
    fraction = 0
    if until > period_end:
        fraction = _overdue(contract, period_start, period_end, max(since, period_end), until)
    if since < period_end:
        fraction += _cumulative(contract, period_start, period_end, min(until, period_end))
        fraction -= _cumulative(contract, period_start, period_end, since)
    return fraction


@kernel
def period_fractions(contract: Ints, start_on: int, due_on: Ints, count: int, out: Ints) -> None:
    """The year fraction of each period between unshifted due dates.

    contract   (FIELDS,) int64
    start_on   day the first period starts (disbursement)
    due_on     (count or more,) int64 unshifted due dates, ascending
    out        (count or more,) int64, written: `units.YEAR_SCALE`-ths of a year
    source     Field.DAY_COUNT; twin tests/reference/daycount.py
    """
    if _counts_periods(contract[_DAY_COUNT]) and contract[_DAY_COUNT] != _THIRTY_ACTUAL:
        # Later periods are regular by construction: only the first can be a stub.
        regular = _conventional_days(contract) * _day_fraction(start_on, contract[_DAY_COUNT])
        for number in range(count):
            out[number] = regular
        if count > 0:
            out[0] = period_fraction(contract, start_on, due_on[0])
        return
    start = start_on
    for number in range(count):
        out[number] = period_fraction(contract, start, due_on[number])
        start = due_on[number]


@kernel
def levels_nominally(contract: Ints) -> bool:
    """Whether instalments are levelled at nominal periods while interest follows actual days (cumulative engine)."""
    return contract[_ENGINE] == _CUMULATIVE and not _counts_periods(contract[_DAY_COUNT])


@kernel
def nominal_fraction(contract: Ints) -> int:
    """The year fraction of a period at which the cumulative engine levels instalments: months of 30 days over 365."""
    return _conventional_days(contract) * DAY_OF_365
