"""The dense space of cells of one close: what each dimension holds, how large each family is, and its budget."""

import bisect
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from loanbook import units
from loanbook.errors import RequestError
from loanbook.loans.batches import Classes
from loanbook.measures.window import Window
from loanbook.terms.contract import SHARE_WHOLE, Field
from loanbook.terms.conventions import Model
from loanbook.terms.families import BUCKETS, DRAWDOWNS, FAMILIES, INSTALMENTS, STATES, Family
from loanbook.terms.measure import GROUP
from loanbook.units import Ints

MEMORY_LIMIT = 2 << 30
"""Bytes that the cells of a close may take together; beyond it the request is refused instead of the machine swapping."""
COPIES = 4
"""Cells that are held at once: those of two workers, their running sum and the next one."""

_NAMES = {"drawdown": DRAWDOWNS, "bucket": BUCKETS, "from_bucket": BUCKETS, "to_bucket": STATES, "instalment": INSTALMENTS}


Pool: TypeAlias = tuple[str, str, str, str, str]
GROUP_FIELDS = (Field.PRODUCT, Field.MODEL, Field.SEGMENT)
POOL_FIELDS = (*GROUP_FIELDS, Field.VEHICLE, Field.PARTNER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Members of every dimension; two sets of cells add up only when their spaces are equal.

    window    the clocks and months
    groups    (product, model, segment) names by dense group number
    tenors    contractual tenors in months, ascending
    pools     (product, model, segment, vehicle, partner) names by dense pool number: what the books tell loans apart by
    unknown   by group, what the terms say that its source does not tell (`terms.unknown`, in lower case)
    """

    window: Window
    groups: tuple[tuple[str, str, str], ...]
    tenors: tuple[int, ...]
    pools: tuple[Pool, ...] = ()
    unknown: tuple[frozenset[str], ...] = ()

    def without(self, what: str) -> Ints:
        """Groups whose source does not tell something: (groups,) bool."""
        return np.array([what in told for told in self.unknown] or [False] * len(self.groups), np.bool_)

    def shape(self, family: Family, months: int = 0) -> tuple[int, ...]:
        """Size of each dimension of the family's grain; over so many months instead of the window's where they are given."""
        return tuple(self._size(dimension, months or self.window.months) for dimension in family.grain)

    def _size(self, dimension: str, months: int) -> int:
        return {
            "group": len(self.groups),
            "month": months,
            "vintage": months,
            "mob": months,
            "tenor_months": len(self.tenors),
            "drawdown": len(DRAWDOWNS),
            "bucket": len(BUCKETS),
            "from_bucket": len(BUCKETS),
            "to_bucket": len(STATES),
            "instalment": len(INSTALMENTS),
        }[dimension]

    def rows(self, family: Family, months: int = 0) -> int:
        """Dense rows of the family; over so many months instead of the window's where they are given."""
        return math.prod(self.shape(family, months))


def space(classes: Classes, window: Window, unknown: Mapping[str, Collection[str]] | None = None) -> Space:
    """The space of a book's classes over a window.

    unknown  product -> what its source does not tell
    raises   RequestError naming the family and the counts when one exceeds its budget a snapshot, or memory
    """
    groups = tuple(_group_names(classes, codes) for codes in _codes(classes, GROUP_FIELDS))
    found = Space(
        window=window,
        groups=groups,
        unknown=tuple(frozenset((unknown or {}).get(product, ())) for product, _, _ in groups),
        tenors=tuple(int(tenor) for tenor in np.unique(classes.rows[:, Field.TENOR_MONTHS])),
        pools=tuple(_pool_names(classes, codes) for codes in _pool_codes(classes)),
    )
    most = _most_months(found)
    if 0 < most < window.months:
        raise RequestError(
            f"close an earlier day: the window from {units.date(window.since)} to {units.date(window.as_of)} has "
            f"{window.months:,} months, more than the {most:,} that {len(found.groups)} groups of product, model and segment "
            "have room for."
        )
    for family in FAMILIES:
        snapshot = found.rows(family) // max(window.months, 1)
        if snapshot > family.budget:
            sizes = " x ".join(f"{size} {name}" for name, size in zip(family.grain, found.shape(family), strict=True))
            raise RequestError(
                f"family {family.name} would have {snapshot:,} rows a snapshot ({sizes} over {window.months} months), more than "
                f"its budget of {family.budget:,}. Report by fewer products or segments, or merge tenors."
            )
    size = COPIES * sum(found.rows(family) * len(family.columns) * 8 for family in FAMILIES)
    if size > MEMORY_LIMIT:
        largest = max(FAMILIES, key=lambda family: found.rows(family) * len(family.columns))
        raise RequestError(
            f"cells of {len(found.groups)} groups over {window.months} months need {size:,} bytes, most of them family "
            f"{largest.name} ({found.rows(largest):,} rows); the limit is {MEMORY_LIMIT:,}. Report by fewer products or segments."
        )
    return found


def names_of(space: Space, dimension: str) -> tuple[str, ...]:
    """The names that the codes of a dimension stand for; for the parts of the group, by group number."""
    if dimension in GROUP:
        return tuple(group[GROUP.index(dimension)] for group in space.groups)
    if dimension == "tenor_months":
        return tuple(str(tenor) for tenor in space.tenors)
    if dimension in _NAMES:
        return _NAMES[dimension]
    raise RequestError(f"cells cannot be chosen or split by {dimension}.")


def _most_months(found: Space) -> int:
    """The longest window, at most the space's own, in which every family stays in its budget and all in memory; 0: none."""

    def too_many(months: int) -> bool:
        rows = [(family, found.rows(family, months)) for family in FAMILIES]
        beyond = any(count // months > family.budget for family, count in rows)
        return beyond or COPIES * sum(count * len(family.columns) * 8 for family, count in rows) > MEMORY_LIMIT

    return bisect.bisect_left(range(1, found.window.months + 1), True, key=too_many)


def class_places(classes: Classes, found: Space, *, by_pool: bool = False) -> Ints:
    """(classes, 4) int64 by class: dense group number, position of the tenor, the pool's number, and that of what others lend of
    its loans with us (the pool's again where nobody does); instead of pools the group's number again."""
    groups = _numbers(classes.rows, GROUP_FIELDS, _codes(classes, GROUP_FIELDS))
    tenors = np.searchsorted(np.array(found.tenors, np.int64), classes.rows[:, Field.TENOR_MONTHS])
    if not by_pool:
        return np.column_stack([groups, tenors.astype(np.int64), groups, groups])
    codes = _pool_codes(classes)
    pools = [_numbers(rows, POOL_FIELDS, codes) for rows in (classes.rows, _served(classes.rows))]
    return np.column_stack([groups, tenors.astype(np.int64), *pools])


def _codes(classes: Classes, fields: tuple[Field, ...]) -> list[tuple[int, ...]]:
    return [tuple(int(code) for code in row) for row in np.unique(classes.rows[:, fields], axis=0)]


def _pool_codes(classes: Classes) -> list[tuple[int, ...]]:
    rows = np.concatenate([classes.rows, _served(classes.rows)])
    return [tuple(int(code) for code in row) for row in np.unique(rows[:, POOL_FIELDS], axis=0)]


def _served(rows: Ints) -> Ints:
    """The contract rows with what others lend of loans lent jointly in place of the loan: lent by the partner at its own risk."""
    found = rows.copy()
    joint = rows[:, Field.OWN_PRINCIPAL] < SHARE_WHOLE
    found[joint, Field.MODEL] = int(Model.CAPITAL_LIGHT)
    found[joint, Field.VEHICLE] = -1
    return found


def _numbers(rows: Ints, fields: tuple[Field, ...], codes: list[tuple[int, ...]]) -> Ints:
    number = {of: place for place, of in enumerate(codes)}
    return np.array([number[tuple(int(code) for code in row)] for row in rows[:, fields]], np.int64)


def _group_names(classes: Classes, codes: tuple[int, ...]) -> tuple[str, str, str]:
    product, model, segment = codes
    return classes.products[product], Model(model).name.lower(), _named(classes.segments, segment)


def _pool_names(classes: Classes, codes: tuple[int, ...]) -> Pool:
    vehicle, partner = _named(classes.vehicles, codes[3]), _named(classes.partners, codes[4])
    return (*_group_names(classes, codes[:3]), vehicle, partner)


def _named(names: tuple[str, ...], code: int) -> str:
    return names[code] if 0 <= code < len(names) else ""
