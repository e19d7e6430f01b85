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
from loanbook.stores.scratch import staging_folder
from loanbook.stores.tables import harmless
from loanbook.terms.measure import Definition, Sum, find_measure, load_measures, page_rows
from loanbook.units import Ints

OTHER_LOANS = "(all other loans)"
"""Stands for the loans that a bounded list leaves out."""


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


def explain_loans(
    book: Book, close: Close, measure: str, *, most: int | None = None, on_progress: Progress | None = None
) -> Path:
    """Write the loans behind a figure of a close to `drilldown/<measure>.csv`: loan_id, numerator, denominator.

    Columns are `numerator_fen` and `denominator_fen`, `numerator` for counts; a plain sum has no denominator. They sum to the
    figure, which is checked. A close that the book has outgrown is made again first, with its own known_at; the file stands in
    the folder of that one.

    most     write only so many loans, those with the largest numerators, and all others in one row `OTHER_LOANS`, so that the
             file still sums to the figure; all when left out
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
        return _explain_loans(
            book, projection, close, definition, rows[0], most, on_progress or (lambda stage, done, total: None)
        )


def _explain_loans(
    book: Book,
    projection: Projection,
    close: Close,
    definition: Definition,
    figure: dict[str, Any],
    most: int | None,
    tell: Progress,
) -> Path:
    measure = definition.name
    found = close_space(book, close, projection)
    over = period(found.window, definition.period, COMPARISONS["current"])
    version = definition.in_force(found.window.as_of)
    if over is None or version is None or version.numerator is None:
        raise RequestError(f"{measure} has no period or definition at this close.")
    above = _part(projection, found, definition, version.numerator, over, tell)
    below = None if version.denominator is None else _part(projection, found, definition, version.denominator, over, tell)
    path = close.folder / "drilldown" / f"{measure}.csv"
    path.parent.mkdir(exist_ok=True)
    sums = _write(projection, path, above, below, unit=definition.unit, most=most)
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
    most: int | None,
) -> tuple[int, int]:
    names = ["numerator"] if unit == "count" else ["numerator_fen"]
    if below is not None:
        names.append("denominator_fen")
    schema = pa.schema([("loan_id", pa.string()), *((name, pa.int64()) for name in names)])
    sums = np.zeros(len(names), np.int64)
    found = _parts(above, below, sums)
    with staging_folder(path.parent) as staging:
        beside = staging / path.name
        with pv.CSVWriter(beside, schema, write_options=pv.WriteOptions(quoting_style="needed")) as writer:
            for loans, parts in found if most is None else _largest(found, most, len(names)):
                known = loans >= 0
                ids = projection.loan_ids(loans[known]) + [OTHER_LOANS] * int((~known).sum())
                columns = (pa.array(part) for part in parts.T)
                writer.write_table(harmless(pa.table([pa.array(ids, pa.string()), *columns], schema=schema)))
        sync(beside)
        os.replace(beside, path)
    numerator, denominator = (*sums.tolist(), 0)[:2]
    return numerator, denominator


def _parts(
    above: Iterator[tuple[Ints, Ints]], below: Iterator[tuple[Ints, Ints]] | None, sums: Ints
) -> Iterator[tuple[Ints, Ints]]:
    """Loans and what each adds to numerator and denominator, (loans, parts) int64, batch by batch; `sums` are added up."""
    for number, numerator in above:
        parts = [(number, numerator)] if below is None else [(number, numerator), next(below)]
        loans = np.unique(np.concatenate([each for each, _ in parts]))
        found = np.zeros((loans.size, len(parts)), np.int64)
        for at, (each, values) in enumerate(parts):
            found[np.searchsorted(loans, each), at] = values
        sums += found.sum(axis=0, dtype=np.int64)
        kept = found.any(axis=1)
        yield loans[kept], found[kept]


def _largest(found: Iterator[tuple[Ints, Ints]], most: int, width: int) -> Iterator[tuple[Ints, Ints]]:
    """At most `most` loans, those that add most to the numerator (then the denominator), and the others together as loan -1."""
    loans, parts, rest = np.zeros(0, np.int64), np.zeros((0, width), np.int64), np.zeros((1, width), np.int64)
    left_out = False
    for each, values in found:
        loans, parts = np.concatenate([loans, each]), np.concatenate([parts, values])
        if loans.size > most:
            order = np.lexsort((loans, *(-np.abs(column) for column in parts.T[::-1])))
            rest += parts[order[most:]].sum(axis=0, dtype=np.int64)
            loans, parts, left_out = loans[order[:most]], parts[order[:most]], True
    yield loans, parts
    if left_out:
        yield np.full(1, -1, np.int64), rest
