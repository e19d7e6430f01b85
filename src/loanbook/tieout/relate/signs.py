"""Labels against signs: a net loss printed as a profit amid bracketed losses, a decrease that is printed as an increase.

A label speaks only where the table itself keeps to signs: other losses in brackets, other changes with the sign that they have in
a statement of cash flows. Arithmetic cannot see such a slip where the label is wrong and the figure is right.
"""

import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from loanbook.tieout.figure import Figure, Unit
from loanbook.tieout.interval import Interval
from loanbook.tieout.relate.build import FAR, relation_of
from loanbook.tieout.relate.grid import Grid, Row
from loanbook.tieout.relation import Relation, RelationKind, Verdict

RULE = "label_sign"
STRENGTH = Decimal("0.5")
LEAST = 2  # other losses in brackets before one that is not is told
MOST_LOSSES = 60  # lines of losses of one table, beyond which it is no statement
LEAST_CHANGES = 3  # changes printed with their sign before one that is not is told
SIGNED = frozenset({Unit.MONEY, Unit.PER_SHARE, Unit.PER_ADS, Unit.UNKNOWN})
LOSS = re.compile(
    r"\W*(?:consolidated\s+)?(?:(?:net|operating|gross|pre-?tax|comprehensive)\s+loss(?:es)?|loss(?=\s+(?:before|from|for|after|attrib)))"
    r"(?:\s+(?:before|after)\s.*|\s+from\s+(?:continuing\s+)?operations|\s+for\s+the\s+\w+|\s+attributable\s+to\s.*|\s+per\s.*)?\W*",
    re.IGNORECASE,
)
NOT_LOSS = re.compile(r"income|profit|earnings|gain|surplus|non-?controlling|minority|\(loss", re.IGNORECASE)
CHANGE = re.compile(r"\W*(?:net\s+)?(?P<way>increase|decrease)s?\s+in\s+(?P<what>[^()/]+)\W*", re.IGNORECASE)
CASH = re.compile(r"^cash\b(?!.*\bdeposits?\b)", re.IGNORECASE)
OWED = re.compile(
    r"payable|accrued|accruals|liabilit|unearned|deferred\s+(?:revenue|income)|customer\s+deposits|from\s+customers",
    re.IGNORECASE,
)
OWNED = re.compile(r"receivable|inventor|prepa(?:id|yment)|\bassets?\b|advances\s+to", re.IGNORECASE)


def label_signs(grid: Grid) -> list[Relation]:
    """Figures whose sign their label denies."""
    return [*_losses(grid), *_changes(grid)]


def _losses(grid: Grid) -> Iterable[Relation]:
    rows = [row for row in grid.rows if LOSS.fullmatch(row.label) and not NOT_LOSS.search(row.label)]
    if len(rows) > MOST_LOSSES:
        return
    for row in rows:
        own: dict[object, Figure] = {}
        for figure in row.cells.values():
            if figure.unit in SIGNED and figure.value:
                own.setdefault((figure.period, figure.basis), figure)
        for column, figure in row.cells.items():
            if figure.unit not in SIGNED or figure.value <= 0:
                continue
            beside = [one for at, one in own.items() if at != (figure.period, figure.basis)]
            beside += [one for other in rows if other is not row and (one := other.cells.get(column)) is not None and one.value]
            lost = [one for one in beside if one.value < 0]
            if len(lost) >= LEAST and len(lost) > 2 * (len(beside) - len(lost)):
                yield _against(figure, "a loss", lost, Interval(-FAR, Decimal(0)))


def _changes(grid: Grid) -> Iterable[Relation]:
    """Lines of a statement of cash flows that name one way only, all of whose figures go the other."""
    found: list[tuple[Row, str, int, int]] = []
    for row in grid.rows:
        said = CHANGE.fullmatch(row.label)
        wanted = _wanted(said["way"].casefold(), said["what"].strip()) if said else 0
        signs = {1 if figure.value > 0 else -1 for figure in row.cells.values() if figure.value and figure.unit in SIGNED}
        if said and wanted and len(signs) == 1:
            found.append((row, f"{said['way']} in {said['what']}".casefold(), wanted, signs.pop()))
    kept = [row for row, _, wanted, sign in found if wanted == sign]
    ways = Counter(sign for _, _, wanted, sign in found if wanted == sign)
    if len(kept) < LEAST_CHANGES or len(ways) < 2:
        return
    against = [(row, words, wanted) for row, words, wanted, sign in found if wanted != sign]
    if len(kept) < LEAST_CHANGES * len(against):
        return
    for row, words, wanted in against:
        figure = next(one for one in row.cells.values() if one.value)
        lines = [next(one for one in other.cells.values() if one.value) for other in kept]
        yield _against(figure, words, lines, Interval(Decimal(0), FAR) if wanted > 0 else Interval(-FAR, Decimal(0)))


def _wanted(way: str, what: str) -> int:
    """The sign of a change of cash, of what is owed (with cash) or of what is owned (against it); 0 where that is not told."""
    up = 1 if way == "increase" else -1
    if CASH.search(what) or OWED.search(what):
        return up
    return -up if OWNED.search(what) else 0


def _against(figure: Figure, said: str, others: list[Figure], expected: Interval) -> Relation:
    beside = ", ".join(f"{one.label}: {one.text}" if one.label != figure.label else one.text for one in others[:3])
    return relation_of(
        RelationKind.DIRECTION,
        RULE,
        figure,
        (),
        expected,
        strength=STRENGTH,
        arithmetic=f"the label says {said}, the figure is {figure.text}; printed with their sign: {beside}",
        verdict=Verdict.BROKEN,
    )
