"""Paragraphs with their figures in reading order and the words before each: what rules about prose look at."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from re import Pattern

from loanbook.tieout.document import Document, Heading, Paragraph, Span
from loanbook.tieout.figure import Figure

REACH = 90  # characters before a figure in which a word may qualify it


@dataclass(frozen=True, slots=True)
class Sentence:
    """A paragraph's text, its figures in order and where each starts (-1 where that is not known)."""

    file: str
    block: int
    text: str
    is_footnote: bool
    figures: tuple[Figure, ...]
    starts: tuple[int, ...]

    def stop(self, at: int) -> int:
        """Where figure number `at` ends."""
        place = self.figures[at].place
        return self.starts[at] + place.end - place.start

    def before(self, at: int, reach: int = REACH) -> str:
        """Words before figure number `at`, back to the figure before it."""
        start = self.starts[at]
        if start < 0:
            return ""
        floor = max(0, start - reach)
        if at and self.starts[at - 1] >= 0:
            floor = max(floor, self.stop(at - 1))
        return self.text[floor:start].casefold()

    def last(self, pattern: Pattern[str], at: int) -> str | None:
        """The last match of `pattern` in the words before figure number `at`."""
        found = pattern.findall(self.before(at))
        return found[-1] if found else None


def paragraphs(document: Document, figures: Iterable[Figure]) -> list[Sentence]:
    """Paragraphs and headings that hold figures, and footnotes without any."""
    by_block: dict[int, list[Figure]] = defaultdict(list)
    for figure in figures:
        if figure.place.row is None:
            by_block[figure.place.block].append(figure)
    made: list[Sentence] = []
    for number, block in enumerate(document.blocks):
        if not isinstance(block, (Paragraph, Heading)):
            continue
        found = by_block.get(number, [])
        at = _positions(block.span) if found else {}
        starts = [at.get((figure.place.line, figure.place.start), -1) for figure in found]
        is_footnote = isinstance(block, Paragraph) and block.is_footnote
        made.append(Sentence(document.file, number, block.span.text, is_footnote, tuple(found), tuple(starts)))
    return made


def _positions(span: Span) -> dict[tuple[int, int], int]:
    """(line, character of the line) to the character of the span's text."""
    lines = span.lines or (span.place.line,) * len(span.text)
    offsets = span.offsets or range(span.place.start, span.place.start + len(span.text))
    return {(line, offset): at for at, (line, offset) in reversed(list(enumerate(zip(lines, offsets, strict=True))))}
