"""The table under each picture: the same rows as text."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from loanbook.statements.close_folder import Close, Row
from loanbook.statements.figures import NONE, Currency, half_up, percent, plain_money
from loanbook.statements.series import amount_scale, lending_months, matrix, month_name, quarter_ends, span, spoken
from loanbook.terms.families import BUCKETS

MONTHS_SHOWN = 13
"""A month table shows a year and the same month before it; the CSV beside the page has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Column heads and rows of text; the first column names the row. `heat`: 0 to 1 a cell after the first, None for none."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    heat: tuple[tuple[float | None, ...], ...] = field(default=())


def vintages(close: Close, table: str) -> Grid:
    """Vintages down, months on book across; every third month on book where a curve is longer than two years."""
    rows = close.rows(table)
    ages = sorted({row["mob"] for row in rows})
    if len(ages) > 24:
        ages = [age for age in ages if age % 3 == 0]
    names = sorted({row["vintage"] for row in rows})
    cells = {(row["vintage"], row["mob"]): row for row in rows}
    lines = []
    lent = {row["vintage"]: row["denominator_fen"] for row in rows}
    scale, unit = amount_scale(max(lent.values(), default=0), close.currency)
    for name in names:
        rates = [_rate(cells.get((name, age)), "rate", 2) for age in ages]
        lines.append((name, half_up(Fraction(lent[name], scale), 1 if unit else 0), *rates))
    heads = ("Vintage", f"Lent, {close.currency.symbol}{unit}", *map(str, ages))
    return Grid(caption="% of initial principal by months on book", columns=heads, rows=tuple(lines))


def roll_matrix(close: Close) -> Grid:
    """From buckets down, to buckets across: the part of principal that moved in a month, months of the quarter together."""
    rows = close.rows("transitions")
    days = quarter_ends(rows)
    sources, targets, moves = matrix(rows, days)
    lines, heat = [], []
    for source in sources:
        shares = [Fraction(*moves[source, target]) if (source, target) in moves else Fraction(0) for target in targets]
        lines.append((spoken(source), *(percent(share) if share else NONE for share in shares)))
        heat.append(tuple(float(share) if share else None for share in shares))
    together = " together" if len(days) > 1 else ""
    caption = f"% of principal, from the bucket at the left to the bucket above a month later; {span(days)}{together}"
    return Grid(caption=caption, columns=("From \\ to", *map(spoken, targets)), rows=tuple(lines), heat=tuple(heat))


def delinquency(close: Close) -> Grid:
    """Share of the balance by bucket and month end."""
    rows = close.rows("delinquency")
    present = {row["bucket"] for row in rows}
    buckets = [name for name in BUCKETS if name in present]
    cells = {(row["month_end"], row["bucket"]): row for row in rows}
    lines = [
        (month_name(day), *(_rate(cells.get((day, bucket)), "share", 2) for bucket in buckets)) for day in _last_months(rows)
    ]
    return Grid(caption="% of outstanding balance", columns=("Month-end", *map(spoken, buckets)), rows=tuple(lines))


def balance(close: Close) -> Grid:
    """Loans and balance by bucket on the closing day, exact."""
    rows = close.rows("delinquency")
    last = max((row["month_end"] for row in rows), default=None)
    order = {name: place for place, name in enumerate(BUCKETS)}
    now = sorted((row for row in rows if row["month_end"] == last), key=lambda row: order.get(row["bucket"], len(order)))
    lines = [
        (spoken(row["bucket"]), f"{row['loans']:,}", plain_money(row["principal_fen"], close.currency), _rate(row, "share", 2))
        for row in now
    ]
    heads = ("Days past due", "Loans", close.currency.symbol, "% of balance")
    return Grid(caption="On the closing day", columns=heads, rows=tuple(lines))


def volume(close: Close, split: str) -> Grid:
    """Principal lent by month and value of a split, and the number of loans."""
    rows = close.rows("volume")
    names = sorted({row[split] for row in rows}, key=str)
    lines = []
    for day in lending_months(rows, close.as_of)[-MONTHS_SHOWN:]:
        now = [row for row in rows if row["month_end"] == day]
        amounts = [sum(row["principal_fen"] for row in now if row[split] == name) for name in names]
        lines.append(
            (
                month_name(day),
                f"{sum(row['loans'] for row in now):,}",
                *(plain_money(fen, close.currency) for fen in (*amounts, sum(amounts))),
            )
        )
    heads = ("Month", "Loans", *map(spoken, names), "Total")
    return Grid(caption=f"Principal lent, {close.currency.symbol}", columns=heads, rows=tuple(lines))


def collection(close: Close) -> Grid:
    """Principal due, become overdue and collected by month of the due date."""
    rows = close.rows("collection")
    days = set(_last_months(rows))
    lines = [
        (
            month_name(row["month_end"]),
            *(_exact(row[name], close.currency) for name in ("due_fen", "overdue_fen")),
            _rate(row, "day1_rate", 2),
            *(_exact(row[name], close.currency) for name in ("observed_fen", "collected_fen")),
            _rate(row, "collection_rate", 1),
        )
        for row in rows
        if row["month_end"] in days
    ]
    heads = ("Month due", "Due", "Became overdue", "Day-1 %", "Observed 30 days", "Collected", "Collection %")
    return Grid(caption=f"Principal, {close.currency.symbol}", columns=heads, rows=tuple(lines))


def prepayment(close: Close) -> Grid:
    """Opening balance, what was scheduled, what came early, and the monthly and yearly speed."""
    rows = close.rows("prepayment")
    days = set(_last_months(rows))
    lines = [
        (
            month_name(row["month_end"]),
            *(_exact(row[name], close.currency) for name in ("opening_fen", "scheduled_fen", "prepaid_fen")),
            _rate(row, "smm", 2),
            _rate(row, "cpr", 1),
        )
        for row in rows
        if row["month_end"] in days
    ]
    heads = ("Month", "Opening balance", "Scheduled", "Prepaid", "Month %", "Year %")
    return Grid(caption=f"Principal, {close.currency.symbol}", columns=heads, rows=tuple(lines))


def _last_months(rows: Sequence[Row]) -> list[dt.date]:
    return sorted({row["month_end"] for row in rows})[-MONTHS_SHOWN:]


def _rate(row: Row | None, column: str, places: int) -> str:
    return NONE if row is None or row[column] is None else half_up(Fraction(row[column]) * 100, places)


def _exact(fen: int | None, currency: Currency) -> str:
    return NONE if fen is None else plain_money(fen, currency)
