"""Formats are those of the releases of listed platforms; growth comes from unrounded figures."""

from fractions import Fraction

import pytest

from loanbook.errors import RequestError
from loanbook.statements.figures import NONE, Currency, change, exact_money, figure, half_up, money, plain_money

CNY, USD = Currency(code="CNY"), Currency(code="USD")


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (Fraction(5, 100), 1, "0.1"),
        (Fraction(-5, 100), 1, "-0.1"),
        (Fraction(49, 1000), 1, "0.0"),
        (Fraction(-49, 1000), 1, "0.0"),
        (Fraction(12345678, 10), 0, "1,234,568"),
        (Fraction(2, 3), 2, "0.67"),
    ],
)
def test_halves_go_away_from_zero_and_a_zero_has_no_sign(value, places, text):
    assert half_up(value, places) == text


def test_each_unit_has_its_format():
    assert figure(Fraction(99_600_000_000_00), measure="volume", unit="money", currency=CNY) == "RMB 99,600 million"
    assert figure(Fraction(23_014), measure="loans", unit="count", currency=CNY) == "23,014"
    assert figure(Fraction(1012, 100), measure="tenor", unit="months", currency=CNY) == "10.12 months"
    assert figure(Fraction(335, 10_000), measure="delinquency_90", unit="share", currency=CNY) == "3.35%"
    assert figure(Fraction(335, 10_000), measure="day1", unit="share", currency=CNY) == "3.4%"
    assert figure(None, measure="day1", unit="share", currency=CNY) == NONE


def test_amounts_of_a_small_book_keep_two_decimals_of_a_million():
    assert money(999_999_999, USD) == "US$ 10.00 million"
    assert money(1_000_000_000, USD) == "US$ 10.0 million"
    assert (money(1_204_000_000, CNY), money(1_159_000_000, CNY)) == ("RMB 12.0 million", "RMB 11.6 million")
    assert (money(99_994_000_000, CNY), money(100_000_000_000, CNY)) == ("RMB 999.9 million", "RMB 1,000 million")
    assert exact_money(-12345, Currency(code="EUR")) == "EUR -123.45"


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (100_000_000, "RMB 1.00 million"),
        (99_999_950, "RMB 1,000,000"),
        (3_084_385, "RMB 30,844"),
        (100_000, "RMB 1,000"),
        (2_082, "RMB 20.82"),
        (-4, "RMB -0.04"),
        (0, "RMB 0"),
    ],
)
def test_amounts_below_a_million_are_written_plainly(fen, text):
    assert money(fen, CNY) == text


def test_amounts_follow_the_decimals_of_their_book():
    yen, fine = Currency(code="JPY", decimals=0), Currency(code="XAU", decimals=8)
    assert (money(12_345_678, yen), exact_money(500, yen)) == ("JPY 12.3 million", "JPY 500")
    assert (money(12_345_678 * 10**8, fine), money(12_345, fine)) == ("XAU 12.3 million", "XAU 0.00")
    assert plain_money(12_345, fine) == "0.00012345"


def test_growth_is_computed_before_rounding():
    """99.96 on 95.65 grows by 4.5 %; from the printed 100 and 96 it would be 4.2 %."""
    assert change(Fraction(9996), Fraction(9565), measure="volume", unit="money") == "+4.5%"
    assert change(Fraction(9565), Fraction(9996), measure="volume", unit="money") == "−4.3%"
    assert change(Fraction(1), Fraction(1), measure="volume", unit="money") == "0.0%"
    assert change(Fraction(1), Fraction(0), measure="volume", unit="money") == NONE


def test_shares_are_compared_in_percentage_points():
    assert change(Fraction(272, 10_000), Fraction(340, 10_000), measure="delinquency_90", unit="share") == "−0.68 pp"
    assert change(Fraction(874, 1000), Fraction(863, 1000), measure="collection", unit="share") == "+1.1 pp"
    assert change(Fraction(8744, 10_000), Fraction(8741, 10_000), measure="collection", unit="share") == "0.0 pp"
    assert change(Fraction(65, 10_000), Fraction(87, 10_000), measure="c_m2", unit="share") == "−0.22 pp"


def test_an_unknown_unit_is_refused_with_the_units_there_are():
    with pytest.raises(RequestError, match=r"unit 'bananas' cannot be written. Use money, count, months or share"):
        figure(Fraction(1), measure="x", unit="bananas", currency=CNY)
