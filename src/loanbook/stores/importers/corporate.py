"""Corporate events from CSV and YAML files: ledgers of operating costs, equity, debt, tax, opening balances, manual entries.

A CSV names columns as `accounting/corporate_events.py` does, money without `_fen` and in whole units of currency (1234.56). The
kind stands in a column `kind`, or is given for the whole file. A YAML file is a list of events with the same names. Bad rows are
set aside with place, reason and value; nothing of them is half taken. Rows seen before are skipped.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook.accounting.corporate_events import BY_NAME, columns
from loanbook.accounting.corporate_kind import CorporateKind
from loanbook.accounting.corporate_reversals import REVERSED, standing
from loanbook.errors import RequestError, TieError
from loanbook.events import Column, Type
from loanbook.stores.importers.borrowings import OF_DEBT, Borrowings
from loanbook.stores.importers.conversion import FAULTS, FILE, ROW
from loanbook.stores.importers.corporate_sheet import Sheet, head_of, read_sheet
from loanbook.stores.importers.dates import days
from loanbook.stores.importers.mapping import Rule
from loanbook.stores.importers.numbers import Converted, Fault, integers
from loanbook.stores.importers.reversals import Reversals
from loanbook.stores.importers.values import text_column
from loanbook.stores.schema import ARROW_TYPES
from loanbook.terms.currency import EXPECTED, currencies, meant
from loanbook.units import Ints, format_money

_DIGITS = {Type.MONEY: 2, Type.RATE: 12, Type.INTEGER: 0}
_PER_MILLION = "_per_million_fen"
_MORE_DIGITS = 6
_NO_MARKS = ", without separators and signs"
_CURRENCIES = ("currency", "to_currency")
_GIVEN_BY_READER = ("recorded_at", "source")
_JOIN = "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Rows, and the total of `amount_fen` by currency; a row whose amount cannot be read counts in rows alone."""

    rows: int
    amounts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorporateReading:
    """What a file came to: given = accepted + skipped + quarantined, in rows and in money.

    tables   accepted events by kind, columns as `corporate_events.columns`
    faults   one line a fault, `conversion.FAULTS`; `row` is the line of the file
    """

    file: str
    tables: Mapping[str, pa.Table]
    faults: pa.Table
    given: Control
    accepted: Control
    skipped: Control
    quarantined: Control


def arrow_schema(kind: CorporateKind) -> pa.Schema:
    """The Arrow schema of a kind's table."""
    return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in columns(kind)])


def contents(kind: str, table: pa.Table) -> pa.Table:
    """What each event of a table says, (event_id, said): all but how it was delivered. Equal texts are the same fact."""
    names = [name for name in table.column_names if name not in ("event_id", *_GIVEN_BY_READER)]
    parts = [pc.fill_null(table[name].cast(pa.string()), "") for name in names]
    return pa.table({"event_id": table["event_id"], "said": pc.binary_join_element_wise(kind, *parts, _JOIN)})


def read_corporate(
    file: Path | Sheet,
    *,
    recorded_at: dt.datetime,
    kind: str | None = None,
    known: pa.Table | None = None,
    entities: Collection[str] = (),
    accounts: Collection[str] = (),
    held: Mapping[str, pa.Table] | None = None,
    opened: bool = True,
) -> CorporateReading:
    """Read, convert and judge a file.

    file          its path, or the sheet that was read of it
    recorded_at   when its events are learned of, with a time zone
    kind          of all rows, where the file has no column `kind`
    known         what the book holds already: `contents` of its tables
    entities      the entities there are; empty: any
    accounts      the accounts there are; empty: any
    held          the tables of the book: rows of borrowings and reversals must agree with them and with each other; None: not
                  judged
    opened        whether a period of its ledger is closed: then its openings stand
    raises        RequestError for what makes the whole file unreadable; TieError should totals not agree
    """
    sheet = file if isinstance(file, Sheet) else read_sheet(file)
    if kind is not None and kind not in BY_NAME:
        raise RequestError(f"{kind!r} is no kind of corporate event; kinds are {', '.join(BY_NAME)}.")
    if kind is None and "kind" not in sheet.cells:
        raise RequestError(f"{sheet.file}: there is no column kind. Add one, or say of which kind all rows are.")
    size = len(sheet.lines)
    named = sheet.cells["kind"] if "kind" in sheet.cells else pa.nulls(size, pa.string())
    coded = pc.fill_null(named, kind or "").dictionary_encode()
    limits = {"entity": entities, "account": accounts, "debit": accounts, "credit": accounts}
    judged = _Judging(sheet=sheet, recorded_at=recorded_at, limits=limits)
    for code, name in enumerate(coded.dictionary.to_pylist()):
        rows = np.flatnonzero(np.asarray(coded.indices) == code)
        if name in BY_NAME:
            judged.convert(BY_NAME[name], rows)
        else:
            strange = Fault(bad=np.ones(len(rows), bool), message="is no kind of event", expected="one of " + ", ".join(BY_NAME))
            judged.add(rows, "", "kind", strange)
    return judged.finish(known, held, opened=opened)


