"""What a loan costs and earns: internal rates over all flows, nominal and effective, and effective-interest amortisation.

Floats appear only inside the root finding; a solved rate is stored as an integer, `units.RATE_SCALE`-ths. Flows are signed
from the lender: what leaves is the carrying amount (disbursed, less fees kept, plus costs), what comes back the flows.
"""

import math
from typing import Any

import numpy as np

from loanbook.errors import RequestError
from loanbook.kernel import kernel
from loanbook.units import RATE_SCALE, Ints, mul_div

NO_RATE = -(1 << 62)
"""There is no rate: nothing was lent, nothing comes back, or the rate lies outside `LOWEST`..`HIGHEST` a period."""

LOWEST = -0.99
HIGHEST = 100.0
_LARGEST = 9_000_000.0
_EXPONENT_MOST = 16.0
_NEWTON_STEPS = 20
_HALVINGS = 200
_CLOSE = 1e-14
"""Halving stops when what is left, relative to 1 + rate, is noise in double precision."""
_LAST_STEP = 1e-8
"""Newton's error after a step is about the step squared: after a step this small it is below `_CLOSE`."""


@kernel
def _value(flows: Ints, count: int, rate: float) -> float:
    discount = 1.0 / (1.0 + rate)
    value = 0.0
    for period in range(count - 1, -1, -1):
        value = (value + flows[period]) * discount
    return value


@kernel
def _bisect(carrying: float, flows: Ints, count: int) -> float:
    """The root inside LOWEST..HIGHEST where the value crosses the carrying amount; nan where it does not."""
    low, high = LOWEST, HIGHEST
    above = _value(flows, count, low) > carrying
    if above == (_value(flows, count, high) > carrying):
        return math.nan
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if (_value(flows, count, middle) > carrying) == above:
            low = middle
        else:
            high = middle
        if high - low <= _CLOSE * (1.0 + abs(middle)):
            break
    return 0.5 * (low + high)


@kernel
def period_rate(carrying: float, flows: Ints, count: int) -> float:
    """The rate a period at which equally spaced flows are worth the carrying amount; nan where there is none.

    carrying   > 0, at time 0
    flows      (count or more,) float64, received after 1, 2, ... count periods
    method     Newton on the logarithm of the value, which is nearly straight in the rate; halving where Newton leaves the range
    """
    total, weighted = 0.0, 0.0
    for period in range(count):
        total += flows[period]
        weighted += flows[period] * (period + 1)
    if not (carrying > 0.0 and total > 0.0 and weighted > 0.0):
        return math.nan
    rate = (total / carrying - 1.0) * total / weighted
    if not LOWEST < rate < HIGHEST:
        rate = 0.0
    for _ in range(_NEWTON_STEPS):
        discount = 1.0 / (1.0 + rate)
        value, slope = 0.0, 0.0
        for period in range(count - 1, -1, -1):
            value += flows[period]
            slope = slope * discount + value
            value *= discount
        # slope is the sum of k x flow_k x discount^(k - 1); times discount^2 it is minus the derivative by the rate.
        if not (value > 0.0 and slope > 0.0):
            break
        step = value * math.log(value / carrying) / (slope * discount * discount)
        rate += step
        if not LOWEST < rate < HIGHEST:
            break
        if abs(step) <= _LAST_STEP * (1.0 + rate):
            return rate
    return _bisect(carrying, flows, count)


@kernel
def scaled_rate(rate: float) -> Any:
    """A solved rate as an integer, `units.RATE_SCALE`-ths, to the nearest; nan is NO_RATE."""
    if math.isnan(rate) or abs(rate) > _LARGEST:
        return np.int64(NO_RATE)
    return np.int64(np.rint(rate * RATE_SCALE))


@kernel
def _period_rates(carrying_fen: Ints, flows_fen: Ints, rates: Ints) -> None:
    loans, count = flows_fen.shape
    flows = np.empty(count, np.float64)
    for loan in range(loans):
        for period in range(count):
            flows[period] = np.float64(flows_fen[loan, period])
        rates[loan] = scaled_rate(period_rate(np.float64(carrying_fen[loan]), flows, count))


