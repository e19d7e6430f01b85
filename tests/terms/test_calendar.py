"""Calendars: shipped facts day by day against their source, and no answer beyond the horizon."""

import datetime as dt

import pytest
import QuantLib

from loanbook.errors import RequestError, TermsError
from loanbook.terms.calendar import SHIPPED, calendar_names, named_calendar, read_calendar, weekdays
from loanbook.units import date, day

CHINA = (SHIPPED / "china_interbank.yaml").read_text()


def test_the_china_calendar_is_the_one_it_names_as_its_source():
    calendar = read_calendar(SHIPPED / "china_interbank.yaml")
    theirs = QuantLib.China(QuantLib.China.IB)
    for place, closed in enumerate(calendar.closed):
        when = date(calendar.closed_from + place)
        assert closed != theirs.isBusinessDay(QuantLib.Date(when.day, when.month, when.year)), when
    assert (date(calendar.closed_from), date(calendar.last_day)) == (dt.date(2023, 1, 1), dt.date(2026, 12, 31))


def test_weekdays_are_monday_to_friday():
    calendar = weekdays(day("2024-01-01"), day("2024-12-31"))
    for place, closed in enumerate(calendar.closed):
        assert closed == (date(calendar.closed_from + place).weekday() >= 5)


def test_beyond_the_horizon_nothing_is_known():
    with pytest.raises(RequestError, match="knows 2023-01-01 to 2026-12-31; asked for 2026-12-01 to 2027-01-01"):
        named_calendar("china_interbank", day("2026-12-01"), day("2027-01-01"))
    with pytest.raises(RequestError, match="asked for 2022-12-31"):
        named_calendar("china_interbank", day("2022-12-31"), day("2023-01-05"))
    assert named_calendar("weekdays", day("2100-01-01"), day("2100-12-31")).closed.sum() == 104


def test_a_calendar_must_be_known():
    with pytest.raises(RequestError, match=r"there is no calendar 'mars'\. Known: weekdays, china_interbank"):
        named_calendar("mars", 0, 1)
    assert calendar_names() == ("weekdays", "china_interbank")
    with pytest.raises(RequestError, match="cannot end"):
        weekdays(2, 1)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("  - 2024-01-01\n", "  - 2024-01-01\n  - 2024-01-01\n", "2024-01-01 stands twice"),
        ("  - 2024-01-01\n", "  - 2024-01-06\n", "2024-01-06 is a weekend, closed anyway"),
        ("  - 2024-02-04\n", "  - 2024-02-05\n", "2024-02-05 is a weekday, open anyway"),
        ("  - 2024-01-01\n", "  - 2027-01-01\n", "2027-01-01 lies outside 2023-01-01 to 2026-12-31"),
        ("  - 2024-01-01\n", "  - New Year\n", "a day of closed must be a date, not 'New Year'"),
        ("last_day: 2026-12-31", "last_day: 2022-12-31", "last_day lies before first_day"),
        ("first_day: 2023-01-01\n", "", "a calendar needs 'first_day'"),
    ],
)
def test_a_wrong_calendar_file_is_refused_with_its_line(tmp_path, old, new, words):
    assert CHINA.count(old) == 1
    path = tmp_path / "made_up.yaml"
    path.write_text(CHINA.replace(old, new))
    with pytest.raises(TermsError, match=r"made_up\.yaml:\d+: ") as caught:
        read_calendar(path)
    assert words in str(caught.value)