class _Judging:
    """Rows of a sheet as they are converted: tables by kind, faults, and which rows are bad."""

    def __init__(self, *, sheet: Sheet, recorded_at: dt.datetime, limits: Mapping[str, Collection[str]]) -> None:
        self._sheet = sheet
        self._recorded_at = recorded_at
        self._limits = limits
        self._bad = np.zeros(len(sheet.lines), bool)
        self._faults: list[pa.Table] = []
        self._made: list[tuple[CorporateKind, Ints, pa.Table]] = []

    def cells(self, head: str, rows: Ints) -> pa.Array:
        """Cells of one heading; null where the file does not have it."""
        column = self._sheet.cells.get(head)
        if column is None:
            return pa.nulls(len(rows), pa.string())
        return column if len(rows) == len(column) else column.take(pa.array(rows))

    def add(self, rows: Ints, kind: str, column: str, fault: Fault) -> None:
        """Note a fault of some rows of the sheet; `fault.bad` is over `rows`."""
        wrong = rows[fault.bad]
        if not len(wrong):
            return
        values = pc.fill_null(self.cells(head_of(column), wrong), "")
        self._faults.append(
            _fault_table(self._sheet.file, self._sheet.lines[wrong], kind, head_of(column), values, fault.message, fault.expected)
        )
        self._bad[wrong] = True

    def convert(self, kind: CorporateKind, rows: Ints) -> None:
        """Make the table of a kind from rows of the sheet."""
        lines = pa.array(self._sheet.lines[rows]).cast(pa.string())
        made: dict[str, Any] = {
            "recorded_at": pa.repeat(pa.scalar(self._recorded_at, ARROW_TYPES[Type.MOMENT]), len(rows)),
            "source": pc.binary_join_element_wise(self._sheet.file, lines, ":"),
        }
        for column in columns(kind):
            if column.name not in _GIVEN_BY_READER:
                source = self.cells(head_of(column.name), rows)
                converted = _converted(source, column)
                made[column.name] = converted.values
                for fault in (*converted.faults, *_broken(source, converted.values, column, kind, self._limits)):
                    self.add(rows, kind.name, column.name, fault)
        own = {"kind", *(head_of(column.name) for column in columns(kind))}
        for head in self._sheet.cells.keys() - own:
            filled = np.asarray(self.cells(head, rows).is_valid())
            self.add(rows, kind.name, head, Fault(bad=filled, message=f"is no column of {kind.name}", expected="nothing here"))
        for first, second in kind.differ:
            same = np.asarray(pc.fill_null(pc.equal(made[first], made[second]), False))
            self.add(
                rows, kind.name, second, Fault(bad=same, message=f"is the same as {first}", expected=f"another than {first}")
            )
        for first, second in kind.ordered:
            early = np.asarray(pc.fill_null(pc.less(made[second], made[first]), False))
            self.add(rows, kind.name, second, Fault(bad=early, message=f"is before {first}", expected=f"{first} or later"))
        schema = arrow_schema(kind)
        self._made.append((kind, rows, pa.table([made[name] for name in schema.names], schema=schema)))

    def finish(self, known: pa.Table | None, held: Mapping[str, pa.Table] | None, *, opened: bool) -> CorporateReading:
        """Skip what is known, refuse ids of two contents and borrowings that contradict others, and prove the totals."""
        skip = np.zeros(len(self._bad), bool)
        for kind, rows, known_before, twice in self._met_before(known):
            skip[rows] = known_before
            fault = Fault(bad=twice, message="is used with other content", expected="an id of its own")
            self.add(rows, kind.name, "event_id", fault)
        if held is not None:
            self._judge_reversals(held, ~self._bad & ~skip, opened=opened)
            self._judge_borrowings(standing(held), ~self._bad & ~skip)
        kept = ~self._bad & ~skip
        tables = {kind.name: table.filter(pa.array(kept[rows])) for kind, rows, table in self._made if kept[rows].any()}
        return self._proven(tables, skip)

    def _met_before(self, known: pa.Table | None) -> list[tuple[CorporateKind, Ints, Ints, Ints]]:
        """Of each kind's rows, which are told already, in the book or further up, and which use an id of another content."""
        good = [(kind, rows[~self._bad[rows]], table.filter(pa.array(~self._bad[rows]))) for kind, rows, table in self._made]
        places = np.concatenate([np.zeros(0, np.int64), *(rows for _, rows, _ in good)])
        before = known["event_id"] if known is not None else pa.chunked_array([], pa.string())
        ids = _codes([before, *(table["event_id"] for _, _, table in good)])
        again = np.bincount(ids, minlength=1)[ids] > 1
        met, other = np.zeros(len(self._bad), bool), np.zeros(len(self._bad), bool)
        if again.any():
            # What is told is compared where an id comes more than once: known first, then in the order of the file's lines.
            ends = len(before) + np.cumsum([0, *(len(rows) for _, rows, _ in good)])
            chosen = [pa.array(again[start:end]) for start, end in pairwise((0, *ends.tolist()))]
            parts = [contents(kind.name, table.filter(which)) for (kind, _, table), which in zip(good, chosen[1:], strict=True)]
            said = _codes([*([known["said"].filter(chosen[0])] if known is not None else []), *(part["said"] for part in parts)])
            rows = np.concatenate([np.full(len(before), -1), places])[again]
            order = np.argsort(rows, kind="stable")
            first = np.zeros(len(ids), np.int64)
            first[ids[again][order[::-1]]] = order[::-1]
            reference = first[ids[again]]
            new = rows >= 0
            same = said == said[reference]
            met[rows[new]] = (same & (reference != np.arange(len(rows))))[new]
            other[rows[new]] = ~same[new]
        return [(kind, rows, met[rows], other[rows]) for kind, rows, _ in self._made]

    def _judge_reversals(self, held: Mapping[str, pa.Table], new: Ints, *, opened: bool) -> None:
        found = [(row, told) for _, row, told in self._told((REVERSED,), new)]
        for row, (column, message, expected) in list(Reversals(held, opened=opened).refused(found)) if found else ():
            self.add(np.array([row]), REVERSED, column, Fault(bad=np.ones(1, bool), message=message, expected=expected))

    def _judge_borrowings(self, held: Mapping[str, pa.Table], new: Ints) -> None:
        found = [(row, name, told) for name, row, told in self._told(OF_DEBT, new)]
        for row, name, (column, message, expected) in list(Borrowings(held).refused(found)):
            self.add(np.array([row]), name, column, Fault(bad=np.ones(1, bool), message=message, expected=expected))

    def _told(self, kinds: Collection[str], new: Ints) -> list[tuple[str, int, Mapping[str, Any]]]:
        """Kind, row and content of the new events of a few kinds: those of which a company has few."""
        return [
            (kind.name, row, told)
            for kind, rows, table in self._made
            if kind.name in kinds
            for row, told in zip(rows[new[rows]].tolist(), table.filter(pa.array(new[rows])).to_pylist(), strict=True)
        ]

    def _proven(self, tables: Mapping[str, pa.Table], skip: Ints) -> CorporateReading:
        every = np.arange(len(self._bad))
        source = self.cells("amount", every)
        amounts = integers(source, Rule(place="", name="amount"), _DIGITS[Type.MONEY], exact=True).values
        currencies = pc.fill_null(self.cells("currency", every), "")

        def control(which: Ints, more: int = 0) -> Control:
            told = pc.and_(pa.array(which), amounts.is_valid())
            return Control(rows=int(which.sum()) + more, amounts=_sums(currencies.filter(told), amounts.filter(told)))

        taken = _added(
            _sums(table["currency"], pc.fill_null(table["amount_fen"], 0))
            for table in tables.values()
            if "amount_fen" in table.column_names
        )
        accepted = Control(rows=sum(table.num_rows for table in tables.values()), amounts=taken)
        misfits = len(self._sheet.misfits)
        given, skipped, bad = control(np.ones(len(every), bool), misfits), control(skip), control(self._bad, misfits)
        parts = (accepted, skipped, bad)
        for currency, total in given.amounts.items():
            found = sum(part.amounts.get(currency, 0) for part in parts)
            if found != total or sum(part.rows for part in parts) != given.rows:
                raise TieError(f"{self._sheet.file}: {currency} {total:,} fen were given and {found:,} sorted; nothing is taken.")
        wide = [_fault_table(self._sheet.file, [line], None, None, [shown], why, "") for line, shown, why in self._sheet.misfits]
        told = pa.concat_tables([FAULTS.empty_table(), *wide, *self._faults])
        order = np.argsort(np.asarray(told[ROW]), kind="stable")
        return CorporateReading(
            file=self._sheet.file,
            tables=tables,
            faults=told.take(pa.array(order)).combine_chunks(),
            given=given,
            accepted=accepted,
            skipped=skipped,
            quarantined=bad,
        )


