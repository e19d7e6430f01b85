"""Fair value of an option at grant by Black and Scholes, frozen as fen per million options."""

import math
from dataclasses import dataclass

from loanbook.accounting.grants import PER_MILLION
from loanbook.errors import RequestError

_PPM = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionInputs:
    """What values an option.

    spot_fen, strike_fen    price of a share and exercise price, each for `shares` shares
    term_months             expected time to exercise
    volatility_ppm          annual standard deviation of the log price, millionths
    dividend_yield_ppm, risk_free_ppm   continuously compounded, millionths a year
    shares                  what the prices are for; 1 unless prices are finer than a fen
    """

    spot_fen: int
    strike_fen: int
    term_months: int
    volatility_ppm: int
    risk_free_ppm: int
    dividend_yield_ppm: int = 0
    shares: int = 1


def option_value(inputs: OptionInputs) -> int:
    """Value of a European call, fen per million options, rounded to the nearest.

    raises   RequestError for a price, term or volatility that is not above zero (a strike of zero is a share: use its price)
    source   Black and Scholes (1973), Merton (1973) for dividends
    """
    if min(inputs.spot_fen, inputs.strike_fen, inputs.term_months, inputs.volatility_ppm, inputs.shares) <= 0:
        raise RequestError("An option needs a share price, an exercise price, a term and a volatility above zero.")
    years = inputs.term_months / 12
    spread = inputs.volatility_ppm / _PPM * math.sqrt(years)
    free, paid = inputs.risk_free_ppm / _PPM, inputs.dividend_yield_ppm / _PPM
    first = (math.log(inputs.spot_fen / inputs.strike_fen) + (free - paid) * years) / spread + spread / 2
    value = inputs.spot_fen * math.exp(-paid * years) * _normal(first)
    value -= inputs.strike_fen * math.exp(-free * years) * _normal(first - spread)
    return round(value / inputs.shares * PER_MILLION)


def _normal(x: float) -> float:
    return math.erfc(-x / math.sqrt(2)) / 2
