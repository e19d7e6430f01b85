"""One borrowing at amortised cost: interest by actual days on what is owed, its issue cost by the rate of that same schedule.

Interest inside a row is simple, so the effective rate is too: what is owed, less the cost left, grows by rate * days / 365 to
each row. Without a cost that rate is the coupon and nothing is amortised. Every amount is cumulative at a day's end.
"""

from collections.abc import Sequence

import numpy as np

from loanbook.accounting.debt import Debt
from loanbook.errors import RequestError
from loanbook.units import HALF_UP, Ints, format_money, mul_div

DAYS_A_YEAR = 365
_HALVINGS = 200

Row = tuple[int, int, int]
"""Day, principal and interest of one payment."""


def borrowing_at(start: int, cost: int, rows: Sequence[Row], *, day: int, current_to: int) -> Ints:
    """The columns of a borrowing at a day's end, (len(Debt),) int64.

    rows         ascending, after `start`; their principal is what was borrowed
    cost         0 or more, less than was borrowed
    current_to   the last day that counts as current
    rounding     cost left is rounded after each row and moves straight line by days between
    raises       RequestError for a cost that leaves nothing received
    """
    out = np.zeros(len(Debt), np.int64)
    if day < start:
        return out
    borrowed = sum(principal for _, principal, _ in rows)
    left = costs_left(start, cost, rows)
    place = sum(at <= day for at, _, _ in rows)
    owed = sum(principal for _, principal, _ in rows[place:])
    paid = sum(interest for _, _, interest in rows[:place])
    accrued, unamortised = paid, left[place]
    if place < len(rows):
        since = rows[place - 1][0] if place else start
        elapsed, days = day - since, rows[place][0] - since
        accrued += int(mul_div(rows[place][2], elapsed, days, HALF_UP))
        unamortised -= int(mul_div(left[place] - left[place + 1], elapsed, days, HALF_UP))
    out[Debt.BORROWED], out[Debt.REPAID], out[Debt.COST] = borrowed, borrowed - owed, cost
    out[Debt.INTEREST], out[Debt.INTEREST_PAID], out[Debt.AMORTISED] = accrued, paid, cost - unamortised
    if owed:
        soon = sum(principal for at, principal, _ in rows[place:] if at <= current_to)
        out[Debt.CURRENT] = soon - int(mul_div(unamortised, soon, owed, HALF_UP))
        out[Debt.NON_CURRENT] = owed - unamortised - out[Debt.CURRENT]
    return out


def costs_left(start: int, cost: int, rows: Sequence[Row]) -> list[int]:
    """The cost not amortised at the start and after each row: the first is `cost`, the last 0.

    raises   RequestError for a cost that leaves nothing received
    """
    if not cost:
        return [0] * (len(rows) + 1)
    borrowed = sum(principal for _, principal, _ in rows)
    if not 0 < cost < borrowed:
        raise RequestError(f"a borrowing of {format_money(borrowed)} cannot have an issue cost of {format_money(cost)}.")
    days = [after - before for before, after in zip([start, *(row[0] for row in rows)], (row[0] for row in rows), strict=False)]
    low, high = 0.0, 1.0
    while _worths(rows, days, high)[0] > borrowed - cost:
        high *= 2
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if _worths(rows, days, middle)[0] > borrowed - cost:
            low = middle
        else:
            high = middle
    worths = _worths(rows, days, 0.5 * (low + high))
    left, owed = [cost], borrowed
    for (_, principal, _), worth in zip(rows[:-1], worths[1:], strict=False):
        owed -= principal
        # Rounded interest may move the worth by a fen: the cost left never grows.
        left.append(min(max(round(owed - worth), 0), left[-1]))
    return [*left, 0]


def _worths(rows: Sequence[Row], days: Sequence[int], rate: float) -> list[float]:
    """What the rows to come are worth at the start and after each row but the last."""
    worth, found = 0.0, []
    for (_, principal, interest), elapsed in zip(reversed(rows), reversed(days), strict=True):
        worth = (worth + principal + interest) / (1.0 + rate * elapsed / DAYS_A_YEAR)
        found.append(worth)
    return found[::-1]
