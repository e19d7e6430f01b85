"""The loans of a day as columns, and where each stands: one pass over the store that the steps of a close share.

Read in chunks inside one snapshot. A loan that cannot be booked is found by halving its chunk, reported, and left out.
"""

import datetime as dt
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from loanbook import units
from loanbook.errors import Finding, LoanbookError, RequestError
from loanbook.loans.batches import IrregularBatch
from loanbook.loans.facts import FactKind
from loanbook.loans.positions import POSITIONS, Position, positions
from loanbook.services.platform_terms import PlatformTerms
from loanbook.stores.online.day_book import plan_for_columns
from loanbook.stores.online.day_columns import (
    LoanColumns,
    PaymentColumns,
    PaymentRows,
    chunk_end,
    loan_chunk,
    loans_of,
    payment_chunk,
    payments_of_loans,
    terms_hashes,
)
from loanbook.stores.online.unit import Connection, same_snapshot
from loanbook.terms.contract import FIELDS, Field
from loanbook.terms.conventions import Method, Shift
from loanbook.terms.product import Product, contract_row
from loanbook.units import NEVER, Ints

CHUNK = 25_000
"""Loans read at once while as many are booked: some 10 MB of columns."""
FINDINGS_MOST = 100
"""Findings kept of one step; the rest are counted."""

_UNBOOKABLE = (LoanbookError, OverflowError, ValueError, IndexError, ZeroDivisionError)


