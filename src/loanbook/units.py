"""Money, rates, dates: the integers in which Loanbook counts, and the one way to multiply money.

* Money is int64 minor units (fen, cents, or finer where the terms say so).
* An annual rate is int64, `RATE_SCALE`-ths of one per year: 0.2399 is 239_900_000_000.
* A year fraction is int64, `YEAR_SCALE`-ths of a year. `YEAR_SCALE` is the least common multiple of 360, 365 and 366, so
  a day is a whole number under every day count and a fraction is exact.
* A date in a column is int32 (int64 inside kernels) days since 1970-01-01; `NEVER` stands for a day that has not come.
"""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np

from loanbook.errors import RequestError
from loanbook.kernel import COMPILED, kernel

Ints: TypeAlias = np.ndarray[Any, Any]
"""An integer array; the docstring that uses it says its shape and unit."""

RATE_SCALE = 1_000_000_000_000
YEAR_SCALE = 1_603_080
INTEREST_SCALE = RATE_SCALE * YEAR_SCALE
"""Divide money x rate x year fraction by this: `mul_div(money, rate * fraction, INTEREST_SCALE, rule)`."""

NEVER = 2_147_483_647
"""The day that has not come (largest int32); null in stored columns."""

MONEY_MAX = 9_223_372_036_854_775_807


class Rounding(IntEnum):
    """How a quotient becomes an integer. Symmetric for negatives, except FLOOR and CEILING."""

    HALF_UP = 0
    HALF_EVEN = 1
    DOWN = 2
    UP = 3
    FLOOR = 4
    CEILING = 5


HALF_UP = int(Rounding.HALF_UP)
HALF_EVEN = int(Rounding.HALF_EVEN)
_DOWN = int(Rounding.DOWN)
_UP = int(Rounding.UP)
_FLOOR = int(Rounding.FLOOR)
_CEILING = int(Rounding.CEILING)

_ESTIMATE_LIMIT = 2.0**52
_DIVISOR_LIMIT = 2**61
_INT64_LIMIT = 9.3e18
_HALF_BITS = 32
_LOW_BITS = 0xFFFFFFFF
_SHIFTS = (32, 16, 8, 4, 2, 1)


@kernel
def round_quotient(quotient: int, remainder: int, divisor: int, negative: bool, rule: int) -> int:
    """The integer for a non-negative quotient + remainder / divisor under a rule; `negative` is the sign it will get."""
    if remainder == 0:
        return quotient
    if rule == HALF_UP:
        return quotient + 1 if remainder >= divisor - remainder else quotient
    if rule == HALF_EVEN:
        rest = divisor - remainder
        if remainder > rest or (remainder == rest and quotient % 2 == 1):
            return quotient + 1
        return quotient
    if rule == _DOWN:
        return quotient
    if rule == _UP:
        return quotient + 1
    if rule == _FLOOR:
        return quotient + 1 if negative else quotient
    if rule == _CEILING:
        return quotient if negative else quotient + 1
    raise ValueError("unknown rounding rule")


@kernel
def _divide_digit(rest: Any, digit: Any, divisor: Any) -> Any:
    """(rest x 2^32 + digit) / divisor as (quotient below 2^32, remainder); all uint64, rest < divisor, divisor >= 2^63."""
    leading, trailing = divisor >> np.uint64(_HALF_BITS), divisor & np.uint64(_LOW_BITS)
    quotient = rest // leading
    left = rest - quotient * leading
    while quotient > np.uint64(_LOW_BITS) or quotient * trailing > ((left << np.uint64(_HALF_BITS)) | digit):
        quotient -= np.uint64(1)
        left += leading
        if left > np.uint64(_LOW_BITS):
            break
    # What wraps around 2^64 in these products cancels: the remainder is below the divisor.
    return quotient, (rest << np.uint64(_HALF_BITS)) + digit - quotient * divisor


@kernel
def _divide_wide(a: int, b: int, c: int) -> Any:
    """Quotient and remainder of a x b / c, non-negative int64, through a 128-bit product; raises when the quotient overflows."""
    a_low, a_high = np.uint64(a) & np.uint64(_LOW_BITS), np.uint64(a) >> np.uint64(_HALF_BITS)
    b_low, b_high = np.uint64(b) & np.uint64(_LOW_BITS), np.uint64(b) >> np.uint64(_HALF_BITS)
    low = a_low * b_low
    cross = a_high * b_low + (low >> np.uint64(_HALF_BITS))
    cross_low = (cross & np.uint64(_LOW_BITS)) + a_low * b_high
    high = a_high * b_high + (cross >> np.uint64(_HALF_BITS)) + (cross_low >> np.uint64(_HALF_BITS))
    low = np.uint64(a) * np.uint64(b)
    divisor = np.uint64(c)
    if high >= divisor:
        raise OverflowError("money overflow: a x b / c does not fit in 64 bits")
    if high == np.uint64(0):
        quotient = low // divisor
        remainder = low - quotient * divisor
    else:
        # Long division in two digits of 32 bits; with the divisor's highest bit set, a digit's estimate is at most 2 too large.
        shift = np.uint64(0)
        for step in _SHIFTS:
            if divisor >> np.uint64(64 - step) == np.uint64(0):
                divisor = divisor << np.uint64(step)
                shift += np.uint64(step)
        high = (high << shift) | (low >> (np.uint64(64) - shift))
        low = low << shift
        upper, remainder = _divide_digit(high, low >> np.uint64(_HALF_BITS), divisor)
        lower, remainder = _divide_digit(remainder, low & np.uint64(_LOW_BITS), divisor)
        quotient = (upper << np.uint64(_HALF_BITS)) | lower
        remainder = remainder >> shift
    if quotient > np.uint64(MONEY_MAX):
        raise OverflowError("money overflow: a x b / c does not fit in 64 bits")
    return np.int64(quotient), np.int64(remainder)


