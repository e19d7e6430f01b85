"""Plain text and Markdown: lines become headings, paragraphs and tables (tabs, pipes or aligned columns)."""

import re

from loanbook.tieout.document import Cell, Heading, Paragraph, Span
from loanbook.tieout.figure import Place
from loanbook.tieout.read.aligned import Layout
from loanbook.tieout.read.bare import bare_table
from loanbook.tieout.read.draft import Draft, Piece
from loanbook.tieout.read.limits import Meter
from loanbook.tieout.read.loose import loose_rows, loose_table
from loanbook.tieout.read.marks import joined, trimmed, unmarked
from loanbook.tieout.read.parts import Line

_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_EXPECTS = re.compile(r"\b(?:was|were|is|are|of|to|from|by|at|than|with|approximately|about)$")
_LIST = re.compile(r"\s*(?:[-*•●▪◦·–]|\(?(?:\d{1,2}|[ivx]{1,4}|[a-z])[.)])\s+(?=\S)")
_RULE = re.compile(r"\s*(?:[-=_*~]\s?){3,}\s*$")
_PIPE_RULE = re.compile(r"\s*\|?(?:\s*:?-{2,}:?\s*\|)+\s*(?::?-{2,}:?\s*)?\|?\s*$")
_BOLD_LINE = re.compile(r"\s*(?:\*\*|<b>|__)(.{1,160}?)(?:\*\*|</b>|__)\s*:?\s*$")
_FOOTNOTE = re.compile(r"(?:[⁰¹²³⁴-⁹⁽⁾]+|\(?\d{1,2}\)?|[*†‡]+)\s+(?=[A-Z“\"(])")
_WORD = re.compile(r"[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ’'-]*")
_WRAPPED_CHARACTERS = 132
"""Lines of a document with hard line ends are no longer than a printer's line."""


def read_lines(text: str, file: str, meter: Meter, page: int | None = None) -> list[Piece]:
    """The pieces of a text, in order; `page` is set for the text of one page of a PDF."""
    lines = [line.rstrip(" ") for line in re.split(r"\r\n|\r|\n|\f|\v", text)]
    meter.expect_cells(text.count("\t"))
    for number, line in enumerate(lines, 1):
        meter.check_line(line, number)
    return _Lines(lines, file, meter, page).pieces()


