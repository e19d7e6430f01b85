"""Definitions over cells: every measure of a period with its comparatives, and why some cannot be told."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa

from loanbook import units
from loanbook.measures.cells import Cells
from loanbook.measures.periods import COMPARISONS, Period, period
from loanbook.measures.space import Space, names_of
from loanbook.measures.sums import certain
from loanbook.measures.telling import not_measured
from loanbook.terms.families import BY_NAME, Family
from loanbook.terms.measure import GROUP, Definition, Sum, Version, find_measure
from loanbook.units import Ints

MEASURES_SCHEMA = pa.schema(
    [
        ("measure", pa.string()),
        ("title", pa.string()),
        ("unit", pa.string()),
        ("split", pa.string()),
        ("split_value", pa.string()),
        ("comparison", pa.string()),
        ("starts_on", pa.date32()),
        ("ends_on", pa.date32()),
        ("numerator", pa.int64()),
        ("denominator", pa.int64()),
        ("value", pa.float64()),
        ("effective_from", pa.date32()),
        ("definition_hash", pa.string()),
    ]
)
_Figure = tuple[int | None, int | None, float | None]
_MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Rows of one family with the code of each dimension, for choosing among them.

    rows    (rows,) int64 dense row numbers
    codes   dimension -> (rows,) int64; product, model and segment are the group's number
    """

    family: Family
    space: Space
    rows: Ints
    codes: Mapping[str, Ints]


def frame(space: Space, family: Family, rows: Ints) -> Frame:
    """The chosen dense rows of a family, ready for `chosen`."""
    codes = dict(zip(family.grain, np.unravel_index(rows, space.shape(family)), strict=True))
    return Frame(family=family, space=space, rows=rows, codes=codes)


def chosen(found: Frame, part: Sum, over: Period, split: Mapping[str, str] | None = None) -> Ints:
    """Which rows of a frame a sum takes in a period, (rows,) bool; `split` restricts further, dimension -> member."""
    mask: Ints = _in_period(found, over)
    for dimension, members in part.where.items():
        mask &= _is_member(found, dimension, members)
    for dimension, members in part.without.items():
        mask &= ~_is_member(found, dimension, members)
    for dimension, member in (split or {}).items():
        mask &= _is_member(found, dimension, (member,))
    return mask


def _is_member(found: Frame, dimension: str, members: Iterable[str]) -> Ints:
    wanted = np.isin(np.array(names_of(found.space, dimension), object), tuple(members))
    return wanted[found.codes["group" if dimension in GROUP else dimension]]


def _in_period(found: Frame, over: Period) -> Ints:
    if "mob" in found.codes:
        month = found.codes["vintage"] + found.codes["mob"]
        return (month >= over.first) & (month <= over.last)
    return (found.codes["month"] >= over.first) & (found.codes["month"] <= over.last)


def add_up(cells: Cells, found: Frame, part: Sum, over: Period, splits: Iterable[str] = ()) -> dict[tuple[str, str], int]:
    """A sum over a period, whole under ("", "") and by each member of each split: (dimension, member) -> sum.

    raises   OverflowError beyond int64
    """
    rows = np.flatnonzero(chosen(found, part, over))
    dense = cells.families[found.family.name]
    columns = [(sign, found.family.columns.index(column)) for sign, column in part.columns]
    taken = certain(dense[found.rows[rows]][:, [place for _, place in columns]])
    values = (taken * np.array([sign for sign, _ in columns], np.int64)).sum(axis=1)
    sums = {("", ""): sum(values.tolist())}
    for split in splits:
        names = names_of(cells.space, split)
        by_code = np.zeros(len(names), values.dtype)
        np.add.at(by_code, found.codes["group" if split in GROUP else split][rows], values)
        for name, value in zip(names, by_code.tolist(), strict=True):
            sums[split, name] = sums.get((split, name), 0) + value
    if any(abs(value) > units.MONEY_MAX for value in sums.values()):
        raise OverflowError(f"the {part.words} does not fit in 64 bits")
    return sums


def wanted_cells(space: Space, part: Sum, family: str, over: Period, split: Mapping[str, str] | None = None) -> Ints:
    """The mask of the cells behind a sum, for `measuring.loans_behind`: (dense rows of the family,) bool."""
    declared = BY_NAME[family]
    return chosen(frame(space, declared, np.arange(space.rows(declared))), part, over, split)


