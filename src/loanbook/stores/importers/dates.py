"""Columns of written dates to days, on columns: declared formats, moments to a civil date in a zone, months added."""

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook.stores.importers.mapping import Rule
from loanbook.stores.importers.numbers import Converted, Fault
from loanbook.units import Ints

MOMENT = "moment"
"""The format of an ISO 8601 moment with its offset: 2006-06-03T07:00:00Z."""

_TOKENS = {
    "YYYY": r"(?P<y>\d{4})",
    "MON": r"(?P<b>[A-Za-z]{3})",
    "MM": r"(?P<m>\d{1,2})",
    "DD": r"(?P<d>\d{1,2})",
}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MOMENT = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})$"
_MONTH_MOST = 31
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
"""A year outside is a slip of the pen, not a loan."""


def format_pattern(text: str) -> str | None:
    """The pattern of a date format made of YYYY, MM, MON, DD and separators; None when it is not one."""
    pattern, rest, seen = "", text, set()
    while rest:
        token = next((t for t in _TOKENS if rest.startswith(t)), None)
        if token is None:
            if rest[0].isalnum():
                return None
            pattern, rest = pattern + re.escape(rest[0]), rest[1:]
            continue
        # Without separators (YYYYMMDD) the numbers must have fixed widths.
        fixed = token in ("MM", "DD") and not re.search(r"[^A-Z]", text)
        pattern += _TOKENS[token].replace("{1,2}", "{2}") if fixed else _TOKENS[token]
        seen.add(token[0] + ("O" if token == "MON" else ""))
        rest = rest[len(token) :]
    return f"^{pattern}$" if "Y" in seen and ("M" in seen) != ("MO" in seen) else None


def days(column: Any, rule: Rule) -> Converted:
    """A column of dates as date32: text in the rule's formats, dates, or moments seen in the rule's zone."""
    kind = column.type
    if pa.types.is_null(kind):
        return Converted(values=pa.nulls(len(column), pa.date32()))
    if pa.types.is_date(kind):
        return _plausible(column.cast(pa.date32()), ())
    if pa.types.is_timestamp(kind):
        return _plausible(_civil(column, rule.zone), ())
    if pa.types.is_integer(kind):
        column = column.cast(pa.string())
    elif not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        bad = np.asarray(column.is_valid())
        fault = Fault(bad=bad, message=f"a {kind} is not a date", expected=_wanted(rule))
        return Converted(values=pa.nulls(len(column), pa.date32()), faults=(fault,))
    # Dates repeat: read each distinct text once.
    coded = pc.utf8_trim_whitespace(column.cast(pa.string())).dictionary_encode()
    values, bad, beyond = _read(coded.dictionary, rule)
    taken = values.take(coded.indices)
    faults: tuple[Fault, ...] = ()
    for words, which in (("is not a date", bad & ~beyond), ("is a day that does not exist", bad & beyond)):
        wrong = np.asarray(pc.fill_null(pa.array(which).take(coded.indices), False)) if len(which) else np.zeros(0, bool)
        if wrong.any():
            faults = (*faults, Fault(bad=wrong, message=words, expected=_wanted(rule)))
    return _plausible(taken, faults)


