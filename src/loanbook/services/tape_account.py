"""Where our account of a reported loan and the servicer's balance differ: findings with their amounts, never corrections."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from loanbook.errors import StateError
from loanbook.loans.batches import NO_BALANCE, ReportedBatch
from loanbook.loans.tape_account import tape_differences
from loanbook.stores.book import Book
from loanbook.stores.projection import Progress, Projection, reading
from loanbook.stores.tables import write_csv
from loanbook.terms.contract import Field
from loanbook.units import Ints

TOLERANCE_FEN = 1
"""Reported figures are rounded to the minor unit; a difference of one is no finding."""

KINDS = ("roll", "split")

_COUNT = int(Field.COUNT)

SCHEMA = pa.schema(
    [
        ("loan_id", pa.string()),
        ("reported_on", pa.date32()),
        ("reported_balance_fen", pa.int64()),
        ("our_balance_fen", pa.int64()),
        ("roll_fen", pa.int64()),
        ("split_fen", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Differences of one kind (`loans.tape_account`): how many reports, their sum and the sum of their absolute amounts."""

    kind: str
    reports: int
    amount_fen: int
    absolute_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeAccount:
    """Our account of a tape beside the servicer's.

    compared       reports with a balance that were compared; without_terms loans of which no terms are archived
    differences    by kind, in the order of `KINDS`
    file           Parquet of all reports with a difference beyond the tolerance; `table` is the same as CSV
    """

    loans: int
    without_terms: int
    compared: int
    differences: tuple[Difference, ...]
    file: Path

    @property
    def table(self) -> Path:
        """The CSV beside the Parquet file."""
        return self.file.with_suffix(".csv")


def compare_tape(book: Book, *, on_progress: Progress | None = None) -> TapeAccount:
    """List the reports of a tape book where our account differs from the reported balance: `findings/tape_account`, in two forms.

    The file has `SCHEMA`; `reported_balance_fen - our_balance_fen` is the loan's running sum of roll and split.

    raises   StateError when the book has no opened positions
    """
    if not book.files("position_opened"):
        raise StateError(f"{book.folder}: the book holds no opened positions, so there is no reported tape to compare with.")
    with reading(book, on_progress=on_progress) as projection:
        return _compare(book, projection)


def _compare(book: Book, projection: Projection) -> TapeAccount:
    target = book.folder / "findings" / "tape_account.parquet"
    target.parent.mkdir(exist_ok=True)
    classes = projection.classes()
    loans = without = compared = 0
    sums = np.zeros((len(KINDS), 3), np.int64)
    with pq.ParquetWriter(target, SCHEMA, compression="zstd") as writer:
        for batch in projection.batches():
            if not isinstance(batch, ReportedBatch):
                continue
            ours, roll, split, met = tape_differences(batch, classes)
            loans += batch.loan_no.size
            without += int((classes.rows[batch.class_no, _COUNT] <= 0).sum())
            compared += int(met.sum())
            for place, part in enumerate((roll, split)):
                far = np.abs(part) > TOLERANCE_FEN
                sums[place] += (int(far.sum()), int(part[far].sum()), int(np.abs(part[far]).sum()))
            for rows in _rows(projection, batch, ours, roll, split):
                writer.write_table(rows)
    write_csv(pq.read_table(target), target.with_suffix(".csv"))
    return TapeAccount(
        loans=loans,
        without_terms=without,
        compared=compared,
        differences=tuple(
            Difference(kind=kind, reports=int(row[0]), amount_fen=int(row[1]), absolute_fen=int(row[2]))
            for kind, row in zip(KINDS, sums, strict=True)
        ),
        file=target,
    )


def _rows(projection: Projection, batch: ReportedBatch, ours: Ints, roll: Ints, split: Ints) -> Iterator[pa.Table]:
    far = np.flatnonzero((np.abs(roll) > TOLERANCE_FEN) | (np.abs(split) > TOLERANCE_FEN))
    if not far.size:
        return
    owner = np.searchsorted(batch.position_offsets, far, side="right") - 1
    ids = dict(zip(batch.loan_no.tolist(), projection.loan_ids(batch.loan_no), strict=True))
    balance = pa.array(batch.position_balance[far], mask=batch.position_balance[far] == NO_BALANCE)
    yield pa.table(
        [
            pa.array([ids[number] for number in batch.loan_no[owner].tolist()], pa.string()),
            pa.array(batch.position_on[far], pa.int32()).view(pa.date32()),
            balance,
            pa.array(ours[far]),
            pa.array(roll[far]),
            pa.array(split[far]),
        ],
        schema=SCHEMA,
    )
