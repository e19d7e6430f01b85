"""The assumptions of the seeded world: who borrows what, how months go, what breaks. Rates are hazards a month, never outcomes.

Levels are chosen so that the measures of the world's last quarter land where a large Chinese credit-tech platform publishes
them; no figure of any company is copied. docs/guides/demo.md states what is reached,
tests/simulator/test_calibration.py holds it there.
"""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from loanbook.terms.conventions import Model
from loanbook.units import Ints, day

FIRST_DAY = day("2021-10-01")
LAST_DAY = day("2024-09-30")
KNOWN_UNTIL = day("2024-10-31")
"""Loans are made from the first to the last day; what happens to them is told a month longer, so that the collection of what
became overdue in the last month can be observed."""

SPRING_FESTIVALS = (day("2022-02-01"), day("2023-01-22"), day("2024-02-10"))
_FESTIVAL_LULL = {-3: 0.75, -2: 0.62, -1: 0.50, 0: 0.40, 1: 0.40, 2: 0.42, 3: 0.45, 4: 0.52, 5: 0.62, 6: 0.75, 7: 0.88}
_CIVIL_MONTH = (0.97, 0.90, 1.03, 1.01, 1.00, 1.04, 0.98, 1.00, 1.01, 0.96, 1.07, 1.03)
_MONTH_END = {-2: 1.12, -1: 1.18, 0: 1.25}
_WEEKDAY = (1.04, 1.03, 1.02, 1.02, 1.06, 0.94, 0.89)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """How one product is drawn.

    share          part of consumer drawdowns (the business product: of business borrowers' drawdowns)
    tenors         months, one instalment each, with their shares
    median_fen     median drawdown at the middle tenor; sigma: spread of its logarithm; step_fen: amounts are multiples
    stretch        factor on the amount by tenor
    rates          annual rates by grade, best first
    """

    name: str
    share: float
    tenors: tuple[int, ...]
    tenor_shares: tuple[float, ...]
    median_fen: int
    sigma: float
    step_fen: int
    least_fen: int
    most_fen: int
    stretch: tuple[float, ...]
    rates: tuple[float, ...]


