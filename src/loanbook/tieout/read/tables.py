"""Figures of a table: every value with the label of its row and the facts of its column."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise, takewhile

from loanbook.tieout.document import Cell, Table
from loanbook.tieout.figure import Basis, Damage, Figure, Numeral, NumeralKind, Period, Place, Unit
from loanbook.tieout.read.calendar import read_hint
from loanbook.tieout.read.changes import with_changes_in_percent
from loanbook.tieout.read.company import amid_amounts
from loanbook.tieout.read.context import Context
from loanbook.tieout.read.grid import Row, RowKind, Value
from loanbook.tieout.read.head import (
    Column,
    Heads,
    column_texts,
    is_instant_statement,
    is_note_title,
    last_basis,
    read_column,
    read_heads,
    section_titles,
)
from loanbook.tieout.read.lexicon import HUNDREDTH
from loanbook.tieout.read.naming import figure_id
from loanbook.tieout.read.number import digits_value
from loanbook.tieout.read.rows import Groups, RowHead, clean_label, group_level, is_wrapped_label, read_row, row_label
from loanbook.tieout.read.scale import Statement, read_statement
from loanbook.tieout.read.turned import Turned, turned

_PERCENT_MARKS = ("%", "％", "per cent", "percent")
_UNIT_MARKS = {
    "x": Unit.RATIO,
    "X": Unit.RATIO,
    "times": Unit.RATIO,
    "倍": Unit.RATIO,
    "days": Unit.DAYS,
    "months": Unit.MONTHS,
    "years": Unit.YEARS,
}
_WITH_CURRENCY = (Unit.MONEY, Unit.PER_SHARE, Unit.PER_ADS)
_FEWEST = 12
"""So many figures without one label are a table that lost its labels."""
_THREE_DECIMALS = re.compile(r"\d{1,3}[.,]\d{3}")


@dataclass(slots=True)
class TableReading:
    """What a table gave."""

    figures: list[Figure]
    numerals: list[Numeral]
    damages: list[Damage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What stands around a table.

    path       headings above it, outermost first
    around     caption and headings, nearest first
    statement  scale and currency that hold where the table states none: its caption's, else the table's before
    """

    path: tuple[str, ...]
    around: tuple[str, ...]
    statement: Statement | None


def table_statement(rows: Sequence[Row], caption: Sequence[str]) -> Statement | None:
    """The statement of scale in the heads of a table or in its caption, nearest first."""
    heads = [cell.span.text for row in rows if row.kind is RowKind.HEAD for cell in row.cells if len(cell.span.text) < 300]
    heads += [row_label(row) for row in rows[:4] if row.kind is RowKind.LABEL]
    found = None
    for text in (*heads, *reversed(caption)):
        statement = read_statement(text)
        if statement is not None and (
            statement.money is not None or (found is None and re.match(r"\W*(?:in\s)?\W*\S+\W*$", text) is None)
        ):
            if statement.money is not None:
                return statement if statement.currencies or found is None else replace(statement, currencies=found.currencies)
            found = statement
    return found


def read_table(table: Table, rows: Sequence[Row], surroundings: Surroundings, context: Context) -> TableReading:
    """Figures, other numerals and damages of one table."""
    return _Reader(table, rows, surroundings, context).read()


