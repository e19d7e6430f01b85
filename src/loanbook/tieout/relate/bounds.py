"""What one figure cannot exceed: diluted and basic, net and gross, a part and its whole, a current portion and the total."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from loanbook.tieout.figure import Figure, Unit
from loanbook.tieout.interval import Interval
from loanbook.tieout.relate.build import FAR, relation_of
from loanbook.tieout.relate.grid import Grid, Row
from loanbook.tieout.relate.labels import full_label, words_of
from loanbook.tieout.relation import Relation, RelationKind, Verdict

EACH_FAILURE = 3  # cells in which a bound by words alone must hold for each in which it does not
AMOUNTS = frozenset({Unit.MONEY, Unit.COUNT, Unit.PEOPLE, Unit.UNKNOWN})
PART = re.compile(r"\W*(?:of\s+which|thereof|including|incl\.|o/w|davon|darunter|dont|di\s+cui|うち)(?!\w)", re.IGNORECASE)
CURRENT = re.compile(
    r"\W*(?:less\W+)?(?:current\s+(?:portion|maturities)|amounts?\s+due\s+within\s+(?:one|1)\s+year)\b", re.IGNORECASE
)
MIXED = frozenset({"net", "result", "balance", "change", "difference", "movement", "ergebnis", "saldo", "résultat"})
"""A line of such a name nets amounts of either sign, so what is part of it may exceed it."""


def bounds(grid: Grid) -> list[Relation]:
    """The inequalities between rows of a table. Those that words alone suggest are believed where nearly all cells keep them."""
    made = [one for pair in _pairs(grid, "basic", "diluted") for one in _diluted(*pair)]
    for rule, pairs in (
        ("net_within_gross", [(net, gross) for gross, net in _pairs(grid, "gross", "net") if not _is_result(net)]),
        ("part_of_whole", _parts(grid)),
        ("current_portion", _currents(grid)),
    ):
        made.extend(believed([one for part, whole in pairs for one in _within(rule, part, whole)]))
    return made


def believed(found: Sequence[Relation]) -> Sequence[Relation]:
    """All where most hold, else none: the words meant something else."""
    broken = sum(one.verdict is Verdict.BROKEN for one in found)
    return found if len(found) - broken >= EACH_FAILURE * broken else ()


def bound(rule: str, figure: Figure, limit: Figure, *, at_most: bool, strength: Decimal = Decimal("0.9")) -> Relation:
    """`figure` is at most, or at least, `limit`. Of two displayed as finely as each other, rounding keeps the order."""
    alike = figure.step * figure.scale == limit.step * limit.scale
    held, other = figure.interval, limit.interval
    if at_most:
        is_broken = figure.amount > limit.amount if alike else held.low > other.high
        expected = Interval(-FAR, limit.amount if alike else other.high)
    else:
        is_broken = figure.amount < limit.amount if alike else held.high < other.low
        expected = Interval(limit.amount if alike else other.low, FAR)
    return relation_of(
        RelationKind.INEQUALITY,
        rule,
        figure,
        ((limit, Decimal(1)),),
        expected,
        strength=strength,
        arithmetic=f"{figure.text} {'<=' if at_most else '>='} {limit.text} ({limit.label or limit.text})",
        verdict=Verdict.BROKEN if is_broken else Verdict.HOLDS,
    )


def _pairs(grid: Grid, one: str, other: str) -> Iterable[tuple[Row, Row]]:
    """Rows whose labels differ in that one says `one` and the other `other`, in one group and unit, in their order."""
    found: dict[object, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in grid.rows:
        said = set(words_of(full_label(row.label, row.path)))
        for word in (one, other):
            if said & {one, other} == {word}:
                found[frozenset(said - {word}), row.path, row.unit][word].append(row)
    for rows in found.values():
        if len(rows[one]) == len(rows[other]):
            yield from zip(rows[one], rows[other], strict=True)


def _is_result(row: Row) -> bool:
    """Net profit is no part of gross profit: other income may exceed the costs between them."""
    return "income" in words_of(row.label)


def _diluted(basic: Row, diluted: Row) -> Iterable[Relation]:
    """Dilution lowers a profit per share, by adding shares; a loss is not diluted."""
    for column, figure in diluted.cells.items():
        other = basic.cells.get(column)
        if other is None or other.unit is not figure.unit or figure.dash or other.dash:
            continue
        if figure.unit in (Unit.SHARES, Unit.ADS):
            yield bound("diluted_shares", figure, other, at_most=False)
        elif figure.unit in (Unit.PER_SHARE, Unit.PER_ADS) and other.value > 0:
            yield bound("diluted_earnings", figure, other, at_most=True)


def _within(rule: str, part: Row, whole: Row) -> Iterable[Relation]:
    """A part of a whole that has its sign."""
    for column, figure in part.cells.items():
        other = whole.cells.get(column)
        if other is None or other.unit is not figure.unit or figure.unit not in AMOUNTS:
            continue
        if figure.value * other.value > 0:
            yield bound(rule, figure, other, at_most=figure.value > 0)


def _parts(grid: Grid) -> Iterable[tuple[Row, Row]]:
    """Rows of parts (`of which …`, or under such a heading) with the row above that they are part of."""
    whole: Row | None = None
    for row in grid.rows:
        if PART.match(row.label) or (row.path and PART.match(row.path[-1])):
            if whole is not None and not MIXED & set(words_of(whole.label)):
                yield row, whole
        else:
            whole = row


def _currents(grid: Grid) -> Iterable[tuple[Row, Row]]:
    """`Less: current portion` with the total above it. On a balance sheet the line of that name beside it is the rest of it."""
    for above, row in zip(grid.rows, grid.rows[1:], strict=False):
        if CURRENT.match(row.label) and "total" in above.label.casefold().split():
            yield row, above
