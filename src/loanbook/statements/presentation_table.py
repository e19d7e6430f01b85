"""Tables of a document: which columns a statement has, its rows as text, and the three plain forms they are written in."""

import csv
import html
import io
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace

from loanbook.errors import RequestError
from loanbook.statements import presentation_format
from loanbook.statements.periods import Period
from loanbook.statements.presentation import CNY, USD, Figures
from loanbook.statements.presentation_format import NIL
from loanbook.terms.statement import BASE, Line, Statement, title
from loanbook.units import date, day

_QUARTER_MONTHS = 3
_HEAD_WIDTH = 20
_MONTHS = {3: "Three", 6: "Six", 9: "Nine", 12: "Twelve"}
_PRINTED = re.compile(r"(?P<open>[(-])?(?P<digits>[\d,]+(?:\.\d+)?)\)?")
_CURRENCY = {CNY: "RMB", USD: "USD"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A column of a table: what it shows, and its words."""

    period: Period
    column: str = BASE
    currency: str = CNY
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row: its words, the text of its cells, and the amounts behind them (None: not known, or nothing is printed)."""

    words: str
    code: str
    kind: str
    cells: tuple[str, ...]
    amounts: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of one statement."""

    name: str
    title: str
    heads: tuple[Head, ...]
    rows: tuple[Row, ...]


def blocks(statement: Statement, quarter: Period, *, dollars: bool) -> tuple[tuple[Head, ...], ...]:
    """The tables that a statement takes in a release of a quarter, each as its columns.

    A balance sheet stands against 31 December; flows stand quarter and year to date against the same periods of the year before,
    in one table or (`blocks: separate`) in two; of the first quarter, the year to date, once. US$ is of current periods; a table
    that counts instruments has no currency.
    """
    if quarter.starts_on is None or quarter.months != _QUARTER_MONTHS:
        raise RequestError(f"a release is of a quarter, not of {quarter}.")
    year_start = day(date(quarter.ends_on).replace(month=1, day=1))
    if statement.accumulation == "instant":
        heads = [Head(period=Period(ends_on=year_start - 1)), Head(period=quarter.end)]
        return (_in_words(statement, heads, dollars),)
    spans = [quarter]
    if quarter.starts_on != year_start:
        spans.append(Period(starts_on=year_start, ends_on=quarter.ends_on))
    found = [_in_words(statement, [Head(period=span.a_year_before()), Head(period=span)], dollars) for span in spans]
    return tuple(found) if statement.blocks == "separate" else (tuple(head for block in found for head in block),)


def _in_words(statement: Statement, heads: list[Head], dollars: bool) -> tuple[Head, ...]:
    if all(line.unit == "shares" for line in statement.lines):
        return tuple(Head(period=head.period, words=words_of(head.period, "")) for head in heads)
    made = [Head(period=head.period, words=words_of(head.period, CNY)) for head in heads]
    if dollars:
        made.append(Head(period=heads[-1].period, currency=USD, words=words_of(heads[-1].period, USD)))
    return tuple(made)


def words_of(period: Period, currency: str) -> str:
    """The head of a column: its months or day, and the currency if it has one."""
    end = date(period.ends_on)
    words = f"{end:%B} {end.day}, {end.year}"
    if not period.is_instant:
        words = f"{_MONTHS.get(period.months, str(period.months))} months ended {words}"
    return f"{words} {_CURRENCY[currency]}" if currency else words


def dimension_heads(statement: Statement, period: Period, engine: Figures) -> tuple[Head, ...]:
    """The columns of a table with dimensions, for one period; of a dimension, the members that the amounts have."""
    heads: list[Head] = []
    for column in statement.columns:
        if column.by:
            codes = {line.code for line in statement.lines}
            held = {key[2] for key in engine.amounts if key[0] in codes and key[2].startswith(f"{column.by}=")}
            heads.extend(Head(period=period, column=each, words=each.removeprefix(f"{column.by}=")) for each in sorted(held))
        elif column.shown == "always" or any(key[2] == column.code and amount for key, amount in engine.amounts.items()):
            heads.append(Head(period=period, column=column.code, words=column.title))
    return tuple(heads)


def table(statement: Statement, heads: Sequence[Head], engine: Figures, *, company: str, parts: bool = False) -> Table:
    """A statement's rows over given columns.

    parts   also the parts inside leaves (a condensed statement leaves them away)
    Titles take the words that fit the signs of the row; margins have no US$; a line shown unless nil goes when it is.
    """
    rows: list[Row] = []
    for line in statement.lines:
        defined = engine.statements.lines.get(line.code, line)
        if line.kind == "heading":
            rows.append(Row(words=title(line.title, (), company), code="", kind="heading", cells=("",) * len(heads), amounts=()))
            continue
        shown = defined.shown
        if shown == "never" or (defined.kind == "part" and line.kind != "link" and not parts):
            continue
        amounts = tuple(_amount(defined, head, engine) for head in heads)
        if shown == "unless_nil" and not any(amounts):
            continue
        cells = tuple(presentation_format.cell(amount, defined.unit, statement.nil) for amount in amounts)
        words = title(line.title or defined.title, amounts, company)
        rows.append(Row(words=words, code=line.code, kind=defined.kind, cells=cells, amounts=amounts))
    named = tuple(replace(head, words=title(head.words, (), company)) for head in heads)
    return Table(name=statement.name, title=title(statement.title, (), company), heads=named, rows=tuple(rows))


def _amount(line: Line, head: Head, engine: Figures) -> int | None:
    if line.kind == "ratio" and head.currency == USD:
        return None
    return engine.value(line.code, head.period, head.column, head.currency)


def to_text(made: Table) -> str:
    """A table in plain text: words to the left, figures to the right, heads in as many lines as they need."""
    wrapped = [textwrap.wrap(head.words, _HEAD_WIDTH) for head in made.heads]
    height = max((len(words) for words in wrapped), default=0)
    above = [("", *(words[place] if place < len(words) else "" for words in wrapped)) for place in range(height)]
    grid = [*above, *((row.words, *row.cells) for row in made.rows)]
    widths = [max(len(row[place]) for row in grid) for place in range(len(made.heads) + 1)]
    lines = [made.title, ""]
    for row in grid:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + "\n"


def to_csv(made: Table) -> str:
    """A table as CSV: code, words, then one column a head; figures as rounded for print, as plain numbers, 0 for nil."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["line", "title", *(head.words for head in made.heads)])
    writer.writerows([row.code, row.words, *map(_plain, row.cells)] for row in made.rows)
    return out.getvalue()


def _plain(cell: str) -> str:
    """A printed figure as a number: no commas, a minus for parentheses, 0 for nil; any other text as it stands."""
    if cell == NIL:
        return "0"
    found = _PRINTED.fullmatch(cell)
    if found is None:
        return cell
    return ("-" if found["open"] else "") + found["digits"].replace(",", "")


def to_html(made: Table) -> str:
    """A table as HTML without style; rows carry their kind as class, a leaf that is set in capitals that of a total."""
    heads = "".join(f'<th scope="col">{_broken(head.words)}</th>' for head in made.heads)
    rows = "".join(
        f'<tr class="{"total" if row.words.isupper() and row.kind == "leaf" else row.kind}">'
        f'<th scope="row">{html.escape(row.words)}</th>'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in row.cells)
        + "</tr>\n"
        for row in made.rows
    )
    caption = html.escape(made.title)
    return f"<table>\n<caption>{caption}</caption>\n<thead><tr><td></td>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n"


def _broken(words: str) -> str:
    """The head of a column with its currency on a line of its own, so that heads of neighbours stand alike."""
    when, _, last = words.rpartition(" ")
    return f"{html.escape(when)}<br>{last}" if when and last in _CURRENCY.values() else html.escape(words)
