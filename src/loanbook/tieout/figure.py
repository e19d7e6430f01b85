"""A figure of a document: what is displayed, where, and what it stands for."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from loanbook.tieout.interval import Interval


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """Where a text stands, so that a person finds it and a page can mark it.

    file          the name as it was given
    line          1-based; of the file for text and HTML, of the page's text for PDF
    start, end    characters of that line (text, Markdown, PDF) or of the cell's or paragraph's text (HTML)
    page          1-based, PDF only
    block         0-based number of the document's block
    row, column   0-based cell of the block's grid as it was printed; None in prose
    """

    file: str
    line: int
    start: int
    end: int
    page: int | None = None
    block: int = 0
    row: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """File and line, with the page of a PDF."""
        return f"{self.file}:{self.line}" if self.page is None else f"{self.file}:page {self.page}:{self.line}"


class NumeralKind(StrEnum):
    """What a numeral is. Only FIGURE is judged; the others are told apart and kept out of all relations."""

    FIGURE = "figure"
    DATE = "date"  # March 31, 2024; 2024; FY23; Q1
    CLOCK = "clock"  # 7:30 AM
    IDENTIFIER = "identifier"  # Form 6-K, ASC 326, 001-38752, a postcode, a telephone number, an address
    FOOTNOTE = "footnote"  # 8 in ^{*8}, (1), Note iii
    DEFINITION = "definition"  # the 90 of "90 day+ delinquency rate", the 12 of "12-month period"
    ORDINAL = "ordinal"  # item 3, page 12, first
    DAMAGED = "damaged"  # digits that cannot be read as one number


class Unit(StrEnum):
    """What a figure counts."""

    MONEY = "money"
    PER_SHARE = "per_share"
    PER_ADS = "per_ads"
    SHARES = "shares"
    ADS = "ads"
    PERCENT = "percent"
    POINTS = "points"  # percentage points
    BASIS_POINTS = "basis_points"
    RATIO = "ratio"  # times, x
    MONTHS = "months"
    DAYS = "days"
    YEARS = "years"
    PEOPLE = "people"
    COUNT = "count"
    RATE_OF_EXCHANGE = "rate_of_exchange"
    UNKNOWN = "unknown"


class Basis(StrEnum):
    """Under which rules a figure is stated."""

    US_GAAP = "us_gaap"
    IFRS = "ifrs"
    ADJUSTMENT = "adjustment"
    NON_GAAP = "non_gaap"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Period:
    """An instant (`start` is None) or a duration, both ends included."""

    end: dt.date
    start: dt.date | None = None

    @property
    def is_instant(self) -> bool:
        return self.start is None

    def __str__(self) -> str:
        return f"{self.end}" if self.start is None else f"{self.start}..{self.end}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One displayed number.

    id          made of what is said of it, not of where it stands (`read.naming.with_ids`)
    key         what a figure is called in the next version of the document: concept or label, period, currency, basis, heading
    text        as displayed, brackets and marks included: "(172,291)", "RMB4,153.2 million"
    value       in displayed units, signed: Decimal("-172291"); displayed percent 12.5 is Decimal("12.5")
    step        worth of one unit of the last displayed digit: 1, 0.1, 0.01
    exact       a stated rate of exchange, a bound of guidance, a count: nothing was rounded off
    scale       1, 1000, 1000000 …: value x scale is the amount
    label       the row's label, or the phrase of prose that names it
    path        headings above it, outermost first (document section, table title, row groups)
    column      heading texts of its column, top first; empty in prose
    concept     canonical line item of the packs, None where unknown
    dash        a nil printed as a dash
    role        prose: "current", "comparative", "prior_quarter", "growth", "change", "share" (of a total), "low", "high",
                "translation"; growth and change carry the sign of their direction word: "a decrease of 9.3%" is -9.3, and their
                base is the next figure of role "comparative" or "prior_quarter" with the same `of`. Tables: "growth" and
                "change" in columns of changes, "run_in" for a figure of a table that lost its layout, "" otherwise
    of          prose only: id of the figure that this one qualifies (the RMB amount of a US$ translation, the amount of a growth)
    """

    id: str
    key: str
    place: Place
    text: str
    value: Decimal
    step: Decimal
    unit: Unit
    scale: Decimal = Decimal(1)
    exact: bool = False
    dash: bool = False
    currency: str | None = None
    basis: Basis | None = None
    period: Period | None = None
    label: str = ""
    path: tuple[str, ...] = ()
    column: tuple[str, ...] = ()
    concept: str | None = None
    role: str = ""
    of: str | None = None

    @property
    def amount(self) -> Decimal:
        """The value in single units: 4,153.2 million is 4153200000."""
        return self.value * self.scale

    @property
    def interval(self) -> Interval:
        """What it may stand for, in single units."""
        if self.exact or self.dash:
            return Interval.exact(self.amount)
        return Interval.displayed(self.amount, self.step * self.scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numeral:
    """A number that is no figure, with what it is."""

    kind: NumeralKind
    place: Place
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that was read of one document."""

    figures: tuple[Figure, ...]
    numerals: tuple[Numeral, ...] = ()
    damages: tuple["Damage", ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A part of a document that lost its layout: what was seen, and how it was read if arithmetic allowed one reading only."""

    place: Place
    message: str
    repaired: bool = False