@dataclass(slots=True, kw_only=True)
class Findings:
    """What was left out and why: the first ones, and how many there were."""

    first: list[Finding] = field(default_factory=list)
    count: int = 0

    def add(self, place: str, message: str, value: object = "", expected: object = "") -> None:
        """One more, once: a loan that is looked at again is not found again."""
        found = Finding(place=place, message=message, value=str(value), expected=str(expected))
        if found not in self.first:
            self.count += 1
            if len(self.first) < FINDINGS_MOST:
                self.first.append(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Loans and where they stand, aligned; by id.

    loan_id     (loans,) text;  mandate_hash, terms_hash  (loans,) text
    principal_fen, rate_annual, repaid_fen, disbursed_on  (loans,) int64;  open (loans,) bool
    charge_off_days   (loans,) int64, 0 for never
    position    (loans, POSITIONS) int64
    """

    loan_id: Sequence[str]
    mandate_hash: Sequence[str]
    principal_fen: Ints
    rate_annual: Ints
    repaid_fen: Ints
    disbursed_on: Ints
    open: Ints
    charge_off_days: Ints
    paid_in_fen: Ints
    position: Ints

    def column(self, column: Position) -> Ints:
        """One column of the positions."""
        return self.position[:, column]


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Payments that stand, in any order: place of the loan, day, amount, payoff or not; (payments,) int64."""

    loan: Ints
    on: Ints
    amount_fen: Ints
    payoff: Ints


class Book:
    """Terms of the loans of one store as contract rows, made once and shared by all chunks of a close."""

    def __init__(self, terms: PlatformTerms, connection: Connection) -> None:
        self.terms = terms
        self.products, self.mandates = terms_hashes(connection)
        self._rows: dict[tuple[int, int, int], Ints | str] = {}

    def contract(self, terms: int, rate_annual: int, count: int) -> Ints | str:
        """The contract row of a class of loans, or why there is none."""
        key = terms, rate_annual, count
        if key not in self._rows:
            try:
                if terms not in self.products:
                    raise RequestError("its terms are not among those that the store has archived.")
                product: Product = self.terms.product_by_hash(self.products[terms])
                row = contract_row(product, rate_annual=rate_annual, count=count, checked=False)
                if row[Field.METHOD] == Method.LISTED or row[Field.SHIFT] != Shift.NONE:
                    raise RequestError(f"{product.code} lists or shifts its due dates; the online store closes none such.")
                self._rows[key] = row
            except LoanbookError as error:
                self._rows[key] = str(error)
        return self._rows[key]


def running(book: Book, connection: Connection, day: dt.date, findings: Findings, chunk: int = CHUNK) -> Generator[Standing]:
    """Where the loans that ran at the end of a day stood, a chunk at a time; the caller holds the snapshot.

    The next chunk is read while one is booked, its loans by this connection and its payments by another one that sees the same:
    so both are busy until the last chunk was given.
    """
    with same_snapshot(connection) as other, ThreadPoolExecutor(2, "read-chunk") as readers:

        def read(after: str, last: str) -> tuple[Future[tuple[LoanColumns, str | None]], Future[PaymentRows]]:
            return readers.submit(loans_and_end, after, last), readers.submit(payment_chunk, other, after, last)

        def loans_and_end(after: str, last: str) -> tuple[LoanColumns, str | None]:
            return loan_chunk(connection, day, after, last), chunk_end(connection, last, chunk)

        plan_for_columns(other)
        after, last = "", chunk_end(connection, "", chunk)
        ahead = read(after, last) if last else None
        while ahead is not None and last:
            (loans, end), payments = ahead[0].result(), ahead[1].result()
            after, last = last, end
            ahead = read(after, last) if last else None
            yield stand(book, loans, payments.of(loans), day, findings)


def stand_of(book: Book, connection: Connection, loan_ids: Sequence[str], day: dt.date, findings: Findings) -> Standing:
    """Where some loans stand at the end of a day."""
    loans = loans_of(connection, loan_ids)
    return stand(book, loans, payments_of_loans(connection, loans), day, findings)


def stand(book: Book, loans: LoanColumns, payments: PaymentColumns | Money, day: dt.date, findings: Findings) -> Standing:
    """Where loans stand at the end of a day, with the payments given; those that cannot be booked are findings."""
    classes, class_no = _classes(book, loans, findings)
    kept = np.flatnonzero(class_no >= 0)
    # Loans of one class and day side by side: their schedule is prepared once.
    order = kept[np.lexsort((loans.disbursed_on[kept], class_no[kept]))]
    batch = _batch(loans, class_no, order, payments)
    as_of = units.day(day)
    found = np.zeros((loans.loan_id.size, POSITIONS), np.int64)
    good = np.zeros(loans.loan_id.size, bool)

    def failed(place: int, error: BaseException) -> None:
        findings.add(f"loan {loans.loan_id[order[place]].decode()}", f"its account cannot be made: {error}")

    for start, stop, rows in _booked(batch, classes, as_of, failed):
        found[order[start:stop]] = rows
        good[order[start:stop]] = True
    paid_in = np.zeros(loans.loan_id.size, np.int64)
    counts = payments.on <= as_of
    np.add.at(paid_in, payments.loan[counts], payments.amount_fen[counts])
    days = classes[:, Field.CHARGE_OFF_DAYS] if len(classes) else np.zeros(1, np.int64)
    mandates = loans.mandate[good].tolist()
    return Standing(
        loan_id=loans.loan_id[good].astype(str).tolist(),
        mandate_hash=[book.mandates.get(number, "") for number in mandates],
        principal_fen=loans.principal_fen[good],
        rate_annual=loans.rate_annual[good],
        repaid_fen=loans.repaid_fen[good],
        disbursed_on=loans.disbursed_on[good],
        open=loans.open[good],
        charge_off_days=days[class_no[good]],
        paid_in_fen=paid_in[good],
        position=found[good],
    )


def _classes(book: Book, loans: LoanColumns, findings: Findings) -> tuple[Ints, Ints]:
    """Contract rows of the loans and each loan's row; -1 where its terms say none."""
    order = np.lexsort((loans.count, loans.rate_annual, loans.terms))
    keys = np.stack([loans.terms[order], loans.rate_annual[order], loans.count[order]], axis=1)
    first = np.ones(len(keys), bool)
    first[1:] = (keys[1:] != keys[:-1]).any(axis=1)
    number = np.empty(len(keys), np.int64)
    number[order] = np.cumsum(first) - 1
    rows: list[Ints] = []
    places: list[int] = []
    for terms, rate_annual, count in keys[first].tolist():
        row = book.contract(terms, rate_annual, count)
        if isinstance(row, str):
            of_class = np.flatnonzero(number == len(places))
            for place in of_class[:FINDINGS_MOST]:
                findings.add(f"loan {loans.loan_id[place].decode()}", row)
            findings.count += max(of_class.size - FINDINGS_MOST, 0)
            places.append(-1)
        else:
            places.append(len(rows))
            rows.append(row)
    classes = np.array(rows, np.int64).reshape(len(rows), FIELDS)
    return classes, np.array(places, np.int64)[number] if places else number


def _batch(loans: LoanColumns, class_no: Ints, order: Ints, payments: PaymentColumns | Money) -> IrregularBatch:
    """The chosen loans in an order, with their payments."""
    place = np.full(loans.loan_id.size, -1, np.int64)
    place[order] = np.arange(order.size)
    at = place[payments.loan]
    kind = np.where(payments.payoff == 1, int(FactKind.PAYOFF), int(FactKind.PAYMENT))
    chosen = np.flatnonzero(at >= 0)
    # Of payments of one day and kind the smaller first, so that a close does not depend on how the store sorts.
    sorted_ = chosen[np.lexsort((payments.amount_fen[chosen], kind[chosen], payments.on[chosen], at[chosen]))]
    counts = np.bincount(at[sorted_], minlength=order.size)
    on = payments.on[sorted_].astype(np.int32)
    nothing = np.zeros(0, np.int64)
    return IrregularBatch(
        loan_no=order,
        class_no=class_no[order].astype(np.int32),
        principal_fen=loans.principal_fen[order],
        disbursed_on=loans.disbursed_on[order].astype(np.int32),
        first_due_on=np.full(order.size, NEVER, np.int32),
        installment_fen=np.zeros(order.size, np.int64),
        ordinal=np.zeros(order.size, np.int32),
        fact_offsets=np.concatenate((np.zeros(1, np.int64), np.cumsum(counts))),
        fact_kind=kind[sorted_].astype(np.int8),
        fact_on=on,
        fact_recorded_on=on,
        fact_amount=payments.amount_fen[sorted_],
        fact_detail=np.zeros(on.size, np.int64),
        listed_offsets=np.zeros(order.size + 1, np.int64),
        listed_due_on=nothing.astype(np.int32),
        listed_principal=nothing,
        listed_interest=nothing,
        listed_fee=nothing,
    )


def _booked(
    batch: IrregularBatch, classes: Ints, as_of: int, failed: Callable[[int, BaseException], None]
) -> Iterator[tuple[int, int, Ints]]:
    """Positions of runs of loans as (start, stop, rows); a loan that cannot be booked alone is told and left out."""
    todo = [(0, batch.class_no.size)]
    while todo:
        start, stop = todo.pop()
        if start == stop:
            continue
        try:
            yield start, stop, positions(_part(batch, start, stop), classes, as_of)
        except _UNBOOKABLE as error:
            if stop - start == 1:
                failed(start, error)
            else:
                middle = (start + stop) // 2
                todo += [(middle, stop), (start, middle)]


def _part(batch: IrregularBatch, start: int, stop: int) -> IrregularBatch:
    """Loans start to stop of a batch; views."""
    begins, ends = int(batch.fact_offsets[start]), int(batch.fact_offsets[stop])
    return IrregularBatch(
        loan_no=batch.loan_no[start:stop],
        class_no=batch.class_no[start:stop],
        principal_fen=batch.principal_fen[start:stop],
        disbursed_on=batch.disbursed_on[start:stop],
        first_due_on=batch.first_due_on[start:stop],
        installment_fen=batch.installment_fen[start:stop],
        ordinal=batch.ordinal[start:stop],
        fact_offsets=batch.fact_offsets[start : stop + 1] - begins,
        fact_kind=batch.fact_kind[begins:ends],
        fact_on=batch.fact_on[begins:ends],
        fact_recorded_on=batch.fact_recorded_on[begins:ends],
        fact_amount=batch.fact_amount[begins:ends],
        fact_detail=batch.fact_detail[begins:ends],
        listed_offsets=batch.listed_offsets[start : stop + 1],
        listed_due_on=batch.listed_due_on,
        listed_principal=batch.listed_principal,
        listed_interest=batch.listed_interest,
        listed_fee=batch.listed_fee,
    )
