"""What a batch read from disk must hold before a kernel sees it: kernels check no bounds, so a wrong offset ends the program.

Checksums of the pages find damage; this finds a file that is whole and still not of this projection.
"""

import numpy as np

from loanbook.errors import StateError
from loanbook.loans.batches import CompactBatch, IrregularBatch, ReportedBatch
from loanbook.loans.facts import FactKind
from loanbook.terms.contract import Field
from loanbook.units import Ints

Batch = CompactBatch | IrregularBatch | ReportedBatch
_REVERSAL = int(FactKind.REVERSAL)


def check_batch(batch: Batch, classes: Ints, place: str) -> None:
    """A batch whose numbers point inside what they point at.

    classes   (classes, FIELDS) int64, the contract rows that `class_no` counts
    place     names the file in the error
    raises    StateError naming the column; offsets that do not fit their lists raise where the batch is read
    """
    if not batch.loan_no.size:
        return
    if int(batch.class_no.min()) < 0 or int(batch.class_no.max()) >= classes.shape[0]:
        raise _damaged(place, "class_no")
    if isinstance(batch, CompactBatch):
        # One more than instalments: the last may be paid in two.
        late, most = np.diff(batch.late_offsets), classes[:, Field.COUNT] + 1
        if int(late.max()) > int(most.min()) and bool((late > most[batch.class_no]).any()):
            raise _damaged(place, "late_days")
    elif isinstance(batch, IrregularBatch):
        reversals = np.flatnonzero(batch.fact_kind == _REVERSAL)
        if reversals.size:
            owner = np.searchsorted(batch.fact_offsets, reversals, side="right") - 1
            count = batch.fact_offsets[owner + 1] - batch.fact_offsets[owner]
            target = batch.fact_detail[reversals]
            if bool(((target < 0) | (target >= count)).any()):
                raise _damaged(place, "fact_detail")


def _damaged(place: str, column: str) -> StateError:
    return StateError(f"{place}: {column} points outside the projection. Run loanbook rebuild.")
