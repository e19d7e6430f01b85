"""Rows: the label, the headings above it inside the table, and what the label says about the unit of its figures."""

import re
from dataclasses import dataclass, field
from decimal import Decimal

from loanbook.tieout.figure import Unit
from loanbook.tieout.read.calendar import DATE, date_parts
from loanbook.tieout.read.grid import Row, RowKind
from loanbook.tieout.read.lexicon import HUNDREDTH, SUPERSCRIPT_DIGITS
from loanbook.tieout.read.scale import label_scale
from loanbook.tieout.read.units import is_weak, label_unit

_MARKS = re.compile(
    rf"(?:\s*(?:[*†‡]+|\(?[{SUPERSCRIPT_DIGITS}⁽⁾ᵃ-ᶻ,]+\)?|\((?:\d{{1,2}}|[a-z])\)|\[\d{{1,2}}\]|\.{{2,}}|…|(?:\s\.){{2,}}"
    rf"|[:：]))+\s*$"
)
_RATIO_WORDS = re.compile(r"\b(?:ratios?|margins?|returns? on|yields?|rates?|ROE|ROA|ROTCE|NIM|Quote|CET1)\b", re.IGNORECASE)
_GENERIC = re.compile(
    r"\W*(?:basic|diluted|basic and diluted|assuming dilution|continuing operations|discontinued operations|-?\s*basic"
    r"|-?\s*diluted|unverwässert|verwässert|de base|dilué|class [a-z](?: common)?(?: stock)?|ordinary|common)\b.{0,40}",
    re.IGNORECASE,
)
_TOTAL = re.compile(r"^(?:sub)?total\s+(?:of\s+)?", re.IGNORECASE)
_START_OF_PERIOD = re.compile(
    r"\b(?:at|,)?\s*(?:the\s+)?(?:beginning|start|opening|commencement)\b.{0,12}\b(?:of|balance|period|year|quarter)"
    r"|\bopening balance\b|\bbalance brought forward\b",
    re.IGNORECASE,
)
_END_OF_PERIOD = re.compile(
    r"\b(?:at\s+)?(?:the\s+)?(?:end|close)\s+of\s+(?:the\s+)?(?:period|year|quarter|half)|\bperiod[\s-]end\b"
    r"|\bend[\s-]of[\s-]period\b|\bclosing balance\b|\bbalance carried forward\b",
    re.IGNORECASE,
)
_BALANCE_AT = re.compile(r"\b(?:balances?|equity|at|as\s+(?:of|at)|stand|saldo)\b", re.IGNORECASE)
_LOWER = re.compile(r"[a-zà-ÿ(]")
_OPEN_END = re.compile(r"(?:\b(?:of|and|to|in|for|the|by|from|on|or|with|at|related|used|attributable)|[,–-])$")


_NUMBERED = re.compile(r"\(?(?:\d{1,2}|[a-z]|[A-Z]|[ivx]{1,4}|[IVX]{1,4})\)?[.)]?")
"""What numbers a row, in a cell of its own."""


def clean_label(text: str) -> str:
    """A label without leaders, footnote marks and a closing colon."""
    return _MARKS.sub("", " ".join(text.split())).strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class RowHead:
    """What stands left of a row's figures.

    unit        named by the label, or by the group where the label is "Basic" or alike; None where nothing names one
    is_weak     one noun alone names the unit ("Staff"), which may name an amount as well: the rows around it decide
    group_unit  unit that the group names; decides for figures with more decimals than the money around them
    is_rate     the label speaks of a ratio: decimals are percent
    moment      "start" or "end" for a balance in a table of flows
    day         year, month and day of "Balance at January 1, 2024"; the year is None where the column tells it
    """

    label: str
    path: tuple[str, ...]
    unit: Unit | None
    group_unit: Unit | None
    is_rate: bool
    is_weak: bool
    scale: Decimal | None
    moment: str = ""
    day: tuple[int | None, int, int] | None = None


@dataclass(slots=True)
class Groups:
    """The group headings above the row that is read; a new heading ends those of its own level and below."""

    stack: list[tuple[int, str]] = field(default_factory=list)
    pending: str = ""

    def add(self, text: str, level: int) -> None:
        self.stack = [(other, name) for other, name in self.stack if other < level]
        self.stack.append((level, text))

    def close(self, label: str) -> None:
        """After "Total current assets" the group "Current assets" is over."""
        name = _TOTAL.sub("", label).lower()
        if name == label.lower():
            return
        for index, (_, text) in enumerate(self.stack):
            if text.lower() == name:
                del self.stack[index:]
                return

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(text for _, text in self.stack)


def group_level(row: Row, text: str) -> int:
    """How deep a group heading stands: by its indent, else capitals before the rest."""
    indent = row.labels[0].indent if row.labels else 0
    letters = [letter for letter in text if letter.isalpha()]
    return 2 * indent + (0 if letters and all(letter.isupper() for letter in letters) else 1)


def row_label(row: Row) -> str:
    texts = [text for cell in row.labels if (text := cell.span.text.strip())]
    while len(texts) > 1 and _NUMBERED.fullmatch(texts[0]):
        texts = texts[1:]
    return " ".join(texts)


def is_wrapped_label(row: Row, following: Row | None) -> bool:
    """Whether a row without figures is the first line of the label of the row below."""
    if following is None or following.kind not in (RowKind.FIGURES, RowKind.LABEL):
        return False
    text, after = row_label(row).strip(), row_label(following).strip()
    if text.endswith((":", "：")):
        return False
    if not after:
        return following.kind is RowKind.FIGURES
    return bool(_OPEN_END.search(text)) or (
        _LOWER.match(after) is not None and not re.match(r"\([a-z0-9]{1,3}\)|\(i|\(un", after)
    )


def read_row(label: str, groups: Groups) -> RowHead:
    """Unit, scale and moment of a row from its label and its groups."""
    groups.close(label)
    path = groups.path
    scale = label_scale(label)
    group_unit = next((unit for text in reversed(path[-2:]) if (unit := label_unit(text)) is not None), None)
    unit = label_unit(label)
    weak = is_weak(label, unit)
    if (unit is None or unit is Unit.SHARES) and group_unit is not None and _GENERIC.fullmatch(label):
        unit, weak = group_unit, False
        scale = scale or label_scale(next(text for text in reversed(path[-2:]) if label_unit(text) is not None))
    if unit is None and scale == HUNDREDTH:
        unit = Unit.PER_SHARE
    moment = "start" if _START_OF_PERIOD.search(label) else "end" if _END_OF_PERIOD.search(label) else ""
    return RowHead(
        label=label,
        path=path,
        unit=unit,
        group_unit=group_unit,
        is_rate=_RATIO_WORDS.search(label) is not None,
        is_weak=weak,
        scale=scale,
        moment=moment,
        day=_balance_day(label),
    )


def _balance_day(label: str) -> tuple[int | None, int, int] | None:
    """The day that a row of balances names."""
    found = _BALANCE_AT.search(label)
    date = DATE.search(label, found.end()) if found else None
    if date is None:
        return None
    year, month, day = date_parts(date)
    return None if day is None or not 1 <= month <= 12 else (year, month, day)
