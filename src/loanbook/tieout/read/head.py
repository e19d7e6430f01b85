"""Columns: the heads that stand above each, and what they say about period, currency, basis, scale and unit."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from loanbook.tieout.document import Cell
from loanbook.tieout.figure import Basis, Period
from loanbook.tieout.read.calendar import NO_HINT, Hint, read_hint, resolve
from loanbook.tieout.read.context import Context
from loanbook.tieout.read.grid import Row, RowKind
from loanbook.tieout.read.lexicon import CURRENCY_MARK
from loanbook.tieout.read.scale import read_statement

_BASIS = re.compile(
    r"(?P<non>\bnon[-\s]?(?:U\.?S\.?\s?)?(?:GAAP|IFRS)\b|\bpro[\s-]forma\b|\badjusted\b|\bunderlying\b|\bcore\b)"
    r"|(?P<adjustment>\b(?:(?:IFRSs?|U\.?S\.?\s?GAAP|GAAP)\s+)?(?:adjustments?|reclassifications?|reconciling items?)\b)"
    r"|(?P<ifrs>\bI(?:FRS|AS)s?\b(?!\s*\d))|(?P<gaap>\b(?:U\.\s?S\.?\s?|US\s?)?GAAP\b)",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"\bchanges?\b|\bvariance\b|\bvar\.|\bgrowth\b|\by\s?-?o\s?-?y\b|\by/y\b|\bq\s?-?o\s?-?q\b|\bq/q\b|\bvs\.?\b"
    r"|\bincrease\b|\bdecrease\b|\binc\b|\bfav(?:orable)?\b|veränderung|\babw|Δ|\+/-|前年|増減",
    re.IGNORECASE,
)
_NOTE = re.compile(r"\W*(?:notes?|ref\.?|footnotes?|anhang|anm\.?|exhibit|no\.)\W*(?:no\.?)?\W*", re.IGNORECASE)
_PERCENT = re.compile(r"%|\bper\s?cent\b|\bpercent(?:age)?\b|in %", re.IGNORECASE)
_BALANCE = re.compile(
    r"\bbalance sheets?\b|\bfinancial (?:position|condition)\b(?! and results)|\bassets and liabilities\b|\bbilanz\b"
    r"|\bbilan\b|\bnet assets\b",
    re.IGNORECASE,
)
_NOTE_TITLE = re.compile(r"(?:Note\s+)?\d{1,2}[.:]?\s+[A-Z]{2}")
_LENGTH_ENDED = re.compile(r"\b(?:months?|weeks?|quarters?)\s+(?:ended|ending)\b", re.IGNORECASE)
_DATED = re.compile(
    r"\W*(?:as\s+(?:of|at)|at|for|(?:three|six|nine|twelve|\d\d?)\s+(?:months|weeks)|years?|quarters?)\b", re.IGNORECASE
)
_FLOW = re.compile(
    r"\boperations\b|\bincome\b|\bearnings\b|\bprofit\b|\bcash[\s-]flows?\b|\bloss\b|\brevenues?\b|\bgewinn|\brésultat",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What is known of a column before any figure of it is read.

    texts      its heads, top first
    is_note    it numbers notes
    change     "growth" (percent) or "change" where it compares other columns, else ""
    percent    its figures are percentages
    """

    texts: tuple[str, ...] = ()
    hint: Hint = NO_HINT
    period: Period | None = None
    currency: str | None = None
    basis: Basis | None = None
    scale: Decimal | None = None
    is_note: bool = False
    change: str = ""
    percent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """The heads of a section of a table.

    regions   for each row of heads (first column, last column, text)
    corner    what stands above the labels
    """

    regions: tuple[tuple[tuple[int, int, str], ...], ...] = ()
    corner: tuple[str, ...] = ()

    @property
    def all_texts(self) -> list[str]:
        return [*self.corner, *(text for row in self.regions for _, _, text in row)]


