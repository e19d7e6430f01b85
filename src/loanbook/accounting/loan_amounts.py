"""Amounts to post out of the cells of the books: what loans have come to by this close, less what they had come to by the last.

Cells of two closes meet by name (product, model, segment, vehicle, partner, month of origination), so a pool or month that is new
is zero before. Periods locked before loans named their vehicle and partner have none of either.
Flows of the daybook carry their day; what a close knows of an earlier period that the last one did not know is posted on the
first day of the open period and keeps the month in which it happened.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.accounting.journal import POSTABLE
from loanbook.accounting.standing import YES_OR_NO, Standing
from loanbook.errors import RequestError, StateError
from loanbook.loans.dates import month_end, month_index
from loanbook.measures.booking import BookCells, months_before
from loanbook.measures.space import Pool, Space
from loanbook.terms.conventions import Model
from loanbook.terms.families import BOOK_FAMILIES, DAYBOOK, LEDGER
from loanbook.terms.posting_rule import Component
from loanbook.units import Ints

LATE = "late"
"""`cohort_new` of loans of an earlier month that no earlier close knew; yes of the period's months, no of others."""
GROUP = ("product", "model", "segment")
POOL = (*GROUP, "vehicle", "partner")
OWN_MODEL = Model.ON_BALANCE_SHEET.name.lower()
LEDGER_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in POOL),
        ("cohort", pa.string()),
        ("consolidated", pa.string()),
        *((name, pa.int64()) for name in LEDGER.columns),
    ]
)
DAYBOOK_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in POOL),
        ("cohort", pa.string()),
        ("month", pa.string()),
        *((name, pa.int64()) for name in DAYBOOK.columns),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What the cells of a close come to, as it is kept: rows that are not zero.

    ledger    `LEDGER_SCHEMA`; `consolidated` is that of its vehicle at the close
    daybook   `DAYBOOK_SCHEMA`, days added up to months
    """

    ledger: pa.Table
    daybook: pa.Table


def month_name(month: int) -> str:
    """A `dates.month_index` as text: "2024-07"."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def totals(cells: BookCells, space: Space, period_start: int, standing: Sequence[Standing]) -> Totals:
    """The cells as tables by name, to be kept with the period; `standing` as in `loan_amounts`."""
    first = space.window.first_month
    before = months_before(space, period_start)
    months = _month_of_slot(space, period_start) - first
    count = max(int(month_index(space.window.as_of)) - first + 1, before)
    by_month = np.zeros((*cells.daybook.shape[:2], count, cells.daybook.shape[3]), np.int64)
    for slot, month in enumerate(months):
        by_month[:, :, month] += cells.daybook[:, :, slot]
    return Totals(
        ledger=_table(space, cells.ledger, LEDGER_SCHEMA, (), [YES_OR_NO[int(each.consolidated[-1])] for each in standing]),
        daybook=_table(space, by_month, DAYBOOK_SCHEMA, (np.arange(count) + first,)),
    )


def ours(ledger: pa.Table) -> pa.Table:
    """`Totals.ledger` without the loans that stand on the balance sheet of a vehicle which is not consolidated."""
    if "consolidated" not in ledger.column_names:
        return ledger
    theirs = pc.and_(pc.equal(ledger["model"], OWN_MODEL), pc.equal(ledger["consolidated"], YES_OR_NO[0]))
    return ledger.filter(pc.invert(theirs))


def _month_of_slot(space: Space, period_start: int) -> Ints:
    """(slots,) int64: `dates.month_index` of each slot of the daybook."""
    before = months_before(space, period_start)
    days = np.arange(period_start, space.window.as_of + 1)
    of_days = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + int(month_index(0))
    return np.concatenate([np.arange(before) + space.window.first_month, of_days])


def _table(
    space: Space, dense: Ints, schema: pa.Schema, months: tuple[Ints, ...], consolidated: Sequence[str] | None = None
) -> pa.Table:
    found = np.nonzero(dense.any(axis=-1))
    columns: list[pa.Array] = [_names([pool[place] for pool in space.pools], found[0]) for place in range(len(POOL))]
    columns.append(_names([month_name(month) for month in range(space.window.first_month, _last(space))], found[1]))
    if consolidated is not None:
        columns.append(_names(consolidated, found[0]))
    for place, names in enumerate(months):
        columns.append(_names([month_name(int(month)) for month in names], found[2 + place]))
    values = dense[found]
    columns += [pa.array(values[:, place]) for place in range(values.shape[1])]
    return pa.Table.from_arrays(columns, schema=schema)


