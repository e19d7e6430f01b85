"""Tables turned: periods down the rows and items across the columns, as the first page of Japanese results has them."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from loanbook.tieout.figure import Period, Unit
from loanbook.tieout.read.calendar import DATE, Hint, read_hint, resolve
from loanbook.tieout.read.context import Context
from loanbook.tieout.read.grid import Row, RowKind
from loanbook.tieout.read.head import Column, is_instant_statement
from loanbook.tieout.read.lexicon import CURRENCY, CURRENCY_MARK, SCALE_WORD
from loanbook.tieout.read.rows import Groups, RowHead, clean_label, read_row, row_label

_TIME = re.compile(
    r"\b(?:fiscal|financial|full|half|quarters?|years?|months?|weeks?|ended|ending|as|of|at|for|the|to|date|period|cumulative"
    r"|first|second|third|fourth|three|six|nine|twelve|1st|2nd|3rd|4th|FY\d*|Q[1-4]|[1-4]Q|H[12]|[12]H|YTD|forecasts?|revised"
    r"|actual|results?|previous|current|consolidated|interim|unaudited|restated|reference|plan|estimates?|outlook)\b",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")
_UNIT = re.compile(rf"(?:{SCALE_WORD}|{CURRENCY}|percent|per cent|in\b|of\b|\W)++")
_OUTLOOK = re.compile(r"\b(?:forecasts?|outlook|guidance|estimates?|plan)\b", re.IGNORECASE)
_DIVIDENDS = re.compile(r"\bdividends?\b|配当", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """A section of a table whose rows are periods.

    items     for each column what it states, as a row of another table would; without a label where heads
              do not tell columns apart
    columns   the columns, with scale and change
    around    what stands above the labels and around the table, nearest first
    """

    items: Mapping[int, RowHead]
    columns: Mapping[int, Column]
    around: tuple[str, ...]
    context: Context

    def at(self, column: int, label: str) -> tuple[RowHead, Column]:
        """Head and column of a figure, as if the table were not turned."""
        item = self.items[column]
        if not item.label:
            item = replace(item, label=label)
        elif _OUTLOOK.search(label) or any(map(_OUTLOOK.search, self.around[:2])):
            item = replace(item, label=f"Forecast {item.label}")
        hint = _hint(label, self.around)
        lacks_year = hint.month is not None and hint.year is None
        return item, replace(self.columns[column], texts=(label,), hint=hint, period=None if lacks_year else self._period(hint))

    def _period(self, hint: Hint) -> Period | None:
        for text in self.around:
            if hint.year is not None and (hint.months is not None or hint.part is not None or hint.start is not None):
                break
            hint = hint.over(read_hint(text))
        instant = is_instant_statement(self.around) if hint.months is None else None
        return resolve(hint, self.context.fiscal_year, instant=instant)


def turned(
    rows: Sequence[Row], columns: Mapping[int, Column], corner: Sequence[str], around: tuple[str, ...], context: Context
) -> Turned | None:
    """The section that `rows` are of, None where its rows are no periods.

    around   the texts around the table; `corner` stands above the labels and begins what they say: "Nine months ended"
    """
    labels = [clean_label(row_label(row)) for row in rows if row.kind is RowKind.FIGURES]
    above = (" ".join(corner), *around)
    if not labels or any(column.hint.year is not None for column in columns.values()):
        return None
    for label in labels:
        hint = _hint(label, above)
        if _LETTER.search(_TIME.sub(" ", DATE.sub(" ", label))) or (hint.month is None and hint.part is None and not hint.months):
            return None
    items: dict[int, RowHead] = {}
    read: dict[int, Column] = {}
    amounts: set[str] = set()
    names = {
        key: clean_label(" ".join(text for text in column.texts if not _UNIT.fullmatch(text))) for key, column in columns.items()
    }
    muddled = any(map(_two_units, {text for column in columns.values() for text in column.texts}))
    counted = Counter(names[key] for key, column in columns.items() if not column.percent)
    for key, column in columns.items():
        name = names[key] if counted[names[key]] < 2 and not muddled else ""
        unit = column.texts[-1] if column.texts else ""
        is_bare = column.scale is None and _UNIT.fullmatch(unit) is not None and CURRENCY_MARK.search(unit) is not None
        item = read_row(name, Groups())
        if is_bare and item.unit is None and _DIVIDENDS.search(name):
            item = replace(item, unit=Unit.PER_SHARE)
        change = "growth" if column.percent and name and name in amounts else column.change
        if not column.percent:
            amounts.add(name)
        items[key] = item
        read[key] = replace(column, change=change, scale=Decimal(1) if is_bare else column.scale)
    return Turned(items=items, columns=read, around=above, context=context)


def _two_units(text: str) -> bool:
    """Whether a head is the units of two columns run together: "Yen   Yen", "Million %"."""
    if _UNIT.fullmatch(text) is None:
        return False
    percents = len(re.findall("%|％", text))
    return len(CURRENCY_MARK.findall(text)) + percents > 1 or (percents > 0 and re.search(SCALE_WORD, text) is not None)


def _hint(label: str, around: Sequence[str]) -> Hint:
    """What a label says, together with the words above the labels where those name no year of their own."""
    corner = around[0]
    return read_hint(label if not corner or read_hint(corner).year is not None else f"{corner} {label}")
