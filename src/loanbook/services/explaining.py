"""A figure explained: its definition, its numerator and denominator, and the loans that sum to them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq

from loanbook.errors import RequestError, StateError, TieError
from loanbook.measures.evaluation import wanted_cells
from loanbook.measures.measuring import LoansBehind
from loanbook.measures.periods import COMPARISONS, period
from loanbook.measures.space import Space
from loanbook.services.closing import Close, close_space, renewed
from loanbook.services.facts_pass import behind
from loanbook.stores.book import Book
from loanbook.stores.durable import sync
from loanbook.stores.projection import Progress, Projection, reading
from loanbook.stores.tables import harmless
from loanbook.terms.measure import Definition, Sum, find_measure, load_measures, page_rows
from loanbook.units import Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What stands behind a figure: the definition's rows (a version each), the figures of a close, why there are none."""

    definition: Definition
    versions: tuple[dict[str, str], ...]
    figures: tuple[dict[str, Any], ...]
    not_measured: str


def explain(measure: str, close: Close | None = None) -> Explanation:
    """The definition of a measure, and its figures at a close.

    raises   RequestError for an unknown measure
    """
    definition = find_measure(load_measures(), measure)
    figures: list[dict[str, Any]] = []
    reason = ""
    if close is not None:
        figures = [row for row in figures_of(close) if row["measure"] == measure]
        reason = close.header["not_measured"].get(measure, "")
    return Explanation(definition=definition, versions=tuple(page_rows(definition)), figures=tuple(figures), not_measured=reason)


def figures_of(close: Close) -> list[dict[str, Any]]:
    """All rows of a close's table `measures`; raises StateError when the close was dropped meanwhile."""
    try:
        rows: list[dict[str, Any]] = pq.read_table(close.folder / "measures.parquet").to_pylist()
    except FileNotFoundError as error:
        raise StateError(f"{close.folder} was dropped while it was being read. Run the command again.") from error
    return rows


def explain_loans(book: Book, close: Close, measure: str, *, on_progress: Progress | None = None) -> Path:
    """Write the loans behind a figure of a close to `drilldown/<measure>.csv`: loan_id, numerator, denominator.

    Columns are `numerator_fen` and `denominator_fen`, `numerator` for counts; a plain sum has no denominator. They sum to the
    figure, which is checked. A close that the book has outgrown is made again first, with its own known_at; the file stands in
    the folder of that one.

    raises   RequestError for a product of measures or one that this close does not tell; TieError when the sums differ
    """
    definition = find_measure(load_measures(), measure)
    if definition.factors:
        named = ", ".join(name for name, _ in definition.factors)
        raise RequestError(f"{measure} is a product of measures; ask for the loans behind {named}.")
    close = renewed(book, close, on_progress=on_progress)
    rows = [row for row in figures_of(close) if row["measure"] == measure and not row["split"] and row["comparison"] == "current"]
    if not rows:
        raise RequestError(f"{measure} is not measured at this close: {close.header['not_measured'].get(measure, 'no cells')}.")
    with reading(book, on_progress=on_progress) as projection:
        return _explain_loans(book, projection, close, definition, rows[0], on_progress or (lambda stage, done, total: None))


def _explain_loans(
    book: Book, projection: Projection, close: Close, definition: Definition, figure: dict[str, Any], tell: Progress
) -> Path:
    measure = definition.name
    found = close_space(close, projection)
    over = period(found.window, definition.period, COMPARISONS["current"])
    version = definition.in_force(found.window.as_of)
    if over is None or version is None or version.numerator is None:
        raise RequestError(f"{measure} has no period or definition at this close.")
    above = _part(projection, found, definition, version.numerator, over, tell)
    below = None if version.denominator is None else _part(projection, found, definition, version.denominator, over, tell)
    path = close.folder / "drilldown" / f"{measure}.csv"
    path.parent.mkdir(exist_ok=True)
    sums = _write(projection, path, above, below, unit=definition.unit)
    expected = (figure["numerator"], figure["denominator"] if below is not None else 0)
    if sums != expected:
        path.unlink()
        raise TieError(f"the loans behind {measure} sum to {sums}, the close says {expected}. Run `loanbook verify {book.name}`.")
    return path


def _part(
    projection: Projection, found: Space, definition: Definition, part: Sum, over: Any, tell: Progress
) -> Iterator[tuple[Ints, Ints]]:
    wanted = wanted_cells(found, part, definition.family, over)
    for loans in behind(projection, found, definition.family, wanted, on_progress=tell):
        yield loans.loan_no, _signed(loans, part)


def _signed(loans: LoansBehind, part: Sum) -> Ints:
    total = np.zeros(loans.loan_no.size, np.int64)
    for sign, column in part.columns:
        total += sign * loans.values[column]
    return total


def _write(
    projection: Projection,
    path: Path,
    above: Iterator[tuple[Ints, Ints]],
    below: Iterator[tuple[Ints, Ints]] | None,
    *,
    unit: str,
) -> tuple[int, int]:
    names = ["numerator"] if unit == "count" else ["numerator_fen"]
    if below is not None:
        names.append("denominator_fen")
    schema = pa.schema([("loan_id", pa.string()), *((name, pa.int64()) for name in names)])
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    sums = [0, 0]
    with pv.CSVWriter(beside, schema, write_options=pv.WriteOptions(quoting_style="needed")) as writer:
        for number, numerator in above:
            parts = [(number, numerator)] if below is None else [(number, numerator), next(below)]
            loans = np.unique(np.concatenate([each for each, _ in parts]))
            columns = []
            for at, (each, values) in enumerate(parts):
                column = np.zeros(loans.size, np.int64)
                column[np.searchsorted(loans, each)] = values
                sums[at] += int(values.sum(dtype=np.int64))
                columns.append(column)
            kept = np.any([column != 0 for column in columns], axis=0)
            ids = pa.array(projection.loan_ids(loans[kept]), pa.string())
            table = pa.table([ids, *(pa.array(column[kept]) for column in columns)], schema=schema)
            writer.write_table(harmless(table))
    sync(beside)
    os.replace(beside, path)
    return sums[0], sums[1]
