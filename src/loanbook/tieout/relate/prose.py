"""Arithmetic within prose: shares of a whole, averages, parts in a footnote, ranges, and words of direction."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from loanbook.tieout.directions import ON_QUARTER, ON_YEAR, is_down
from loanbook.tieout.figure import Figure, Period, Unit
from loanbook.tieout.interval import Interval
from loanbook.tieout.relate.build import FAR, relation_of, shown, sum_relation
from loanbook.tieout.relate.growths import AMOUNTS, changes, growths
from loanbook.tieout.relate.items import Items
from loanbook.tieout.relate.labels import likeness
from loanbook.tieout.relate.paragraphs import Sentence
from loanbook.tieout.relate.series import Coordinate, Item, digits_of
from loanbook.tieout.relate.shares import shares
from loanbook.tieout.relate.slips import is_slip_of
from loanbook.tieout.relate.undated import undated
from loanbook.tieout.relation import Relation, RelationKind, Verdict

AVERAGE = re.compile(r"average", re.IGNORECASE)
PARTS = re.compile(r"includ\w*|compris\w*|consist\w*|of which", re.IGNORECASE)
COMPARED = re.compile(
    rf"\b({ON_YEAR}|{ON_QUARTER}|sequential)(?:\s+and\s+({ON_YEAR}|{ON_QUARTER}|sequential))?\s+"
    r"(increase|decrease|decline|growth|rise|drop|reduction|improvement)s?\b",
    re.IGNORECASE,
)
NEAR_BLOCKS = 3
SUM_DIGITS = 5


def prose_relations(sentences: Sequence[Sentence], owner: Mapping[str, Item], items: Items) -> list[Relation]:
    """All relations within the paragraphs of one document; `owner` is the item of a figure."""
    made: list[Relation] = []
    by_id = {figure.id: figure for sentence in sentences for figure in sentence.figures}
    for number, sentence in enumerate(sentences):
        near = sentences[max(0, number - NEAR_BLOCKS) : number + NEAR_BLOCKS + 1]
        made.extend(growths(sentence, by_id, owner, items))
        made.extend(changes(sentence, by_id, owner, items))
        made.extend(undated(sentence, owner))
        made.extend(shares(sentence, near, by_id, owner, items))
        made.extend(_averages(sentence))
        made.extend(_ranges(sentence))
        made.extend(_directions(sentence))
    made.extend(_parts(sentences))
    return made


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
        and (abs(whole.amount - total) < abs(total) / 2 or is_slip_of(whole, total))
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
