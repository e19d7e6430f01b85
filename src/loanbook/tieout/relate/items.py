"""Which series are one line item: by label, and by the figures that they share.

Two series are one item when what they have in common outweighs what sets them apart. A label counts, and so does each figure
that agrees at one coordinate (a seven-digit figure more than a two-digit one); each that disagrees counts against it. One
disagreement among several agreements is thus kept within the item, where it shows as a broken equality; a series that
disagrees throughout is another item, or the same one restated.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from loanbook.tieout.figure import Figure, Period, Unit
from loanbook.tieout.relate.labels import likeness, words, words_of
from loanbook.tieout.relate.series import UNSIGNED, Coordinate, Item, Series, agree, digits_of, opposed
from loanbook.tieout.relate.slips import is_slip_of
from loanbook.tieout.relate.spans import Spans

SAME_LABEL = 6.0
SAME_PATH = 1.0
ORDINAL = 2.0
DISAGREES = 3.0
ENOUGH = 2.5
ENOUGH_PROSE = 2.5
LIKELY = 0.45  # likeness below which labels speak against one item
LIKELY_SLIP = 0.7  # likeness of a phrase and a line for a figure that is a slip away from it
SURE = 0.96
CERTAIN = 12  # digits that agree, beyond which no label is needed
VALUE_DIGITS = 4  # a figure shorter than this finds no item by its value alone
MOST_CANDIDATES = 40
MOST_ITEMS = 2000  # with one word in their labels, beyond which the word finds nothing

Found = dict[int, Item]


@dataclass(slots=True)
class Items:
    """All items, with what finds them."""

    items: list[Item] = field(default_factory=list)
    by_key: dict[tuple[str, Unit], Found] = field(default_factory=lambda: defaultdict(dict))
    by_value: dict[tuple[Coordinate, Decimal], Found] = field(default_factory=lambda: defaultdict(dict))
    by_word: dict[tuple[str, Unit], Found] = field(default_factory=lambda: defaultdict(dict))

    def take(self, series: Series, item: Item | None) -> Item:
        """Puts `series` into `item`, or into one of its own."""
        if item is None:
            item = Item(series.label, series.unit)
            self.items.append(item)
        key = (series.key, series.unit)
        if id(item) not in self.by_key[key]:
            self.by_key[key][id(item)] = item
            for word in set(words_of(series.label)):
                self.by_word[word, series.unit][id(item)] = item
        item.add(series)
        for coordinate, figures in series.cells.items():
            for figure in figures:
                self.by_value[coordinate, abs(figure.amount)][id(item)] = item
        return item

    def like(self, label: str, unit: Unit) -> list[Item]:
        """Items whose labels share words with `label`, most first."""
        counts: Counter[int] = Counter()
        found: Found = {}
        for word in set(words_of(label)):
            items = self.by_word.get((word, unit), {})
            if len(items) <= MOST_ITEMS:
                counts.update(items.keys())
                found.update(items)
        return [found[name] for name, _ in counts.most_common(MOST_CANDIDATES)]

    def named(self, key: str, unit: Unit) -> list[Item]:
        """Items of that very label: all, or the first and last of very many."""
        found = list(self.by_key.get((key, unit), {}).values())
        return found if len(found) <= 2 * MOST_CANDIDATES else found[:MOST_CANDIDATES] + found[-MOST_CANDIDATES:]


def items_of(tables: Sequence[Series], prose: Sequence[Series]) -> Items:
    """All series of a set of documents as items: tables first, then the phrases of prose."""
    items = Items()
    for series in tables:
        items.take(series, _table_item(items, series))
    spans = Spans(items.items)
    waiting = []
    for told in prose:
        series = _at_the_end(told, items)
        item = _prose_item(items, spans, series)
        if item is None:
            waiting.append(series)
        else:
            items.take(series, item)
    learned = _phrases(items)
    for series in waiting:
        item = _slipped_item(items, series) or learned.get((series.key, series.unit))
        if item is not None and (not any(coordinate in item.cells for coordinate in series.cells) or _is_another(series, item)):
            item = None
        items.take(series, item or _alone(items, series))
    return items


def _at_the_end(series: Series, items: Items) -> Series:
    """What is told of a balance without a date is told of the end of its period."""
    cells: dict[Coordinate, list[Figure]] = {}
    for at, figures in series.cells.items():
        end = Coordinate(at.unit, Period(end=at.period.end), at.currency, at.basis)
        named = items.named(series.key, series.unit) if at.period.start is not None else []
        is_balance = any(end in item.cells for item in named) and not any(at in item.cells for item in named)
        cells.setdefault(end if is_balance else at, []).extend(figures)
    return replace(series, cells=cells)


def _unique(found: Iterable[Item]) -> list[Item]:
    return list({id(item): item for item in found}.values())


def _table_item(items: Items, series: Series) -> Item | None:
    named = items.named(series.key, series.unit) if series.of <= MOST_CANDIDATES else []
    valued = [
        item
        for coordinate, figures in series.cells.items()
        for figure in figures
        if digits_of(figure) >= VALUE_DIGITS
        for item in list(items.by_value.get((coordinate, abs(figure.amount)), {}).values())[:MOST_CANDIDATES]
    ]
    best, most = None, ENOUGH
    for item in _unique((*named, *valued)):
        if any(other.where == series.where for other in item.series):
            continue
        agreed, against, number = _compare(series, item)
        if against and not number and not _is_restatable(series, item):
            continue
        score = agreed - DISAGREES * against
        if any(other.key == series.key for other in item.series):
            score += _label_score(series, item)
        else:
            close = max(likeness(series.label, other.label) for other in item.series)
            if against or (close < LIKELY and agreed < CERTAIN):
                continue
            score += 4 * close - 4
        if score > most:
            best, most = item, score
    return best


def _is_restatable(series: Series, item: Item) -> bool:
    """Whether figures that all disagree may be one item restated: of another document, under the same group."""
    return all(other.where[0] != series.where[0] for other in item.series) and any(
        other.path[-1:] == series.path[-1:] for other in item.series
    )


def _label_score(series: Series, item: Item) -> float:
    """What one label is worth, less where it says little or where another row of the table has it too."""
    score = SAME_LABEL if set(words_of(series.label)) - words().general else SAME_LABEL / 3
    alike = [other for other in item.series if other.key == series.key]
    if not alike:
        return 0.0
    if series.of > 1 or any(other.of > 1 for other in alike):
        score += ORDINAL if any((other.ordinal, other.of) == (series.ordinal, series.of) for other in alike) else -SAME_LABEL
    if series.path and any(other.path[-1:] == series.path[-1:] for other in alike):
        score += SAME_PATH
    return score


def _compare(series: Series, item: Item) -> tuple[float, float, int]:
    """What agreeing figures are worth, how many disagree, and how many agree."""
    agreed = against = 0.0
    number = 0
    for coordinate, figures in series.cells.items():
        other = item.best(coordinate)
        if other is None:
            continue
        for figure in figures:
            if agree(figure, other):
                agreed += min(max(digits_of(figure) - 1, 0), 6)
                number += 1
            else:
                against += 1
    return agreed, against, number


def _prose_item(items: Items, spans: Spans, series: Series) -> Item | None:
    valued = [
        item
        for coordinate, figures in series.cells.items()
        for figure in figures
        for held in ((figure.interval, -figure.interval) if UNSIGNED.search(figure.label) else (figure.interval,))
        for item in spans.between(coordinate, held.low, held.high)
    ]
    best, most = None, ENOUGH_PROSE
    for item in _unique((*items.named(series.key, series.unit), *valued, *items.like(series.label, series.unit))):
        agreed, against, number = _compare(series, item)
        if not number:
            continue
        close = max(likeness(series.label, name) for name in {other.label for other in item.series})
        score = agreed - (DISAGREES - 0.5) * against + 5 * close - 3 + (SAME_PATH if close > SURE else 0)
        if against and (number < 2 and close < 0.9):
            continue
        if score > most:
            best, most = item, score
    return best


def _slipped_item(items: Items, series: Series) -> Item | None:
    """The item of a table of the same document that the label names, where each figure that disagrees is a slip away from it."""
    found = []
    for item in items.like(series.label, series.unit):
        tabled = [one for one in item.series if not one.is_prose and one.where[0] == series.where[0]]
        close = max((likeness(series.label, one.label) for one in tabled), default=0.0)
        if close < LIKELY_SLIP:
            continue
        shared = [(figure, other) for at, figures in series.cells.items() if (other := item.best(at)) for figure in figures]
        if (
            shared
            and not _is_another(series, item)
            and all(
                agree(figure, other)
                or (
                    is_slip_of(figure, -other.amount if opposed(figure, other) else other.amount)
                    and (close > SURE or digits_of(figure) >= VALUE_DIGITS)
                )
                for figure, other in shared
            )
        ):
            found.append((close, item))
    found.sort(key=lambda entry: -entry[0])
    if not found or (len(found) > 1 and found[0][0] == found[1][0]):
        return None
    return found[0][1]


def _is_another(series: Series, item: Item) -> bool:
    """Whether several figures disagree and none agrees: one wrong figure is a slip, all of them are of something else."""
    _, against, number = _compare(series, item)
    return against > 1 and not number


def _phrases(items: Items) -> dict[tuple[str, Unit], Item]:
    """Phrases of prose that named one item: with several figures that agree, or in more than one paragraph."""
    found: dict[tuple[str, Unit], dict[int, tuple[Item, int]]] = defaultdict(dict)
    for item in items.items:
        for series in item.series:
            if series.is_prose:
                named = found[series.key, series.unit]
                named[id(item)] = (item, named.get(id(item), (item, 0))[1] + len(series.cells))
    phrases = {}
    for key, named in found.items():
        (item, figures), *others = named.values()
        tabled = any(one.key == key[0] for one in item.series if not one.is_prose)
        if not others and (figures > 1 or tabled):
            phrases[key] = item
    return phrases


def _alone(items: Items, series: Series) -> Item | None:
    """The item of prose alone that has this very label, where nothing disagrees."""
    for item in items.named(series.key, series.unit):
        if all(other.is_prose for other in item.series) and not _compare(series, item)[1]:
            return item
    return None
