"""A European group under IFRS: HTML, millions of euros with decimal commas and points between thousands, half-years."""

from decimal import Decimal
from html import escape

from loanbook.tieout.figure import Basis, Period, Unit
from tests.tieout.releases.company import Line, statement
from tests.tieout.releases.writer import Release, Shown, Writer, instant, months, rounded

MILLION = Decimal(1_000_000)
PERIODS = {"h1": months(2024, 6, 6), "p1": months(2023, 6, 6)}
DAYS = {"h1": instant(2024, 6, 30), "p1": instant(2023, 12, 31)}
INCOME = (
    ("revenue", "Revenue", 8_412),
    ("cost", "Cost of sales", -5_206),
    ("gross", "Gross profit", ("revenue", "cost")),
    ("selling", "Selling expenses", -1_344),
    ("research", "Research and development expenses", -402),
    ("administration", "Administrative expenses", -388),
    ("other", "Other operating income", 61),
    ("ebit", "Operating profit (EBIT)", ("gross", "selling", "research", "administration", "other")),
    ("finance_income", "Finance income", 44),
    ("finance_cost", "Finance costs", -131),
    ("before_tax", "Profit before tax", ("ebit", "finance_income", "finance_cost")),
    ("tax", "Income taxes", -286),
    ("profit", "Profit for the period", ("before_tax", "tax")),
    ("minority", "Attributable to non-controlling interests", 23),
    ("owners", "Attributable to shareholders of the parent", ("profit", "-minority")),
)
POSITION = (
    ("goodwill", "Goodwill", 3_118),
    ("plant", "Property, plant and equipment", 4_870),
    ("deferred", "Deferred tax assets", 322),
    ("noncurrent", "Non-current assets", ("goodwill", "plant", "deferred")),
    ("inventories", "Inventories", 2_204),
    ("receivables", "Trade receivables", 2_631),
    ("cash", "Cash and cash equivalents", 1_402),
    ("current", "Current assets", ("inventories", "receivables", "cash")),
    ("assets", "Total assets", ("noncurrent", "current")),
    ("borrowings", "Borrowings", 4_011),
    ("pensions", "Provisions for pensions", 806),
    ("payables", "Trade payables", 2_377),
    ("liabilities", "Total liabilities", ("borrowings", "pensions", "payables")),
    ("equity", "Equity", ("assets", "-liabilities")),
    ("total", "Total equity and liabilities", ("equity", "liabilities")),
)


def comma(value: Decimal) -> str:
    """1.234,5 for 1234.5."""
    return f"{value:,}".replace(",", "_").replace(".", ",").replace("_", ".")


def european_group(seed: int = 1, *, foots: bool = True) -> Release:
    """The half-year report of Lindenhof Werke AG."""
    income = statement(seed, tuple(PERIODS), INCOME, digits=1, foots=foots)
    position = statement(seed + 1000, tuple(DAYS), POSITION, digits=1, foots=foots)
    shares = Decimal("212.4")
    out = Writer()
    out.put(
        "<!DOCTYPE html>\n<html lang='en'><head><title>Lindenhof Werke AG</title></head><body>\n<h1>Half-year report 2024</h1>\n"
    )
    revenue, ebit = income["revenue"].amounts, income["ebit"].amounts
    out.put("<p>")
    out.put(
        "Lindenhof Werke AG increased its revenue"
        if revenue["h1"] > revenue["p1"]
        else "Lindenhof Werke AG recorded a decline in revenue",
        " in the first half of 2024 by ",
        _percent(abs(income["revenue"].growth("h1", "p1")), PERIODS["h1"]),
        " to ",
        _money(revenue["h1"], PERIODS["h1"]),
        " (first half of 2023: ",
        _money(revenue["p1"], PERIODS["p1"]),
        "). Operating profit (EBIT) came to ",
        _money(ebit["h1"], PERIODS["h1"]),
        ", an EBIT margin of ",
        _percent(income["ebit"].unrounded["h1"] / income["revenue"].unrounded["h1"] * 100, PERIODS["h1"]),
        ".",
        prose=True,
    )
    out.put("</p>\n<p>")
    cash, change = position["cash"].amounts, position["cash"].change("h1", "p1")
    research = {column: -income["research"].unrounded[column] / income["revenue"].unrounded[column] * 100 for column in PERIODS}
    out.put(
        "Research and development expenses accounted for ",
        _percent(research["h1"], PERIODS["h1"]),
        " of revenue (first half of 2023: ",
        _percent(research["p1"], PERIODS["p1"]),
        f"). Cash and cash equivalents {'increased' if change > 0 else 'decreased'} by ",
        _money(rounded(change, "0.1"), PERIODS["h1"]),
        " to ",
        _money(cash["h1"], DAYS["h1"]),
        " at 30 June 2024, after ",
        _money(cash["p1"], DAYS["p1"]),
        " at 31 December 2023.",
        prose=True,
    )
    out.put("</p>\n<h2>Consolidated income statement</h2>\n<table>\n<thead><tr><th>in € million</th>")
    out.put("<th>H1 2024</th><th>H1 2023</th><th>Change in %</th></tr></thead>\n")
    for line in income.values():
        _row(out, line, PERIODS, change=True)
    out.put("<tr><td>Earnings per share (in €)</td>")
    for column, period in PERIODS.items():
        earned = rounded(income["owners"].unrounded[column] / shares, "0.01")
        shown = Shown(
            digits=comma(earned),
            value=earned,
            step=Decimal("0.01"),
            unit=Unit.PER_SHARE,
            currency="EUR",
            period=period,
            derives=False,
        )
        out.put("<td>", shown, "</td>")
    out.put("<td></td></tr>\n</table>\n<h2>Consolidated statement of financial position</h2>\n<table>\n")
    out.put("<thead><tr><th>in € million</th><th>30 June 2024</th><th>31 December 2023</th></tr></thead>\n")
    for line in position.values():
        _row(out, line, DAYS)
    out.put("</table>\n<p>The next report will be published on 7 November 2024.</p>\n</body></html>\n")
    return out.release(f"lindenhof_{seed}.html", foots=foots)


def _row(out: Writer, line: Line, periods: dict[str, Period], *, change: bool = False) -> None:
    label = escape(line.label)
    out.put(f"<tr><td>{'<b>' if line.level == 0 else ''}{label}{'</b>' if line.level == 0 else ''}</td>")
    for column, period in periods.items():
        value = line.amounts[column]
        shown = Shown(
            digits=comma(abs(value)),
            value=value,
            step=Decimal("0.1"),
            scale=MILLION,
            currency="EUR",
            period=period,
            basis=Basis.IFRS,
            before="–" if value < 0 else "",
        )
        out.put("<td>", shown, "</td>")
    if change:
        grown = rounded(line.growth("h1", "p1"), "0.1")
        shown = Shown(
            digits=comma(abs(grown)),
            value=grown,
            step=Decimal("0.1"),
            unit=Unit.PERCENT,
            period=PERIODS["h1"],
            before="–" if grown < 0 else "+",
        )
        out.put("<td>", shown, "</td>")
    out.put("</tr>\n")


def _money(value: Decimal, period: Period) -> Shown:
    return Shown(
        digits=comma(abs(value)),
        value=value,
        step=Decimal("0.1"),
        scale=MILLION,
        currency="EUR",
        period=period,
        before="€",
        after=" million",
    )


def _percent(value: Decimal, period: Period) -> Shown:
    shown = rounded(value, "0.1")
    return Shown(digits=comma(shown), value=shown, step=Decimal("0.1"), unit=Unit.PERCENT, period=period, after=" %")
