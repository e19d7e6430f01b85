"""The fiscal calendar of a document, learned from what it says of years, quarters and weeks that ended."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from loanbook.tieout.read.calendar import DATE, FiscalYear, date_parts, is_mid_month
from loanbook.tieout.read.lexicon import CARDINALS, ORDINALS

_YEAR_ENDED = re.compile(r"\b(?P<fiscal>(?:fiscal|financial)\s+)?years?\s+(?:ended|ending|ends)\s+(?:on\s+)?", re.IGNORECASE)
_QUARTER_ENDED = re.compile(
    r"\b(?P<part>first|second|third|fourth)\s+(?:fiscal\s+)?quarter(?:\s+of\s+(?:fiscal\s+(?:year\s+)?)?(?:20\d\d))?,?\s+("
    r"?:which\s+)?(?:ended|ending)\s+",
    re.IGNORECASE,
)
_CALLED_BEFORE = re.compile(
    r"\b(?:FY|fiscal(?:\s+year)?\s*)(?P<name>20\d\d)\b[^.;\n]{0,60}?\b(?:ended|ending)\s+(?:on\s+)?", re.IGNORECASE
)
_CALLED_AFTER = re.compile(r"\s*[(,]\s*[“\"]?(?:the\s+)?[“\"]?(?:FY|fiscal(?:\s+year)?\s*)(?P<name>20\d\d)", re.IGNORECASE)
_QUARTER_OF = re.compile(
    r"\b(?P<part>first|second|third|fourth)\s+(?:fiscal\s+)?quarter\s+(?:of\s+)?(?:FY|fiscal(?:\s+year)?)\s*(?P<name>20\d\d)",
    re.IGNORECASE,
)
_WEEKS = re.compile(
    r"\b(?P<count>13|26|39|thirteen|twenty-six|thirty-nine)[\s-]weeks?(?:\s+periods?)?\s+(?:ended|ending)\b", re.IGNORECASE
)
_BEFORE_DATE = 80
"""Heads of a table stand within so many characters before the dates below them."""

Day = tuple[int | None, int, int]


def fiscal_year_of(whole: str) -> FiscalYear:
    """When the fiscal years of a document end and what they are called, the calendar year where it does not say."""
    calendar = FiscalYear(ends=_week_ends(whole))
    months = Counter[int]()
    for match in _YEAR_ENDED.finditer(whole):
        if (day := _day(whole, match.end())) is not None:
            months[calendar.month_of(*day)[1]] += 2 if match["fiscal"] else 1
    for match in _QUARTER_ENDED.finditer(whole):
        if (day := _day(whole, match.end())) is not None:
            months[_year_end(calendar.month_of(*day)[1], 3 * ORDINALS[match["part"].lower()])] += 1
    if not months:
        for match in _WEEKS.finditer(whole):
            found = DATE.search(whole, match.end(), match.end() + _BEFORE_DATE)
            if found is not None and (day := _day(whole, found.start())) is not None and _weeks(match) > 13:
                months[_year_end(calendar.month_of(*day)[1], 3 * _weeks(match) // 13)] += 1
    calendar = replace(calendar, month=months.most_common(1)[0][0] if months else 12)
    ahead = _named_ahead(whole, calendar)
    return replace(calendar, named_ahead=_ahead_by_quarters(whole, calendar) if ahead is None else ahead)


def _weeks(match: re.Match[str]) -> int:
    text = match["count"].lower()
    return int(text) if text.isdigit() else CARDINALS[text]


def _year_end(month: int, passed: int) -> int:
    """The month in which a fiscal year ends of which so many months have passed in `month`."""
    return (month - passed - 1) % 12 + 1


def _day(whole: str, at: int) -> Day | None:
    """Year, month and day of the date that stands there."""
    found = DATE.match(whole, at)
    if found is None:
        return None
    year, month, day = date_parts(found)
    return None if day is None or not 1 <= month <= 12 else (year, month, day)


def _dates(whole: str) -> Iterator[dt.date]:
    for match in DATE.finditer(whole):
        year, month, day = date_parts(match)
        if year is not None and day is not None:
            try:
                yield dt.date(year, month, day)
            except ValueError:
                continue


def _week_ends(whole: str) -> tuple[dt.date, ...]:
    """Days on which periods counted in weeks end, the most named first: all of one day of the week, near ends of months."""
    if _WEEKS.search(whole) is None:
        return ()
    named = Counter(day for day in _dates(whole) if not is_mid_month(day))
    weekdays = Counter[int]()
    for day, count in named.items():
        weekdays[day.weekday()] += count
    usual = weekdays.most_common(1)[0][0] if weekdays else 0
    return tuple(day for day, _ in named.most_common() if day.weekday() == usual)


def _named_ahead(whole: str, calendar: FiscalYear) -> int | None:
    """By how much the year of its end is ahead of a fiscal year's name, None where the document does not say."""
    for match in _CALLED_BEFORE.finditer(whole):
        day = _day(whole, match.end())
        if day is not None and day[0] is not None and (at := calendar.month_of(*day))[1] == calendar.month:
            return max(0, min(1, (at[0] or day[0]) - int(match["name"])))
    for match in _YEAR_ENDED.finditer(whole):
        found = DATE.match(whole, match.end())
        called = _CALLED_AFTER.match(whole, found.end()) if found is not None else None
        day = _day(whole, match.end())
        if called is not None and day is not None and day[0] is not None:
            return max(0, min(1, (calendar.month_of(*day)[0] or day[0]) - int(called["name"])))
    return None


def _ahead_by_quarters(whole: str, calendar: FiscalYear) -> int:
    """The naming under which more of the quarters that are named by a fiscal year end on a day that the document names."""
    if calendar.month == 12:
        return 0
    known = set(_dates(whole))
    fits = Counter[int]()
    for match in _QUARTER_OF.finditer(whole):
        for ahead in (0, 1):
            quarter = replace(calendar, named_ahead=ahead).part(int(match["name"]), 3 * ORDINALS[match["part"].lower()], 3)
            fits[ahead] += quarter.end in known
    return 1 if fits[1] > fits[0] else 0
