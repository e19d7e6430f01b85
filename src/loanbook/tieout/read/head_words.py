"""Heads of columns where no cell tells over which figures they stand: lengths of time, dates, years, units."""

import re
from collections.abc import Sequence

from loanbook.tieout.read.calendar import read_hint
from loanbook.tieout.read.lexicon import CURRENCY, MONTH, SCALE_WORD
from loanbook.tieout.read.parts import Line, Slot, text_of
from loanbook.tieout.read.scale import read_statement

_LABEL_CHARACTERS = 160
_LENGTH = (
    r"(?:For\s+the\s+)?(?:\d{1,2}|[Tt]hree|[Ss]ix|[Nn]ine|[Tt]welve|THREE|SIX|NINE|TWELVE|[Ff]iscal|[Ff]ull)?[\s-]{0,3}"
    r"(?:[Mm]onths?|MONTHS?|[Qq]uarters?|QUARTERS?|[Yy]ears?|YEARS?|[Hh]alf(?:[- ][Yy]ear)?|[Pp]eriods?)"
    r"\s+(?:[Ee]nded|ENDED|[Ee]nding)"
)
_HEAD = re.compile(
    r"(?P<length>[Yy]ear[- ][Tt]o[- ][Dd]ate|YTD"
    rf"|{_LENGTH}(?:\s+(?:\d{{1,2}}\s+)?{MONTH}\.?(?:\s*\d{{1,2}},?)?(?:\s+(?:19|20)\d\d)?)?)"
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


def is_title(line: str) -> bool:
    """A line that heads all columns: a period, or a statement of scale."""
    text = line.strip()
    return (
        len(text) < 100
        and not text.endswith(".")
        and text[:1] not in "#*<"
        and (bool(read_hint(text)) or read_statement(text) is not None)
    )


def heads_of(line: str, number: int) -> list[Slot]:
    """The heads of a line that holds nothing else."""
    found = list(_HEAD.finditer(line)) if len(line) <= _LABEL_CHARACTERS else []
    if not found or _HEAD.sub(" ", line).strip(" ,:;()"):
        return []
    if len(found) == 1 and (statement := read_statement(line)) is not None and statement.money is not None:
        return [] if line.strip().startswith("(") else [Slot((number, *found[0].span()))]
    return [Slot((number, *match.span())) for match in found]


def gathered(lines: Sequence[str], rows: list[Line]) -> list[Line]:
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
