"""Rows of a group's trial balance: one per entity, account, roll-forward column, counterparty and day; debit positive.

A row of the column `opening` carries the balance that the period began with and no day. The sum of all rows of an account is its
closing balance, and the sum of all rows of an entity is zero, because rows come from pairs. A row on a cash account also says
its cash-flow class and the account on the other side of its entry, from which the cash-flow statement is made.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook.errors import RequestError
from loanbook.terms.chart import Chart
from loanbook.units import Ints

OPENING = "opening"
AVERAGE = "average"
SPOT = "spot"
UNDATED = -(2**31) + 1
"""The day of opening rows: before every day."""

US_GAAP = ("CORE", "USGAAP")
TEXTS = ("entity", "account", "column", "counterparty", "basis", "cash_flow", "contra", "step", "rule")
SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in TEXTS[:4]),
        pa.field("posted_on", pa.date32()),
        *(pa.field(name, pa.string()) for name in TEXTS[4:]),
        pa.field("amount_fen", pa.int64()),
    ]
)
"""`basis`: the exchange rate of a movement (average | spot). `step`, `rule`: why an elimination was made; "" for an entity's
own."""

_CERTAIN = 2.0**62


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Rows as NumPy columns: texts as objects, `posted_on` int64 day numbers (UNDATED for opening rows), `amount_fen` int64."""

    columns: Mapping[str, Ints]

    def __len__(self) -> int:
        return len(self.columns["amount_fen"])

    def __getitem__(self, name: str) -> Ints:
        return self.columns[name]

    def where(self, mask: Ints) -> "Rows":
        """The rows of a mask."""
        return Rows(columns={name: values[mask] for name, values in self.columns.items()})

    def but(self, **changed: Any) -> "Rows":
        """The same rows with some columns replaced, by one value or one for each row."""
        columns = dict(self.columns)
        for name, value in changed.items():
            columns[name] = np.full(len(self), value, columns[name].dtype) if np.ndim(value) == 0 else np.asarray(value)
        return Rows(columns=columns)

    def negated(self, **changed: Any) -> "Rows":
        """The same rows the other way round."""
        return self.but(amount_fen=-self["amount_fen"], **changed)

    @property
    def total(self) -> int:
        """The sum of all amounts, exact; raises OverflowError."""
        return exact_total(self["amount_fen"])

    def of(self, entity: str) -> "Rows":
        """The rows of one entity."""
        return self.where(self["entity"] == entity)


def exact_total(amounts: Ints) -> int:
    """The sum of int64 amounts; OverflowError where it might leave int64."""
    if float(np.abs(amounts.astype(np.float64)).sum()) >= _CERTAIN:
        raise OverflowError("a sum of the group's trial balance does not fit in 64 bits")
    return int(amounts.sum())


def is_in(values: Ints, words: Iterable[str]) -> Ints:
    """Which texts are among some words."""
    found: Ints = np.isin(values.astype(object), np.array([*words, "\0"], dtype=object))
    return found


def row(amount_fen: int, *, posted_on: int = UNDATED, **texts: str) -> Rows:
    """One row."""
    columns: dict[str, Ints] = {name: np.array([texts.pop(name, "")], dtype=object) for name in TEXTS}
    if texts:
        raise RequestError(f"a row has no column {', '.join(texts)}.")
    return Rows(columns=columns | {"posted_on": np.array([posted_on], np.int64), "amount_fen": np.array([amount_fen], np.int64)})


def together(parts: Sequence[Rows]) -> Rows:
    """All rows of several, in order."""
    kept = [part for part in parts if len(part)]
    if not kept:
        return row(0).where(np.zeros(1, bool))
    return Rows(columns={name: np.concatenate([part[name] for part in kept]) for name in kept[0].columns})


def table_of(rows: Rows) -> pa.Table:
    """The rows as an Arrow table of `SCHEMA`."""
    arrays = []
    for field in SCHEMA:
        if field.name == "posted_on":
            days = rows["posted_on"]
            arrays.append(pa.array(days.astype(np.int32), pa.int32(), mask=days == UNDATED).cast(pa.date32()))
        else:
            arrays.append(pa.array(rows[field.name], field.type))
    return pa.table(arrays, schema=SCHEMA)


