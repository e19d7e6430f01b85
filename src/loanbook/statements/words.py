"""One sentence a picture: what it says, computed from the rows it was drawn from."""

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from loanbook.statements.close_folder import OUTSTANDING, PAST_DUE, Close, Row
from loanbook.statements.figures import money, percent
from loanbook.statements.series import (
    first_observed,
    lending_months,
    matrix,
    month_name,
    observed_curves,
    quarter_ends,
    span,
    spoken,
    total_by_month,
)

_YEAR = 12
_BELOW = dict(pairwise(("current", *PAST_DUE)))
_STEADY = 0.02
"""Two figures closer than this, relative to the larger, are called level."""
_MUCH = Fraction(1, 10)
"""A tenth of a measure that no curve shows is worth a sentence."""


def vintage(rows: Sequence[Row], what: str) -> str:
    """Compares the youngest vintage of a telling age with the one a year before and with the worst at that age."""
    rows = [row for row in rows if row["rate"] is not None]
    seen: dict[int, dict[str, Row]] = {}
    for row in rows:
        seen.setdefault(row["mob"], {})[row["vintage"]] = row
    if not seen:
        return "No vintage is old enough to be measured."
    compared = [age for age, here in seen.items() if len(here) > 1] or list(seen)
    young = [age for age in compared if age <= _YEAR]
    telling = max(young) if young else min(compared)
    at_age = seen[telling]
    name = max(at_age)
    own = at_age[name]["rate"]
    text = f"After {_count(telling, 'month')} on book {_share(own) if own else 'none'} of the {name} vintage {what}"
    before = at_age.get(_year_before(name))
    if before is not None:
        text += f", {_against(own, before['rate'])} the {_share(before['rate'])} of {before['vintage']} at that age"
    worst = max(at_age.values(), key=lambda row: row["rate"])
    if len(at_age) > 2 and worst["rate"] > 0:
        if worst["vintage"] == name:
            text += f"; no vintage was worse at that age ({_count(len(at_age), 'vintage')} compared)"
        elif before is None or worst["vintage"] != before["vintage"]:
            text += f"; the worst at that age is {worst['vintage']} with {_share(worst['rate'])}"
        else:
            text += ", the worst at that age"
    return text + "."


def beyond(close: Close, table: str, measure: str) -> str:
    """What lies after the ends of the curves, where it is much of the measure of the whole book; else nothing."""
    ends: dict[str, Row] = {}
    for row in close.rows(table):
        if row["vintage"] not in ends or row["mob"] > ends[row["vintage"]]["mob"]:
            ends[row["vintage"]] = row
    whole = next((found for found in close.figures() if found.measure == measure), None)
    if not ends or whole is None or whole.numerator is None or whole.current is None:
        return ""
    after = whole.numerator - sum(row["numerator_fen"] for row in ends.values())
    if after <= _MUCH * whole.numerator:
        return ""
    return (
        f" A curve ends at the age of its youngest month; what older months came to after that, "
        f"{money(after, close.currency)}, is in no curve and in the {percent(whole.current)} of the whole book."
    )


def entered(close: Close, table: str) -> str:
    """For a tape that starts in the middle of loans' lives: from when on they are known; else nothing."""
    rows = close.rows(table)
    first = first_observed(close.rows("delinquency"))
    if len(observed_curves(rows, first)) == len(rows) or first is None:
        return ""
    return f" Loans entered this book in {month_name(first)}; what happened to them before is not known, and curves begin there."


def roll_rate(close: Close) -> str:
    """How fast current loans entered arrears in the quarter against all months, and where loans then fell furthest."""
    rows = close.rows("transitions")
    every = sorted({row["month_end"] for row in rows})
    if not every:
        return "No month-end follows another yet, so nothing has rolled."
    days = quarter_ends(rows)
    rolled = _steps_down(rows, days)
    if "current" not in rolled:
        return f"{_opening(days)}, no balance was current at a month's start."
    text = f"{_opening(days)}, {_share(rolled['current'])} of the current balance rolled into 1-30 days past due a month"
    if len(every) > len(days):
        whole = _steps_down(rows, every)["current"]
        text += f", {_against(rolled['current'], whole)} the {_share(whole)} of all {_count(len(every), 'month')}"
    deeper = {bucket: rate for bucket, rate in rolled.items() if bucket != "current" and rate}
    if deeper:
        worst = max(deeper, key=lambda bucket: deeper[bucket])
        text += (
            f"; of what was already past due, {worst} → {_BELOW[worst]} was the steepest step: {_share(deeper[worst])} moved on"
        )
    return text + "."


def _opening(days: Sequence[dt.date]) -> str:
    text = span(days)
    return text[0].upper() + text[1:]


def _steps_down(rows: Sequence[Row], days: Sequence[dt.date]) -> dict[str, float]:
    """The part of each bucket's principal that moved one bucket down, over the days together."""
    sources, _, moves = matrix(rows, days)
    steps = {upper: (moves.get((upper, lower)), upper in sources) for upper, lower in _BELOW.items()}
    return {upper: float(Fraction(*move)) if move else 0.0 for upper, (move, held) in steps.items() if held}


