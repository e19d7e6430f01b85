"""A press release of text alone: broken lines, columns lined up with dotted leaders, thousands of Australian dollars."""

from decimal import Decimal

from loanbook.tieout.figure import Period, Unit
from tests.tieout.releases.company import Line, statement
from tests.tieout.releases.writer import Release, Shown, Writer, months, rounded

THOUSAND = Decimal(1_000)
PERIODS = {"now": months(2024, 6, 12), "then": months(2023, 6, 12)}
INCOME = (
    ("retail", "Retail sales", 91_204),
    ("wholesale", "Wholesale sales", 40_318),
    ("online", "Online sales", 22_870),
    ("sales", "Total sales", ("retail", "wholesale", "online")),
    ("goods", "Cost of goods sold", -71_115),
    ("gross", "Gross profit", ("sales", "goods")),
    ("wages", "Employee expenses", -34_220),
    ("rent", "Occupancy expenses", -12_904),
    ("other", "Other expenses", -9_338),
    ("ebitda", "EBITDA", ("gross", "wages", "rent", "other")),
    ("depreciation", "Depreciation and amortisation", -8_017),
    ("ebit", "EBIT", ("ebitda", "depreciation")),
    ("finance", "Net finance costs", -1_288),
    ("tax", "Income tax expense", -4_410),
    ("profit", "Net profit after tax", ("ebit", "finance", "tax")),
)


def press_release(seed: int = 1, *, foots: bool = True) -> Release:
    """The full-year release of Wattle & Quince Limited."""
    income = statement(seed, tuple(PERIODS), INCOME, foots=foots)
    out = Writer()
    out.put("WATTLE & QUINCE LIMITED (ASX: WQX)\nFULL YEAR RESULTS\n\n21 August 2024\n\n")
    sales, profit = (income[key].amounts for key in ("sales", "profit"))
    out.put(
        "Wattle & Quince Limited today reported total sales of ",
        _million(sales["now"], PERIODS["now"]),
        f" for the year ended\n30 June 2024, {'up' if sales['now'] > sales['then'] else 'down'} ",
        _percent(abs(income["sales"].growth("now", "then")), PERIODS["now"]),
        " on the prior year (FY23: ",
        _million(sales["then"], PERIODS["then"]),
        "). Net profit after\ntax was ",
        _million(profit["now"], PERIODS["now"]),
        " compared with ",
        _million(profit["then"], PERIODS["then"]),
        " in the prior year. Gross margin was\n",
        _percent(income["gross"].unrounded["now"] / income["sales"].unrounded["now"] * 100, PERIODS["now"]),
        ".\n\n",
        prose=True,
    )
    online, change = income["online"], income["ebitda"].change("now", "then")
    out.put(
        f"Online sales {'grew' if online.growth('now', 'then') > 0 else 'fell'} ",
        _percent(online.growth("now", "then"), PERIODS["now"]),
        " to ",
        _million(online.amounts["now"], PERIODS["now"]),
        " and represented\n",
        _percent(online.unrounded["now"] / income["sales"].unrounded["now"] * 100, PERIODS["now"]),
        " of total sales. EBITDA was ",
        _million(income["ebitda"].amounts["now"], PERIODS["now"]),
        ", ",
        _million(change, PERIODS["now"]),
        f" {'higher' if change > 0 else 'lower'} than in the prior year.\n\n",
        prose=True,
    )
    out.put(
        "For enquiries call +61 2 5550 1234 between 9:00 am and 5:00 pm.\n\nINCOME STATEMENT\nYear ended 30 June (A$'000)\n\n"
    )
    out.lines_up([("", "2024", "2023")], (46, 14, 14))
    out.lines_up([_row(line) for line in income.values()], (46, 14, 14), leader=".")
    out.put("\nEnds. Authorised for release by the Board. Page 1 of 1\n")
    return out.release(f"wattle_quince_{seed}.txt", foots=foots)


def _row(line: Line) -> tuple[str | Shown, ...]:
    return (line.label, *(_cell(line.amounts[column], period) for column, period in PERIODS.items()))


def _cell(value: Decimal, period: Period) -> Shown:
    return Shown(
        digits=f"{abs(value):,}",
        value=value,
        step=Decimal(1),
        scale=THOUSAND,
        currency="AUD",
        period=period,
        before="(" if value < 0 else "",
        after=")" if value < 0 else " ",
    )


def _million(value: Decimal, period: Period) -> Shown:
    shown = rounded(value / 1000, "0.1")
    return Shown(
        digits=f"{abs(shown):,}",
        value=shown,
        step=Decimal("0.1"),
        scale=THOUSAND * 1000,
        currency="AUD",
        period=period,
        before="A$",
        after=" million",
    )


def _percent(value: Decimal, period: Period) -> Shown:
    shown = rounded(value, "0.1")
    return Shown(digits=f"{abs(shown)}", value=shown, step=Decimal("0.1"), unit=Unit.PERCENT, period=period, after="%")
