"""The naive twin of `loans.variable_rate`: one loan, one step after the other, in exact fractions and Python dates."""

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import floor

ACTUAL_365, ACTUAL_360, THIRTY_E_360, ISDA = "actual_365", "actual_360", "thirty_e_360", "isda"


def half_even(amount: Fraction) -> int:
    """The nearest integer, ties to the even one."""
    return round(amount)


def half_up(amount: Fraction) -> int:
    """The nearest integer, ties away from zero."""
    return floor(amount + Fraction(1, 2)) if amount >= 0 else -floor(-amount + Fraction(1, 2))


def years(start: dt.date, end: dt.date, day_count: str) -> Fraction:
    """The fraction of a year between two dates, start <= end."""
    if day_count == ACTUAL_365:
        return Fraction((end - start).days, 365)
    if day_count == ACTUAL_360:
        return Fraction((end - start).days, 360)
    if day_count == THIRTY_E_360:
        months = 12 * (end.year - start.year) + end.month - start.month
        return Fraction(30 * months + min(end.day, 30) - min(start.day, 30), 360)
    total = Fraction(0)
    for year in range(start.year, end.year + 1):
        first, after = dt.date(year, 1, 1), dt.date(year + 1, 1, 1)
        overlap = (min(end, after) - max(start, first)).days
        total += Fraction(max(overlap, 0), (after - first).days)
    return total


def level_payment(owed: int, rate: Fraction, due: Sequence[dt.date], day_count: str) -> Fraction:
    """The payment that clears `owed` as it stands on due[0], paid on every date of due."""
    discount, value = Fraction(1), Fraction(1)
    for before, after in pairwise(due):
        discount /= 1 + rate * years(before, after, day_count)
        value += discount
    return owed / value


class Loan:
    """The state of a loan; `take` applies one step and returns (cash, balance, rate, accrued, payment)."""

    def __init__(
        self, opened, balance, rate, *, accrued=0, payment=0, base=None, day_count=ACTUAL_365, rounding=half_even, due=()
    ):
        self.at, self.balance, self.rate = opened, balance, Fraction(rate)
        self.accrued, self.payment, self.base = accrued, payment, base
        self.day_count, self.rounding, self.due = day_count, rounding, list(due)

    def interest(self, until):
        earning = self.balance if self.base is None else self.base
        return self.rounding(earning * self.rate * years(self.at, until, self.day_count))

    def take(self, kind, on, value=0):
        if on > self.at:
            self.accrued += self.interest(on)
            self.at = on
        cash = 0
        if kind == "pay_principal":
            cash = min(self.payment, self.balance)
            self.balance -= cash
        elif kind == "pay_level":
            cash = min(self.payment - self.accrued, self.balance)
            self.balance -= cash
            self.due = self.due[1:]
        elif kind == "pay_interest":
            cash, self.accrued = self.accrued, 0
        elif kind == "capitalise":
            self.balance, self.accrued = self.balance + self.accrued, 0
        elif kind == "reset":
            self.rate = Fraction(value)
        elif kind == "refix":
            self.payment = 0
            if self.due:
                owed = self.balance + self.accrued + self.interest(self.due[0])
                if owed > 0:
                    self.payment = self.rounding(level_payment(owed, self.rate, self.due, self.day_count))
        elif kind == "fix_base":
            self.base = None if self.base is None else self.balance
        elif kind == "settle":
            cash, self.balance = self.balance, 0
        else:
            assert kind == "accrue", kind
        return cash, self.balance, self.rate, self.accrued, self.payment