def delinquency(close: Close) -> str:
    """The part past due now, a year ago and at its peak."""
    months = total_by_month(close.rows("delinquency"), "share", where=lambda row: row["bucket"] in PAST_DUE)
    if not months:
        return "No balance has been measured yet."
    days = sorted(months)
    last = months[days[-1]]
    text = f"{_share(last)} of the outstanding balance was at least one day past due on {_day(days[-1])}"
    earlier = [day for day in days if day.year == days[-1].year - 1 and day.month == days[-1].month]
    if earlier:
        text += f", {_against(last, months[earlier[0]])} {_share(months[earlier[0]])} a year before"
    peak = max(days, key=lambda day: months[day])
    if peak != days[-1]:
        text += f"; the peak was {_share(months[peak])} in {month_name(peak)}"
    elif len(days) > 1:
        text += f", the highest of {len(days)} month-ends"
    return text + "."


def balance(close: Close) -> str:
    """How much of the balance is current, and how much of the rest is near charge-off."""
    rows = close.rows("delinquency")
    last = max((row["month_end"] for row in rows), default=None)
    amounts = {row["bucket"]: row["principal_fen"] for row in rows if row["month_end"] == last}
    late = [bucket for bucket in PAST_DUE if bucket in OUTSTANDING]
    past_due = sum(amounts.get(bucket, 0) for bucket in late)
    total = sum(amounts.get(bucket, 0) for bucket in OUTSTANDING)
    if not total:
        return "Nothing is outstanding."
    text = f"{percent(Fraction(amounts.get('current', 0), total))} of {money(total, close.currency)} is current"
    if past_due:
        deep = sum(amounts.get(bucket, 0) for bucket in late[3:])
        text += (
            f"; of the {money(past_due, close.currency)} past due, {percent(Fraction(deep, past_due))} is more than 90 days late"
        )
    return text + "."


def volume(close: Close) -> str:
    """What was lent over the last twelve months against the twelve before, and what led it."""
    rows = close.rows("volume")
    months = total_by_month(rows, "principal_fen")
    days = lending_months(rows, close.as_of)
    if not days:
        return "Nothing was lent."
    year, earlier = days[-_YEAR:], days[-2 * _YEAR : -_YEAR]
    lent = sum(months.get(day, 0) for day in year)
    text = f"{money(round(lent), close.currency)} was lent in the {_count(len(year), 'month')} to {month_name(days[-1])}"
    before = sum(months.get(day, 0) for day in earlier)
    if len(earlier) == _YEAR and before:
        text += f", {_growth(Fraction(round(lent), round(before)))} the twelve months before"
    products: dict[str, int] = {}
    for row in rows:
        if row["month_end"] in set(year):
            products[row["product"]] = products.get(row["product"], 0) + row["principal_fen"]
    if len(products) > 1 and lent:
        lead = max(products, key=lambda name: products[name])
        text += f"; {spoken(lead)} made up {percent(Fraction(products[lead], round(lent)))} of it"
    return text + "."


def collection(close: Close) -> str:
    """Day-1 now against its average, and what came back within 30 days of the last month observed in full."""
    rows = [row for row in close.rows("collection") if row["day1_rate"] is not None]
    if not rows:
        return "No instalment has fallen due yet."
    last = rows[-1]
    mean = sum(row["overdue_fen"] for row in rows) / sum(row["due_fen"] for row in rows)
    text = f"{_share(last['day1_rate'])} of the principal due in {month_name(last['month_end'])} became overdue, "
    text += f"{_against(last['day1_rate'], mean)} the {_share(mean)} of all {_count(len(rows), 'month')}"
    seen = [row for row in rows if row["collection_rate"] is not None]
    if seen:
        day, rate = seen[-1]["month_end"], seen[-1]["collection_rate"]
        text += f"; of what became overdue in {month_name(day)}, {_share(rate)} came back within 30 days"
    return text + "."


def prepayment(close: Close) -> str:
    """The yearly speed of the last month against the average."""
    rows = [row for row in close.rows("prepayment") if row["cpr"] is not None]
    if not rows:
        return "Nothing was outstanding long enough to be prepaid."
    last = rows[-1]
    text = f"In {month_name(last['month_end'])} balances were prepaid at a yearly speed of {_share(last['cpr'])}"
    text += f" ({_share(last['smm'])} in the month)"
    mean = sum(row["cpr"] for row in rows) / len(rows)
    text += f", {_against(last['cpr'], mean)} the average of {_share(mean)} over {_count(len(rows), 'month')}"
    return text + "."


def _share(value: float) -> str:
    return percent(Fraction(value), 1 if abs(value) >= 0.01 or value == 0 else 2)


def _against(value: float, other: float) -> str:
    if abs(value - other) <= _STEADY * max(abs(value), abs(other)):
        return "level with"
    return "above" if value > other else "below"


def _growth(quotient: Fraction) -> str:
    step = quotient - 1
    if abs(step) < Fraction(1, 2000):
        return "level with"
    return f"{percent(abs(step))} {'more' if step > 0 else 'less'} than"


def _year_before(vintage: str) -> str:
    return f"{int(vintage[:4]) - 1}{vintage[4:]}" if vintage[:4].isdigit() else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _day(day: dt.date) -> str:
    return f"{day.day} {day:%B %Y}"
