"""Fair value of an option at grant by Black and Scholes, minor units per million options."""

import math
from dataclasses import dataclass

from loanbook.errors import RequestError
from loanbook.units import RATE_SCALE

_MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionInputs:
    """What values an option.

    spot_fen, strike_fen          price of a share and exercise price, minor units per million
    term_months                   expected time to exercise
    volatility                    annual standard deviation of the log price, `units.RATE_SCALE`-ths
    dividend_yield, risk_free     continuously compounded, `units.RATE_SCALE`-ths a year
    """

    spot_fen: int
    strike_fen: int
    term_months: int
    volatility: int
    risk_free: int
    dividend_yield: int = 0


def option_value(inputs: OptionInputs) -> int:
    """Value of a European call, minor units per million options, rounded to the nearest.

    raises   RequestError for a price, term or volatility that is not above zero (a strike of zero is a share: use its price)
    source   Black and Scholes (1973), Merton (1973) for dividends
    """
    if min(inputs.spot_fen, inputs.strike_fen, inputs.term_months, inputs.volatility) <= 0:
        raise RequestError("An option needs a share price, an exercise price, a term and a volatility above zero.")
    years = inputs.term_months / _MONTHS_A_YEAR
    spread = inputs.volatility / RATE_SCALE * math.sqrt(years)
    free, paid = inputs.risk_free / RATE_SCALE, inputs.dividend_yield / RATE_SCALE
    first = (math.log(inputs.spot_fen / inputs.strike_fen) + (free - paid) * years) / spread + spread / 2
    value = inputs.spot_fen * math.exp(-paid * years) * _normal(first)
    return round(value - inputs.strike_fen * math.exp(-free * years) * _normal(first - spread))


def _normal(x: float) -> float:
    return math.erfc(-x / math.sqrt(2)) / 2
