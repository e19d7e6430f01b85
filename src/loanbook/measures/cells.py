"""Cells: the additive integers of one close, by family; what all measures and tables are made from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from loanbook import units
from loanbook.errors import RequestError
from loanbook.loans.dates import month_index
from loanbook.measures.coverage import empty_coverage
from loanbook.measures.space import Space
from loanbook.measures.sums import added, certain
from loanbook.terms.families import BUCKETS, BY_NAME, DRAWDOWNS, FAMILIES, INSTALMENTS, STATES, Family
from loanbook.units import Ints

_DAY_OF_MEMBER = ("month", "vintage")
_NAMES = {"drawdown": DRAWDOWNS, "bucket": BUCKETS, "from_bucket": BUCKETS, "to_bucket": STATES, "instalment": INSTALMENTS}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Dense sums by family; identical however the loans were cut into batches and in whatever order they came.

    families                family name -> (dense rows, columns) int64, rows in the order of the grain, last dimension fastest
    loans                   loans measured (opened by `as_of`)
    without_payment_days    of those, loans whose source reports months, not days: the family `due` leaves them out
    without_schedule        of those, loans without a schedule: scheduled and prepaid principal leaves them out
    coverage                (groups, months, 2) int64, what tapes report at month ends (`measures.coverage`)
    """

    space: Space
    families: Mapping[str, Ints]
    coverage: Ints
    loans: int = 0
    without_payment_days: int = 0
    without_schedule: int = 0

    def __add__(self, other: "Cells") -> "Cells":
        if self.space != other.space:
            raise RequestError("cells of different windows or groups do not add up; measure both over one space.")
        return Cells(
            space=self.space,
            families={
                name: added(columns, other.families[name], f"a cell of the family {name}")
                for name, columns in self.families.items()
            },
            coverage=self.coverage + other.coverage,
            loans=self.loans + other.loans,
            without_payment_days=self.without_payment_days + other.without_payment_days,
            without_schedule=self.without_schedule + other.without_schedule,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Cells):
            return NotImplemented
        return (
            self.space == other.space
            and self.counts == other.counts
            and np.array_equal(self.coverage, other.coverage)
            and all(np.array_equal(columns, other.families[name]) for name, columns in self.families.items())
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def counts(self) -> tuple[int, int, int]:
        """Loans measured, without payment days, without a schedule."""
        return self.loans, self.without_payment_days, self.without_schedule


def empty_cells(space: Space) -> Cells:
    """Zeros over a space: what a pass adds to."""
    families = {family.name: np.zeros((space.rows(family), len(family.columns)), np.int64) for family in FAMILIES}
    return Cells(space=space, families=families, coverage=empty_coverage(len(space.groups), space.window.months))


def members(space: Space, family: Family, rows: Ints) -> dict[str, list[object]]:
    """The named dimensions of dense rows: product, model, segment, then the grain; months as the day of their snapshot."""
    codes = np.unravel_index(rows, space.shape(family))
    named: dict[str, list[object]] = {}
    ends = [units.date(day) for day in space.window.month_ends]
    for dimension, column in zip(family.grain, codes, strict=True):
        if dimension == "group":
            for place, name in enumerate(("product", "model", "segment")):
                named[name] = [space.groups[code][place] for code in column]
        elif dimension in _DAY_OF_MEMBER:
            named[dimension] = [ends[code] for code in column]
        elif dimension == "tenor_months":
            named[dimension] = [space.tenors[code] for code in column]
        elif dimension == "mob":
            named[dimension] = [int(code) for code in column]
        else:
            named[dimension] = [_NAMES[dimension][code] for code in column]
    return named


def _fields(family: Family) -> list[pa.Field]:
    fields = []
    for dimension in family.grain:
        if dimension == "group":
            fields += [pa.field(name, pa.string()) for name in ("product", "model", "segment")]
        elif dimension in _DAY_OF_MEMBER:
            fields.append(pa.field(dimension, pa.date32()))
        elif dimension in ("tenor_months", "mob"):
            fields.append(pa.field(dimension, pa.int32()))
        else:
            fields.append(pa.field(dimension, pa.string()))
    return fields + [pa.field(column, pa.int64()) for column in family.columns]


def to_tables(cells: Cells) -> dict[str, pa.Table]:
    """Arrow tables by family name: dimension columns by name, int64 sums, rows that are not zero, in dense order."""
    tables = {}
    for family in FAMILIES:
        dense = cells.families[family.name]
        rows = np.flatnonzero(dense.any(axis=1))
        named = members(cells.space, family, rows)
        columns = [*named.values(), *(dense[rows, place] for place in range(len(family.columns)))]
        schema = pa.schema(_fields(family))
        tables[family.name] = pa.Table.from_arrays(
            [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)], schema=schema
        )
    return tables


def from_tables(
    space: Space, tables: Mapping[str, pa.Table], counts: tuple[int, int, int] = (0, 0, 0), coverage: Ints | None = None
) -> Cells:
    """Cells from tables of `to_tables`, of one pass or many concatenated: equal rows add up.

    counts     loans measured, without payment days, without a schedule, summed over the passes
    coverage   summed over the passes; None where no loans are of tapes
    raises     RequestError for a family, column or member that the space does not have; OverflowError for a sum beyond int64
    """
    cells = empty_cells(space)
    for name, table in tables.items():
        if name not in BY_NAME:
            raise RequestError(f"{name} is no family of cells; they are {', '.join(BY_NAME)}.")
        family = BY_NAME[name]
        codes = tuple(_codes(space, dimension, table) for dimension in family.grain)
        rows = np.ravel_multi_index(codes, space.shape(family)) if table.num_rows else np.zeros(0, np.int64)
        for place, column in enumerate(family.columns):
            found = certain(table[column].to_numpy())
            sums = np.zeros(space.rows(family), found.dtype)
            np.add.at(sums, rows, found)
            if sums.dtype == object and any(abs(value) > units.MONEY_MAX for value in sums[rows]):
                raise OverflowError(f"a cell of the family {name} does not fit in 64 bits")
            cells.families[name][:, place] = sums
    loans, without_days, without_schedule = counts
    return Cells(
        space=space,
        families=cells.families,
        coverage=cells.coverage if coverage is None else coverage,
        loans=loans,
        without_payment_days=without_days,
        without_schedule=without_schedule,
    )


def _codes(space: Space, dimension: str, table: pa.Table) -> Ints:
    try:
        if dimension == "group":
            place: dict[object, int] = {group: number for number, group in enumerate(space.groups)}
            rows = zip(*(table[name].to_pylist() for name in ("product", "model", "segment")), strict=True)
            return np.array([place[row] for row in rows], np.int64)
        values = table[dimension].to_pylist()
        if dimension in _DAY_OF_MEMBER:
            first = space.window.first_month
            codes = np.array([int(month_index(units.day(value))) - first for value in values], np.int64)
            if codes.size and (int(codes.min()) < 0 or int(codes.max()) >= space.window.months):
                raise KeyError(values[int(np.argmax((codes < 0) | (codes >= space.window.months)))])
            return codes
        if dimension == "mob":
            return np.array(values, np.int64)
        names: tuple[object, ...] = space.tenors if dimension == "tenor_months" else _NAMES[dimension]
        place = {name: number for number, name in enumerate(names)}
        return np.array([place[value] for value in values], np.int64)
    except KeyError as error:
        raise RequestError(f"cells name {error} in dimension {dimension}, which this space does not have.") from error
