"""Growth and change told in text: of which amount, from which one, and whether the two give it."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial

from loanbook.tieout.figure import Figure, Period, Unit
from loanbook.tieout.interval import Interval
from loanbook.tieout.relate.build import relation_of, shown
from loanbook.tieout.relate.columns import growth_relation
from loanbook.tieout.relate.items import Items
from loanbook.tieout.relate.labels import key_of
from loanbook.tieout.relate.paragraphs import Sentence
from loanbook.tieout.relate.series import Coordinate, Item, digits_of
from loanbook.tieout.relate.slips import is_slip_of
from loanbook.tieout.relation import Relation, RelationKind, Verdict

DOWN = ("decreas", "declin", "fell", "fall", "drop", "down", "lower", "reduc", "contract")
DIRECTION = re.compile(
    r"increas\w*|decreas\w*|declin\w*|grew|growth|rose|rise|fell|drop\w*|reduc\w*|higher|lower|\bup\b|\bdown\b", re.IGNORECASE
)
EARLIER = {"comparative": 0, "prior_year": 0, "prior_quarter": 1}
AMOUNTS = frozenset({Unit.MONEY, Unit.COUNT, Unit.PEOPLE, Unit.SHARES, Unit.ADS, Unit.UNKNOWN, Unit.PER_ADS, Unit.PER_SHARE})
OTHER_SUBJECT = re.compile(
    r"\b(?:driven|led|helped|caused|supported|boosted|offset|fuel+ed|due|owing|thanks|result(?:ing|ed)?|reflect(?:s|ed|ing)?"
    r"|attributable|because|as|includ(?:es|ed|ing)|with)\b\s*(?:primarily|mainly|largely|partially|in part)?"
    r"\s*(?:by|to|from|in|of)?\s+(?:an?\s+|the\s+)?(?P<subject>(?:[a-z&'’/-]+\s+){1,8}?)"
    r"(?:increas|decreas|declin|grow|grew|rising|rose|falling|fell|up\b|down\b|higher|lower)",
    re.IGNORECASE,
)
"""What drove the amount has a growth of its own."""
SEQUENTIAL = re.compile(
    r"\bsequential|\b(?:prior|previous|preceding|last|linked)\s+(?:fiscal\s+)?quarter\b"
    r"(?!\s+(?:of\s+)?(?:last|the\s+prior|20\d\d))|\bquarter[- ](?:over|on)[- ]quarter\b|\bq/?o?/?q\b",
    re.IGNORECASE,
)
POINTS = {Unit.POINTS: Decimal(1), Unit.BASIS_POINTS: Decimal(100)}  # in one of per cent
LABEL_WORDS = 9  # words before an amount among which a line's label may stand
LEAST_DIGITS = 3  # of a change that stands apart from its amount: a shorter one is too often a slip away from another by chance
TOLD_TO = re.compile(
    r"[\s,)]*(?:(?:year|quarter)[- ](?:over|on)[- ](?:year|quarter)|yoy|y/y|qoq|q/q|sequentially|organically|in\s+total)?[\s,)]*"
    r"to(?:\s+approximately|\s+about)?\s*"
)
BESIDE = re.compile(
    r"[\s,;(–—-]*(?:(?:which|that)\s+(?:is|was)\s+|representing\s+|or\s+)?(?:an?\s+)?(?:[\w-]+\s+)?"
    r"(?:increas\w*|decreas\w*|declin\w*|grew|growth|rose|rise|fell|fall|drop\w*|reduction|higher|lower|up|down|change\w*)?"
    r"\s*(?:of|by)?\s*(?:approximately\s+|about\s+)?"
)


def is_down(word: str | None) -> bool:
    """Whether a word of direction points down."""
    return word is not None and word.casefold().startswith(DOWN)


def growths(sentence: Sentence, by_id: Mapping[str, Figure], owner: Mapping[str, Item], items: Items) -> Iterable[Relation]:
    figures = sentence.figures
    for at, growth in enumerate(figures):
        if growth.unit is not Unit.PERCENT or growth.role not in ("growth", "change", "low", "high"):
            continue
        subject = OTHER_SUBJECT.search(sentence.before(at))
        now = grown_amount(sentence, at, by_id) if subject is None else _subject(subject["subject"], growth, items)
        if now is None or (subject is None and _is_sequential(sentence, at)):
            continue
        then = _base(sentence, at, now) or _earlier(now, owner.get(now.id)) or _earlier(now, _named_before(sentence, now, items))
        if then is None or not then.value:
            continue
        sign = -1 if is_down(sentence.last(DIRECTION, at)) and growth.value > 0 else 1
        rule = "guidance_growth" if growth.role in ("low", "high") else "growth_in_text"
        yield _finer(partial(_growth, rule, growth, sign), now, then, owner)


def _is_sequential(sentence: Sentence, at: int) -> bool:
    """Whether growth is said to be over the quarter before, and the sentence gives no amount of it."""
    if sentence.starts[at] < 0:
        return False
    end = sentence.starts[at + 1] if at + 1 < len(sentence.figures) else len(sentence.text)
    return SEQUENTIAL.search(sentence.text[sentence.stop(at) : end].partition(". ")[0]) is not None


def _subject(words: str, growth: Figure, items: Items) -> Figure | None:
    """The amount, in the period of the growth, of the line that the words name: `driven by service revenue increasing 11%`."""
    spoken = words.split()
    if growth.period is None:
        return None
    for length in range(min(LABEL_WORDS, len(spoken)), 0, -1):
        for item in items.named(key_of(" ".join(spoken[-length:])), Unit.MONEY):
            for at, figures in item.cells.items():
                if at.period == growth.period and not at.basis:
                    return figures[0]
    return None


def _growth(rule: str, growth: Figure, sign: int, now: Figure, then: Figure) -> Relation:
    return growth_relation(rule, replace(growth, exact=False), now, then, sign)


def changes(sentence: Sentence, by_id: Mapping[str, Figure], owner: Mapping[str, Item]) -> Iterable[Relation]:
    """`up by €12 million to €385 million from …`, `an increase of 1.2 percentage points`: the amount less the one before.

    A change that stands apart from its amount may be of a part of it alone: there it is believed where it comes out, or is a
    slip of the hand away from that.
    """
    for at, change in enumerate(sentence.figures):
        if change.role != "change" or change.unit is Unit.PERCENT:
            continue
        now, is_beside = _changed(sentence, at, by_id)
        if now is None:
            continue
        then = _compared(sentence, at, now) or (None if _is_sequential(sentence, at) else _earlier(now, owner.get(now.id)))
        if then is None:
            continue
        relation = _finer(partial(_change, change), now, then, owner)
        if relation.verdict is Verdict.BROKEN and not is_beside:
            meant = change.amount - relation.difference * change.scale
            if digits_of(change) < LEAST_DIGITS or not is_slip_of(change, meant):
                continue
        yield relation


def _changed(sentence: Sentence, at: int, by_id: Mapping[str, Figure]) -> tuple[Figure | None, bool]:
    """The amount that changed, and whether the change stands beside it with nothing but words of change between."""
    change = sentence.figures[at]
    units = (Unit.PERCENT,) if change.unit in POINTS else (change.unit,)

    def fits(figure: Figure) -> bool:
        return figure.unit in units and figure.currency == change.currency and figure.role in ("", "current", "share")

    after = _told_after(sentence, at, frozenset(units))
    if after is not None:
        return (after, True) if fits(after) else (None, False)
    named = by_id.get(change.of) if change.of else None
    before = [place for place in range(at) if fits(sentence.figures[place])]
    if change.unit in POINTS and before:
        named = sentence.figures[before[-1]]
    if named is None or not fits(named):
        return None, False
    between = [place for place in range(at) if sentence.figures[place].id == named.id]
    if not between or sentence.starts[at] < 0:
        return named, False
    others = sentence.figures[between[0] + 1 : at]
    words = sentence.text[sentence.stop(between[0]) : sentence.starts[at]] if not others else sentence.before(at)
    beside = all(one.role in ("growth", "translation") for one in others) and BESIDE.fullmatch(words) is not None
    return named, beside


def _compared(sentence: Sentence, at: int, now: Figure) -> Figure | None:
    """The amount that the sentence compares `now` with: the next one, else the first."""
    found = [
        (place, one)
        for place, one in enumerate(sentence.figures)
        if one.role in EARLIER and one.of == now.id and one.unit is now.unit and one.currency == now.currency
    ]
    return next((one for place, one in found if place > at), found[0][1] if found else None)


def _change(change: Figure, now: Figure, then: Figure) -> Relation:
    factor = POINTS.get(change.unit, Decimal(1))
    expected = (now.interval - then.interval) * Interval.exact(factor)
    middle = (expected.low + expected.high) / 2 / change.scale
    return relation_of(
        RelationKind.CHANGE,
        "change_in_text",
        replace(change, exact=False),
        ((now, factor), (then, -factor)),
        expected,
        arithmetic=f"{now.text} - {then.text} = {shown(middle)}; printed {change.text}",
    )


def _finer(make: Callable[[Figure, Figure], Relation], now: Figure, then: Figure, owner: Mapping[str, Item]) -> Relation:
    """The relation of the finest amounts that are printed of both items; of the text's own where these alone come out."""
    told = make(now, then)
    first, second = (owner[one.id].finest(one) if one.id in owner else one for one in (now, then))
    if (first.id, second.id) == (now.id, then.id) or not second.value:
        return told
    finer = make(first, second)
    return told if told.verdict is Verdict.HOLDS and finer.verdict is Verdict.BROKEN else finer