def add_months(dates: Any, months: Ints, *, month_end: bool) -> Any:
    """Dates moved by whole months (day kept, at most the month's last), then to the month's end where asked.

    dates    date32 Arrow array; months (rows,) int64
    """
    valid = np.asarray(dates.is_valid())
    day = dates.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False).astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    target = month + months
    last = (target + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
    moved = last if month_end else np.minimum(target.astype("datetime64[D]") + (day - month.astype("datetime64[D]")), last)
    return pa.array(moved.astype("int64").astype("int32"), mask=~valid).cast(pa.date32())


def _wanted(rule: Rule) -> str:
    return " or ".join("a day and time, e.g. 2006-06-03T07:00:00Z" if f == MOMENT else f for f in rule.formats)


def _read(texts: Any, rule: Rule) -> tuple[Any, Ints, Ints]:
    """Distinct texts to date32, which of them are no date (null and empty are neither), and which name a day past its month."""
    blank = np.asarray(pc.fill_null(pc.equal(texts, ""), True))
    found = np.zeros(len(texts), dtype=bool)
    number = np.zeros(len(texts), dtype=np.int64)
    beyond = np.zeros(len(texts), dtype=bool)
    for written in rule.formats:
        if written == MOMENT:
            ok, value = _moments(texts, rule.zone)
        else:
            ok, value, past = _calendar(texts, str(format_pattern(written)), rule.month_day)
            beyond |= past
        take = ok & ~found
        number[take] = value[take]
        found |= take
    return pa.array(number.astype(np.int32), mask=~found).cast(pa.date32()), ~found & ~blank, beyond


def _calendar(texts: Any, pattern: str, month_day: int) -> tuple[Ints, Ints, Ints]:
    """Which texts are dates of a format, their days, and which name a day that their month does not have."""
    parts = pc.extract_regex(texts, pattern)
    ok = np.asarray(parts.is_valid())
    names = [parts.type.field(i).name for i in range(parts.type.num_fields)]
    year = _part(parts, names, "y", ok)
    if "b" in names:
        month = np.asarray(pc.fill_null(pc.index_in(pc.utf8_lower(pc.struct_field(parts, "b")), pa.array(_MONTHS)), -1)) + 1
    else:
        month = _part(parts, names, "m", ok)
    day = _part(parts, names, "d", ok) if "d" in names else np.full(len(texts), month_day, dtype=np.int64)
    ok = ok & (year >= _FIRST_YEAR) & (year <= _LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1)
    first = (np.where(ok, year - 1970, 0) * 12 + np.where(ok, month - 1, 0)).astype("datetime64[M]")
    start = first.astype("datetime64[D]").astype(np.int64)
    length = (first + 1).astype("datetime64[D]").astype(np.int64) - start
    return ok & (day <= length), start + day - 1, ok & (day > length) & (day <= _MONTH_MOST)


def _part(parts: Any, names: list[str], name: str, ok: Ints) -> Ints:
    texts = pc.if_else(pa.array(ok), pc.struct_field(parts, names.index(name)), pa.scalar("0"))
    return np.asarray(pc.fill_null(texts.cast(pa.int64()), 0))


def _moments(texts: Any, zone: str) -> tuple[Ints, Ints]:
    shaped = np.asarray(pc.fill_null(pc.match_substring_regex(texts, _MOMENT), False))
    try:
        moments = pc.if_else(pa.array(shaped), texts, pa.scalar(None, pa.string())).cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:
        # One impossible clock time (25:61) refuses the column: read them one by one, they are few and distinct.
        moments = pa.array([_moment(t) for t in texts.to_pylist()], pa.timestamp("us", "UTC"))
    civil = _civil(moments, zone)
    return np.asarray(civil.is_valid()), np.asarray(pc.fill_null(civil.cast(pa.int32()), 0)).astype(np.int64)


def _moment(text: str | None) -> Any:
    try:
        return pa.scalar(text).cast(pa.timestamp("us", "UTC")).as_py() if text and re.match(_MOMENT, text) else None
    except pa.ArrowInvalid:
        return None


def _civil(moments: Any, zone: str) -> Any:
    """The civil date of moments; a timestamp without zone is already local."""
    if moments.type.tz is None:
        return moments.cast(pa.timestamp("us"), safe=False).cast(pa.date32(), safe=False)
    local = pc.local_timestamp(moments.cast(pa.timestamp("us", zone), safe=False))
    return local.cast(pa.date32(), safe=False)


def _plausible(dates: Any, faults: tuple[Fault, ...]) -> Converted:
    number = np.asarray(pc.fill_null(dates.cast(pa.int32()), 0))
    first, last = (int(np.datetime64(f"{y}-01-01", "D").astype(int)) for y in (_FIRST_YEAR, _LAST_YEAR + 1))
    odd = (number < first) | (number >= last)
    if odd.any():
        faults = (*faults, Fault(bad=odd, message="is outside 1900 to 2199", expected="a date of this world"))
        dates = pc.if_else(pa.array(odd), pa.scalar(None, pa.date32()), dates)
    return Converted(values=dates, faults=faults)
