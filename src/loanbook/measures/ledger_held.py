"""Money of borrowers that found nothing to pay: held until something owed takes it or it is given back."""

from loanbook.kernel import lean
from loanbook.loans.facts import Fact, Piece, Total
from loanbook.measures.facts import Clock, Trait
from loanbook.measures.ledger_policy import Policy
from loanbook.terms.families import DAYBOOK
from loanbook.units import Ints

_D_HELD = DAYBOOK.columns.index("held_fen")
_D_SETTLED_HELD = DAYBOOK.columns.index("settled_held_fen")
_MONTHS = int(Clock.MONTHS)
_AS_OF = int(Clock.AS_OF)
_GROUP = int(Trait.GROUP)
_POOL = int(Trait.POOL)
_VINTAGE = int(Trait.VINTAGE)
_SETTLE_DAYS = int(Policy.SETTLE_DAYS)
_F_ON = int(Fact.ON)
_F_HELD = int(Fact.HELD)
_ON = int(Piece.ON)
_FACT = int(Piece.FACT)
_PRINCIPAL = int(Piece.PRINCIPAL)
_INTEREST = int(Piece.INTEREST)
_FEE = int(Piece.FEE)
_PENALTY = int(Piece.PENALTY)
_PIECES = int(Total.PIECES)


@lean
def book_held(
    facts: Ints, count: int, pieces: Ints, totals: Ints, loan: Ints, clock: Ints, policy: Ints, slots: Ints, daybook: Ints
) -> None:
    """Add what one loan's payments left unapplied to the daybook: by the day it came, was given back, or was applied.

    A payment's money is what its pieces took and what it holds still (`Fact.HELD`; below zero, a refund). What a piece took
    on a later day than the payment's own was held between the two.

    facts, count, pieces, totals   an account as of the close (`loans.booking.book`)
    loan .. daybook                as of `ledger.book_loan`
    """
    as_of = clock[_AS_OF]
    settle_days = policy[loan[_GROUP], loan[_VINTAGE], _SETTLE_DAYS]
    first_slot = (loan[_POOL] * clock[_MONTHS] + loan[_VINTAGE]) * (slots[slots.size - 1] + 1)
    day = slots.size - 1 - as_of
    for fact in range(count):
        if facts[fact, _F_HELD] != 0:
            _add(facts[fact, _F_ON], facts[fact, _F_HELD], as_of, settle_days, first_slot, day, slots, daybook)
    for piece in range(totals[_PIECES]):
        came_on = facts[pieces[piece, _FACT], _F_ON]
        on = pieces[piece, _ON]
        if on > came_on:
            took = pieces[piece, _PRINCIPAL] + pieces[piece, _INTEREST] + pieces[piece, _FEE] + pieces[piece, _PENALTY]
            _add(came_on, took, as_of, settle_days, first_slot, day, slots, daybook)
            _add(on, -took, as_of, settle_days, first_slot, day, slots, daybook)


@lean
def _add(on: int, amount: int, as_of: int, settle_days: int, first_slot: int, day: int, slots: Ints, daybook: Ints) -> None:
    # Money that came before the first month of the book counts in it.
    daybook[first_slot + slots[max(day + on, 0)], _D_HELD] += amount
    if on + settle_days <= as_of:
        daybook[first_slot + slots[max(day + on + settle_days, 0)], _D_SETTLED_HELD] += amount
