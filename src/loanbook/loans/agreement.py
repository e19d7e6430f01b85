"""Whether two histories of one loan are the same to the measure body, which reads either without knowing whence it came."""

from loanbook.kernel import lean
from loanbook.loans.history import Due, End, Paid
from loanbook.units import Ints

_ON = int(Due.ON)
_PRINCIPAL = int(Due.PRINCIPAL)
_CLEARED_ON = int(Due.CLEARED_ON)
_PAID_ON = int(Paid.ON)
_PAID_DUE = int(Paid.DUE)
_PAID_PRINCIPAL = int(Paid.PRINCIPAL)
_PAID_INTEREST = int(Paid.INTEREST)
_RECOVERED = int(Paid.RECOVERED)
_ENDS = len(End)


@lean
def histories_agree(
    rows: int,
    due: Ints,
    pieces: int,
    paid: Ints,
    ends: Ints,
    other_rows: int,
    other_due: Ints,
    other_pieces: int,
    other_paid: Ints,
    other_ends: Ints,
) -> bool:
    """Compare two decoded histories (`loans.history`): due dates, principal due, days cleared, money by day and row, ends.

    Pieces of one day and row count by their sums, in order; interest due is not compared, because a settlement may waive it.
    """
    if rows != other_rows:
        return False
    for row in range(rows):
        if due[row, _ON] != other_due[row, _ON] or due[row, _PRINCIPAL] != other_due[row, _PRINCIPAL]:
            return False
        if due[row, _CLEARED_ON] != other_due[row, _CLEARED_ON]:
            return False
    for end in range(_ENDS):
        if ends[end] != other_ends[end]:
            return False
    other = 0
    for piece in range(pieces):
        principal = paid[piece, _PAID_PRINCIPAL]
        interest = paid[piece, _PAID_INTEREST]
        recovered = paid[piece, _RECOVERED]
        while (
            other < other_pieces
            and other_paid[other, _PAID_ON] == paid[piece, _PAID_ON]
            and other_paid[other, _PAID_DUE] == paid[piece, _PAID_DUE]
        ):
            principal -= other_paid[other, _PAID_PRINCIPAL]
            interest -= other_paid[other, _PAID_INTEREST]
            recovered -= other_paid[other, _RECOVERED]
            other += 1
        if principal != 0 or interest != 0 or recovered != 0:
            return False
    return other == other_pieces
