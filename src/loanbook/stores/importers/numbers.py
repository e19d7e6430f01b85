"""Columns of written numbers to exact int64, on columns: text goes through decimals, never through float."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook.stores.importers.mapping import Rule
from loanbook.units import MONEY_MAX, Ints

_WIDE = pa.decimal128(38, 12)
_NUMBER = r"^[+-]?(\d{1,15}(\.\d*)?|\.\d+)$|^[+-]?\d{1,15}(\.\d{0,3})?[eE]([+]?0?\d|-0?\d)$"
_HUGE = r"^[+-]?\d{16,}(\.\d*)?$"
_GROUPED = r"^[+-]?[^\d]{0,4}\d{1,3}(,\d{3})+(\.\d*)?[^\d]{0,4}$"
_PERCENT = r"^[+-]?(\d+(\.\d*)?|\.\d+)\s*%$"
_LONG = r"(\.\d{12})\d+$"
_EXACT_FLOAT = 1e-6
"""A float is taken for a whole number of minor units when it is this close to one."""
_FLOAT_LIMIT = 2.0**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with some rows of a column: `bad` is (rows,) bool."""

    bad: Ints
    message: str
    expected: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A column as the event wants it, what is wrong with which rows, and how many values were rounded."""

    values: Any
    faults: tuple[Fault, ...] = ()
    rounded: int = 0


def integers(column: Any, rule: Rule, digits: int, *, exact: bool) -> Converted:
    """A column of numbers as int64 in units of 10^-digits.

    column   Arrow array: text, integer, float or decimal
    exact    further digits are a fault; otherwise they are rounded half up and counted
    returns  int64 Arrow array, null where the source is null or at fault
    """
    kind = column.type
    if pa.types.is_integer(kind):
        return _from_integer(column, digits)
    if pa.types.is_floating(kind):
        return _from_float(column, digits, exact)
    if pa.types.is_null(kind):
        return Converted(values=pa.nulls(len(column), pa.int64()))
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_decimal(kind)):
        bad = np.asarray(column.is_valid())
        return Converted(
            values=pa.nulls(len(column), pa.int64()),
            faults=(Fault(bad=bad, message=f"a {kind} is not a number", expected="digits"),),
        )
    text = clean(column.cast(pa.string()), rule)
    return _from_text(text, digits, exact)


def clean(text: Any, rule: Rule) -> Any:
    """Text without surrounding space and without what the rule strips; empty is null."""
    text = pc.utf8_trim_whitespace(text)
    for part in rule.strip:
        text = pc.replace_substring(text, pattern=part, replacement="")
    if rule.thousands:
        text = pc.replace_substring(text, pattern=rule.thousands, replacement="")
    if rule.decimal_mark != ".":
        text = pc.replace_substring(text, pattern=rule.decimal_mark, replacement=".")
    if rule.strip:
        text = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def whole(values: Ints, valid: Ints) -> Any:
    """An int64 Arrow array from numbers and a validity mask."""
    return pa.array(values.astype(np.int64, copy=False), mask=~valid)


def _from_text(text: Any, digits: int, exact: bool) -> Converted:
    quick = rf"^[+-]?(\d{{1,15}}(\.\d{{0,{digits}}})?|\.\d{{1,{max(digits, 1)}}})$"
    valid = np.asarray(text.is_valid())
    if digits and pc.all(pc.match_substring_regex(text, quick), min_count=0).as_py():
        values, fits = _words(text.cast(pa.decimal128(38, digits)))
        return Converted(values=whole(values, valid & fits), faults=_too_large(valid & ~fits))
    number = np.asarray(pc.fill_null(pc.match_substring_regex(text, _NUMBER), False))
    not_number = valid & ~number
    written, text = text, pc.if_else(pa.array(number), text, pa.scalar(None, pa.string()))
    cut = pc.replace_substring_regex(text, pattern=_LONG, replacement=r"\1")
    # What was cut matters only when it was not zero.
    cut_off = np.asarray(pc.fill_null(pc.match_substring_regex(text, r"\.\d{12}0*[1-9]"), False))
    wide = cut.cast(_WIDE)
    near = pc.round(wide, ndigits=digits, round_mode="half_towards_infinity")
    inexact = (cut_off | np.asarray(pc.fill_null(pc.not_equal(near, wide), False))) & number
    values, fits = _words(near.cast(pa.decimal128(38, digits)))
    faults = _not_numbers(written, not_number)
    good = number & fits
    faults.extend(_too_large(number & ~fits))
    if exact and inexact.any():
        faults.append(_too_fine(inexact, digits))
        good &= ~inexact
    return Converted(values=whole(values, good), faults=tuple(faults), rounded=0 if exact else int(inexact.sum()))


def _not_numbers(text: Any, bad: Ints) -> list[Fault]:
    """What is wrong with texts that are no number, and what to set where the way of writing is known."""
    if not bad.any():
        return []
    huge, grouped, percent = (
        bad & np.asarray(pc.fill_null(pc.match_substring_regex(text, pattern), False)) for pattern in (_HUGE, _GROUPED, _PERCENT)
    )
    words = "is not a number"
    faults = (
        *_too_large(huge),
        Fault(bad=grouped, message=words, expected='digits, e.g. 1234.56; where commas part thousands, set thousands: ","'),
        Fault(bad=percent, message=words, expected='digits, e.g. 12.5; where the source writes a sign, set strip: "%"'),
        Fault(bad=bad & ~huge & ~grouped & ~percent, message=words, expected="digits, e.g. 1234.56"),
    )
    return [fault for fault in faults if fault.bad.any()]


def _words(decimals: Any) -> tuple[Ints, Ints]:
    """The low 64 bits of each unscaled decimal, and whether they hold the whole number."""
    if isinstance(decimals, pa.ChunkedArray):
        decimals = decimals.combine_chunks()
    pairs = np.frombuffer(decimals.buffers()[1], dtype="<i8").reshape(-1, 2)[decimals.offset : decimals.offset + len(decimals)]
    low, high = pairs[:, 0], pairs[:, 1]
    return np.where(np.asarray(decimals.is_valid()), low, 0), high == (low >> 63)


def _from_integer(column: Any, digits: int) -> Converted:
    valid = np.asarray(column.is_valid())
    wide = column.cast(pa.int64(), safe=False).fill_null(0).to_numpy(zero_copy_only=False)
    limit = MONEY_MAX // 10**digits
    unsigned = pa.types.is_uint64(column.type)
    fits = (wide <= limit) & (wide >= (0 if unsigned else -limit))
    values = np.where(fits, wide, 0) * 10**digits
    return Converted(values=whole(values, valid & fits), faults=_too_large(valid & ~fits))


def _from_float(column: Any, digits: int, exact: bool) -> Converted:
    single = pa.types.is_float32(column.type) or pa.types.is_float16(column.type)
    numbers = column.cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False)
    valid = ~np.isnan(numbers)
    finite = np.isfinite(numbers)
    scale = 10.0**digits
    scaled = np.where(finite, numbers, 0.0) * scale
    near = np.copysign(np.floor(np.abs(scaled) + 0.5), scaled)
    fits = finite & (np.abs(near) < _FLOAT_LIMIT)
    back = near / scale
    same = back.astype(np.float32).astype(np.float64) == numbers if single else back == numbers
    inexact = fits & ~same & (np.abs(scaled - near) > _EXACT_FLOAT)
    faults = list(_too_large(valid & ~fits))
    good = valid & fits
    if exact and inexact.any():
        faults.append(_too_fine(inexact, digits))
        good &= ~inexact
    return Converted(
        values=whole(np.where(good, near, 0.0), good), faults=tuple(faults), rounded=0 if exact else int(inexact.sum())
    )


def _too_large(bad: Ints) -> tuple[Fault, ...]:
    return (Fault(bad=bad, message="is too large to be held exactly", expected="a smaller number"),) if bad.any() else ()


def _too_fine(bad: Ints, digits: int) -> Fault:
    words = "is not a whole number" if digits == 0 else f"has more than {digits} decimals"
    return Fault(bad=bad, message=words, expected="a whole number" if digits == 0 else f"{digits} decimals at most")
