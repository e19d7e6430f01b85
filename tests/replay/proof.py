"""Why a figure cannot come out as printed, each reason checked by arithmetic.

rounded   computed from figures that are printed rounded; some unrounded figures behind them give what is printed
issuer    no unrounded figures do, or the filing breaks its own rule that a quarter is a difference
missing   what it is made from stands in none of the filings
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from loanbook.statements.periods import Period, period
from loanbook.statements.presentation import Figures, leaf_signs
from loanbook.terms.statement import BASE
from loanbook.terms.statement_file import load_statements
from tests.replay.replay import Outcome, figures, leaves, read

_FORMULA = re.compile(r"(\w+)\((\S+), (\S+)\)")
_TARGETS = ("outlook_net_income", "outlook_non_gaap")
"""Ranges of an outlook are what was said, not rounded figures of something."""

Range = tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """A figure listed as not coming out."""

    place: str
    nth: int
    kind: str
    formula: str
    reason: str

    @property
    def where(self) -> str:
        """As `Printed.where`."""
        return f"{self.place}#{self.nth}"


def exceptions() -> tuple[Exemption, ...]:
    """All of `facts/exceptions.csv`."""
    return tuple(
        Exemption(place=row["place"], nth=int(row["nth"]), kind=row["kind"], formula=row["formula"], reason=row["reason"])
        for row in read("exceptions")
    )


def proved(listed: Exemption, outcome: Outcome) -> str:
    """The evidence of one exception, in words; raises AssertionError when arithmetic does not bear the reason."""
    engine = figures(outcome.figure.filing, coarse=True)
    if listed.kind == "missing":
        line, text = listed.formula.split("@")
        assert outcome.computed is None, f"{listed.where} can be computed: {outcome.computed}"
        assert engine.value(line, period(text)) is None, f"{listed.where}: {line} is there"
        return f"`{line}` of {text} is not known"
    assert outcome.computed is not None
    assert not outcome.agrees, f"{listed.where} agrees; strike it off"
    low, high = formula_range(engine, listed.formula)
    printed, half, scale = printed_as(outcome)
    reaches = low <= printed + half and printed - half <= high
    shown = f"{decimal(low / scale)} to {decimal(high / scale)}"
    if listed.kind == "rounded":
        assert reaches, f"{listed.where}: {shown} does not reach {outcome.figure.printed}"
        return f"what rounding hides allows {shown}; from printed figures {outcome.computed}"
    assert listed.kind == "issuer", listed.kind
    if listed.formula.startswith("difference"):
        middle = (low + high) / 2
        assert middle != printed
        return f"the difference is {decimal(middle / scale)}"
    assert not reaches, f"{listed.where}: {shown} reaches {outcome.figure.printed}"
    return f"what rounding hides allows {shown}, never {outcome.figure.printed}"


def formula_range(engine: Figures, formula: str) -> Range:
    """The values that a formula of two figures takes over all unrounded amounts behind the printed ones."""
    match = _FORMULA.fullmatch(formula)
    assert match, formula
    name, first, second = match.groups()
    return _OPERATIONS[name](operand(engine, first), operand(engine, second))


def operand(engine: Figures, text: str) -> Range:
    """A figure with the amounts that it can have had before it was printed: half a unit of the last digit for each leaf."""
    code, at = text.split("@")
    low = high = Fraction(0)
    given = (code, period(at), BASE) in engine.amounts
    for leaf, sign in ({code: 1} if given else leaf_signs(load_statements(), code)).items():
        value, half = _leaf(engine, leaf, period(at))
        low += sign * value - half
        high += sign * value + half
    return low, high


def _leaf(engine: Figures, code: str, at: Period) -> tuple[Fraction, Fraction]:
    value = engine.value(code, at)
    assert value is not None, f"{code} of {at} is not known"
    if code.startswith(_TARGETS):
        return Fraction(value), Fraction(0)
    halves = {(fact.line, fact.period): fact.precision for fact in leaves() if fact.column == BASE and fact.precision}
    return Fraction(value), Fraction(halves.get((code, at), 0)) or Fraction(1, 2)


def printed_as(outcome: Outcome) -> tuple[Fraction, Fraction, int]:
    """The printed figure and half a unit of its last digit in the unit of the formula, and how many of these a shown one is."""
    figure = outcome.figure
    text = figure.printed.strip("%").replace(",", "")
    digits = len(text.partition(".")[2])
    scale = 1_000 if figure.form in ("million", "million_whole") else 1
    return Fraction(text) * scale, Fraction(scale, 2 * 10**digits), scale


def decimal(value: Fraction) -> str:
    """A range's end, to three decimals."""
    return f"{float(value):,.3f}"


def _growth(new: Range, old: Range) -> Range:
    return 100 * (new[0] / old[1] - 1), 100 * (new[1] / old[0] - 1)


def _ratio(above: Range, below: Range) -> Range:
    """Millions over tenths of a million."""
    return 10 * above[0] / below[1], 10 * above[1] / below[0]


def _sum(first: Range, second: Range) -> Range:
    return first[0] + second[0], first[1] + second[1]


def _difference(first: Range, second: Range) -> Range:
    return first[0] - second[1], first[1] - second[0]


_OPERATIONS: Mapping[str, Callable[[Range, Range], Range]] = {
    "growth": _growth,
    "ratio": _ratio,
    "sum": _sum,
    "difference": _difference,
}


def implied_compensation() -> Range:
    """Share-based compensation of the last quarter of 2023 that all three non-GAAP figures of that quarter allow, thousands.

    Each is a GAAP figure known to the thousand (year 2023 of S3 less nine months of S2) plus the compensation, in tenths of a
    million (S0:157, 165, 171).
    """
    engine = figures("S0")
    low, high = Fraction(0), Fraction(10**9)
    quarter = period("2023Q4")
    for code, printed in (
        ("income_from_operations", 1_322_100),
        ("net_income", 1_150_300),
        ("net_income_attributable_to_company", 1_154_300),
    ):
        base = engine.value(code, quarter)
        assert base is not None
        low, high = max(low, Fraction(printed - 50 - base)), min(high, Fraction(printed + 50 - base))
    return low, high
