"""An assessment and what it rests on, as values that compare equal when they say the same and as plain JSON for a store."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from loanbook.borrowers.features import State
from loanbook.terms.strategy import Effect


class Outcome(StrEnum):
    """What was decided."""

    APPROVED = "approved"
    DECLINED = "declined"
    REFER = "refer"
    """A person decides, or the applicant answers again."""


class Result(StrEnum):
    """What a rule said."""

    PASSED = "passed"
    HIT = "hit"
    UNKNOWN = "unknown"
    """A value it reads is not known, and none of its other conditions fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why an application was not simply approved.

    code     of the rule; `<feature>.<state>` for a fault in the inputs; `<rule>.unknown` where a rule could not be judged
    effect   DECLINE or REFER
    words    what the borrower is told;  source   who decided it, where it is written
    """

    code: str
    effect: Effect
    words: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureResult:
    """A feature's value (judged integer, choice or flag; None unless known), the JSON type found, its bin and points.

    bin, points   None where the feature gives none
    """

    name: str
    state: State
    value: int | str | bool | None
    found: str
    bin: str | None
    points: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """What a rule said, and what followed from it."""

    code: str
    result: Result
    effect: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Every feature and every rule, in the strategy's order; base points; names in the inputs that were not read."""

    features: tuple[FeatureResult, ...]
    rules: tuple[RuleResult, ...]
    base: int
    unread: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """The evidence as JSON values."""
        return {
            "base": self.base,
            "features": [
                {
                    "name": one.name,
                    "state": one.state.value,
                    "value": one.value,
                    "found": one.found,
                    "bin": one.bin,
                    "points": one.points,
                }
                for one in self.features
            ],
            "rules": [{"code": one.code, "result": one.result.value, "effect": one.effect.value} for one in self.rules],
            "unread": list(self.unread),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A decision about an application.

    strategy_hash                        SHA-256 of the strategy's text
    decided_on                           day
    reasons                              all of them, declines first, else in the strategy's order; () when approved
    score                                None where a value that gives points was faulty
    grade                                None without a score, or with one below all grades
    limit_fen, rate_annual, expires_on   of the line; None unless approved. rate in `units.RATE_SCALE`-ths; expires_on is the
                                         first day on which the line can no longer be drawn
    reapply_on                           first day on which who is declined may apply again; None unless declined
    """

    strategy: str
    strategy_hash: str
    decided_on: int
    outcome: Outcome
    reasons: tuple[Reason, ...]
    score: int | None
    grade: str | None
    limit_fen: int | None
    rate_annual: int | None
    expires_on: int | None
    reapply_on: int | None
    evidence: Evidence

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of all reasons."""
        return tuple(reason.code for reason in self.reasons)

    def record(self) -> dict[str, Any]:
        """The assessment as JSON values, days as day numbers: equal records are equal assessments."""
        return {
            "strategy": self.strategy,
            "strategy_hash": self.strategy_hash,
            "decided_on": self.decided_on,
            "outcome": self.outcome.value,
            "reasons": [
                {"code": one.code, "effect": one.effect.value, "words": one.words, "source": one.source} for one in self.reasons
            ],
            "score": self.score,
            "grade": self.grade,
            "limit_fen": self.limit_fen,
            "rate_annual": self.rate_annual,
            "expires_on": self.expires_on,
            "reapply_on": self.reapply_on,
            "evidence": self.evidence.record(),
        }
