"""The portfolio report as an ordered list of sections; the page around them is `templates/report.html`."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import altair as alt

from loanbook.statements import charts, grids, words
from loanbook.statements.charts import Size
from loanbook.statements.close_folder import OUTSTANDING, PAST_DUE, Close, Row
from loanbook.statements.figures import money
from loanbook.statements.grids import Grid
from loanbook.statements.series import (
    amount_scale,
    first_observed,
    lending_months,
    most_in_a_month,
    observed_curves,
    parts_by_month,
    roll_rates,
    unbroken,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A chart with its title and unit; two half pictures stand side by side, a low one needs less height.

    shown   whether the close has enough for it
    """

    title: str
    unit: str
    draw: Callable[[Close, Size], alt.LayerChart]
    half: bool = False
    low: bool = False
    shown: Callable[[Close], bool] = lambda close: True


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading, a sentence, pictures and the table behind them.

    table      the close's table; without rows the section says why it is not measured
    measures   ids of the measures it shows, for links to definitions and loans
    open       the table is the picture and is not folded away
    """

    key: str
    title: str
    table: str
    measures: tuple[str, ...]
    say: Callable[[Close], str]
    grid: Callable[[Close], Grid]
    pictures: tuple[Picture, ...] = ()
    open: bool = False


def _vintage_section(table: str, title: str, what: str, unit: str, *measures: str) -> Section:
    return Section(
        key=table.replace("_", "-"),
        title=title,
        table=table,
        measures=measures,
        say=lambda close: (
            words.vintage(_curves(close, table), what) + words.beyond(close, table, measures[0]) + words.entered(close, table)
        ),
        pictures=(Picture(title=title, unit=unit, draw=lambda close, size: charts.vintage_curves(_curves(close, table), size)),),
        grid=lambda close: grids.vintages(close, table),
    )


def _curves(close: Close, table: str) -> list[Row]:
    return observed_curves(close.rows(table), first_observed(close.rows("delinquency")))


def _entry(close: Close, size: Size) -> alt.LayerChart:
    lines = roll_rates(close.rows("transitions"))
    return charts.share_lines({name: line for name, line in lines.items() if name.startswith("current")}, size)


def _deeper(close: Close, size: Size) -> alt.LayerChart:
    lines = roll_rates(close.rows("transitions"))
    deeper = {name: line for name, line in lines.items() if not name.startswith("current")}
    return charts.share_lines({f"to {name.split(' ')[-1]}": line for name, line in deeper.items()}, size)


def _buckets_now(close: Close, size: Size) -> alt.LayerChart:
    rows = close.rows("delinquency")
    last = max(row["month_end"] for row in rows)
    amounts = {row["bucket"]: row["principal_fen"] for row in rows if row["month_end"] == last}
    named = [(name, amounts.get(name, 0)) for name in PAST_DUE if name in OUTSTANDING or amounts.get(name, 0)]
    return charts.bars(
        [(name, float(close.currency.units(fen)), money(Fraction(fen), close.currency)) for name, fen in named], size
    )


def _volume_by(split: str) -> Callable[[Close, Size], alt.LayerChart]:
    def draw(close: Close, size: Size) -> alt.LayerChart:
        rows = close.rows("volume")
        scale, _ = amount_scale(most_in_a_month(rows), close.currency)
        return charts.columns(parts_by_month(rows, split, lending_months(rows, close.as_of), scale), size)

    return draw


def _rate_line(table: str, column: str, name: str) -> Callable[[Close, Size], alt.LayerChart]:
    def draw(close: Close, size: Size) -> alt.LayerChart:
        line = [(row["month_end"], row[column]) for row in close.rows(table) if row[column] is not None]
        return charts.share_lines({name: line}, size, colours=(charts.ACCENT,))

    return draw


HEADLINE = (
    "loans",
    "loan_volume",
    "outstanding_balance",
    "average_tenor",
    "delinquency_90",
    "day1_delinquency",
    "collection_30",
    "c_m2",
    "repeat_share",
    "platform_share",
    "prepayment_speed",
    "cumulative_loss",
)
"""Measures at the top of the page, with a reason where there is no figure; all others stand in the table of measures."""

PORTFOLIO_REPORT = (
    _vintage_section(
        "vintage_30",
        "30 day+ delinquency by vintage",
        "had been more than 30 days past due",
        "cumulative, % of initial principal",
        "vintage_30",
    ),
    _vintage_section(
        "vintage_180",
        "180 day+ delinquency by vintage",
        "had been more than 180 days past due",
        "cumulative, % of initial principal",
        "vintage_180",
    ),
    _vintage_section(
        "loss",
        "Cumulative net loss by vintage",
        "was lost, net of recoveries",
        "% of initial principal",
        "cumulative_loss",
        "cumulative_gross_loss",
    ),
    Section(
        key="roll-rates",
        title="Roll rates",
        table="transitions",
        measures=("roll_rate", *(f"roll_rate_m{bucket}" for bucket in range(1, 7)), "c_m2"),
        say=words.roll_rate,
        grid=grids.roll_matrix,
        open=True,
        pictures=(
            Picture(title="Entering arrears: current to 1-30 days", unit="% of principal a month", draw=_entry, half=True),
            Picture(title="Falling deeper, from the bucket before", unit="% a month", draw=_deeper, half=True),
        ),
    ),
    Section(
        key="delinquency",
        title="Delinquency",
        table="delinquency",
        measures=("delinquency", "delinquency_30", "delinquency_90"),
        say=words.delinquency,
        grid=grids.delinquency,
        pictures=(
            Picture(
                title="Balance past due by bucket",
                unit="% of outstanding balance, days past due",
                draw=lambda close, size: charts.bucket_areas(unbroken(close.rows("delinquency")), size),
                shown=lambda close: len({row["month_end"] for row in unbroken(close.rows("delinquency"))}) > 1,
            ),
        ),
    ),
    Section(
        key="balance",
        title="Balance by bucket",
        table="delinquency",
        measures=("outstanding_balance", "outstanding_loans"),
        say=words.balance,
        grid=grids.balance,
        pictures=(Picture(title="Principal past due on the closing day", unit="by days past due", draw=_buckets_now, low=True),),
    ),
    Section(
        key="volume",
        title="Loan volume",
        table="volume",
        measures=("loan_volume", "loans", "platform_share", "pay_later_share", "repeat_share"),
        say=words.volume,
        grid=lambda close: grids.volume(close, "product"),
        pictures=(
            Picture(title="Lent by product", unit="{amount} a month", draw=_volume_by("product"), half=True),
            Picture(title="Lent by business model", unit="{amount} a month", draw=_volume_by("model"), half=True),
        ),
    ),
    Section(
        key="collection",
        title="Day-1 delinquency and 30-day collection",
        table="collection",
        measures=("day1_delinquency", "collection_30", "first_payment_default"),
        say=words.collection,
        grid=grids.collection,
        pictures=(
            Picture(
                title="Day-1 delinquency",
                unit="% of principal due in the month",
                draw=_rate_line("collection", "day1_rate", "Day-1"),
                half=True,
            ),
            Picture(
                title="Collected within 30 days",
                unit="% of what became overdue",
                draw=_rate_line("collection", "collection_rate", "30-day"),
                half=True,
            ),
        ),
    ),
    Section(
        key="prepayment",
        title="Prepayment speed",
        table="prepayment",
        measures=("prepayment_speed", "smm"),
        say=words.prepayment,
        grid=grids.prepayment,
        pictures=(
            Picture(title="Conditional prepayment rate", unit="% a year of balance", draw=_rate_line("prepayment", "cpr", "CPR")),
        ),
    ),
)


def unit_text(picture: Picture, close: Close) -> str:
    """The picture's unit with the book's currency in it, in millions where a month's amounts reach one."""
    _, million = amount_scale(most_in_a_month(close.rows("volume")), close.currency)
    return picture.unit.format(amount=close.currency.symbol + million)
