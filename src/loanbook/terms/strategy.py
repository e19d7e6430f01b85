"""Strategy terms: what is asked about an applicant, what knocks one out, how the rest is scored, and what each grade is offered.

A strategy is dated, sourced and named by the hash of its text; `strategy_file` reads and checks it, `borrowers.assessment`
applies it. Every number in it is an integer: whole numbers and money as they are, decimals in their feature's scale, dates as
their age in days.
"""

from dataclasses import dataclass
from enum import StrEnum

NUMBER_MOST = 10**15
"""No number of a strategy or an applicant goes beyond: exact in a double too, and below the 10^16 where JSON writes exponents."""


class FeatureType(StrEnum):
    """What an applicant's value may be in JSON."""

    INTEGER = "integer"
    """A whole number."""
    DECIMAL = "decimal"
    """A decimal written as text ("0.3500"), so that no reader makes a float of it; judged in 10^-decimals."""
    CHOICE = "choice"
    """One of a few texts."""
    FLAG = "flag"
    """true or false."""
    DATE = "date"
    """An ISO date as text; judged by its age in days on the day of the decision (negative: still to come)."""


NUMBERS = (FeatureType.INTEGER, FeatureType.DECIMAL, FeatureType.DATE)
"""Types that are judged as integers and have limits."""


class Effect(StrEnum):
    """What a finding does to an application."""

    PASS = "pass"
    REFER = "refer"
    DECLINE = "decline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One typed question about an applicant.

    title          what it is called towards the borrower
    unit           of the number as written: years, fen, days, "" for none
    least, most    limits of the judged integer, both in; 0 for choices and flags
    decimals       of a DECIMAL; else 0
    choices        of a CHOICE; else ()
    required       whether an application without it is referred
    """

    name: str
    type: FeatureType
    title: str
    unit: str
    least: int
    most: int
    decimals: int
    choices: tuple[str, ...]
    required: bool

    @property
    def sure(self) -> bool:
        """Whether a value that passed the check is always known: required, and no choice that could be unseen."""
        return self.required and self.type is not FeatureType.CHOICE


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A test of one feature; all conditions of a rule or offer must hold.

    least, most   limits of the judged integer, both in, inside the feature's own; 0 for choices and flags
    accepted      choices or flags that fulfil it; () for numbers
    """

    feature: str
    least: int = 0
    most: int = 0
    accepted: tuple[str | bool, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A finding with its consequence.

    words    what the borrower is told
    source   who decided it, where it is written
    """

    code: str
    effect: Effect
    words: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A knock-out: when all conditions hold, the verdict stands.

    unknown   what happens where a value it reads is missing or unseen and no other condition fails; PASS where that cannot be
    """

    verdict: Verdict
    conditions: tuple[Condition, ...]
    unknown: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Part of a feature's values and its points.

    below      numbers: values below this and not in an earlier bin; None: all others
    accepted   choices or flags; () for numbers
    """

    label: str
    points: int
    below: int | None = None
    accepted: tuple[str | bool, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Characteristic:
    """The points a feature gives.

    bins      every value that passed the check is in exactly one; numbers in ascending order
    missing   points where no value was given; None where one is required
    unseen    points of a choice the strategy does not know; None for other types
    """

    feature: str
    bins: tuple[Bin, ...]
    missing: int | None
    unseen: int | None

    @property
    def points_most(self) -> int:
        """The most this feature can give."""
        return max([*(part.points for part in self.bins), *(p for p in (self.missing, self.unseen) if p is not None)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """A price grade and the score from which on it is given."""

    name: str
    score_least: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A credit line for a grade where the conditions hold; rate in `units.RATE_SCALE`-ths."""

    grade: str
    conditions: tuple[Condition, ...]
    limit_fen: int
    rate_annual: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strategy:
    """One dated version of a strategy. Two are the same when their `hash` is; as objects they compare by identity.

    hash                     SHA-256 of the file's text
    effective_from           first day on which it decides
    line_limit_most_fen      no offer goes beyond; line_limit_source says why
    line_valid_days          a line approved on day d expires on d + line_valid_days
    reapplication_wait_days  who is declined on day d may apply again from d + reapplication_wait_days
    base                     points every applicant starts with
    grades                   best first, each from a lower score than the one before
    no_grade, no_offer       the verdict when no row of the table matched
    """

    code: str
    title: str
    place: str
    hash: str
    source: str
    effective_from: int
    currency: str
    decimals: int
    line_limit_most_fen: int
    line_limit_source: str
    line_valid_days: int
    reapplication_wait_days: int
    features: tuple[Feature, ...]
    rules: tuple[Rule, ...]
    base: int
    characteristics: tuple[Characteristic, ...]
    grades: tuple[Grade, ...]
    no_grade: Verdict
    offers: tuple[Offer, ...]
    no_offer: Verdict
