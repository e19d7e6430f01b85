"""Which facts of a loan are visible on a day, as known on a day, and which of them is the drawdown itself."""

from loanbook.kernel import lean
from loanbook.loans.facts import Fact, FactKind
from loanbook.units import Ints

_F_ON = int(Fact.ON)
_F_KIND = int(Fact.KIND)
_F_AMOUNT = int(Fact.AMOUNT)
_F_DETAIL = int(Fact.DETAIL)
_F_RECORDED_ON = int(Fact.RECORDED_ON)
_F_ACTIVE = int(Fact.ACTIVE)
_F_HELD = int(Fact.HELD)
_DISBURSEMENT = int(FactKind.DISBURSEMENT)
_RATE = int(FactKind.RATE)
_REVERSAL = int(FactKind.REVERSAL)


@lean
def activate(facts: Ints, count: int, as_of: int, known_on: int) -> None:
    """Mark the facts that are visible and not taken back.

    A fact is visible when it happened by as_of and was recorded by known_on; a reversal from the day it was recorded on,
    whatever the day it is dated, and a rate change too: once agreed it is part of the schedule, though it takes effect later.
    Reversals of reversals hold: a reversal comes after what it takes back.
    """
    for fact in range(count):
        visible = facts[fact, _F_RECORDED_ON] <= known_on
        kind = facts[fact, _F_KIND]
        if kind != _REVERSAL and kind != _RATE and facts[fact, _F_ON] > as_of:
            visible = False
        facts[fact, _F_ACTIVE] = 1 if visible else 0
        facts[fact, _F_HELD] = 0
    for fact in range(count - 1, -1, -1):
        if facts[fact, _F_KIND] == _REVERSAL and facts[fact, _F_ACTIVE] == 1:
            reversed_fact = facts[fact, _F_DETAIL]
            if reversed_fact < 0 or reversed_fact >= count or reversed_fact == fact:
                raise ValueError("a reversal names no fact of its loan")
            facts[reversed_fact, _F_ACTIVE] = 0


@lean
def find_drawdown(facts: Ints, count: int, principal_fen: int, disbursed_on: int) -> int:
    """The fact that is the drawdown itself; -1 when the facts do not repeat it."""
    for fact in range(count):
        if facts[fact, _F_ON] > disbursed_on:
            break
        same_day = facts[fact, _F_KIND] == _DISBURSEMENT and facts[fact, _F_ON] == disbursed_on
        if same_day and facts[fact, _F_AMOUNT] == principal_fen:
            return fact
    return -1