def _last(space: Space) -> int:
    return space.window.first_month + space.window.months


def _names(names: Iterable[str], codes: Ints) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(list(names), pa.string())).cast(pa.string())


def with_room_for(found: Space, last: Totals | None) -> Space:
    """A space that also has the pools and months of an earlier close, whose loans may have been taken back since.

    Pools and groups that are new to it come last, so that those of the book keep their numbers.
    """
    tables = () if last is None else (last.ledger, last.daybook)
    rows = {(row[0], row[1], row[2], row[3], row[4]) for table in tables for row in pool_rows(table)}
    pools = tuple(sorted(rows - set(found.pools)))
    more = tuple(sorted({pool[:3] for pool in pools} - set(found.groups)))
    months = [name for table in tables for name in pc.unique(table["cohort"]).to_pylist()]
    earliest = units.day(f"{min(months)}-01") if months else found.window.since
    return replace(
        found,
        groups=(*found.groups, *more),
        pools=(*found.pools, *pools),
        unknown=(*found.unknown, *(frozenset[str]() for _ in more)) if found.unknown else (),
        window=replace(found.window, since=min(earliest, found.window.since)),
    )


def _dense(space: Space, table: pa.Table | None, columns: tuple[str, ...], months: int) -> Ints:
    """A table of `totals` in the order of a space; (pools, months, [months of daybook], columns).

    raises   RequestError for a pool or month that the space lacks: `with_room_for` makes room
    """
    first = space.window.first_month
    shape: tuple[int, ...] = (len(space.pools), space.window.months)
    shape = (*shape, months, len(columns)) if months else (*shape, len(columns))
    dense = np.zeros(shape, np.int64)
    if table is None or not table.num_rows:
        return dense
    numbers: dict[tuple[str, ...], int] = {pool: place for place, pool in enumerate(space.pools)}
    rows = pool_rows(table)
    missing = sorted({row for row in rows if row not in numbers})
    if missing:
        raise RequestError(f"the last close has loans of {' '.join(filter(None, missing[0]))}, which the book no longer has.")
    places = [np.array([numbers[row] for row in rows], np.int64), _month_codes(table["cohort"], first)]
    if months:
        places.append(np.minimum(_month_codes(table["month"], first), months - 1))
    earliest = min(int(place.min()) for place in places[1:])
    if earliest < 0:
        # NumPy would count from the end, and post them as of another month.
        raise RequestError(f"the last close has {month_name(first + earliest)}; the space begins with {month_name(first)}.")
    absent = [name for name in columns if name not in table.column_names]
    if absent:
        raise StateError(
            f"the last period was locked by a version of Loanbook that did not know {absent[0]}. Restate the first period of the "
            "ledger with `loanbook books restate`: it is made again from the facts, and every later one with it."
        )
    values = np.stack([table[name].to_numpy() for name in columns], axis=1)
    np.add.at(dense, tuple(places), values)
    return dense


def pool_rows(table: pa.Table) -> list[tuple[str, ...]]:
    """The pool of each row of `Totals`."""
    none = [""] * table.num_rows
    names = (table[name].to_pylist() if name in table.column_names else none for name in POOL)
    return list(zip(*names, strict=True))


def _month_codes(column: pa.ChunkedArray, first: int) -> Ints:
    years = pc.cast(pc.utf8_slice_codeunits(column, 0, 4), pa.int64()).to_numpy()
    months = pc.cast(pc.utf8_slice_codeunits(column, 5, 7), pa.int64()).to_numpy()
    return np.asarray(years * 12 + months - 1 - first)


def loan_amounts(
    cells: BookCells,
    space: Space,
    period_start: int,
    last: Totals | None,
    components: Iterable[Component],
    standing: Sequence[Standing],
    *,
    close_run: str,
    currency: str,
    late: BookCells | None = None,
) -> pa.Table:
    """The amounts of a period, `journal.POSTABLE`: this close less the last one; amounts of zero are left out.

    last      None for the first close of a book: everything since its first loan
    standing  of each pool of the space, from `period_start` to the close
    late      of `cells`, those of loans of earlier months that the last close did not know: what they come to at the close is
              told apart (`cohort_new` late), so that rules can say whether it is new or of an earlier period
    raises    RequestError when the last close has pools that this one lacks
    """
    before = months_before(space, period_start)
    was_ledger = _dense(space, last.ledger if last else None, LEDGER.columns, 0)
    moved_days = _moved_days(cells.daybook, space, before, last)
    columns = {family.name: {name: place for place, name in enumerate(family.columns)} for family in BOOK_FAMILIES}
    parts = []
    for component in components:
        dense = cells.ledger if component.family == LEDGER.name else moved_days
        amount = np.zeros(dense.shape[:-1], np.int64)
        for now, then, name in component.columns:
            place = columns[component.family][name]
            amount += now * dense[..., place]
            if component.family == LEDGER.name:
                amount += then * was_ledger[..., place]
        if late is not None and component.family == LEDGER.name:
            told = np.zeros_like(amount)
            for now, _, name in component.columns:
                told += now * late.ledger[..., columns[component.family][name]]
            amount -= told
            parts.append(_postable(told, space, period_start, before, component, standing, close_run, currency, told_late=True))
        parts.append(_postable(amount, space, period_start, before, component, standing, close_run, currency))
    return pa.concat_tables(parts).combine_chunks()


