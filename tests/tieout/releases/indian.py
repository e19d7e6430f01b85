"""An Indian bank: crores of rupees grouped in lakhs ("1,23,456.78"), a fiscal year that ends in March, quarters beside a year."""

from decimal import Decimal

from loanbook.tieout.figure import Period, Unit
from tests.tieout.releases.company import Line, statement
from tests.tieout.releases.writer import Release, Shown, Writer, months, rounded

CRORE = Decimal(10_000_000)
PERIODS = {"q4": months(2024, 3, 3), "q3": months(2023, 12, 3), "p4": months(2023, 3, 3), "year": months(2024, 3, 12)}
HEADS = ("31.03.2024", "31.12.2023", "31.03.2023", "31.03.2024")
INCOME = (
    ("advances", "Interest on advances", 20_310),
    ("investments", "Income on investments", 4_212),
    ("balances", "Interest on balances with Reserve Bank", 387),
    ("earned", "Interest earned", ("advances", "investments", "balances")),
    ("fees", "Commission, exchange and brokerage", 2_918),
    ("treasury", "Profit on sale of investments", 604),
    ("other", "Other income", ("fees", "treasury")),
    ("income", "Total income", ("earned", "other")),
    ("expended", "Interest expended", 12_741),
    ("staff", "Employees cost", 2_377),
    ("running", "Other operating expenses", 3_106),
    ("operating", "Operating expenses", ("staff", "running")),
    ("expenditure", "Total expenditure", ("expended", "operating")),
    ("profit", "Operating profit", ("income", "-expenditure")),
    ("provisions", "Provisions and contingencies", 1_094),
    ("before", "Profit before tax", ("profit", "-provisions")),
    ("tax", "Tax expense", 1_503),
    ("net", "Net profit", ("before", "-tax")),
)


def grouped(value: Decimal) -> str:
    """12,34,567.89 for 1234567.89."""
    whole, _, rest = f"{abs(value)}".partition(".")
    head, last = whole[:-3], whole[-3:]
    groups = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)][::-1]
    return ",".join((*groups, last)) + (f".{rest}" if rest else "")


def indian_bank(seed: int = 1, *, foots: bool = True) -> Release:
    """The results of Kaveri Palm Bank Limited."""
    columns = ("q4", "q3", "p4", "nine", "year")
    income = statement(seed, columns, INCOME, digits=2, sums={"year": ("q4", "nine")}, foots=foots)
    out = Writer()
    out.put(
        "<html><body><h1>Kaveri Palm Bank Limited</h1>\n"
        "<h2>Audited financial results for the quarter and year ended March 31, 2024</h2>\n<p>"
    )
    net, earned = income["net"].amounts, income["earned"].amounts
    out.put(
        "Net profit for the quarter ended March 31, 2024 was ",
        _crore(net["q4"], PERIODS["q4"]),
        f", {'up' if net['q4'] > net['p4'] else 'down'} ",
        _percent(abs(income["net"].growth("q4", "p4")), PERIODS["q4"]),
        " from ",
        _crore(net["p4"], PERIODS["p4"]),
        " in the quarter ended March 31, 2023. Interest earned for the year ended March 31, 2024 was ",
        _crore(earned["year"], PERIODS["year"]),
        ".",
        prose=True,
    )
    profit, change = income["profit"], income["profit"].change("q4", "q3")
    out.put("</p>\n<p>")
    out.put(
        f"Operating profit for the quarter ended March 31, 2024 {'rose' if change > 0 else 'declined'} by ",
        _crore(rounded(change, "1"), PERIODS["q4"]),
        " to ",
        _crore(profit.amounts["q4"], PERIODS["q4"]),
        ", as against ",
        _crore(profit.amounts["q3"], PERIODS["q3"]),
        " in the quarter ended December 31, 2023. Employees cost was ",
        _percent(income["staff"].unrounded["year"] / income["operating"].unrounded["year"] * 100, PERIODS["year"]),
        " of operating expenses for the year ended March 31, 2024.",
        prose=True,
    )
    out.put(
        "</p>\n<p><b>Profit and loss account</b></p>\n<table>\n"
        "<tr><td></td><td colspan='3'>Quarter ended</td><td>Year ended</td></tr>\n"
    )
    out.put("<tr><td>(₹ in crore)</td>", *(f"<td>{head}</td>" for head in HEADS), "</tr>\n")
    for line in income.values():
        _row(out, line)
    out.put("</table>\n<p>Figures of the last quarter are the balancing figures of the year.</p>\n</body></html>\n")
    return out.release(f"kaveri_{seed}.html", foots=foots)


def _row(out: Writer, line: Line) -> None:
    out.put(f"<tr><td>{line.label}</td>")
    for column, period in PERIODS.items():
        value = line.amounts[column]
        shown = Shown(digits=grouped(value), value=value, step=Decimal("0.01"), scale=CRORE, currency="INR", period=period)
        out.put("<td>", shown, "</td>")
    out.put("</tr>\n")


def _crore(value: Decimal, period: Period) -> Shown:
    whole = rounded(value, "1")
    return Shown(
        digits=grouped(whole),
        value=whole,
        step=Decimal(1),
        scale=CRORE,
        currency="INR",
        period=period,
        before="₹",
        after=" crore",
    )


def _percent(value: Decimal, period: Period) -> Shown:
    shown = rounded(value, "0.1")
    return Shown(digits=f"{shown}", value=shown, step=Decimal("0.1"), unit=Unit.PERCENT, period=period, after="%")
