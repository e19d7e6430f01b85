"""How a figure is written: exact fractions in, text out, rounded half-up once.

Formats follow the releases of listed platforms: volume and balance in millions without decimals (a smaller book keeps one or two,
or no growth could be read; below a million plainly), counts exact, tenor, the 90 day+ ratio and C-M2 with two decimals, other
rates with one; growth from unrounded figures with one decimal.
"""

from dataclasses import dataclass
from fractions import Fraction

from loanbook.errors import RequestError

SYMBOLS = {"CNY": "RMB", "USD": "US$"}
"""How a currency is written before an amount; any other is written by its ISO code."""

NONE = "–"
"""Stands where there is no figure."""

MILLION = 1_000_000
SMALL_BOOK = 10 * MILLION
LARGE_BOOK = 1000 * MILLION
"""Amounts under ten million keep two decimals of a million, under a thousand million one: a growth of some per cent stands beside
two amounts that differ."""

WHOLE_FROM = 1_000
"""Amounts below a million are written in whole units from here on, with their decimals below."""

TWO_DECIMALS = ("90", "c_m2")
"""A share whose measure id carries one of these is written with two decimals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    """The money of a book: its ISO code and the decimals of its minor unit."""

    code: str
    decimals: int = 2

    @property
    def symbol(self) -> str:
        """RMB for CNY, US$ for USD, else the ISO code."""
        return SYMBOLS.get(self.code, self.code)

    def units(self, fen: Fraction | int) -> Fraction:
        """Minor units as units of the currency."""
        return Fraction(fen) / Fraction(10**self.decimals)


def half_up(value: Fraction, places: int) -> str:
    """A fraction with thousands commas and `places` decimals, halves away from zero; no minus before a zero."""
    scaled, rest = divmod(abs(value.numerator) * 10**places, value.denominator)
    if 2 * rest >= value.denominator:
        scaled += 1
    whole, part = divmod(scaled, 10**places)
    sign = "-" if value < 0 and scaled else ""
    return f"{sign}{whole:,}.{part:0{places}d}" if places else f"{sign}{whole:,}"


def money(fen: Fraction | int, currency: Currency) -> str:
    """An amount in millions: "RMB 1,234 million", "RMB 12.3 million", "RMB 1.23 million"; below one plainly: "RMB 30,844"."""
    exact = currency.units(fen)
    if abs(exact) < MILLION:
        places = 0 if exact == 0 or abs(exact) >= WHOLE_FROM else min(currency.decimals, 2)
        return f"{currency.symbol} {half_up(exact, places)}"
    places = 2 if abs(exact) < SMALL_BOOK else 1 if abs(exact) < LARGE_BOOK else 0
    return f"{currency.symbol} {half_up(exact / MILLION, places)} million"


def exact_money(fen: int, currency: Currency) -> str:
    """An amount to its last minor unit: "RMB 1,234,567.89"."""
    return f"{currency.symbol} {plain_money(fen, currency)}"


def plain_money(fen: int, currency: Currency) -> str:
    """The same without its currency, for tables that name it above."""
    return half_up(currency.units(fen), currency.decimals)


def percent(share: Fraction, places: int = 1) -> str:
    """A share as per cent: Fraction(1, 8) is "12.5%"."""
    return f"{half_up(share * 100, places)}%"


def places_of(measure: str) -> int:
    """Decimals of a share: two for 90 day+ delinquency and C-M2, which are small, else one."""
    return 2 if any(mark in measure for mark in TWO_DECIMALS) else 1


def figure(value: Fraction | None, *, measure: str, unit: str, currency: Currency) -> str:
    """A measure's value as text.

    unit     money (minor units), count, months or share (a fraction of one)
    raises   RequestError for another unit
    """
    if value is None:
        return NONE
    match unit:
        case "money":
            return money(value, currency)
        case "count":
            return half_up(value, 0)
        case "months":
            return f"{half_up(value, 2)} months"
        case "share":
            return percent(value, places_of(measure))
    raise RequestError(f"measure {measure}: unit {unit!r} cannot be written. Use money, count, months or share.")


def change(current: Fraction | None, earlier: Fraction | None, *, measure: str, unit: str) -> str:
    """Growth in per cent from unrounded figures; for a share the difference in percentage points ("+0.25 pp")."""
    if current is None or earlier is None:
        return NONE
    if unit == "share":
        return _signed((current - earlier) * 100, places_of(measure)) + " pp"
    if earlier <= 0:
        return NONE
    return _signed((current / earlier - 1) * 100, 1) + "%"


def _signed(value: Fraction, places: int) -> str:
    text = half_up(value, places)
    if value > 0 and Fraction(text.replace(",", "")) > 0:
        return f"+{text}"
    return text.replace("-", "−")
