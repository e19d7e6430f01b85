"""Written numbers become exact integers, as the naive Decimal twin says."""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.stores.importers.mapping import Rule
from loanbook.stores.importers.numbers import integers

RULE = Rule(place="made_up.yaml:1", name="amount")


def read(values, digits=2, *, exact=True, rule=RULE, type_=None):
    made = integers(pa.array(values, type_), rule, digits, exact=exact)
    return made.values.to_pylist(), [(f.message, list(np.flatnonzero(f.bad))) for f in made.faults]


amounts = st.decimals(min_value=-(10**13), max_value=10**13, places=2)


@given(st.lists(amounts | st.none(), min_size=1, max_size=30))
def test_cents_in_text_are_exact(numbers):
    values, faults = read([None if n is None else f"{n:f}" for n in numbers], type_=pa.string())
    assert values == [None if n is None else int(n * 100) for n in numbers]
    assert faults == []


@given(st.lists(st.decimals(min_value=-(10**9), max_value=10**9, places=7), min_size=1, max_size=30))
def test_more_digits_are_rounded_half_up_when_the_mapping_says_so(numbers):
    values, _ = read([f"{n:f}" for n in numbers], exact=False)
    assert values == [int((n * 100).quantize(Decimal(1), ROUND_HALF_UP)) for n in numbers]


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=30))
def test_cents_in_doubles_are_exact(cents):
    assert read([c / 100 for c in cents]) == (cents, [])


def test_a_float_that_is_no_cent_is_a_fault():
    values, faults = read([12.5, 3005.666844, None, float("nan"), 0.1 + 0.2])
    assert values == [1250, None, None, None, 30]
    assert faults == [("has more than 2 decimals", [1])]


def test_single_precision_floats_mean_the_cents_they_print():
    assert read([np.float32(1234.56), np.float32(0.1)], type_=pa.float32()) == ([123456, 10], [])


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("1.50000000000000000", 150),
        (".5", 50),
        ("+7", 700),
        ("1e+05", 10_000_000),
        ("1.5E3", 150_000),
        (" 12.3 ", 1230),
        ("-0", 0),
    ],
)
def test_ways_of_writing_a_number(text, cents):
    assert read([text]) == ([cents], [])


@pytest.mark.parametrize("text", ["ten", "1,234.5", "12.3.4", "0x10", "1e400", "--1", "1 000", "NaN", "inf", "١٢"])
def test_what_is_no_number(text):
    assert read(["1", text]) == ([100, None], [("is not a number", [1])])


@pytest.mark.parametrize(
    ("text", "message", "expected"),
    [
        ("5,000.00", "is not a number", 'digits, e.g. 1234.56; where commas part thousands, set thousands: ","'),
        ("-1,234,567", "is not a number", 'digits, e.g. 1234.56; where commas part thousands, set thousands: ","'),
        ("20%", "is not a number", 'digits, e.g. 12.5; where the source writes a sign, set strip: "%"'),
        ("99999999999999999999", "is too large to be held exactly", "a smaller number"),
        ("5,00,0", "is not a number", "digits, e.g. 1234.56"),
    ],
)
def test_what_to_set_where_the_way_of_writing_is_known(text, message, expected):
    made = integers(pa.array(["1", None, text]), RULE, 2, exact=True)
    assert [(f.message, f.expected, list(np.flatnonzero(f.bad))) for f in made.faults] == [(message, expected, [2])]
    assert made.values.to_pylist() == [100, None, None]


def test_a_digit_beyond_the_twelfth_is_not_lost_silently():
    assert read(["1.0000000000001"]) == ([None], [("has more than 2 decimals", [0])])


def test_numbers_too_large_for_64_bits():
    assert read(["999999999999999"], digits=12, exact=False) == ([None], [("is too large to be held exactly", [0])])
    assert read([2**62]) == ([None], [("is too large to be held exactly", [0])])
    assert read([1e300]) == ([None], [("is too large to be held exactly", [0])])


def test_stripped_signs_thousands_and_decimal_comma():
    rule = Rule(place="", name="amount", strip=("EUR",), thousands=".", decimal_mark=",")
    assert read(["1.234.567,89 EUR", "EUR 5"], rule=rule) == ([123456789, 500], [])


def test_whole_numbers():
    assert read(["36 months"], digits=0, rule=Rule(place="", name="term", strip=(" months",))) == ([36], [])
    assert read(["36.0", "36.5", "7"], digits=0) == ([36, None, 7], [("is not a whole number", [1])])
    assert read([36.0, None, 36.5], digits=0) == ([36, None, None], [("is not a whole number", [2])])
