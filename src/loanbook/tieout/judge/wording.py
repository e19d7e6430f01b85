"""What a finding says, and what should have stood there."""

import re
from collections.abc import Mapping
from decimal import Decimal

from loanbook.tieout.figure import Figure
from loanbook.tieout.judge.suspects import Suspect
from loanbook.tieout.relate.build import FAR
from loanbook.tieout.relate.direction_words import RULE as DIRECTION_WORD
from loanbook.tieout.relate.signs import RULE as LABEL_SIGN
from loanbook.tieout.relation import Relation, RelationKind, Severity

OTHER_DIRECTION = "the other direction"
NUMBER = re.compile(r"\d(?:[\d.,'’\u00a0\u202f ]*\d)?")
MINUS = "(-−–△▲"
TRAILING = ("-", "−", "–")
SCALE_WORDS: Mapping[Decimal, tuple[str, ...]] = {
    Decimal(10) ** 3: ("thousand", "k"),
    Decimal(10) ** 6: ("million", "m", "mn", "Mio", "Millionen", "millions", "milioni"),
    Decimal(10) ** 9: ("billion", "b", "bn", "Mrd", "Milliarden", "milliards", "milliardi"),
    Decimal(10) ** 12: ("trillion", "T", "tn"),
}
"""Words of one language stand at one place."""

WORDS: Mapping[Severity, str] = {
    Severity.ERROR: "does not come out",
    Severity.PRACTICE: "is within rounding, but elsewhere the issuer's figures come out to the digit",
    Severity.DEFINITION: "was published otherwise and ties in both documents: it was restated or redefined",
    Severity.ROUNDING: "takes up the rounding of its column",
}


def expected_of(culprit: Suspect, figure: Figure, relation: Relation) -> str:
    """The value that would mend what the culprit explains, as it would be displayed."""
    if culprit.delta is not None:
        value = figure.value + culprit.delta / figure.scale
    elif relation.rule == LABEL_SIGN:
        value = -figure.value
    elif relation.kind is RelationKind.DIRECTION:
        return OTHER_DIRECTION
    elif relation.result != figure.id:
        return ""
    elif relation.kind is RelationKind.INEQUALITY:
        held = relation.expected
        word, limit = ("at least", held.low) if held.low > -FAR else ("at most", held.high)
        return f"{word} {displayed(limit / figure.scale, figure)}"
    else:
        value = figure.value - relation.difference
    return _in_other_scale(value, figure) or displayed(value, figure)


def _in_other_scale(value: Decimal, figure: Figure) -> str:
    """The figure's own digits with another word of scale, where these are the value: `million` for `billion`."""
    for scale, names in SCALE_WORDS.items():
        if scale == figure.scale or abs(value * figure.scale / scale - figure.value) > figure.step / 2:
            continue
        for words in SCALE_WORDS.values():
            for at, word in enumerate(words):
                if at < len(names) and (stands := re.search(rf"(?<![a-z]){word}(?![a-z])", figure.text, re.IGNORECASE)):
                    return f"{figure.text[: stands.start()]}{names[at]}{figure.text[stands.end() :]}"
    return ""


def displayed(value: Decimal, figure: Figure) -> str:
    """A value as the figure is displayed: its decimals, marks of thousands and decimals, currency, brackets of the negative."""
    number = NUMBER.search(figure.text)
    rounded = value.quantize(figure.step) if figure.step else value
    digits = f"{abs(rounded):,f}"
    if number is None:  # a dash for nil
        return f"({digits})" if rounded < 0 else digits
    printed = number.group()
    marks = [mark for mark in printed if not mark.isdigit()]
    decimals = max(-int(rounded.as_tuple().exponent), 0)
    point = printed[-decimals - 1] if decimals and len(printed) > decimals and not printed[-decimals - 1].isdigit() else "."
    thousands = marks[0] if len(marks) > (1 if decimals else 0) else "." if point == "," else ","
    digits = "".join({",": thousands, ".": point}.get(each, each) for each in digits)
    before, after = figure.text[: number.start()], figure.text[number.end() :]
    if (rounded < 0) != (any(mark in before for mark in MINUS) or after[:1] in TRAILING):
        before, after = ("".join(each for each in text if each not in f"{MINUS})") for text in (before, after))
        before = f"{before.replace('+', '')}-" if rounded < 0 else before
    return f"{before}{digits}{after}"


def message_of(severity: Severity, figure: Figure, expected: str, relation: Relation, number: int) -> str:
    """What is wrong with the figure, what is expected, how many relations say so, and the arithmetic of the first."""
    more = f" ({number} relations say so)" if number > 1 else ""
    words = WORDS[severity]
    if relation.rule == DIRECTION_WORD and severity is Severity.ERROR and expected == OTHER_DIRECTION:
        words = "has the right size and the wrong direction"
    if severity is Severity.PRACTICE and relation.rule == LABEL_SIGN:
        words = "is printed with a sign that its label denies"
    wanted = f", expected {expected}" if expected else ""
    return f"{figure.label or 'a figure'}: {figure.text} {words}{wanted}{more}. {relation.arithmetic}"
