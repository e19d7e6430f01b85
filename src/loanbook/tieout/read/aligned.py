"""Tables that are set with blanks: columns are where the figures of many lines end, heads are what stands above them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from loanbook.tieout.read.lexicon import CURRENCY
from loanbook.tieout.read.number import MINUS

_SEGMENT = re.compile(r"\S+(?: \S+)*")
_LEADERS = re.compile(r"(?:\s{0,3}\.){4,}|(?:\. ){3,}\.?|…{2,}")
_NUMBER = re.compile(
    rf"(?:{CURRENCY}\s*)?[(\[]?\s?[{MINUS}+]?\s?(?:{CURRENCY}\s*)?(?:\d[\d.,'’]*|[-–—]{{1,2}})\s?[)\]]?\s?(?:%|x|bps?|pp"
    rf"|n\.?m\.?)?\s?[)\]]?(?:\(\d\)|\*+)?"
    r"|n\.?m\.?|n/?a|N/?A|N/?M"
)
_JOINED_NUMBERS = re.compile(rf"(?<=[\d)%])\s(?={CURRENCY}|[(]|\d)")
_GAP_LINES = 2
"""So many lines without figures may stand between two rows of one table."""


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
    return whole


def _figures(line: str) -> list[tuple[int, int]]:
    """The segments at the end of a line that are figures, one at least behind a gap; empty for running text."""
    if "  " not in line and "..." not in line and "…" not in line:
        return []
    parts = segments(line)
    figures: list[tuple[int, int]] = []
    for start, end in reversed(parts):
        if _NUMBER.fullmatch(line[start:end]) is None:
            break
        figures.append((start, end))
    return figures[::-1]


def aligned_table(lines: list[str], first: int) -> int | None:
    """The last line of the table that begins at `first`, None where no table begins there.

    Heads are lines of separated or indented parts above the first figures; the table ends where no figures follow.
    """
    at = first
    figures = _figures(lines[at])
    while not figures:
        line = lines[at]
        if line.strip() and not _is_head(line):
            return None
        at += 1
        if at >= len(lines) or at - first > 10 or "\t" in lines[at]:
            return None
        figures = _figures(lines[at])
    rows = 0
    last = at
    gap = 0
    while at < len(lines):
        line = lines[at]
        if "\t" in line:
            break
        if _figures(line):
            rows += len(_figures(line)) + 1
            last = at
            gap = 0
        elif line.strip():
            gap += 1
            if gap > _GAP_LINES + 2 or (len(line.strip()) > 90 and not _is_head(line)) or line.strip().endswith("."):
                break
        at += 1
        if at < len(lines) and not lines[at].strip() and (at + 1 >= len(lines) or (not lines[at + 1].strip() and gap)):
            break
    return last if rows >= 4 else None


def _is_head(line: str) -> bool:
    """A line of a table's head: separated parts, or one part far from the margin, or a rule."""
    parts = segments(line)
    if len(parts) > 1:
        return len(line.strip()) < 200 and max(end - start for start, end in parts) < 70
    return bool(parts) and parts[0][0] >= 12 and parts[0][1] - parts[0][0] < 60


def aligned_row(lines: list[str], first: int, last: int) -> Iterator[tuple[int, list[Piece]]]:
    """The rows of a table from `first` to `last`, with the columns of each part: label 0, figures from 1."""
    ends = sorted(end for at in range(first, last + 1) for _, end in _figures(lines[at]))
    columns = _clusters(ends, lines, first, last)
    for at in range(first, last + 1):
        line = lines[at]
        parts = [(start, end) for start, end in segments(line) if not re.fullmatch(r"[-=_\s]{3,}", line[start:end])]
        if not parts:
            continue
        rules = _rules(lines, at + 1, last)
        yield at, list(_pieces(line, parts, columns, rules))


def _rules(lines: list[str], at: int, last: int) -> list[tuple[int, int]]:
    """The strokes under a line of heads; each tells what its head spans."""
    if at > last:
        return []
    parts = segments(lines[at])
    return parts if parts and all(re.fullmatch(r"[-=_]{3,}", lines[at][start:end]) for start, end in parts) else []


def _clusters(ends: list[int], lines: list[str], first: int, last: int) -> list[tuple[int, int]]:
    """Columns as (first, last) character: figures that overlap stand in one column."""
    spans = sorted(span for at in range(first, last + 1) for span in _figures(lines[at]))
    clusters: list[list[int]] = []
    for start, end in sorted(spans, key=lambda span: span[1]):
        if (clusters and start < clusters[-1][1] - 1 and end - clusters[-1][1] <= 4) or (clusters and end - clusters[-1][1] <= 2):
            clusters[-1][0] = min(clusters[-1][0], start)
            clusters[-1][1] = max(clusters[-1][1], end)
        else:
            clusters.append([start, end])
    return [(start, end) for start, end in clusters]


def _pieces(
    line: str, parts: list[tuple[int, int]], columns: list[tuple[int, int]], rules: list[tuple[int, int]]
) -> Iterator[Piece]:
    """The parts of one line with their columns; a head between two columns spans both."""
    indent = len(line) - len(line.lstrip())
    left = columns[0][0] if columns else 0
    centres = [(start + end) / 2 for start, end in columns]
    taken = 0
    for index, (start, end) in enumerate(parts):
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


def _spanned(centre: float, number: int, centres: list[float]) -> list[int]:
    """A head whose middle lies half-way to the next column spans both."""
    for other in (number - 1, number + 1):
        if 1 <= other <= len(centres):
            middle = (centres[number - 1] + centres[other - 1]) / 2
            if abs(centre - middle) < abs(centres[other - 1] - centres[number - 1]) / 4:
                return sorted((number, other))
    return [number]
