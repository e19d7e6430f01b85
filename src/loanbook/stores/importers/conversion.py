"""A batch of source rows to events: every kind of the tape, the faults, and which rows are bad.

A source row stands or falls as a whole: one fault in one of its events quarantines the row, so nothing of it is half imported.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook.events import columns
from loanbook.stores.importers.binding import Binding, source_columns
from loanbook.stores.importers.features import features_json
from loanbook.stores.importers.mapping import Condition, EventRule, Rule, Tape, Unit
from loanbook.stores.importers.numbers import Converted, Fault, integers
from loanbook.stores.importers.values import Rows, make_column, text_column
from loanbook.stores.schema import arrow_schema
from loanbook.units import Ints

ROW, FILE = "row", "file"
FAULTS = pa.schema(
    [
        pa.field(FILE, pa.string()),
        pa.field(ROW, pa.int64()),
        pa.field("event", pa.string()),
        pa.field("column", pa.string()),
        pa.field("value", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("expected", pa.string()),
    ]
)
"""One line a fault: where, which event column, what stands there, what is wrong, what should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBatch:
    """Rows as a file gives them: Arrow arrays by column, and each row's number in the file (the header is row 1)."""

    columns: Mapping[str, Any]
    rows: Ints


@dataclass(slots=True, kw_only=True)
class FileState:
    """What is decided once a file: its shown name, and how its rate columns are written."""

    file: str
    units: dict[str, Unit] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertedBatch:
    """Events by kind (the kind's columns plus file and row), faults, and counts of source rows."""

    events: tuple[tuple[str, pa.Table], ...]
    faults: pa.Table
    read: int
    skipped: int
    bad: int
    rounded: int


def convert(tape: Tape, binding: Binding, batch: SourceBatch, state: FileState) -> ConvertedBatch:
    """Turn a batch of source rows into events.

    read = accepted + skipped + bad, where skipped rows meet `skip_when` or give no event, and are never judged
    """
    size = len(batch.rows)
    wanted = ~_meets(tape.skip, Rows(columns=batch.columns, at=np.arange(size)), everything=False)
    bad = np.zeros(size, dtype=bool)
    gives = np.zeros(size, dtype=bool)
    made, faults, rounded = [], [], 0
    for event, periods in zip(binding.events, binding.periods, strict=True):
        rows = _rows(event, periods, batch, wanted, state)
        gives[rows.at] = True
        table, found, count = _event(event, rows, batch, state)
        rounded += count
        for fault_table, at in found:
            bad[at] = True
            faults.append(fault_table)
        made.append((event, table, rows.at))
    events = tuple((event.kind.name, table.filter(pa.array(~bad[at]))) for event, table, at in made)
    return ConvertedBatch(
        events=events,
        faults=pa.concat_tables(faults) if faults else FAULTS.empty_table(),
        read=size,
        skipped=int((~gives).sum()),
        bad=int(bad.sum()),
        rounded=rounded,
    )


def _rows(event: EventRule, periods: tuple[int, ...], batch: SourceBatch, wanted: Ints, state: FileState) -> Rows:
    """The rows that give this event: repeated groups laid out long, conditions applied."""
    if not event.repeat:
        # Judged where they stand, and then only what the event reads is taken: a tape may have a kind of event in each row.
        everywhere = Rows(columns=batch.columns, at=np.arange(len(batch.rows)))
        own = source_columns(event)
        read = {name: column for name, column in batch.columns.items() if name in own}
        return _taken(read, np.flatnonzero(wanted & _meets(event.when, everywhere, everything=True)), None, state)
    at = np.flatnonzero(wanted)
    names = {name for rule in event.columns for name in (t.column for t in rule.terms) if "{k}" in name}
    names |= {name for name in event.keep_if_any if "{k}" in name}
    group = {name.replace("{k}", str(k)) for name in names for k in periods}
    shared = {name: column for name, column in batch.columns.items() if name not in group}
    chosen, period = [], []
    for k in periods:
        filled = np.zeros(len(at), dtype=bool) if event.keep_if_any else np.ones(len(at), dtype=bool)
        for name in event.keep_if_any:
            if (column := batch.columns.get(name.replace("{k}", str(k)))) is not None:
                filled |= _filled(column)[at]
        chosen.append(at[filled])
        period.append(np.full(int(filled.sum()), k, dtype=np.int64))
    long = {}
    absent = pa.nulls(len(batch.rows))
    for name in names:
        parts = [
            batch.columns.get(name.replace("{k}", str(k)), absent).take(pa.array(a)) for k, a in zip(periods, chosen, strict=True)
        ]
        long[name] = pa.concat_arrays(_one_type(parts))
    at, period_of = np.concatenate(chosen), np.concatenate(period)
    # Only what a repeated row shares with its siblings is spread over the periods; the group's own columns are laid out long.
    taken = _taken(shared, at, period_of, state)
    rows = Rows(columns={**taken.columns, **long}, at=at, period=period_of, units=state.units)
    keep = _meets(event.when, rows, everything=True)
    if keep.all():
        return rows
    mask = pa.array(keep)
    return Rows(
        columns={n: c.filter(mask) for n, c in rows.columns.items()}, at=at[keep], period=period_of[keep], units=state.units
    )


def _one_type(parts: list[Any]) -> list[Any]:
    kinds = {part.type for part in parts if not pa.types.is_null(part.type)}
    if len(kinds) == 1:
        return [part.cast(next(iter(kinds))) for part in parts]
    return [part.cast(pa.string()) for part in parts]


