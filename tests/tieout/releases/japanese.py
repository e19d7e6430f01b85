"""A Japanese company: plain text, millions of yen, triangles for what is negative, a fiscal year that ends in March."""

from decimal import Decimal

from loanbook.tieout.figure import Period, Unit
from tests.tieout.releases.company import Line, statement
from tests.tieout.releases.writer import Release, Shown, Writer, instant, months, rounded

MILLION = Decimal(1_000_000)
PERIODS = {"p1": months(2023, 9, 6), "h1": months(2024, 9, 6)}
DAYS = {"p1": instant(2024, 3, 31), "h1": instant(2024, 9, 30)}
INCOME = (
    ("sales", "Net sales", 412_870),
    ("cost", "Cost of sales", 298_114),
    ("gross", "Gross profit", ("sales", "-cost")),
    ("selling", "Selling, general and administrative expenses", 81_230),
    ("operating", "Operating income", ("gross", "-selling")),
    ("interest", "Interest and dividends received", 1_812),
    ("exchange", "Foreign exchange gain (loss)", -2_640),
    ("ordinary", "Ordinary income", ("operating", "interest", "exchange")),
    ("special", "Extraordinary loss", 3_118),
    ("before", "Income before income taxes", ("ordinary", "-special")),
    ("taxes", "Income taxes", 9_020),
    ("net", "Net income", ("before", "-taxes")),
)
FLOWS = (
    ("operations", "Net cash provided by operating activities", 38_410),
    ("investing", "Net cash used in investing activities", -22_905),
    ("financing", "Net cash used in financing activities", -9_188),
    ("translation", "Effect of exchange rate changes on cash", -611),
    ("increase", "Net increase (decrease) in cash", ("operations", "investing", "financing", "translation")),
    ("opening", "Cash at beginning of period", 71_204),
    ("closing", "Cash at end of period", ("opening", "increase")),
)


def japanese_company(seed: int = 1, *, foots: bool = True) -> Release:
    """The summary of Kisaragi Seiki Co., Ltd."""
    income, flows = (
        statement(seed, tuple(PERIODS), INCOME, foots=foots),
        statement(seed + 1000, tuple(PERIODS), FLOWS, foots=foots),
    )
    out = Writer()
    out.put("Summary of Consolidated Financial Results for the Six Months Ended September 30, 2024 (Japanese GAAP)\n\n")
    out.put("Kisaragi Seiki Co., Ltd.          Securities code: 7999          November 8, 2024\n\n")
    sales = income["sales"].amounts
    out.say(
        "Net sales for the six months ended September 30, 2024 were ",
        _yen(sales["h1"], PERIODS["h1"]),
        f", {'an increase' if sales['h1'] > sales['p1'] else 'a decrease'} of ",
        _percent(abs(income["sales"].growth("h1", "p1")), PERIODS["h1"]),
        " from the same period of the previous fiscal year, and net income was ",
        _yen(income["net"].amounts["h1"], PERIODS["h1"]),
        ".",
    )
    operating, change = income["operating"], income["operating"].change("h1", "p1")
    ordinary = income["ordinary"].amounts
    out.say(
        f"Operating income {'rose' if change > 0 else 'fell'} by ",
        _yen(rounded(change, "1"), PERIODS["h1"]),
        " (",
        _percent(operating.growth("h1", "p1"), PERIODS["h1"]),
        ") year on year to ",
        _yen(operating.amounts["h1"], PERIODS["h1"]),
        ". Ordinary income was ",
        _yen(ordinary["h1"], PERIODS["h1"]),
        ", compared with ",
        _yen(ordinary["p1"], PERIODS["p1"]),
        " in the same period of the previous fiscal year.",
    )
    out.put("1. Consolidated Statements of Income\n                                                   (Millions of yen)\n")
    out.lines_up([("", "Six months ended", "Six months ended"), ("", "September 30, 2023", "September 30, 2024")], (50, 20, 20))
    out.lines_up([_row(line) for line in income.values()], (50, 20, 20))
    out.put("\n2. Consolidated Statements of Cash Flows\n                                                   (Millions of yen)\n")
    out.lines_up([("", "Six months ended", "Six months ended"), ("", "September 30, 2023", "September 30, 2024")], (50, 20, 20))
    out.lines_up([_row(line) for line in flows.values()], (50, 20, 20))
    out.put("\nNote: Amounts are rounded down in the annual securities report. The fiscal year ends on March 31, 2025.\n")
    return out.release(f"kisaragi_{seed}.txt", foots=foots)


def _row(line: Line) -> tuple[str | Shown, ...]:
    return (f"{'' if line.level == 0 else '  '}{line.label}", *(_cell(line, column) for column in PERIODS))


def _cell(line: Line, column: str) -> Shown:
    value = line.amounts[column]
    period = PERIODS[column]
    if line.key == "opening":
        assert period.start is not None
        period = Period(end=instant(period.start.year, 3, 31).end)
    elif line.key == "closing":
        period = Period(end=period.end)
    return Shown(
        digits=f"{abs(value):,}",
        value=value,
        step=Decimal(1),
        scale=MILLION,
        currency="JPY",
        period=period,
        before="△" if value < 0 else "",
        derives=True,
    )


def _yen(value: Decimal, period: Period) -> Shown:
    return Shown(
        digits=f"{abs(value):,}",
        value=value,
        step=Decimal(1),
        scale=MILLION,
        currency="JPY",
        period=period,
        before="¥",
        after=" million",
    )


def _percent(value: Decimal, period: Period) -> Shown:
    shown = rounded(value, "0.1")
    return Shown(digits=f"{abs(shown)}", value=shown, step=Decimal("0.1"), unit=Unit.PERCENT, period=period, after="%")
