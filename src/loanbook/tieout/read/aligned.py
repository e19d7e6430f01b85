"""Tables that are set with blanks: columns are where the figures of many lines end, heads are what stands above them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from loanbook.tieout.read.calendar import read_hint
from loanbook.tieout.read.lexicon import CURRENCY
from loanbook.tieout.read.number import MINUS

_SEGMENT = re.compile(r"\S+(?: \S+)*")
_LEADERS = re.compile(r"(?:\s{0,3}\.){4,}|(?:\. ){3,}\.?|…{2,}")
_NUMBER = re.compile(
    rf"(?:{CURRENCY}\s*)?[(\[]?\s?[{MINUS}+]?\s?(?:{CURRENCY}\s*)?(?:\d[\d.,'’]*|[-–—]{{1,2}})\s?[)\]]?\s?(?:%|x|bps?|pp"
    rf"|n\.?m\.?)?\s?[)\]]?(?:\(\d\)|\*+)?"
    r"|n\.?m\.?|n/?a|N/?A|N/?M"
)
_DAY = re.compile(r"\d{1,2}[./]\d{1,2}[./](?:19|20)\d\d|(?:19|20)\d\d-\d\d-\d\d|(?:19|20)\d\d")
_GROUPED = re.compile(rf"{CURRENCY}?\(?\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?\)?|{CURRENCY}?\(?\d+\.\d+\)?%?")
_GAP_LINES = 4
"""So many lines without figures may stand between two rows of one table: a group's heading, a wrapped label, a head."""
_HEAD_LINES = 11
_FEWEST_VALUES = 4
"""Figures, and lines of figures, that make a table."""
_FIGURE_CHARACTERS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of a line and the columns that it belongs to."""

    start: int
    end: int
    column: int
    columns: int = 1
    indent: int = 0


def segments(line: str) -> list[tuple[int, int]]:
    """Where the parts of a line stand that two blanks or leaders keep apart; a currency's mark goes with its figure."""
    blanked = _LEADERS.sub(lambda match: " " * len(match.group()), line)
    found = [match.span() for match in _SEGMENT.finditer(blanked)]
    whole: list[tuple[int, int]] = []
    for start, end in found:
        if (
            whole and (re.fullmatch(CURRENCY + r"|\(|" + CURRENCY + r"\s*\(", blanked[whole[-1][0] : whole[-1][1]]) is not None)
        ) or (whole and blanked[start:end] in (")", "%", ")%", "%)", "x")):
            whole[-1] = (whole[-1][0], end)
        else:
            whole.append((start, end))
    return [part for start, end in whole for part in _apart(line, start, end)]


def _apart(line: str, start: int, end: int) -> list[tuple[int, int]]:
    """Figures or dates that one blank parts are cells of their own, groups of three digits are not."""
    words = [(start + match.start(), start + match.end()) for match in re.finditer(r"\S+", line[start:end])]
    texts = [line[first:last] for first, last in words]
    if len(words) > 1 and (all(map(_DAY.fullmatch, texts)) or (all(map(_GROUPED.fullmatch, texts)))):
        return words
    return [(start, end)]


class Layout:
    """The lines of a text and where their parts stand; each line is parted once."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self._segments: dict[int, list[tuple[int, int]]] = {}
        self._figures: dict[int, list[tuple[int, int]]] = {}

    def segments(self, at: int) -> list[tuple[int, int]]:
        if at not in self._segments:
            self._segments[at] = segments(self.lines[at])
        return self._segments[at]

    def figures(self, at: int) -> list[tuple[int, int]]:
        """The segments at the end of a line that are figures, one at least behind a gap; empty for running text."""
        if at not in self._figures:
            line = self.lines[at]
            found: list[tuple[int, int]] = []
            if "  " in line or "..." in line or "…" in line:
                for start, end in reversed(self.segments(at)):
                    if end - start > _FIGURE_CHARACTERS or _NUMBER.fullmatch(line[start:end]) is None:
                        break
                    found.append((start, end))
            self._figures[at] = found[::-1]
        return self._figures[at]

    def is_head(self, at: int) -> bool:
        """A line of a table's head: separated parts, or one part far from the margin, or a rule."""
        parts = self.segments(at)
        if len(parts) > 1:
            return len(self.lines[at].strip()) < 200 and max(end - start for start, end in parts) < 70
        return bool(parts) and parts[0][0] >= 12 and parts[0][1] - parts[0][0] < 60

    def table_end(self, first: int) -> int | None:
        """The last line of the table that begins at `first`, None where no table begins there.

        Heads are lines of separated or indented parts above the first figures; the table ends where no figures follow.
        """
        at = self._first_figures(first)
        if at is None:
            return None
        values = gap = 0
        last = at
        while at < len(self.lines) and "\t" not in self.lines[at]:
            line = self.lines[at].strip()
            if self.figures(at):
                values += len(self.figures(at)) + 1
                last, gap = at, 0
            elif line:
                gap += 1
                if gap > _GAP_LINES or (len(line) > 90 and not self.is_head(at)) or line.endswith("."):
                    break
            at += 1
            if (
                at < len(self.lines)
                and not self.lines[at].strip()
                and (at + 1 >= len(self.lines) or (not self.lines[at + 1].strip() and gap))
            ):
                break
        return last if values >= _FEWEST_VALUES else None

    def _first_figures(self, first: int) -> int | None:
        for at in range(first, min(first + _HEAD_LINES, len(self.lines))):
            line = self.lines[at]
            if "\t" in line:
                return None
            if self.figures(at):
                return at
            is_caption = at > first and len(line.strip()) < 60 and not line.strip().endswith(".")
            if line.strip() and not is_caption and not self.is_head(at):
                return None
        return None

    def titles_end(self, first: int, last: int) -> int:
        """The first line that is no title: titles stand alone, in the middle of the page and not of the columns."""
        columns = _clusters([span for at in range(first, last + 1) for span in self.figures(at)])
        middle = (columns[0][0] + columns[-1][1]) / 2
        page = columns[-1][1] / 2
        at = first
        while at < last and not self.figures(at):
            parts = self.segments(at)
            if len(parts) > 1:
                break
            if parts:
                centre = sum(parts[0]) / 2
                if abs(centre - middle) < abs(centre - page) and read_hint(self.lines[at]):
                    break
            at += 1
        return max(at, self._behind_blank(at, last))

    def _behind_blank(self, at: int, last: int) -> int:
        """Where heads go on behind a blank line, what stands above it is no head of the columns."""
        figures = next((line for line in range(at, last + 1) if self.figures(line)), at)
        blank = next((line for line in range(figures - 1, at, -1) if not self.lines[line].strip()), None)
        return blank + 1 if blank is not None and any(len(self.segments(line)) > 1 for line in range(blank, figures)) else at

    def rows(self, first: int, last: int) -> Iterator[tuple[int, list[Piece]]]:
        """The rows of a table from `first` to `last`, with the columns of each part: label 0, figures from 1."""
        columns = _clusters([span for at in range(first, last + 1) for span in self.figures(at)])
        for at in range(first, last + 1):
            line = self.lines[at]
            parts = [(start, end) for start, end in self.segments(at) if not re.fullmatch(r"[-=_\s]{3,}", line[start:end])]
            if parts:
                yield at, list(_pieces(line, parts, columns, self._rules(at + 1, last)))

    def _rules(self, at: int, last: int) -> list[tuple[int, int]]:
        """The strokes under a line of heads; each tells what its head spans."""
        if at > last:
            return []
        line = self.lines[at]
        parts = self.segments(at)
        return parts if parts and all(re.fullmatch(r"[-=_]{3,}", line[start:end]) for start, end in parts) else []


