"""How a figure is written: the one place where a release's formats are. Input are integers in the unit of a line."""

from loanbook.units import HALF_UP, format_money, mul_div

NIL = "-"
_THOUSANDS_PER_MILLION = 1_000
_THOUSANDS_PER_BILLION = 1_000_000


def plain(amount: int, nil: str = NIL) -> str:
    """Thousands, shares and counts of a table: "1,234", "(1,234)" for negatives, `nil` for nothing."""
    if amount == 0:
        return nil
    return f"({-amount:,})" if amount < 0 else f"{amount:,}"


def hundredths(amount: int, nil: str = NIL) -> str:
    """Money a share: "7.30", "(0.12)"."""
    if amount == 0:
        return nil
    return f"({_decimal(-amount, 100, 2)})" if amount < 0 else _decimal(amount, 100, 2)


def percent(tenths: int) -> str:
    """Tenths of a percent: "27.9%"; a negative one is "-3.0%"."""
    return f"{_decimal(tenths, 10, 1)}%"


def percent_whole(percents: int) -> str:
    """Whole percents, rounded once before: "65%"."""
    return f"{percents}%"


def times(tenths: int) -> str:
    """A multiple: "2.4"."""
    return _decimal(tenths, 10, 1)


def million(thousands: int, decimals: int = 1) -> str:
    """Prose in millions: 4,153,183 is "4,153.2 million", -213,267 is "-213.3 million"."""
    return f"{_decimal(thousands, _THOUSANDS_PER_MILLION, decimals)} million"


def billion(thousands: int, decimals: int = 2) -> str:
    """Quotes in billions: 4,153,183 is "4.15 billion"."""
    return f"{_decimal(thousands, _THOUSANDS_PER_BILLION, decimals)} billion"


def yuan(text: str) -> str:
    """RMB in front: "RMB4,153.2 million", "RMB-213.3 million"."""
    return f"RMB{text}"


def dollars(text: str) -> str:
    """US$ in front: "US$575.2 million"."""
    return f"US${text}"


def count_in_millions(ones: int, decimals: int = 2) -> str:
    """Shares and users in millions: 156,013,596 is "156.01 million"."""
    return f"{_decimal(ones, 1_000_000, decimals)} million"


def _decimal(amount: int, scale: int, decimals: int) -> str:
    return format_money(int(mul_div(amount, 10**decimals, scale, HALF_UP)), decimals)


BY_UNIT = {
    "money": plain,
    "shares": plain,
    "count": plain,
    "million": plain,
    "per_share": hundredths,
    "hundredths": hundredths,
}
"""How a table writes a figure of a unit; shares of a whole and multiples have no sign for nothing."""


def cell(amount: int | None, unit: str, nil: str = NIL) -> str:
    """The text of a table's cell; empty where the figure is not known."""
    if amount is None:
        return ""
    if unit in BY_UNIT:
        return BY_UNIT[unit](amount, nil)
    if unit == "percent":
        return percent(amount)
    return count_in_millions(amount * 100_000, 1).removesuffix(" million") if unit == "tenths_million" else times(amount)
