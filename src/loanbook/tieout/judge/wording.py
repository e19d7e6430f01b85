"""What a finding says, and what should have stood there."""

import re
from collections.abc import Mapping
from decimal import Decimal

from loanbook.tieout.figure import Figure
from loanbook.tieout.judge.suspects import Suspect
from loanbook.tieout.relate.build import FAR
from loanbook.tieout.relate.signs import RULE as LABEL_SIGN
from loanbook.tieout.relation import Relation, RelationKind, Severity

NUMBER = re.compile(r"\d(?:[\d.,'’\u00a0\u202f ]*\d)?")
MINUS = "(-−–△▲"
TRAILING = ("-", "−", "–")

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
        return "the other direction"
    elif relation.result != figure.id:
        return ""
    elif relation.kind is RelationKind.INEQUALITY:
        held = relation.expected
        word, limit = ("at least", held.low) if held.low > -FAR else ("at most", held.high)
        return f"{word} {displayed(limit / figure.scale, figure)}"
    else:
        value = figure.value - relation.difference
    return displayed(value, figure)


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
        before = f"{before}-" if rounded < 0 else before
    return f"{before}{digits}{after}"


def message_of(severity: Severity, figure: Figure, expected: str, relation: Relation, number: int) -> str:
    """What is wrong with the figure, what is expected, how many relations say so, and the arithmetic of the first."""
    more = f" ({number} relations say so)" if number > 1 else ""
    words = WORDS[severity]
    if severity is Severity.PRACTICE and relation.rule == LABEL_SIGN:
        words = "is printed with a sign that its label denies"
    wanted = f", expected {expected}" if expected else ""
    return f"{figure.label or 'a figure'}: {figure.text} {words}{wanted}{more}. {relation.arithmetic}"
