"""A United States bank: Markdown with pipe tables in millions, quarters side by side, ratios, prose in billions."""

from decimal import Decimal

from loanbook.tieout.figure import Basis, Period, Unit
from tests.tieout.releases.company import Line, statement
from tests.tieout.releases.writer import Release, Shown, Writer, instant, months, rounded

MILLION = Decimal(1_000_000)
COLUMNS = ("q2", "q1", "p2")
PERIODS = {"q2": months(2024, 6, 3), "q1": months(2024, 3, 3), "p2": months(2023, 6, 3)}
DAYS = {"q2": instant(2024, 6, 30), "q1": instant(2024, 3, 31), "p2": instant(2023, 6, 30)}
INCOME = (
    ("loans_interest", "Interest and fees on loans", 2_140),
    ("securities_interest", "Interest on securities", 410),
    ("other_interest", "Other interest income", 96),
    ("interest_income", "Total interest income", ("loans_interest", "securities_interest", "other_interest")),
    ("deposit_interest", "Interest on deposits", 612),
    ("borrowing_interest", "Interest on borrowings", 188),
    ("interest_expense", "Total interest expense", ("deposit_interest", "borrowing_interest")),
    ("net_interest", "Net interest income", ("interest_income", "-interest_expense")),
    ("provision", "Provision for credit losses", 143),
    ("net_after", "Net interest income after provision for credit losses", ("net_interest", "-provision")),
    ("service_charges", "Service charges on deposits", 121),
    ("card_fees", "Card fees", 164),
    ("trust_fees", "Trust and investment services", 97),
    ("noninterest_income", "Total noninterest income", ("service_charges", "card_fees", "trust_fees")),
    ("salaries", "Salaries and benefits", 640),
    ("occupancy", "Occupancy and equipment", 118),
    ("other_expense", "Other noninterest expense", 233),
    ("noninterest_expense", "Total noninterest expense", ("salaries", "occupancy", "other_expense")),
    ("before_tax", "Income before income taxes", ("net_after", "noninterest_income", "-noninterest_expense")),
    ("tax", "Income tax expense", 171),
    ("net_income", "Net income", ("before_tax", "-tax")),
    ("preferred", "Preferred stock dividends", 21),
    ("common", "Net income available to common shareholders", ("net_income", "-preferred")),
)
BALANCE = (
    ("cash", "Cash and due from banks", 4_210),
    ("securities", "Securities available for sale", 21_870),
    ("loans", "Loans, net of unearned income", 88_400),
    ("allowance", "Less: allowance for loan losses", -1_310),
    ("net_loans", "Net loans", ("loans", "allowance")),
    ("premises", "Premises and equipment", 1_120),
    ("assets", "Total assets", ("cash", "securities", "net_loans", "premises")),
    ("noninterest_deposits", "Noninterest-bearing deposits", 24_300),
    ("interest_deposits", "Interest-bearing deposits", 61_900),
    ("deposits", "Total deposits", ("noninterest_deposits", "interest_deposits")),
    ("borrowings", "Long-term borrowings", 9_800),
    ("liabilities", "Total liabilities", ("deposits", "borrowings")),
    ("equity", "Total shareholders' equity", ("assets", "-liabilities")),
    ("liabilities_equity", "Total liabilities and shareholders' equity", ("liabilities", "equity")),
)


