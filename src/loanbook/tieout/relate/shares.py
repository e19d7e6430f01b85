"""Shares of a whole told in text: of an amount that stands near, or of a line that the words name."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from loanbook.tieout.figure import Figure, Period, Unit
from loanbook.tieout.relate.columns import share_relation
from loanbook.tieout.relate.growths import grown_amount
from loanbook.tieout.relate.items import Items
from loanbook.tieout.relate.labels import is_total, key_of, words_of
from loanbook.tieout.relate.paragraphs import Sentence
from loanbook.tieout.relate.series import Item, digits_of
from loanbook.tieout.relate.slips import is_slip_of
from loanbook.tieout.relation import Relation, Verdict

RULE = "share_in_text"
SHARE = re.compile(
    r"represent\w*|account\w*|compris\w*|constitut\w*|contribut\w*|(?:made|makes?|making)\s+up|equivalent to", re.IGNORECASE
)
OF_LINE = re.compile(r"\s*(?:of|to)\s+(?:the\s+|our\s+|its\s+|their\s+)?(?P<line>[A-Za-z][^.,;:()\d]{2,80})", re.IGNORECASE)
AS_SHARE = re.compile(
    r"(?P<part>[a-z][^.,;:()]*?),?\s+as\s+an?\s+(?:percentage|share|proportion|per\s?cent)\s+of\s+(?:the\s+|our\s+|its\s+)?"
    r"(?P<whole>[a-z][^.,;:()]*?)\s+(?:was|were|is|stood\s+at|amounted\s+to|came\s+to|increased\s+to|decreased\s+to)\s+$"
)
LONG_REACH = 200  # characters before a share in which both of its lines may be named
VAGUE = re.compile(
    r"\b(?:nearly|almost|over|more\s+than|less\s+than|under|about|around|approximately|roughly|at\s+least|up\s+to|some|only)\s+$"
)
EARNED = frozenset({"income", "result", "cash", "margin"})  # of amounts that may lie below nought and are told so
LEAST_DIGITS = 3  # of a share that does not come out; a shorter one is too often a slip away from it by chance
WORDS = 7  # of a line's name

Lines = tuple[Item, Item]
"""A line, and the line that it is a share of."""


def shares(
    sentence: Sentence, near: Sequence[Sentence], by_id: Mapping[str, Figure], owner: Mapping[str, Item], items: Items
) -> Iterable[Relation]:
    """`representing 61.0% of the total`, `interest made up 52.1% of total net revenue, compared with 41.2%`.

    What comes out is believed. What does not is believed to be wrong where it is a slip of the hand away: else the words mean
    another whole.
    """
    named: dict[str, Lines] = {}
    for at, share in enumerate(sentence.figures):
        if share.unit is not Unit.PERCENT or share.role in ("growth", "low", "high"):
            continue
        lines = named.get(share.of or "") if share.role in ("comparative", "prior_quarter") else None
        if lines is not None:
            yield from _believed(share, _of_lines(share, *lines), is_sure=VAGUE.search(sentence.before(at)) is None)
            continue
        as_share = AS_SHARE.search(sentence.before(at, LONG_REACH))
        whole = _line(as_share["whole"].split(), items) if as_share else _line_after(sentence, at, items)
        if whole is None and sentence.last(SHARE, at) is None:
            continue
        part = grown_amount(sentence, at, by_id)
        held = [] if part is None else [one for one, _ in _of_amounts(share, part, near) if one.verdict is Verdict.HOLDS]
        if held:
            yield held[0]
            continue
        line = _line_of_tail(as_share["part"], items) if as_share else _line_before(sentence, at, items)
        top = line or (owner.get(part.id) if part else None)
        if whole is not None and top is not None and whole is not top:
            is_sure = line is not None and VAGUE.search(sentence.before(at)) is None
            named[share.id] = (top, whole)
            yield from _believed(share, _of_lines(share, top, whole), is_sure=is_sure)
        elif part is not None:
            before = sentence.figures[:at]
            yield from _believed(
                share,
                [
                    one
                    for one, other in _of_amounts(share, part, near)
                    if other in before or (other.place.block < share.place.block and is_total(other.label))
                ][-1:],
            )


def _believed(share: Figure, found: Sequence[Relation], *, is_sure: bool = False) -> Sequence[Relation]:
    """What comes out, else what a slip keeps from coming out; anything where both lines are named by their labels (`is_sure`)."""
    fits = [one for one in found if one.verdict is not Verdict.BROKEN] or (list(found) if is_sure else [])
    if fits or digits_of(share) < LEAST_DIGITS:
        return fits[:1]
    return [one for one in found if is_slip_of(share, share.amount - one.difference * share.scale)][:1]


def _of_amounts(share: Figure, part: Figure, near: Sequence[Sentence]) -> list[tuple[Relation, Figure]]:
    """The share that `part` is of each amount near it of its unit and period that is not smaller."""
    return [
        (share_relation(RULE, share, part, whole), whole)
        for sentence in near
        for whole in sentence.figures
        if whole.unit is part.unit
        and whole.currency == part.currency
        and whole.period == part.period
        and whole is not part
        and whole.value
        and abs(whole.amount) >= abs(part.amount)
    ]


def _of_lines(share: Figure, part: Item, whole: Item) -> list[Relation]:
    """The share that one line is of another at the period of `share`, in each currency that both are printed in."""
    found = []
    for coordinate in part.cells:
        if coordinate.period == _period(share, coordinate.period) and not coordinate.basis:
            top, bottom = part.best(coordinate), whole.best(coordinate)
            if top is not None and bottom is not None and bottom.value:
                found.append(share_relation(RULE, share, _positive(top), _positive(bottom)))
    return found


def _positive(figure: Figure) -> Figure:
    """A cost that a table prints below nought, as text speaks of it."""
    return figure if EARNED & set(words_of(figure.label)) else replace(figure, value=abs(figure.value))


def _period(share: Figure, like: Period) -> Period | None:
    """The share's period, its last day where the lines are balances."""
    if share.period is not None and like.start is None:
        return Period(end=share.period.end)
    return share.period


def _line_after(sentence: Sentence, at: int, items: Items) -> Item | None:
    """The line that the words behind a share name: `of total net revenue`."""
    if sentence.starts[at] < 0:
        return None
    match = OF_LINE.match(sentence.text, sentence.stop(at))
    words = match["line"].split() if match else []
    return next((item for length in range(min(WORDS, len(words)), 0, -1) if (item := _line(words[:length], items))), None)


def _line_before(sentence: Sentence, at: int, items: Items) -> Item | None:
    """The line that the words before a share's verb end with: `interest made up`."""
    return _line_of_tail(re.split(SHARE, sentence.before(at))[0], items)


def _line_of_tail(text: str, items: Items) -> Item | None:
    """The line whose name ends a text."""
    words = text.split()
    return next((item for length in range(min(WORDS, len(words)), 0, -1) if (item := _line(words[-length:], items))), None)


def _line(words: Sequence[str], items: Items) -> Item | None:
    """The one line of a table that has this very name."""
    key = key_of(" ".join(words))
    found = [item for item in items.named(key, Unit.MONEY) if any(not one.is_prose and one.key == key for one in item.series)]
    return found[0] if key and len(found) == 1 else None
