"""A close as statements read it: what was closed, when, and its tables."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from loanbook.errors import EngineError, StateError
from loanbook.statements.figures import Currency
from loanbook.terms.families import BUCKETS

TABLES = (
    "measures",
    "vintage_30",
    "vintage_180",
    "loss",
    "transitions",
    "delinquency",
    "volume",
    "collection",
    "prepayment",
)

PAST_DUE = tuple(bucket for bucket in BUCKETS if bucket not in ("current", "charged_off", "unknown"))
"""Delinquency buckets of what is owed and late, in the order in which a loan falls through them."""

OUTSTANDING = tuple(bucket for bucket in BUCKETS if bucket not in ("181+", "charged_off"))
"""Buckets of the outstanding balance: what is more than 180 days past due is not part of it."""

DECIMALS = 2
"""Decimals of money where a close's header does not say."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measure over its three periods; fractions are unrounded, None where there is none."""

    measure: str
    title: str
    unit: str
    numerator: int | None
    denominator: int | None
    starts_on: dt.date | None
    ends_on: dt.date | None
    effective_from: str
    current: Fraction | None
    prior_quarter: Fraction | None
    prior_year: Fraction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """A close folder in memory. `unmeasured`: measure or table -> why this book cannot tell; `findings`: sentences."""

    folder: Path
    book: str
    as_of: dt.date
    known_at: str
    observed_to: str
    currency: Currency
    unmeasured: Mapping[str, str]
    findings: tuple[str, ...]
    tables: Mapping[str, pa.Table]

    def rows(self, table: str) -> list[Row]:
        """The rows of a table, in its order."""
        return self.tables[table].to_pylist()  # type: ignore[no-any-return]

    def figures(self) -> tuple[Figure, ...]:
        """The measures of the whole book, without splits, in the order of the table."""
        found: dict[str, dict[str, Row]] = {}
        for row in self.rows("measures"):
            if not row["split"]:
                found.setdefault(row["measure"], {})[row["comparison"]] = row
        return tuple(_figure(periods) for periods in found.values() if "current" in periods)


def read_close(folder: Path) -> Close:
    """Read a close folder.

    raises   StateError when the folder is no finished close; EngineError when a file of it cannot be read
    """
    described = folder / "close.json"
    if not described.is_file():
        raise StateError(f"{folder} is no finished close: it has no close.json. Run `loanbook close BOOK --as-of DATE` first.")
    missing = [name for name in TABLES if not (folder / f"{name}.parquet").is_file()]
    if missing:
        raise StateError(f"{folder} lacks {', '.join(missing)}. Run `loanbook close BOOK --as-of DATE` again.")
    try:
        header = json.loads(described.read_text(encoding="utf-8"))
        tables = {name: pq.read_table(folder / f"{name}.parquet") for name in TABLES}
    except (OSError, ValueError, pa.ArrowException) as error:
        raise EngineError(
            f"{folder} cannot be read: {str(error).removesuffix('.')}. Delete the folder and close again."
        ) from error
    absent = [key for key in ("book", "as_of", "known_at", "observed_to", "currency") if key not in header]
    if absent:
        raise StateError(f"{described} does not say {', '.join(absent)}. Run `loanbook close BOOK --as-of DATE` again.")
    return Close(
        folder=folder,
        book=header["book"],
        as_of=dt.date.fromisoformat(header["as_of"]),
        known_at=str(header["known_at"]),
        observed_to=str(header["observed_to"]),
        currency=Currency(code=header["currency"], decimals=int(header.get("decimals", DECIMALS))),
        unmeasured=header.get("not_measured", {}),
        findings=tuple(found.get("text", found["message"]) for found in header.get("findings", ())),
        tables=tables,
    )


def exact(row: Row) -> Fraction | None:
    """A measure row's unrounded value: the quotient of its integers, where they are the value; else its stored float."""
    value, numerator, denominator = row["value"], row["numerator"], row["denominator"]
    if value is None or value != value:
        return None
    if numerator is not None:
        if denominator is None:
            return Fraction(numerator)
        if denominator and abs(numerator / denominator - value) <= 1e-12 * max(1.0, abs(value)):
            return Fraction(numerator, denominator)
    return Fraction(value)


def _figure(periods: dict[str, Row]) -> Figure:
    row = periods["current"]
    values = {name: exact(period) for name, period in periods.items()}
    return Figure(
        measure=row["measure"],
        title=row["title"],
        unit=row["unit"],
        numerator=row["numerator"],
        denominator=row["denominator"],
        starts_on=row["starts_on"],
        ends_on=row["ends_on"],
        effective_from=str(row["effective_from"] or ""),
        current=values["current"],
        prior_quarter=values.get("prior_quarter"),
        prior_year=values.get("prior_year"),
    )