def _codes(columns: Sequence[Any]) -> Ints:
    """The same number for the same text of several columns, one after the other."""
    chunks = [chunk for column in columns for chunk in column.chunks]
    encoded = pa.chunked_array(chunks, pa.string()).combine_chunks().dictionary_encode()
    return np.asarray(encoded.indices)


def _sums(names: Any, amounts: Any) -> dict[str, int]:
    """Totals by name, exact: rows that are set aside may hold more than 64 bits add up to."""
    table = pa.table({"name": names, "amount": amounts.cast(pa.decimal128(38, 0))})
    summed = table.group_by("name").aggregate([("amount", "sum")])
    return {name: int(total) for name, total in zip(summed["name"].to_pylist(), summed["amount_sum"].to_pylist(), strict=True)}


def _added(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total.get(name, 0) + amount
    return total


def _fault_table(
    file: str, lines: Any, kind: str | None, column: str | None, values: Any, reason: str, expected: str
) -> pa.Table:
    said = {FILE: file, "event": kind, "column": column, "reason": reason, "expected": expected}
    found = {ROW: pa.array(lines, pa.int64()), "value": values}
    return pa.table(
        [found[name] if name in found else pa.repeat(pa.scalar(said[name], pa.string()), len(lines)) for name in FAULTS.names],
        schema=FAULTS,
    )


def _written(column: Column, value: int) -> str:
    """A limit of a column as its file writes it: money in whole units, a rate as a fraction."""
    digits = _digits(column)
    return format_money(value, digits).rstrip("0").rstrip(".") if digits > _DIGITS[Type.MONEY] else format_money(value, digits)


def _digits(column: Column) -> int:
    return _DIGITS.get(column.type, 0) + (_MORE_DIGITS if column.name.endswith(_PER_MILLION) else 0)


def _unmapped(fault: Fault) -> Fault:
    """A fault without the advice to set something in a mapping: a company's file has none."""
    return replace(fault, expected=fault.expected.partition("; where ")[0] + _NO_MARKS) if "; where " in fault.expected else fault


def _converted(source: Any, column: Column) -> Converted:
    rule = Rule(place="", name=column.name, formats=("YYYY-MM-DD",))
    if column.type is Type.TEXT:
        return text_column(source, rule)
    if column.type is Type.DATE:
        return days(source, rule)
    made = integers(source, rule, _digits(column), exact=True)
    return replace(made, faults=tuple(_unmapped(fault) for fault in made.faults))


def _broken(source: Any, values: Any, column: Column, kind: CorporateKind, limits: Mapping[str, Collection[str]]) -> list[Fault]:
    """What is wrong with values that could be read: missing, too small, not one of the words, not known."""
    found = []
    if column.required:
        found.append(Fault(bad=np.asarray(source.is_null()), message="is missing", expected=column.text))
    if column.least is not None:
        small = np.asarray(pc.fill_null(pc.less(values, column.least), False))
        found.append(Fault(bad=small, message="is too small", expected=f"at least {_written(column, column.least)}"))
    if column.most is not None:
        large = np.asarray(pc.fill_null(pc.greater(pc.abs(values), column.most), False))
        found.append(
            Fault(bad=large, message="is larger than any company's money", expected=f"at most {_written(column, column.most)}")
        )
    if column.name in _CURRENCIES:
        found += _strange(values)
    words = dict(kind.words).get(column.name) or tuple(limits.get(column.name, ()))
    if column.name == "counterparty" and kind.differ:
        words = tuple(limits.get("entity", ()))
    if words:
        strange = np.asarray(pc.and_not(values.is_valid(), pc.is_in(values, pa.array(words, pa.string()))))
        found.append(Fault(bad=strange, message="is not known", expected="one of " + ", ".join(words)))
    return [fault for fault in found if fault.bad.any()]


def _strange(values: Any) -> list[Fault]:
    """Codes that are no currency, one fault for each of them that says what is meant."""
    strange = pc.and_not(values.is_valid(), pc.is_in(values, pa.array(list(currencies()), pa.string())))
    codes = pc.unique(values.filter(strange)).to_pylist()
    hints = {code: f"{EXPECTED}; write {meant(code)}" if meant(code) else EXPECTED for code in codes}
    return [
        Fault(
            bad=np.asarray(pc.fill_null(pc.is_in(values, pa.array([code for code in codes if hints[code] == hint])), False)),
            message="is no currency of ISO 4217",
            expected=hint,
        )
        for hint in dict.fromkeys(hints.values())
    ]
