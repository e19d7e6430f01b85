"""Periods in words: what a head, a caption or a clause says about time, and the period that follows from it.

A text says a part only ("Three months ended September 30," over "2024"), so it becomes a `Hint`; hints of a column, its
caption and its document are laid over each other and then resolved to a period.
"""

import datetime as dt
import re
from dataclasses import dataclass, replace
from itertools import pairwise

from loanbook.tieout.figure import Period
from loanbook.tieout.read.lexicon import CARDINALS, MONTH, MONTHS, ORDINALS


def month_end(year: int, month: int) -> dt.date:
    """The last day of a month; months beyond 12 or below 1 run into the neighbouring years."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)


_MID_MONTH = (9, 21)
"""A period that ends beside a month's end, yet not on it, counts weeks: thirteen to a quarter."""


def is_mid_month(day: dt.date) -> bool:
    """Whether a day is no end of a period, be it counted in months or in weeks."""
    return _MID_MONTH[0] < day.day < _MID_MONTH[1]


def months_ended(end: dt.date, months: int) -> Period:
    """The period of so many months that ends on a day."""
    if end == month_end(end.year, end.month):
        return Period(start=month_end(end.year, end.month - months) + dt.timedelta(days=1), end=end)
    if not is_mid_month(end) and months % 3 == 0:
        return Period(start=end - dt.timedelta(days=91 * months // 3 - 1), end=end)
    before = month_end(end.year, end.month - months)
    return Period(start=before.replace(day=min(end.day, before.day)) + dt.timedelta(days=1), end=end)


def shift_years(period: Period, years: int) -> Period:
    """The same period of another year; ends of months stay ends of months."""

    def shifted(day: dt.date) -> dt.date:
        last = month_end(day.year + years, day.month)
        return last if day == month_end(day.year, day.month) else day.replace(year=day.year + years, day=min(day.day, last.day))

    return Period(end=shifted(period.end), start=None if period.start is None else shifted(period.start))


def length_months(period: Period) -> int:
    """Whole months of a duration, 0 for an instant."""
    if period.start is None:
        return 0
    return round((period.end - period.start).days / 30.4375)


def prior_period(period: Period) -> Period:
    """The period of the same length that ends where this one begins; for an instant the end of the quarter before."""
    if period.start is None:
        return Period(end=month_end(period.end.year, period.end.month - 3))
    return months_ended(period.start - dt.timedelta(days=1), length_months(period))


@dataclass(frozen=True, slots=True, kw_only=True)
class FiscalYear:
    """When fiscal years end, and which calendar year they are called after.

    month         month in whose last days a fiscal year ends
    named_ahead   0 where fiscal 2024 ends in 2024; 1 where it ends in 2025, as in Japan
    ends          days on which periods end that are counted in weeks, the most named first; none where months are counted
    """

    month: int = 12
    named_ahead: int = 0
    ends: tuple[dt.date, ...] = ()

    def end(self, year: int) -> dt.date:
        return self._near(month_end(year + self.named_ahead, self.month))

    def part(self, year: int, last_month: int, months: int) -> Period:
        """The months of fiscal `year` that end with its `last_month`-th month."""
        return months_ended(self._near(month_end(year + self.named_ahead, self.month - 12 + last_month)), months)

    def month_of(self, year: int | None, month: int, day: int) -> tuple[int | None, int]:
        """Year and month at whose end a day stands; where weeks are counted, February 1 stands at the end of January."""
        if not self.ends or day > _MID_MONTH[0]:
            return year, month
        return (year, month - 1) if month > 1 else (None if year is None else year - 1, 12)

    def name_of(self, end: dt.date) -> int:
        """What the fiscal year is called that a day is in."""
        year, month = self.month_of(end.year, end.month, end.day)
        return (year or end.year) + (month > self.month) - self.named_ahead

    def shift(self, period: Period, years: int) -> Period:
        """The same period of another year; where weeks are counted, the one that ends on a day that is known."""
        shifted = shift_years(period, years)
        end = self._near(shifted.end)
        if end == shifted.end:
            return shifted
        return Period(end=end, start=None if period.start is None else end - (period.end - period.start))

    def _near(self, day: dt.date) -> dt.date:
        return next((end for end in self.ends if abs((end - day).days) <= _MID_MONTH[0]), day)


CALENDAR_YEAR = FiscalYear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What a text says about time; None where it does not say.

    months     length of the duration; 0 for an instant ("as of")
    part       (last month within the fiscal year, months): (9, 3) is the third quarter, (6, 6) the first half
    year, month, day   of the end
    start      stated first day
    to_date    from the start of the fiscal year
    fiscal     the year is a fiscal year ("FY2024", a quarter's year)
    """

    months: int | None = None
    part: tuple[int, int] | None = None
    year: int | None = None
    month: int | None = None
    day: int | None = None
    start: dt.date | None = None
    to_date: bool = False
    fiscal: bool = False

    def __bool__(self) -> bool:
        return any(value is not None for value in (self.months, self.part, self.year, self.month, self.start))

    def over(self, below: "Hint") -> "Hint":
        """This hint, completed by what `below` says."""
        taken = {
            name: getattr(below, name)
            for name in ("months", "part", "year", "start")
            if getattr(self, name) is None and getattr(below, name) is not None
        }
        if self.month is None and self.part is None:
            taken |= {"month": below.month, "day": below.day}
        if self.part is not None or self.month is not None:
            taken.pop("start", None)
        if self.months is not None or self.month is not None:
            taken.pop("part", None)
        return replace(self, **taken, to_date=self.to_date or below.to_date, fiscal=self.fiscal or below.fiscal)


_YEAR = r"(?:19|20)\d{2}"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_END = r"(?!\w|[.,]\d)"
DATE = re.compile(
    rf"""(?P<iso>(?<!\d)(?P<y1>{_YEAR})-(?P<m1>\d{{2}})-(?P<d1>\d{{2}})(?!\d))
    |(?P<numeric>(?<![\d.,/])(?P<d2>\d{{1,2}})[./](?P<m2>\d{{1,2}})[./](?P<y2>{_YEAR})(?!\d))
    |(?P<dmy>(?<![\d.,])(?P<d3>{_DAY})[\s.-]*(?:of\s+|de\s+)?(?P<n3>{MONTH})(?:[\s,-]+(?:de\s+)?(?P<y3>{_YEAR}){_END}|[\s'’-]+(?P<s3>\d{{2}})(?!\w|[.,]\d))?(?!\s*\d{{1,2}}(?:,|\s+{_YEAR})))
    |(?P<mdy>(?P<n4>{MONTH})\s*(?P<d4>{_DAY})(?!\d)(?:\s*,?\s*(?P<y4>{_YEAR}){_END})?)
    |(?P<my>(?P<n5>{MONTH})[\s,.'’-]*(?:of\s+)?(?:(?P<y5>{_YEAR}){_END}|(?<=[-'’])(?P<s5>\d{{2}})(?!\w)))
    |(?P<month>(?<![A-Za-z])(?:January|February|March|April|June|July|August|September|October|November|December)(?![A-Za-z]))""",
    re.VERBOSE,
)
_BARE_YEAR = re.compile(rf"(?<![\w.,$€£¥/-]){_YEAR}(?=[\s,;:)\]–—-]|['’]s|[AEF]?$|[*¹²³⁰-⁹]|\.(?!\d))(?!,\d)")
_SHORT_YEAR = r"(?:(?:19|20)\d{2}|['’]?\d{2})"
_ORDINAL = r"1er|premier|[1-4](?:\.|e|ème|º)|deuxième|second|troisième|quatrième|primeir?o?|segundo|terceir?o?|quarto|cuarto"
_ORDINAL += r"|erste[ns]?|zweite[ns]?|dritte[ns]?|vierte[ns]?"
_QUARTER = re.compile(
    rf"""(?<![A-Za-z0-9])(?:
    Q(?P<q1>[1-4])(?:[\s'’/-]*(?:FY\s*|fiscal\s*)?(?P<y1>{_SHORT_YEAR}))?
    |(?P<q2>[1-4])Q(?:[\s'’/-]*(?:FY\s*)?(?P<y2>{_SHORT_YEAR}))?
    |(?:T(?P<q4>[1-4])[\s'’/-]*|(?P<q5>[1-4])T[\s'’/-]*)(?P<y0>{_SHORT_YEAR})
    |(?:FY)?(?P<y3>(?:19|20)\d{{2}})[\s/-]*Q(?P<q3>[1-4])
    |(?P<o4>first|second|third|fourth|1st|2nd|3rd|4th)[\s-]+(?:fiscal\s+)?quarters?(?:[\s,]+(?:of\s+)?(?:the\s+)?(?:fiscal\s+)?(?:years?\s+)?(?:FY)?(?P<y4>{_YEAR}))?
    |(?P<y5>(?:19|20)\d{{2}})\s+(?P<o5>first|second|third|fourth)\s+quarter
    |[HS](?P<h1>[12])(?:[\s'’/-]*(?:FY\s*)?(?P<y6>{_SHORT_YEAR}))?
    |(?P<h2>[12])[HS](?:[\s'’/-]*(?:FY\s*)?(?P<y7>{_SHORT_YEAR}))?
    |(?P<o8>first|second)[\s-]+half(?:[\s-]+years?)?(?:[\s,]+(?:of\s+)?(?:the\s+)?(?:fiscal\s+)?(?:years?\s+)?(?:FY)?(?P<y8>{_YEAR}))?
    |(?P<o9>{_ORDINAL})\s+(?:(?P<k9>semestre|Halbjahr(?:e?s)?)|trimestre|Quartals?)(?:[\s,]+(?:de\s+)?(?P<y00>{_YEAR}))?
    |(?P<n9>[369]|12)M(?:[\s'’/-]*(?:FY\s*)?(?P<y9>{_SHORT_YEAR}))?
    )(?![A-Za-z0-9])""",
    re.VERBOSE | re.IGNORECASE,
)
_FISCAL = re.compile(
    rf"(?<![A-Za-z])(?:FY|fiscal(?:\s+year)?s?|financial\s+year|full[\s-]+year|year)[\s'’-]*(?P<y>{_SHORT_YEAR})(?![\w]"
    rf"|[.,]\d|\s*(?:million|billion))",
    re.IGNORECASE,
)
_COUNT = r"(?P<n>" + "|".join(CARDINALS) + r"|\d{1,2})"
_LENGTH = re.compile(
    rf"(?<![A-Za-z]){_COUNT}[\s-]*(?P<u>months?|weeks?)(?:[\s-]+periods?)?(?=[\s-]+(?:ended|ending|to|period|of|through"
    rf"|until)|[\s-]+(?:19|20)\d\d|\s*[,:)]|\s*$)",
    re.IGNORECASE,
)
_KINDS = (
    (
        12,
        re.compile(
            r"(?<!half )(?<!half-)\b(?:fiscal |financial |full |calendar )?years?\s+(?:ended|ending|to)\b"
            r"|\bfull[\s-]year\b|\bannual\b"
            r"|\btwelve\s+months\b|\bfor\s+the\s+(?:fiscal\s+|financial\s+)?years?\b",
            re.IGNORECASE,
        ),
    ),
    (
        3,
        re.compile(
            r"\bquarters?(?:ly)?(?:\s+period)?\s+(?:ended|ending|to)\b|\bquarters?\s*$|\bfor\s+the\s+quarters?\b"
            r"|\bquarterly\b",
            re.IGNORECASE,
        ),
    ),
    (6, re.compile(r"\b(?:half|half[\s-]year|six[\s-]months?)\s+(?:ended|ending|to)\b|\bhalf[\s-]year\b", re.IGNORECASE)),
    (
        0,
        re.compile(
            r"\b(?:as\s+(?:of|at)|at\s+(?:the\s+)?(?:end|close)|balance\s+at)\s+(?=\w)|\b(?:per|zum|au)\s+(?=\d)|^\s*at\b"
            r"|^\s*as\s+(?:of"
            r"|at)\s*:?\s*$",
            re.IGNORECASE,
        ),
    ),
)
_MONTHS = re.compile(rf"(?P<m1>{MONTH})\s?(?:-|–|—|to|through)\s?(?P<m2>{MONTH})[\s,]+(?P<y>{_YEAR})(?!\w|[.,]\d)")
_RANGE = re.compile(r"\s*(?:to|through|until|-|–|—|bis)\s*", re.IGNORECASE)
_YTD = re.compile(r"\byear[\s-]to[\s-]date\b|\bYTD\b", re.IGNORECASE)


def _year(text: str | None) -> int | None:
    if text is None:
        return None
    digits = text.lstrip("'’")
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def date_parts(match: re.Match[str]) -> tuple[int | None, int, int | None]:
    """Year, month and day of a match of DATE; the day is None for a month."""
    part = match.groupdict()
    if part["iso"]:
        return int(part["y1"]), int(part["m1"]), int(part["d1"])
    if part["numeric"]:
        day, month = int(part["d2"]), int(part["m2"])
        return int(part["y2"]), *((month, day) if month <= 12 else (day, month))
    if part["dmy"]:
        return _year(part["y3"] or part["s3"]), MONTHS[part["n3"].lower().rstrip(".")], int(re.sub(r"\D", "", part["d3"]))
    if part["mdy"]:
        return _year(part["y4"]), MONTHS[part["n4"].lower().rstrip(".")], int(re.sub(r"\D", "", part["d4"]))
    if part["my"]:
        return _year(part["y5"] or part["s5"]), MONTHS[part["n5"].lower().rstrip(".")], None
    return None, MONTHS[part["month"].lower()], None


def _day(year: int, month: int, day: int | None) -> dt.date | None:
    last = month_end(year, month) if 1 <= month <= 12 else None
    if last is None or day is None:
        return last
    return last.replace(day=day) if 1 <= day <= last.day else None


def read_hint(text: str) -> Hint:
    """What a head, caption or clause says about time. Years that differ ("2024 and 2023") leave the year open."""
    to_date = _YTD.search(text)
    if to_date is not None:
        return replace(_read_hint(f"{text[: to_date.start()]} {text[to_date.end() :]}"), months=None, part=None, to_date=True)
    return _read_hint(text)


def _read_hint(text: str) -> Hint:
    months: int | None = None
    length = _LENGTH.search(text)
    if length is not None:
        count = CARDINALS.get(length["n"].lower()) or (int(length["n"]) if length["n"].isdigit() else 0)
        months = count if length["u"].lower().startswith("month") else round(count / 4.345)
    else:
        months = next((count for count, pattern in _KINDS if pattern.search(text)), None)
    run = _MONTHS.search(text)
    if run is not None:
        first, last = (MONTHS[run[name].lower().rstrip(".")] for name in ("m1", "m2"))
        year = int(run["y"])
        return Hint(start=dt.date(year if first <= last else year - 1, first, 1), year=year, month=last)
    found = [(match, *date_parts(match)) for match in DATE.finditer(text)]
    found = [each for each in found if 1 <= each[2] <= 12]
    for (one, y1, m1, d1), (other, y2, m2, d2) in pairwise(found[:4]):
        if _RANGE.fullmatch(text[one.end() : other.start()]) and y2 is not None:
            start = _day(y1 or (y2 if m1 <= m2 else y2 - 1), m1, d1)
            end = _day(y2, m2, d2)
            if start is not None and end is not None and start < end:
                return Hint(start=start if d1 is not None else start.replace(day=1), year=y2, month=m2, day=d2)
    quarter = _QUARTER.search(text)
    if quarter is not None and not (found and found[0][3] is not None):
        return _part_hint(quarter, text)
    if found:
        days = {(month, day) for _, _, month, day in found}
        years = {year for _, year, _, _ in found if year is not None} | _bare_years(text)
        month, day = found[0][2:]
        if len(days) > 1:
            return Hint(months=months)
        return Hint(months=months, year=min(years) if len(years) == 1 else None, month=month, day=day)
    fiscal = _FISCAL.search(text)
    years = _bare_years(text)
    if fiscal is not None:
        years.add(_year(fiscal["y"]) or 0)
    return Hint(
        months=12 if months is None and fiscal is not None else months,
        year=next(iter(years)) if len(years) == 1 else None,
        fiscal=fiscal is not None,
    )


def _bare_years(text: str) -> set[int]:
    return {int(match.group()) for match in _BARE_YEAR.finditer(text)}


NO_HINT = Hint()
_FIRST_LETTERS = (("1", "p", "er"), ("2", "deux", "se", "zw"), ("3", "t", "dr"), ("4", "qu", "cu", "v"))
"""How ordinals of other languages begin."""


def part_hint(text: str) -> Hint | None:
    """The first quarter, half or run of months that a text names, whatever dates stand beside it."""
    match = _QUARTER.search(text)
    return None if match is None else _part_hint(match, text)


def _part_hint(match: re.Match[str], text: str) -> Hint:
    """A quarter, half or run of months from the fiscal year's start."""
    part = match.groupdict()
    year = next(
        (_year(part[name]) for name in ("y1", "y2", "y3", "y4", "y5", "y6", "y7", "y8", "y9", "y0", "y00") if part[name]), None
    )
    if year is None:
        years = _bare_years(text)
        year = next(iter(years)) if len(years) == 1 else None
    number = next((part[name] for name in ("q1", "q2", "q3", "q4", "q5", "h1", "h2") if part[name]), None)
    ordinal = next((part[name] for name in ("o4", "o5", "o8") if part[name]), None)
    count = int(number) if number else ORDINALS[ordinal.lower()] if ordinal else 0
    if part["o9"]:
        count = next(number for number, first in enumerate(_FIRST_LETTERS, 1) if part["o9"].lower().startswith(first))
    if part["n9"]:
        return Hint(part=(int(part["n9"]), int(part["n9"])), year=year, fiscal=True)
    if part["h1"] or part["h2"] or part["o8"] or part["k9"]:
        return Hint(part=(6 * count, 6), year=year, fiscal=True)
    return Hint(part=(3 * count, 3), year=year, fiscal=True)


def resolve(hint: Hint, fiscal_year: FiscalYear, *, instant: bool | None) -> Period | None:
    """The period of a hint, None where it says too little.

    instant   whether the statement is of balances (True), of flows (False) or neither is known (None)
    """
    if hint.part is not None and hint.year is not None:
        period = fiscal_year.part(hint.year, *hint.part)
        return Period(end=period.end) if instant or hint.months == 0 else period
    if hint.year is None:
        return None
    if hint.month is None and hint.months in (6, 9):
        return resolve(replace(hint, part=(hint.months, hint.months)), fiscal_year, instant=instant)
    if hint.month is not None:
        end = _day(hint.year, hint.month, hint.day)
        if end is None:
            return None
    else:
        end = fiscal_year.end(hint.year)
    if hint.start is not None and hint.start < end:
        return Period(start=hint.start, end=end)
    if instant or hint.months == 0:
        return Period(end=end)
    if hint.to_date:
        month = fiscal_year.month_of(end.year, end.month, end.day)[1]
        return months_ended(end, (month - fiscal_year.month - 1) % 12 + 1)
    if hint.months:
        return months_ended(end, hint.months)
    if hint.month is None:
        return months_ended(end, 12)
    return None if instant is False else Period(end=end)