def summed(rows: Rows, keys: Sequence[str]) -> Rows:
    """Rows added up by some columns, in the order of their keys; the other columns empty; sums of zero are dropped."""
    exact_total(rows["amount_fen"])
    table = table_of(rows).select([*keys, "amount_fen"])
    sums = table.group_by(list(keys), use_threads=False).aggregate([("amount_fen", "sum")])
    sums = sums.rename_columns([*keys, "amount_fen"]).sort_by([(key, "ascending") for key in keys])
    sums = sums.filter(pc.not_equal(sums["amount_fen"], 0))
    columns: dict[str, Ints] = {
        name: np.array(sums[name].to_pylist(), dtype=object) if name in keys else np.full(sums.num_rows, "", dtype=object)
        for name in TEXTS
    }
    columns["amount_fen"] = sums["amount_fen"].to_numpy()
    columns["posted_on"] = (
        pc.fill_null(sums["posted_on"].cast(pa.int32()), UNDATED).to_numpy().astype(np.int64)
        if "posted_on" in keys
        else np.full(sums.num_rows, UNDATED, np.int64)
    )
    return Rows(columns=columns)


def rows_of_entries(entries: pa.Table, chart: Chart, *, cash_accounts: Sequence[str], books: Sequence[str] = US_GAAP) -> Rows:
    """Both sides of every journal entry of some books, added up by entity, account, column, counterparty and day.

    entries         columns of the journal: book, entity, posted_on, debit, credit, amount_fen, debit_column, credit_column,
                    cash_flow, counterparty
    cash_accounts   accounts whose rows keep the cash-flow class and the other side
    rate            both sides of an entry are translated at one rate: spot of the day where one side is equity and the other no
                    income or cost (capital, dividends), else average
    raises          RequestError for a missing column
    """
    needed = ("book", "entity", "posted_on", "debit", "credit", "amount_fen", "debit_column", "credit_column", "cash_flow")
    for name in (*needed, "counterparty"):
        if name not in entries.column_names:
            raise RequestError(f"entries need the column {name!r}; they have {', '.join(entries.column_names)}.")
    kept = entries.filter(pc.is_in(entries["book"].cast(pa.string()), pa.array(list(books))))
    exact_total(kept["amount_fen"].cast(pa.int64()).to_numpy())
    dimensions = [name for name in (*needed[1:], "counterparty") if name != "amount_fen"]
    kept = kept.group_by(dimensions, use_threads=False).aggregate([("amount_fen", "sum")])
    kept = kept.rename_columns([*dimensions, "amount_fen"])
    text = {
        name: np.array(pc.fill_null(kept[name].cast(pa.string()), "").to_pylist(), dtype=object)
        for name in dimensions
        if name != "posted_on"
    }
    equity = [code for code, account in chart.accounts.items() if account.kind == "equity"]
    result = [code for code, account in chart.accounts.items() if account.is_result]
    capital = is_in(text["debit"], equity) | is_in(text["credit"], equity)
    earned = is_in(text["debit"], result) | is_in(text["credit"], result)
    basis = np.where(capital & ~earned, SPOT, AVERAGE).astype(object)
    amounts, days = kept["amount_fen"].cast(pa.int64()).to_numpy(), kept["posted_on"].cast(pa.int32()).to_numpy().astype(np.int64)
    sides = []
    for side, other, sign in (("debit", "credit", 1), ("credit", "debit", -1)):
        cash = is_in(text[side], cash_accounts)
        columns: dict[str, Ints] = {name: np.full(kept.num_rows, "", dtype=object) for name in TEXTS}
        columns |= {"entity": text["entity"], "account": text[side], "column": text[f"{side}_column"], "basis": basis}
        columns |= {"counterparty": text["counterparty"], "cash_flow": np.where(cash, text["cash_flow"], "").astype(object)}
        columns |= {"contra": np.where(cash, text[other], "").astype(object), "posted_on": days, "amount_fen": sign * amounts}
        sides.append(Rows(columns=columns))
    keys = [name for name in SCHEMA.names if name not in ("amount_fen", "step", "rule")]
    return summed(together(sides), keys)


def with_opening(movements: Rows, closing: Rows | None) -> Rows:
    """A period's rows: the closing balances of the last one (any rows) as opening, then the movements."""
    if closing is None:
        return movements
    carried = summed(closing, ("entity", "account", "counterparty"))
    return together([carried.but(column=OPENING), movements])
