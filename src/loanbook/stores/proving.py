"""The proof that a projection reproduces its events: loan by loan and in total, in the integers of both."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loanbook.errors import Finding
from loanbook.loans.batches import CompactBatch, IrregularBatch
from loanbook.loans.compaction import compact_paid
from loanbook.loans.facts import FactKind
from loanbook.measures.sums import exact_sum
from loanbook.stores.batch_files import Batch
from loanbook.stores.book import Book
from loanbook.stores.engine import Engine, connect, scan
from loanbook.stores.projection import Projection
from loanbook.terms.contract import Field
from loanbook.units import Ints, format_money

LISTED = 20
"""Loans named one by one when they differ."""

_MONEY_IN = tuple(int(kind) for kind in (FactKind.DOWN_PAYMENT, FactKind.PAYMENT, FactKind.PAYOFF))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Totals of the events and of the projection, and where they differ.

    events, projection   loans, principal disbursed (reported loans: originally lent) and money paid, minor units
    findings             first loans that differ; none when the projection is proven
    """

    events: dict[str, int]
    projection: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether every loan and every total agree."""
        return not self.findings and self.events == self.projection


def prove(book: Book, projection: Projection) -> Proof:
    """Compare every loan of a projection with the events it derives from."""
    count = projection.loans
    principal, paid = np.zeros(count, np.int64), np.zeros(count, np.int64)
    seen = np.zeros(count, np.int64)
    for batch in projection.batches():
        principal[batch.loan_no] = batch.principal_fen
        paid[batch.loan_no] = _paid(batch, projection)
        np.add.at(seen, batch.loan_no, 1)
    spill = book.folder / ".proving"
    try:
        with connect(spill) as engine:
            expected = _expected(book, projection, engine, count)
    finally:
        shutil.rmtree(spill, ignore_errors=True)
    findings: list[Finding] = []
    _compare(findings, projection, "loans in the projection", seen, np.ones(count, np.int64), decimals=None)
    _compare(findings, projection, "principal", principal, expected[0], decimals=book.decimals)
    _compare(findings, projection, "money paid", paid, expected[1], decimals=book.decimals)
    return Proof(
        events={"loans": count, "principal_fen": exact_sum(expected[0]), "paid_fen": exact_sum(expected[1])},
        projection={"loans": exact_sum(seen), "principal_fen": exact_sum(principal), "paid_fen": exact_sum(paid)},
        findings=tuple(findings),
    )


def _compare(
    findings: list[Finding], projection: Projection, what: str, found: Ints, expected: Ints, *, decimals: int | None
) -> None:
    """Add the loans whose figures differ; `decimals` of money, None for counts."""
    differ = np.flatnonzero(found != expected)
    shown = differ[:LISTED]
    for number, loan_id in zip(shown, projection.loan_ids(shown), strict=True):
        value, other = int(found[number]), int(expected[number])
        findings.append(
            Finding(
                place=f"loan {loan_id}",
                message=f"{what} of the projection is not that of the events ({differ.size:,} loans); run loanbook rebuild",
                value=str(value) if decimals is None else format_money(value, decimals),
                expected=str(other) if decimals is None else format_money(other, decimals),
            )
        )


def _paid(batch: Batch, projection: Projection) -> Ints:
    """Money paid by loan: for compact loans what the form decodes to, else the sum of the payments that stand."""
    if isinstance(batch, CompactBatch):
        classes = projection.classes()
        paid = np.zeros(batch.loan_no.size, np.int64)
        compact_paid(
            classes.rows,
            batch.class_no,
            batch.principal_fen,
            batch.disbursed_on,
            batch.first_due_on,
            batch.installment_fen,
            batch.settled_on,
            batch.late_offsets,
            batch.late_days,
            *projection.calendar(),
            int(classes.rows[:, Field.COUNT].max(initial=0)) + 2,
            paid,
        )
        return paid
    if isinstance(batch, IrregularBatch):
        stands = np.isin(batch.fact_kind, _MONEY_IN)
        reversals = batch.fact_kind == int(FactKind.REVERSAL)
        owner = np.repeat(np.arange(batch.loan_no.size), np.diff(batch.fact_offsets))
        stands[batch.fact_offsets[owner[reversals]] + batch.fact_detail[reversals]] = False
        return _sums(np.where(stands, batch.fact_amount, 0), batch.fact_offsets)
    return _sums(batch.position_paid, batch.position_offsets)


def _sums(values: Ints, offsets: Ints) -> Ints:
    running = np.concatenate((np.zeros(1, np.int64), np.cumsum(values, dtype=np.int64)))
    return running[offsets[1:]] - running[offsets[:-1]]


def _expected(book: Book, projection: Projection, engine: Engine, count: int) -> tuple[Ints, Ints]:
    engine.view("numbered", f"SELECT * FROM {scan([projection.folder / 'loans.parquet'])}")
    # As in the projection: a reversal that names another loan's event takes nothing back.
    taken = _union(book, ("event_reversed",), "reversed_event_id AS event_id, loan_id")
    engine.keep("taken", taken or "SELECT '' AS event_id, '' AS loan_id LIMIT 0")
    lent = " UNION ALL ".join(
        part
        for part in (
            _union(book, ("loan_disbursed",), "event_id, principal_fen AS amount"),
            _union(book, ("position_opened",), "event_id, original_principal_fen AS amount"),
        )
        if part
    )
    money = " UNION ALL ".join(
        part
        for part in (
            _union(book, ("payment_received",), "event_id, loan_id, amount_fen AS amount, FALSE AS reported"),
            _union(book, ("refund_paid",), "event_id, loan_id, -amount_fen AS amount, FALSE AS reported"),
            _union(book, ("position_reported",), "event_id, loan_id, coalesce(paid_fen, 0) AS amount, TRUE AS reported"),
        )
        if part
    )
    principal, paid = np.zeros(count, np.int64), np.zeros(count, np.int64)
    if lent:
        _fill(engine, f"SELECT loan_no, amount FROM numbered JOIN ({lent}) USING (event_id)", principal)
    if money:
        _fill(
            engine,
            f"SELECT n.loan_no, sum(m.amount) AS amount FROM numbered AS n JOIN ({money}) AS m "
            "ON n.loan_id = m.loan_id AND n.reported = m.reported "
            "WHERE (m.event_id, m.loan_id) NOT IN (SELECT (event_id, loan_id) FROM taken) GROUP BY n.loan_no",
            paid,
        )
    return principal, paid


def _union(book: Book, kinds: Sequence[str], columns: str) -> str:
    files: list[Path] = [path for kind in kinds for path in book.files(kind)]
    return f"SELECT {columns} FROM {scan(files)}" if files else ""


def _fill(engine: Engine, query: str, values: Ints) -> None:
    for batch in engine.batches(query):
        values[batch.column("loan_no").to_numpy()] = batch.column("amount").to_numpy()
