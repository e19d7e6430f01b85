"""Tables of a text drawn from a page: one blank parts everything, or every cell stands on a line of its own.

`Cost of revenues 6 (66,296,374) (65,335,907)` is words and the figures at the end of its line. Where cells stand below each
other, a row is a line of words and the lines of figures behind it. Which heads stand over which figures, their kinds tell: years,
dates, lengths, units.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from loanbook.tieout.read.head_words import gathered, heads_of, is_title
from loanbook.tieout.read.lexicon import CURRENCY
from loanbook.tieout.read.loose import BEFORE, BEHIND, NO_FIGURE, YEAR, slots_of
from loanbook.tieout.read.number import cell_number
from loanbook.tieout.read.parts import Line, Slot, Stretch, text_of, whole

_TOKEN = re.compile(r"\S+")
_FIGURE = re.compile(
    rf"(?:{CURRENCY})?[(\[]?[-−–‑△▲+]?(?:{CURRENCY})?(?:\d+(?:[.,'’]\d+)*|\.\d+)(?:[%％]|x|bps?|pp)?[)\]]?[%％]?"
)
_NIL = re.compile(rf"(?:{CURRENCY})?\(?[-—–－―]\)?[%％]?")
_MARK = re.compile(rf"(?:{CURRENCY})|[%％]")
_GROUPED = re.compile(r"\d[.,]\d")
_THREE = re.compile(r"\d{3}")
_NOTE = re.compile(r"\d{1,2}(?:\([a-z]\))?")
_LOOK = 8
"""So many lines are looked at for the rows that make a table of the lines before."""
_FEWEST = 3
_LABELS = 3
"""So many lines without figures may stand between two rows."""
_LABEL_CHARACTERS = 160
_ROW_CHARACTERS = 500


def bare_table(lines: Sequence[str], at: int) -> tuple[int, list[Line]] | None:
    """End and rows of the table that begins at `at`, None where none does."""
    text = lines[at].strip()
    if not text or "\t" in text or text == "|":
        return None
    return (None if "|" in text else _beside(lines, at)) or _below(lines, at)


def _row(lines: Sequence[str], number: int) -> Line | None:
    """A row whose last words are figures, or a line of heads; None for any other line."""
    line = lines[number]
    if len(line) > _ROW_CHARACTERS:
        return None
    tokens = [(number, *match.span()) for match in _TOKEN.finditer(line)]
    at = len(tokens)
    while at:
        text = text_of(lines, tokens[at - 1])
        is_figure = _FIGURE.fullmatch(text) and not YEAR.fullmatch(text)
        if not is_figure and not _MARK.fullmatch(text) and not _NIL.fullmatch(text) and not NO_FIGURE.fullmatch(text):
            break
        at -= 1
    while at < len(tokens) and text_of(lines, tokens[at]) in ("%", "％"):
        at += 1
    slots = slots_of(lines, tokens[at:])
    label = (number, tokens[0][1], tokens[at - 1][2]) if at else None
    if any(any(map(str.isdigit, text_of(lines, slot.at))) for slot in slots) and (len(slots) > 1 or label):
        return Line(label, slots)
    heads = heads_of(line, number)
    return Line(None, heads, is_head=True) if heads else None


def _beside(lines: Sequence[str], at: int) -> tuple[int, list[Line]] | None:
    """A table of rows of which one blank parts the figures, as many in one as in the next.

    Digits grouped by blanks cannot be told from two figures, so such a table is none.
    """
    first, others = at, 0
    while first < len(lines) and first - at < _LOOK:
        line = _row(lines, first)
        if line is not None and not line.is_head:
            break
        if not lines[first].strip() or "\t" in lines[first] or "|" in lines[first]:
            return None
        others += line is None and not is_title(lines[first])
        if others > (first > at) or len(lines[first]) > _LABEL_CHARACTERS:
            return None
        first += 1
    ahead = [line for number in range(first, min(first + _LOOK, len(lines))) if (line := _row(lines, number))]
    full = [line for line in ahead if not line.is_head and len(line.slots) > 1 and line.label is not None]
    if len(full) < _FEWEST or not _is_bare(lines, full):
        return None
    rows: list[Line] = []
    end, gap = at, 0
    while end < len(lines) and "\t" not in lines[end] and "|" not in lines[end]:
        text = lines[end].strip()
        line = _row(lines, end) if text else None
        if line is not None and (line.is_head or len(line.slots) > 1 or (len(text) < 90 and _GROUPED.search(text))):
            gap = 0
            rows.append(line)
        elif not text or len(text) > _LABEL_CHARACTERS or text.endswith((".", ";")) or gap == _LABELS:
            break
        else:
            gap += 1
            rows.append(Line(whole(lines[end], end), []))
        end += 1
    while not rows[-1].slots or rows[-1].is_head:
        rows.pop()
    return _line_of(rows[-1]) + 1, gathered(lines, _without_stray(lines, rows))


def _is_bare(lines: Sequence[str], rows: Sequence[Line]) -> bool:
    """Whether one blank parts the figures of most rows, and none of them groups digits by blanks."""
    single = grouped = spaced = 0
    for row in rows:
        texts = [text_of(lines, slot.at) for slot in row.slots]
        ends = [max((slot.at, *slot.behind))[2] for slot in row.slots]
        gaps = [(slot.before or slot.at)[1] - end for end, slot in zip(ends, row.slots[1:], strict=False)]
        single += all(gap <= 3 for gap in gaps) and gaps.count(1) * 2 >= len(gaps)
        grouped += any(_GROUPED.search(text) for text in texts)
        spaced += any(one.isdigit() and len(one) < 4 and _THREE.match(other) for one, other in pairwise(texts))
    return single * 5 >= 4 * len(rows) and grouped * 2 >= len(rows) and spaced * 5 <= len(rows)


def _below(lines: Sequence[str], at: int) -> tuple[int, list[Line]] | None:
    """A table of which every cell is a line: words, then the figures of their row."""
    first, others = at, 0
    while first < len(lines) and not _is_value(lines[first]):
        text = _cell(lines, first)
        if text is None or first - at == 3 * _LOOK:
            return None
        if text:
            others = 0 if heads_of(text, first) or is_title(text) else others + 1
        if others > (_LABELS if first > at else 0):
            return None
        first += 1
    rows: list[Line] = []
    pending: list[Stretch] = []
    end, gap = at, 0
    while end < len(lines) and (text := _cell(lines, end)) is not None:
        stop = whole(lines[end], end)[2]
        place = (end, stop - len(text), stop)
        if _is_value(text) or _is_mark(lines, end, behind=bool(pending)):
            pending.append(place)
        elif text:
            if pending:
                _close(lines, rows, pending)
                pending, gap = [], 0
            heads = heads_of(text, end)
            if heads:
                rows.append(
                    Line(None, [Slot((end, place[1] + slot.at[1], place[1] + slot.at[2])) for slot in heads], is_head=True)
                )
            elif len(text) > 2 * _LABEL_CHARACTERS or gap > _LABELS + 2:
                break
            else:
                gap += 1
                rows.append(Line(place, []))
        end += 1
    if pending:
        _close(lines, rows, pending)
    while rows and (not rows[-1].slots or rows[-1].is_head):
        rows.pop()
    counts = Counter(len(row.slots) for row in rows if row.slots and not row.is_head)
    if not counts:
        return None
    width, times = counts.most_common(1)[0]
    if width < 2 or times < _FEWEST + 1 or times * 2 < counts.total():
        return None
    return _line_of(rows[-1]) + 1, gathered(lines, rows)


def _cell(lines: Sequence[str], at: int) -> str | None:
    """What stands on a line that is one cell, a bar before it left out; None for a blank line and one of several cells."""
    text = lines[at].strip()
    if not text or "\t" in text or text.count("|") > (text[0] == "|"):
        return None
    return text.lstrip("| ")


def _is_value(text: str) -> bool:
    text = text.strip().lstrip("| ")
    return bool(text) and not YEAR.fullmatch(text) and (cell_number(text) is not None or NO_FIGURE.fullmatch(text) is not None)


def _is_mark(lines: Sequence[str], at: int, *, behind: bool) -> bool:
    """Whether a line is a mark of the figure before it or after it; a unit among heads is none."""
    text = lines[at].strip().lstrip("| ")
    if behind and BEHIND.fullmatch(text):
        return True
    return BEFORE.fullmatch(text) is not None and at + 1 < len(lines) and _is_value(lines[at + 1])


def _close(lines: Sequence[str], rows: list[Line], pending: list[Stretch]) -> None:
    """The figures of a row go to the line of words before them."""
    slots = slots_of(lines, pending)
    if rows and not rows[-1].slots and not rows[-1].is_head:
        rows[-1].slots = slots
    else:
        rows.append(Line(None, slots))


def _line_of(row: Line) -> int:
    """The last line of a row."""
    last = row.slots[-1]
    return max(last.at[0], *(mark[0] for mark in last.behind)) if last.behind else last.at[0]


def _without_stray(lines: Sequence[str], rows: list[Line]) -> list[Line]:
    """Rows in which a number of the label was taken for a figure: `Level 3 1,234 1,100` among rows of two."""
    counts = Counter(len(row.slots) for row in rows if row.slots and not row.is_head)
    width = counts.most_common(1)[0][0]
    if any(row.is_head and len(row.slots) == width + 1 for row in rows):
        return rows
    for row in rows:
        while not row.is_head and len(row.slots) > width and row.label and _NOTE.fullmatch(text_of(lines, row.slots[0].at)):
            row.label = (row.label[0], row.label[1], row.slots[0].at[2])
            row.slots = row.slots[1:]
    return rows
