"""What a finding says, and what should have stood there."""

from collections.abc import Mapping

from loanbook.tieout.figure import Figure
from loanbook.tieout.judge.suspects import Suspect
from loanbook.tieout.relate.bounds import FAR
from loanbook.tieout.relate.build import shown
from loanbook.tieout.relate.signs import RULE as LABEL_SIGN
from loanbook.tieout.relation import Relation, RelationKind, Severity

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
        return f"{word} {shown(limit / figure.scale)}"
    else:
        value = figure.value - relation.difference
    return shown(value.quantize(figure.step) if figure.step else value)


def message_of(severity: Severity, figure: Figure, expected: str, relation: Relation, number: int) -> str:
    """What is wrong with the figure, what is expected, how many relations say so, and the arithmetic of the first."""
    more = f" ({number} relations say so)" if number > 1 else ""
    words = WORDS[severity]
    if severity is Severity.PRACTICE and relation.rule == LABEL_SIGN:
        words = "is printed with a sign that its label denies"
    wanted = f", expected {expected}" if expected else ""
    return f"{figure.label or 'a figure'}: {figure.text} {words}{wanted}{more}. {relation.arithmetic}"
