"""ACTUS contract terms read into the house's integers; what lies outside consumer lending is declined by name."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from loanbook.errors import RequestError
from loanbook.loans.cycles import Cycle, parse_cycle
from loanbook.loans.dates import shift_day
from loanbook.terms.conventions import DayCount, MonthEnd, Shift
from loanbook.units import RATE_SCALE, Rounding, day, parse_decimal

MINOR_UNITS = 100_000_000
"""ACTUS amounts are not rounded: the kernels run with 10^-8 of the currency as minor unit."""


class DeclinedError(Exception):
    """The contract needs something that is not part of consumer lending; the message names the term and the reason."""


class Moment(NamedTuple):
    """A day, or its last second (23:59:59), which counts as the next day in every day count."""

    on: int
    late: int = 0

    @property
    def counted(self) -> int:
        """The day number for interest."""
        return self.on + self.late

    def __str__(self) -> str:
        date = dt.date(1970, 1, 1) + dt.timedelta(days=self.on)
        return f"{date}T23:59:59" if self.late else f"{date}"


DAY_COUNTS = {
    "A365": DayCount.ACTUAL_365_FIXED,
    "A360": DayCount.ACTUAL_360,
    "AA": DayCount.ACTUAL_ACTUAL_ISDA,
    "30E360": DayCount.THIRTY_E_360,
    "30E360ISDA": DayCount.THIRTY_E_360_ISDA,
}
SHIFTS = {
    "F": Shift.FOLLOWING,
    "MF": Shift.MODIFIED_FOLLOWING,
    "P": Shift.PRECEDING,
    "MP": Shift.MODIFIED_PRECEDING,
}
_HORIZON = (day("1900-01-01"), day("2200-01-01"))
_WEEKDAY_OF_1900 = 0
"""1 January 1900 was a Monday."""

_READ = """
    contractType contractRole statusDate initialExchangeDate maturityDate amortizationDate notionalPrincipal
    premiumDiscountAtIED nominalInterestRate accruedInterest dayCountConvention businessDayConvention calendar
    endOfMonthConvention cycleAnchorDateOfInterestPayment cycleOfInterestPayment capitalizationEndDate
    cycleAnchorDateOfPrincipalRedemption cycleOfPrincipalRedemption nextPrincipalRedemptionPayment cycleAnchorDateOfRateReset
    cycleOfRateReset marketObjectCodeOfRateReset rateSpread rateMultiplier nextResetRate fixingDays fixingPeriod lifeCap
    lifeFloor periodCap periodFloor cycleAnchorDateOfInterestCalculationBase cycleOfInterestCalculationBase
    interestCalculationBase interestCalculationBaseAmount cycleAnchorDateOfScalingIndex cycleOfScalingIndex
    marketObjectCodeOfScalingIndex scalingIndexAtContractDealDate scalingIndexAtStatusDate scalingEffect
    notionalScalingMultiplier interestScalingMultiplier feeRate feeBasis feeAccrued
    cycleAnchorDateOfFee cycleOfFee holidays purchaseDate priceAtPurchaseDate terminationDate
    priceAtTerminationDate
"""
READ = frozenset(_READ.split())
_WITHOUT_EFFECT = """
    contractID currency settlementCurrency contractDealDate counterpartyID creatorID marketObjectCode marketValueObserved
    clearingHouse seniority