def us_bank(seed: int = 1, *, foots: bool = True) -> Release:
    """The release of Alder Ridge Bancorp."""
    income, balance = statement(seed, COLUMNS, INCOME, foots=foots), statement(seed + 1000, COLUMNS, BALANCE, foots=foots)
    shares = {column: Decimal(310_000_000 + 1_000_000 * number + seed) for number, column in enumerate(COLUMNS)}
    earned = {column: rounded(income["common"].unrounded[column] * MILLION / shares[column], "0.01") for column in COLUMNS}
    out = Writer()
    out.put("# Alder Ridge Bancorp Reports Second Quarter 2024 Results\n\n")
    out.say(
        "CEDARVILLE, July 18, 2024 -- Alder Ridge Bancorp (NYSE: ARBX) today announced results for the quarter ended "
        "June 30, 2024."
    )
    net = income["net_income"].amounts
    out.say(
        "Net income was ",
        _billion(net["q2"], PERIODS["q2"]),
        " for the second quarter of 2024, compared with ",
        _billion(net["p2"], PERIODS["p2"]),
        " in the second quarter of 2023 and ",
        _billion(net["q1"], PERIODS["q1"]),
        " in the first quarter of 2024. Diluted earnings per common share were ",
        _per_share(earned["q2"], PERIODS["q2"]),
        ", compared with ",
        _per_share(earned["p2"], PERIODS["p2"]),
        " in the prior-year quarter.",
    )
    total = income["noninterest_income"].amounts
    out.say(
        "Noninterest income was ",
        _million(total["q2"], PERIODS["q2"]),
        f", {'an increase' if total['q2'] > total['p2'] else 'a decrease'} of ",
        _percent(abs(income["noninterest_income"].growth("q2", "p2")), PERIODS["q2"]),
        " from ",
        _million(total["p2"], PERIODS["p2"]),
        " in the second quarter of 2023.",
    )
    interest, change = income["net_interest"], income["net_interest"].change("q2", "q1")
    salaries, expense = income["salaries"].unrounded, income["noninterest_expense"].unrounded
    deposits = balance["deposits"].amounts
    out.say(
        f"Net interest income {'increased' if change > 0 else 'decreased'} by ",
        _million(rounded(change, "1"), PERIODS["q2"]),
        ", or ",
        _percent(interest.growth("q2", "q1"), PERIODS["q2"]),
        ", from the first quarter of 2024 to ",
        _million(interest.amounts["q2"], PERIODS["q2"]),
        ". Salaries and benefits made up ",
        _percent(salaries["q2"] / expense["q2"] * 100, PERIODS["q2"]),
        " of total noninterest expense, compared with ",
        _percent(salaries["p2"] / expense["p2"] * 100, PERIODS["p2"]),
        " in the second quarter of 2023. Total deposits were ",
        _billion(deposits["q2"], DAYS["q2"]),
        " and ",
        _billion(deposits["p2"], DAYS["p2"]),
        " at June 30, 2024 and June 30, 2023, respectively.",
    )
    out.put("## Consolidated Statements of Income\n\n(in millions, except per share data; unaudited)\n\n")
    out.put("| | Three months ended | | |\n|---|---:|---:|---:|\n| | June 30, 2024 | March 31, 2024 | June 30, 2023 |\n")
    for line in income.values():
        _row(out, line, PERIODS)
    out.put("| Diluted earnings per common share |")
    for column in COLUMNS:
        out.put(" ", _per_share(earned[column], PERIODS[column]), " |")
    out.put("\n| Average diluted common shares (in thousands) |")
    for column in COLUMNS:
        thousand = rounded(shares[column] / 1000, "1")
        shown = Shown(
            digits=f"{thousand:,}",
            value=thousand,
            step=Decimal(1),
            unit=Unit.SHARES,
            scale=Decimal(1000),
            period=PERIODS[column],
            derives=False,
        )
        out.put(" ", shown, " |")
    out.put("\n| Efficiency ratio |")
    for column in COLUMNS:
        base = income["net_interest"].unrounded[column] + income["noninterest_income"].unrounded[column]
        out.put(" ", _percent(income["noninterest_expense"].unrounded[column] / base * 100, PERIODS[column]), " |")
    out.put("\n\n## Consolidated Balance Sheets\n\n(in millions; unaudited)\n\n")
    out.put("| | June 30, 2024 | March 31, 2024 | June 30, 2023 |\n|---|---:|---:|---:|\n")
    for line in balance.values():
        _row(out, line, DAYS)
    out.put("\nMember FDIC. Form 10-Q will be filed by August 8, 2024.\n")
    return out.release(f"alder_ridge_{seed}.md", foots=foots)


def _row(out: Writer, line: Line, periods: dict[str, Period]) -> None:
    out.put(f"| {'**' if line.level == 0 else ''}{line.label}{'**' if line.level == 0 else ''} |")
    for column, period in periods.items():
        value = line.amounts[column]
        digits = f"{abs(value):,}"
        shown = Shown(
            digits=digits,
            value=value,
            step=Decimal(1),
            scale=MILLION,
            currency="USD",
            period=period,
            basis=Basis.US_GAAP,
            before="(" if value < 0 else "$" if line.level == 0 else "",
            after=")" if value < 0 else "",
        )
        out.put(" ", shown, " |")
    out.put("\n")


def _billion(value: Decimal, period: Period) -> Shown:
    shown = rounded(value / 1000, "0.01")
    return Shown(
        digits=f"{shown:,}",
        value=shown,
        step=Decimal("0.01"),
        scale=MILLION * 1000,
        currency="USD",
        period=period,
        before="$",
        after=" billion",
    )


def _million(value: Decimal, period: Period) -> Shown:
    return Shown(
        digits=f"{abs(value):,}",
        value=value,
        step=Decimal(1),
        scale=MILLION,
        currency="USD",
        period=period,
        before="$",
        after=" million",
    )


def _per_share(value: Decimal, period: Period) -> Shown:
    return Shown(
        digits=f"{value}", value=value, step=Decimal("0.01"), unit=Unit.PER_SHARE, currency="USD", period=period, before="$"
    )


def _percent(value: Decimal, period: Period) -> Shown:
    shown = rounded(value, "0.1")
    return Shown(digits=f"{abs(shown)}", value=shown, step=Decimal("0.1"), unit=Unit.PERCENT, period=period, after="%")
