"""Roll-forwards that their labels declare: they end where their movements lead, and begin where the one before them ended."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from loanbook.tieout.figure import Figure
from loanbook.tieout.relate.build import equal_relation, sum_relation
from loanbook.tieout.relate.grid import Grid, Row
from loanbook.tieout.relate.series import Coordinate, Frame, coordinate_of
from loanbook.tieout.relate.slips import is_slip
from loanbook.tieout.relation import Relation, RelationKind

RULE = "opening_balance"
DECLARED = "roll_forward"
STRENGTH = Decimal("0.95")
LEAST_MOVEMENTS = 3  # with the two balances, five rows
MOST_MOVEMENTS = 30
WORD = re.compile(r"[^\W\d_]+")
OPENING = re.compile(r"\b(?:beginning|opening|start\s+of)\b|brought\s+forward|\banfangs|期首", re.IGNORECASE)
CLOSING = re.compile(r"\b(?:end|ending|closing)\b|carried\s+forward|\bend(?:bestand|saldo)|期末", re.IGNORECASE)
DATED = re.compile(
    r"(?:at|as|of|the|on|in|for|beginning|opening|start|end|ending|closing|brought|carried|forward|period|year|quarter|half"
    r"|jan\w*|feb\w*|mar|march|apr\w*|may|june?|july?|aug\w*|sept?\w*|oct\w*|nov\w*|dec\w*)"
)


def declared_rolls(grid: Grid, sums: Iterable[Relation]) -> list[Relation]:
    """A balance that is the one of the same name above it and all that stands between, where no sum was found for it.

    The labels declare it: one line at two dates, with movements alone between. One that does not come out is told where a
    single slip explains it; more than that may be a roll-forward of other rules.
    """
    summed = {one.result for one in sums if one.kind is RelationKind.SUM and len(one.terms) > 1}
    made: list[Relation] = []
    for rows in grid.classes():
        opening: tuple[int, frozenset[str]] | None = None
        for at, row in enumerate(rows):
            stem = _stem(row.label)
            if opening is None or stem != opening[1]:
                opening = (at, stem) if stem and _may_open(rows, at, stem) else opening
                continue
            part = rows[opening[0] : at + 1]
            opening = (at, stem)
            if LEAST_MOVEMENTS <= len(part) - 2 <= MOST_MOVEMENTS:
                made.extend(one for column in grid.columns for one in _rolled(part, column, summed))
    return made


def _stem(label: str) -> frozenset[str]:
    """The words that name a balance, without those that say when."""
    return frozenset(word for word in WORD.findall(label.casefold()) if not DATED.fullmatch(word))


def _may_open(rows: Sequence[Row], at: int, stem: frozenset[str]) -> bool:
    """Whether a later row is the same balance by another name or date."""
    return any(_stem(row.label) == stem and row.label != rows[at].label for row in rows[at + 1 : at + 2 + MOST_MOVEMENTS])


def _rolled(part: Sequence[Row], column: int, summed: set[str]) -> Iterable[Relation]:
    found = [row.cells[column] for row in part if column in row.cells]
    if len(found) < LEAST_MOVEMENTS + 2 or column not in part[0].cells or column not in part[-1].cells:
        return
    closing, terms = found[-1], found[:-1]
    if any(one.id in summed for one in found[1:]) or not _is_later(part[0], part[-1], column):
        return
    step = min((one.step for one in found if one.step), default=Decimal(1))
    gap = int((closing.value - sum((one.value for one in terms), Decimal(0))) / step)
    values = [int(one.value / step) for one in found]
    slipped = (*((value, value + gap) for value in values[:-1]), (values[-1], values[-1] - gap))
    if gap and not any(now != -then and is_slip(now, then) for now, then in slipped):
        return
    yield sum_relation(DECLARED, closing, [(one, 1) for one in terms], STRENGTH)


def _is_later(opening: Row, closing: Row, column: int) -> bool:
    """Whether the two are one balance at two dates: as their words say, or their instants."""
    if OPENING.search(opening.label) and CLOSING.search(closing.label):
        return True
    first, last = opening.cells[column].period, closing.cells[column].period
    return first is not None and last is not None and first.is_instant and last.is_instant and first.end < last.end


def openings(grid: Grid, frame: Frame) -> list[Relation]:
    """Each opening balance of a table as the closing balance of the column that ends the day before."""
    return [one for opening, closing in _rolls(grid) for one in _links(opening, closing, frame)]


def _rolls(grid: Grid) -> Iterable[tuple[Row, Row]]:
    opening: Row | None = None
    for row in grid.rows:
        opens, closes = OPENING.search(row.label), CLOSING.search(row.label)
        if opens and not closes:
            opening = row
        elif closes and not opens and opening is not None:
            yield opening, row
            opening = None


def _links(opening: Row, closing: Row, frame: Frame) -> Iterable[Relation]:
    ended: dict[Coordinate, Figure] = {}
    for figure in closing.cells.values():
        at = coordinate_of(figure, frame)
        if at is not None and at.period.is_instant:
            ended.setdefault(at, figure)
    for figure in opening.cells.values():
        at = coordinate_of(figure, frame)
        if at is not None and at in ended:
            yield equal_relation(RULE, figure, ended[at], STRENGTH)
