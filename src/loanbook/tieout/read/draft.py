"""Blocks as the readers find them, before tables are joined over page breaks, captions are found and everything is numbered."""

import re
from dataclasses import dataclass, field, replace

from loanbook.tieout.document import Block, Cell, Heading, Paragraph, Span, Table
from loanbook.tieout.read.number import cell_number

CAPTION_LINES = 6
"""So many lines above a table may belong to it: issuer, title, kind, date, scale, a second scale."""

_CAPTION_CHARACTERS = 260
_FURNITURE = re.compile(
    r"\W*(?:page\s+)?(?:[A-Z]{1,2}-)?\d{0,4}(?:\s+of\s+\d+)?\W*|table of contents|\(?continued\)?\.?", re.IGNORECASE
)
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(slots=True)
class Draft:
    """A table as rows of cells; `column` and `columns` of each cell are set, its `row` is not yet."""

    rows: list[list[Cell]] = field(default_factory=list)

    @property
    def width(self) -> int:
        return max((cell.column + cell.columns for row in self.rows for cell in row), default=0)


Piece = Heading | Paragraph | Draft


def document_blocks(pieces: list[Piece]) -> tuple[Block, ...]:
    """Pieces in reading order as numbered blocks."""
    blocks: list[Block] = []
    for piece in _joined(pieces):
        number = len(blocks)
        if isinstance(piece, Draft):
            cells = tuple(
                replace(cell, row=row, span=_placed(cell.span, number, row, cell.column))
                for row, line in enumerate(piece.rows)
                for cell in line
            )
            if cells:
                blocks.append(Table(cells=cells, caption=_caption(blocks)))
        else:
            blocks.append(replace(piece, span=_placed(piece.span, number)))
    return tuple(blocks)


def _placed(span: Span, block: int, row: int | None = None, column: int | None = None) -> Span:
    return replace(
        span, place=replace(span.place, block=block, row=row, column=column, end=max(span.place.end, span.place.start))
    )


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Tables that a page break cut in two, joined again: only page furniture stands between, and the second has no head."""
    joined: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Draft):
            at = len(joined) - 1
            while at >= 0 and not isinstance(joined[at], Draft) and _is_furniture(joined[at]):
                at -= 1
            before = joined[at] if at >= 0 else None
            if isinstance(before, Draft) and before.width == piece.width and _begins_with_data(piece):
                before.rows.extend(piece.rows)
                continue
        joined.append(piece)
    return joined


def _is_furniture(piece: Piece) -> bool:
    return not isinstance(piece, Draft) and _FURNITURE.fullmatch(piece.span.text.strip()) is not None


def _begins_with_data(draft: Draft) -> bool:
    """Whether the first row with more than a label holds figures, not years or words."""
    for row in draft.rows:
        texts = [cell.span.text.strip() for cell in row if cell.column > 0 and cell.span.text.strip()]
        if texts:
            numbers = [cell_number(text) for text in texts]
            return any(
                number and not (number.is_plain and _YEAR.fullmatch(number.digits)) and not number.is_dash for number in numbers
            )
    return False


def _caption(blocks: list[Block]) -> tuple[Span, ...]:
    """The short lines right above; running text ends them."""
    lines: list[Span] = []
    for block in reversed(blocks):
        if isinstance(block, Table) or len(lines) == CAPTION_LINES:
            break
        text = block.span.text
        if isinstance(block, Paragraph) and (block.is_footnote or len(text) > _CAPTION_CHARACTERS or _is_sentence(text)):
            if re.match(r"\(|.*\b(?:tables?|following)\b.*:$", text) and not lines:
                lines.append(block.span)
                continue
            break
        lines.append(block.span)
        if isinstance(block, Heading) and len(lines) > 1 and block.level <= 2 and _is_title(text):
            break
    return tuple(reversed(lines))


_STATEMENT = re.compile(
    r"\b(?:statements?|balance sheets?|reconciliations?|highlights|summary|results|table|segment|selected|condensed"
    r"|consolidated|bilanz|gewinn)\b",
    re.IGNORECASE,
)


def _is_title(text: str) -> bool:
    return _STATEMENT.search(text) is not None


def _is_sentence(text: str) -> bool:
    return text.endswith((".", ";")) and len(text) > 80 and not text.startswith("(")