def _moved_days(daybook: Ints, space: Space, before: int, last: Totals | None) -> Ints:
    if last is None or not before:
        return daybook
    moved = daybook.copy()
    moved[:, :, :before] -= _dense(space, last.daybook, DAYBOOK.columns, before)
    return moved


def _postable(
    amount: Ints,
    space: Space,
    period_start: int,
    before: int,
    component: Component,
    standing: Sequence[Standing],
    close_run: str,
    currency: str,
    *,
    told_late: bool = False,
) -> pa.Table:
    found = np.nonzero(amount)
    count = found[0].size
    first = space.window.first_month
    if component.family == DAYBOOK.name:
        slots = amount.shape[2]
        ends = np.array([month_end(first + month) for month in range(before)], np.int64)
        days = np.concatenate([ends, np.arange(period_start, period_start + slots - before)])[found[2]]
    else:
        days = np.full(count, space.window.as_of)
    posted = np.maximum(days, period_start)
    fresh = found[1] + first >= int(month_index(period_start))
    given: dict[str, pa.Array] = {
        "kind": _names([component.kind], np.zeros(count)),
        "component": _names([component.component], np.zeros(count)),
        "currency": _names([currency], np.zeros(count)),
        "posted_on": pa.array(posted.astype(np.int32)).cast(pa.date32()),
        "happened_on": pa.array(days.astype(np.int32)).cast(pa.date32()),
        "amount_fen": pa.array(amount[found]),
        "event": _names([close_run], np.zeros(count)),
        **{name: _names([pool[place] for pool in space.pools], found[0]) for place, name in enumerate(POOL)},
        "cohort": _names([month_name(month) for month in range(first, _last(space))], found[1]),
        "cohort_new": _names([LATE] if told_late else YES_OR_NO, np.zeros(count) if told_late else fresh.astype(np.int64)),
        "licence": _names([each.licence for each in standing], found[0]),
    }
    if count:
        consolidated = np.stack([each.consolidated for each in standing])[found[0], posted - period_start]
        given["consolidated"] = _names(YES_OR_NO, consolidated.astype(np.int64))
    day = pc.cast(given["happened_on"], pa.string())
    pools = _names([pool_name(pool) for pool in space.pools], found[0])
    given["cell"] = pc.binary_join_element_wise(given["kind"], given["component"], pools, given["cohort"], day, "/")
    if told_late:
        given["cell"] = pc.binary_join_element_wise(given["cell"], LATE, "/")
    empty = _names([""], np.zeros(count))
    return pa.Table.from_arrays([given.get(field.name, empty) for field in POSTABLE], schema=POSTABLE)


def pool_name(pool: Pool) -> str:
    """A pool in the name of a cell. Without vehicle and partner it has neither, so cells of such loans keep their names."""
    return "/".join(pool if pool[3] or pool[4] else pool[:3])


def period_days(name: str) -> tuple[int, int]:
    """First and last day of a quarter written "2024Q3"; raises RequestError."""
    last = _last_month(name)
    return int(month_end(last - 3)) + 1, int(month_end(last))


def quarter_before(name: str) -> str:
    """The quarter before a quarter: "2024Q2" of "2024Q3"."""
    last = _last_month(name) - 3
    return f"{last // 12:04d}Q{last % 12 // 3 + 1}"


def _last_month(name: str) -> int:
    year, _, quarter = name.partition("Q")
    if not (year.isdigit() and len(year) == 4 and quarter in ("1", "2", "3", "4")):
        raise RequestError(f"{name!r} is no quarter. Write it like 2024Q3.")
    return int(year) * 12 + int(quarter) * 3 - 1
