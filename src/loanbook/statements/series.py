"""Series over month ends, taken out of a close's tables for pictures and sentences."""

import datetime as dt
from collections.abc import Callable, Sequence
from itertools import pairwise

from loanbook.statements.close_folder import PAST_DUE, Row
from loanbook.statements.figures import MILLION, Currency
from loanbook.terms.families import STATES

Line = list[tuple[dt.date, float]]

_STEPS = ("current", *PAST_DUE)
_YEAR = 12


def roll_rates(rows: Sequence[Row]) -> dict[str, Line]:
    """For each bucket the part of its principal that moved one bucket down in a month: "current → 1-30", "1-30 → 31-60", ...

    A month in which the bucket held principal and none of it moved down counts with 0; a step that this book never takes
    (loans written off before 181 days) has no line.
    """
    held = sorted({(row["month_end"], row["from_bucket"]) for row in rows if row["rate"] is not None})
    rates = {(row["month_end"], row["from_bucket"], row["to_bucket"]): row["rate"] for row in rows}
    lines: dict[str, Line] = {}
    for upper, lower in pairwise(_STEPS):
        line = [(day, rates.get((day, upper, lower)) or 0.0) for day, bucket in held if bucket == upper]
        if any(rate for _, rate in line) or (line and upper == "current"):
            lines[f"{upper} → {lower}"] = line
    return lines


def quarter_ends(rows: Sequence[Row]) -> list[dt.date]:
    """The month ends in the quarter of the last one: the months that the measures of a quarter add up."""
    days = sorted({row["month_end"] for row in rows})
    return [day for day in days if (day.year, (day.month - 1) // 3) == (days[-1].year, (days[-1].month - 1) // 3)]


def span(days: Sequence[dt.date]) -> str:
    """in September 2024, or from July to September 2024."""
    if len(days) == 1:
        return f"in {month_name(days[0])}"
    return f"from {days[0]:%B} to {month_name(days[-1])}"


def matrix(rows: Sequence[Row], days: Sequence[dt.date]) -> tuple[list[str], list[str], dict[tuple[str, str], tuple[int, int]]]:
    """Moves summed over the month ends `days`.

    returns   buckets moved from, buckets moved to, and (from, to) -> (principal moved, principal at the start), minor units
    """
    moved: dict[tuple[str, str], int] = {}
    start: dict[str, int] = {}
    for row in rows:
        if row["month_end"] in days:
            pair = (row["from_bucket"], row["to_bucket"])
            moved[pair] = moved.get(pair, 0) + row["principal_fen"]
            start[pair[0]] = start.get(pair[0], 0) + row["principal_fen"]
    order = {name: place for place, name in enumerate(STATES)}
    sources = sorted((name for name in start if start[name]), key=lambda name: order.get(name, len(order)))
    targets = sorted({pair[1] for pair, amount in moved.items() if amount}, key=lambda name: order.get(name, len(order)))
    return sources, targets, {pair: (amount, start[pair[0]]) for pair, amount in moved.items()}


def observed_curves(rows: Sequence[Row], first: dt.date | None) -> list[Row]:
    """The part of vintage curves that the book saw: ages its youngest loans had in the month `first` or later.

    Loans of a tape enter in the middle of their lives; before that nothing is known of them, and nothing is drawn.
    """
    if first is None:
        return list(rows)
    start = first.year * 12 + first.month - 1
    return [row for row in rows if _last_month(row["vintage"]) + row["mob"] >= start]


def unbroken(rows: Sequence[Row]) -> list[Row]:
    """The rows of the months that follow on one another up to the last: nothing is drawn across months that are not told."""
    days = sorted({row["month_end"] for row in rows}, reverse=True)
    kept = days[:1]
    for day in days[1:]:
        if _months_between(day, kept[-1]) > 1:
            break
        kept.append(day)
    return [row for row in rows if row["month_end"] in set(kept)]


def first_observed(rows: Sequence[Row]) -> dt.date | None:
    """The first month end with an outstanding balance."""
    return min((row["month_end"] for row in rows if row["principal_fen"]), default=None)


def _last_month(vintage: str) -> int:
    return int(vintage[:4]) * 12 + int(vintage[5:]) * 3 - 1


def total_by_month(rows: Sequence[Row], column: str, *, where: Callable[[Row], bool] = bool) -> dict[dt.date, float]:
    """A column summed by month end over the rows that `where` keeps; months without such rows are absent."""
    totals: dict[dt.date, float] = {}
    for row in rows:
        if where(row):
            totals[row["month_end"]] = totals.get(row["month_end"], 0) + (row[column] or 0)
    return totals


def lending_months(rows: Sequence[Row], as_of: dt.date) -> list[dt.date]:
    """Every month end from the first with a loan to `as_of`, also those in which nothing was lent.

    A book that has lent nothing for a year (a tape in run-off) ends with its last loan.
    """
    days = {row["month_end"] for row in rows}
    if not days:
        return []
    last = max(days) if _months_between(max(days), as_of) > _YEAR else as_of
    found = [min(days)]
    while _months_between(found[-1], last) > 0:
        after = found[-1] + dt.timedelta(days=1)
        ends_on = (after.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
        found.append(min(ends_on, last))
    return found


def _months_between(first: dt.date, last: dt.date) -> int:
    return (last.year - first.year) * _YEAR + last.month - first.month


def amount_scale(most_fen: int, currency: Currency) -> tuple[int, str]:
    """What to divide minor units by where the largest amount is `most_fen`, and the word for it: millions or none."""
    one = 10**currency.decimals
    return (one * MILLION, " million") if most_fen >= one * MILLION else (one, "")


def most_in_a_month(rows: Sequence[Row]) -> int:
    """The largest month's principal, minor units."""
    return round(max(total_by_month(rows, "principal_fen").values(), default=0))


def parts_by_month(rows: Sequence[Row], split: str, days: Sequence[dt.date], scale: int, *, most: int = 6) -> dict[str, Line]:
    """Principal over `scale` on each of the days for each value of a split; beyond `most` values the smaller ones are "other"."""
    totals: dict[str, int] = {}
    for row in rows:
        totals[row[split]] = totals.get(row[split], 0) + row["principal_fen"]
    leading = sorted(totals, key=lambda name: -totals[name])
    named = set(leading if len(leading) <= most else leading[: most - 1])
    parts: dict[str, dict[dt.date, float]] = {}
    for row in rows:
        name = spoken(row[split]) if row[split] in named else "other"
        line = parts.setdefault(name, dict.fromkeys(days, 0.0))
        if row["month_end"] in line:
            line[row["month_end"]] += row["principal_fen"] / scale
    return {name: sorted(line.items()) for name, line in parts.items()}


def month_name(day: dt.date) -> str:
    """September 2024."""
    return f"{day:%B %Y}"


def spoken(code: str | None) -> str:
    """A code of the book as a reader says it: capital_heavy is "capital heavy"."""
    return code.replace("_", " ") if code else "not named"
