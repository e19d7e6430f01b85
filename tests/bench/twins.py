"""The kernels' work as one would write it without a compiler: over columns with NumPy, and loan by loan in plain Python.

They cover the commonest case only (level monthly instalments at r / 12, payments oldest instalment first, equal periods), which
is what the comparison times. Amounts must agree with the kernels to the fen; internal rates to 1e-9.
"""

import calendar
import datetime as dt
from fractions import Fraction
from typing import Any

import numpy as np

from loanbook.units import NEVER, Ints

BASIS_POINTS = 10_000
_NEWTON_STEPS = 12


def level_numpy(principal_fen: Ints, rate_bp: Ints, disbursed_on: Ints, count: int) -> tuple[Ints, Ints, Ints]:
    """Due dates, principal and interest of level schedules, (loans, count) int64; rates in basis points a year, half up."""
    months = disbursed_on.astype("datetime64[D]").astype("datetime64[M]")
    day_of_month = disbursed_on - months.astype("datetime64[D]").astype(np.int64)
    due_on = np.empty((principal_fen.size, count), np.int64)
    for period in range(count):
        first = (months + period + 1).astype("datetime64[D]").astype(np.int64)
        last = (months + period + 2).astype("datetime64[D]").astype(np.int64) - 1
        due_on[:, period] = np.minimum(first + day_of_month, last)
    rate = rate_bp / (12 * BASIS_POINTS)
    installment = np.floor(principal_fen * rate / (1 - (1 + rate) ** -count) + 0.5).astype(np.int64)
    principal, interest = np.empty((principal_fen.size, count), np.int64), np.empty((principal_fen.size, count), np.int64)
    balance = principal_fen.copy()
    for period in range(count):
        interest[:, period] = (2 * balance * rate_bp + 12 * BASIS_POINTS) // (24 * BASIS_POINTS)
        principal[:, period] = balance if period == count - 1 else np.minimum(installment - interest[:, period], balance)
        balance -= principal[:, period]
    return due_on, principal, interest


def level_python(principal_fen: int, rate_bp: int, disbursed_on: int, count: int) -> tuple[list[int], list[int], list[int]]:
    """One level schedule, exact."""
    epoch = dt.date(1970, 1, 1).toordinal()
    opened = dt.date.fromordinal(disbursed_on + epoch)
    due_on = []
    for period in range(1, count + 1):
        year, month = divmod(12 * opened.year + opened.month - 1 + period, 12)
        day = min(opened.day, calendar.monthrange(year, month + 1)[1])
        due_on.append(dt.date(year, month + 1, day).toordinal() - epoch)
    rate = Fraction(rate_bp, 12 * BASIS_POINTS)
    grown = (1 + rate) ** count
    installment = int(principal_fen * rate * grown / (grown - 1) + Fraction(1, 2))
    principal, interest, balance = [], [], principal_fen
    for period in range(count):
        earned = (2 * balance * rate_bp + 12 * BASIS_POINTS) // (24 * BASIS_POINTS)
        repaid = balance if period == count - 1 else min(installment - earned, balance)
        principal.append(repaid)
        interest.append(earned)
        balance -= repaid
    return due_on, principal, interest


def allocate_numpy(principal: Ints, interest: Ints, paid_on: Ints, money: Ints) -> tuple[Ints, Ints, Ints]:
    """Payments spent oldest instalment first, interest before principal.

    principal, interest   (loans, rows) int64 due
    paid_on, money        (loans, payments) int64, ascending by day, money 0 for none
    returns               paid principal, paid interest, cleared_on: (loans, rows) int64
    """
    paid_principal, paid_interest = np.zeros_like(principal), np.zeros_like(interest)
    cleared_on = np.full(principal.shape, NEVER, np.int64)
    for number in range(money.shape[1]):
        left = money[:, number].copy()
        for row in range(principal.shape[1]):
            part = np.minimum(left, interest[:, row] - paid_interest[:, row])
            paid_interest[:, row] += part
            left -= part
            part = np.minimum(left, principal[:, row] - paid_principal[:, row])
            paid_principal[:, row] += part
            left -= part
            done = (paid_principal[:, row] == principal[:, row]) & (paid_interest[:, row] == interest[:, row])
            cleared_on[:, row] = np.where(done & (cleared_on[:, row] == NEVER), paid_on[:, number], cleared_on[:, row])
    return paid_principal, paid_interest, cleared_on


def allocate_python(
    principal: list[int], interest: list[int], payments: list[tuple[int, int]]
) -> tuple[list[int], list[int], list[int]]:
    """One loan's payments (day, money) spent oldest instalment first, interest before principal."""
    rows = len(principal)
    paid_principal, paid_interest, cleared_on = [0] * rows, [0] * rows, [NEVER] * rows
    for on, money in payments:
        for row in range(rows):
            part = min(money, interest[row] - paid_interest[row])
            paid_interest[row] += part
            money -= part
            part = min(money, principal[row] - paid_principal[row])
            paid_principal[row] += part
            money -= part
            if cleared_on[row] == NEVER and paid_principal[row] == principal[row] and paid_interest[row] == interest[row]:
                cleared_on[row] = on
    return paid_principal, paid_interest, cleared_on


def rates_numpy(carrying_fen: Ints, flows_fen: Ints) -> Any:
    """Period rates at which flows are worth the carrying amount, (loans,) float64: Newton over all loans at once."""
    carrying, flows = carrying_fen.astype(np.float64), flows_fen.astype(np.float64)
    periods = np.arange(1, flows.shape[1] + 1)
    total = flows.sum(axis=1)
    rate = (total / carrying - 1.0) * total / (flows * periods).sum(axis=1)
    for _ in range(_NEWTON_STEPS):
        discounted = flows * (1.0 + rate)[:, None] ** -periods
        value = discounted.sum(axis=1)
        slope = -(discounted * periods).sum(axis=1) / (1.0 + rate)
        step = (value - carrying) / slope
        rate -= step
        if np.abs(step).max() < 1e-12:
            break
    return rate


def rate_python(carrying_fen: int, flows_fen: list[int]) -> float:
    """One loan's period rate by Newton."""
    total = sum(flows_fen)
    rate = (total / carrying_fen - 1.0) * total / sum(flow * number for number, flow in enumerate(flows_fen, 1))
    for _ in range(_NEWTON_STEPS):
        value, slope = -float(carrying_fen), 0.0
        for number, flow in enumerate(flows_fen, 1):
            present = flow * (1.0 + rate) ** -number
            value += present
            slope -= number * present / (1.0 + rate)
        step = value / slope
        rate -= step
        if abs(step) < 1e-12:
            break
    return rate
