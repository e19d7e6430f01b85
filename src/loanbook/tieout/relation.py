"""A relation says how a figure derives from others; a finding says what a person should look at."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from loanbook.tieout.figure import Place
from loanbook.tieout.interval import Interval


class RelationKind(StrEnum):
    """What kind of arithmetic ties a figure."""

    SUM = "sum"  # footing, roll-forward, cross-footing, identity: result = sum of signed terms
    EQUAL = "equal"  # the same item printed twice: text and table, comparative and earlier document
    PERIODS = "periods"  # quarter = year to date less earlier year to date
    TRANSLATION = "translation"
    GROWTH = "growth"
    CHANGE = "change"
    RATIO = "ratio"  # margins, shares of a total, averages
    PER_SHARE = "per_share"
    PER_ADS = "per_ads"
    INEQUALITY = "inequality"
    DIRECTION = "direction"  # increase, decrease


class Verdict(StrEnum):
    """What the arithmetic of one relation says."""

    HOLDS = "holds"  # to the displayed digit, as the relation is usually rounded
    ROUNDING = "rounding"  # not to the digit, but the displayed precision allows it
    BROKEN = "broken"  # no values that the displayed figures stand for satisfy it


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A figure in a relation and what it is multiplied with."""

    figure: str
    factor: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """One derivation of `result` from `terms`.

    id           hash of kind, rule and the ids of its figures, in whatever order they are found
    rule         name in its pack ("balance_sheet_identity"), or "discovered"
    expected     what the terms say the result is, in the result's single units
    printed      what the result displays
    difference   printed value less the middle of `expected`, in the result's displayed units
    strength     how unlikely it is that such a relation holds by chance: 0 (any would) to 1 (declared, or many columns agree)
    arithmetic   in words and figures: "243,766 + 1,534,986 + 1,166,018 + 71,512 = 3,016,282"
    """

    id: str
    kind: RelationKind
    rule: str
    result: str
    terms: tuple[Term, ...]
    expected: Interval
    printed: Interval
    difference: Decimal
    verdict: Verdict
    strength: Decimal = Decimal(1)
    arithmetic: str = ""


class Severity(StrEnum):
    """How much a finding matters, apart from whether a figure ties."""

    ERROR = "error"
    PRACTICE = "practice"  # departs from what this issuer does elsewhere
    ROUNDING = "rounding"
    DEFINITION = "definition"  # the definition changed or the comparative was restated
    DAMAGE = "damage"  # the extraction, not the issuer


class Status(StrEnum):
    """How a figure ends. None is passed in silence."""

    TICKED = "ticked"
    NOTED = "noted"
    FAILED = "failed"
    NOT_CHECKABLE = "not_checkable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to look at.

    id         hash of kind and figures' keys, so that an accepted note carries over to the next version of the document
    place      of the likeliest culprit, or of the damaged part
    accepted   the reason for which a person accepted it; empty while it is open
    figures    ids, likeliest culprit first
    relations  ids of the relations that show it
    """

    id: str
    severity: Severity
    kind: str
    place: Place
    figures: tuple[str, ...]
    relations: tuple[str, ...]
    printed: str
    expected: str
    message: str
    suspects: tuple[str, ...] = ()
    accepted: str = ""
