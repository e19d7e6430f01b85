"""Statements as data: ordered lines, what each adds up, its normal sign, and the tables they stand in.

A code is one figure: a `link` shows in another statement what its own one says. Reader: `statement_file`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from loanbook.errors import RequestError

KINDS = ("heading", "leaf", "part", "opening", "total", "taken", "ratio", "ads", "per_share", "link")
"""heading: words only. leaf: an amount that is given. part: an amount inside a leaf, which is their sum if only they are given.
opening: a balance of the day before the period. total: a signed sum. taken: in each column, a line of another
statement. ratio, ads, per_share: computed. link: a line of another
statement."""

UNITS = ("money", "shares", "per_share", "percent", "times", "count", "million", "tenths_million", "hundredths")
"""money: thousands. per_share, hundredths: hundredths. percent, times: tenths. million: whole millions of money."""

RESIDUES = ("all", "last")
ACCUMULATIONS = ("instant", "flow")
SIGNS = {"credit": -1, "debit": 1}
"""What a balance, debit less credit, is multiplied by to be shown."""

SHOWN = ("always", "unless_nil", "never")
TERMS = ("current", "noncurrent")
GROUPS = ("credit_driven", "platform")

BASE = "us_gaap"
"""The column of amounts as they are reported; others are adjustments, dimensions of a note, or sums of columns."""

OWN_COLUMN = ("column",)
"""In `of` and `equals` of a table with dimensions: the line that has the code of the column."""

_WORDS = re.compile(r"\{(\w[^|{}]*)\|([^|{}]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a statement.

    sign          1 for amounts shown as debit less credit, -1 for credit less debit; 0 where nothing is posted to the line
    addends       (sign, code) of a total
    of            codes whose balance an opening is, or the line that a per-ADS figure or a number of ADS comes from
    numerator, denominator    of a ratio; of a per-share figure, income and shares
    part_of       the leaf that a part is inside
    equals        codes whose sum the line must be (a balance, or the other side of a balance sheet)
    residue       "all": the line absorbs what rounding or translation leaves of `equals`; "last": what lines of its own statement
                  cannot share
    takes         column -> (sign, code) of a `taken` line; nothing in other columns
    concept       us-gaap concept; a leading minus says that it is reported with the opposite sign
    place         path:line of the definition
    """

    code: str
    title: str
    kind: str
    place: str
    accumulation: str = "flow"
    unit: str = "money"
    sign: int = 0
    term: str = ""
    group: str = ""
    addends: tuple[tuple[int, str], ...] = ()
    of: tuple[str, ...] = ()
    numerator: str = ""
    denominator: str = ""
    part_of: str = ""
    equals: tuple[str, ...] = ()
    residue: str = ""
    takes: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    per: str = "share"
    shown: str = "always"
    concept: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """The codes that this line is computed from, in the same column."""
        of = () if self.of == OWN_COLUMN else self.of
        return (*(code for _, code in self.addends), *of, *filter(None, (self.numerator, self.denominator)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table with dimensions.

    by    a dimension whose members make the columns (`code` is empty then)
    sum   the columns that it adds up; ("all",) adds all before it
    shown "unless_nil": a column that has no amount goes
    """

    code: str
    title: str
    by: str = ""
    sum: tuple[str, ...] = ()
    shown: str = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement or note table.

    nil         what stands for nothing
    blocks      "joint" where quarter and year to date stand in one table, "separate" where each has its own
    columns     empty: the columns are periods and currencies
    allocated   the cells of a line are parts of the rounded line of the same code
    """

    name: str
    title: str
    accumulation: str
    nil: str
    blocks: str
    allocated: bool
    source: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """All statements of a document, with every code resolved.

    by_name   statement name -> statement
    lines     code -> the line that defines it (never a link or heading)
    """

    by_name: Mapping[str, Statement]
    lines: Mapping[str, Line]

    def line(self, code: str) -> Line:
        """The line of a code; raises RequestError when there is none."""
        if code not in self.lines:
            raise RequestError(f"there is no line {code!r} in the statements {', '.join(self.by_name)}.")
        return self.lines[code]

    def parts(self, code: str) -> tuple[str, ...]:
        """The parts inside a leaf, in order."""
        return tuple(line.code for line in self.lines.values() if line.part_of == code)


def title(text: str, amounts: tuple[int | None, ...] = (), company: str = "the Company") -> str:
    """A title with its words chosen by the signs of the row: {gain|loss} is gain, loss, "gain (loss)" or "(loss) gain".

    Both words stand where signs are mixed, that of the first column in front; the loss is in parentheses. `{company}` is the
    company's name; {Company} and {COMPANY} are the name, the latter in capitals.
    """
    known = [amount for amount in amounts if amount]
    negatives = sum(amount < 0 for amount in known)

    def chosen(match: re.Match[str]) -> str:
        gain, loss = match.groups()
        if not known or not negatives:
            return gain
        if negatives == len(known):
            return loss
        return f"({loss}) {gain}" if known[0] < 0 else f"{gain} ({loss})"

    words = _WORDS.sub(chosen, text)
    for name, value in (("{company}", company), ("{Company}", company), ("{COMPANY}", company.upper())):
        words = words.replace(name, value)
    return words
