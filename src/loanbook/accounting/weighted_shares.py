"""Shares of a period for earnings per share: weighted by days, incremental shares of options, convertibles, and their order.

Weights are share-days, which add over periods; a share counts from the day it is issued, a bought-back share until the day
before. Vested units without a price count as shares from their vesting day, issued or not (ASC 260-10-45-13, IAS 33.24).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from loanbook.accounting.grants import PER_MILLION
from loanbook.errors import RequestError
from loanbook.units import HALF_UP, Ints, mul_div


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedShares:
    """Share-days over a number of days; adding two periods gives the period of both."""

    share_days: int
    days: int

    def __add__(self, other: "WeightedShares") -> "WeightedShares":
        return WeightedShares(share_days=self.share_days + other.share_days, days=self.days + other.days)

    @property
    def shares(self) -> int:
        """The weighted average number, half up."""
        return int(mul_div(self.share_days, 1, self.days, HALF_UP))

    def ads(self, shares_per_ads: int) -> int:
        """The weighted average number of depositary shares, half up, from the whole number of shares."""
        return weighted_ads(self.shares, shares_per_ads)


def weighted_ads(shares: int, shares_per_ads: int) -> int:
    """Depositary shares that a weighted number of shares makes, half up (the releases of 2024: shares / 2)."""
    return int(mul_div(shares, 1, shares_per_ads, HALF_UP))


def weighted_average(opening: int, changed_on: Ints, change: Ints, starts_on: int, ends_on: int) -> WeightedShares:
    """Shares outstanding over a period, both days in it.

    opening      shares at the end of the day before `starts_on`
    changed_on   (changes,) day numbers inside the period, any order
    change       (changes,) int64, shares issued or vested above 0, bought back below 0
    raises       RequestError for a change outside the period, or more bought back than outstanding; OverflowError beyond int64
    """
    days = ends_on - starts_on + 1
    on, by = np.asarray(changed_on, np.int64), np.asarray(change, np.int64)
    if days < 1 or (on.size and (int(on.min()) < starts_on or int(on.max()) > ends_on)):
        raise RequestError("Changes of shares must lie inside the period; put earlier ones into the opening number.")
    order = np.argsort(on, kind="stable")
    ends = np.flatnonzero(np.diff(on[order], append=ends_on + 1))
    if opening < 0 or (on.size and int((opening + np.cumsum(by[order]))[ends].min()) < 0):
        raise RequestError("More shares were bought back than were outstanding.")
    total = opening * days + sum(int(c) * (ends_on - int(d) + 1) for d, c in zip(on.tolist(), by.tolist(), strict=True))
    if total > np.iinfo(np.int64).max:
        raise OverflowError("share-days do not fit in 64 bits")
    return WeightedShares(share_days=total, days=days)


def bought_back(proceeds_fen: int, average_price_per_million_fen: int) -> int:
    """Shares that proceeds buy at the period's average price, half up."""
    return int(mul_div(proceeds_fen, PER_MILLION, average_price_per_million_fen, HALF_UP))


def treasury_stock(
    instruments: int, exercise_price_per_million_fen: int, unrecognised_fen: int, average_price_per_million_fen: int
) -> int:
    """Incremental shares of options, warrants or unvested units: those exercised less those their proceeds would buy back.

    instruments        weighted average number outstanding in the period (exercised ones until their exercise)
    unrecognised_fen   average cost not yet recognised: proceeds too (ASC 260-10-45-29, IAS 33.47A)
    returns            at least 0: out of the money is not dilutive
    """
    proceeds = int(mul_div(instruments, exercise_price_per_million_fen, PER_MILLION, HALF_UP)) + unrecognised_fen
    return max(0, instruments - bought_back(proceeds, average_price_per_million_fen))


@dataclass(frozen=True, slots=True, kw_only=True)
class Potential:
    """Shares that could come to be: incremental shares and the income that would come with them.

    income_fen   what attributable income would gain: 0 for options and units, interest after tax of a convertible (if-converted)
    shares       incremental shares, weighted by the days the instrument was outstanding
    """

    name: str
    income_fen: int
    shares: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Diluted:
    """Numerator and denominator of diluted earnings per share, and what was counted."""

    income_fen: int
    shares: int
    counted: tuple[str, ...]
    anti_dilutive: tuple[str, ...]


def diluted(income_fen: int, shares: int, potentials: Iterable[Potential], *, control_fen: int | None = None) -> Diluted:
    """Diluted earnings: potentials enter from the most dilutive on, as long as each lowers the figure.

    income_fen    income attributable to ordinary shareholders
    shares        weighted average, basic
    control_fen   income from continuing operations attributable to them; what dilution is judged by. A loss: nothing dilutes
    source        ASC 260-10-45-17 to 45-20, IAS 33.41-44
    """
    control = income_fen if control_fen is None else control_fen
    ranked = sorted((p for p in potentials if p.shares > 0), key=lambda p: (_Ratio(p.income_fen, p.shares), p.name))
    counted: list[str] = []
    against: list[str] = []
    total = shares
    for each in ranked:
        # Below the figure so far, in integers: income / shares against control / total. Once one is not, none after it is.
        if control > 0 and each.income_fen * total < control * each.shares:
            control, total, income_fen = control + each.income_fen, total + each.shares, income_fen + each.income_fen
            counted.append(each.name)
        else:
            against.append(each.name)
    return Diluted(income_fen=income_fen, shares=total, counted=tuple(counted), anti_dilutive=tuple(against))


class _Ratio:
    """Income a share, compared without dividing."""

    __slots__ = ("income", "shares")

    def __init__(self, income: int, shares: int) -> None:
        self.income, self.shares = income, shares

    def __lt__(self, other: "_Ratio") -> bool:
        return self.income * other.shares < other.income * self.shares

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Ratio) and self.income * other.shares == other.income * self.shares

    def __hash__(self) -> int:
        return 0


class YearToDate(StrEnum):
    """How incremental shares of a year to date are found."""

    AVERAGE_OF_QUARTERS = "average_of_quarters"
    """The average of each quarter's number (ASC 260-10-55-3); a quarter with a loss gives what it would have without one."""
    INDEPENDENT = "independent"
    """The year to date as a period of its own, with its own average price (IAS 33.37)."""


def incremental_to_date(method: YearToDate, quarters: Sequence[int], independent: int) -> int:
    """Incremental shares of one class of options or units for the year to date.

    quarters      `treasury_stock` of each quarter, quarters with a loss included
    independent   `treasury_stock` of the whole period
    rounding      half up
    """
    if method is YearToDate.INDEPENDENT:
        return independent
    if not quarters:
        raise RequestError("The average of quarters needs at least one quarter.")
    return int(mul_div(sum(quarters), 1, len(quarters), HALF_UP))
