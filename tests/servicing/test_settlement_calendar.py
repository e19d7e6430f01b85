"""When a settlement period ends and when it is payable: business days, weeks, months, around holidays and at the horizon."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.servicing.settlement_calendar import ends_on, is_open, payable_on
from loanbook.terms.calendar import named_calendar
from loanbook.terms.mandate import Settlement
from loanbook.units import date, day

pytestmark = pytest.mark.plain
CHINA = named_calendar("china_interbank", day("2024-01-01"), day("2024-12-31"))


def rule(every, lag_days=1):
    return Settlement(every=every, lag_days=lag_days, calendar="china_interbank")


def ends(every, first, last):
    return [str(date(on)) for on in range(day(first), day(last) + 1) if ends_on(rule(every), CHINA, on)]


def test_a_period_ends_with_each_business_day_each_sunday_or_each_month():
    # 10 June 2024 is the Dragon Boat Festival; Saturday 11 May is worked.
    assert ends("business_day", "2024-06-06", "2024-06-12") == ["2024-06-06", "2024-06-07", "2024-06-11", "2024-06-12"]
    assert ends("business_day", "2024-05-10", "2024-05-13") == ["2024-05-10", "2024-05-11", "2024-05-13"]
    assert ends("week", "2024-06-06", "2024-06-20") == ["2024-06-09", "2024-06-16"]
    assert ends("month", "2024-01-30", "2024-03-31") == ["2024-01-31", "2024-02-29", "2024-03-31"]


@pytest.mark.parametrize(
    ("on", "lag", "payable"),
    [
        ("2024-06-07", 0, "2024-06-07"),
        ("2024-06-08", 0, "2024-06-11"),
        ("2024-06-07", 1, "2024-06-11"),
        ("2024-06-09", 2, "2024-06-12"),
        ("2024-09-30", 5, "2024-10-12"),
    ],
)
def test_it_is_payable_so_many_business_days_later(on, lag, payable):
    assert str(date(payable_on(rule("week", lag), CHINA, day(on)))) == payable


@given(st.integers(day("2024-01-01"), day("2024-09-30")), st.integers(0, 40), st.sampled_from(["business_day", "week", "month"]))
def test_the_lag_is_the_business_days_between(on, lag, every):
    paid = payable_on(rule(every, lag), CHINA, on)
    between = sum(is_open(CHINA, each) for each in range(on + 1, paid + 1))
    assert is_open(CHINA, paid)
    assert between == lag if lag or is_open(CHINA, on) else between == 1


def test_beyond_the_horizon_nothing_is_guessed():
    with pytest.raises(ValueError, match="does not know 2027-01-01"):
        payable_on(rule("month", 1), CHINA, day("2026-12-31"))
