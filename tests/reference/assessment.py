"""Naive twin of an assessment: the YAML as it stands, decimals, one loop a part. Only for inputs of the right types.

Shares nothing with Loanbook: no integer scales, no rule engine, no bisection.
"""

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ruamel.yaml import YAML


@dataclass(frozen=True)
class Decided:
    """What the twin says."""

    outcome: str
    codes: frozenset[str]
    score: int
    grade: str | None
    limit: Decimal | None
    rate: Decimal | None


def load(text: str) -> dict[str, Any]:
    """The strategy with decimals as exact text."""
    yaml = YAML(typ="safe", pure=True)
    return yaml.load(re.sub(r"(?<![\w\"-])(-?\d+\.\d+)", r'"\1"', text))


def value_of(feature: dict[str, Any], given: Any, on: dt.date) -> Any:
    """A number, text or flag to compare; None where there is none, or an unknown choice."""
    if given is None or feature["type"] == "flag":
        return given
    if feature["type"] == "choice":
        return given if given in feature["choices"] else None
    if feature["type"] == "date":
        return Decimal((on - dt.date.fromisoformat(given)).days)
    return Decimal(given)


def holds(condition: dict[str, Any], value: Any) -> bool:
    """Whether a value fulfils all tests of a condition."""
    for test, wanted in condition.items():
        fulfilled = {
            "below": lambda w: value < Decimal(w),
            "at_most": lambda w: value <= Decimal(w),
            "at_least": lambda w: value >= Decimal(w),
            "above": lambda w: value > Decimal(w),
            "is": lambda w: value == w,
            "in": lambda w: value in w,
            "not_in": lambda w: value not in w,
        }[test](wanted)
        if not fulfilled:
            return False
    return True


def points(feature: dict[str, Any], bins: list[dict[str, Any]], given: Any, on: dt.date) -> int:
    """Points of one feature."""
    value = value_of(feature, given, on)
    for part in bins:
        if given is None:
            found = part.get("missing", False)
        elif value is None:
            found = part.get("unseen", False)
        elif part.get("missing") or part.get("unseen"):
            found = False
        else:
            found = holds({test: wanted for test, wanted in part.items() if test != "points"}, value)
        if found:
            return int(part["points"])
    raise AssertionError("no bin")


def score_of(strategy: dict[str, Any], inputs: dict[str, Any], on: dt.date) -> int:
    """Base and points of all features."""
    card = strategy["scorecard"]
    return int(card["base"]) + sum(
        points(strategy["features"][name], bins, inputs.get(name), on) for name, bins in card["points"].items()
    )


def decide(strategy: dict[str, Any], inputs: dict[str, Any], on: dt.date) -> Decided:
    """The decision; every required value is there, and every choice that an offer reads is one the strategy knows."""
    values = {name: value_of(feature, inputs.get(name), on) for name, feature in strategy["features"].items()}
    found: dict[str, str] = {}
    for rule in strategy["rules"]:
        results = [None if values[name] is None else holds(condition, values[name]) for name, condition in rule["when"].items()]
        if False in results:
            continue
        if None in results:
            if rule.get("unknown", "pass") != "pass":
                found[f"{rule['code']}.unknown"] = rule["unknown"]
        else:
            found[rule["code"]] = rule.get("effect", "decline")
    score = score_of(strategy, inputs, on)
    grade = next((row["grade"] for row in strategy["grades"] if score >= row["score"]), None)
    offer = None
    if grade is None:
        found[strategy["no_grade"]["code"]] = strategy["no_grade"].get("effect", "decline")
    else:
        fitting = [
            row
            for row in strategy["offers"]
            if row["grade"] == grade and all(holds(test, values[name]) for name, test in row.get("when", {}).items())
        ]
        if fitting:
            offer = fitting[0]
        else:
            found[strategy["no_offer"]["code"]] = strategy["no_offer"].get("effect", "decline")
    outcome = "declined" if "decline" in found.values() else "refer" if found else "approved"
    made = offer if outcome == "approved" else None
    return Decided(
        outcome=outcome,
        codes=frozenset(found),
        score=score,
        grade=grade,
        limit=Decimal(made["limit"]) if made else None,
        rate=Decimal(made["rate_annual"]) if made else None,
    )