class Trait(IntEnum):
    """What makes a loan irregular besides charge-off: decided at drawdown, shows only if the loan lives that long."""

    NONE = 0
    PARTIAL = 1
    """One instalment is paid in two parts, the second late."""
    BOUNCED = 2
    """One payment comes back two days later and is made again."""
    LATE_RECORDED = 3
    """One payment is recorded days or weeks after it happened."""
    CANCELLED = 4
    """Refunded within days of drawdown."""
    REPRICED = 5
    """The rate is lowered on a due date; the borrower pays on time from then on. Only where months count as twelfths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazards:
    """What a month does to a loan, by the number of instalments it is behind.

    miss            chance that a borrower who owes nothing overdue misses a due date (grade and frailty multiply it)
    cure            [behind] chance to catch up completely before the next due date; [0]: within the month of the miss
    pay_one         [behind] chance to pay just the oldest instalment
    fresh           a miss early in a loan's life is graver: the chance not to catch up within the month is multiplied by
                    fresh[0] + fresh[1] x exp(-instalment / fresh[2])
    cure_speed      exponent of the day of the month on which arrears are paid: 1 even, larger earlier
    early, prepay   chance to pay an instalment some days early; to repay everything ahead of schedule, a month
    grade_miss      factor on miss by grade; frailty_sigma: spread between borrowers of one grade
    tenor_miss      factor on miss by contractual months: {months: factor}
    traits          chance of each Trait at drawdown
    recover         chance that a charged-off loan pays anything later; recover_part: its largest part of what was owed
    """

    miss: float = 0.0590
    cure: tuple[float, ...] = (0.845, 0.052, 0.030, 0.020, 0.013, 0.010, 0.01)
    pay_one: tuple[float, ...] = (0.0, 0.04, 0.03, 0.02, 0.01, 0.01, 0.0)
    fresh: tuple[float, float, float] = (0.55, 1.30, 3.0)
    cure_speed: float = 2.6
    early: float = 0.055
    prepay: float = 0.044
    grade_miss: tuple[float, ...] = (0.60, 0.90, 1.20, 1.60)
    frailty_sigma: float = 0.40
    tenor_miss: dict[int, float] = field(default_factory=lambda: {3: 0.55, 6: 0.80, 12: 1.12, 24: 1.90})
    traits: tuple[float, ...] = (0.0, 0.008, 0.006, 0.004, 0.001, 0.001)
    recover: float = 0.45
    recover_part: float = 0.30


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A world. The stress episode multiplies the chance to miss and divides the odds to catch up, by month of the due date."""

    first_day: int = FIRST_DAY
    last_day: int = LAST_DAY
    known_until: int = KNOWN_UNTIL
    growth_a_month: float = 0.010
    newcomers_first: float = 1.0
    newcomers_last: float = 0.036
    newcomers_fade_months: float = 7.5
    business_share: float = 0.045
    grade_shares: tuple[float, ...] = (0.30, 0.34, 0.24, 0.12)
    memory_days: int = 420
    """A repeat drawdown follows an earlier one of at most this many days before: who borrows often goes on borrowing."""
    products: tuple[Product, ...] = (
        Product(
            name="cash_loan",
            share=0.84,
            tenors=(3, 6, 12, 24),
            tenor_shares=(0.12, 0.25, 0.57, 0.06),
            median_fen=3_900_00,
            sigma=0.72,
            step_fen=100_00,
            least_fen=500_00,
            most_fen=200_000_00,
            stretch=(1.12, 1.06, 0.98, 0.92),
            rates=(0.1799, 0.2160, 0.2340, 0.2399),
        ),
        Product(
            name="pay_later",
            share=0.16,
            tenors=(3, 6, 12),
            tenor_shares=(0.25, 0.30, 0.45),
            median_fen=420_00,
            sigma=0.85,
            step_fen=1_00,
            least_fen=50_00,
            most_fen=5_000_00,
            stretch=(0.9, 1.0, 1.3),
            rates=(0.1799, 0.2160, 0.2340, 0.2399),
        ),
        Product(
            name="small_business_loan",
            share=1.0,
            tenors=(6, 12, 24),
            tenor_shares=(0.42, 0.50, 0.08),
            median_fen=15_000_00,
            sigma=0.7,
            step_fen=1_000_00,
            least_fen=3_000_00,
            most_fen=200_000_00,
            stretch=(1.0, 1.0, 1.1),
            rates=(0.1440, 0.1680, 0.1920, 0.2160),
        ),
    )
    models_first: dict[Model, float] = field(
        default_factory=lambda: {
            Model.ON_BALANCE_SHEET: 0.17,
            Model.CAPITAL_HEAVY: 0.38,
            Model.CAPITAL_LIGHT: 0.25,
            Model.REFERRAL: 0.12,
            Model.TECHNOLOGY: 0.03,
            Model.TECHNOLOGY_DISCONTINUED: 0.05,
        }
    )
    models_last: dict[Model, float] = field(
        default_factory=lambda: {
            Model.ON_BALANCE_SHEET: 0.20,
            Model.CAPITAL_HEAVY: 0.27,
            Model.CAPITAL_LIGHT: 0.21,
            Model.REFERRAL: 0.25,
            Model.TECHNOLOGY: 0.06,
            Model.TECHNOLOGY_DISCONTINUED: 0.01,
        }
    )
    hazards: Hazards = field(default_factory=Hazards)
    stress: dict[str, float] = field(
        default_factory=lambda: {
            "2023-03": 1.10,
            "2023-04": 1.25,
            "2023-05": 1.38,
            "2023-06": 1.42,
            "2023-07": 1.35,
            "2023-08": 1.22,
            "2023-09": 1.10,
            "2023-10": 1.03,
        }
    )
    prepaying: dict[str, float] = field(default_factory=dict)
    """Factors on the chance to repay everything ahead of schedule, by month of the due date."""


def day_weights(scenario: Scenario) -> Ints:
    """Expected drawdowns of each day relative to each other, (days,) float64, summing to 1.

    Growth by month, the civil month's habit, payday and quarter-end demand at month ends, the weekday, and the lull around
    each Spring Festival.
    """
    days = np.arange(scenario.first_day, scenario.last_day + 1)
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    number = (months - months[0]).astype(np.int64)
    weights = np.array(_CIVIL_MONTH)[months.astype(np.int64) % 12] * (1.0 + scenario.growth_a_month) ** number
    weights *= np.array(_WEEKDAY)[(days + 3) % 7]
    last_of_month = (months + 1).astype("datetime64[D]") - 1
    before_end = (last_of_month - dates).astype(np.int64)
    for distance, factor in _MONTH_END.items():
        weights[before_end == -distance] *= factor
    for festival in SPRING_FESTIVALS:
        for distance, factor in _FESTIVAL_LULL.items():
            weights[days == festival + distance] *= factor
    return np.asarray(weights / weights.sum())


def by_month(scenario: Scenario, factors: dict[str, float]) -> Ints:
    """Factors of consecutive months from January of the scenario's first year, 1 where nothing is said, (months,) float64."""
    first = 12 * int(str(np.datetime64(scenario.first_day, "D"))[:4])
    found = np.ones(12 * 8, np.float64)
    for month, factor in factors.items():
        found[12 * int(month[:4]) + int(month[5:]) - 1 - first] = factor
    return found
