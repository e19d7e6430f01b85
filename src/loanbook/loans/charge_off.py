"""Charge-off by terms: a loan that passes the contract's days past due is written off that day, without an event."""

from loanbook.kernel import lean
from loanbook.loans.history import Due, End, Paid
from loanbook.units import NEVER, Ints

_ON = int(Due.ON)
_CLEARED_ON = int(Due.CLEARED_ON)
_PAID_ON = int(Paid.ON)
_PAID_PRINCIPAL = int(Paid.PRINCIPAL)
_PAID_INTEREST = int(Paid.INTEREST)
_RECOVERED = int(Paid.RECOVERED)
_OPENED_BALANCE = int(End.OPENED_BALANCE)
_CHARGED_OFF_ON = int(End.CHARGED_OFF_ON)
_CHARGED_OFF = int(End.CHARGED_OFF)


@lean
def charge_off_by_terms(days: int, due: Ints, rows: int, paid: Ints, pieces: int, ends: Ints) -> None:
    """Write a loan off on the first day it is more than `days` past due at the day's end, unless it ended before.

    days          Field.CHARGE_OFF_DAYS; 0 for never
    due, paid, ends   a decoded history (`loans.history`), changed in place: later pieces become recoveries, rows not cleared
                  by then never are; an earlier charge-off by event stays, a later one is moot
    """
    if days <= 0:
        return
    charged_on = NEVER
    for row in range(rows):
        reached = due[row, _ON] + days + 1
        if due[row, _CLEARED_ON] > reached:
            charged_on = reached
            break
    if charged_on >= ends[_CHARGED_OFF_ON]:
        return
    owed = ends[_OPENED_BALANCE]
    for piece in range(pieces):
        if paid[piece, _PAID_ON] <= charged_on:
            owed -= paid[piece, _PAID_PRINCIPAL]
        else:
            paid[piece, _RECOVERED] += paid[piece, _PAID_PRINCIPAL] + paid[piece, _PAID_INTEREST]
            paid[piece, _PAID_PRINCIPAL] = 0
            paid[piece, _PAID_INTEREST] = 0
    for row in range(rows):
        if due[row, _CLEARED_ON] > charged_on:
            due[row, _CLEARED_ON] = NEVER
    ends[_CHARGED_OFF_ON] = charged_on
    ends[_CHARGED_OFF] = owed