class _Lines:
    """One pass over the lines of a text."""

    def __init__(self, lines: list[str], file: str, meter: Meter, page: int | None) -> None:
        self.lines = lines
        self.layout = Layout(lines)
        self.loose: dict[int, tuple[int, list[Line]] | None] = {}
        self.file = file
        self.meter = meter
        self.page = page
        running = [len(line) for line in lines if "\t" not in line and "|" not in line]
        self.wrapped = bool(running) and max(running) <= _WRAPPED_CHARACTERS and sum(length > 60 for length in running) > 1

    def place(self, at: int, start: int, end: int) -> Place:
        return Place(file=self.file, line=at + 1, start=start, end=end, page=self.page)

    def span(self, at: int, start: int = 0, end: int | None = None) -> Span:
        last = len(self.lines[at]) if end is None else end
        return trimmed(unmarked(self.lines[at][start:last], self.place(at, start, last)))

    def pieces(self) -> list[Piece]:
        pieces: list[Piece] = []
        at = 0
        while at < len(self.lines):
            line = self.lines[at]
            if at % 1000 == 0:
                self.meter.check_time()
            if not line.strip() or (_RULE.match(line) and "\t" not in line):
                at += 1
            elif "\t" in line.strip() or line.startswith("\t"):
                at = self._tab_table(at, pieces)
            elif (loose := self._loose(at)) is not None:
                at = self._loose_table(*loose, pieces)
            elif _is_pipe_row(line):
                at = self._pipe_table(at, pieces)
            else:
                last = self.layout.table_end(at)
                if last is not None:
                    at = self._aligned(at, last, pieces)
                else:
                    at = self._text(at, pieces)
        return pieces

    def _tab_table(self, at: int, pieces: list[Piece]) -> int:
        draft = Draft()
        while at < len(self.lines) and "\t" in self.lines[at]:
            draft.rows.append(self._cells(at, self.lines[at].split("\t"), 0))
            at += 1
        pieces.append(draft)
        return at

    def _loose(self, at: int) -> tuple[int, list[Line]] | None:
        """End and rows of a table without blank cells that begins at a line; each line is asked once."""
        if at not in self.loose:
            barred = any("|" in line for line in self.lines[at : at + 4])
            self.loose[at] = (loose_table(self.lines, at) if barred else None) or bare_table(self.lines, at)
        return self.loose[at]

    def _loose_table(self, end: int, rows: list[Line], pieces: list[Piece]) -> int:
        draft = Draft()
        for parts in loose_rows(self.lines, rows):
            self.meter.add_cells(len(parts))
            cells = []
            for part in parts:
                line, start, last = part.at
                indent = len(self.lines[line]) - len(self.lines[line].lstrip())
                cells.append(
                    Cell(span=self.span(line, start, last), row=0, column=part.column, columns=part.columns, indent=indent)
                )
            draft.rows.append(cells)
        pieces.append(draft)
        return end

    def _pipe_table(self, at: int, pieces: list[Piece]) -> int:
        draft = Draft()
        while at < len(self.lines) and _is_pipe_row(self.lines[at]):
            line = self.lines[at]
            if not _PIPE_RULE.match(line):
                start = len(line) - len(line.lstrip())
                start += line[start] == "|"
                last = len(line) - (line.endswith("|") and not line.endswith("\\|") and len(line) > start)
                draft.rows.append(self._cells(at, re.split(r"(?<!\\)\|", line[start:last]), start))
            at += 1
        pieces.append(draft)
        return at

    def _cells(self, at: int, texts: list[str], start: int) -> list[Cell]:
        self.meter.add_cells(len(texts))
        cells = []
        for column, text in enumerate(texts):
            cells.append(
                Cell(
                    span=self.span(at, start, start + len(text)),
                    row=0,
                    column=column,
                    is_bold=text.lstrip().startswith(("<b>", "**")),
                    indent=len(text) - len(text.lstrip(" ")),
                )
            )
            start += len(text) + 1
        return cells

    def _aligned(self, at: int, last: int, pieces: list[Piece]) -> int:
        start = self.layout.titles_end(at, last)
        while at < start:
            at = self._text(at, pieces) if self.lines[at].strip() else at + 1
        draft = Draft()
        for row, line in self.layout.rows(at, last):
            self.meter.add_cells(len(line))
            draft.rows.append(
                [
                    Cell(
                        span=self.span(row, cell.start, cell.end),
                        row=0,
                        column=cell.column,
                        columns=cell.columns,
                        indent=cell.indent,
                    )
                    for cell in line
                ]
            )
        pieces.append(draft)
        return last + 1

    def _text(self, at: int, pieces: list[Piece]) -> int:
        line = self.lines[at]
        heading = _HEADING.match(line)
        if heading:
            span = self.span(at, heading.start(2), heading.end(2))
            if span.text:
                pieces.append(Heading(span=span, level=len(heading[1])))
            return at + 1
        first = at
        spans = [self.span(at)]
        listed = _LIST.match(line)
        if listed and not listed.group().strip()[0].isalnum() and not listed.group().strip().startswith("("):
            spans = [self.span(at, listed.end())]
        while at + 1 < len(self.lines) and self._continues(at + 1, spans[-1].text):
            at += 1
            spans.append(self.span(at))
        span = joined(spans)
        if not span.text:
            return at + 1
        if first == at and not listed and self._is_heading(first, span.text):
            pieces.append(Heading(span=span, level=2 if not _BOLD_LINE.match(line) else 3))
        else:
            pieces.append(Paragraph(span=span, is_footnote=_FOOTNOTE.match(span.text) is not None))
        return at + 1

    def _continues(self, at: int, before: str) -> bool:
        """Whether a line goes on with the paragraph of the line above."""
        line = self.lines[at]
        text = line.strip()
        if not text or "\t" in line or _is_pipe_row(line) or _LIST.match(line) or _HEADING.match(line) or _RULE.match(line):
            return False
        if _BOLD_LINE.match(line) or self.layout.table_end(at) is not None or self._loose(at) is not None:
            return False
        if self.wrapped:
            return len(before) > 45 and not (
                text.startswith("(") and not before.endswith((",", "the", "of")) and len(before) < 75
            )
        return (text[0].islower() and not before.endswith(".")) or _EXPECTS.search(before) is not None

    def _is_heading(self, at: int, text: str) -> bool:
        """A short line on its own, in title case or bold, that ends no sentence."""
        if len(text) > 160 or text.endswith((".", ",", ";")):
            return False
        if _BOLD_LINE.match(self.lines[at]):
            return True
        words = [word for word in _WORD.findall(text) if len(word) > 3]
        return bool(words) and len(text) < 140 and sum(word[0].isupper() for word in words) >= 0.6 * len(words)


def _is_pipe_row(line: str) -> bool:
    return line.count("|") >= 2 and (line.lstrip().startswith("|") or line.count("|") >= 3)
