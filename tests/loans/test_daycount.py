"""Year fractions: the published conventions day by day, QuantLib, and the twin that counts nights."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pytest
import QuantLib
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.reference import daycount as twin

from loanbook.loans.daycount import year_fraction
from loanbook.loans.fractions import part_fraction, period_fraction, period_fractions
from loanbook.terms.contract import Field, empty_contract
from loanbook.terms.conventions import DayCount, MonthEnd, Unit
from loanbook.units import YEAR_SCALE, day

pytestmark = pytest.mark.plain

DATES = st.dates(dt.date(1995, 1, 1), dt.date(2045, 12, 31))
ALONE = [convention for convention in DayCount if convention not in twin.BY_PERIODS]
QUANTLIB = {
    DayCount.THIRTY_360_BOND: QuantLib.Thirty360(QuantLib.Thirty360.BondBasis),
    DayCount.THIRTY_E_360: QuantLib.Thirty360(QuantLib.Thirty360.EurobondBasis),
    DayCount.THIRTY_E_360_ISDA: QuantLib.Thirty360(QuantLib.Thirty360.ISDA),
    DayCount.THIRTY_US_360: QuantLib.Thirty360(QuantLib.Thirty360.USA),
    DayCount.ACTUAL_360: QuantLib.Actual360(),
    DayCount.ACTUAL_365_FIXED: QuantLib.Actual365Fixed(),
    DayCount.ACTUAL_ACTUAL_ISDA: QuantLib.ActualActual(QuantLib.ActualActual.ISDA),
}


def made_row(convention, unit=Unit.MONTH, every=1, month_end=MonthEnd.SAME_DAY):
    row = empty_contract()
    row[Field.DAY_COUNT], row[Field.UNIT], row[Field.EVERY], row[Field.MONTH_END] = convention, unit, every, month_end
    return row


def quantlib_date(value):
    return QuantLib.Date(value.day, value.month, value.year)


@settings(deadline=None, max_examples=400)
@given(DATES, st.integers(0, 1_500), st.sampled_from(sorted(QUANTLIB)))
@example(dt.date(2024, 1, 31), 29, DayCount.THIRTY_E_360)
@example(dt.date(2024, 2, 29), 366, DayCount.THIRTY_US_360)
def test_published_conventions_agree_with_quantlib(start, length, convention):
    end = start + dt.timedelta(days=length)
    theirs = QUANTLIB[convention].yearFraction(quantlib_date(start), quantlib_date(end))
    assert int(year_fraction(day(start), day(end), int(convention))) / YEAR_SCALE == pytest.approx(theirs, abs=1e-12)


@settings(deadline=None, max_examples=300)
@given(DATES, st.integers(0, 900), st.sampled_from(ALONE))
@example(dt.date(2023, 12, 31), 1, DayCount.ACTUAL_ACTUAL_31_DECEMBER)
@example(dt.date(2024, 12, 31), 1, DayCount.ACTUAL_ACTUAL_31_DECEMBER)
@example(dt.date(2024, 2, 29), 31, DayCount.ACTUAL_ACTUAL_FEBRUARY_29)
@example(dt.date(2024, 1, 31), 29, DayCount.ACTUAL_ACTUAL_FEBRUARY_29)
def test_every_convention_agrees_with_its_twin_exactly(start, length, convention):
    end = start + dt.timedelta(days=length)
    ours = int(year_fraction(day(start), day(end), int(convention)))
    assert ours == twin.fraction(start, end, convention) * YEAR_SCALE
    assert int(year_fraction(day(end), day(start), int(convention))) == -ours


def test_the_night_to_new_year_is_what_tells_the_two_splits_apart():
    last, first = day("2023-12-31"), day("2024-01-01")
    assert year_fraction(last, first, int(DayCount.ACTUAL_ACTUAL_ISDA)) == YEAR_SCALE // 365
    assert year_fraction(last, first, int(DayCount.ACTUAL_ACTUAL_31_DECEMBER)) == YEAR_SCALE // 366


@settings(deadline=None, max_examples=300)
@given(DATES, st.integers(1, 400), st.sampled_from(DayCount), st.sampled_from(Unit), st.integers(1, 3), st.sampled_from(MonthEnd))
@example(dt.date(2024, 1, 31), 29, DayCount.THIRTY_A_MONTH_360, Unit.MONTH, 1, MonthEnd.SAME_DAY)
@example(dt.date(2023, 12, 15), 47, DayCount.THIRTY_A_MONTH_ACTUAL, Unit.MONTH, 1, MonthEnd.SAME_DAY)
def test_a_whole_period_agrees_with_its_twin(start, length, convention, unit, every, month_end):
    end = start + dt.timedelta(days=length)
    ours = int(period_fraction(made_row(convention, unit, every, month_end), day(start), day(end)))
    assert abs(ours - twin.period(start, end, convention, unit, every, month_end) * YEAR_SCALE) <= 0.5


@settings(deadline=None, max_examples=300)
@given(DATES, st.lists(st.integers(0, 200), min_size=4, max_size=4), st.sampled_from(DayCount))
def test_parts_of_a_period_add_up_to_it(start, steps, convention):
    days = np.cumsum([day(start), *steps])
    assume(days[-1] > days[0])
    first, last = int(days[0]), int(days[-1])
    row = made_row(convention)
    parts = [int(part_fraction(row, first, last, int(a), int(b))) for a, b in pairwise(days)]
    assert sum(parts) == int(period_fraction(row, first, last))
    assert all(part >= 0 for part in parts)


@settings(deadline=None, max_examples=200)
@given(DATES, st.integers(1, 100), st.lists(st.integers(0, 300), min_size=2, max_size=2), st.sampled_from(DayCount))
def test_days_after_a_period_add_up_as_well(start, length, steps, convention):
    first, last = day(start), day(start) + length
    middle, end = last + steps[0], last + steps[0] + steps[1]
    row = made_row(convention)
    inside = int(part_fraction(row, first, last, first, last))
    assert int(part_fraction(row, first, last, first, end)) == inside + int(part_fraction(row, first, last, last, end))
    assert int(part_fraction(row, first, last, last, end)) == int(part_fraction(row, first, last, last, middle)) + int(
        part_fraction(row, first, last, middle, end)
    )


def test_thirty_a_month_is_a_twelfth_whatever_the_month():
    row, out = made_row(DayCount.THIRTY_A_MONTH_360), np.zeros(3, np.int64)
    due = np.array([day("2024-02-29"), day("2024-03-31"), day("2024-04-30")])
    period_fractions(row, day("2024-01-31"), due, 3, out)
    assert out.tolist() == [YEAR_SCALE // 12] * 3


def test_a_first_stub_counts_its_days_of_the_regular_period_it_cuts():
    row, out = made_row(DayCount.THIRTY_A_MONTH_360), np.zeros(2, np.int64)
    period_fractions(row, day("2024-01-15"), np.array([day("2024-03-01"), day("2024-04-01")]), 2, out)
    # 1 February to 1 March is whole; 15 January to 1 February is 17 of the 31 days of 1 January to 1 February.
    assert out.tolist() == [YEAR_SCALE // 12 + round(YEAR_SCALE / 12 * 17 / 31), YEAR_SCALE // 12]
