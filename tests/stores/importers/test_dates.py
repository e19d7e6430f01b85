"""Written dates become days, as Python's calendar says."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.stores.importers.dates import add_months, days, format_pattern
from loanbook.stores.importers.mapping import Rule


def read(values, *formats, zone="UTC", type_=None):
    made = days(pa.array(values, type_), Rule(place="", name="day", formats=formats, zone=zone))
    return made.values.to_pylist(), [(f.message, list(np.flatnonzero(f.bad))) for f in made.faults]


dates = st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31))


@pytest.mark.parametrize(
    ("written", "python"),
    [
        ("MM-DD-YYYY", "%m-%d-%Y"),
        ("YYYY-MM-DD", "%Y-%m-%d"),
        ("DD.MM.YYYY", "%d.%m.%Y"),
        ("YYYYMMDD", "%Y%m%d"),
        ("DD MON YYYY", "%d %b %Y"),
    ],
)
@given(days_=st.lists(dates, min_size=1, max_size=20))
def test_dates_of_each_format(written, python, days_):
    assert read([d.strftime(python) for d in days_], written) == (days_, [])


def test_a_month_is_the_day_that_the_mapping_says_and_a_written_day_stays():
    rule = Rule(place="", name="day", formats=("MM/YYYY", "YYYY-MM-DD"), month_day=15)
    made = days(pa.array(["01/2016", "2016-02-03"]), rule)
    assert made.values.to_pylist() == [dt.date(2016, 1, 15), dt.date(2016, 2, 3)]


def test_a_month_is_its_first_day():
    assert read(["01/2016", "Dec-2011", None, ""], "MM/YYYY", "MON-YYYY") == (
        [dt.date(2016, 1, 1), dt.date(2011, 12, 1), None, None],
        [],
    )


@pytest.mark.parametrize(
    "text", ["02-32-2017", "13-01-2017", "00-10-2017", "the fifth of May", "2017-05-31", "05-31-17", "05-31-2017x"]
)
def test_what_is_no_date(text):
    assert read(["05-31-2017", text], "MM-DD-YYYY") == ([dt.date(2017, 5, 31), None], [("is not a date", [1])])


def test_a_day_that_its_month_does_not_have():
    assert read(["2024-06-31", "2024-02-29", "2023-02-29", "soon", None], "YYYY-MM-DD") == (
        [None, dt.date(2024, 2, 29), None, None, None],
        [("is not a date", [3]), ("is a day that does not exist", [0, 2])],
    )
    # A text that another format reads is a date.
    assert read(["2024-06-31", "06.02.2024"], "YYYY-MM-DD", "DD.MM.YYYY")[1] == [("is a day that does not exist", [0])]


def test_a_year_outside_this_world():
    assert read(["01/1816"], "MM/YYYY") == ([None], [("is not a date", [0])])
    assert read([dt.date(2999, 1, 1)], "YYYY-MM-DD") == ([None], [("is outside 1900 to 2199", [0])])


moments = st.datetimes(dt.datetime(1960, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC))


@given(st.lists(moments, min_size=1, max_size=20))
def test_moments_fall_on_the_civil_date_of_the_zone(moments_):
    expected = [m.astimezone(ZoneInfo("America/Los_Angeles")).date() for m in moments_]
    assert read(moments_, zone="America/Los_Angeles", type_=pa.timestamp("us", "UTC")) == (expected, [])
    texts = [m.replace(microsecond=0).isoformat() for m in moments_]
    assert read(texts, "moment", zone="America/Los_Angeles")[0] == expected


def test_an_impossible_hour_is_no_moment():
    assert read(["2006-06-03T25:61:00Z", "2006-06-03T07:00:00Z"], "moment") == (
        [None, dt.date(2006, 6, 3)],
        [("is not a date", [0])],
    )


def test_timestamps_without_zone_are_local():
    assert read([dt.datetime(2005, 9, 30, 23, 59)], zone="Asia/Taipei") == ([dt.date(2005, 9, 30)], [])


@given(dates, st.integers(-120, 120))
def test_months_are_added_as_on_a_calendar(day, months):
    moved = add_months(pa.array([day, None]), np.array([months, 1]), month_end=False).to_pylist()
    index = day.year * 12 + day.month - 1 + months
    first = dt.date(index // 12, index % 12 + 1, 1)
    last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    assert moved == [first.replace(day=min(day.day, last.day)), None]
    assert add_months(pa.array([day]), np.array([months]), month_end=True).to_pylist() == [last]


@pytest.mark.parametrize("text", ["DD/MM", "YYYY", "yyyy-mm-dd", "YYYY-MM-MON-DD", "date", "MM-DD-YY"])
def test_what_is_no_format(text):
    assert format_pattern(text) is None
