"""The typed check: each value has one explicit state, and nothing is coerced."""

import pytest

from loanbook.borrowers.features import State, read_feature, unread_names
from loanbook.terms.strategy import Feature, FeatureType
from loanbook.units import day

ON = day("2026-11-22")


def feature(kind: FeatureType, **settings: object) -> Feature:
    values = {
        "name": "made_up",
        "title": "Made up",
        "unit": "",
        "least": 0,
        "most": 0,
        "decimals": 0,
        "choices": (),
        "required": True,
    }
    return Feature(type=kind, **{**values, **settings})  # type: ignore[arg-type]


WHOLE = feature(FeatureType.INTEGER, least=-5, most=1000)
DECIMAL = feature(FeatureType.DECIMAL, least=-10_000, most=20_000, decimals=4)
CHOICE = feature(FeatureType.CHOICE, choices=("red", "blue"))
FLAG = feature(FeatureType.FLAG)
DATE = feature(FeatureType.DATE, least=0, most=36_600)

KNOWN = [
    (WHOLE, 0, 0),
    (WHOLE, -5, -5),
    (WHOLE, 1000, 1000),
    (DECIMAL, "0.35", 3500),
    (DECIMAL, "-0.3500", -3500),
    (DECIMAL, "2", 20_000),
    (CHOICE, "blue", "blue"),
    (FLAG, False, False),
    (FLAG, True, True),
    (DATE, "2026-11-22", 0),
    (DATE, "2024-02-29", 997),
]

REFUSED = [
    (WHOLE, "700", State.WRONG_TYPE, "text"),
    (WHOLE, 7.0, State.WRONG_TYPE, "number with decimals"),
    (WHOLE, True, State.WRONG_TYPE, "flag"),
    (WHOLE, [7], State.WRONG_TYPE, "list"),
    (WHOLE, {"value": 7}, State.WRONG_TYPE, "object"),
    (WHOLE, -6, State.OUT_OF_LIMITS, "whole number"),
    (WHOLE, 1001, State.OUT_OF_LIMITS, "whole number"),
    (WHOLE, 10**400, State.OUT_OF_LIMITS, "number beyond 10^16"),
    (WHOLE, 1e22, State.OUT_OF_LIMITS, "number beyond 10^16"),
    (DECIMAL, 0.35, State.WRONG_TYPE, "number with decimals"),
    (DECIMAL, 1, State.WRONG_TYPE, "whole number"),
    (DECIMAL, "0.35001", State.WRONG_TYPE, "text"),
    (DECIMAL, "1e3", State.WRONG_TYPE, "text"),
    (DECIMAL, "00.35", State.WRONG_TYPE, "text"),
    (DECIMAL, " 0.35", State.WRONG_TYPE, "text"),
    (DECIMAL, "０.35", State.WRONG_TYPE, "text"),
    (DECIMAL, "0,35", State.WRONG_TYPE, "text"),
    (DECIMAL, "NaN", State.WRONG_TYPE, "text"),
    (DECIMAL, "2.0001", State.OUT_OF_LIMITS, "text"),
    (CHOICE, "green", State.UNSEEN, "text"),
    (CHOICE, "Red", State.UNSEEN, "text"),
    (CHOICE, "", State.UNSEEN, "text"),
    (CHOICE, 1, State.WRONG_TYPE, "whole number"),
    (FLAG, 1, State.WRONG_TYPE, "whole number"),
    (FLAG, "true", State.WRONG_TYPE, "text"),
    (DATE, "2026-02-30", State.WRONG_TYPE, "text"),
    (DATE, "20260220", State.WRONG_TYPE, "text"),
    (DATE, "2026-11-22T00:00:00", State.WRONG_TYPE, "text"),
    (DATE, 20_000, State.WRONG_TYPE, "whole number"),
    (DATE, "2026-11-23", State.OUT_OF_LIMITS, "text"),
    (DATE, "0001-01-01", State.OUT_OF_LIMITS, "text"),
    (WHOLE, None, State.MISSING, "nothing"),
    (CHOICE, None, State.MISSING, "nothing"),
]


@pytest.mark.parametrize(("asked", "given", "value"), KNOWN)
def test_a_value_of_its_type_is_known_as_its_integer_choice_or_flag(asked, given, value):
    reading = read_feature(asked, given, ON)
    assert (reading.state, reading.value, type(reading.value)) == (State.KNOWN, value, type(value))


@pytest.mark.parametrize(("asked", "given", "state", "found"), REFUSED, ids=[f"{a.type}-{g!r:.20}" for a, g, _, _ in REFUSED])
def test_any_other_value_has_a_state_that_says_why_and_no_value(asked, given, state, found):
    reading = read_feature(asked, given, ON)
    assert (reading.state, reading.value, reading.found) == (state, None, found)


def test_names_nobody_asked_for_are_listed_and_what_is_no_name_is_not_repeated():
    inputs = {"age": 1, "shoe_size": 2, "a.b@example.com": 3, "\x00": 4, "x" * 65: 5}
    assert unread_names(frozenset({"age"}), inputs) == ("(not a name)", "shoe_size")
    assert unread_names(frozenset({"age"}), {"age": 1}) == ()