class _Reader:
    """One pass over the rows of a table."""

    def __init__(self, table: Table, rows: Sequence[Row], surroundings: Surroundings, context: Context) -> None:
        self.rows = rows
        self.context = context
        self.surroundings = surroundings
        self.statement = surroundings.statement
        self.width = max(cell.column + cell.columns for cell in table.cells)
        values = [value for row in rows for value in row.values]
        self.extents = _extents(values)
        self.titles: list[str] = []
        self.heads = Heads()
        self.turned: Turned | None = None
        self.columns: dict[int, Column] = {}
        self.reading = TableReading([], [], [])
        self.steps = Counter[Decimal]()

    def read(self) -> TableReading:
        groups = Groups()
        head_rows: list[Row] = []
        wrapped = ""
        in_money = self.statement is not None and bool(self.statement.money or self.statement.currencies)
        amounts = amid_amounts(self.rows, self.surroundings.around) if in_money else frozenset()
        titles = section_titles(self.rows)
        for index, row in enumerate(self.rows):
            following = self.rows[index + 1] if index + 1 < len(self.rows) else None
            if index in titles:
                text = row_label(row)
                goes_on = index - 1 in titles or (is_note_title(text) and is_instant_statement([text]) is not False)
                self.titles = [*(self.titles if goes_on else []), text]
                head_rows, groups, wrapped = [], Groups(), ""
                continue
            if row.kind is RowKind.HEAD:
                head_rows.append(row)
                continue
            if row.kind is RowKind.LABEL and head_rows and following is not None and following.kind is RowKind.HEAD:
                head_rows.append(row)
                continue
            if head_rows:
                self._begin_section(head_rows, index)
                head_rows = []
            elif not self.columns:
                self._begin_section([], index)
            if row.kind is RowKind.DAMAGED:
                self._damaged(row)
            elif row.kind is RowKind.LABEL:
                text = row_label(row)
                if is_wrapped_label(row, following):
                    wrapped = f"{wrapped} {text}".strip()
                else:
                    groups.add(clean_label(f"{wrapped} {text}".strip()), group_level(row, text))
                    wrapped = ""
            elif row.kind is RowKind.FIGURES:
                label = clean_label(f"{wrapped} {row_label(row)}".strip())
                wrapped = ""
                head = read_row(label, groups)
                if all(self.columns[value.cell.column].is_note for value in row.values):
                    groups.add(label, group_level(row, label))
                self._figures(row, replace(head, unit=None) if head.is_weak and index in amounts else head)
        _read_as_grouped(self.reading.figures)
        self.reading.figures = with_changes_in_percent(self.reading.figures)
        self._without_labels()
        return self.reading

    def _without_labels(self) -> None:
        """A table that lost its labels, and whose heads name no period, is of no period that could be told."""
        figures = self.reading.figures
        if (
            len(figures) < _FEWEST
            or any(figure.label for figure in figures)
            or any(column.hint for column in self.columns.values())
        ):
            return
        self.reading.figures = [replace(figure, period=None) for figure in figures]
        message = f"{len(figures)} figures stand in rows without labels, under heads without a period; neither can be told"
        self.reading.damages.append(Damage(place=figures[0].place, message=message))

    def _begin_section(self, rows: list[Row], first: int) -> None:
        """New heads; where they say no period or currency, what the heads above said goes on."""
        before = self.columns
        self.heads = read_heads(rows, self.width)
        around = (*self.heads.corner, *(reversed(self.titles) if self.titles else self.surroundings.around))
        heads = {}
        for column, extent in self.extents.items():
            heads[column] = column_texts(self.heads, column, *extent)
        lengths = any(hint.part or hint.months for hint in map(read_hint, map(" ".join, heads.values())))
        columns = {column: read_column(texts, around, self.context, own_lengths=lengths) for column, texts in heads.items()}
        if before and not any(column.hint for column in columns.values()):
            columns = {
                key: replace(old, texts=(*old.texts, *columns[key].texts), currency=columns[key].currency or old.currency)
                for key, old in before.items()
            }
        section = list(takewhile(lambda row: row.kind is not RowKind.HEAD, self.rows[first:]))
        self.turned = turned(section, columns, self.heads.corner, around[len(self.heads.corner) :], self.context)
        self.columns = _completed(columns, self.heads)

    def _figures(self, row: Row, head: RowHead) -> None:
        for value in row.values:
            column = self.columns[value.cell.column]
            if self.turned is not None:
                head, column = self.turned.at(value.cell.column, clean_label(row_label(row)))
            place = self._place(value)
            if column.is_note:
                self.reading.numerals.append(Numeral(kind=NumeralKind.FOOTNOTE, place=place, text=value.text))
                continue
            read = self._figure(value, head, column, place)
            if isinstance(read, Figure):
                self.reading.figures.append(read)
                if read.unit is Unit.MONEY and not read.dash:
                    self.steps[read.step] += 1
            else:
                self.reading.numerals.append(read)

    def _place(self, value: Value) -> Place:
        return value.cell.span.at(value.number.start, value.number.end)

    def _figure(self, value: Value, head: RowHead, column: Column, place: Place) -> Figure | Numeral:
        number = value.number
        if number.is_dash:
            amount, step = Decimal(0), Decimal(1)
        else:
            parsed = digits_value(number.digits.strip(), self.context.mark) or digits_value(
                number.digits.strip(), "," if self.context.mark == "." else "."
            )
            if parsed is None:
                return Numeral(kind=NumeralKind.DAMAGED, place=place, text=value.text)
            amount, step = parsed
        unit = self._unit(value, head, column, step)
        scale = self._scale(unit, head, column)
        currency = None
        if unit in _WITH_CURRENCY:
            currency = self.context.currency(number.currency) if number.currency else column.currency or self._table_currency()
        basis = last_basis([head.label]) if head.label else None
        basis = basis if basis is Basis.NON_GAAP else column.basis or self.context.basis
        period = _at_moment(column.period, head)
        label = head.label
        return Figure(
            id=figure_id(place, value.text),
            key="",
            place=place,
            text=value.text,
            value=-amount if number.negative and amount else amount,
            step=step,
            unit=unit,
            scale=scale,
            dash=number.is_dash,
            exact=unit in (Unit.COUNT, Unit.PEOPLE) and step == 1 and scale == 1,
            currency=currency,
            basis=basis,
            period=period,
            label=label,
            path=(*(self.titles or self.surroundings.path), *head.path),
            column=column.texts,
            role=_change_role(column, head, unit),
        )

    def _unit(self, value: Value, head: RowHead, column: Column, step: Decimal) -> Unit:
        mark = value.number.unit
        if mark in _PERCENT_MARKS:
            return Unit.PERCENT
        if mark.lower().startswith(("pp", "p.p", "percentage", "pt")):
            return Unit.POINTS
        if mark.lower().startswith(("bp", "basis")):
            return Unit.BASIS_POINTS
        if mark in _UNIT_MARKS:
            return _UNIT_MARKS[mark]
        if column.percent and not (column.currency and not column.change):
            return Unit.PERCENT
        if head.unit is not None and not (value.number.currency and head.unit not in _WITH_CURRENCY):
            return head.unit
        if (
            head.is_rate
            and step < 1
            and not value.number.currency
            and not value.number.is_dash
            and not self._decimals_are_usual(step)
        ):
            return Unit.PERCENT
        if head.group_unit is not None and step < 1 and not self._decimals_are_usual(step):
            return head.group_unit
        if value.number.currency or column.currency or column.scale or self.statement is not None or self.context.main_currency:
            return Unit.MONEY
        return Unit.UNKNOWN

    def _decimals_are_usual(self, step: Decimal) -> bool:
        """Whether the amounts of this table are displayed with such decimals anyway."""
        return self.steps[step] * 2 > self.steps.total()

    def _scale(self, unit: Unit, head: RowHead, column: Column) -> Decimal:
        if unit in (Unit.PER_SHARE, Unit.PER_ADS) and head.scale == HUNDREDTH:
            return HUNDREDTH
        if unit in (Unit.MONEY, Unit.SHARES, Unit.ADS, Unit.COUNT, Unit.PEOPLE, Unit.UNKNOWN) and head.scale is not None:
            return head.scale
        if unit in (Unit.SHARES, Unit.ADS):
            return self.statement.shares if self.statement is not None else self.context.shares
        if unit is not Unit.MONEY:
            return Decimal(1)
        if column.scale is not None:
            return column.scale
        if self.statement is not None and self.statement.money is not None:
            return self.statement.money
        return self.context.scale or Decimal(1)

    def _table_currency(self) -> str | None:
        if self.statement is not None and self.statement.currencies:
            return self.context.currency(self.statement.currencies[0])
        return self.context.main_currency

    def _damaged(self, row: Row) -> None:
        cells: list[Cell] = [*row.cells, *(value.cell for value in row.values)]
        place = cells[0].span.place
        self.reading.damages.append(
            Damage(place=place, message="several figures run together in one cell: the row cannot be read as a row of this table")
        )
        for cell in cells:
            for match in re.finditer(r"\(?\d[\d.,]*\d\)?|\d", cell.span.text):
                self.reading.numerals.append(
                    Numeral(kind=NumeralKind.DAMAGED, place=cell.span.at(match.start(), match.end()), text=match.group())
                )