def read_heads(rows: Sequence[Row], width: int) -> Heads:
    """Heads of consecutive rows; a head with blank cells to its right covers them, up to where a head above ends."""
    regions: list[tuple[tuple[int, int, str], ...]] = []
    corner: list[str] = []
    bounds: set[int] = set()
    for row in rows:
        cells = sorted(row.words, key=lambda cell: cell.column)
        corner.extend(_text(cell) for cell in row.labels)
        explicit = any(cell.columns > 1 for cell in cells)
        found: list[tuple[int, int, str]] = []
        for index, cell in enumerate(cells):
            last = cell.column + cell.columns - 1
            if not explicit:
                following = cells[index + 1].column if index + 1 < len(cells) else width
                last = min([following, *(bound for bound in bounds if bound > cell.column)]) - 1
            found.append((cell.column, max(last, cell.column), _text(cell)))
        bounds |= {first for first, _, _ in found}
        regions.append(tuple(found))
    return Heads(regions=tuple(regions), corner=tuple(text for text in corner if text))


def _text(cell: Cell) -> str:
    return " ".join(cell.span.text.split())


def column_texts(heads: Heads, column: int, first: int, last: int) -> tuple[str, ...]:
    """The heads above a column; those above its digits before those above its marks."""
    texts = []
    for row in heads.regions:
        region = next((text for start, end, text in row if start <= column <= end), None)
        if region is None:
            region = next((text for start, end, text in row if start <= last and first <= end), None)
        if region and region not in ("-", "—", "–"):
            texts.append(region)
    return tuple(texts)


def last_basis(texts: Iterable[str]) -> Basis | None:
    """The basis named last: "IFRS adjustments / Amounts as reported under U.S. GAAP" is U.S. GAAP."""
    found = None
    for match in _BASIS.finditer(" ".join(texts)):
        found = match
    if found is None:
        return None
    return {"non": Basis.NON_GAAP, "adjustment": Basis.ADJUSTMENT, "ifrs": Basis.IFRS, "gaap": Basis.US_GAAP}[
        found.lastgroup or "gaap"
    ]


def is_instant_statement(texts: Iterable[str]) -> bool | None:
    """Whether titles, nearest first, name a statement of balances or of flows."""
    for text in texts:
        balance, flow = _BALANCE.search(text) is not None, _FLOW.search(text) is not None
        if balance != flow:
            return balance
    return None


def is_note_title(text: str) -> bool:
    """Whether a label is the title of a numbered note: "4. REVENUE"."""
    return _NOTE_TITLE.match(text) is not None


def section_titles(rows: Sequence[Row]) -> set[int]:
    """Rows inside a table that title a new statement: labels above new heads that name a statement and its day or length."""
    found: set[int] = set()
    run: list[int] = []
    seen = False
    for index, row in enumerate(rows):
        if row.kind is RowKind.LABEL and row.labels:
            run.append(index)
            continue
        if row.kind is RowKind.HEAD and seen and run:
            texts = [" ".join(cell.span.text for cell in rows[at].labels) for at in run]
            at = next((at for at, text in enumerate(texts) if is_instant_statement([text]) is not None), len(run))
            if not any(_DATED.match(text) and read_hint(text).year for text in texts[at + 1 :]):
                at = next((at for at, text in enumerate(texts) if is_note_title(text)), len(run))
            found.update(run[at:])
        seen = seen or row.kind is RowKind.FIGURES
        run = []
    return found


def read_column(texts: tuple[str, ...], around: Sequence[str], context: Context, *, own_lengths: bool = False) -> Column:
    """What the heads of a column say, completed by the texts around the table (nearest first).

    own_lengths   columns of this table state their lengths themselves, so one that states none is of a whole year or an instant
    """
    whole = " ".join(texts)
    own = read_statement(whole)
    marks = [match.group() for match in CURRENCY_MARK.finditer(whole)]
    change = ""
    percent = _PERCENT.search(whole) is not None
    if _CHANGE.search(" ".join(texts[-2:])) is not None:
        change = "growth" if percent else "change"
    hint = read_hint(whole)
    instant = False if hint.months and _LENGTH_ENDED.search(whole) else is_instant_statement(around)
    complete = hint
    for text in around:
        if complete.year is not None and (complete.months is not None or complete.part is not None or complete.start is not None):
            break
        below = read_hint(text)
        if own_lengths and hint.year is not None:
            below = replace(below, months=None, part=None, start=None)
        complete = complete.over(below)
    period = None if change and hint.year is None and not hint.part else resolve(complete, context.fiscal_year, instant=instant)
    return Column(
        texts=texts,
        hint=hint,
        period=period,
        currency=context.currency(marks[-1]) if marks else None,
        basis=last_basis(texts),
        scale=own.money if own is not None else None,
        is_note=bool(texts) and _NOTE.fullmatch(texts[-1]) is not None,
        change=change,
        percent=percent,
    )
