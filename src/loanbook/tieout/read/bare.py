"""Tables of a text drawn from a page: one blank parts everything, or every cell stands on a line of its own.

`Cost of revenues 6 (66,296,374) (65,335,907)` is words and the figures at the end of its line. Where cells stand below each
other, a row is a line of words and the lines of figures behind it. Which heads stand over which figures, their kinds tell: years,
dates, lengths, units.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from loanbook.tieout.read.lexicon import CURRENCY, MONTH, SCALE_WORD
from loanbook.tieout.read.loose import BEFORE, BEHIND, NO_FIGURE, YEAR, Line, Slot, Stretch, is_title, slots_of, text_of, whole
from loanbook.tieout.read.number import cell_number
from loanbook.tieout.read.scale import read_statement

_TOKEN = re.compile(r"\S+")
_FIGURE = re.compile(
    rf"(?:{CURRENCY})?[(\[]?[-−–‑△▲+]?(?:{CURRENCY})?(?:\d+(?:[.,'’]\d+)*|\.\d+)(?:[%％]|x|bps?|pp)?[)\]]?[%％]?"
)
_NIL = re.compile(rf"(?:{CURRENCY})?\(?[-—–－―]\)?[%％]?")
_MARK = re.compile(rf"(?:{CURRENCY})|[%％]")
_GROUPED = re.compile(r"\d[.,]\d")
_THREE = re.compile(r"\d{3}")
_NOTE = re.compile(r"\d{1,2}(?:\([a-z]\))?")
_LENGTH = (
    r"(?:For\s+the\s+)?(?:\d{1,2}|[Tt]hree|[Ss]ix|[Nn]ine|[Tt]welve|THREE|SIX|NINE|TWELVE|[Ff]iscal|[Ff]ull)?[\s-]{0,3}"
    r"(?:[Mm]onths?|MONTHS?|[Qq]uarters?|QUARTERS?|[Yy]ears?|YEARS?|[Hh]alf(?:[- ][Yy]ear)?|[Pp]eriods?)"
    r"\s+(?:[Ee]nded|ENDED|[Ee]nding)"
)
_HEAD = re.compile(
    rf"(?P<length>{_LENGTH}(?:\s+(?:\d{{1,2}}\s+)?{MONTH}\.?(?:\s*\d{{1,2}},?)?(?:\s+(?:19|20)\d\d)?)?)"
    rf"|(?P<date>{MONTH}\s*\d{{1,2}},?(?:\s+(?:19|20)\d\d)?|\d{{1,2}}\.?\s+{MONTH}(?:\s+(?:19|20)\d\d)?)"
    r"|(?P<part>(?:[QH][1-4]|[1-4][QH])(?:\s?(?:FY)?['’]?(?:\d{4}|\d{2}))?|FY\s?['’]?\d{2,4})"
    r"|(?P<year>(?:19|20)\d\d(?:\s?\(?(?:[Rr]estated|[Uu]naudited|[Aa]udited)\)?)?)"
    r"|(?P<change>(?:[%％$]\s?)?(?:[Cc]hange|CHANGE|[Vv]ariance|[Gg]rowth|YoY|YOY|QoQ|[Vv]ar\.?)(?:\s?[%％])?)"
    rf"|(?P<unit>(?:{CURRENCY})\s?(?:['’]?000s?|{SCALE_WORD}|m\b|bn\b)?|['’]000|[%％]\s?/\s?(?:pts?|bps?|pp)|[%％]|百万円|千円|円)"
    r"|(?P<state>\(?(?:[Uu]naudited|[Aa]udited|[Rr]estated|[Rr]eviewed)\)?)"
    r"|(?P<note>[Nn]otes?|NOTES?|[Aa]nhang|[Rr]ef\.?)(?![A-Za-z])"
)
_COLUMNS = {"part": "year", "change": "year", "note": "year"}
"""Kinds of heads that stand in one row with years."""
_LOOK = 8
"""So many lines are looked at for the rows that make a table of the lines before."""
_FEWEST = 3
_LABELS = 3
"""So many lines without figures may stand between two rows."""
_LABEL_CHARACTERS = 160
_ROW_CHARACTERS = 500


def bare_table(lines: Sequence[str], at: int) -> tuple[int, list[Line]] | None:
    """End and rows of the table that begins at `at`, None where none does."""
    if not lines[at].strip() or "\t" in lines[at] or "|" in lines[at]:
        return None
    return _beside(lines, at) or _below(lines, at)


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
    heads = _heads(line, number)
    return Line(None, heads, is_head=True) if heads else None


def _heads(line: str, number: int) -> list[Slot]:
    """The heads of a line that holds nothing else."""
    found = list(_HEAD.finditer(line)) if len(line) <= _LABEL_CHARACTERS else []
    if not found or _HEAD.sub(" ", line).strip(" ,:;()"):
        return []
    if len(found) == 1 and (statement := read_statement(line)) is not None and statement.money is not None:
        return [] if line.strip().startswith("(") else [Slot((number, *found[0].span()))]
    return [Slot((number, *match.span())) for match in found]


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
    return _line_of(rows[-1]) + 1, _gathered(lines, _without_stray(lines, rows))


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
    first = at
    while first < len(lines) and first - at < 3 * _LOOK and not _is_value(lines[first]):
        if not lines[first].strip() or "\t" in lines[first] or "|" in lines[first]:
            return None
        if first > at + 2 and not _heads(lines[first], first) and not _is_value(lines[min(first + 1, len(lines) - 1)]):
            before = _heads(lines[first - 1], first - 1)
            if not before and not is_title(lines[first]):
                return None
        first += 1
    if not (_heads(lines[at], at) or is_title(lines[at])) or first - at >= 3 * _LOOK:
        return None
    rows: list[Line] = []
    pending: list[Stretch] = []
    end, gap = at, 0
    while end < len(lines) and "\t" not in lines[end] and "|" not in lines[end]:
        text = lines[end].strip()
        place = whole(lines[end], end)
        if text and (_is_value(text) or _is_mark(lines, end, behind=bool(pending))):
            pending.append(place)
        else:
            if pending:
                _close(lines, rows, pending)
                pending, gap = [], 0
            heads = _heads(lines[end], end)
            if heads:
                rows.append(Line(None, heads, is_head=True))
            elif not text or len(text) > 2 * _LABEL_CHARACTERS or gap > _LABELS + 2:
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
    return _line_of(rows[-1]) + 1, _gathered(lines, rows)


def _is_value(text: str) -> bool:
    text = text.strip()
    return bool(text) and not YEAR.fullmatch(text) and (cell_number(text) is not None or NO_FIGURE.fullmatch(text) is not None)


def _is_mark(lines: Sequence[str], at: int, *, behind: bool) -> bool:
    """Whether a line is a mark of the figure before it or after it; a unit among heads is none."""
    text = lines[at].strip()
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


def _gathered(lines: Sequence[str], rows: list[Line]) -> list[Line]:
    """Heads that stand below each other, one a line, as rows of heads by kind: lengths, dates, years and changes, units."""
    made: list[Line] = []
    stack: dict[str, list[Slot]] = {}
    for row in rows:
        if row.is_head and len(row.slots) == 1:
            found = _HEAD.search(text_of(lines, row.slots[0].at))
            kind = found.lastgroup if found and found.lastgroup else "year"
            stack.setdefault(_COLUMNS.get(kind, kind), []).append(row.slots[0])
            continue
        if row.slots or row.is_head:
            made += [Line(None, slots, is_head=True) for slots in stack.values()]
            stack = {}
        made.append(row)
    return made


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
