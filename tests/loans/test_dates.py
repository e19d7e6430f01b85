"""Civil dates in kernels: the calendar of Python, the months and business-day shifts of QuantLib, an error beyond the horizon."""

import datetime as dt

import numpy as np
import pytest
import QuantLib
from hypothesis import given, settings
from hypothesis import strategies as st

from loanbook.loans.dates import (
    add_months,
    civil,
    day_number,
    fill_period_dates,
    is_leap,
    month_end,
    month_index,
    month_length,
    period_date,
    shift_day,
)
from loanbook.terms.conventions import MonthEnd, Shift, Unit
from loanbook.units import date, day

pytestmark = pytest.mark.plain

DATES = st.dates(dt.date(1912, 1, 1), dt.date(2188, 12, 31))
"""So far that ten years either way stay within QuantLib's calendar."""
HORIZON = (dt.date(2015, 1, 1), dt.date(2031, 1, 1))
CALENDARS = {
    "weekends": QuantLib.WeekendsOnly(),
    "China": QuantLib.China(),
    "target": QuantLib.TARGET(),
}
CONVENTIONS = {
    Shift.NONE: QuantLib.Unadjusted,
    Shift.FOLLOWING: QuantLib.Following,
    Shift.MODIFIED_FOLLOWING: QuantLib.ModifiedFollowing,
    Shift.PRECEDING: QuantLib.Preceding,
    Shift.MODIFIED_PRECEDING: QuantLib.ModifiedPreceding,
}


def quantlib_date(value):
    return QuantLib.Date(value.day, value.month, value.year)


def closed_days(calendar):
    """The calendar's closed days over the horizon, and its first day."""
    first, last = day(HORIZON[0]), day(HORIZON[1])
    return np.array([not calendar.isBusinessDay(quantlib_date(date(number))) for number in range(first, last)]), first


CLOSED = {name: closed_days(calendar) for name, calendar in CALENDARS.items()}


@settings(deadline=None)
@given(DATES)
def test_a_day_number_is_the_civil_date_and_back(value):
    number = day(value)
    assert civil(number) == (value.year, value.month, value.day)
    assert day_number(value.year, value.month, value.day) == number
    assert month_index(number) == value.year * 12 + value.month - 1
    assert civil(month_end(month_index(number)))[:2] == (value.year, value.month)
    assert civil(month_end(month_index(number)) + 1)[2] == 1


@pytest.mark.parametrize(("year", "leap"), [(1900, False), (2000, True), (2023, False), (2024, True), (2100, False)])
def test_leap_years_follow_the_centuries(year, leap):
    assert is_leap(year) is leap
    assert month_length(year, 2) == (29 if leap else 28)


@settings(deadline=None)
@given(DATES, st.integers(-120, 120), st.sampled_from(list(MonthEnd)))
def test_months_are_added_as_quantlib_does(seed, months, rule):
    expected = quantlib_date(seed) + QuantLib.Period(months, QuantLib.Months)
    if rule is MonthEnd.LAST_DAY and QuantLib.Date.isEndOfMonth(quantlib_date(seed)):
        expected = QuantLib.Date.endOfMonth(expected)
    assert str(date(add_months(day(seed), months, int(rule)))) == expected.ISO()


def test_a_clamp_in_february_does_not_stick():
    found = np.zeros(3, np.int64)
    fill_period_dates(day("2024-12-31"), 1, int(Unit.MONTH), 1, int(MonthEnd.SAME_DAY), found)
    assert [str(date(int(number))) for number in found] == ["2025-01-31", "2025-02-28", "2025-03-31"]


def test_weeks_and_days_are_counted_not_named():
    assert period_date(day("2025-01-31"), 2, int(Unit.WEEK), 2, 0) == day("2025-02-28")
    assert period_date(day("2025-01-31"), 3, int(Unit.DAY), 10, 0) == day("2025-03-02")


@settings(max_examples=200, deadline=None)
@given(
    st.dates(dt.date(2015, 3, 1), dt.date(2030, 10, 31)),
    st.sampled_from(list(CONVENTIONS)),
    st.sampled_from(sorted(CALENDARS)),
)
def test_a_due_date_is_shifted_as_quantlib_does(value, convention, name):
    closed, closed_from = CLOSED[name]
    moved = shift_day(day(value), int(convention), closed, closed_from)
    assert str(date(moved)) == CALENDARS[name].adjust(quantlib_date(value), CONVENTIONS[convention]).ISO()


@settings(max_examples=100, deadline=None)
@given(
    st.dates(dt.date(2015, 3, 1), dt.date(2030, 10, 31)), st.sampled_from(list(CONVENTIONS)), st.sampled_from(sorted(CALENDARS))
)
def test_a_shifted_day_is_open_near_and_a_modified_one_stays_in_its_month(value, convention, name):
    closed, closed_from = CLOSED[name]
    number = day(value)
    moved = shift_day(number, int(convention), closed, closed_from)
    if convention is Shift.NONE:
        assert moved == number
        return
    assert not closed[moved - closed_from]
    assert moved == number or closed[number - closed_from]
    if convention in (Shift.MODIFIED_FOLLOWING, Shift.MODIFIED_PRECEDING):
        assert month_index(moved) == month_index(number)
    assert shift_day(moved, int(convention), closed, closed_from) == moved


@pytest.mark.parametrize(
    ("convention", "expected"),
    [
        (Shift.NONE, "2025-05-31"),
        (Shift.FOLLOWING, "2025-06-02"),
        (Shift.MODIFIED_FOLLOWING, "2025-05-30"),
        (Shift.PRECEDING, "2025-05-30"),
        (Shift.MODIFIED_PRECEDING, "2025-05-30"),
    ],
)
def test_saturday_31_may_2025(convention, expected):
    closed, closed_from = CLOSED["weekends"]
    assert str(date(shift_day(day("2025-05-31"), int(convention), closed, closed_from))) == expected


def test_sunday_1_june_2025_is_not_moved_into_may():
    closed, closed_from = CLOSED["weekends"]
    assert str(date(shift_day(day("2025-06-01"), int(Shift.MODIFIED_PRECEDING), closed, closed_from))) == "2025-06-02"
    assert str(date(shift_day(day("2025-06-01"), int(Shift.PRECEDING), closed, closed_from))) == "2025-05-30"


@pytest.mark.parametrize("number", [-1, 3])
def test_beyond_the_calendar_is_an_error_never_a_guess(number):
    with pytest.raises(ValueError, match="beyond the calendar's horizon"):
        shift_day(100 + number, int(Shift.FOLLOWING), np.array([False, False, True]), 100)


def test_a_shift_that_runs_off_the_calendar_is_an_error():
    for convention in (Shift.FOLLOWING, Shift.PRECEDING):
        with pytest.raises(ValueError, match="beyond the calendar's horizon"):
            shift_day(101, int(convention), np.array([True, True, True]), 100)
