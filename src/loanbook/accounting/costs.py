"""Operating costs of a ledger: by cost line over a period, and what is owed to each supplier."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from loanbook.accounting.roll_forward import RollForward, rolled

INCURRED, PAID = "cost_incurred", "cost_paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCell:
    """Costs of one entity, currency and cost line over a period, net of input VAT."""

    entity: str
    currency: str
    line: str
    amount_fen: int


def costs_by_line(tables: Mapping[str, pa.Table], starts_on: int, ends_on: int) -> tuple[CostCell, ...]:
    """Costs incurred between two days, both in it, by entity, currency and cost line, in order of their names."""
    if INCURRED not in tables:
        return ()
    table = _between(tables[INCURRED], starts_on, ends_on)
    summed = table.group_by(["entity", "currency", "line"]).aggregate([("amount_fen", "sum")])
    rows = summed.sort_by([("entity", "ascending"), ("currency", "ascending"), ("line", "ascending")]).to_pylist()
    return tuple(
        CostCell(entity=row["entity"], currency=row["currency"], line=row["line"], amount_fen=row["amount_fen_sum"])
        for row in rows
    )


def payables(tables: Mapping[str, pa.Table], starts_on: int, ends_on: int) -> dict[tuple[str, str, str], RollForward]:
    """What each entity owes each supplier: opening + incurred + VAT - paid = closing, by (entity, currency, supplier).

    A supplier that is paid before it charges has a balance below zero: a prepayment.
    """
    first, last = -(2**31), starts_on - 1
    before = _owed(tables, first, last)
    incurred, vat, paid = (_sums(tables, name, column, starts_on, ends_on) for name, column in _MOVES)
    keys = sorted({*before, *incurred, *vat, *paid})
    return {
        key: rolled(
            f"payable of {key[0]} to {key[2] or 'suppliers without a name'} ({key[1]})",
            before.get(key, 0),
            {"incurred": incurred.get(key, 0), "vat": vat.get(key, 0), "paid": -paid.get(key, 0)},
        )
        for key in keys
    }


_MOVES = ((INCURRED, "amount_fen"), (INCURRED, "vat_fen"), (PAID, "amount_fen"))


def _owed(tables: Mapping[str, pa.Table], starts_on: int, ends_on: int) -> dict[tuple[str, str, str], int]:
    incurred, vat, paid = (_sums(tables, name, column, starts_on, ends_on) for name, column in _MOVES)
    return {key: incurred.get(key, 0) + vat.get(key, 0) - paid.get(key, 0) for key in {*incurred, *vat, *paid}}


def _sums(
    tables: Mapping[str, pa.Table], name: str, column: str, starts_on: int, ends_on: int
) -> dict[tuple[str, str, str], int]:
    if name not in tables:
        return {}
    table = _between(tables[name], starts_on, ends_on)
    summed = table.group_by(["entity", "currency", "counterparty"]).aggregate([(column, "sum")])
    return {(row["entity"], row["currency"], row["counterparty"] or ""): row[f"{column}_sum"] or 0 for row in summed.to_pylist()}


def _between(table: pa.Table, starts_on: int, ends_on: int) -> pa.Table:
    on = table["happened_on"].cast(pa.int32())
    return table.filter(pc.and_(pc.greater_equal(on, starts_on), pc.less_equal(on, ends_on)))
