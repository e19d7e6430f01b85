"""A statement of a payment provider or bank against our payments: what matches, what is missing on either side, what differs.

Nothing is dropped: what does not match is cash in suspense until somebody explains it, and the totals say how much.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook.errors import RequestError, TieError
from loanbook.units import Ints

NOBODY = -1
"""Row of the other side where there is none."""


class Match(IntEnum):
    """How a line stands."""

    MATCHED = 0
    MISSING_HERE = 1
    """In the statement, not in our book: cash in suspense."""
    MISSING_THERE = 2
    """In our book, not in the statement: claimed from the provider; the next statement may bring it."""
    AMOUNT_DIFFERS = 3
    """One reference, two amounts: the difference is in suspense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """Every line of both sides once; by kind of match, then by place in the statement, or in our payments.

    match             (rows,) int8
    theirs, ours      (rows,) int64, the row of the statement and of our payments; NOBODY where there is none
    difference_fen    (rows,) int64, theirs less ours
    their_fen, our_fen   sums of each side
    """

    match: Ints
    theirs: Ints
    ours: Ints
    difference_fen: Ints
    their_fen: int
    our_fen: int

    @property
    def suspense_fen(self) -> int:
        """Cash that came and is not explained; negative: booked and not come."""
        return int(self.difference_fen.sum())

    def count(self, match: Match) -> int:
        """How many lines stand so."""
        return int((self.match == match).sum())

    def amount_fen(self, match: Match) -> int:
        """The differences of the lines that stand so."""
        return int(self.difference_fen[self.match == match].sum())


def reconcile(their_reference: pa.Array, their_amount_fen: Ints, our_reference: pa.Array, our_amount_fen: Ints) -> Reconciliation:
    """Match lines by reference, first those of equal amount, then what is left of a reference, the smallest amounts first.

    their_*   the statement, one row a line: text references, int64 minor units, negative for one taken back
    our_*     our payments, the same; what an earlier statement left open is given again
    raises    RequestError for an empty reference; TieError when totals are not conserved
    """
    references, theirs, ours = _codes(their_reference, our_reference)
    their_amount, our_amount = np.asarray(their_amount_fen, np.int64), np.asarray(our_amount_fen, np.int64)
    if len(theirs) != len(their_amount) or len(ours) != len(our_amount):
        raise RequestError("each line needs one reference and one amount.")
    same = _groups(references, theirs, their_amount, ours, our_amount)
    equal_theirs, equal_ours = _pairs(*same)
    left_theirs = np.setdiff1d(np.arange(len(theirs)), equal_theirs)
    left_ours = np.setdiff1d(np.arange(len(ours)), equal_ours)
    left_theirs = left_theirs[np.argsort(their_amount[left_theirs], kind="stable")]
    left_ours = left_ours[np.argsort(our_amount[left_ours], kind="stable")]
    other_theirs, other_ours = _pairs(theirs[left_theirs], ours[left_ours])
    differ_theirs, differ_ours = left_theirs[other_theirs], left_ours[other_ours]
    here = np.setdiff1d(left_theirs, differ_theirs)
    there = np.setdiff1d(left_ours, differ_ours)
    sizes = [(Match.MATCHED, len(equal_ours)), (Match.MISSING_HERE, len(here)), (Match.MISSING_THERE, len(there))]
    sizes.append((Match.AMOUNT_DIFFERS, len(differ_ours)))
    their_rows = np.concatenate((equal_theirs, here, np.full(len(there), NOBODY), differ_theirs)).astype(np.int64)
    our_rows = np.concatenate((equal_ours, np.full(len(here), NOBODY), there, differ_ours)).astype(np.int64)
    found = Reconciliation(
        match=np.repeat([match for match, _ in sizes], [size for _, size in sizes]).astype(np.int8),
        theirs=their_rows,
        ours=our_rows,
        difference_fen=_taken(their_amount, their_rows) - _taken(our_amount, our_rows),
        their_fen=int(their_amount.sum()),
        our_fen=int(our_amount.sum()),
    )
    _check(found, len(theirs), len(ours))
    return found


