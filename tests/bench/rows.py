"""The same loans as one row per instalment: what a relational loan system would hand to SQL.

    loans-YYYY-MM.parquet          a row per loan originated in the month
    instalments-YYYY-MM.parquet    a row per instalment, sorted by loan and number
    payments-YYYY-MM.parquet       a row per piece of money, of loans that did not pay instalment by instalment

Attributes by which the close groups (`grp`, `charged_off_on`) stand in every row, and instalments carry the balance before
them, so that the queries need fewer joins and windows. Amounts are int64 fen, days are dates, compression is zstd.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from loanbook.kernel import kernel
from loanbook.loans.amounts import fill_amounts
from loanbook.loans.batches import Classes, CompactBatch, IrregularBatch
from loanbook.loans.charge_off import charge_off_by_terms
from loanbook.loans.compact import decode_compact, prepare_compact
from loanbook.loans.history import Due, End, Paid
from loanbook.loans.irregular import decode_irregular, irregular_scratch, load_facts, most_rows, prepare_irregular
from loanbook.measures.space import Space, class_places
from loanbook.simulator.bulk import Part
from loanbook.terms.contract import Field
from loanbook.units import NEVER, Ints

_COUNT = int(Field.COUNT)
_CHARGE_OFF_DAYS = int(Field.CHARGE_OFF_DAYS)
_DUE_ON = int(Due.ON)
_PRINCIPAL = int(Due.PRINCIPAL)
_INTEREST = int(Due.INTEREST)
_CLEARED_ON = int(Due.CLEARED_ON)
_PAID_ON = int(Paid.ON)
_PAID_DUE = int(Paid.DUE)
_PAID_PRINCIPAL = int(Paid.PRINCIPAL)
_PAID_INTEREST = int(Paid.INTEREST)
_RECOVERED = int(Paid.RECOVERED)
_CHARGED_OFF_ON = int(End.CHARGED_OFF_ON)
_CHARGED_OFF = int(End.CHARGED_OFF)
_OPENED_BALANCE = int(End.OPENED_BALANCE)
_DUES, _PAIDS, _ENDS = len(Due), len(Paid), len(End)

DATES = ("disbursed_on", "due_on", "paid_on", "charged_off_on")


@kernel
def write_loan(
    at: int,
    regular: bool,
    due: Ints,
    rows: int,
    paid: Ints,
    pieces: int,
    ends: Ints,
    ends_of: Ints,
    row: int,
    row_of: Ints,
    piece: int,
    piece_of: Ints,
) -> tuple[int, int]:
    """One decoded loan as rows.

    ends_of    (loans, 3) int64, written at `at`: charged_off_on, charged_off, opened balance
    row_of     (instalments, 8) int64, written from `row`: loan position, number, due_on, principal, interest, opening balance,
               paid_on, paid interest (the last of a regular loan only)
    piece_of   (pieces, 7) int64, written from `piece`: loan position, number, due_on, paid_on, principal, interest, recovered
    returns    the next free row and piece
    """
    ends_of[at, 0] = ends[_CHARGED_OFF_ON]
    ends_of[at, 1] = ends[_CHARGED_OFF]
    ends_of[at, 2] = ends[_OPENED_BALANCE]
    balance = ends[_OPENED_BALANCE]
    for number in range(rows):
        row_of[row, 0] = at
        row_of[row, 1] = number
        row_of[row, 2] = due[number, _DUE_ON]
        row_of[row, 3] = due[number, _PRINCIPAL]
        row_of[row, 4] = due[number, _INTEREST]
        row_of[row, 5] = balance
        row_of[row, 6] = due[number, _CLEARED_ON]
        row_of[row, 7] = paid[number, _PAID_INTEREST] if regular and number < pieces else 0
        balance -= due[number, _PRINCIPAL]
        row += 1
    if not regular:
        for number in range(pieces):
            target = paid[number, _PAID_DUE]
            if target < 0 and paid[number, _PAID_PRINCIPAL] < 0:
                raise ValueError("a further disbursement has no place in one row per instalment")
            piece_of[piece, 0] = at
            piece_of[piece, 1] = target
            piece_of[piece, 2] = due[target, _DUE_ON] if target >= 0 else NEVER
            piece_of[piece, 3] = paid[number, _PAID_ON]
            piece_of[piece, 4] = paid[number, _PAID_PRINCIPAL]
            piece_of[piece, 5] = paid[number, _PAID_INTEREST]
            piece_of[piece, 6] = paid[number, _RECOVERED]
            piece += 1
    return row, piece


@kernel
def _rows_of_compact(
    classes: Ints,
    class_no: Ints,
    principal_fen: Ints,
    disbursed_on: Ints,
    settled_on: Ints,
    late_offsets: Ints,
    late_days: Ints,
    ends_of: Ints,
    row_of: Ints,
    piece_of: Ints,
) -> tuple[int, int]:
    most = 1 + classes[:, _COUNT].max()
    due_on, period_end, rate_fraction = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    principal, interest = np.empty(most, np.int64), np.empty(most, np.int64)
    due, paid = np.empty((most, _DUES), np.int64), np.empty((most, _PAIDS), np.int64)
    ends = np.empty(_ENDS, np.int64)
    no_calendar = np.zeros(0, np.bool_)
    principals, interests = principal.reshape(most, 1), interest.reshape(most, 1)
    row, piece, last_class, last_day, rows, numerator, denominator = 0, 0, -1, -1, 0, 0, 0
    for at in range(class_no.size):
        contract = classes[class_no[at]]
        if class_no[at] != last_class or disbursed_on[at] != last_day:
            last_class, last_day = class_no[at], disbursed_on[at]
            rows, numerator, denominator = prepare_compact(
                contract, last_day, NEVER, no_calendar, 0, due_on, period_end, rate_fraction
            )
        fill_amounts(contract, principal_fen[at], 0, rate_fraction, numerator, denominator, principal, interest)
        pieces = decode_compact(
            contract,
            principal_fen[at],
            disbursed_on[at],
            settled_on[at],
            late_days,
            late_offsets[at],
            late_offsets[at + 1],
            rows,
            due_on,
            period_end,
            principals,
            interests,
            0,
            due,
            paid,
            ends,
        )
        charge_off_by_terms(contract[_CHARGE_OFF_DAYS], due, rows, paid, pieces, ends)
        row, piece = write_loan(at, True, due, rows, paid, pieces, ends, ends_of, row, row_of, piece, piece_of)
    return row, piece


@kernel
def _rows_of_irregular(
    classes: Ints,
    class_no: Ints,
    principal_fen: Ints,
    disbursed_on: Ints,
    fact_offsets: Ints,
    fact_kind: Ints,
    fact_on: Ints,
    fact_recorded_on: Ints,
    fact_amount: Ints,
    fact_detail: Ints,
    as_of: int,
    facts: Ints,
    schedule: Ints,
    rate_fraction: Ints,
    account_rows: Ints,
    pieces: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    aux: Ints,
    work: Ints,
    totals: Ints,
    due: Ints,
    paid: Ints,
    ends: Ints,
    ends_of: Ints,
    row_of: Ints,
    piece_of: Ints,
) -> tuple[int, int]:
    no_calendar = np.zeros(0, np.bool_)
    row, piece = 0, 0
    for at in range(class_no.size):
        contract = classes[class_no[at]]
        day = disbursed_on[at]
        rows, numerator, denominator = prepare_irregular(contract, day, NEVER, no_calendar, 0, schedule, rate_fraction)
        count = load_facts(
            fact_kind, fact_on, fact_recorded_on, fact_amount, fact_detail, fact_offsets[at], fact_offsets[at + 1], facts
        )
        rows, written = decode_irregular(
            contract,
            principal_fen[at],
            0,
            day,
            rows,
            numerator,
            denominator,
            facts,
            count,
            as_of,
            as_of,
            schedule,
            rate_fraction,
            account_rows,
            pieces,
            plan,
            ledger,
            resets,
            aux,
            work,
            totals,
            due,
            paid,
            ends,
        )
        charge_off_by_terms(contract[_CHARGE_OFF_DAYS], due, rows, paid, written, ends)
        row, piece = write_loan(at, False, due, rows, paid, written, ends, ends_of, row, row_of, piece, piece_of)
    return row, piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Rows written so far."""

    loans: int = 0
    instalments: int = 0
    payments: int = 0


