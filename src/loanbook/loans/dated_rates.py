"""Internal rates over flows on their own days: effective annual rates by actual days over 365."""

import math
from typing import Any

import numpy as np

from loanbook.errors import RequestError
from loanbook.kernel import kernel
from loanbook.loans.pricing import HIGHEST, LOWEST, checked_flows, scaled_rate
from loanbook.units import Ints

_DAYS_A_YEAR = 365.0
_STEPS = 50
_HALVINGS = 200
_LAST_STEP = 1e-9
_LOW, _HIGH = math.log1p(LOWEST), math.log1p(HIGHEST)


@kernel
def _present(flows: Ints, years: Ints, count: int, force: float) -> tuple[float, float]:
    """Present value of the flows at a force of interest, and its fall per unit of it."""
    value, slope = 0.0, 0.0
    for number in range(count):
        part = flows[number] * math.exp(-force * years[number])
        value += part
        slope += part * years[number]
    return value, slope


@kernel
def dated_rate(carrying: float, flows: Ints, years: Ints, count: int) -> float:
    """The effective annual rate at which flows after `years` are worth the carrying amount; nan where there is none.

    carrying   > 0;  flows, years (count or more,) float64
    method     Newton on the logarithm of the value in the force of interest; halving where Newton leaves the range
    """
    force = 0.0
    for _ in range(_STEPS):
        value, slope = _present(flows, years, count, force)
        if not (carrying > 0.0 and value > 0.0 and slope > 0.0):
            break
        step = math.log(value / carrying) * value / slope
        force += step
        if not _LOW < force < _HIGH:
            break
        if abs(step) <= _LAST_STEP:
            return math.expm1(force)
    low, high = _LOW, _HIGH
    above = _present(flows, years, count, low)[0] > carrying
    if not carrying > 0.0 or above == (_present(flows, years, count, high)[0] > carrying):
        return math.nan
    for _ in range(_HALVINGS):
        force = 0.5 * (low + high)
        if (_present(flows, years, count, force)[0] > carrying) == above:
            low = force
        else:
            high = force
    return math.expm1(0.5 * (low + high))


@kernel
def _dated_rates(carrying_fen: Ints, flows_fen: Ints, days: Ints, rates: Ints) -> None:
    loans, count = flows_fen.shape
    flows, years = np.empty(count, np.float64), np.empty(count, np.float64)
    for loan in range(loans):
        for number in range(count):
            flows[number] = np.float64(flows_fen[loan, number])
            years[number] = days[loan, number] / _DAYS_A_YEAR
        rates[loan] = scaled_rate(dated_rate(np.float64(carrying_fen[loan]), flows, years, count))


def dated_rates(carrying_fen: Any, flows_fen: Any, disbursed_on: Any, paid_on: Any) -> Ints:
    """The effective annual rate of each loan over flows on their own days, actual days over 365.

    carrying_fen   (loans,) int64, out on `disbursed_on`;  flows_fen (loans, flows) int64, in on `paid_on`
    disbursed_on   (loans,) days;  paid_on (loans, flows) days, any day where the flow is 0
    returns        (loans,) int64 `units.RATE_SCALE`-ths; `pricing.NO_RATE` where there is none
    raises         RequestError for floats, shapes that do not fit, a flow before the disbursement
    source         the oracle is pyxirr.xirr
    """
    carrying, flows = checked_flows(carrying_fen, flows_fen)
    days = np.atleast_2d(np.asarray(paid_on, np.int64)) - np.asarray(disbursed_on, np.int64).reshape(-1, 1)
    if days.shape != flows.shape:
        raise RequestError(f"flows of shape {flows.shape} need as many days; got {days.shape}.")
    days = np.where(flows == 0, 0, days)
    if bool((days < 0).any()):
        loan = int(np.argwhere(days < 0)[0][0])
        raise RequestError(f"loan {loan} (counted from 0) has a flow {-int(days.min())} days before its disbursement.")
    rates = np.empty(carrying.size, np.int64)
    _dated_rates(carrying, flows, np.ascontiguousarray(days), rates)
    return rates
