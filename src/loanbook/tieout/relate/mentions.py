"""Amounts in passing: a quotation that names a line in other words, an amount said twice, a scale left out.

These rules go by value first and by words second: what they find is an equality, and what they do not find is no error, unless
a long figure is a slip of the hand away from the one line that the words name.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from loanbook.tieout.figure import Figure, Period, Unit
from loanbook.tieout.interval import Interval
from loanbook.tieout.relate.build import equal_relation, relation_of
from loanbook.tieout.relate.items import Items
from loanbook.tieout.relate.labels import words, words_of
from loanbook.tieout.relate.paragraphs import Sentence
from loanbook.tieout.relate.series import Coordinate, Frame, Item, agree, coordinate_of, digits_of, opposed
from loanbook.tieout.relate.slips import is_slip_of
from loanbook.tieout.relate.spans import Spans
from loanbook.tieout.relation import Relation, RelationKind, Verdict

AROUND = 110  # characters to either side of an amount that may name it
NAMED = 0.6  # of the words of a line's label that must stand there
LEAST_DIGITS = 2
SLIP_DIGITS = 4  # a shorter figure is too often a slip away from another by chance
SCALES = (Decimal(1000), Decimal(1_000_000))
AMOUNTS = frozenset({Unit.MONEY, Unit.SHARES, Unit.ADS, Unit.COUNT})
STRENGTH = Decimal("0.6")
SCALE_LEFT_OUT = "scale_left_out"


def mentions(sentences: Sequence[Sentence], items: Items, frame: Frame, tied: set[str]) -> list[Relation]:
    """Relations of the figures of all documents' prose that are in no relation yet (`tied` names those that are)."""
    spans = Spans(item for item in items.items if any(not one.is_prose for one in item.series))
    made: list[Relation] = []
    twice: dict[tuple[Unit, str | None, Decimal], list[tuple[Figure, frozenset[str]]]] = defaultdict(list)
    for sentence in sentences:
        for at, figure in enumerate(sentence.figures):
            if figure.unit not in AMOUNTS or not figure.value:
                continue
            around = _around(sentence, at)
            relation = None if figure.id in tied else _named_line(figure, around, spans, items, frame)
            if relation is not None:
                made.append(relation)
            else:
                twice[figure.unit, figure.currency, figure.amount].append((figure, around))
    made.extend(_beside(sentences, made, items, frame, tied))
    for found in twice.values():
        made.extend(one for one in _said_twice(found) if one.result not in tied or one.terms[0].figure not in tied)
    return made


def _beside(
    sentences: Sequence[Sentence], made: Sequence[Relation], items: Items, frame: Frame, tied: set[str]
) -> list[Relation]:
    """A phrase that names a line for one of its amounts names it for the others: one that is a slip away from it is wrong."""
    lines = {one.result: one.terms[0].figure for one in made if one.rule == "mention"}
    owner = {figure.id: item for item in items.items for cells in item.cells.values() for figure in cells} if lines else {}
    found = []
    for sentence in sentences:
        named = {(one.label, one.unit): owner[lines[one.id]] for one in sentence.figures if one.id in lines}
        for figure in sentence.figures if named else ():
            item = named.get((figure.label, figure.unit))
            coordinate = coordinate_of(figure, frame)
            if item is None or coordinate is None or figure.id in tied or figure.id in lines:
                continue
            line = item.best(coordinate)
            if line is not None and is_slip_of(figure, -line.amount if opposed(figure, line) else line.amount):
                found.append(_equal(figure, line))
    return found


def of_their_own_lines(
    relations: Sequence[Relation], sentences: Sequence[Sentence], items: Items, frame: Frame
) -> list[Relation]:
    """No amount fails against a line while it is, to its rounding, another line that its sentence names: that one ties it."""
    failed = {one.result: one for one in relations if one.rule == "text_against_table" and one.verdict is Verdict.BROKEN}
    if not failed:
        return list(relations)
    spans = Spans(item for item in items.items if any(not one.is_prose for one in item.series))
    named: dict[str, Relation] = {}
    for sentence in sentences:
        for at, figure in enumerate(sentence.figures):
            line = _named_line(figure, _around(sentence, at), spans, items, frame) if figure.id in failed else None
            if line is not None and line.rule == "mention" and line.verdict is not Verdict.BROKEN:
                named[failed[figure.id].id] = line
    return [named.get(one.id, one) for one in relations]


