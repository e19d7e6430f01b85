"""A roll-forward begins where the one of the period before it ended."""

import re
from collections.abc import Iterable
from decimal import Decimal

from loanbook.tieout.figure import Figure
from loanbook.tieout.relate.build import equal_relation
from loanbook.tieout.relate.grid import Grid, Row
from loanbook.tieout.relate.series import Coordinate, Frame, coordinate_of
from loanbook.tieout.relation import Relation

RULE = "opening_balance"
STRENGTH = Decimal("0.95")
OPENING = re.compile(r"\b(?:beginning|opening|start\s+of)\b|brought\s+forward|\banfangs|期首", re.IGNORECASE)
CLOSING = re.compile(r"\b(?:end|ending|closing)\b|carried\s+forward|\bend(?:bestand|saldo)|期末", re.IGNORECASE)


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
