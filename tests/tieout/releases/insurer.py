"""An insurer: tab-separated tables in thousands of pounds, a roll-forward of claims reserves, combined ratios."""

from decimal import Decimal

from loanbook.tieout.figure import Period, Unit
from tests.tieout.releases.company import Line, statement
from tests.tieout.releases.writer import Release, Shown, Writer, months, rounded

THOUSAND = Decimal(1_000)
PERIODS = {"now": months(2024, 12, 12), "then": months(2023, 12, 12)}
TECHNICAL = (
    ("written", "Gross premiums written", 1_204_330),
    ("ceded", "Premiums ceded to reinsurers", -208_112),
    ("net_written", "Net premiums written", ("written", "ceded")),
    ("unearned", "Change in unearned premiums", -31_870),
    ("earned", "Net premiums earned", ("net_written", "unearned")),
    ("claims", "Claims incurred, net", -561_402),
    ("acquisition", "Acquisition costs", -188_340),
    ("administration", "Administrative expenses", -96_210),
    ("underwriting", "Underwriting result", ("earned", "claims", "acquisition", "administration")),
    ("investment", "Investment return", 54_400),
    ("profit", "Profit before tax", ("underwriting", "investment")),
)
RESERVES = (
    ("opening", "Balance at January 1", 902_100),
    ("current", "Claims incurred, current year", 604_210),
    ("prior", "Claims incurred, prior years", -28_300),
    ("paid_current", "Claims paid, current year", -214_070),
    ("paid_prior", "Claims paid, prior years", -301_550),
    ("exchange", "Exchange differences", 4_120),
    ("closing", "Balance at December 31", ("opening", "current", "prior", "paid_current", "paid_prior", "exchange")),
)


def insurer(seed: int = 1, *, foots: bool = True) -> Release:
    """The preliminary results of Fernbrook Mutual plc."""
    technical = statement(seed, tuple(PERIODS), TECHNICAL, foots=foots)
    reserves = statement(seed + 1000, ("now",), RESERVES, foots=foots)
    earned = {column: technical["earned"].unrounded[column] for column in PERIODS}
    ratios = {
        "Loss ratio": {column: -technical["claims"].unrounded[column] / earned[column] * 100 for column in PERIODS},
        "Expense ratio": {
            column: -(technical["acquisition"].unrounded[column] + technical["administration"].unrounded[column])
            / earned[column]
            * 100
            for column in PERIODS
        },
    }
    shown = {name: {column: rounded(value, "0.1") for column, value in row.items()} for name, row in ratios.items()}
    shown["Combined ratio"] = {column: sum(row[column] for row in list(shown.values())) for column in PERIODS}  # type: ignore[misc]
    combined = shown["Combined ratio"]
    out = Writer()
    out.put("Fernbrook Mutual plc\nPreliminary results for the year ended 31 December 2024\n\n")
    out.say(
        "Gross premiums written were ",
        _pounds(technical["written"].amounts["now"], "now"),
        " (2023: ",
        _pounds(technical["written"].amounts["then"], "then"),
        "). The combined ratio was ",
        _percent(combined["now"], "now"),
        " (2023: ",
        _percent(combined["then"], "then"),
        ").",
    )
    premiums, change = technical["earned"], technical["earned"].change("now", "then")
    loss, moved = shown["Loss ratio"], ratios["Loss ratio"]["now"] - ratios["Loss ratio"]["then"]
    out.say(
        "Net premiums earned were ",
        _pounds(premiums.amounts["now"], "now"),
        f", {'up' if change > 0 else 'down'} ",
        _pounds(change, "now"),
        " on the prior year. ",
        f"The loss ratio {'worsened' if moved > 0 else 'improved'} by ",
        Shown(
            digits=f"{abs(rounded(moved, '0.1'))}",
            value=rounded(moved, "0.1"),
            step=Decimal("0.1"),
            unit=Unit.POINTS,
            period=PERIODS["now"],
            after=" percentage points",
        ),
        " to ",
        _percent(loss["now"], "now"),
        ", while the expense ratio was ",
        _percent(shown["Expense ratio"]["now"], "now"),
        " (2023: ",
        _percent(shown["Expense ratio"]["then"], "then"),
        ").",
    )
    out.put("Technical account\n(in £ thousands)\n\n")
    out.put("\t2024\t2023\n")
    for line in technical.values():
        _row(out, line, tuple(PERIODS))
    out.put("\nKey ratios\n\n\t2024\t2023\n")
    for name, row in shown.items():
        out.put(name)
        for column in PERIODS:
            out.put("\t", _percent(row[column], column))
        out.put("\n")
    out.put("\nMovement in outstanding claims\n(in £ thousands)\n\n\t2024\n")
    for line in reserves.values():
        _row(out, line, ("now",))
    out.put("\n1 Combined ratio is the sum of loss ratio and expense ratio.\n")
    return out.release(f"fernbrook_{seed}.txt", foots=foots)


def _row(out: Writer, line: Line, columns: tuple[str, ...]) -> None:
    out.put(line.label)
    for column in columns:
        value = line.amounts[column]
        period = PERIODS[column]
        if line.key in ("opening", "closing"):
            period = months(2023, 12, 12) if line.key == "opening" else period
            period = Period(end=period.end)
        shown = Shown(
            digits=f"{abs(value):,}",
            value=value,
            step=Decimal(1),
            scale=THOUSAND,
            currency="GBP",
            period=period,
            before="(" if value < 0 else "",
            after=")" if value < 0 else "",
        )
        out.put("\t", shown)
    out.put("\n")


def _pounds(value: Decimal, column: str) -> Shown:
    million = rounded(value / 1000, "0.1")
    return Shown(
        digits=f"{abs(million):,}",
        value=million,
        step=Decimal("0.1"),
        scale=THOUSAND * 1000,
        currency="GBP",
        period=PERIODS[column],
        before="£",
        after=" million",
    )


def _percent(value: Decimal, column: str) -> Shown:
    return Shown(digits=f"{value}", value=value, step=Decimal("0.1"), unit=Unit.PERCENT, period=PERIODS[column], after="%")