def evaluate(
    cells: Cells,
    definitions: Iterable[Definition],
    *,
    restate: bool = True,
    comparisons: Mapping[str, int] = COMPARISONS,
) -> pa.Table:
    """All measures at the close, split and compared: `MEASURES_SCHEMA`, definitions in their order.

    restate   comparatives follow the definition in force at the close; else each the one of its own period
    returns   no rows for what cannot be told at the close (`not_measured` says why), nor for single comparatives that cannot;
              value null where the denominator is 0; numerator and denominator null for products of measures
    """
    known = tuple(definitions)
    reasons = not_measured(cells, known)
    untold = {comparison: not_measured(cells, known, months_back=back) for comparison, back in comparisons.items()}
    frames = {name: frame(cells.space, BY_NAME[name], _filled(cells, name)) for name in BY_NAME}
    rows = [
        row
        for definition in known
        if definition.name not in reasons
        for row in _rows(cells, definition, known, frames, restate, comparisons)
        if definition.name not in untold[row["comparison"]]
    ]
    return pa.Table.from_pylist(rows, schema=MEASURES_SCHEMA)


def _filled(cells: Cells, family: str) -> Ints:
    return np.flatnonzero(cells.families[family].any(axis=1)).astype(np.int64)


def _rows(
    cells: Cells,
    definition: Definition,
    known: tuple[Definition, ...],
    frames: Mapping[str, Frame],
    restate: bool,
    comparisons: Mapping[str, int],
) -> Iterator[dict[str, Any]]:
    window = cells.space.window
    for comparison, back in comparisons.items():
        over = period(window, definition.period, back)
        if over is None:
            continue
        day = window.as_of if restate else units.day(over.ends_on)
        version = definition.in_force(day)
        if version is None:
            continue
        for (split, member), figure in _figures(cells, definition, version, known, frames, over, day).items():
            numerator, denominator, value = figure
            if split and not numerator and not denominator:
                continue
            yield {
                "measure": definition.name,
                "title": definition.title,
                "unit": definition.unit,
                "split": split,
                "split_value": member,
                "comparison": comparison,
                "starts_on": over.starts_on,
                "ends_on": over.ends_on,
                "numerator": numerator,
                "denominator": denominator,
                "value": value,
                "effective_from": units.date(version.effective_from),
                "definition_hash": version.definition_hash,
            }


def _figures(
    cells: Cells,
    definition: Definition,
    version: Version,
    known: tuple[Definition, ...],
    frames: Mapping[str, Frame],
    over: Period,
    day: int,
) -> dict[tuple[str, str], _Figure]:
    """Numerator, denominator and value, whole and by every split."""
    if version.numerator is None:
        return {("", ""): (None, None, _product(cells, definition, known, frames, over, day))}
    found = frames[definition.family]
    numerators = add_up(cells, found, version.numerator, over, (*definition.splits, *definition.numerator_splits))
    if version.denominator is None:
        return {place: (numerator, None, float(numerator)) for place, numerator in numerators.items()}
    denominators = add_up(cells, found, version.denominator, over, definition.splits)
    whole = denominators["", ""]
    figures: dict[tuple[str, str], _Figure] = {}
    for place, numerator in numerators.items():
        denominator = whole if place[0] in definition.numerator_splits else denominators[place]
        value = float(Fraction(numerator, denominator)) if denominator else None
        figures[place] = numerator, denominator, annual(value) if definition.annualised and value is not None else value
    return figures


def annual(monthly: float) -> float:
    """A monthly rate that lasts a year: 1 - (1 - x)^12."""
    return 1.0 - (1.0 - monthly) ** _MONTHS_A_YEAR


def _product(
    cells: Cells,
    definition: Definition,
    known: tuple[Definition, ...],
    frames: Mapping[str, Frame],
    over: Period,
    day: int,
) -> float | None:
    product = 1.0
    for name, complement in definition.factors:
        factor = find_measure(known, name)
        version = factor.in_force(day)
        if version is None:
            return None
        _, _, value = _figures(cells, factor, version, known, frames, over, day)["", ""]
        if value is None:
            return None
        product *= 1.0 - value if complement else value
    return product
