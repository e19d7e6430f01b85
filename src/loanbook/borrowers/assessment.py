"""What a strategy decides about an applicant, with all reasons and all evidence: a pure function of its text, inputs and a day.

A fault in the inputs (wrong type, outside of limits, a required value missing, an unseen choice that an offer reads) refers the
application and never hides a knock-out: every rule is judged on the values that are known. It passes when one of its conditions
fails, hits when all hold, and is unknown otherwise. A decline outweighs a referral. All reasons are kept, declines first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from loanbook.borrowers.evidence import Assessment, Evidence, FeatureResult, Outcome, Reason, Result, RuleResult
from loanbook.borrowers.features import FAULTS, Reading, State, read_features, unread_names
from loanbook.borrowers.scorecard import Line, points_of
from loanbook.borrowers.tables import Tables
from loanbook.terms.strategy import Effect, Feature, Rule, Strategy, Verdict
from loanbook.terms.strategy_file import parse_strategy

ARCHIVED = "archived strategy"

_FAULT_WORDS = {
    State.MISSING: "is missing",
    State.WRONG_TYPE: "came in a form we cannot read",
    State.OUT_OF_LIMITS: "lies outside of what an answer can be",
    State.UNSEEN: "is an answer we do not know",
}


def assess(strategy: Strategy, inputs: Mapping[str, Any], on: int) -> Assessment:
    """Decide one application.

    inputs   feature name to JSON value as it came; names the strategy does not have are listed in the evidence and not read
    on       day of the decision
    raises   EngineError when the rule engine fails; nothing for any JSON value
    """
    return _assess(strategy, _prepared(strategy), inputs, on)


def replay(strategy_text: str, inputs: Mapping[str, Any], on: int) -> Assessment:
    """Decide again from the archived text of the strategy and the stored inputs: the identical assessment.

    raises   TermsError when the text is no strategy
    """
    return assess(parse_strategy(strategy_text, ARCHIVED), inputs, on)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """What is computed once a strategy."""

    tables: Tables
    names: frozenset[str]
    titles: Mapping[str, str]
    points: Mapping[str, Callable[[Reading], Line | None]]
    read_by_offers: frozenset[str]
    read_by_rules: tuple[tuple[Rule, tuple[str, ...]], ...]


@lru_cache(maxsize=64)
def _prepared(strategy: Strategy) -> _Prepared:
    tables = Tables(strategy)
    return _Prepared(
        tables=tables,
        names=frozenset(feature.name for feature in strategy.features),
        titles={feature.name: feature.title for feature in strategy.features},
        points={part.feature: points_of(part) for part in strategy.characteristics},
        read_by_offers=frozenset(tables.offer_features),
        read_by_rules=tuple((rule, tuple(test.feature for test in rule.conditions)) for rule in strategy.rules),
    )


def _assess(strategy: Strategy, prepared: _Prepared, inputs: Mapping[str, Any], on: int) -> Assessment:
    readings = read_features(strategy.features, inputs, on)
    values = {reading.feature: reading.value for reading in readings}
    reasons = [
        _fault(strategy, feature, reading.state)
        for feature, reading in zip(strategy.features, readings, strict=True)
        if _is_fault(feature, reading, prepared.read_by_offers)
    ]
    rules = _judge(prepared, values, reasons)
    features, score = _scored(strategy, prepared, readings)
    grade = offer = None
    if score is not None:
        number = prepared.tables.grade(score)
        if number is None:
            reasons.append(_reason(strategy.no_grade))
        else:
            grade = strategy.grades[number].name
    if grade is not None and all(values[name] is not None for name in prepared.read_by_offers):
        number = prepared.tables.offer(grade, values)
        if number is None:
            reasons.append(_reason(strategy.no_offer))
        else:
            offer = strategy.offers[number]
    reasons.sort(key=lambda reason: reason.effect is not Effect.DECLINE)
    outcome = Outcome.APPROVED
    if reasons:
        outcome = Outcome.DECLINED if reasons[0].effect is Effect.DECLINE else Outcome.REFER
    made = offer if outcome is Outcome.APPROVED else None
    return Assessment(
        strategy=strategy.code,
        strategy_hash=strategy.hash,
        decided_on=on,
        outcome=outcome,
        reasons=tuple(reasons),
        score=score,
        grade=grade,
        limit_fen=made.limit_fen if made else None,
        rate_annual=made.rate_annual if made else None,
        expires_on=on + strategy.line_valid_days if made else None,
        reapply_on=on + strategy.reapplication_wait_days if outcome is Outcome.DECLINED else None,
        evidence=Evidence(features=features, rules=rules, base=strategy.base, unread=unread_names(prepared.names, inputs)),
    )


def _is_fault(feature: Feature, reading: Reading, read_by_offers: frozenset[str]) -> bool:
    if reading.state is State.KNOWN:
        return False
    if reading.state is State.MISSING:
        return feature.required
    return reading.state in FAULTS or feature.name in read_by_offers


def _fault(strategy: Strategy, feature: Feature, state: State) -> Reason:
    return Reason(
        code=f"{feature.name}.{state}",
        effect=Effect.REFER,
        words=f"{feature.title} {_FAULT_WORDS[state]}.",
        source=f"{strategy.title}, feature {feature.name}",
    )


def _judge(prepared: _Prepared, values: Mapping[str, int | str | bool | None], reasons: list[Reason]) -> tuple[RuleResult, ...]:
    """Results of all rules; what they lead to is added to the reasons."""
    open_rules = prepared.tables.rules(values)
    found = []
    for number, (rule, read) in enumerate(prepared.read_by_rules):
        verdict = rule.verdict
        if number not in open_rules:
            found.append(RuleResult(code=verdict.code, result=Result.PASSED, effect=Effect.PASS))
            continue
        lacking = [name for name in read if values[name] is None]
        if not lacking:
            found.append(RuleResult(code=verdict.code, result=Result.HIT, effect=verdict.effect))
            reasons.append(_reason(verdict))
            continue
        found.append(RuleResult(code=verdict.code, result=Result.UNKNOWN, effect=rule.unknown))
        if rule.unknown is not Effect.PASS:
            words = f"We need to know: {', '.join(prepared.titles[name] for name in lacking)}."
            reasons.append(Reason(code=f"{verdict.code}.unknown", effect=rule.unknown, words=words, source=verdict.source))
    return tuple(found)


def _scored(
    strategy: Strategy, prepared: _Prepared, readings: tuple[Reading, ...]
) -> tuple[tuple[FeatureResult, ...], int | None]:
    """Every feature with its bin and points, and the score; None where a feature that gives points has none to give."""
    score: int | None = strategy.base
    found = []
    for reading in readings:
        line: Line | None = None
        if reading.feature in prepared.points:
            line = prepared.points[reading.feature](reading)
            score = None if line is None or score is None else score + line[1]
        label, points = line or (None, None)
        found.append(
            FeatureResult(
                name=reading.feature, state=reading.state, value=reading.value, found=reading.found, bin=label, points=points
            )
        )
    return tuple(found), score


def _reason(verdict: Verdict) -> Reason:
    return Reason(code=verdict.code, effect=verdict.effect, words=verdict.words, source=verdict.source)