@kernel
def _mul_div_compiled(a: int, b: int, c: int, rule: int) -> Any:
    if c <= 0:
        raise ValueError("mul_div divides by a positive number")
    negative = (a < 0) != (b < 0)
    a, b = abs(a), abs(b)
    if a < 0 or b < 0:
        raise OverflowError("money overflow: the smallest int64 has no absolute value")
    estimate = np.float64(a) * np.float64(b) / np.float64(c)
    if estimate < _ESTIMATE_LIMIT and c < _DIVISOR_LIMIT:
        # The estimate is off by less than 4, so the remainder modulo 2^64, taken as signed, is the true remainder.
        quotient: Any = np.int64(estimate)
        remainder = a * b - quotient * c
        while remainder < 0:
            quotient -= 1
            remainder += c
        while remainder >= c:
            quotient += 1
            remainder -= c
    else:
        quotient, remainder = _divide_wide(a, b, c)
    quotient = round_quotient(quotient, remainder, c, negative, rule)
    if quotient < 0:
        raise OverflowError("money overflow: a x b / c does not fit in 64 bits")
    return -quotient if negative else quotient


def _mul_div_plain(a: int, b: int, c: int, rule: int) -> int:
    a, b, c = int(a), int(b), int(c)
    if c <= 0:
        raise ValueError("mul_div divides by a positive number")
    negative = (a < 0) != (b < 0)
    quotient, remainder = divmod(abs(a) * abs(b), c)
    quotient = round_quotient(quotient, remainder, c, negative, rule)
    if quotient > MONEY_MAX:
        raise OverflowError("money overflow: a x b / c does not fit in 64 bits")
    return np.int64(-quotient if negative else quotient)  # type: ignore[return-value]


mul_div: Callable[[int, int, int, int], int] = _mul_div_compiled if COMPILED else _mul_div_plain
"""a x b / c rounded by a `Rounding`: int64 in and out, 128-bit intermediate, c > 0; OverflowError, never a wrapped product."""


def parse_decimal(value: object, scale: int, *, rule: Rounding = Rounding.HALF_UP, exact: bool = False) -> int:
    """An integer number of `scale`-ths from a decimal text or number ("0.2399", Decimal, int; a float through its text).

    raises   RequestError when it is no number, or `exact` is asked and digits would be lost
    """
    try:
        number = Decimal(repr(value) if isinstance(value, float) else str(value).strip())
    except ArithmeticError as error:
        raise RequestError(f"{value!r} is not a number. Write digits, e.g. 0.2399.") from error
    if not number.is_finite():
        raise RequestError(f"{value!r} is not a finite number.")
    numerator, denominator = (number * scale).as_integer_ratio()
    if exact and denominator != 1:
        raise RequestError(f"{value} has more digits than one {scale}-th can hold.")
    negative = numerator < 0
    quotient, remainder = divmod(abs(numerator), denominator)
    quotient = round_quotient(quotient, remainder, denominator, negative, int(rule))
    if quotient > MONEY_MAX:
        raise OverflowError(f"{value} does not fit in 64 bits at a scale of {scale}")
    return -int(quotient) if negative else int(quotient)


def rate(value: object) -> int:
    """An annual rate, written as a fraction of one per year (0.2399), in `RATE_SCALE`-ths."""
    return parse_decimal(value, RATE_SCALE)


def day(value: dt.date | str) -> int:
    """The day number (days since 1970-01-01) of a date or an ISO text."""
    if isinstance(value, str):
        try:
            value = dt.date.fromisoformat(value)
        except ValueError as error:
            raise RequestError(f"{value!r} is not a date. Write YYYY-MM-DD.") from error
    return value.toordinal() - _EPOCH


def date(number: int) -> dt.date:
    """The date of a day number."""
    return dt.date.fromordinal(int(number) + _EPOCH)


_EPOCH = dt.date(1970, 1, 1).toordinal()


def format_money(minor: int, decimals: int = 2) -> str:
    """A money amount with thousands commas and its decimals: 1234567 -> "12,345.67"."""
    sign = "-" if minor < 0 else ""
    whole, part = divmod(abs(int(minor)), 10**decimals)
    return f"{sign}{whole:,}.{part:0{decimals}d}" if decimals else f"{sign}{whole:,}"
