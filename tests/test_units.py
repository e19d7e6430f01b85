"""Money multiplied and divided: equal to Python's unbounded integers, or an error, never a wrapped product."""

from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loanbook.errors import RequestError
from loanbook.kernel import COMPILED
from loanbook.units import (
    INTEREST_SCALE,
    MONEY_MAX,
    RATE_SCALE,
    YEAR_SCALE,
    Rounding,
    date,
    day,
    format_money,
    mul_div,
    parse_decimal,
    rate,
)
from tests.reference.schedule import rounded

pytestmark = pytest.mark.plain

INT64 = st.integers(-MONEY_MAX, MONEY_MAX)
SMALL = st.integers(-(10**6), 10**6)


@settings(deadline=None, max_examples=800)
@given(INT64 | SMALL, INT64 | SMALL, st.integers(1, MONEY_MAX) | st.integers(1, 1_000), st.sampled_from(Rounding))
@example(MONEY_MAX, MONEY_MAX, MONEY_MAX, Rounding.HALF_UP)
@example(MONEY_MAX, 2, 2, Rounding.HALF_UP)
@example(MONEY_MAX, 2, 1, Rounding.DOWN)
@example(-1, 1, 2, Rounding.HALF_UP)
@example(-3, 1, 2, Rounding.HALF_EVEN)
@example(1, 1, 2, Rounding.HALF_EVEN)
@example(2**61 + 1, 2**61, 2**62, Rounding.HALF_EVEN)
@example(2**50, 2**11, 2**61 - 1, Rounding.HALF_EVEN)
@example(10**13, 239_900_000_000 * (YEAR_SCALE // 12), INTEREST_SCALE, Rounding.HALF_UP)
def test_a_product_over_a_divisor_is_exact_or_an_error(a, b, c, rule):
    expected = rounded(Fraction(a * b, c), rule)
    if abs(expected) > MONEY_MAX:
        with pytest.raises(OverflowError, match="money overflow"):
            mul_div(np.int64(a), np.int64(b), np.int64(c), int(rule))
    else:
        assert int(mul_div(np.int64(a), np.int64(b), np.int64(c), int(rule))) == expected


def _edge(draw):
    """A number where the long division's digits carry: next to 2^63 and other powers of two, or with a full or empty low half."""
    kind = draw.randrange(4)
    if kind == 0:
        return MONEY_MAX - draw.randrange(4)
    if kind == 1:
        return min(MONEY_MAX, max(1, 2 ** draw.randrange(64) + draw.randrange(-2, 3)))
    if kind == 2:
        return draw.randrange(1, 2**31) << 32 | draw.choice([0, 1, 2**31, 2**32 - 1])
    return draw.randrange(1, 2 ** draw.randrange(1, 64))


@pytest.mark.parametrize("seed", range(3))
def test_division_of_a_wide_product_is_exact_at_its_edges(seed):
    draw = Random(seed)
    checked = 0
    while checked < (100_000 if COMPILED else 1_000):
        a, b = _edge(draw), _edge(draw)
        c = _edge(draw) if checked % 2 else min(MONEY_MAX, max(1, (a * b >> draw.randrange(50, 64)) + draw.randrange(-2, 3)))
        if a * b // c > MONEY_MAX:
            continue
        assert int(mul_div(np.int64(a), np.int64(b), np.int64(c), int(Rounding.DOWN))) == a * b // c, (a, b, c)
        checked += 1


@settings(deadline=None)
@given(
    INT64, SMALL, st.integers(1, MONEY_MAX), st.sampled_from([r for r in Rounding if r not in (Rounding.FLOOR, Rounding.CEILING)])
)
def test_rounding_is_symmetric_for_negatives(a, b, c, rule):
    try:
        forward = int(mul_div(np.int64(a), np.int64(b), np.int64(c), int(rule)))
    except OverflowError:
        with pytest.raises(OverflowError):
            mul_div(np.int64(-a), np.int64(b), np.int64(c), int(rule))
    else:
        assert int(mul_div(np.int64(-a), np.int64(b), np.int64(c), int(rule))) == -forward


@pytest.mark.parametrize("divisor", [0, -1])
def test_a_divisor_must_be_positive(divisor):
    with pytest.raises(ValueError, match="positive"):
        mul_div(np.int64(1), np.int64(1), np.int64(divisor), 0)


def test_an_unknown_rounding_rule_is_refused():
    with pytest.raises(ValueError, match="rounding"):
        mul_div(np.int64(1), np.int64(1), np.int64(3), 9)


def test_a_day_is_whole_under_every_year_length():
    assert [YEAR_SCALE % length for length in (360, 365, 366)] == [0, 0, 0]
    assert INTEREST_SCALE == RATE_SCALE * YEAR_SCALE


@pytest.mark.parametrize(
    ("text", "scale", "number"),
    [("0.2399", RATE_SCALE, 239_900_000_000), (0.1, 10, 1), ("1234.565", 100, 123_457), ("-0.005", 100, -1), (7, 100, 700)],
)
def test_a_decimal_is_taken_digit_by_digit(text, scale, number):
    assert parse_decimal(text, scale) == number


@pytest.mark.parametrize("text", ["ten", "nan", "Infinity", "", None])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(RequestError):
        parse_decimal(text, 100)


def test_digits_are_never_lost_where_they_must_not_be():
    with pytest.raises(RequestError, match="more digits"):
        parse_decimal("0.001", 100, exact=True)
    with pytest.raises(OverflowError):
        parse_decimal("1e17", RATE_SCALE)


def test_rates_days_and_money_read_and_write():
    assert rate("0.24") == 240_000_000_000
    assert date(day("2024-02-29")).isoformat() == "2024-02-29"
    assert format_money(-123_456_789) == "-1,234,567.89"
    with pytest.raises(RequestError, match="YYYY-MM-DD"):
        day("31/12/2024")