def _change_role(column: Column, head: RowHead, unit: Unit) -> str:
    """Growth is a per cent of an amount; what a rate changes by, or an amount, is a change."""
    if not column.change:
        return ""
    return "growth" if unit is Unit.PERCENT and not head.is_rate and head.unit is not Unit.PERCENT else "change"


def _extents(values: Sequence[Value]) -> dict[int, tuple[int, int]]:
    """For each column with figures, the columns that they and their marks take."""
    extents: dict[int, tuple[int, int]] = {}
    for value in values:
        first, last = extents.get(value.cell.column, (value.first, value.last))
        extents[value.cell.column] = (min(first, value.first), max(last, value.last))
    return dict(sorted(extents.items()))


def _completed(columns: dict[int, Column], heads: Heads) -> dict[int, Column]:
    """What columns say about each other.

    One without a period takes the one that all others share; a change takes the latest of the columns before it. What stands
    between the columns of two sets of rules, and names none, are the adjustments from one to the other.
    """
    columns = {key: replace(column, period=None) if column.is_note else column for key, column in columns.items()}
    periods = {column.period for column in columns.values() if column.period is not None and not column.change}
    shared = next(iter(periods)) if len(periods) == 1 else None
    if not periods and heads.regions:
        shared = read_column((" ".join(heads.all_texts),), (), Context()).period
    group: list[Period] = []
    between = _between_rules(columns)
    completed: dict[int, Column] = {}
    for key, column in columns.items():
        if column.change:
            column = replace(column, period=column.period or (max(group, key=lambda period: period.end) if group else shared))
        elif column.period is None and not column.is_note:
            column = replace(column, period=shared)
        elif column.period is not None:
            after_change = bool(completed) and bool(next(reversed(completed.values())).change)
            group = [column.period] if after_change else [*group, column.period]
        completed[key] = replace(column, basis=Basis.ADJUSTMENT) if key in between else column
    return completed


