"""The features of an application as one JSON object a row, written on columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook.events import Column, Type
from loanbook.stores.importers.mapping import Feature
from loanbook.stores.importers.numbers import Converted, Fault, clean
from loanbook.stores.importers.values import Rows, make_column, text_column

_NUMBER = r"^[+-]?(\d{1,15}(\.\d{0,12})?|\.\d{1,12})$"
_FLAGS = ["true", "false"]


def features_json(features: Sequence[Feature], rows: Rows) -> Converted:
    """One JSON object a row: {"income": 59000, "purpose": "car", "since": "1999-02-01", "scored": true}; null where not known."""
    parts: list[Any] = []
    faults: list[Fault] = []
    for number, feature in enumerate(features):
        made = _literal(feature, rows)
        faults.extend(Fault(bad=f.bad, message=f"{feature.rule.name} {f.message}", expected=f.expected) for f in made.faults)
        name = feature.rule.name.replace("\\", "\\\\").replace('"', '\\"')
        parts.extend((pa.scalar(f'{"{" if number == 0 else ", "}"{name}": '), pc.fill_null(made.values, "null")))
    return Converted(values=pc.binary_join_element_wise(*parts, pa.scalar("}"), ""), faults=tuple(faults))


def _literal(feature: Feature, rows: Rows) -> Converted:
    rule = feature.rule
    if feature.type == "date":
        made = make_column(rule, Column(name=rule.name, type=Type.DATE, text=""), rows, {})
        return Converted(values=_quoted(made.values.cast(pa.string())), faults=made.faults)
    if feature.type == "number" and rule.words is None and rule.terms:
        return _number(rows.column(rule.terms[0].column), feature)
    made = make_column(rule, Column(name=rule.name, type=Type.TEXT, text=""), rows, {})
    if feature.type == "number":
        return _number(made.values, feature)
    if feature.type == "flag":
        text = pc.utf8_lower(made.values)
        bad = np.asarray(pc.fill_null(pc.invert(pc.is_in(text, pa.array(_FLAGS))), False)) & np.asarray(text.is_valid())
        faults = (
            (*made.faults, Fault(bad=bad, message="is not true or false", expected="true or false")) if bad.any() else made.faults
        )
        return Converted(values=text, faults=faults)
    return Converted(values=_quoted(made.values), faults=made.faults)


def _number(source: Any, feature: Feature) -> Converted:
    if pa.types.is_null(source.type):
        return Converted(values=pa.nulls(len(source), pa.string()))
    if pa.types.is_integer(source.type) or pa.types.is_floating(source.type):
        text = text_column(source, feature.rule).values
        finite = pc.match_substring_regex(text, r"^-?\d")
        return Converted(values=pc.if_else(finite, text, pa.scalar(None, pa.string())))
    text = clean(source.cast(pa.string()), feature.rule)
    good = pc.fill_null(pc.match_substring_regex(text, _NUMBER), False)
    bad = np.asarray(pc.and_(text.is_valid(), pc.invert(good)))
    exact = pc.if_else(good, text, pa.scalar(None, pa.string())).cast(pa.decimal128(38, 12)).cast(pa.string())
    short = pc.replace_substring_regex(pc.replace_substring_regex(exact, r"(\.\d*?)0+$", r"\1"), r"\.$", "")
    faults = (Fault(bad=bad, message="is not a number", expected="digits, e.g. 12.5"),) if bad.any() else ()
    return Converted(values=short, faults=faults)


def _quoted(text: Any) -> Any:
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", " "), ("\r", " "), ("\t", " ")):
        text = pc.replace_substring(text, pattern=plain, replacement=escaped)
    return pc.binary_join_element_wise(pa.scalar('"'), text, pa.scalar('"'), "")