def _clusters(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Columns as (first, last) character: figures that end together, or overlap, stand in one column."""
    clusters: list[tuple[int, int]] = []
    for start, end in sorted(spans, key=lambda span: span[1]):
        if clusters:
            first, last = clusters[-1]
            if end - last <= 2 or (start < last - 1 and end - last <= 4):
                clusters[-1] = (min(first, start), max(last, end))
                continue
        clusters.append((start, end))
    return clusters


def _pieces(
    line: str, parts: list[tuple[int, int]], columns: list[tuple[int, int]], rules: list[tuple[int, int]]
) -> Iterator[Piece]:
    """The parts of one line with their columns; a head between two columns spans both."""
    indent = len(line) - len(line.lstrip())
    left = columns[0][0] if columns else 0
    centres = [(start + end) / 2 for start, end in columns]
    taken = 0
    shared = _shared_out(line, parts, columns, left)
    for index, (start, end) in enumerate(parts):
        if (start, end) in shared:
            first, last = shared[(start, end)]
            yield Piece(start=start, end=end, column=first, columns=last - first + 1, indent=indent)
            continue
        if index == 0 and start < left - 3 and (end < left or start < left / 2):
            yield Piece(start=start, end=end, column=0, indent=indent)
            continue
        stroke = next(((low, high) for low, high in rules if low < end and start < high), None)
        low, high = stroke or (start, end)
        over = [number for number, (first, last) in enumerate(columns, 1) if first < high and low < last]
        if not over and centres:
            over = [min(range(1, len(centres) + 1), key=lambda number: abs(centres[number - 1] - (low + high) / 2))]
        elif stroke is None and len(over) == 1 and _NUMBER.fullmatch(line[start:end]) is None:
            over = _spanned((start + end) / 2, over[0], centres)
        over = [number for number in over if number > taken]
        if not over:
            over = [taken + 1] if taken < len(columns) else []
        if over:
            taken = over[-1]
            yield Piece(start=start, end=end, column=over[0], columns=over[-1] - over[0] + 1, indent=indent)


def _shared_out(
    line: str, parts: list[tuple[int, int]], columns: list[tuple[int, int]], left: int
) -> dict[tuple[int, int], tuple[int, int]]:
    """Heads that share the columns evenly: two over four span two each, where each stands over its own."""
    heads = [(start, end) for start, end in parts if end > left]
    if (
        not 1 < len(heads) < len(columns)
        or len(columns) % len(heads)
        or any(_NUMBER.fullmatch(line[start:end]) for start, end in heads)
    ):
        return {}
    each = len(columns) // len(heads)
    shared = {}
    for number, (start, end) in enumerate(heads):
        first, last = number * each, (number + 1) * each - 1
        low = columns[first - 1][1] if first else left - (end - start)
        if not low <= start or not (start + end) / 2 <= columns[last][1]:
            return {}
        shared[(start, end)] = (first + 1, last + 1)
    return shared


def _spanned(centre: float, number: int, centres: list[float]) -> list[int]:
    """A head whose middle lies half-way to the next column spans both."""
    for other in (number - 1, number + 1):
        if 1 <= other <= len(centres):
            middle = (centres[number - 1] + centres[other - 1]) / 2
            if abs(centre - middle) < abs(centres[other - 1] - centres[number - 1]) / 4:
                return sorted((number, other))
    return [number]