def _taken(source: Mapping[str, Any], at: Ints, period: Ints | None, state: FileState) -> Rows:
    whole = period is None and all(len(column) == len(at) for column in source.values())
    indices = pa.array(at)
    columns = source if whole else {name: column.take(indices) for name, column in source.items()}
    return Rows(columns=columns, at=at, period=period, units=state.units)


def _filled(column: Any) -> Ints:
    valid: Ints = np.asarray(column.is_valid())
    if pa.types.is_floating(column.type):
        valid = valid & ~np.asarray(pc.fill_null(pc.is_nan(column), False))
    return valid


def _event(
    event: EventRule, rows: Rows, batch: SourceBatch, state: FileState
) -> tuple[pa.Table, list[tuple[pa.Table, Ints]], int]:
    done: dict[str, Any] = {}
    found: list[tuple[pa.Table, Ints]] = []
    rounded = 0
    known = {column.name: column for column in columns(event.kind)}
    numbers = pa.array(batch.rows[rows.at])
    # Templates name other event columns, so they are made last.
    for rule in sorted(event.columns, key=lambda r: r.template is not None):
        made = make_column(rule, known[rule.name], rows, done)
        done[rule.name] = made.values
        rounded += made.rounded
        found.extend(_fault_rows(made, rule, event, rows, numbers, state, required=known[rule.name].required))
    if event.features:
        made = features_json(event.features, rows)
        done["features"] = made.values
        rule = Rule(place=event.place, name="features", terms=event.features[0].rule.terms)
        found.extend(_fault_rows(made, rule, event, rows, numbers, state, required=False))
    if "recorded_at" not in done:
        noon = pa.scalar(np.timedelta64(12 * 3600 * 1_000_000, "us"))
        done["recorded_at"] = pc.add(done["happened_on"].cast(pa.timestamp("us", "UTC")), noon)
    if "source" not in done:
        done["source"] = pc.binary_join_element_wise(pa.scalar(state.file), numbers.cast(pa.string()), ":")
    schema = arrow_schema(event.kind)
    size = len(rows.at)
    arrays = [done[f.name].cast(f.type) if f.name in done else pa.nulls(size, f.type) for f in schema]
    table = pa.Table.from_arrays(arrays, schema=schema.remove_metadata())
    table = table.append_column(FILE, pa.array([state.file]).take(pa.array(np.zeros(size, dtype=np.int64))))
    return table.append_column(ROW, numbers), found, rounded


def _fault_rows(
    made: Converted, rule: Rule, event: EventRule, rows: Rows, numbers: Any, state: FileState, *, required: bool
) -> list[tuple[pa.Table, Ints]]:
    faults = [fault for fault in made.faults if fault.bad.any()]
    if required:
        lost = np.asarray(made.values.is_null())
        for fault in faults:
            lost &= ~fault.bad
        if lost.any():
            faults.append(Fault(bad=lost, message="is missing", expected="a value"))
    return [(_fault_table(fault, rule, event, rows, numbers, state), rows.at[fault.bad]) for fault in faults]


def _fault_table(fault: Fault, rule: Rule, event: EventRule, rows: Rows, numbers: Any, state: FileState) -> pa.Table:
    where = pa.array(np.flatnonzero(fault.bad))
    size = len(where)
    zeros = pa.array(np.zeros(size, dtype=np.int64))
    source = " + ".join(term.column for term in rule.terms) or rule.name
    values = [_shown(rows.column(term.column).take(where)) for term in rule.terms]
    value = pa.nulls(size, pa.string()) if not values else values[0]
    for other in values[1:]:
        value = pc.binary_join_element_wise(pc.fill_null(value, ""), pc.fill_null(other, ""), " + ")
    label = f"{source} {fault.message}"
    return pa.Table.from_arrays(
        [
            pa.array([state.file]).take(zeros),
            numbers.take(where),
            pa.array([event.kind.name]).take(zeros),
            pa.array([rule.name]).take(zeros),
            value,
            _named(label, rows, where),
            pa.array([fault.expected]).take(zeros),
        ],
        schema=FAULTS,
    )


def _named(label: str, rows: Rows, where: Any) -> Any:
    if "{k}" not in label or rows.period is None:
        return pa.array([label]).take(pa.array(np.zeros(len(where), dtype=np.int64)))
    before, _, after = label.partition("{k}")
    return pc.binary_join_element_wise(
        pa.scalar(before), pa.array(rows.period).take(where).cast(pa.string()), pa.scalar(after), ""
    )


def _shown(column: Any) -> Any:
    if pa.types.is_null(column.type):
        return pa.nulls(len(column), pa.string())
    return pc.utf8_slice_codeunits(column.cast(pa.string()), 0, 200)


def _meets(conditions: tuple[Condition, ...], rows: Rows, *, everything: bool) -> Ints:
    """Which rows meet all conditions; `everything` is the answer when there are none."""
    if not conditions:
        return np.full(len(rows.at), everything)
    meets = np.ones(len(rows.at), dtype=bool)
    for condition in conditions:
        column = rows.column(condition.column)
        if condition.present is not None:
            meets &= _filled(column) == condition.present
        elif condition.above is not None:
            plain = integers(column, Rule(place=condition.place, name=condition.column), 2, exact=False).values
            meets &= np.asarray(pc.fill_null(pc.greater(plain, condition.above * 100), False))
        else:
            text = text_column(column, Rule(place=condition.place, name=condition.column)).values
            inside = np.asarray(pc.is_in(text, pa.array(condition.words or (), pa.string())))
            meets &= ~inside if condition.negated else inside
    return meets
