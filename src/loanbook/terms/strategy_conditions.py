"""Reading the features of a strategy and the conditions on them.

debt_to_income: {type: decimal, decimals: 4, least: 0, most: 9, title: Debt payments over income, required: false}
employment: {type: choice, choices: [employed, student], title: Employment, required: true}

when: {age_years: {below: 18}}                           # also at_most, at_least, above, is
when: {employment: {is: student}, loans_open: {above: 3}}    # all must hold; also in: [...], not_in: [...]
"""

import difflib
import re
from collections.abc import Mapping

from loanbook.terms.loading import Located
from loanbook.terms.strategy import NUMBER_MOST, NUMBERS, Condition, Feature, FeatureType

CODE = re.compile(r"[a-z][a-z0-9_]*")
CODE_WORDS = "lower-case letters, digits and _, starting with a letter"
RANGE = ("below", "at_most", "at_least", "above")
MEMBERS = ("is", "in", "not_in")
DECIMALS_MOST = 9

_AGE_MOST = 200 * 366
_FEATURE = ("type", "title", "unit", "least", "most", "decimals", "choices", "required")


def coded(item: Located, what: str) -> str:
    """The value as a code."""
    text = item.text(what)
    if not CODE.fullmatch(text):
        raise item.wrong(f"{what} must be {CODE_WORDS}; got {item.shown}.")
    return text


def spoken(item: Located, what: str, instead: str) -> str:
    """The value as words that are not empty; `instead` says what to write."""
    text = item.text(what).strip()
    if not text:
        raise item.wrong(f"{what} is empty. Write {instead}.")
    return text


def features(item: Located) -> tuple[Feature, ...]:
    """The feature schema, in the order of the file."""
    found = tuple(_feature(name, entry) for name, entry in item.names("features").items())
    if not found:
        raise item.wrong("features is empty. Write at least one, e.g. age_years: {type: integer, ...}.")
    return found


def _feature(name: str, item: Located) -> Feature:
    if not CODE.fullmatch(name):
        raise item.wrong(f"a feature's name must be {CODE_WORDS}; got {name!r}.")
    parts = item.fields(f"feature {name}", _FEATURE, ("type", "title", "required"))
    kind = FeatureType(parts["type"].choice("type", [member.value for member in FeatureType]))
    wanted = ["least", "most"] if kind in NUMBERS else []
    wanted += ["decimals"] if kind is FeatureType.DECIMAL else ["choices"] if kind is FeatureType.CHOICE else []
    for setting in ("least", "most", "decimals", "choices"):
        if setting in wanted and setting not in parts:
            raise item.wrong(f"feature {name} of type {kind} needs {setting!r}.")
        if setting not in wanted and setting in parts:
            raise parts[setting].wrong(f"a feature of type {kind} has no {setting!r}. Leave it out.")
    decimals = parts["decimals"].whole("decimals", 1, DECIMALS_MOST) if "decimals" in parts else 0
    least, most = 0, 0
    if kind in NUMBERS:
        bound = _AGE_MOST if kind is FeatureType.DATE else NUMBER_MOST
        least, most = (_bounded(parts[side], side, decimals, bound) for side in ("least", "most"))
        if least > most:
            raise parts["least"].wrong(f"least exceeds most ({parts['most'].value}). Swap them.")
    return Feature(
        name=name,
        type=kind,
        title=spoken(parts["title"], "title", "what the feature is called towards the borrower"),
        unit=parts["unit"].text("unit") if "unit" in parts else "",
        least=least,
        most=most,
        decimals=decimals,
        choices=_choices(parts["choices"]) if "choices" in parts else (),
        required=parts["required"].flag("required"),
    )


def _choices(item: Located) -> tuple[str, ...]:
    found: list[str] = []
    for entry in item.items("choices"):
        name = coded(entry, "a choice")
        if name in found:
            raise entry.wrong(f"choice {name} stands twice. Keep one of them.")
        found.append(name)
    return tuple(found)


def _bounded(item: Located, what: str, decimals: int, bound: int) -> int:
    number = item.scaled(what, 10**decimals, "0.35" if decimals else "a whole number")
    if abs(number) > bound:
        raise item.wrong(f"{what} must lie between {-bound:,} and {bound:,} units of its last digit; got {item.value}.")
    return number


