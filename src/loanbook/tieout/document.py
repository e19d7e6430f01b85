"""A document as blocks in reading order, whatever the file was: the common ground of all readers, and what the page shows."""

from dataclasses import dataclass, replace

from loanbook.tieout.figure import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A text and where each of its characters stands.

    text      what a reader sees: no mark-up, no escapes, entities resolved
    place     of its first character
    offsets   character of the line (see Place) for each character of `text`; empty where they run on from `place.start`
    lines     line of each character, for a paragraph that is set over several lines; empty where all stand in `place.line`
    """

    text: str
    place: Place
    offsets: tuple[int, ...] = ()
    lines: tuple[int, ...] = ()

    def at(self, start: int, end: int) -> Place:
        """The place of `text[start:end]`; of what a line's end breaks, the part on the first line."""
        if self.lines:
            line = self.lines[start]
            while self.lines[end - 1] != line:
                end -= 1
            return replace(self.place, line=line, start=self.offsets[start], end=self.offsets[end - 1] + 1)
        if self.offsets:
            first, last = self.offsets[start], self.offsets[end - 1] + 1
        else:
            first, last = self.place.start + start, self.place.start + end
        return replace(self.place, start=first, end=last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading, 1 for the outermost level."""

    span: Span
    level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Running text; a list item and a footnote are paragraphs."""

    span: Span
    is_footnote: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell as printed. A merged cell stands once, with the columns and rows it covers."""

    span: Span
    row: int
    column: int
    columns: int = 1
    rows: int = 1
    is_bold: bool = False
    indent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A grid of cells, some of which may be missing.

    caption   the lines above that belong to it (title, scale, currency, date); they also stand as blocks of their own
    """

    cells: tuple[Cell, ...]
    caption: tuple[Span, ...] = ()


Block = Heading | Paragraph | Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file as blocks; block k has `place.block == k` in all its places."""

    file: str
    blocks: tuple[Block, ...]
    language: str = "en"
