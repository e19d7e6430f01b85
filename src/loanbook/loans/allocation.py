"""The waterfall: which part of a payment pays which row, from the contract's steps.

Steps are `Timing` x `Component` in the order the contract lists them. Horizontal: row after row, oldest first, all components
of a timing; vertical: step after step across the rows. Money ahead of its due date goes where Field.EXCESS says.
"""

from loanbook.kernel import lean
from loanbook.loans.facts import Row, Total
from loanbook.loans.payment import AUX_MARK, pay, pay_standing_row, unpaid
from loanbook.terms.contract import WATERFALL_STEPS, Field
from loanbook.terms.conventions import Excess, Processing, Timing
from loanbook.units import NEVER, Ints, Rounding, mul_div

_DUE_ON = int(Row.DUE_ON)
_PAID = int(Row.PAID_PRINCIPAL) - int(Row.PRINCIPAL)
_SETTLED_ON = int(Row.SETTLED_ON)
_ROWS = int(Total.ROWS)
_FOLLOWS = int(Total.FOLLOWS)
_DAY = int(Total.DAY)
_FIRST_OPEN = int(Total.FIRST_OPEN)
_WATERFALL = int(Field.WATERFALL)
_EXCESS = int(Field.EXCESS)
_PROCESSING = int(Field.PROCESSING)
_VERTICAL = int(Processing.VERTICAL)
_LAST = int(Excess.LAST)
_SPREAD = int(Excess.SPREAD)
_PAST_DUE = int(Timing.PAST_DUE)
_DUE_NOW = int(Timing.DUE)
_IN_ADVANCE = int(Timing.IN_ADVANCE)
_COMPONENTS = 4
_HALF_EVEN = int(Rounding.HALF_EVEN)


@lean
def _pay_row(
    contract: Ints,
    rows: Ints,
    pieces: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    aux: Ints,
    totals: Ints,
    row: int,
    timing: int,
    money: int,
) -> int:
    """All components of one row in the order of the waterfall; returns the money left."""
    for step in range(WATERFALL_STEPS):
        code = contract[_WATERFALL + step]
        if code < 0 or money <= 0:
            break
        if code // _COMPONENTS == timing:
            component = code % _COMPONENTS
            money -= pay(contract, rows, pieces, plan, ledger, resets, aux, totals, row, component, money)
    return money


@lean
def _matches(rows: Ints, row: int, timing: int, day: int) -> bool:
    due_on = rows[row, _DUE_ON]
    if timing == _PAST_DUE:
        found: bool = due_on < day
        return found
    found = due_on == day if timing == _DUE_NOW else due_on > day
    return found


@lean
def _spread(
    contract: Ints,
    rows: Ints,
    pieces: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    aux: Ints,
    totals: Ints,
    component: int,
    money: int,
) -> int:
    """Equal portions of the money over one component of the marked rows, the last one takes the rounding."""
    marked, last = 0, -1
    for row in range(totals[_ROWS]):
        if aux[row, AUX_MARK] == 1:
            marked += 1
            last = row
    if marked == 0:
        return money
    portion = mul_div(money, 1, marked, _HALF_EVEN)
    if portion + money - portion * marked < 0:
        portion = money // marked
    remainder = money - portion * marked
    for row in range(last + 1):
        if aux[row, AUX_MARK] == 1:
            part = portion + (remainder if row == last else 0)
            money -= pay(contract, rows, pieces, plan, ledger, resets, aux, totals, row, component, part)
    return money


@lean
def _mark_ahead(rows: Ints, aux: Ints, totals: Ints, component: int) -> None:
    """Mark the open rows that are not yet due; with a component (not -1) those that owe it."""
    for row in range(totals[_ROWS]):
        owed = unpaid(rows, row)
        if component >= 0:
            column = _COMPONENTS - component
            owed = rows[row, column] - rows[row, column + _PAID]
        aux[row, AUX_MARK] = 1 if rows[row, _DUE_ON] > totals[_DAY] and owed > 0 else 0


