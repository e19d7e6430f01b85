"""Schedules: every row of principal sums to the loan, and every amount and date equals the naive twin's."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.reference import schedule as twin

from loanbook.errors import RequestError
from loanbook.loans.annuity import annuity_factor, level_installment, round_to_multiple
from loanbook.loans.schedule import fill_schedule, rate_fraction_of, schedules
from loanbook.terms.calendar import named_calendar, weekdays
from loanbook.terms.contract import Field, empty_contract
from loanbook.terms.conventions import DayCount, Engine, Method, MonthEnd, Shift, Unit
from loanbook.units import NEVER, RATE_SCALE, YEAR_SCALE, Rounding, date, day, rate

pytestmark = pytest.mark.plain

COMPUTED = [method for method in Method if method is not Method.LISTED]
DAYS = st.integers(day("2000-01-01"), day("2035-12-31"))


@st.composite
def rows(draw, methods=COMPUTED):
    """Contract rows that product terms allow."""
    row = empty_contract()
    count = draw(st.integers(1, 26))
    method = draw(st.sampled_from(methods))
    row[Field.METHOD] = method
    row[Field.COUNT] = count
    row[Field.RATE_ANNUAL] = draw(st.sampled_from([0, rate("0.2399"), rate("0.12")]) | st.integers(0, RATE_SCALE))
    row[Field.UNIT] = draw(st.sampled_from(Unit))
    row[Field.EVERY] = draw(st.integers(1, 3))
    row[Field.MONTH_END] = draw(st.sampled_from(MonthEnd))
    row[Field.DAY_COUNT] = draw(st.sampled_from(DayCount))
    row[Field.ROUNDING] = draw(st.sampled_from(Rounding))
    row[Field.INSTALLMENT_MULTIPLE] = draw(st.sampled_from([0, 1, 5, 100]))
    row[Field.ENGINE] = draw(st.sampled_from(Engine))
    row[Field.SMOOTHING] = draw(st.integers(0, 1))
    row[Field.GRACE_PRINCIPAL] = draw(st.integers(0, 2))
    row[Field.GRACE_INTEREST] = draw(st.integers(0, 2))
    row[Field.INTEREST_FREE] = draw(st.integers(0, 2))
    row[Field.DOWN_PAYMENT_PPM] = draw(st.sampled_from([0, 0, 250_000]))
    row[Field.INTEREST_ONLY_COUNT] = draw(st.integers(1, 3)) if method is Method.INTEREST_ONLY_THEN_LEVEL else 0
    return row


def made_row(**values):
    row = empty_contract()
    row[Field.UNIT], row[Field.DAY_COUNT] = Unit.MONTH, DayCount.THIRTY_A_MONTH_360
    for name, value in values.items():
        row[Field[name.upper()]] = value
    return row


def one(row, principal, on, **extra):
    """[(due day, principal, interest)] of one loan."""
    columns = schedules(row, np.array([principal]), np.array([on]), **extra)
    return [tuple(int(column[0, k]) for column in columns) for k in range(columns[0].shape[1])]


@settings(deadline=None, max_examples=300)
@given(rows(), st.integers(1, 10**9), DAYS, st.integers(0, 45), st.integers(0, 3))
def test_a_schedule_equals_its_twin(row, principal, on, stub, given_share):
    first = on + stub if stub else NEVER
    fixed = principal * given_share // (2 * int(row[Field.COUNT]))
    assert one(row, principal, on, first_due_on=first, installment_fen=fixed) == twin.schedule(row, principal, on, first, fixed)


@settings(deadline=None, max_examples=200)
@given(rows(), st.lists(st.integers(1, 10**12), min_size=1, max_size=4), DAYS)
def test_principal_sums_to_the_loan_and_no_amount_is_negative(row, amounts, on):
    due, principal, interest = schedules(row, np.array(amounts), np.full(len(amounts), on))
    assert principal.sum(axis=1).tolist() == amounts
    assert principal.min() >= 0
    assert interest.min() >= 0
    assert bool((np.diff(due, axis=1) > 0).all())


@settings(deadline=None, max_examples=100)
@given(rows(), st.integers(1, 10**9), DAYS)
def test_a_zero_rate_earns_nothing_under_any_method(row, principal, on):
    row[Field.RATE_ANNUAL] = 0
    assert all(interest == 0 for _, _, interest in one(row, principal, on))


@settings(deadline=None, max_examples=200)
@given(
    st.integers(0, 10**11),
    st.lists(st.integers(0, 60_000_000_000), min_size=1, max_size=40),
    st.sampled_from(Rounding),
    st.sampled_from([0, 1, 7, 100]),
)
@example(21, [100_000_000_000] * 2, Rounding.HALF_EVEN, 0)
def test_a_level_instalment_is_right_to_the_cent(principal, rates, rule, multiple):
    fractions = np.array([amount * YEAR_SCALE for amount in rates])
    exact = twin.level(twin.Fraction(principal), [twin.Fraction(amount, RATE_SCALE) for amount in rates])
    assert int(level_installment(np.int64(principal), fractions, len(rates), int(rule), multiple)) == twin.to_multiple(
        exact, rule, multiple
    )


@pytest.mark.parametrize(("count", "digits"), [(12, 15), (36, 15), (360, 14)])
def test_an_annuity_keeps_its_digits(count, digits):
    fractions = np.full(count, rate("0.24") * (YEAR_SCALE // 12))
    numerator, denominator = annuity_factor(fractions, 0, count)
    exact = twin.level(twin.Fraction(1), [twin.Fraction(2, 100)] * count)
    assert abs(twin.Fraction(int(numerator), int(denominator)) / exact - 1) < twin.Fraction(1, 10**digits)


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(1, 10**9), st.sampled_from(Rounding), st.integers(2, 101))
@example(5, 1, 2, Rounding.HALF_UP, 5)
def test_rounding_to_a_multiple_is_one_rounding(money, numerator, denominator, rule, multiple):
    exact = twin.Fraction(money * numerator, denominator)
    assert int(round_to_multiple(np.int64(money), np.int64(numerator), np.int64(denominator), int(rule), multiple)) == (
        twin.to_multiple(exact, rule, multiple)
    )


def test_month_ends_count_from_the_seed_so_that_february_does_not_stick():
    dates = [date(due).isoformat() for due, _, _ in one(made_row(count=4), 100_00, day("2023-10-31"))]
    assert dates == ["2023-11-30", "2023-12-31", "2024-01-31", "2024-02-29"]
    dates = [
        date(due).isoformat() for due, _, _ in one(made_row(count=3, month_end=MonthEnd.LAST_DAY), 100_00, day("2024-02-29"))
    ]
    assert dates == ["2024-03-31", "2024-04-30", "2024-05-31"]


def test_a_first_due_date_one_period_after_disbursement_is_the_implied_one():
    implied = one(made_row(count=3), 100_00, day("2024-01-31"))
    assert one(made_row(count=3), 100_00, day("2024-01-31"), first_due_on=day("2024-02-29")) == implied


def test_an_instalment_in_whole_yuan_leaves_the_rest_to_the_last_row():
    row = made_row(count=3, installment_multiple=100)
    assert [principal for _, principal, _ in one(row, 100_00, day("2024-01-01"))] == [33_00, 33_00, 34_00]


def test_a_multiple_above_the_instalment_falls_back_to_the_cent():
    row = made_row(count=3, installment_multiple=1000)
    assert [principal for _, principal, _ in one(row, 4_00, day("2025-10-26"))] == [1_33, 1_33, 1_34]


def test_due_dates_shift_and_interest_does_not():
    calendar = named_calendar("china_interbank", day("2024-01-01"), day("2024-12-31"))
    row = made_row(count=3, rate_annual=rate("0.24"), day_count=DayCount.ACTUAL_365_FIXED)
    plain = one(row, 1_000_00, day("2024-01-10"))
    row[Field.SHIFT] = Shift.FOLLOWING
    shifted = one(row, 1_000_00, day("2024-01-10"), closed=calendar.closed, closed_from=calendar.closed_from)
    # 10 to 17 February 2024 was the Spring Festival, and Sunday 18 February was worked; 10 March was a Sunday.
    assert [date(due).isoformat() for due, _, _ in shifted] == ["2024-02-18", "2024-03-11", "2024-04-10"]
    assert [amounts for _, *amounts in shifted] == [amounts for _, *amounts in plain]


def test_a_due_date_beyond_the_calendar_is_an_error():
    calendar = weekdays(day("2024-01-01"), day("2024-03-31"))
    with pytest.raises(ValueError, match="horizon"):
        one(
            made_row(count=3, shift=Shift.FOLLOWING),
            100_00,
            day("2024-01-10"),
            closed=calendar.closed,
            closed_from=calendar.closed_from,
        )


def test_a_balloon_remains_where_the_fixed_instalment_is_too_small():
    row = made_row(count=3, rate_annual=rate("0.12"))
    assert [principal for _, principal, _ in one(row, 1_000_00, day("2024-01-01"), installment_fen=20_00)][-1] > 970_00


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"principal": 0}, "at least 1 minor unit"),
        ({"count": 0}, "at least 1 instalment"),
        ({"method": Method.LISTED}, "listed schedule"),
        ({"shift": Shift.FOLLOWING}, "closed"),
    ],
)
def test_what_has_no_schedule_is_refused(change, words):
    principal = change.pop("principal", 100_00)
    with pytest.raises(RequestError, match=words):
        one(made_row(**{"count": 3, **change}), principal, day("2024-01-01"))


def test_a_first_due_date_before_the_disbursement_is_refused():
    with pytest.raises(ValueError, match="after the disbursement"):
        one(made_row(count=3), 100_00, day("2024-01-10"), first_due_on=day("2024-01-10"))


def test_a_period_that_earns_more_than_an_integer_holds_is_an_error():
    with pytest.raises(OverflowError, match="575 %"):
        rate_fraction_of(np.int64(RATE_SCALE), np.int64(6 * YEAR_SCALE))
    with pytest.raises(OverflowError):
        one(made_row(count=4, every=60, rate_annual=RATE_SCALE, method=Method.FLAT), 100_00, day("2024-01-01"))


def test_loans_of_different_length_share_a_table_with_unused_places_marked():
    both = np.stack([made_row(count=2), made_row(count=3, down_payment_ppm=250_000)])
    due, principal, interest = schedules(both, np.array([100, 100]), np.array([day("2024-01-01")] * 2))
    assert principal.tolist() == [[50, 50, 0, 0], [25, 25, 25, 25]]
    assert due[0, 2:].tolist() == [NEVER, NEVER]
    assert interest.sum() == 0
    assert all(a < b for a, b in pairwise(due[1].tolist()))


def test_scratch_beyond_the_rows_is_left_alone():
    due, principal, interest = (np.full(6, -7, np.int64) for _ in range(3))
    row = made_row(count=3, rate_annual=rate("0.12"))
    count = fill_schedule(row, 100_00, day("2024-01-01"), NEVER, 0, np.zeros(0, np.bool_), 0, due, principal, interest)
    assert count == 3
    assert [column[3:].tolist() for column in (due, principal, interest)] == [[-7] * 3] * 3


def test_a_gap_of_half_a_cent_a_row_is_left_to_the_last_instalment():
    # Reference loan FIN-001 of Apache Fineract's progressive engine: the gap of 3 cents over 6 rows is not smoothed.
    row = made_row(
        count=6, rate_annual=rate("0.12"), day_count=DayCount.ACTUAL_ACTUAL_31_DECEMBER, rounding=Rounding.HALF_EVEN, smoothing=1
    )
    totals = [principal + interest for _, principal, interest in one(row, 10_000_00, day("2023-12-12"))]
    assert totals == [1_725_56] * 5 + [1_725_59]


def test_a_wider_gap_is_spread_over_all_rows():
    # Reference loan FIN-002 of the same engine: smoothing moves the instalment by a cent and leaves 68.12 for the last row.
    row = made_row(
        count=5,
        rate_annual=rate("0.1065"),
        day_count=DayCount.ACTUAL_ACTUAL_31_DECEMBER,
        rounding=Rounding.HALF_EVEN,
        smoothing=1,
    )
    totals = [principal + interest for _, principal, interest in one(row, 331_77, day("2023-12-12"))]
    assert totals == [68_14] * 4 + [68_12]
    row[Field.SMOOTHING] = 0
    rough = [principal + interest for _, principal, interest in one(row, 331_77, day("2023-12-12"))]
    assert abs(rough[-1] - rough[0]) > 2
