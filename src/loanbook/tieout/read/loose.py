"""Tables whose blank cells a converter dropped: `Revenue | $ | 78,097 | 63,056`. Counting figures from the label tells a column.

Rows then differ in how many cells they have, and a head stands over no cell of its own. What each row displays tells its columns:
marks in cells of their own go to their figure, a row of heads as wide as the rows of figures names one each, a shorter one shares
them out.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from loanbook.tieout.read.calendar import read_hint
from loanbook.tieout.read.head_words import gathered, heads_of, is_title
from loanbook.tieout.read.lexicon import CURRENCY
from loanbook.tieout.read.number import UNIT_WORDS, cell_number
from loanbook.tieout.read.parts import Line, Part, Slot, Stretch, text_of, whole

SLOT = 4
"""Columns of a figure in the grid: mark before, digits, two marks behind."""
NO_FIGURE = re.compile(r"n\.?\s?[ma]\.?f?\.?|n/[ma]|\*+|nmf|n\.\s?s\.?|N\.?[MA]\.?|N/[MA]|NMF")
BEFORE = re.compile(rf"(?:{CURRENCY})?\s*[(]?\s*(?:{CURRENCY})?|[-−–△▲(]")
BEHIND = re.compile(rf"[)\]]\s*(?:{UNIT_WORDS})?|(?:{UNIT_WORDS})\s*[)\]]?")
YEAR = re.compile(r"(?:FY|fy)?\s?['’]?(?:19|20)\d\d[AEF]?")
_RULE = re.compile(r"[\s|:-]*")
_NOTE = re.compile(r"(?:notes?|ref\.?|anhang|anm\.?|annexes?|notas?)\W*(?:no\.?)?", re.IGNORECASE)
_LABEL_CHARACTERS = 170
_TITLE_LINES = 3
"""So many lines without cells may head a table: its period, its scale."""


def loose_table(lines: list[str], at: int) -> tuple[int, list[Line]] | None:
    """End and rows of the table between bars that begins at `at` or close below it; None where none does.

    Lines without bars between its rows are group headings; a blank line ends it. A grid that keeps its blank cells is no such
    table, but one that moved them to the end of each row is, where a column of notes tells by how much.
    """
    first = at
    while first < len(lines) and first - at <= _TITLE_LINES and "|" not in lines[first]:
        if not lines[first].strip() or "\t" in lines[first] or not is_title(lines[first]):
            return None
        first += 1
    if first == len(lines) or "|" not in lines[first]:
        return None
    rows = [Line(whole(lines[number], number), []) for number in range(at, first)]
    padded = False
    cells = Counter[int]()
    end = first
    while end < len(lines) and lines[end].strip() and "\t" not in lines[end]:
        line = lines[end]
        if "|" in line:
            padded = padded or line.strip()[0] == "|" or line.rstrip()[-1] == "|"
            if not _RULE.fullmatch(line):
                parts = _parts(line, end)
                if parts is None:
                    return None
                rows.append(_line(lines, parts))
                cells[len(parts)] += bool(rows[-1].slots and not rows[-1].is_head)
        elif len(line) > _LABEL_CHARACTERS or line.rstrip().endswith("."):
            break
        else:
            rows.append(Line(whole(line, end), []))
        end += 1
    counts = Counter(len(row.slots) for row in rows if row.slots and not row.is_head)
    if counts.total() < 2:
        return None
    moved = max(counts.values()) * 5 >= 4 * counts.total() and max(cells.values()) * 5 < 4 * counts.total()
    widths = [width for row in rows if row.is_head and (width := _noted_width(lines, row))]
    noted = any(counts[width] and counts[width - 1] for width in widths)
    return (end, gathered(lines, [_as_head(lines, row) for row in rows])) if noted or moved or not padded else None


def _as_head(lines: Sequence[str], row: Line) -> Line:
    """A line of one cell as a head, where it says nothing but a time."""
    if row.slots or row.label is None:
        return row
    number, start, end = row.label
    heads = heads_of(lines[number][start:end], number)
    if len(heads) != 1:
        return row
    return Line(None, [Slot((number, start + heads[0].at[1], start + heads[0].at[2]))], is_head=True)


def _parts(line: str, number: int) -> list[Stretch] | None:
    """The cells of a line without the blank ones at its end; None where one between others is blank."""
    body = line.rstrip("| \t")
    start = len(line) - len(line.lstrip())
    start += line[start : start + 1] == "|"
    parts: list[Stretch] = []
    at = start
    for piece in body[start:].split("|"):
        if not piece.strip():
            return None
        parts.append((number, at + len(piece) - len(piece.lstrip()), at + len(piece.rstrip())))
        at += len(piece) + 1
    return parts


def _line(lines: Sequence[str], parts: list[Stretch]) -> Line:
    texts = [text_of(lines, part) for part in parts]
    numbers = [None if YEAR.fullmatch(text) else cell_number(text) for text in texts]
    is_value = [number is not None or NO_FIGURE.fullmatch(text) is not None for number, text in zip(numbers, texts, strict=True)]
    solid = any(number is not None and not number.is_dash for number in numbers)
    if not solid and (is_value[0] or not any(is_value)):
        return Line(parts[0], []) if len(parts) == 1 else Line(None, [Slot(part) for part in parts], is_head=True)
    label = None if is_value[0] or BEFORE.fullmatch(texts[0]) else parts[0]
    return Line(label, slots_of(lines, parts[label is not None :]))


def slots_of(lines: Sequence[str], parts: Sequence[Stretch]) -> list[Slot]:
    """Figures with the marks that stand beside them in parts of their own."""
    slots: list[Slot] = []
    before: Stretch | None = None
    for part in parts:
        text = text_of(lines, part)
        if slots and BEHIND.fullmatch(text) and len(slots[-1].behind) < 2 and before is None:
            slots[-1].behind.append(part)
        elif cell_number(text) is None and BEFORE.fullmatch(text):
            before = part
        else:
            slots.append(Slot(part, before))
            before = None
    return slots


def loose_rows(lines: Sequence[str], rows: Sequence[Line]) -> list[list[Part]]:
    """The rows of a table with the columns of their parts: label 0, the k-th figure from 1 + SLOT * (k - 1)."""
    placed: list[list[Part]] = []
    for section in _sections(rows):
        counts = Counter(len(row.slots) for row in section if row.slots and not row.is_head)
        width = counts.most_common(1)[0][0] if counts else max(len(row.slots) for row in section)
        heads = [row for row in section if row.is_head]
        notes = [noted for row in heads if (noted := _noted_width(lines, row)) in (width, width + 1)]
        width = max(width, *notes) if notes else width
        full = [row for row in heads if len(row.slots) == width]
        kinds = _kinds(lines, full[-1]) if full else []
        said = ["".join(text_of(lines, row.slots[column].at) for row in full) for column in range(width)] if full else []
        seen = False
        for row in section:
            seen = seen or bool(row.slots and not row.is_head)
            if row.is_head:
                placed.append(_heads(lines, row, width, kinds, said, noted=bool(notes)))
            elif not row.slots and not seen and row.label and is_title(text_of(lines, row.label)):
                placed.append([Part(row.label, 1, SLOT * width)])
            else:
                placed.append(_values(row, width, right=bool(notes)))
    return placed


def _noted_width(lines: Sequence[str], row: Line) -> int:
    """How many columns heads name of which the first is of notes, a head for the labels aside; 0 where none is."""
    at = next((number for number, slot in enumerate(row.slots[:2]) if _NOTE.fullmatch(text_of(lines, slot.at))), None)
    return 0 if at is None or len(row.slots) == 1 else len(row.slots) - at


def _sections(rows: Sequence[Line]) -> list[list[Line]]:
    """Rows from one run of heads to the next."""
    sections: list[list[Line]] = [[]]
    for row in rows:
        if row.is_head and any(each.slots and not each.is_head for each in sections[-1]):
            sections.append([])
        sections[-1].append(row)
    return sections


def _values(row: Line, width: int, *, right: bool) -> list[Part]:
    """A row of figures; one with fewer than the table has columns stands apart from them, unless the first column is of notes."""
    parts = [] if row.label is None else [Part(row.label, 0)]
    short = 0 < len(row.slots) < width
    skipped = width - len(row.slots) if right and short else width if short else 0
    for number, slot in enumerate(row.slots, skipped):
        column = 1 + SLOT * number
        if slot.before:
            parts.append(Part(slot.before, column))
        parts.append(Part(slot.at, column + 1))
        parts += [Part(mark, column + 2 + index) for index, mark in enumerate(slot.behind)]
    return parts


def _kinds(lines: Sequence[str], row: Line) -> list[bool]:
    """For each head of a full row, whether it names a time."""
    return [bool(read_hint(text_of(lines, slot.at))) for slot in row.slots]


def _heads(lines: Sequence[str], row: Line, width: int, kinds: list[bool], said: list[str], *, noted: bool) -> list[Part]:
    """A row of heads over the columns: one each, with one for the labels, by runs of times and others, or in equal shares.

    kinds   for each column whether its own head names a time
    said    what the full rows of heads say of each column; where it says the same again, the next of the shorter row begins
    """
    slots = row.slots
    if noted and len(slots) < width:
        parts = _heads(lines, row, width - 1, kinds[1:], said[1:], noted=False)
        return [replace(part, column=part.column + SLOT) for part in parts if part.column]
    if len(slots) == width + 1:
        return [Part(slots[0].at, 0), *(_over(slot, number, number) for number, slot in enumerate(slots[1:]))]
    if len(slots) == width:
        return [_over(slot, number, number) for number, slot in enumerate(slots)]
    runs: list[tuple[bool, int, int]] = []
    for kind, run in groupby(range(len(kinds)), key=lambda number: kinds[number]):
        columns = list(run)
        runs.append((kind, columns[0], columns[-1]))
    others = [run for run in runs if not run[0]]
    times = [run for run in runs if run[0]]
    own = _kinds(lines, row)
    for chosen, fits in ((runs, True), (others, not any(own)), (times, all(own))):
        if len(slots) == len(chosen) and len(runs) > 1 and fits:
            return [_over(slot, first, last) for slot, (_, first, last) in zip(slots, chosen, strict=True)]
    begins = _repeated_from(said)
    if len(slots) == len(begins) > 1:
        return [_over(slot, first, last - 1) for slot, first, last in zip(slots, begins, [*begins[1:], width], strict=True)]
    if width % len(slots) == 0:
        each = width // len(slots)
        return [_over(slot, number * each, (number + 1) * each - 1) for number, slot in enumerate(slots)]
    return []


def _repeated_from(said: list[str]) -> list[int]:
    """The columns from which heads repeat: `2005 2004 2005 2004` from the first and from the third."""
    begins: list[int] = []
    seen: set[str] = set()
    for column, text in enumerate(said):
        if not begins or text in seen:
            begins.append(column)
            seen = set()
        seen.add(text)
    return begins


def _over(slot: Slot, first: int, last: int) -> Part:
    return Part(slot.at, 1 + SLOT * first, SLOT * (last - first + 1))