def _between_rules(columns: dict[int, Column]) -> set[int]:
    """Columns without rules of their own between one of US GAAP and one of IFRS, or of GAAP and of non-GAAP."""
    rules = [
        (key, column.basis) for key, column in columns.items() if column.basis in (Basis.US_GAAP, Basis.IFRS, Basis.NON_GAAP)
    ]
    between: set[int] = set()
    for (first, one), (last, other) in pairwise(rules):
        if one is not other:
            between |= {key for key in columns if first < key < last and columns[key].basis is None}
    return between


def _at_moment(period: Period | None, head: RowHead) -> Period | None:
    """A balance in a table of flows: at the start of the period the day before it, at its end the last day."""
    if period is None or period.start is None:
        return period
    if head.moment:
        return Period(end=period.end if head.moment == "end" else period.start - dt.timedelta(days=1))
    if head.day is None:
        return period
    year, month, day = head.day
    before = period.start - dt.timedelta(days=1)
    for end, days in ((period.end, (period.end,)), (before, (before, period.start))):
        if any((each.month, each.day) == (month, day) and year in (None, each.year) for each in days):
            return Period(end=end)
    return period


def _read_as_grouped(figures: list[Figure]) -> None:
    """`688.843` among whole thousands is a grouped 688,843 that the copy damaged."""
    whole = sum(figure.step == 1 for figure in figures if figure.unit is Unit.MONEY and not figure.dash)
    for index, figure in enumerate(figures):
        if figure.unit is Unit.MONEY and figure.step == Decimal("0.001") and whole > 8 and _THREE_DECIMALS.search(figure.text):
            figures[index] = replace(figure, value=figure.value * 1000, step=Decimal(1))