"""
WITHOUT_EFFECT = frozenset(_WITHOUT_EFFECT.split())
NEUTRAL = {
    "contractPerformance": ("PF",),
    "penaltyRate": ("0", "0.0"),
    "penaltyType": ("N", "O"),
    "prepaymentEffect": ("N",),
    "cyclePointOfInterestPayment": ("E",),
    "cyclePointOfRateReset": ("B",),
}
"""Terms that change nothing at these values and are outside what is read at any other."""
CALENDARS = {"NC": (), "NoCalendar": (), "MF": ("weekends",), "MondayToFriday": ("weekends",), "MFH": ("weekends", "holidays")}
"""What is closed in each calendar; the holidays come with the contract."""
REASONS = {
    "prepayment": "prepayments are facts of the account, not terms of a schedule",
    "optionality": "prepayment options are facts of the account, not terms of a schedule",
    "penalty": "penalties are facts of the account, not terms of a schedule",
    "array": "step-up contracts are no consumer loans",
    "cyclePoint": "interest in advance is no consumer loan convention",
    "contractStructure": "combined contracts are no consumer loans",
}
CONTRACT_TYPES = ("PAM", "LAM", "NAM", "ANN")


def moment(text: str) -> Moment:
    """A moment from an ISO text; midnight of the day, its last second, or 24:00; other times are declined."""
    date, _, time = text.strip().partition("T")
    clock = time.removesuffix("Z")[:8]
    if clock in ("", "00:00", "00:00:00"):
        return Moment(day(date))
    if clock == "23:59:59":
        return Moment(day(date), 1)
    if clock in ("24:00", "24:00:00"):
        return Moment(day(date) + 1)
    raise DeclinedError(f"time of day {clock}: loans count whole days")


def _closed_days(kinds: tuple[str, ...], holidays: tuple[int, ...]) -> np.ndarray:
    """The closed days over the horizon, (days,) bool."""
    closed = (np.arange(_HORIZON[1] - _HORIZON[0]) + _WEEKDAY_OF_1900) % 7 >= 5
    if "holidays" in kinds:
        closed[np.array(holidays, np.int64) - _HORIZON[0]] = True
    return closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of one contract: texts by name, with the conversions that more than one rule needs."""

    texts: Mapping[str, str]
    holidays: tuple[int, ...] = ()
    """Closed days besides weekends, day numbers."""

    def text(self, name: str) -> str | None:
        return self.texts.get(name) or None

    def need(self, name: str) -> str:
        text = self.text(name)
        if text is None:
            raise DeclinedError(f"{name} is missing")
        return text

    def moment(self, name: str) -> Moment | None:
        text = self.text(name)
        return None if text is None else moment(text)

    def money(self, name: str) -> int | None:
        text = self.text(name)
        return None if text is None else parse_decimal(text, MINOR_UNITS, rule=Rounding.HALF_EVEN)

    def rate(self, name: str, default: int | None = None) -> int | None:
        text = self.text(name)
        return default if text is None else parse_decimal(text, RATE_SCALE, rule=Rounding.HALF_EVEN)

    def cycle(self, name: str) -> Cycle | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            return parse_cycle(text)
        except RequestError as error:
            raise DeclinedError(f"{name}: {error}") from error

    @property
    def kind(self) -> str:
        return self.need("contractType")

    @property
    def sign(self) -> int:
        """+1 for the lender, -1 for the borrower."""
        role = self.need("contractRole")
        if role not in ("RPA", "RPL"):
            raise DeclinedError(f"contractRole {role}: a loan has a lender (RPA) and a borrower (RPL)")
        return 1 if role == "RPA" else -1

    @property
    def day_count(self) -> DayCount:
        name = self.need("dayCountConvention")
        if name not in DAY_COUNTS:
            raise DeclinedError(f"dayCountConvention {name} is not used in consumer lending")
        return DAY_COUNTS[name]

    @property
    def month_end(self) -> MonthEnd:
        name = self.text("endOfMonthConvention") or "SD"
        if name not in ("SD", "EOM"):
            raise DeclinedError(f"endOfMonthConvention {name} is unknown")
        return MonthEnd.LAST_DAY if name == "EOM" else MonthEnd.SAME_DAY

    def shifted(self, at: Moment) -> tuple[Moment, int]:
        """The moment an event falls on and the day its interest counts to, under calendar and business-day convention."""
        convention = self.text("businessDayConvention") or "NULL"
        calendar = self.text("calendar") or "NC"
        if calendar not in CALENDARS:
            raise DeclinedError(f"calendar {calendar} is not given with the contract")
        if convention in ("NULL", "NOS") or not CALENDARS[calendar]:
            return at, at.counted
        first, shift = convention[:2], SHIFTS.get(convention[2:])
        if first not in ("SC", "CS") or shift is None:
            raise DeclinedError(f"businessDayConvention {convention} is unknown")
        closed = _closed_days(CALENDARS[calendar], self.holidays)
        moved = Moment(int(shift_day(at.on, int(shift), closed, _HORIZON[0])), at.late)
        return moved, moved.counted if first == "SC" else at.counted


def read_terms(texts: Mapping[str, Any]) -> Terms:
    """Terms from a case; raises DeclinedError for a contract type or a term that is outside consumer lending."""
    clean: dict[str, str] = {}
    holidays: tuple[int, ...] = ()
    for name, value in texts.items():
        if name == "holidays" and isinstance(value, list):
            holidays = tuple(moment(str(holiday)).on for holiday in value)
        elif isinstance(value, dict | list):
            if value:
                raise DeclinedError(_reason(name))
        elif value is not None and str(value).strip():
            clean[name] = str(value).strip()
    kind = clean.get("contractType", "")
    if kind not in CONTRACT_TYPES:
        raise DeclinedError(f"contractType {kind or 'missing'}: only {', '.join(CONTRACT_TYPES)} are loans of a consumer lender")
    for name, text in clean.items():
        if name in READ or name in WITHOUT_EFFECT or text in NEUTRAL.get(name, ()):
            continue
        raise DeclinedError(_reason(name))
    if clean.get("settlementCurrency", clean.get("currency")) != clean.get("currency"):
        raise DeclinedError(f"settlementCurrency {clean['settlementCurrency']}: a loan settles in its own currency")
    return Terms(texts=clean, holidays=holidays)


def _reason(name: str) -> str:
    for start, reason in REASONS.items():
        if name.lower().startswith(start.lower()) or start.lower() in name.lower():
            return f"{name}: {reason}"
    return f"{name}: no term of a consumer loan"


def ratio(numerator: int, denominator: int) -> int:
    """numerator / denominator in `RATE_SCALE`-ths."""
    return round(Fraction(numerator * RATE_SCALE, denominator))