def _around(sentence: Sentence, at: int) -> frozenset[str]:
    start = sentence.starts[at]
    if start < 0:
        return frozenset()
    stop = sentence.stop(at)
    before = sentence.text[max(0, start - AROUND) : start].rpartition(". ")[2]
    after = sentence.text[stop : stop + AROUND // 2].partition(". ")[0]
    return frozenset(words_of(f"{before} {after}"))


def _named_line(figure: Figure, around: frozenset[str], spans: Spans, items: Items, frame: Frame) -> Relation | None:
    """The table line of that value at that date of whose label most words stand beside the figure."""
    if digits_of(figure) < LEAST_DIGITS:
        return None
    best: tuple[float, Figure] | None = None
    for coordinate, scale in _coordinates(figure, frame, spans):
        held = figure.interval * Interval.exact(scale)
        for item in spans.between(coordinate, held.low, held.high):
            share = _named(item, around)
            other = item.best(coordinate)
            if other is not None and share >= NAMED and (best is None or share > best[0]):
                best = (share, other)
        if best is not None:
            return equal_relation("mention", figure, best[1], STRENGTH) if scale == 1 else _scale_left_out(figure, best[1], scale)
    return _slip_of_line(figure, around, items, frame)


def _slip_of_line(figure: Figure, around: frozenset[str], items: Items, frame: Frame) -> Relation | None:
    """A line of the same document all of whose label stands beside the figure, and whose value is a slip of the hand away."""
    coordinate = coordinate_of(figure, frame)
    if coordinate is None or digits_of(figure) < SLIP_DIGITS:
        return None
    found = []
    for item in items.like(" ".join(sorted(around)), figure.unit):
        line = item.best(coordinate)
        if line is None or line.place.row is None or line.place.file != figure.place.file or _named(item, around) < 1:
            continue
        if is_slip_of(figure, line.amount) or opposed(figure, line):
            found.append(line)
    found = [line for line in found if agree(figure, line)] or [
        line for line in found if is_slip_of(figure, -line.amount if opposed(figure, line) else line.amount)
    ]
    return _equal(figure, found[0]) if len(found) == 1 else None


def _equal(figure: Figure, line: Figure) -> Relation:
    """What the text states of a line, as its magnitude where words say what the table says by brackets."""
    return equal_relation("mention", figure, line, STRENGTH, factor=-1 if opposed(figure, line) else 1)


def _coordinates(figure: Figure, frame: Frame, spans: Spans) -> Iterable[tuple[Coordinate, Decimal]]:
    """Where to look: at the figure's period, then at its last day, then with a scale that the text leaves out."""
    own = coordinate_of(figure, frame)
    if own is None:
        return
    last = Coordinate(own.unit, Period(end=own.period.end), own.currency, own.basis)
    yield own, Decimal(1)
    if own.period.start is not None:
        yield last, Decimal(1)
    if figure.scale == 1 and digits_of(figure) > 3:
        for scale in SCALES:
            for coordinate in spans.coordinates(own):
                yield coordinate, scale


def _named(item: Item, around: frozenset[str]) -> float:
    skipped = words().general | {"beginning", "end", "closing", "opening", "activity", "provided", "used"}
    best = 0.0
    for label in {one.label for one in item.series if not one.is_prose}:
        wanted = set(words_of(label)) - skipped
        if wanted and not (around ^ set(words_of(label))) & {"non-gaap"}:
            best = max(best, len(wanted & around) / len(wanted))
    return best


def _scale_left_out(figure: Figure, line: Figure, scale: Decimal) -> Relation:
    expected = line.interval * Interval.exact(1 / scale)
    return relation_of(
        RelationKind.EQUAL,
        SCALE_LEFT_OUT,
        figure,
        ((line, Decimal(1)),),
        expected,
        strength=STRENGTH,
        arithmetic=f"{figure.text} is {line.text} x {scale:,f} in the table ({line.place.file}:{line.place.line})",
    )


def _said_twice(found: Sequence[tuple[Figure, frozenset[str]]]) -> Iterable[Relation]:
    """One amount in two paragraphs that share at least two words about it."""
    first, about = found[0]
    for other, words_about in found[1:]:
        if other.place.block != first.place.block and len(about & words_about) >= 2 and digits_of(other) >= LEAST_DIGITS:
            yield equal_relation("said_twice", other, first, STRENGTH)


def per_ads_in_text(sentences: Sequence[Sentence], relations: Iterable[Relation]) -> list[Relation]:
    """An amount per share and per ADS in one sentence, at the number of shares that the tables' amounts imply."""
    factors: dict[Decimal, int] = defaultdict(int)
    for relation in relations:
        if relation.rule == "per_ads_from_per_share":
            factors[relation.terms[0].factor] += 1
    if not factors:
        return []
    multiple = max(factors, key=lambda factor: factors[factor])
    made = []
    for sentence in sentences:
        shares: Mapping[str | None, Figure] = {one.currency: one for one in sentence.figures if one.unit is Unit.PER_SHARE}
        for figure in sentence.figures:
            share = shares.get(figure.currency)
            if figure.unit is Unit.PER_ADS and share is not None and share.place.block == figure.place.block:
                arithmetic = f"{share.text} x {multiple} = {figure.text}"
                expected = share.interval * Interval.exact(multiple)
                terms = ((share, multiple),)
                made.append(relation_of(RelationKind.PER_ADS, "per_ads_in_text", figure, terms, expected, arithmetic=arithmetic))
    return made
