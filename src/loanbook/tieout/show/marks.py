"""Where figures stand in the text that the page shows: the document's blocks cut into plain pieces and marked figures."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from loanbook.tieout.document import Cell, Span, Table
from loanbook.tieout.figure import Figure

Key = tuple[int, int | None, int | None]
"""Block, row, column: the part of a document in which a figure stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a text, with the figure that it is."""

    text: str
    figure: Figure | None = None


def by_part(figures: Sequence[Figure]) -> Mapping[Key, list[Figure]]:
    """Figures by the block and cell in which they stand, in the order of the text."""
    found: dict[Key, list[Figure]] = defaultdict(list)
    for figure in figures:
        found[figure.place.block, figure.place.row, figure.place.column].append(figure)
    return found


def cut(span: Span, figures: Sequence[Figure]) -> Iterator[Piece]:
    """The text in pieces; every figure is exactly one of them.

    A figure whose place is not in the text (the sign in a cell of its own) marks the whole text, the first such figure only.
    """
    starts: dict[tuple[int, int], int] = {}
    for index in range(len(span.text)):
        place = span.at(index, index + 1)
        starts.setdefault((place.line, place.start), index)
    ranges = []
    for figure in figures:
        first = starts.get((figure.place.line, figure.place.start))
        last = next((starts[key] for key in ((figure.place.line, end) for end in _back(figure)) if key in starts), None)
        if first is None or last is None or last < first:
            yield Piece(text=span.text, figure=figure)
            return
        ranges.append((first, last + 1, figure))
    at = 0
    for first, end, figure in sorted(ranges, key=lambda each: (each[0], -each[1])):
        if first < at:
            continue
        if first > at:
            yield Piece(text=span.text[at:first])
        yield Piece(text=span.text[first:end], figure=figure)
        at = end
    if at < len(span.text):
        yield Piece(text=span.text[at:])


def _back(figure: Figure) -> range:
    return range(figure.place.end - 1, figure.place.start - 1, -1)


def rows(table: Table) -> list[list[Cell]]:
    """The cells of a table, row by row, left to right; rows without cells are left out."""
    found: dict[int, list[Cell]] = defaultdict(list)
    for cell in table.cells:
        found[cell.row].append(cell)
    return [sorted(found[row], key=lambda cell: cell.column) for row in sorted(found)]
