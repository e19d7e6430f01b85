"""Funding debt: trusts, ABS tranches and short-term loans at amortised cost, from dated rows of what each pays.

A row is one payment date of one tranche: interest and principal as paid, or as expected where the day has not come. A trust
repays out of what its loans bring, so its later rows change with each close; its effective rate is solved once and kept.
Every amount is cumulative at a day's end.
"""

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from loanbook.accounting.spread import columns
from loanbook.errors import RequestError
from loanbook.kernel import kernel, lean
from loanbook.loans.dated_rates import dated_rate
from loanbook.loans.dates import add_months
from loanbook.loans.pricing import NO_RATE, scaled_rate
from loanbook.terms.conventions import MonthEnd
from loanbook.units import HALF_UP, RATE_SCALE, Ints, date, mul_div

_DAYS_A_YEAR = 365.0
_CURRENT_MONTHS = 12
_SAME_DAY = int(MonthEnd.SAME_DAY)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tranches:
    """Debt as columns; the rows of tranche t lie at offsets[t] .. offsets[t + 1], ascending by day.

    issued_on                      (tranches,) int64 days
    principal_fen                  (tranches,) int64 > 0, what must be repaid
    cost_fen                       (tranches,) int64: issue cost and discount, not received; a premium is negative
    offsets                        (tranches + 1,) int64
    paid_on, principal, interest   (rows,) int64: principal rows of a tranche sum to its principal
    raises                         RequestError naming tranche and figures for rows that contradict it
    """

    issued_on: Ints
    principal_fen: Ints
    cost_fen: Ints
    offsets: Ints
    paid_on: Ints
    paid_principal_fen: Ints
    paid_interest_fen: Ints

    def __post_init__(self) -> None:
        for name in self.__slots__:
            object.__setattr__(self, name, np.ascontiguousarray(np.atleast_1d(getattr(self, name)), np.int64))
        count, rows = self.issued_on.size, self.paid_on.size
        sizes = (self.principal_fen.size, self.cost_fen.size, self.offsets.size - 1)
        if sizes != (count, count, count) or (self.paid_principal_fen.size, self.paid_interest_fen.size) != (rows, rows):
            raise RequestError(f"{count} tranches with {rows} rows need as many amounts and {count + 1} offsets.")
        if self.offsets[0] != 0 or self.offsets[-1] != rows or bool((np.diff(self.offsets) < 1).any()):
            raise RequestError(f"offsets must rise from 0 to {rows}, a row or more a tranche; got {self.offsets.tolist()}.")
        for tranche in range(count):
            self._check(tranche, slice(self.offsets[tranche], self.offsets[tranche + 1]))

    def _check(self, tranche: int, rows: slice) -> None:
        repaid, lent = int(self.paid_principal_fen[rows].sum()), int(self.principal_fen[tranche])
        if repaid != lent or lent <= 0:
            raise RequestError(f"tranche {tranche} (counted from 0) owes {lent:,}, but its rows repay {repaid:,}.")
        on = self.paid_on[rows]
        if on[0] <= self.issued_on[tranche] or bool((np.diff(on) <= 0).any()):
            raise RequestError(
                f"tranche {tranche} (counted from 0) must be paid on rising days after {date(int(self.issued_on[tranche]))}."
            )