class RowWriter:
    """Writes parts of a bulk book as rows; close it to finish the last month."""

    def __init__(self, folder: Path, classes: Classes, found: Space) -> None:
        self._folder, self._classes = folder, classes
        self._places = class_places(classes, found)
        self._as_of = found.window.as_of
        self._month = ""
        self._open: dict[str, pq.ParquetWriter] = {}
        self.written = Written()

    def add(self, part: Part) -> None:
        """Add a part; parts come in order of origination month."""
        month = str(part.compact.disbursed_on[:1].astype("datetime64[D]").astype("datetime64[M]")[0])
        if month != self._month:
            self.close()
            self._month = month
        self._add(part.compact, self._compact(part.compact), regular=True)
        if part.irregular.loan_no.size:
            self._add(part.irregular, self._irregular(part.irregular), regular=False)

    def close(self) -> None:
        """Finish the month's files."""
        for writer in self._open.values():
            writer.close()
        self._open.clear()

    def _compact(self, batch: CompactBatch) -> tuple[Ints, Ints, Ints]:
        counts = self._classes.rows[batch.class_no, Field.COUNT]
        ends_of = np.empty((batch.loan_no.size, 3), np.int64)
        row_of, piece_of = np.empty((int(counts.sum()), 8), np.int64), np.empty((0, 7), np.int64)
        _rows_of_compact(
            self._classes.rows,
            batch.class_no,
            batch.principal_fen,
            batch.disbursed_on,
            batch.settled_on,
            batch.late_offsets,
            batch.late_days,
            ends_of,
            row_of,
            piece_of,
        )
        return ends_of, row_of, piece_of

    def _irregular(self, batch: IrregularBatch) -> tuple[Ints, Ints, Ints]:
        counts = self._classes.rows[batch.class_no, Field.COUNT]
        facts = np.diff(batch.fact_offsets)
        ends_of = np.empty((batch.loan_no.size, 3), np.int64)
        row_of = np.empty((int(counts.sum()), 8), np.int64)
        # A fact pays at most every instalment once, few pay more than two.
        piece_of = np.empty((int((counts + 3 * facts).sum()), 7), np.int64)
        _, pieces = _rows_of_irregular(
            self._classes.rows,
            batch.class_no,
            batch.principal_fen,
            batch.disbursed_on,
            batch.fact_offsets,
            batch.fact_kind,
            batch.fact_on,
            batch.fact_recorded_on,
            batch.fact_amount,
            batch.fact_detail,
            self._as_of,
            *irregular_scratch(most_rows(batch, self._classes.rows), int(facts.max())),
            ends_of,
            row_of,
            piece_of,
        )
        return ends_of, row_of, piece_of[:pieces]

    def _add(self, batch: CompactBatch | IrregularBatch, decoded: tuple[Ints, Ints, Ints], *, regular: bool) -> None:
        ends_of, row_of, piece_of = decoded
        group = self._places[batch.class_no, 0].astype(np.int16)
        row_loan, piece_loan = row_of[:, 0], piece_of[:, 0]
        self._write(
            "loans",
            {
                "loan_no": batch.loan_no,
                "grp": group,
                "tenor": self._places[batch.class_no, 1].astype(np.int16),
                "drawdown": np.where(batch.ordinal == 0, 0, np.where(batch.ordinal == 1, 1, 2)).astype(np.int8),
                "principal": ends_of[:, 2],
                "disbursed_on": batch.disbursed_on,
                "charged_off_on": ends_of[:, 0],
                "charged_off": ends_of[:, 1],
                "regular": np.full(batch.loan_no.size, regular),
            },
        )
        self._write(
            "instalments",
            {
                "loan_no": batch.loan_no[row_loan],
                "grp": group[row_loan],
                "number": row_of[:, 1].astype(np.int16),
                "due_on": row_of[:, 2],
                "principal": row_of[:, 3],
                "interest": row_of[:, 4],
                "opening_balance": row_of[:, 5],
                "paid_on": row_of[:, 6],
                "paid_interest": row_of[:, 7],
                "charged_off_on": ends_of[row_loan, 0],
                "regular": np.full(row_loan.size, regular),
            },
        )
        self._write(
            "payments",
            {
                "loan_no": batch.loan_no[piece_loan],
                "grp": group[piece_loan],
                "number": piece_of[:, 1].astype(np.int16),
                "due_on": piece_of[:, 2],
                "paid_on": piece_of[:, 3],
                "principal": piece_of[:, 4],
                "interest": piece_of[:, 5],
                "recovered": piece_of[:, 6],
            },
        )
        done = self.written
        self.written = Written(
            loans=done.loans + batch.loan_no.size,
            instalments=done.instalments + row_loan.size,
            payments=done.payments + piece_loan.size,
        )

    def _write(self, name: str, columns: dict[str, Ints]) -> None:
        arrays = {column: _dates(values) if column in DATES else pa.array(values) for column, values in columns.items()}
        table = pa.table(arrays)
        if name not in self._open:
            path = self._folder / f"{name}-{self._month}.parquet"
            self._open[name] = pq.ParquetWriter(path, table.schema, compression="zstd")
        self._open[name].write_table(table)


def _dates(days: Ints) -> pa.Array:
    return pa.array(days.astype(np.int32), pa.int32(), mask=days == NEVER).view(pa.date32())
