"""One borrowing at amortised cost: interest by actual days on what is owed, its issue cost by the rate of that same schedule.

Interest inside a row is simple, so the effective rate is too: what is owed, less the cost left, grows by rate * days / 365 to
each row. Without a cost that rate is the coupon and nothing is amortised. Every amount is cumulative at a day's end.
"""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from loanbook.errors import RequestError
from loanbook.units import HALF_UP, Ints, format_money, mul_div

DAYS_A_YEAR = 365
_HALVINGS = 200
_LEAST = 1e-9

Row = tuple[int, int, int]
"""Day, principal and interest of one payment."""


class Debt(IntEnum):
    """Columns of `borrowing_at`, cumulative but for the two at the end.

    Principal owed = BORROWED - REPAID; interest payable = INTEREST - INTEREST_PAID; unamortised cost = COST - AMORTISED.
    Carrying amount = principal owed - unamortised cost = CURRENT + NON_CURRENT.
    """

    BORROWED = 0
    REPAID = 1
    INTEREST = 2
    """Accrued, straight line by days inside a row."""
    INTEREST_PAID = 3
    COST = 4
    AMORTISED = 5
    """Cost that has become interest expense by the effective-interest method."""
    CURRENT = 6
    """A balance: principal expected to be repaid within twelve months, less its part of the cost."""
    NON_CURRENT = 7


def borrowing_at(start: int, cost: int, rows: Sequence[Row], *, day: int, current_to: int) -> Ints:
    """The columns of a borrowing at a day's end, (len(Debt),) int64.

    rows         ascending, after `start`; their principal is what was borrowed
    cost         less than was borrowed; below zero: a premium, received above the principal
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
    worths = _worths(rows, _days(start, rows), effective_rate(start, cost, rows))
    left, owed = [cost], sum(principal for _, principal, _ in rows)
    for (_, principal, _), worth in zip(rows[:-1], worths[1:], strict=False):
        owed -= principal
        # Rounded interest may move the worth by a fen: what is left never grows.
        between = sorted((0, left[-1]))
        left.append(min(max(round(owed - worth), between[0]), between[1]))
    return [*left, 0]


def effective_rate(start: int, cost: int, rows: Sequence[Row]) -> float:
    """The rate of one a year at which the rows are worth what was received, simple inside a row.

    raises   RequestError for a cost that leaves nothing received
    """
    borrowed, days = sum(principal for _, principal, _ in rows), _days(start, rows)
    if cost >= borrowed:
        raise RequestError(f"a borrowing of {format_money(borrowed)} cannot have an issue cost of {format_money(cost)}.")
    # At the lowest rate the longest row would be worth without end.
    low, high = -DAYS_A_YEAR / max(days) * (1.0 - _LEAST), 1.0
    while _worths(rows, days, high)[0] > borrowed - cost:
        high *= 2
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if _worths(rows, days, middle)[0] > borrowed - cost:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _days(start: int, rows: Sequence[Row]) -> list[int]:
    return [after - before for before, after in zip([start, *(row[0] for row in rows)], (row[0] for row in rows), strict=False)]


def _worths(rows: Sequence[Row], days: Sequence[int], rate: float) -> list[float]:
    """What the rows to come are worth at the start and after each row but the last."""
    worth, found = 0.0, []
    for (_, principal, interest), elapsed in zip(reversed(rows), reversed(days), strict=True):
        worth = (worth + principal + interest) / (1.0 + rate * elapsed / DAYS_A_YEAR)
        found.append(worth)
    return found[::-1]