def pair_by_amount_and_day(
    their_amount_fen: Ints, their_on: Ints, our_amount_fen: Ints, our_on: Ints, *, days: int
) -> tuple[Ints, Ints]:
    """Lines without a reference and bookings that can only mean each other.

    A line and a booking of one amount, at most `days` apart, are a pair when the line has no other such booking and the booking
    no other such line. What could mean two things is left alone.

    their_*, our_*   (lines,) and (bookings,) int64: minor units and day numbers
    returns          rows of both sides, (pairs,) int64 each, by row of the statement
    """
    their_amount, our_amount = np.asarray(their_amount_fen, np.int64), np.asarray(our_amount_fen, np.int64)
    first_our, count_our = _near(their_amount, np.asarray(their_on, np.int64), our_amount, np.asarray(our_on, np.int64), days)
    _, count_their = _near(our_amount, np.asarray(our_on, np.int64), their_amount, np.asarray(their_on, np.int64), days)
    (theirs,) = np.nonzero(count_our == 1)
    ours = first_our[theirs]
    only = count_their[ours] == 1
    return theirs[only], ours[only]


def _near(amount: Ints, on: Ints, other_amount: Ints, other_on: Ints, days: int) -> tuple[Ints, Ints]:
    """For each row the first of the others with its amount and a day around its own, and how many there are."""
    if not other_amount.size:
        return np.zeros(amount.size, np.int64), np.zeros(amount.size, np.int64)
    known = np.unique(other_amount)
    at = np.minimum(np.searchsorted(known, amount), known.size - 1)
    span = int(max(on.max(initial=0), other_on.max())) + days + 1
    order = np.lexsort((other_on, other_amount))
    keys = (np.searchsorted(known, other_amount) * span + other_on)[order]
    begins = np.searchsorted(keys, at * span + np.maximum(on - days, 0), side="left")
    ends = np.searchsorted(keys, at * span + on + days, side="right")
    count = np.where(known[at] == amount, ends - begins, 0)
    return order[np.minimum(begins, order.size - 1)], count


def _taken(amount: Ints, rows: Ints) -> Ints:
    """Amounts of rows, 0 for NOBODY."""
    return np.append(amount, 0)[rows]


def _codes(theirs: pa.Array, ours: pa.Array) -> tuple[int, Ints, Ints]:
    """How many references there are, and the number of each line's."""
    both = pa.chunked_array([pa.array(theirs, pa.string()), pa.array(ours, pa.string())]).combine_chunks()
    coded = both.dictionary_encode()
    if both.null_count or pc.any(pc.equal(coded.dictionary, "")).as_py():
        raise RequestError("a line has no reference, so nothing can be matched to it. Give every line one.")
    numbers = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return len(coded.dictionary), numbers[: len(theirs)], numbers[len(theirs) :]


def _groups(references: int, theirs: Ints, their_amount: Ints, ours: Ints, our_amount: Ints) -> tuple[Ints, Ints]:
    """One number for each (reference, amount), the same on both sides."""
    _, amount = np.unique(np.concatenate((their_amount, our_amount)), return_inverse=True)
    number = amount * max(references, 1) + np.concatenate((theirs, ours))
    return number[: len(theirs)], number[len(theirs) :]


def _pairs(theirs: Ints, ours: Ints) -> tuple[Ints, Ints]:
    """Rows of both sides that belong together: the n-th of a number there with its n-th here."""
    order_theirs, order_ours = np.argsort(theirs, kind="stable"), np.argsort(ours, kind="stable")
    sorted_theirs, sorted_ours = theirs[order_theirs], ours[order_ours]

    def places(number: Ints, other: Ints) -> Ints:
        """Which of the sorted numbers have a partner: their place among equals is below how many the other side has."""
        among = np.arange(number.size) - np.searchsorted(number, number, side="left")
        there = np.searchsorted(other, number, side="right") - np.searchsorted(other, number, side="left")
        return np.flatnonzero(among < there)

    rows_theirs, rows_ours = order_theirs[places(sorted_theirs, sorted_ours)], order_ours[places(sorted_ours, sorted_theirs)]
    by_place = np.argsort(rows_theirs)
    return rows_theirs[by_place], rows_ours[by_place]


def _check(found: Reconciliation, theirs: int, ours: int) -> None:
    """Each line once, and sums conserved."""
    for rows, lines, side in ((found.theirs, theirs, "statement"), (found.ours, ours, "book")):
        once = np.sort(rows[rows != NOBODY])
        if once.size != lines or (once != np.arange(lines)).any():
            raise TieError(f"{once.size} lines of the {side} were matched or set aside, of {lines}.")
    if found.suspense_fen != found.their_fen - found.our_fen:
        raise TieError(f"suspense of {found.suspense_fen} fen is not {found.their_fen} less {found.our_fen}.")
