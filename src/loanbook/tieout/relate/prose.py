"""Arithmetic within prose: growth, shares of a whole, averages, parts in a footnote, ranges, and words of direction."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from loanbook.tieout.figure import Figure, Period, Unit
from loanbook.tieout.interval import Interval
from loanbook.tieout.relate.build import relation_of, shown, sum_relation
from loanbook.tieout.relate.columns import growth_relation, share_relation
from loanbook.tieout.relate.items import Items
from loanbook.tieout.relate.labels import key_of, likeness
from loanbook.tieout.relate.paragraphs import Sentence
from loanbook.tieout.relate.series import Coordinate, Item, digits_of
from loanbook.tieout.relation import Relation, RelationKind, Verdict

DOWN = ("decreas", "declin", "fell", "fall", "drop", "down", "lower", "reduc", "contract")
DIRECTION = re.compile(
    r"increas\w*|decreas\w*|declin\w*|grew|growth|rose|rise|fell|drop\w*|reduc\w*|higher|lower|\bup\b|\bdown\b", re.IGNORECASE
)
SHARE = re.compile(r"represent\w*|account\w*|compris\w*|constitut\w*", re.IGNORECASE)
AVERAGE = re.compile(r"average", re.IGNORECASE)
PARTS = re.compile(r"includ\w*|compris\w*|consist\w*|of which", re.IGNORECASE)
COMPARED = re.compile(
    r"\b(year-over-year|year-on-year|yoy|sequential|quarter-over-quarter|quarter-on-quarter)"
    r"(?:\s+and\s+(year-over-year|year-on-year|sequential|quarter-over-quarter))?\s+"
    r"(increase|decrease|decline|growth|rise|drop|reduction|improvement)s?\b",
    re.IGNORECASE,
)
EARLIER = {"comparative": 0, "prior_year": 0, "prior_quarter": 1}
NEAR_BLOCKS = 3
AMOUNTS = frozenset({Unit.MONEY, Unit.COUNT, Unit.PEOPLE, Unit.SHARES, Unit.ADS, Unit.UNKNOWN, Unit.PER_ADS, Unit.PER_SHARE})
SUM_DIGITS = 5
LABEL_WORDS = 9  # words before an amount among which a line's label may stand
FAR = Decimal("1E+15")


def is_down(word: str | None) -> bool:
    """Whether a word of direction points down."""
    return word is not None and word.casefold().startswith(DOWN)


def prose_relations(sentences: Sequence[Sentence], owner: Mapping[str, Item], items: Items) -> list[Relation]:
    """All relations within the paragraphs of one document; `owner` is the item of a figure."""
    made: list[Relation] = []
    by_id = {figure.id: figure for sentence in sentences for figure in sentence.figures}
    for number, sentence in enumerate(sentences):
        near = sentences[max(0, number - NEAR_BLOCKS) : number + NEAR_BLOCKS + 1]
        made.extend(_growths(sentence, by_id, owner, items))
        made.extend(_shares(sentence, near, by_id))
        made.extend(_averages(sentence))
        made.extend(_ranges(sentence))
        made.extend(_directions(sentence))
    made.extend(_parts(sentences))
    return made


def _growths(sentence: Sentence, by_id: Mapping[str, Figure], owner: Mapping[str, Item], items: Items) -> Iterable[Relation]:
    figures = sentence.figures
    for at, growth in enumerate(figures):
        if growth.unit is not Unit.PERCENT or growth.role not in ("growth", "change", "low", "high"):
            continue
        now = _grown(sentence, at, by_id)
        if now is None:
            continue
        then = _base(sentence, at, now) or _earlier(now, owner.get(now.id)) or _earlier(now, _named_before(sentence, now, items))
        if then is None or not then.value:
            continue
        down = is_down(sentence.last(DIRECTION, at)) and growth.value > 0
        rule = "guidance_growth" if growth.role in ("low", "high") else "growth_in_text"
        yield growth_relation(rule, replace(growth, exact=False), now, then, -1 if down else 1)


def _grown(sentence: Sentence, at: int, by_id: Mapping[str, Figure]) -> Figure | None:
    """The amount that grew: named by the reader, else what it grew to, else the last before (of the same end of a range)."""
    growth = sentence.figures[at]
    after = sentence.figures[at + 1] if at + 1 < len(sentence.figures) else None
    if growth.of is None and after is not None and after.unit in AMOUNTS and sentence.before(at + 1).strip() == "to":
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


def _base(sentence: Sentence, at: int, now: Figure) -> Figure | None:
    """The amount that it grew from, where the sentence gives it next."""
    for figure in sentence.figures[at + 1 : at + 4]:
        if figure.unit is Unit.PERCENT:
            return None
        if figure.unit is now.unit and figure.currency == now.currency and figure.role in EARLIER:
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
    at = next(place for place, one in enumerate(sentence.figures) if one.id == figure.id)
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


def _shares(sentence: Sentence, near: Sequence[Sentence], by_id: Mapping[str, Figure]) -> Iterable[Relation]:
    """`representing 61.0% of the total`: the amount before it over an amount that stands near and gives that share."""
    for at, share in enumerate(sentence.figures):
        if share.unit is not Unit.PERCENT or share.role in ("growth", "low", "high") or sentence.last(SHARE, at) is None:
            continue
        part = _grown(sentence, at, by_id)
        if part is None:
            continue
        for whole in (figure for other in near for figure in other.figures):
            if whole.unit is part.unit and whole.currency == part.currency and whole.period == part.period and whole is not part:
                if not whole.value or abs(whole.amount) < abs(part.amount):
                    continue
                relation = share_relation("share_in_text", share, part, whole)
                if relation.verdict is Verdict.HOLDS:
                    yield relation
                    break


def _averages(sentence: Sentence) -> Iterable[Relation]:
    """An average price: an amount over a number, all three in one paragraph."""
    for at, price in enumerate(sentence.figures):
        if price.unit not in (Unit.PER_ADS, Unit.PER_SHARE) or sentence.last(AVERAGE, at) is None:
            continue
        amounts = [one for one in sentence.figures if one.unit is Unit.MONEY and one.currency == price.currency]
        counts = [one for one in sentence.figures if one.unit in (Unit.ADS, Unit.SHARES)]
        if not amounts or not counts or not counts[-1].value:
            continue
        amount, count = amounts[-1], counts[-1]
        expected = amount.interval / count.interval
        middle = amount.amount / count.amount
        yield relation_of(
            RelationKind.RATIO,
            "average_price",
            price,
            ((amount, Decimal(1)), (count, Decimal(-1))),
            expected,
            arithmetic=f"{amount.text} / {count.text} = {shown(round(middle, 3))}; printed {price.text}",
        )


def _ranges(sentence: Sentence) -> Iterable[Relation]:
    """The lower end of a range lies below its upper end."""
    for low, high in pairwise(sentence.figures):
        if low.role == "low" and high.role == "high" and low.unit is high.unit and low.currency == high.currency:
            relation = relation_of(
                RelationKind.INEQUALITY,
                "range",
                high,
                ((low, Decimal(1)),),
                Interval(low.amount, FAR),
                arithmetic=f"{low.text} <= {high.text}",
                verdict=Verdict.HOLDS if high.amount >= low.amount else Verdict.BROKEN,
            )
            yield relation


def _directions(sentence: Sentence) -> Iterable[Relation]:
    """`The year-over-year and sequential increases …`: what is said of an amount and the amounts that it is compared with."""
    current = next((figure for figure in sentence.figures if figure.role in ("current", "") and figure.unit in AMOUNTS), None)
    if current is None:
        return
    for first, second, word in COMPARED.findall(sentence.text):
        for name in (first, second):
            if not name:
                continue
            wanted = ("comparative", "prior_year") if name.casefold().startswith("y") else ("prior_quarter",)
            then = next((one for one in sentence.figures if one.role in wanted and one.currency == current.currency), None)
            if then is None or then.unit is not current.unit:
                continue
            yield _direction(current, then, word)


def _direction(now: Figure, then: Figure, word: str) -> Relation:
    down = is_down(word)
    true = now.amount <= then.amount if down else now.amount >= then.amount
    expected = Interval(-FAR, then.amount) if down else Interval(then.amount, FAR)
    relation = relation_of(
        RelationKind.DIRECTION,
        "direction",
        now,
        ((then, Decimal(1)),),
        expected,
        arithmetic=f"{word}: {then.text} to {now.text}",
        verdict=Verdict.HOLDS if true else Verdict.BROKEN,
    )
    return replace(relation, difference=now.value - then.value)


def _parts(sentences: Sequence[Sentence]) -> Iterable[Relation]:
    """Two to four amounts side by side that sum to an amount elsewhere, to at least five digits."""
    wholes: dict[tuple[Unit, str | None, Decimal], Figure] = {}
    for sentence in sentences:
        for figure in sentence.figures:
            if digits_of(figure) >= SUM_DIGITS:
                wholes.setdefault((figure.unit, figure.currency, figure.amount), figure)
    for sentence in sentences:
        found = [one for one in sentence.figures if one.unit in AMOUNTS and digits_of(one) >= SUM_DIGITS]
        for start in range(len(found) - 1):
            for stop in range(start + 2, min(start + 4, len(found)) + 1):
                parts = found[start:stop]
                if len({(one.unit, one.currency, one.period) for one in parts}) > 1:
                    break
                whole = wholes.get((parts[0].unit, parts[0].currency, sum((one.amount for one in parts), Decimal(0))))
                if whole is None and len(parts) == 2 and sentence.text and PARTS.search(sentence.text[:40]):
                    whole = _only_whole(wholes.values(), parts)
                if whole is not None and whole not in parts:
                    yield sum_relation("parts_in_text", whole, [(one, 1) for one in parts])


def _only_whole(wholes: Iterable[Figure], parts: Sequence[Figure]) -> Figure | None:
    """The one amount of that unit and period that is nearly the sum, for a sentence that lists the parts of something."""
    total = sum((one.amount for one in parts), Decimal(0))
    near = [
        whole
        for whole in wholes
        if whole.unit is parts[0].unit
        and whole.unit is not Unit.MONEY
        and whole.period == parts[0].period
        and whole not in parts
        and abs(whole.amount - total) < abs(total) / 2
    ]
    return near[0] if len(near) == 1 else None


def defined_sums(sentences: Sequence[Sentence], items: Items) -> Iterable[Relation]:
    """A note that lists quoted lines of a table (`including "Cash", "Restricted cash"`) defines a total named in the text."""
    for note in sentences:
        names = re.findall(r"[“\"]([^”\"]{3,80})[”\"]", note.text)
        if len(names) < 2 or PARTS.search(note.text[:30]) is None:
            continue
        lines = [item for name in names for item in _named(items, name)]
        if len(lines) != len(names):
            continue
        for sentence in sentences:
            for place, figure in enumerate(sentence.figures):
                if figure.unit is not Unit.MONEY or figure.period is None or not _is_total_of(names[0], sentence.before(place)):
                    continue
                at = Coordinate(Unit.MONEY, Period(end=figure.period.end), figure.currency, "")
                terms = [line.best(at) for line in lines]
                if all(term is not None for term in terms):
                    yield sum_relation("defined_total", figure, [(term, 1) for term in terms if term is not None])


def _is_total_of(name: str, before: str) -> bool:
    """Whether the words before an amount are `total` and the first name of the list."""
    _, found, tail = before.rpartition("total ")
    return bool(found) and likeness(tail, name) > 0.9


def _named(items: Items, name: str) -> list[Item]:
    found = [item for item in items.like(name, Unit.MONEY) if any(likeness(name, one.label) >= 0.97 for one in item.series)]
    return found[:1]
