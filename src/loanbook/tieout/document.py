"""A document as blocks in reading order, whatever the file was: the common ground of all readers, and what the page shows."""

from dataclasses import dataclass, replace

from loanbook.tieout.figure import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A text and where each of its characters stands.

    text      what a reader sees: no mark-up, no escapes, entities resolved
    place     of its first character
    offsets   character of the line (see Place) for each character of `text`; empty where they run on from `place.start`
    """

    text: str
    place: Place
    offsets: tuple[int, ...] = ()

    def at(self, start: int, end: int) -> Place:
        """The place of `text[start:end]`."""
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
    """A grid of cells, some of which may be missing; `caption` are the lines above that belong to it (title, scale, currency)."""

    cells: tuple[Cell, ...]
    caption: tuple[Span, ...] = ()


Block = Heading | Paragraph | Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file as blocks; block k has `place.block == k` in all its places."""

    file: str
    blocks: tuple[Block, ...]
    language: str = "en"
