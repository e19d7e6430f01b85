"""Sorted streams of loans and their rows become batches: chunks of whole loans of one origination month."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from loanbook.loans.facts import FactKind
from loanbook.units import NEVER, Ints

_REVERSAL = int(FactKind.REVERSAL)


class Cursor:
    """A stream of record batches ordered by `loan_no`, taken in runs of whole loans."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._held: list[pa.RecordBatch] = []

    def take(self, below: int) -> dict[str, Ints]:
        """All next rows whose loan_no lies below a number, as columns (empty columns when there are none)."""
        taken: list[pa.RecordBatch] = []
        while True:
            if not self._held:
                batch = next(self._batches, None)
                if batch is None:
                    break
                self._held.append(batch)
            batch = self._held.pop()
            cut = int(np.searchsorted(batch.column("loan_no").to_numpy(), below))
            if cut:
                taken.append(batch.slice(0, cut))
            if cut < batch.num_rows:
                self._held.append(batch.slice(cut))
                break
        if not taken:
            return {}
        table = pa.Table.from_batches(taken).combine_chunks()
        return {name: _numbers(table.column(name)) for name in table.column_names}


def chunks(batches: Iterator[pa.RecordBatch], *, most: int) -> Iterator[dict[str, Ints]]:
    """Loans in runs of one origination month and at most `most` loans, from a stream ordered by disbursement."""
    held: list[dict[str, Ints]] = []
    count = 0
    month: int | None = None
    for batch in batches:
        columns = {name: _numbers(pa.chunked_array([batch.column(name)])) for name in batch.schema.names}
        of_month = _months(columns["disbursed_on"])
        start = 0
        while start < of_month.size:
            if month is not None and (of_month[start] != month or count >= most):
                yield _joined(held)
                held, count = [], 0
            month = int(of_month[start])
            stop = min(int(np.searchsorted(of_month, month, side="right")), start + most - count)
            held.append({name: values[start:stop] for name, values in columns.items()})
            count += stop - start
            start = stop
    if held:
        yield _joined(held)


def offsets(loan_no: Ints | None, first: int, count: int) -> Ints:
    """Where the rows of each of `count` loans numbered from `first` begin: (count + 1,) int64."""
    if loan_no is None:
        return np.zeros(count + 1, np.int64)
    return np.searchsorted(loan_no, np.arange(first, first + count + 1)).astype(np.int64)


def resolve_reversals(facts: dict[str, Ints]) -> dict[str, Ints]:
    """Give each reversal the position of the fact it takes back, among the facts of its loan; drop reversals of nothing.

    facts   columns of one run, ordered by loan: loan_no, kind, detail, token (names a fact that is taken back), reverses (a
            token)
    """
    if not facts:
        return facts
    loan, token, reverses = facts["loan_no"], facts["token"], facts["reverses"]
    if not np.any(facts["kind"] == _REVERSAL):
        return facts
    width = np.int64(max(int(token.max()), int(reverses.max())) + 1)
    first = loan[0]
    marked = np.flatnonzero(token > 0)
    keys = (loan[marked] - first) * width + token[marked]
    order = np.argsort(keys)
    keys, marked = keys[order], marked[order]
    reversals = np.flatnonzero(facts["kind"] == _REVERSAL)
    wanted = (loan[reversals] - first) * width + reverses[reversals]
    place = np.searchsorted(keys, wanted)
    met = np.zeros(reversals.size, np.bool_)
    inside = place < keys.size
    met[inside] = keys[place[inside]] == wanted[inside]
    kept = np.ones(loan.size, np.bool_)
    kept[reversals[~met]] = False
    position: Ints = np.cumsum(kept) - kept
    starts: Ints = position[np.searchsorted(loan, loan)]
    detail = facts["detail"].copy()
    found = reversals[met]
    target = marked[place[met]]
    detail[found] = position[target] - starts[found]
    return {name: values[kept] for name, values in (facts | {"detail": detail}).items()}


def _months(disbursed_on: Ints) -> Ints:
    return disbursed_on.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _joined(parts: list[dict[str, Ints]]) -> dict[str, Ints]:
    return parts[0] if len(parts) == 1 else {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _numbers(column: pa.ChunkedArray) -> Ints:
    if pa.types.is_date32(column.type):
        return column.cast(pa.int32()).fill_null(NEVER).to_numpy()  # type: ignore[no-any-return]
    return column.to_numpy()  # type: ignore[no-any-return]
