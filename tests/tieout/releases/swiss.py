"""A Swiss company as a converted PDF leaves it: Markdown of broken pipe tables, apostrophes between thousands."""

from decimal import Decimal

from loanbook.tieout.figure import Period, Unit
from tests.tieout.releases.company import Line, statement
from tests.tieout.releases.writer import Release, Shown, Writer, instant, months, rounded

MILLION = Decimal(1_000_000)
PERIODS = {"now": months(2024, 12, 12), "then": months(2023, 12, 12)}
DAYS = {"now": instant(2024, 12, 31), "then": instant(2023, 12, 31)}
INCOME = (
    ("machines", "Machines", 3_104),
    ("services", "Services", 1_288),
    ("sales", "Net sales", ("machines", "services")),
    ("material", "Material expenses", -1_820),
    ("personnel", "Personnel expenses", -1_390),
    ("operating", "Other operating expenses", -512),
    ("ebitda", "EBITDA", ("sales", "material", "personnel", "operating")),
    ("depreciation", "Depreciation and amortization", -171),
    ("ebit", "EBIT", ("ebitda", "depreciation")),
    ("financial", "Financial result", -23),
    ("taxes", "Income taxes", -96),
    ("profit", "Net profit", ("ebit", "financial", "taxes")),
)
BALANCE = (
    ("cash", "Cash and cash equivalents", 1_021),
    ("receivables", "Trade receivables", 1_204),
    ("inventories", "Inventories", 1_530),
    ("current", "Current assets", ("cash", "receivables", "inventories")),
    ("tangible", "Property, plant and equipment", 1_342),
    ("intangible", "Intangible assets", 1_077),
    ("fixed", "Non-current assets", ("tangible", "intangible")),
    ("assets", "Total assets", ("current", "fixed")),
    ("short", "Current liabilities", 1_866),
    ("long", "Non-current liabilities", 1_203),
    ("debt", "Total liabilities", ("short", "long")),
    ("equity", "Equity", ("assets", "-debt")),
    ("total", "Total liabilities and equity", ("debt", "equity")),
)


def grouped(value: Decimal) -> str:
    """1'234.5 for 1234.5."""
    return f"{abs(value):,}".replace(",", "'")


def swiss_company(seed: int = 1, *, foots: bool = True) -> Release:
    """The annual results of Brunnmatt Holding AG."""
    income = statement(seed, tuple(PERIODS), INCOME, digits=1, foots=foots)
    balance = statement(seed + 1000, tuple(DAYS), BALANCE, digits=1, foots=foots)
    out = Writer()
    out.put("# Brunnmatt Holding AG: annual results 2024\n\n")
    sales, ebit = income["sales"].amounts, income["ebit"].amounts
    out.say(
        "Net sales came to ",
        _francs(sales["now"], PERIODS["now"]),
        " (2023: ",
        _francs(sales["then"], PERIODS["then"]),
        "), a change of ",
        _percent(income["sales"].growth("now", "then"), PERIODS["now"]),
        ". EBIT was ",
        _francs(ebit["now"], PERIODS["now"]),
        " (2023: ",
        _francs(ebit["then"], PERIODS["then"]),
        ").",
    )
    assets, change = balance["assets"], balance["assets"].change("now", "then")
    margin = {column: income["profit"].unrounded[column] / income["sales"].unrounded[column] * 100 for column in PERIODS}
    out.say(
        "The net profit margin reached ",
        _percent(margin["now"], PERIODS["now"]),
        " (2023: ",
        _percent(margin["then"], PERIODS["then"]),
        f"). Total assets {'rose' if change > 0 else 'fell'} by CHF ",
        Shown(
            digits=grouped(rounded(change, "0.1")),
            value=rounded(change, "0.1"),
            step=Decimal("0.1"),
            scale=MILLION,
            currency="CHF",
            period=PERIODS["now"],
            after=" million",
        ),
        " or ",
        Shown(
            digits=f"{abs(rounded(assets.growth('now', 'then'), '0.1'))}",
            value=rounded(assets.growth("now", "then"), "0.1"),
            step=Decimal("0.1"),
            unit=Unit.PERCENT,
            period=PERIODS["now"],
            after="%",
        ),
        " to ",
        _francs(assets.amounts["now"], DAYS["now"]),
        " at the end of 2024.",
    )
    for title, head, lines, periods in (
        ("Consolidated income statement", ("2024", "2023"), income, PERIODS),
        ("Consolidated balance sheet", ("31.12.2024", "31.12.2023"), balance, DAYS),
    ):
        out.put(f"## {title}\n\n|  | {head[0]} |  | {head[1]} |  |\n|---|---|---|---|---|\n| in CHF million |  |  |  |  |\n")
        for number, line in enumerate(lines.values()):
            _row(out, line, periods, number)
        out.put("\n")
    out.put("Brunnmatt Holding AG will publish its half-year report on 14 August 2025.\n")
    return out.release(f"brunnmatt_{seed}.md", foots=foots)


def _row(out: Writer, line: Line, periods: dict[str, Period], number: int) -> None:
    """Every third row has slipped one column to the right, as converters leave it; every fifth is set off by an empty one."""
    if number % 5 == 4:
        out.put("|  |  |  |  |  |\n")
    out.put(f"| {line.label} |")
    for column, period in periods.items():
        value = line.amounts[column]
        shown = Shown(
            digits=grouped(value),
            value=value,
            step=Decimal("0.1"),
            scale=MILLION,
            currency="CHF",
            period=period,
            before="-" if value < 0 else "",
        )
        out.put(*((" | ", shown, " |") if number % 3 == 2 else (" ", shown, " |  |")))
    out.put("\n")


def _francs(value: Decimal, period: Period) -> Shown:
    return Shown(
        digits=grouped(value),
        value=value,
        step=Decimal("0.1"),
        scale=MILLION,
        currency="CHF",
        period=period,
        before="CHF ",
        after=" million",
    )


def _percent(value: Decimal, period: Period) -> Shown:
    shown = rounded(value, "0.1")
    return Shown(
        digits=f"{abs(shown)}",
        value=shown,
        step=Decimal("0.1"),
        unit=Unit.PERCENT,
        period=period,
        before="-" if shown < 0 else "",
        after="%",
    )
