"""A quarterly report as filed in the United States: HTML whose signs, brackets and percent marks have cells of their own."""

from decimal import Decimal
from html import escape

from loanbook.tieout.figure import Basis, Period, Unit
from tests.tieout.releases.company import Line, statement
from tests.tieout.releases.writer import Release, Shown, Writer, instant, months, rounded

THOUSAND = Decimal(1_000)
COLUMNS = ("q3", "p3", "n9", "o9")
PERIODS = {"q3": months(2024, 9, 3), "p3": months(2023, 9, 3), "n9": months(2024, 9, 9), "o9": months(2023, 9, 9)}
DAYS = {"q3": instant(2024, 9, 30), "p3": instant(2023, 12, 31)}
INCOME = (
    ("product", "Product revenue", 184_220),
    ("service", "Service revenue", 96_415),
    ("revenue", "Total revenue", ("product", "service")),
    ("product_cost", "Cost of product revenue", 71_004),
    ("service_cost", "Cost of service revenue", 38_220),
    ("cost", "Total cost of revenue", ("product_cost", "service_cost")),
    ("gross", "Gross profit", ("revenue", "-cost")),
    ("research", "Research and development", 52_118),
    ("marketing", "Sales and marketing", 61_990),
    ("general", "General and administrative", 24_077),
    ("restructuring", "Restructuring", 3_310),
    ("expenses", "Total operating expenses", ("research", "marketing", "general", "restructuring")),
    ("operating", "Income from operations", ("gross", "-expenses")),
    ("interest", "Interest expense", -4_420),
    ("other", "Other income, net", 1_260),
    ("before", "Income before income taxes", ("operating", "interest", "other")),
    ("taxes", "Provision for income taxes", 6_115),
    ("net", "Net income", ("before", "-taxes")),
)
BALANCE = (
    ("cash", "Cash and cash equivalents", 212_400),
    ("receivables", "Accounts receivable, net", 148_310),
    ("inventory", "Inventories", 96_020),
    ("current", "Total current assets", ("cash", "receivables", "inventory")),
    ("property", "Property and equipment, net", 310_880),
    ("goodwill", "Goodwill", 402_117),
    ("assets", "Total assets", ("current", "property", "goodwill")),
    ("payables", "Accounts payable", 88_140),
    ("deferred", "Deferred revenue", 61_220),
    ("current_liabilities", "Total current liabilities", ("payables", "deferred")),
    ("debt", "Long-term debt", 280_000),
    ("liabilities", "Total liabilities", ("current_liabilities", "debt")),
    ("equity", "Total stockholders' equity", ("assets", "-liabilities")),
    ("total", "Total liabilities and stockholders' equity", ("liabilities", "equity")),
)


def quarterly_report(seed: int = 1, *, foots: bool = True) -> Release:
    """The report of Quillfeather Instruments, Inc."""
    pairs = {"n9": ("q3", "first_half"), "o9": ("p3", "former_half")}
    income = statement(seed, ("q3", "p3", "first_half", "former_half", "n9", "o9"), INCOME, sums=pairs, foots=foots)
    balance = statement(seed + 1000, tuple(DAYS), BALANCE, foots=foots)
    out = Writer()
    out.put(
        "<html><head><style>td{padding:2px}</style><script>alert(1)</script></head><body>\n"
        "<p><b>QUILLFEATHER INSTRUMENTS, INC.</b></p>\n"
    )
    out.put("<p>FORM 10-Q, Commission file number 001-55555</p>\n<p>CONDENSED CONSOLIDATED STATEMENTS OF OPERATIONS<br>")
    out.put("(In thousands, unaudited)</p>\n<table>\n<tr><td></td><td colspan='6'>Three Months Ended<br>September 30,</td>")
    out.put("<td colspan='6'>Nine Months Ended<br>September 30,</td></tr>\n<tr><td></td>")
    out.put("".join(f"<td colspan='3'>{year}</td>" for year in (2024, 2023, 2024, 2023)), "</tr>\n")
    for line in income.values():
        _row(out, line, PERIODS)
    out.put("</table>\n<p>CONDENSED CONSOLIDATED BALANCE SHEETS<br>(In thousands, unaudited)</p>\n<table>\n<tr><td></td>")
    out.put("<td colspan='3'>September 30,<br>2024</td><td colspan='3'>December 31,<br>2023</td></tr>\n")
    for line in balance.values():
        _row(out, line, DAYS)
    out.put("</table>\n<p>")
    revenue = income["revenue"].amounts
    out.put(
        "Total revenue for the three months ended September 30, 2024 was ",
        _million(revenue["q3"], PERIODS["q3"]),
        f", {'an increase' if revenue['q3'] > revenue['p3'] else 'a decrease'} of ",
        _percent(abs(income["revenue"].growth("q3", "p3")), PERIODS["q3"]),
        " from ",
        _million(revenue["p3"], PERIODS["p3"]),
        " for the three months ended September 30, 2023. Gross margin was ",
        _percent(income["gross"].unrounded["q3"] / income["revenue"].unrounded["q3"] * 100, PERIODS["q3"]),
        ".",
        prose=True,
    )
    out.put("</p>\n<p>")
    research = {column: income["research"].unrounded[column] / income["revenue"].unrounded[column] * 100 for column in PERIODS}
    out.put(
        "For the nine months ended September 30, 2024 and 2023, total revenue was ",
        _million(revenue["n9"], PERIODS["n9"]),
        " and ",
        _million(revenue["o9"], PERIODS["o9"]),
        ", respectively. Research and development expense as a percentage of total revenue was ",
        _percent(research["q3"], PERIODS["q3"]),
        " for the three months ended September 30, 2024, compared to ",
        _percent(research["p3"], PERIODS["p3"]),
        " for the three months ended September 30, 2023.",
        prose=True,
    )
    out.put("</p>\n</body></html>\n")
    return out.release(f"quillfeather_{seed}.html", foots=foots)


def _row(out: Writer, line: Line, periods: dict[str, Period]) -> None:
    out.put(f"<tr><td>{escape(line.label)}</td>")
    for column, period in periods.items():
        value = line.amounts[column]
        shown = Shown(
            digits=f"{abs(value):,}",
            value=value,
            step=Decimal(1),
            scale=THOUSAND,
            currency="USD",
            period=period,
            basis=Basis.US_GAAP,
            before="(" if value < 0 else "",
        )
        out.put(f"<td>{'$' if line.level == 0 else ''}</td><td>", shown, f"</td><td>{')' if value < 0 else ''}</td>")
    out.put("</tr>\n")


def _million(value: Decimal, period: Period) -> Shown:
    shown = rounded(value / 1000, "0.1")
    return Shown(
        digits=f"{shown:,}",
        value=shown,
        step=Decimal("0.1"),
        scale=THOUSAND * 1000,
        currency="USD",
        period=period,
        before="$",
        after=" million",
    )


def _percent(value: Decimal, period: Period) -> Shown:
    shown = rounded(value, "0.1")
    return Shown(digits=f"{shown}", value=shown, step=Decimal("0.1"), unit=Unit.PERCENT, period=period, after="%")
