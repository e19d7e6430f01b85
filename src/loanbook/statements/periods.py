"""Periods of statements: a flow from day to day, or a balance at a day."""

import datetime as dt
from dataclasses import dataclass

from loanbook.errors import RequestError
from loanbook.units import date, day


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Period:
    """Days as numbers since 1970-01-01, both included; `starts_on` None is a balance at the end of `ends_on`."""

    ends_on: int
    starts_on: int | None = None

    @property
    def is_instant(self) -> bool:
        """A balance, not a flow."""
        return self.starts_on is None

    @property
    def end(self) -> "Period":
        """The balance at its end."""
        return Period(ends_on=self.ends_on)

    @property
    def eve(self) -> "Period":
        """The balance before it begins."""
        if self.starts_on is None:
            raise RequestError(f"{self} is a day; only a period has a day before it.")
        return Period(ends_on=self.starts_on - 1)

    @property
    def months(self) -> int:
        """Calendar months that it covers; 0 for an instant."""
        if self.starts_on is None:
            return 0
        first, last = date(self.starts_on), date(self.ends_on)
        return (last.year - first.year) * 12 + last.month - first.month + 1

    def a_year_before(self) -> "Period":
        """The same days of the year before; the last of February stays the last of February."""
        return Period(
            ends_on=_year_before(self.ends_on), starts_on=None if self.starts_on is None else _year_before(self.starts_on)
        )

    def __str__(self) -> str:
        last = date(self.ends_on).isoformat()
        return last if self.starts_on is None else f"{date(self.starts_on).isoformat()}/{last}"


def period(text: str) -> Period:
    """The period of a text: "2024-06-30", "2024-01-01/2024-06-30", "2024Q2", "2024H1", "2024M9" (January to September), "2024".

    raises   RequestError for other text, or an end before its beginning
    """
    if "/" in text:
        first, last = (day(part) for part in text.split("/", 1))
        if last < first:
            raise RequestError(f"the period {text} ends before it begins.")
        return Period(starts_on=first, ends_on=last)
    if "-" in text:
        return Period(ends_on=day(text))
    year, rest = text[:4], text[4:]
    spans = {"": (1, 12), "H1": (1, 6), "H2": (7, 12)}
    spans |= {f"Q{quarter}": (3 * quarter - 2, 3 * quarter) for quarter in range(1, 5)} | {
        f"M{month}": (1, month) for month in range(1, 13)
    }
    if not year.isdigit() or len(year) < 4 or rest not in spans:
        raise RequestError(f"{text!r} is not a period. Write a day, two days with / between, 2024Q2, 2024H1, 2024M9 or 2024.")
    first_month, last_month = spans[rest]
    following = dt.date(int(year) + last_month // 12, last_month % 12 + 1, 1)
    return Period(starts_on=day(dt.date(int(year), first_month, 1)), ends_on=day(following) - 1)


def _year_before(number: int) -> int:
    following = date(number + 1)
    return day(following.replace(year=following.year - 1)) - 1 if following.day == 1 else day(_same_day(date(number)))


def _same_day(value: dt.date) -> dt.date:
    return value.replace(year=value.year - 1)