def effective_period_rates(carrying_fen: Ints, flows_fen: Ints) -> Ints:
    """The effective-interest rate of each loan, a period of its flows.

    carrying_fen   (loans,) int64, what the lender is out of at the start
    flows_fen      (loans, periods) int64, received after 1, 2, ... periods; 0 after a loan's end
    returns        (loans,) int64, `units.RATE_SCALE`-ths a period; NO_RATE where there is none
    source         ASC 310-20 and IFRS 9 call it the effective interest rate; twin tests/reference/pricing.py, oracle pyxirr
    """
    carrying, flows = checked_flows(carrying_fen, flows_fen)
    rates = np.empty(carrying.size, np.int64)
    _period_rates(carrying, flows, rates)
    return rates


@kernel
def _annualize(rates: Ints, periods_a_year: float, nominal: Ints, effective: Ints) -> None:
    for loan in range(rates.size):
        nominal[loan] = NO_RATE
        effective[loan] = NO_RATE
        if rates[loan] != NO_RATE:
            rate = rates[loan] / RATE_SCALE
            nominal[loan] = scaled_rate(rate * periods_a_year)
            exponent = periods_a_year * math.log1p(rate)
            effective[loan] = scaled_rate(math.expm1(exponent)) if exponent < _EXPONENT_MOST else NO_RATE


def annual_rates(carrying_fen: Ints, flows_fen: Ints, *, periods_a_year: float = 12) -> tuple[Ints, Ints]:
    """The internal rate of each loan over equally spaced flows, as an annual rate in both bases.

    carrying_fen, flows_fen   as in `effective_period_rates`, fees included (`borrower_cost.borrower_flows`)
    returns                   nominal (period rate x periods) and effective ((1 + period rate) ** periods - 1), (loans,) int64
                              `units.RATE_SCALE`-ths; NO_RATE where there is none
    """
    if not periods_a_year > 0:
        raise RequestError(f"periods_a_year must be above zero; got {periods_a_year}.")
    rates = effective_period_rates(carrying_fen, flows_fen)
    nominal, effective = np.empty_like(rates), np.empty_like(rates)
    _annualize(rates, float(periods_a_year), nominal, effective)
    return nominal, effective


@kernel
def _effective_interest(carrying_fen: Ints, flows_fen: Ints, rates: Ints, rule: int, interest: Ints, balance: Ints) -> None:
    loans, count = flows_fen.shape
    for loan in range(loans):
        last = count - 1
        while last > 0 and flows_fen[loan, last] == 0:
            last -= 1
        carrying = carrying_fen[loan]
        for period in range(count):
            earned = 0
            if rates[loan] != NO_RATE:
                if period < last:
                    earned = mul_div(carrying, rates[loan], RATE_SCALE, rule)
                elif period == last:
                    earned = flows_fen[loan, period] - carrying
            interest[loan, period] = earned
            carrying += earned - flows_fen[loan, period]
            balance[loan, period] = carrying


def effective_interest(carrying_fen: Ints, flows_fen: Ints, rates: Ints, *, rounding: int = 0) -> tuple[Ints, Ints]:
    """Effective-interest amortisation: income of each period and the carrying amount after it.

    carrying_fen   (loans,) int64;  flows_fen (loans, periods) int64
    rates          (loans,) int64 from `effective_period_rates`; no income is computed where it is NO_RATE
    returns        interest_fen, carrying_fen after the period: (loans, periods) int64; the last flow closes the carrying amount
                   to 0, so income sums to flows - carrying_fen
    rounding       a `units.Rounding`, once a period; the period of the last flow absorbs it
    """
    carrying, flows = checked_flows(carrying_fen, flows_fen)
    interest, balance = np.empty_like(flows), np.empty_like(flows)
    _effective_interest(carrying, flows, np.ascontiguousarray(rates, np.int64), rounding, interest, balance)
    return interest, balance


def checked_flows(carrying_fen: Any, flows_fen: Any) -> tuple[Ints, Ints]:
    """The two columns as int64 with shapes that fit; RequestError for floats or other shapes."""
    carrying = np.atleast_1d(np.asarray(carrying_fen))
    flows = np.atleast_2d(np.asarray(flows_fen))
    for name, column in (("carrying_fen", carrying), ("flows_fen", flows)):
        if column.dtype.kind != "i":
            raise RequestError(f"{name} must be integer minor units, not {column.dtype}. Convert with units.parse_decimal.")
    if flows.shape[0] != carrying.size or flows.shape[1] < 1:
        raise RequestError(f"{carrying.size} loans need flows of shape ({carrying.size}, periods); got {flows.shape}.")
    return np.ascontiguousarray(carrying, np.int64), np.ascontiguousarray(flows, np.int64)