@lean
def _horizontal(
    contract: Ints,
    rows: Ints,
    pieces: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    aux: Ints,
    totals: Ints,
    timing: int,
    money: int,
) -> int:
    day = totals[_DAY]
    count = totals[_ROWS]
    excess = contract[_EXCESS]
    if timing == _IN_ADVANCE and excess == _SPREAD:
        before = money + 1
        while 0 < money < before:
            before = money
            _mark_ahead(rows, aux, totals, -1)
            for step in range(WATERFALL_STEPS):
                code = contract[_WATERFALL + step]
                if code < 0 or money <= 0:
                    break
                if code // _COMPONENTS == timing:
                    money = _spread(contract, rows, pieces, plan, ledger, resets, aux, totals, code % _COMPONENTS, money)
        return money
    if timing == _IN_ADVANCE and excess == _LAST:
        for row in range(count - 1, -1, -1):
            if money > 0 and rows[row, _DUE_ON] > day and unpaid(rows, row) > 0:
                money = _pay_row(contract, rows, pieces, plan, ledger, resets, aux, totals, row, timing, money)
        return money
    for row in range(totals[_FIRST_OPEN], count):
        due_on = rows[row, _DUE_ON]
        if money <= 0 or (timing == _PAST_DUE and due_on >= day) or (timing == _DUE_NOW and due_on > day):
            break
        if _matches(rows, row, timing, day) and unpaid(rows, row) > 0:
            money = _pay_row(contract, rows, pieces, plan, ledger, resets, aux, totals, row, timing, money)
    return money


@lean
def _vertical(
    contract: Ints,
    rows: Ints,
    pieces: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    aux: Ints,
    totals: Ints,
    timing: int,
    component: int,
    money: int,
) -> int:
    count = totals[_ROWS]
    ahead = timing == _IN_ADVANCE
    if ahead and contract[_EXCESS] == _SPREAD:
        before = money + 1
        while 0 < money < before:
            before = money
            _mark_ahead(rows, aux, totals, component)
            money = _spread(contract, rows, pieces, plan, ledger, resets, aux, totals, component, money)
        return money
    for place in range(count):
        row = count - 1 - place if ahead and contract[_EXCESS] == _LAST else place
        if money <= 0:
            break
        if _matches(rows, row, timing, totals[_DAY]):
            money -= pay(contract, rows, pieces, plan, ledger, resets, aux, totals, row, component, money)
    return money


@lean
def stands(contract: Ints, totals: Ints) -> bool:
    """Whether money is simply taken row by row: the schedule does not follow payments, nothing is spread or vertical."""
    found: bool = totals[_FOLLOWS] == 0 and contract[_PROCESSING] != _VERTICAL and contract[_EXCESS] != _SPREAD
    return found


@lean
def allocate_standing(contract: Ints, rows: Ints, pieces: Ints, totals: Ints, money: int) -> int:
    """As `allocate`, horizontally over rows that stand: the path of nearly every loan of a close, with few arrays."""
    day, count = totals[_DAY], totals[_ROWS]
    first = totals[_FIRST_OPEN]
    while first < count and rows[first, _SETTLED_ON] != NEVER:
        first += 1
    totals[_FIRST_OPEN] = first
    done = 0
    for step in range(WATERFALL_STEPS):
        code = contract[_WATERFALL + step]
        if code < 0 or money <= 0:
            break
        timing = code // _COMPONENTS
        if done & (1 << timing) != 0:
            continue
        done |= 1 << timing
        backward = timing == _IN_ADVANCE and contract[_EXCESS] == _LAST
        for place in range(count - first):
            row = count - 1 - place if backward else first + place
            due_on = rows[row, _DUE_ON]
            if timing == _IN_ADVANCE:
                if due_on <= day:
                    if backward:
                        break
                    continue
            elif due_on > day or (timing == _PAST_DUE and due_on == day):
                break
            elif timing == _DUE_NOW and due_on < day:
                continue
            if rows[row, _SETTLED_ON] == NEVER:
                money = pay_standing_row(contract, rows, pieces, totals, row, timing, money)
                if money <= 0:
                    break
    return money


@lean
def allocate(
    contract: Ints,
    rows: Ints,
    pieces: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    aux: Ints,
    totals: Ints,
    money: int,
    ahead: bool,
) -> int:
    """Run the waterfall over the rows on the day totals[DAY]; returns the money that found nothing to pay.

    ahead   False: only what is due by that day
    """
    if stands(contract, totals):
        return allocate_standing(contract, rows, pieces, totals, money)
    totals[_FIRST_OPEN] = 0
    done = 0
    for step in range(WATERFALL_STEPS):
        code = contract[_WATERFALL + step]
        if code < 0 or money <= 0:
            break
        timing = code // _COMPONENTS
        if timing == _IN_ADVANCE and not ahead:
            continue
        if contract[_PROCESSING] == _VERTICAL:
            component = code % _COMPONENTS
            money = _vertical(contract, rows, pieces, plan, ledger, resets, aux, totals, timing, component, money)
        elif done & (1 << timing) == 0:
            done |= 1 << timing
            money = _horizontal(contract, rows, pieces, plan, ledger, resets, aux, totals, timing, money)
    return money
