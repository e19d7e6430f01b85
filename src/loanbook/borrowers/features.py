"""The typed check in front of a strategy: every JSON value becomes a reading with an explicit state, none is coerced.

Rule engines fail silently on types ("700" for 700 matches no row, a missing field falls through to a worse one), so nothing
reaches the rules that is not of its feature's type and inside its limits.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from loanbook.terms.strategy import Feature, FeatureType
from loanbook.units import day

_DECIMAL = re.compile(r"(-?)(0|[1-9][0-9]{0,15})(?:\.([0-9]{1,9}))?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_UNNAMEABLE = "(not a name)"
_NUMBER_BEYOND = 10**16


class State(StrEnum):
    """What became of a value."""

    KNOWN = "known"
    MISSING = "missing"
    WRONG_TYPE = "wrong_type"
    OUT_OF_LIMITS = "out_of_limits"
    UNSEEN = "unseen"


FAULTS = (State.WRONG_TYPE, State.OUT_OF_LIMITS)
"""States that no rule, bin or offer is asked about: the application is referred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A feature's value as it was found.

    value   the judged integer, choice or flag; None unless the state is KNOWN
    found   the JSON type of what was given; the text itself is not repeated, it may be personal
    """

    feature: str
    state: State
    value: int | str | bool | None
    found: str


def read_feature(feature: Feature, given: object, on: int) -> Reading:
    """One value, any JSON, checked against its feature on a day.

    given   None stands for a value that is not there
    raises  nothing for a JSON value
    """
    if given is None:
        return Reading(feature=feature.name, state=State.MISSING, value=None, found="nothing")
    found = _found(given)
    if feature.type is FeatureType.CHOICE:
        if type(given) is not str:
            return Reading(feature=feature.name, state=State.WRONG_TYPE, value=None, found=found)
        if given not in feature.choices:
            return Reading(feature=feature.name, state=State.UNSEEN, value=None, found=found)
        return Reading(feature=feature.name, state=State.KNOWN, value=given, found=found)
    if feature.type is FeatureType.FLAG:
        state = State.KNOWN if type(given) is bool else State.WRONG_TYPE
        return Reading(feature=feature.name, state=state, value=bool(given) if state is State.KNOWN else None, found=found)
    number = _judged(feature, given, on)
    if number is None:
        # A store may write 1e16 as 10000000000000000 and read it back as a whole number; both have one state, so a replay agrees.
        state = State.OUT_OF_LIMITS if found == _BEYOND and feature.type is FeatureType.INTEGER else State.WRONG_TYPE
        return Reading(feature=feature.name, state=state, value=None, found=found)
    if not feature.least <= number <= feature.most:
        return Reading(feature=feature.name, state=State.OUT_OF_LIMITS, value=None, found=found)
    return Reading(feature=feature.name, state=State.KNOWN, value=number, found=found)


def read_features(features: tuple[Feature, ...], inputs: Mapping[str, Any], on: int) -> tuple[Reading, ...]:
    """All features of a strategy, in its order."""
    return tuple([read_feature(feature, inputs.get(feature.name), on) for feature in features])


def unread_names(features: frozenset[str], inputs: Mapping[str, Any]) -> tuple[str, ...]:
    """Names in the inputs that the strategy does not read, sorted; what could not be a name is shown as one word for all."""
    left = inputs.keys() - features
    return tuple(sorted({name if _NAME.fullmatch(name) else _UNNAMEABLE for name in left})) if left else ()


def _judged(feature: Feature, given: object, on: int) -> int | None:
    """The integer a number is judged by; None when it is not of the feature's type."""
    if feature.type is FeatureType.INTEGER:
        return given if type(given) is int and abs(given) < _NUMBER_BEYOND else None
    if type(given) is not str:
        return None
    if feature.type is FeatureType.DECIMAL:
        match = _DECIMAL.fullmatch(given)
        if match is None or len(match[3] or "") > feature.decimals:
            return None
        number = int(match[2] + (match[3] or "").ljust(feature.decimals, "0"))
        return -number if match[1] else number
    if not _DATE.fullmatch(given):
        return None
    try:
        return on - day(dt.date.fromisoformat(given))
    except ValueError:
        return None


_BEYOND = "number beyond 10^16"
_TYPES = {str: "text", bool: "flag", int: "whole number", float: "number with decimals", list: "list", dict: "object"}


def _found(given: object) -> str:
    if type(given) in (int, float) and abs(given) >= _NUMBER_BEYOND:  # type: ignore[arg-type]
        return _BEYOND
    return _TYPES.get(type(given), "no JSON value")
