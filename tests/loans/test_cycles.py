"""Cycles: every date counts from the seed, the end closes the schedule, the part period before it follows the stub rule."""

import datetime as dt
from itertools import pairwise

import pytest
import QuantLib
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loanbook.errors import RequestError
from loanbook.loans.cycles import Cycle, Stub, cycle_count, cycle_dates, parse_cycle
from loanbook.terms.conventions import MonthEnd, Unit
from loanbook.units import date, day

pytestmark = pytest.mark.plain

SEEDS = st.dates(dt.date(1990, 1, 1), dt.date(2060, 12, 31))
UNITS = st.sampled_from(list(Unit))
RULES = st.sampled_from(list(MonthEnd))
STUBS = st.sampled_from(list(Stub))


def dates_of(seed, end, *, unit=Unit.MONTH, every=1, rule=MonthEnd.SAME_DAY, stub=Stub.SHORT):
    return [str(date(number)) for number in cycle_dates(day(seed), day(end), int(unit), every, int(rule), int(stub))]


def quantlib_date(value):
    return QuantLib.Date(value.day, value.month, value.year)


def test_a_cycle_from_the_31st_clamps_in_short_months_and_comes_back():
    expected = ["2023-01-31", "2023-02-28", "2023-03-31", "2023-04-30", "2023-05-31"]
    assert dates_of("2023-01-31", "2023-05-31") == expected


def test_the_month_end_rule_holds_a_seed_of_30_april_at_month_ends():
    assert dates_of("2023-04-30", "2023-07-31", rule=MonthEnd.LAST_DAY) == [
        "2023-04-30",
        "2023-05-31",
        "2023-06-30",
        "2023-07-31",
    ]
    assert dates_of("2023-04-30", "2023-07-30") == ["2023-04-30", "2023-05-30", "2023-06-30", "2023-07-30"]


def test_a_short_stub_stays_and_a_long_one_is_merged():
    assert dates_of("2023-02-01", "2023-05-15") == ["2023-02-01", "2023-03-01", "2023-04-01", "2023-05-01", "2023-05-15"]
    assert dates_of("2023-02-01", "2023-05-15", stub=Stub.LONG) == ["2023-02-01", "2023-03-01", "2023-04-01", "2023-05-15"]


def test_a_cycle_that_fits_has_no_stub_to_merge():
    assert dates_of("2023-02-01", "2023-05-01", stub=Stub.LONG) == dates_of("2023-02-01", "2023-05-01", stub=Stub.SHORT)


def test_the_seed_is_never_merged_away():
    assert dates_of("2023-02-01", "2023-02-15", stub=Stub.LONG) == ["2023-02-01", "2023-02-15"]


def test_an_end_at_or_before_the_seed_stands_alone():
    assert dates_of("2023-02-01", "2023-02-01") == ["2023-02-01"]
    assert dates_of("2023-02-01", "2023-01-01") == ["2023-01-01"]


def test_weeks_and_days_know_no_month_ends():
    assert dates_of("2023-01-31", "2023-02-28", unit=Unit.WEEK, every=2, rule=MonthEnd.LAST_DAY) == [
        "2023-01-31",
        "2023-02-14",
        "2023-02-28",
    ]


def test_a_cycle_without_a_period_is_an_error():
    with pytest.raises(ValueError, match="at least one unit"):
        cycle_dates(day("2023-01-01"), day("2024-01-01"), int(Unit.MONTH), 0, 0, 0)


@pytest.mark.parametrize(
    ("text", "unit", "every", "stub"),
    [
        ("P1M", Unit.MONTH, 1, Stub.SHORT),
        ("P1ML0", Unit.MONTH, 1, Stub.LONG),
        ("P3ML1", Unit.MONTH, 3, Stub.SHORT),
        ("P2W", Unit.WEEK, 2, Stub.SHORT),
        ("P27DL1", Unit.DAY, 27, Stub.SHORT),
        ("P1YL0", Unit.MONTH, 12, Stub.LONG),
        (" P2QL1 ", Unit.MONTH, 6, Stub.SHORT),
        ("1H-", Unit.MONTH, 6, Stub.SHORT),
        ("1M+", Unit.MONTH, 1, Stub.LONG),
    ],
)
def test_a_cycle_is_read_from_its_short_form(text, unit, every, stub):
    assert parse_cycle(text) == Cycle(unit=unit, every=every, stub=stub)


@pytest.mark.parametrize("text", ["", "monthly", "P1X", "P0M", "PM", "P1ML2", "P1M L0", "P-1M"])
def test_what_is_no_cycle_is_refused_in_words(text):
    with pytest.raises(RequestError, match="is not a cycle"):
        parse_cycle(text)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 1_500), UNITS, st.integers(1, 14), RULES, STUBS)
@example(dt.date(2024, 2, 29), 366, Unit.MONTH, 1, MonthEnd.LAST_DAY, Stub.LONG)
def test_dates_run_from_seed_to_end_and_a_long_stub_leaves_no_short_period(seed, length, unit, every, rule, stub):
    first = day(seed)
    end = first + length
    found = cycle_dates(first, end, int(unit), every, int(rule), int(stub))
    assert found[0] == first
    assert found[-1] == end
    assert all(after > before for before, after in pairwise(found))
    short = cycle_dates(first, end, int(unit), every, int(rule), int(Stub.SHORT))
    assert set(found) <= set(short)
    assert len(short) - len(found) in (0, 1)
    assert len(short) == cycle_count(first, end, int(unit), every, int(rule)) + 1
    # The period before the end has at least the days of the shortest whole period, unless the schedule has only one.
    if stub is Stub.LONG and len(found) > 2:
        shortest = {Unit.DAY: every, Unit.WEEK: 7 * every, Unit.MONTH: 28 * every}[unit]
        assert found[-1] - found[-2] >= shortest


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(40, 1_500), st.integers(1, 12), RULES)
def test_monthly_dates_are_those_of_quantlib(seed, length, every, rule):
    first = day(seed)
    found = cycle_dates(first, first + length, int(Unit.MONTH), every, int(rule), int(Stub.SHORT))
    schedule = QuantLib.Schedule(
        quantlib_date(seed),
        quantlib_date(date(first + length)),
        QuantLib.Period(every, QuantLib.Months),
        QuantLib.NullCalendar(),
        QuantLib.Unadjusted,
        QuantLib.Unadjusted,
        QuantLib.DateGeneration.Forward,
        rule is MonthEnd.LAST_DAY,
    )
    assert [str(date(number)) for number in found] == [d.ISO() for d in schedule]