class Debt(IntEnum):
    """Columns of `debt_at`, cumulative but for the two at the end.

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


_BORROWED = int(Debt.BORROWED)
_REPAID = int(Debt.REPAID)
_INTEREST = int(Debt.INTEREST)
_INTEREST_PAID = int(Debt.INTEREST_PAID)
_COST = int(Debt.COST)
_AMORTISED = int(Debt.AMORTISED)
_CURRENT = int(Debt.CURRENT)
_NON_CURRENT = int(Debt.NON_CURRENT)


@kernel
def _rates(
    issued: Ints, borrowed: Ints, cost: Ints, offsets: Ints, on: Ints, principal: Ints, interest: Ints, rates: Ints
) -> None:
    flows, years = np.empty(on.size, np.float64), np.empty(on.size, np.float64)
    for tranche in range(issued.size):
        count = offsets[tranche + 1] - offsets[tranche]
        for place in range(count):
            row = offsets[tranche] + place
            flows[place] = np.float64(principal[row] + interest[row])
            years[place] = (on[row] - issued[tranche]) / _DAYS_A_YEAR
        rates[tranche] = scaled_rate(dated_rate(np.float64(borrowed[tranche] - cost[tranche]), flows, years, count))


def effective_rates(tranches: Tranches) -> Ints:
    """The effective annual rate of each tranche by actual days over 365, (tranches,) int64 `units.RATE_SCALE`-ths.

    raises   RequestError for a tranche without one
    """
    rates = np.empty(tranches.issued_on.size, np.int64)
    _rates(
        tranches.issued_on,
        tranches.principal_fen,
        tranches.cost_fen,
        tranches.offsets,
        tranches.paid_on,
        tranches.paid_principal_fen,
        tranches.paid_interest_fen,
        rates,
    )
    if bool((rates == NO_RATE).any()):
        raise RequestError(f"tranche {int(np.argmax(rates == NO_RATE))} (counted from 0) has no effective rate.")
    return rates


class Residue(IntEnum):
    """When a rate that does not reproduce what was received shows: a stated market rate, or expected rows that have changed."""

    AT_ONCE = 0
    """The carrying amount is what the rows to come are worth at the rate: a change of estimate is caught up (IFRS 9 B5.4.6)."""
    AT_END = 1
    """The carrying amount is rolled from what was received; the last payment takes the rest."""


_AT_END = int(Residue.AT_END)


@lean
def cost_left(
    issued_on: int, borrowed: int, cost: int, on: Ints, principal: Ints, interest: Ints, rate: int, residue: int, place: int
) -> int:
    """The cost that is not amortised after `place` payments: principal still owed, less the carrying amount.

    on, principal, interest   (rows,) one tranche's;  rate  effective, annual, `units.RATE_SCALE`-ths;  residue  a `Residue`
    """
    count = on.size
    if place == 0:
        return cost
    if place >= count:
        return 0
    force = math.log1p(rate / RATE_SCALE) / _DAYS_A_YEAR
    worth, owed = 0.0, 0
    for row in range(count - 1, place - 1, -1):
        worth = (worth + principal[row] + interest[row]) * math.exp(-force * (on[row] - on[row - 1]))
        owed += principal[row]
    if residue == _AT_END:
        worth, since = np.float64(borrowed - cost), issued_on
        for row in range(place):
            worth = worth * math.exp(force * (on[row] - since)) - principal[row] - interest[row]
            since = on[row]
    left: int = np.int64(np.rint(owed - worth))  # type: ignore[assignment]
    return left


@lean
def debt_at(
    issued_on: int,
    borrowed: int,
    cost: int,
    on: Ints,
    principal: Ints,
    interest: Ints,
    rate: int,
    residue: int,
    day: int,
    current_to: int,
    out: Ints,
) -> None:
    """The columns of one tranche at a day's end, into `out`, (len(Debt),) int64.

    rate         effective annual rate, `units.RATE_SCALE`-ths: solved when issued, kept when expected rows change
    current_to   the last day that counts as current
    residue      a `Residue`
    rounding     cost left is rounded after each payment date and moves straight line by days between
    """
    for column in range(out.size):
        out[column] = 0
    if day < issued_on:
        return
    place, since, repaid, accrued, paid, soon = 0, issued_on, 0, 0, 0, 0
    for row in range(on.size):
        if on[row] <= day:
            place, since = row + 1, on[row]
            repaid += principal[row]
            paid += interest[row]
        elif on[row] <= current_to:
            soon += principal[row]
    accrued, left = paid, 0
    if place < on.size:
        left = cost_left(issued_on, borrowed, cost, on, principal, interest, rate, residue, place)
        after = cost_left(issued_on, borrowed, cost, on, principal, interest, rate, residue, place + 1)
        elapsed, days = day - since, on[place] - since
        accrued += mul_div(interest[place], elapsed, days, HALF_UP)
        left -= mul_div(left - after, elapsed, days, HALF_UP)
    owed = borrowed - repaid
    out[_BORROWED] = borrowed
    out[_REPAID] = repaid
    out[_INTEREST] = accrued
    out[_INTEREST_PAID] = paid
    out[_COST] = cost
    out[_AMORTISED] = cost - left
    if owed > 0:
        out[_CURRENT] = soon - mul_div(left, soon, owed, HALF_UP)
        out[_NON_CURRENT] = owed - left - out[_CURRENT]


@kernel
def _debts(
    issued: Ints,
    borrowed: Ints,
    cost: Ints,
    offsets: Ints,
    on: Ints,
    principal: Ints,
    interest: Ints,
    rates: Ints,
    residue: int,
    day: int,
    current_to: int,
    out: Ints,
) -> None:
    for tranche in range(issued.size):
        start, stop = offsets[tranche], offsets[tranche + 1]
        debt_at(
            issued[tranche],
            borrowed[tranche],
            cost[tranche],
            on[start:stop],
            principal[start:stop],
            interest[start:stop],
            rates[tranche],
            residue,
            day,
            current_to,
            out[tranche],
        )


def debts(
    tranches: Tranches, rates: Any, *, day: int, residue: Residue = Residue.AT_ONCE, current_months: int = _CURRENT_MONTHS
) -> Ints:
    """`debt_at` of tranches at one day's end: (tranches, len(Debt)) int64.

    rates            (tranches,) int64 from `effective_rates` when issued, or a stated market rate
    current_months   principal expected within so many months of the day is current (ASC 210-10-45: one year)
    """
    issued, solved = columns(tranches.issued_on, rates)
    out = np.empty((tranches.issued_on.size, len(Debt)), np.int64)
    _debts(
        issued,
        tranches.principal_fen,
        tranches.cost_fen,
        tranches.offsets,
        tranches.paid_on,
        tranches.paid_principal_fen,
        tranches.paid_interest_fen,
        solved,
        int(residue),
        int(day),
        int(add_months(int(day), current_months, _SAME_DAY)),
        out,
    )
    return out
