"""Words that say which way an amount went, and against which period: one vocabulary for reading and for relating."""

import re

RISE = (
    r"increas\w*|growth|gr[eo]w\w*|grown|(?<!made )(?<!make )(?<!makes )(?<!making )up(?!\s+to\b)|rose|ris(?:e|es|en|ing)|higher"
    r"|gain\w*|improv\w*|expan\w+|accelerat\w+|climb\w*|jump\w*|widen\w*|surg\w+|soar\w*|advanc(?:ed|ing)|gestiegen|Anstieg|plus"
)
FALL = (
    r"decreas\w*|declin\w*|down|fell|fall\w*|drop\w*|lower\w*|reduc\w*|contract(?:ed|ion)\w*|shr[aiu]nk\w*|slip\w*|cut|worsen\w*"
    r"|deteriorat\w*|plung\w+|tumbl\w+|slump\w*|narrow\w*|gesunken|Rückgang|minus"
)
DIRECTION = re.compile(rf"\b(?:{RISE}|{FALL})\b", re.IGNORECASE)
ON_YEAR = r"(?:year[- ](?:over|on)[- ]year|yoy|y/y|y-o-y)"
ON_QUARTER = r"(?:quarter[- ](?:over|on)[- ]quarter|qoq|q/q|q-o-q)"
PRIOR_QUARTER = re.compile(
    r"\b(?:prior|previous|last|preceding|immediately\s+preceding|linked)\s+(?:fiscal\s+)?quarter\b"
    r"(?!\s+(?:of\s+)?(?:last|the\s+prior|(?:19|20)\d\d))|\bthe\s+quarter\s+before\b"
    rf"|\b{ON_QUARTER}\b|\bsequential",
    re.IGNORECASE,
)
YEAR_AGO = re.compile(
    r"\b(?:same|corresponding|comparable)\s+(?:period|quarter|half|date|time|months)\b|\b(?:a|one)\s+year\s+(?:ago|earlier|before)\b"
    r"|\byear[- ](?:ago|earlier)\b|\b(?:prior|previous|last|preceding)[- ](?:fiscal\s+)?year\b|\bthe\s+year\s+before\b|\bVorjahr",
    re.IGNORECASE,
)
_DOWN = re.compile(rf"(?:{FALL})\b", re.IGNORECASE)


def is_down(word: str | None) -> bool:
    """Whether a word of direction points down."""
    return word is not None and _DOWN.match(word) is not None
