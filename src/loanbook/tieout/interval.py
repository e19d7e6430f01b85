"""Decimal intervals: what a displayed figure may stand for, and what follows from it.

A figure displayed as 1,234.5 stands for anything from 1,234.45 to 1,234.55. Arithmetic on intervals keeps every value that the
inputs allow, so a derived figure that lies outside cannot come from them by rounding.
"""

from dataclasses import dataclass
from decimal import Decimal

from loanbook.errors import RequestError


@dataclass(frozen=True, slots=True)
class Interval:
    """All numbers from `low` to `high`, both included."""

    low: Decimal
    high: Decimal

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise RequestError(f"An interval runs from its lower end to its upper end, not from {self.low} to {self.high}.")

    @classmethod
    def exact(cls, value: Decimal) -> "Interval":
        """The interval that holds one number, as a stated exchange rate does."""
        return cls(value, value)

    @classmethod
    def displayed(cls, value: Decimal, step: Decimal) -> "Interval":
        """What a figure displayed to a multiple of `step` may stand for: half a step to either side."""
        half = step / 2
        return cls(value - half, value + half)

    def __add__(self, other: "Interval") -> "Interval":
        return Interval(self.low + other.low, self.high + other.high)

    def __sub__(self, other: "Interval") -> "Interval":
        return Interval(self.low - other.high, self.high - other.low)

    def __neg__(self) -> "Interval":
        return Interval(-self.high, -self.low)

    def __mul__(self, other: "Interval") -> "Interval":
        ends = (self.low * other.low, self.low * other.high, self.high * other.low, self.high * other.high)
        return Interval(min(ends), max(ends))

    def __truediv__(self, other: "Interval") -> "Interval":
        """Raises RequestError when the divisor may be nought."""
        if other.low <= 0 <= other.high:
            raise RequestError(f"A figure between {other.low} and {other.high} may be nought and divides nothing.")
        ends = (self.low / other.low, self.low / other.high, self.high / other.low, self.high / other.high)
        return Interval(min(ends), max(ends))

    def widen(self, by: Decimal) -> "Interval":
        """The interval with `by` more at either end."""
        return Interval(self.low - by, self.high + by)

    def meets(self, other: "Interval") -> bool:
        """Whether one number lies in both."""
        return self.low <= other.high and other.low <= self.high

    def gap(self, other: "Interval") -> Decimal:
        """How far the two are apart; nought where they meet."""
        return max(Decimal(0), self.low - other.high, other.low - self.high)
