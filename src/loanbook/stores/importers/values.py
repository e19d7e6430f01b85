"""One rule and a batch of source columns give one event column: constants, templates, value maps, units, limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook.events import Column, Type
from loanbook.stores.importers import dates
from loanbook.stores.importers.binding import template_names
from loanbook.stores.importers.mapping import Rule, Unit
from loanbook.stores.importers.numbers import Converted, Fault, clean, integers, whole
from loanbook.units import Ints

_RATE_DIGITS = 12
_PERCENT_DIGITS = 10
_SUM_LIMIT = 9.2e18
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f]"
_SPACE = 0x20


@dataclass(slots=True, kw_only=True)
class Rows:
    """Source rows in columns. With a repeated group a source row stands once a period, and `period` is k.

    columns   name to Arrow array (rows,); an absent optional column is not there
    at        (rows,) int64: which row of the batch each stands for
    period    (rows,) int64, or None
    units     how each rate column of this file is written, decided at its first batch
    """

    columns: Mapping[str, Any]
    at: Ints
    period: Ints | None = None
    units: dict[str, Unit] = field(default_factory=dict)

    def column(self, name: str) -> Any:
        """A source column; nulls when it is absent."""
        return self.columns.get(name, pa.nulls(len(self.at)))


def make_column(rule: Rule, column: Column, rows: Rows, done: Mapping[str, Any]) -> Converted:
    """The event column a rule makes.

    done      event columns made before, which templates may name
    returns   an Arrow array of the column's type; null where the source is null or at fault
    """
    if rule.template is not None:
        return Converted(values=_from_template(rule.template, rows, done))
    if rule.value is not None:
        repeated = pa.array([rule.value]).take(pa.array(np.zeros(len(rows.at), dtype=np.int64)))
        made = _typed(repeated, rule, column, rows, rule.value)
    elif len(rule.terms) == 1:
        name = rule.terms[0].column
        made = _typed(rows.column(name), rule, column, rows, name)
    elif rule.first:
        made = _first(rule, column, rows)
    else:
        made = _sum(rule, column, rows)
    if rule.default is not None and made.values.null_count:
        made = _filled(made, rule, column, rows)
    if column.type is Type.DATE:
        made = _moved(made, rule, rows)
    return _limited(made, rule, column)


def _typed(source: Any, rule: Rule, column: Column, rows: Rows, name: str) -> Converted:
    faults: tuple[Fault, ...] = ()
    if rule.words is not None:
        mapped = _mapped(source, rule)
        source, faults = mapped.values, mapped.faults
    if column.type is Type.TEXT:
        made = text_column(source, rule)
    elif column.type is Type.DATE:
        made = dates.days(source, rule)
    elif column.type is Type.MOMENT:
        made = _noon(dates.days(source, rule))
    elif column.type is Type.MONEY:
        made = integers(source, rule, len(str(rule.scale)) - 1, exact=not rule.round_cents)
    elif column.type is Type.RATE:
        digits = _PERCENT_DIGITS if _unit(source, rule, rows, name) is Unit.PERCENT else _RATE_DIGITS
        made = Converted(values=(plain := integers(source, rule, digits, exact=False)).values, faults=plain.faults)
    else:
        made = integers(source, rule, 0, exact=not rule.round_cents)
    return Converted(values=made.values, faults=(*faults, *made.faults), rounded=made.rounded)


def text_column(source: Any, rule: Rule) -> Converted:
    """A column as trimmed text; control characters are a fault, empty is null."""
    if pa.types.is_null(source.type):
        return Converted(values=pa.nulls(len(source), pa.string()))
    if pa.types.is_floating(source.type):
        # 17.0 in a float column is the number 17 that a tool made a float because others were missing.
        number = pc.cast(source, pa.float64())
        integral = pc.equal(pc.floor(number), number)
        short = pc.if_else(integral, number, pa.scalar(None, pa.float64())).cast(pa.int64(), safe=False).cast(pa.string())
        text = pc.coalesce(short, number.cast(pa.string()))
    else:
        text = source.cast(pa.string())
    text = clean(text, rule) if rule.strip else _blank_to_null(pc.utf8_trim_whitespace(text))
    if not _has_low_bytes(text):
        return Converted(values=text)
    bad = np.asarray(pc.fill_null(pc.match_substring_regex(text, _CONTROL), False))
    faults = (Fault(bad=bad, message="holds control characters", expected="plain text"),) if bad.any() else ()
    return Converted(values=text, faults=faults)


def _has_low_bytes(text: Any) -> bool:
    """Whether any byte of a string array is below a space: a look at the bytes, many times cheaper than a pattern."""
    chunks = text.chunks if isinstance(text, pa.ChunkedArray) else [text]
    return any(
        np.frombuffer(part, dtype=np.uint8).min(initial=_SPACE) < _SPACE for chunk in chunks if (part := chunk.buffers()[-1])
    )


def _blank_to_null(text: Any) -> Any:
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _mapped(source: Any, rule: Rule) -> Converted:
    text = text_column(source, rule).values
    words = dict(rule.words or ())
    index = pc.index_in(text, pa.array(list(words), pa.string()))
    named = index.is_valid()
    values = pa.array(list(words.values()), pa.string()).take(index)
    unknown = np.asarray(pc.and_not(text.is_valid(), named))
    if not unknown.any():
        return Converted(values=values)
    if rule.otherwise is not None:
        return Converted(values=pc.if_else(pa.array(unknown), pa.scalar(rule.otherwise), values))
    expected = "one of " + ", ".join(list(words)[:12])
    return Converted(
        values=values, faults=(Fault(bad=unknown, message="is a value that the mapping does not name", expected=expected),)
    )


def _from_template(template: str, rows: Rows, done: Mapping[str, Any]) -> Any:
    parts: list[Any] = []
    rest = template
    for name in template_names(template):
        before, _, rest = rest.partition("{" + name + "}")
        if name == "k" and rows.period is not None:
            value = pa.array(rows.period).cast(pa.string())
        else:
            value = done[name] if name in done else text_column(rows.column(name), Rule(place="", name=name)).values
        parts.extend((pa.scalar(before), value.cast(pa.string())))
    return pc.binary_join_element_wise(*parts, pa.scalar(rest), "") if parts else pa.array([template] * len(rows.at))


def _unit(source: Any, rule: Rule, rows: Rows, name: str) -> Unit:
    if rule.unit is not Unit.FRACTION_OR_PERCENT:
        return rule.unit
    if name not in rows.units and source.null_count < len(source):
        plain = integers(source, rule, _RATE_DIGITS, exact=False).values
        highest = pc.max(plain).as_py() or 0
        rows.units[name] = Unit.PERCENT if highest > 10**_RATE_DIGITS else Unit.FRACTION
    return rows.units.get(name, Unit.FRACTION)


def _first(rule: Rule, column: Column, rows: Rows) -> Converted:
    made = [_typed(rows.column(t.column), rule, column, rows, t.column) for t in rule.terms]
    values = made[0].values
    faults = list(made[0].faults)
    for later in made[1:]:
        open_ = np.asarray(values.is_null())
        faults.extend(Fault(bad=f.bad & open_, message=f.message, expected=f.expected) for f in later.faults)
        values = pc.coalesce(values, later.values)
    return Converted(values=values, faults=tuple(f for f in faults if f.bad.any()), rounded=sum(m.rounded for m in made))


def _sum(rule: Rule, column: Column, rows: Rows) -> Converted:
    made = [_typed(rows.column(t.column), rule, column, rows, t.column) for t in rule.terms]
    rough = np.zeros(len(rows.at))
    for part in made:
        rough += np.abs(np.asarray(pc.fill_null(part.values, 0)).astype(np.float64))
    large = rough >= _SUM_LIMIT
    total = pa.array(np.zeros(len(rows.at), dtype=np.int64))
    for term, part in zip(rule.terms, made, strict=True):
        safe = pc.if_else(pa.array(large), pa.scalar(None, pa.int64()), part.values)
        total = pc.add(total, safe) if term.sign > 0 else pc.subtract(total, safe)
    faults = [f for m in made for f in m.faults]
    if large.any():
        faults.append(Fault(bad=large, message="is too large to be held exactly", expected="a smaller number"))
    return Converted(values=total, faults=tuple(faults), rounded=sum(m.rounded for m in made))


def _filled(made: Converted, rule: Rule, column: Column, rows: Rows) -> Converted:
    one = _typed(pa.array([rule.default]), Rule(place=rule.place, name=rule.name, scale=rule.scale), column, rows, rule.name)
    at_fault = np.zeros(len(made.values), dtype=bool)
    for fault in made.faults:
        at_fault |= fault.bad
    fill = pa.array(np.asarray(made.values.is_null()) & ~at_fault)
    return Converted(values=pc.if_else(fill, one.values[0], made.values), faults=made.faults, rounded=made.rounded)


def _moved(made: Converted, rule: Rule, rows: Rows) -> Converted:
    values = made.values
    if rule.add_months != "0" or rule.month_end:
        values = dates.add_months(values, _months(rule.add_months, rows), month_end=rule.month_end)
    if rule.not_after is not None:
        limit = dates.days(rows.column(rule.not_after.column), rule).values
        values = pc.if_else(pc.fill_null(pc.greater(values, limit), False), pa.scalar(None, pa.date32()), values)
    return Converted(values=values, faults=made.faults, rounded=made.rounded)


def _months(text: str, rows: Rows) -> Ints:
    ones = np.ones(len(rows.at), dtype=np.int64)
    if "k" not in text:
        return ones * int(text)
    sign, rest = (-1, text[2:]) if text.startswith("-") else (1, text[1:])
    period = rows.period if rows.period is not None else ones * 0
    return sign * period + (int(rest) if rest else 0)


def _noon(made: Converted) -> Converted:
    # Noon UTC is the same civil day in every zone from -11 to +11 hours.
    moment = pc.add(made.values.cast(pa.timestamp("us", "UTC")), pa.scalar(np.timedelta64(12, "h").astype("timedelta64[us]")))
    return Converted(values=moment, faults=made.faults)


def _limited(made: Converted, rule: Rule, column: Column) -> Converted:
    if column.type not in (Type.MONEY, Type.RATE, Type.INTEGER):
        return made
    least = rule.least if rule.least is not None else column.least
    if least is None and column.type is Type.MONEY and not rule.keep_negative:
        least = 0
    values = np.asarray(pc.fill_null(made.values, least or 0))
    good = np.asarray(made.values.is_valid())
    faults = list(made.faults)
    if least is not None and (low := good & (values < least)).any():
        words = "is negative" if least == 0 else f"is below {least}"
        faults.append(Fault(bad=low, message=words, expected=f"{least} or more" + _advice(column)))
        good &= ~low
    most = rule.most if rule.most is not None else column.most
    if most is None and column.type is Type.RATE and rule.name == "rate_annual":
        most = 10**_RATE_DIGITS
    if most is not None and (high := good & (values > most)).any():
        faults.append(_too_high(high, most, rule, column))
        good &= ~high
    return Converted(values=whole(values, good), faults=tuple(faults), rounded=made.rounded)


def _too_high(bad: Ints, most: int, rule: Rule, column: Column) -> Fault:
    if column.type is not Type.RATE:
        return Fault(bad=bad, message=f"is above {most}", expected=f"{most} or less")
    expected = {
        Unit.FRACTION: "a fraction of one; if the source writes percent, set unit: percent",
        Unit.PERCENT: "percent, as unit: percent says: 12 for 12 % a year",
        Unit.FRACTION_OR_PERCENT: "one way of writing rates in a file; to say which, set unit: percent or unit: fraction",
    }[rule.unit]
    percent = most * 100 / 10**_RATE_DIGITS
    return Fault(bad=bad, message=f"is above {percent:g} % a year", expected=expected)


def _advice(column: Column) -> str:
    return "; where the source means it, set negative: keep" if column.type is Type.MONEY and column.least is None else ""