def grown_amount(sentence: Sentence, at: int, by_id: Mapping[str, Figure]) -> Figure | None:
    """The amount that grew: named by the reader, else what it grew to, else the last before (of the same end of a range)."""
    growth = sentence.figures[at]
    after = _told_after(sentence, at) if growth.of is None else None
    if after is not None:
        return after
    if growth.of is not None and growth.of in by_id:
        named = by_id[growth.of]
        if named.unit is not Unit.PERCENT:
            return named
    wanted = (growth.role,) if growth.role in ("low", "high") else ("", "current", "other")
    for figure in reversed(sentence.figures[:at]):
        if figure.unit in AMOUNTS and figure.role in wanted:
            return figure
    return None


def _told_after(sentence: Sentence, at: int, units: frozenset[Unit] = AMOUNTS) -> Figure | None:
    """The amount behind "by A, or B%, to": what it changed to."""
    for place in range(at + 1, len(sentence.figures)):
        figure = sentence.figures[place]
        if TOLD_TO.fullmatch(sentence.before(place)):
            return figure if figure.role in ("", "current") and figure.unit in units else None
        if figure.role not in ("growth", "change"):
            return None
    return None


def _base(sentence: Sentence, at: int, now: Figure) -> Figure | None:
    """The amount that it grew from, where the sentence gives it next."""
    for figure in sentence.figures[at + 1 : at + 4]:
        if figure.unit is Unit.PERCENT:
            return None
        if figure.unit is now.unit and figure.currency == now.currency and figure.role in EARLIER and figure.of in (None, now.id):
            return figure
    named = [
        other for other in sentence.figures if other.role in EARLIER and other.of == now.id and other.currency == now.currency
    ]
    return named[0] if named and sentence.figures[at].role not in ("low", "high") else None


def _earlier(now: Figure, item: Item | None) -> Figure | None:
    """The same item a year before."""
    if item is None or now.period is None:
        return None
    return item.best(Coordinate(now.unit, _year_before(now.period), now.currency, ""))


def _named_before(sentence: Sentence, figure: Figure, items: Items) -> Item | None:
    """The item whose label ends the words before the amount, or before the range of which it is the upper end."""
    at = next((place for place, one in enumerate(sentence.figures) if one.id == figure.id), None)
    if at is None:
        return None
    if figure.role == "high" and at:
        at -= 1
    spoken = sentence.before(at).split()
    for length in range(min(LABEL_WORDS, len(spoken)), 0, -1):
        found = items.named(key_of(" ".join(spoken[-length:])), figure.unit)
        if found:
            return found[0]
    return None


def _year_before(period: Period) -> Period:
    return Period(end=_shift(period.end), start=None if period.start is None else _shift(period.start))


def _shift(day: dt.date) -> dt.date:
    """The same day a year before; the last of February stays the last."""
    if (day + dt.timedelta(days=1)).day == 1:
        return (day + dt.timedelta(days=1)).replace(year=(day + dt.timedelta(days=1)).year - 1) - dt.timedelta(days=1)
    return day.replace(year=day.year - 1)
