"""One item printed more than once: text against table, comparatives of another document, a line in two statements."""

from collections.abc import Iterable
from decimal import Decimal

from loanbook.tieout.figure import Figure
from loanbook.tieout.relate.build import equal_relation
from loanbook.tieout.relate.items import Items
from loanbook.tieout.relate.series import agree, opposed
from loanbook.tieout.relation import Relation

STRENGTH = Decimal("0.99")


def repeats(items: Items) -> Iterable[Relation]:
    """Every figure of an item against the finest one at its coordinate."""
    for item in items.items:
        for coordinate, figures in item.cells.items():
            if len(figures) < 2:
                continue
            best = item.best(coordinate)
            if best is None:
                continue
            for figure in figures:
                if figure.id != best.id and not (_in_one_row(figure, best) and not agree(figure, best)):
                    factor = -1 if opposed(figure, best) else 1
                    yield equal_relation(_rule(figure, best), figure, best, STRENGTH, factor=factor)


def _in_one_row(one: Figure, other: Figure) -> bool:
    """Whether both stand in one row of a table: if they differ, their columns were not told apart, and nothing is wrong."""
    first, second = one.place, other.place
    return first.row is not None and (first.file, first.block, first.row) == (second.file, second.block, second.row)


def _rule(figure: Figure, best: Figure) -> str:
    if figure.place.row is None or best.place.row is None:
        return "text_against_table" if best.place.row is not None else "text_against_text"
    return "comparative" if figure.place.file != best.place.file else "repeated_line"
