"""The replay of the filings: every printed figure that is not a leaf, computed by the engine from the reported leaves.

`facts/leaves.csv` holds the leaves with their places, `facts/printed.csv` what to compare with, `facts/exceptions.csv` what
cannot come out and why. No seed is read here.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from loanbook.statements import presentation_format as form
from loanbook.statements.periods import Period, period
from loanbook.statements.presentation import CNY, Figures, Key, growth
from loanbook.terms.statement_file import load_statements

FACTS = Path(__file__).parent / "facts"
RATE_LINE = "exchange_rate"
NOT_FOR_THE_ENGINE = ("alone", "rate")
"""Sections of leaves that nothing is computed from: facts stated once, and the rate, which is the document's."""

_NILS = str.maketrans({"–": "-", "—": "-", "_": "-"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A leaf.

    role        leaf; given: a total whose lines are not printed; derived: from two places; coarse: known in millions alone;
                alone: nothing is computed from it
    precision   of a coarse fact, half a unit of its last digit in thousands
    """

    filing: str
    statement: str
    line: str
    period: Period
    column: str
    amount: int
    precision: int
    role: str
    printed: str
    place: str
    nth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A printed figure to compare with: its form, and the line, period, column and currency shown (growth: against a base)."""

    filing: str
    section: str
    form: str
    line: str
    period: Period
    column: str
    currency: str
    base_line: str
    base_period: Period | None
    printed: str
    place: str
    nth: int

    @property
    def where(self) -> str:
        """The place with the number's turn in the line."""
        return f"{self.place}#{self.nth}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one printed figure; `computed` None: it cannot be computed from the filings."""

    figure: Printed
    computed: str | None

    @property
    def agrees(self) -> bool:
        """Whether it comes out as printed; the mark for nothing may differ, copies have four."""
        return self.computed is not None and self.computed.translate(_NILS) == self.figure.printed.translate(_NILS)


def read(name: str) -> list[dict[str, str]]:
    """The rows of a file of facts."""
    with (FACTS / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def leaves() -> tuple[Fact, ...]:
    """All leaves."""
    return tuple(
        Fact(
            filing=row["filing"],
            statement=row["statement"],
            line=row["line"],
            period=period(row["period"]),
            column=row["column"],
            amount=int(row["amount"]),
            precision=int(row["precision"]),
            role=row["role"],
            printed=row["printed"],
            place=row["place"],
            nth=int(row["nth"]),
        )
        for row in read("leaves")
    )


@cache
def printed() -> tuple[Printed, ...]:
    """All printed figures."""
    return tuple(
        Printed(
            filing=row["filing"],
            section=row["section"],
            form=row["form"],
            line=row["line"],
            period=period(row["period"]),
            column=row["column"],
            currency=row["currency"],
            base_line=row["base_line"],
            base_period=period(row["base_period"]) if row["base_period"] else None,
            printed=row["printed"],
            place=row["place"],
            nth=int(row["nth"]),
        )
        for row in read("printed")
    )


def figures(filing: str, *, coarse: bool = False, changed: Mapping[Key, int] | None = None) -> Figures:
    """The engine over the leaves, at the rate of one filing.

    coarse    also leaves that only prose gives, in tenths of a million
    changed   amounts put in place of reported ones (to find what rounding allows)
    """
    amounts = {
        (fact.line, fact.period, fact.column): fact.amount
        for fact in leaves()
        if fact.statement not in NOT_FOR_THE_ENGINE and (coarse or fact.role != "coarse")
    }
    rates = [fact.amount for fact in leaves() if fact.line == RATE_LINE and fact.filing == filing]
    amounts |= changed or {}
    return Figures(statements=load_statements(), amounts=amounts, rate=rates[0] if rates else 0, missing_is_nil=False)


_FORMS: Mapping[str, Callable[[int], str]] = {
    "million": lambda value: form.million(value).removesuffix(" million"),
    "billion": lambda value: form.billion(value).removesuffix(" billion"),
    "billion_1": lambda value: form.billion(value, 1).removesuffix(" billion"),
    "million_whole": lambda value: form.plain(int(form.million(value, 0).removesuffix(" million").replace(",", ""))),
    "ads": lambda value: form.count_in_millions(value).removesuffix(" million"),
    "percent_whole": form.percent_whole,
    "size": lambda value: form.plain(abs(value)),
    "growth": form.percent,
    "growth_whole": form.percent_whole,
    "increase": lambda value: form.percent(value) if value >= 0 else f"a decrease of {form.percent(-value)}",
    "decrease": lambda value: form.percent(-value) if value <= 0 else f"an increase of {form.percent(value)}",
}


def written(figure: Printed, value: int) -> str:
    """A value as the figure's form writes it."""
    if figure.form in _FORMS:
        return _FORMS[figure.form](value)
    return form.cell(value, load_statements().line(figure.line).unit)


def value_of(engine: Figures, figure: Printed) -> int | None:
    """The value of a printed figure, or its growth in percent, tenths unless the form says whole."""
    if figure.form == "percent_whole":
        return engine.ratio(figure.line, figure.period, figure.column, decimals=0)
    value = engine.value(figure.line, figure.period, figure.column, figure.currency)
    if figure.base_period is None or value is None:
        return value
    base = engine.value(figure.base_line, figure.base_period, figure.column, CNY)
    return None if base is None else growth(value, base, 0 if figure.form == "growth_whole" else 1)


def outcomes() -> Iterator[Outcome]:
    """Every printed figure with what is computed for it: from exact leaves, and where they do not reach, with those of prose."""
    engines = {filing: (figures(filing), figures(filing, coarse=True)) for filing in {each.filing for each in printed()}}
    for figure in printed():
        exact, coarse = engines[figure.filing]
        value = value_of(exact, figure)
        if value is None:
            value = value_of(coarse, figure)
        yield Outcome(figure=figure, computed=None if value is None else written(figure, value))
