"""Series over month ends, taken out of a close's tables for pictures and sentences."""

import datetime as dt
from collections.abc import Callable, Sequence
from itertools import pairwise

from loanbook.statements.close_folder import PAST_DUE, Row
from loanbook.terms.families import STATES

Line = list[tuple[dt.date, float]]

_STEPS = ("current", *PAST_DUE)


def roll_rates(rows: Sequence[Row]) -> dict[str, Line]:
    """For each bucket the part of its principal that moved one bucket down in a month: "current → 1-30", "1-30 → 31-60", ..."""
    lines: dict[str, Line] = {f"{upper} → {lower}": [] for upper, lower in pairwise(_STEPS)}
    for row in sorted(rows, key=lambda row: row["month_end"]):
        name = f"{row['from_bucket']} → {row['to_bucket']}"
        if name in lines and row["rate"] is not None:
            lines[name].append((row["month_end"], row["rate"]))
    return {name: line for name, line in lines.items() if line}


def matrix(rows: Sequence[Row], *, months: int) -> tuple[list[str], list[str], dict[tuple[str, str], tuple[int, int]]]:
    """Moves summed over the last `months` month ends.

    returns   buckets moved from, buckets moved to, and (from, to) -> (principal moved, principal at the start), minor units
    """
    days = sorted({row["month_end"] for row in rows})[-months:]
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


def parts_by_month(rows: Sequence[Row], split: str, *, most: int = 6) -> dict[str, Line]:
    """Principal in millions by month end for each value of a split; beyond `most` values the smaller ones are "other"."""
    totals: dict[str, int] = {}
    for row in rows:
        totals[row[split]] = totals.get(row[split], 0) + row["principal_fen"]
    leading = sorted(totals, key=lambda name: -totals[name])
    named = set(leading if len(leading) <= most else leading[: most - 1])
    parts: dict[str, dict[dt.date, float]] = {}
    for row in rows:
        name = spoken(row[split]) if row[split] in named else "other"
        line = parts.setdefault(name, {})
        line[row["month_end"]] = line.get(row["month_end"], 0.0) + row["principal_fen"] / 100_000_000
    return {name: sorted(line.items()) for name, line in parts.items()}


def month_name(day: dt.date) -> str:
    """September 2024."""
    return f"{day:%B %Y}"


def spoken(code: str | None) -> str:
    """A code of the book as a reader says it: capital_heavy is "capital heavy"."""
    return code.replace("_", " ") if code else "not named"
