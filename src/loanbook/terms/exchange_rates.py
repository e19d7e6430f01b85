"""Exchange rates, dated and sourced: spot of a day and average of a period, against one currency."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loanbook.errors import RequestError, TermsError
from loanbook.units import RATE_SCALE, Ints, date

SPOT = "spot"
AVERAGE = "average"
DAYS_NAMED = 3
"""Days without a rate that a message names."""
STALE_DAYS = 7
"""A spot rate serves at most this many days after its own: weekends and holidays (policy choice)."""


class MissingRateError(RequestError):
    """A rate that something needs is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRate:
    """`rate` `units.RATE_SCALE`-ths of the presentation currency for one unit; a spot rate starts and ends on one day."""

    currency: str
    kind: str
    starts_on: int
    ends_on: int
    rate: int
    source: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRates:
    """All rates against one presentation currency, whose own rate is one on every day."""

    presentation: str
    rates: tuple[ExchangeRate, ...]

    def spot(self, currency: str, on: int) -> int:
        """The rate of a day, or the last one before it, at most STALE_DAYS old; raises RequestError."""
        return int(self.rates_on(currency, SPOT, np.array([on], np.int64))[0])

    def rates_on(self, currency: str, kind: str, days: Ints) -> Ints:
        """The rate of each day: spot, or the average of the period that the day is in; int64 `RATE_SCALE`-ths.

        raises   MissingRateError that names currency, kind, the days without a rate, and where to put it
        """
        if currency == self.presentation:
            return np.full(len(days), RATE_SCALE, np.int64)
        known = sorted(
            (rate for rate in self.rates if (rate.currency, rate.kind) == (currency, kind)), key=lambda rate: rate.starts_on
        )
        starts = np.array([rate.starts_on for rate in known], np.int64)
        last = np.array([rate.ends_on + (STALE_DAYS if kind == SPOT else 0) for rate in known], np.int64)
        at = np.searchsorted(starts, days, side="right") - 1
        missing = np.ones(len(days), bool) if not known else (at < 0) | (days > last[at])
        if missing.any():
            without = np.unique(days[missing])
            shown = ", ".join(str(date(int(day))) for day in without[:DAYS_NAMED])
            more = f" and {without.size - DAYS_NAMED:,} days more" if without.size > DAYS_NAMED else ""
            raise MissingRateError(
                f"there is no {kind} rate of {currency} in {self.presentation} for {shown}{more}. Import it as an event fx_rate "
                f"(`loanbook books import`): currency {currency}, to_currency {self.presentation}, basis {kind}, happened_on "
                + ("and ends_on the first and last day that it is the average of." if kind == AVERAGE else "its day.")
            )
        found: Ints = np.array([rate.rate for rate in known], np.int64)[at]
        return found


def exchange_rates(rates: Sequence[ExchangeRate], presentation: str = "CNY") -> ExchangeRates:
    """Rates, checked: positive, spot of one day, no two of a kind for one day; raises TermsError."""
    for place, rate in enumerate(rates):
        if rate.rate <= 0 or rate.ends_on < rate.starts_on or (rate.kind == SPOT and rate.ends_on != rate.starts_on):
            raise TermsError(
                f"{rate.place}: a rate is above zero, ends no earlier than it starts, and a spot rate is of one day."
            )
        if rate.currency == presentation:
            raise TermsError(f"{rate.place}: the rate of {presentation} in itself is one; remove the line.")
        for other in rates[:place]:
            same = (other.currency, other.kind) == (rate.currency, rate.kind)
            if same and other.starts_on <= rate.ends_on and rate.starts_on <= other.ends_on:
                raise TermsError(
                    f"{rate.place}: {rate.kind} of {rate.currency} is also in {other.place} for the same days. Keep one."
                )
    return ExchangeRates(presentation=presentation, rates=tuple(rates))
