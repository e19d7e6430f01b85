"""Corporate events taken back: what stands after their reversals, and what is still to post of those that were posted."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook.accounting.journal import POSTABLE

REVERSED = "event_reversed"
AGAIN = "~"
"""Parts a cell from the close that posts its difference."""


def reversed_ids(tables: Mapping[str, pa.Table]) -> pa.Array:
    """Ids of the events that reversals among the tables take back."""
    if REVERSED not in tables:
        return pa.array([], pa.string())
    return pc.unique(tables[REVERSED]["reverses"])


def standing(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Tables without the events that were taken back; the reversals stay."""
    gone = reversed_ids(tables)
    if not len(gone):
        return dict(tables)
    return {name: table.filter(pc.invert(pc.is_in(table["event_id"], gone))) for name, table in tables.items()}


def taken_back(posted: pa.Table | None, gone: pa.Array, start: int, close_run: str) -> pa.Table:
    """What earlier periods posted of events that were taken back since, with the opposite sign; `journal.POSTABLE`.

    gone    ids of events that do not stand
    start   first day of the open period, on which it is posted; each keeps the day on which it was said to have happened
    """
    if posted is None or not len(gone):
        return POSTABLE.empty_table()
    rows = posted.filter(pc.is_in(posted["event"], gone))
    cell = pc.replace_substring_regex(rows["cell"], f"{AGAIN}.*$", "")
    rows = _with(_with(rows, "cell", cell), "posted_on", rows["happened_on"])
    keys = [name for name in POSTABLE.names if name != "amount_fen"]
    sums = rows.group_by(keys, use_threads=False).aggregate([("amount_fen", "sum")])
    sums = sums.rename_columns([name.removesuffix("_sum") for name in sums.column_names]).select(POSTABLE.names)
    sums = sums.filter(pc.not_equal(sums["amount_fen"], 0)).sort_by([("event", "ascending"), ("cell", "ascending")])
    days = np.maximum(sums["happened_on"].cast(pa.int32()).to_numpy(), start).astype(np.int32)
    told = {
        "cell": pc.binary_join_element_wise(sums["cell"], close_run, AGAIN),
        "amount_fen": pc.negate_checked(sums["amount_fen"]),
        "posted_on": pa.array(days).cast(pa.date32()),
    }
    for name, values in told.items():
        sums = _with(sums, name, values)
    return sums.cast(POSTABLE)


def _with(table: pa.Table, name: str, values: Any) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(name), values)
