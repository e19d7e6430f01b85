"""Growth and change told in text: of which amount, from which one, and whether the two give it."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial

from loanbook.tieout.directions import DIRECTION, ON_QUARTER, ON_YEAR, PRIOR_QUARTER, YEAR_AGO, is_down
from loanbook.tieout.figure import Figure, Period, Unit
from loanbook.tieout.interval import Interval
from loanbook.tieout.relate.build import relation_of, shown
from loanbook.tieout.relate.columns import growth_relation
from loanbook.tieout.relate.direction_words import with_word
from loanbook.tieout.relate.items import Items
from loanbook.tieout.relate.labels import key_of
from loanbook.tieout.relate.paragraphs import Sentence
from loanbook.tieout.relate.series import Item, agree, digits_of, opposed
from loanbook.tieout.relate.slips import is_slip_of
from loanbook.tieout.relation import Relation, RelationKind, Verdict

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
POINTS = {Unit.POINTS: Decimal(1), Unit.BASIS_POINTS: Decimal(100)}  # in one of per cent
LABEL_WORDS = 9  # words before an amount among which a line's label may stand
QUARTER = 92  # days at most
SAME_LENGTH = 4  # days by which quarters and years differ
LEAST_DIGITS = 3  # of a change that stands apart from its amount: a shorter one is too often a slip away from another by chance
TOLD_TO = re.compile(
    r"[\s,)]*(?:(?:from|over|on|against|compared\s+(?:to|with))\s+[^,;:()$€£¥%]{3,60}?)?[\s,)]*"
    rf"(?:{ON_YEAR}|{ON_QUARTER}|sequentially|organically|in\s+total)?[\s,)]*"
    r"(?:to(?:\s+reach)?|at)(?:\s+approximately|\s+about)?\s*"
)
SENTENCE_END = re.compile(r"[.;]\s+[A-Z]")
AFTER = 60  # characters behind a growth in which it may say from when
QUARTERLY = re.compile(
    r"\b(?:from|to|with|over|than|against|on|in)\s+the\s+(?:first|second|third|fourth)\s+(?:fiscal\s+)?quarter"
    rf"|{PRIOR_QUARTER.pattern}",
    re.IGNORECASE,
)
YEAR = re.compile(r"\b20\d\d\b")
YEARLY = re.compile(rf"\b{ON_YEAR}\b|{YEAR_AGO.pattern}", re.IGNORECASE)
MEASURE = re.compile(
    r"\b(?:volum|unit|organic|constant|like-for-like|comparable|adjusted|excluding|local|underlying|pro\s+forma|number|customer)",
    re.I,
)
"""Words of a growth of something else than the printed amount."""
EITHER = re.compile(r"\b(?:improv|worsen|deteriorat|strengthen|weaken)\w*", re.IGNORECASE)
BESIDE = re.compile(
    r"[\s,;(–—-]*(?:(?:which|that)\s+(?:is|was)\s+|representing\s+|or\s+)?(?:an?\s+)?(?:[\w-]+\s+)?"
    r"(?:increas\w*|decreas\w*|declin\w*|grew|growth|rose|rise|fell|fall|drop\w*|reduction|higher|lower|up|down|change\w*)?"
    r"\s*(?:of|by)?\s*(?:approximately\s+|about\s+)?"
)


def growths(sentence: Sentence, by_id: Mapping[str, Figure], owner: Mapping[str, Item], items: Items) -> Iterable[Relation]:
    figures = sentence.figures
    for at, growth in enumerate(figures):
        if growth.unit is not Unit.PERCENT or growth.role not in ("growth", "change", "low", "high"):
            continue
        subject = OTHER_SUBJECT.search(sentence.before(at))
        if subject is not None and MEASURE.search(subject["subject"]):
            continue
        now = grown_amount(sentence, at, by_id) if subject is None else _subject(subject["subject"], growth, items)
        if now is None and subject is None:
            sign = -1 if is_down(sentence.last(DIRECTION, at)) and growth.value > 0 else 1
            for one in _of_label(partial(_growth, "growth_in_text", growth, sign), sentence, at, items):
                yield with_word(one, sentence, at)
        if now is None:
            continue
        then = _base(sentence, at, now)
        sign = -1 if is_down(sentence.last(DIRECTION, at)) and growth.value > 0 else 1
        rule = "guidance_growth" if growth.role in ("low", "high") else "growth_in_text"
        make = partial(_growth, rule, growth, sign)
        if then is not None and then.value:
            yield with_word(_finer(make, now, then, owner), sentence, at)
        elif then is None:
            item, named = owner.get(now.id), _named_before(sentence, now, items)
            named = None if named is None or _states_another(named, now) else named
            quarter = _quarter_said(sentence, at)
            told = from_earlier(make, growth, now, item, quarter) or from_earlier(make, growth, now, named, quarter)
            yield from (with_word(one, sentence, at) for one in told)


def _of_label(make: Callable[[Figure, Figure], Relation], sentence: Sentence, at: int, items: Items) -> Iterable[Relation]:
    """`Letters declined by 6.2%`: growth or change of the line that its label names, where the sentence gives no amount."""
    growth, words = sentence.figures[at], sentence.before(at)
    key, name = key_of(growth.label), growth.label.casefold()
    found = [item for item in items.named(key, Unit.MONEY) if any(not one.is_prose and one.key == key for one in item.series)]
    if len(found) != 1 or growth.period is None or MEASURE.search(words) or name not in words:
        return
    item = found[0]
    ends = (growth.period, Period(end=growth.period.end))
    lines = [item.best(one) for one in item.cells if one.period in ends and not one.basis]
    now = next((line for line in lines if line is not None), None)
    if now is None:
        return
    is_beside = BESIDE.fullmatch(words[words.rindex(name) + len(name) :]) is not None
    for relation in from_earlier(make, growth, now, item, _quarter_said(sentence, at)):
        is_slip = digits_of(growth) >= LEAST_DIGITS and is_slip_of(growth, growth.amount - relation.difference * growth.scale)
        if relation.verdict is not Verdict.BROKEN or is_beside or is_slip:
            yield relation


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


def changes(sentence: Sentence, by_id: Mapping[str, Figure], owner: Mapping[str, Item], items: Items) -> Iterable[Relation]:
    """`up by €12 million to €385 million from …`, `an increase of 1.2 percentage points`: the amount less the one before.

    A change that stands apart from its amount may be of a part of it alone: there it is believed where it comes out, is a slip
    of the hand away from that, or has the other direction than the two amounts that the sentence tells.
    """
    for at, change in enumerate(sentence.figures):
        if change.role != "change" or change.unit is Unit.PERCENT:
            continue
        make = partial(_change, change, EITHER.search(sentence.before(at)) is not None)
        now, is_beside = _changed(sentence, at, by_id)
        if now is None and change.of is None and change.unit is Unit.MONEY:
            yield from (with_word(one, sentence, at) for one in _of_label(make, sentence, at, items))
        if now is None:
            continue
        then = _compared(sentence, at, now)
        if then is not None:
            told = [_finer(make, now, then, owner)]
        else:
            told = from_earlier(make, change, now, owner.get(now.id), _quarter_said(sentence, at))
        if not told:
            continue
        (relation,) = told
        if relation.verdict is Verdict.BROKEN and not is_beside:
            meant = change.amount - relation.difference * change.scale
            is_turned = then is not None and (-relation.expected).meets(change.interval)
            if digits_of(change) < LEAST_DIGITS or not (is_turned or is_slip_of(change, meant)):
                continue
        yield with_word(relation, sentence, at)


def _changed(sentence: Sentence, at: int, by_id: Mapping[str, Figure]) -> tuple[Figure | None, bool]:
    """The amount that changed, and whether the change stands beside it with nothing but words of change between."""
    change = sentence.figures[at]
    units = (Unit.PERCENT,) if change.unit in POINTS else (change.unit,)

    def fits(figure: Figure) -> bool:
        return figure.unit in units and figure.currency == change.currency and figure.role in ("", "current", "share")

    after = told_after(sentence, at, frozenset(units))
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
        if one.role in EARLIER
        and compared_with(sentence, one) == now.id
        and one.unit is now.unit
        and one.currency == now.currency
    ]
    return next((one for place, one in found if place > at), found[0][1] if found else None)


def compared_with(sentence: Sentence, earlier: Figure) -> str | None:
    """Which amount an earlier one is compared with: the one that the reader names, else in `from A to B` the next."""
    if earlier.of is not None:
        return earlier.of
    at = next(place for place, one in enumerate(sentence.figures) if one.id == earlier.id) + 1
    follows = at < len(sentence.figures) and sentence.figures[at].unit is earlier.unit and TOLD_TO.fullmatch(sentence.before(at))
    return sentence.figures[at].id if follows else None


def _change(change: Figure, either: bool, now: Figure, then: Figure) -> Relation:
    """`either`: an improvement of a cost ratio is a fall, of a margin a rise."""
    factor = POINTS.get(change.unit, Decimal(1))
    expected = (now.interval - then.interval) * Interval.exact(factor)
    if (either and (expected.high < 0) != (change.value < 0)) or (now.value < 0 and then.value < 0):
        expected = -expected  # what text says of a cost that a table prints below nought
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
    after = told_after(sentence, at)
    if after is not None:
        return after
    if growth.of is not None and growth.of in by_id:
        named = by_id[growth.of]
        if named.unit is not Unit.PERCENT:
            return named
    wanted = (growth.role,) if growth.role in ("low", "high") else ("", "current", "other")
    for place in range(at - 1, -1, -1):
        if sentence.starts[at] >= 0 and SENTENCE_END.search(sentence.text[sentence.stop(place) : sentence.starts[at]]):
            return None
        figure = sentence.figures[place]
        if figure.unit in AMOUNTS and figure.role in wanted:
            return figure
    return None


def told_after(sentence: Sentence, at: int, units: frozenset[Unit] = AMOUNTS) -> Figure | None:
    """The amount behind "by A, or B%, to": what it changed to."""
    for place in range(at + 1, len(sentence.figures)):
        figure = sentence.figures[place]
        if sentence.starts[place] >= 0 and SENTENCE_END.search(sentence.text[sentence.stop(place - 1) : sentence.starts[place]]):
            return None
        if TOLD_TO.fullmatch(sentence.before(place)):
            return figure if figure.role in ("", "current") and figure.unit in units else None
        if figure.role not in ("growth", "change", *EARLIER):
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
        other
        for other in sentence.figures
        if other.role in EARLIER and other.currency == now.currency and compared_with(sentence, other) == now.id
    ]
    return named[0] if named and sentence.figures[at].role not in ("low", "high") else None


def from_earlier(
    make: Callable[[Figure, Figure], Relation], told: Figure, now: Figure, item: Item | None, quarter: str
) -> list[Relation]:
    """Growth or change from an amount that the text does not give, of the same item.

    A year before, unless the words speak of another `quarter` or none is printed: then the one that comes out, else the only one
    there is of the year that they name, or the one that a slip of the hand keeps from it.
    """
    if item is None or now.period is None:
        return []
    at = item.place(now)
    own, currency, period = item.finest(now), at.currency if at else now.currency, at.period if at else now.period
    found: dict[Period, Relation] = {}
    for coordinate in item.cells:
        line = item.best(coordinate)
        earlier = coordinate.period.end < period.end and lasts_like(coordinate.period, period)
        if earlier and line is not None and line.value and coordinate.currency == currency and not coordinate.basis:
            found[coordinate.period] = make(own, replace(line, value=abs(line.value)) if opposed(own, line) else line)
    before = year_before(period)
    if not quarter and before in found:
        return [found[before]]
    held = [one for verdict in (Verdict.HOLDS, Verdict.ROUNDING) for one in found.values() if one.verdict is verdict]
    year = YEAR.search(quarter)
    others = [
        one
        for then, one in found.items()
        if (str(then.end.year) == year.group() and then != before if year else _is_next(then, period))
    ]
    slipped = [one for one in found.values() if is_slip_of(told, told.amount - one.difference * told.scale)]
    left = others if quarter else slipped
    return held[:1] or (left if len(left) == 1 else [])


def _is_next(earlier: Period, later: Period) -> bool:
    """Whether a quarter follows the other; of instants, whether they lie no farther apart than a quarter."""
    gap = (later.end if later.start is None else later.start) - earlier.end
    return gap.days <= (QUARTER if later.start is None else 1)


def _quarter_said(sentence: Sentence, at: int) -> str:
    """The words about a growth that compare with another quarter; none where they say a year before, or nothing."""
    if sentence.starts[at] < 0:
        return ""
    after = sentence.text[sentence.stop(at) :][:AFTER].partition(". ")[0]
    words = f"{sentence.before(at, AFTER)} {after}"
    found = QUARTERLY.search(words)
    return "" if found is None or YEARLY.search(words) else words[found.start() : found.end() + len(" of fiscal 2024")]


def lasts_like(one: Period, other: Period) -> bool:
    """Whether both are instants, or as long as each other to some days."""
    if one.start is None or other.start is None:
        return one.start is other.start
    return abs((one.end - one.start) - (other.end - other.start)).days <= SAME_LENGTH


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


def _states_another(item: Item, figure: Figure) -> bool:
    """Whether a line has another amount where it would have `figure`: words that lie near name it, the amount does not.

    A bound of guidance states nothing: what came later is another amount, in whatever document it stands.
    """
    if figure.role in ("low", "high"):
        return False
    stated = [
        line
        for at in item.cells
        if figure.period is not None
        and at.period in (figure.period, Period(end=figure.period.end))
        and at.currency == figure.currency
        and not at.basis
        and (line := item.best(at)) is not None
    ]
    return bool(stated) and not any(agree(figure, line) or is_slip_of(figure, line.amount) for line in stated)


def year_before(period: Period) -> Period:
    return Period(end=_shift(period.end), start=None if period.start is None else _shift(period.start))


def _shift(day: dt.date) -> dt.date:
    """The same day a year before; the last of February stays the last."""
    if (day + dt.timedelta(days=1)).day == 1:
        return (day + dt.timedelta(days=1)).replace(year=(day + dt.timedelta(days=1)).year - 1) - dt.timedelta(days=1)
    return day.replace(year=day.year - 1)
