"""A growth or change whose size comes out and whose word of direction does not: `a decrease of 4.9%` of what rose by 4.9 %."""

import re
from dataclasses import replace

from loanbook.tieout.relate.paragraphs import Sentence
from loanbook.tieout.relation import Relation, RelationKind, Verdict

RULE = "direction_word"
OPPOSITES = (
    ("increas", "decreas"),
    ("ris", "fall"),
    ("rose", "fell"),
    ("grow", "declin"),
    ("up", "down"),
    ("higher", "lower"),
    ("more", "less"),
    ("above", "below"),
    ("gain", "drop"),
    ("climb", "drop"),
    ("jump", "slump"),
    ("surg", "plung"),
    ("expan", "contract"),
    ("widen", "narrow"),
    ("improv", "worsen"),
    ("advanc", "slip"),
)
WHOLE = {
    "grew": "fell",
    "growth": "decline",
    "decline": "increase",
    "declines": "increases",
    "declined": "increased",
    "declining": "increasing",
    "reduction": "increase",
    "reductions": "increases",
    "reduced": "increased",
    "expansion": "contraction",
    "contraction": "expansion",
    "improvement": "deterioration",
    "deterioration": "improvement",
    "deteriorated": "improved",
    "fallen": "risen",
    "falls": "rises",
    "fall": "rise",
    "rises": "falls",
    "rise": "fall",
    "grown": "shrunk",
    "drop": "rise",
    "drops": "rises",
    "dropped": "rose",
}
_STEMS = {one: other for pair in OPPOSITES for one, other in (pair, pair[::-1])}
_FORMS = (*WHOLE, "up", "ris[a-z]+", *(f"{stem}[a-z]*" for stem in _STEMS if len(stem) > 3))
_WORD = re.compile(rf"\b(?:{'|'.join(sorted(_FORMS, reverse=True))})\b", re.IGNORECASE)
_AFTER = 25  # characters behind a figure in which its word may stand
_NUMERAL = re.compile(r"\d")
_SIGN = re.compile(r"[-+−–(△▲]")


def opposite(word: str) -> str:
    """The word of the other direction in the same form: `increase` of `decrease`, `Up` of `down`."""
    small = word.casefold()
    other = WHOLE.get(small)
    if other is None:
        stem = next((each for each in sorted(_STEMS, key=len, reverse=True) if small.startswith(each)), "")
        other = _STEMS[stem] + small[len(stem) :] if stem else ""
    return other.capitalize() if word[:1].isupper() else other


def with_word(relation: Relation, sentence: Sentence, at: int) -> Relation:
    """A relation that the other sign of its figure would mend, as one of the word that gives the sign, where there is one."""
    figure = sentence.figures[at]
    if relation.verdict is not Verdict.BROKEN or not (-relation.expected).meets(relation.printed) or sentence.starts[at] < 0:
        return relation
    if _SIGN.search(figure.text) is not None:
        return relation
    start, stop = sentence.starts[at], sentence.stop(at)
    tail = _NUMERAL.split(sentence.text[stop : stop + _AFTER], maxsplit=1)[0].partition(". ")[0]
    behind = re.match(rf"\s*(?:[\w-]+\s+)?(?P<word>{_WORD.pattern})", tail, re.IGNORECASE)
    first = start - len(sentence.before(at))
    ahead = [match.span() for match in _WORD.finditer(sentence.text, first, start)]
    span = (stop + behind.start("word"), stop + behind.end("word")) if behind else ahead[-1] if ahead else None
    if span is None:
        return relation
    word = sentence.text[span[0] : span[1]]
    phrase = " ".join(sentence.text[min(span[0], start) : max(span[1], stop)].split())
    return replace(
        relation,
        kind=RelationKind.DIRECTION,
        rule=RULE,
        arithmetic=(
            f'The word "{word}" in "{phrase}" (line {figure.place.line}) should be "{opposite(word)}": {relation.arithmetic}'
        ),
    )