def judged(item: Located, what: str, feature: Feature) -> int:
    """A number of the file as the integer a feature is judged by; it must lie in the feature's limits."""
    number = _bounded(item, what, feature.decimals, NUMBER_MOST)
    if not feature.least <= number <= feature.most:
        limits = f"{written(feature.least, feature)} and {written(feature.most, feature)}"
        raise item.wrong(f"{what} {item.value} can never matter: {feature.name} lies between {limits}. Write a number inside.")
    return number


def written(number: int, feature: Feature) -> str:
    """A judged integer as the file writes it: 3500 with four decimals is 0.3500."""
    if not feature.decimals:
        return str(number)
    whole, part = divmod(abs(number), 10**feature.decimals)
    return f"{'-' if number < 0 else ''}{whole}.{part:0{feature.decimals}d}"


def conditions(item: Located, schema: Mapping[str, Feature], what: str) -> tuple[Condition, ...]:
    """The conditions of a rule or an offer, one a feature, in the order of the file."""
    found = tuple(_condition(entry, known(entry, name, schema, what)) for name, entry in item.names(what).items())
    if not found:
        raise item.wrong(f"{what} is empty. Write a condition, e.g. age_years: {{below: 18}}.")
    return found


def known(item: Located, name: str, schema: Mapping[str, Feature], what: str) -> Feature:
    """The feature of a name."""
    if name not in schema:
        near = difflib.get_close_matches(name, schema, 1)
        hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(schema)}."
        raise item.wrong(f"{what} reads {name!r}, which features does not have. {hint}")
    return schema[name]


def _condition(item: Located, feature: Feature) -> Condition:
    if feature.type not in NUMBERS:
        accepted = members(item, feature)
        if feature.type is FeatureType.FLAG and len(accepted) > 1:
            raise item.wrong(f"this holds for every {feature.name}. Leave the condition out.")
        return Condition(feature=feature.name, accepted=accepted)
    parts = item.fields(f"a condition on {feature.name}", (*RANGE, "is"))
    sides = [name for name in parts if name in RANGE]
    if not parts or ("is" in parts and sides) or {"below", "at_most"} <= set(sides) or {"above", "at_least"} <= set(sides):
        raise item.wrong(
            f"a condition on {feature.name} is one of below or at_most, one of above or at_least, or both; "
            "or is alone. Write, e.g., {at_least: 3, below: 6}."
        )
    numbers = {name: judged(entry, name, feature) for name, entry in parts.items()}
    least = numbers.get("is", numbers.get("at_least", numbers.get("above", feature.least - 1) + 1))
    most = numbers.get("is", numbers.get("at_most", numbers.get("below", feature.most + 1) - 1))
    if least > most:
        limits = f"{written(feature.least, feature)} and {written(feature.most, feature)}"
        raise item.wrong(f"no {feature.name} fulfils this; it lies between {limits}. Widen the condition.")
    if (least, most) == (feature.least, feature.most):
        raise item.wrong(f"every {feature.name} fulfils this, by its limits. Narrow the condition or leave it out.")
    return Condition(feature=feature.name, least=least, most=most)


def alternatives(feature: Feature) -> tuple[str | bool, ...]:
    """All values a choice or a flag can have."""
    return (False, True) if feature.type is FeatureType.FLAG else feature.choices


def members(item: Located, feature: Feature) -> tuple[str | bool, ...]:
    """The choices or flags that `is`, `in` or `not_in` stand for; not_in becomes those that remain."""
    parts = item.fields(f"a condition on {feature.name}", MEMBERS)
    if len(parts) != 1:
        raise item.wrong(f"a condition on {feature.name} is one of is, in, not_in. Write, e.g., {{is: {_example(feature)}}}.")
    ((name, entry),) = parts.items()
    listed = tuple(member(one, feature) for one in entry.items(name))
    if name == "is" and len(listed) != 1:
        raise entry.wrong("is takes one value. Write in: [...] for several.")
    if not listed or len(set(listed)) != len(listed):
        raise entry.wrong(f"{name} must list different values, at least one; got {entry.shown}.")
    if name != "not_in":
        return listed
    left = tuple(choice for choice in alternatives(feature) if choice not in listed)
    if not left:
        raise entry.wrong(f"not_in leaves no {feature.name}. Leave one out.")
    return left


def member(item: Located, feature: Feature) -> str | bool:
    """One value of a choice or a flag."""
    if feature.type is FeatureType.FLAG:
        return item.flag(feature.name)
    return item.choice(feature.name, feature.choices)


def _example(feature: Feature) -> str:
    return "true" if feature.type is FeatureType.FLAG else feature.choices[0]
