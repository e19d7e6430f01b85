"""The year's end: results carried to retained earnings, at read time and as the closing entries that another system needs.

The ledger itself writes no closing entry: a row of income stays what it was, and every balance is a sum. Statements read retained
earnings as account 3050 and all results; balances of a later year, and what is exported at a year's end, carry them there. The
fiscal year is the calendar year, as statements and tax have it.
"""

import hashlib
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.accounting.journal import BALANCE, ENTRY
from loanbook.terms.chart import Chart

RETAINED = "3050"
"""Retained earnings: where the results of a year go."""
RESULTS = "results"
"""The roll-forward column of what is carried there."""
RULE = KIND = "year_end_closed"
_ID_LENGTH = 32
_KEYS = ("book", "entity", "currency", "account")


def year_of(day: str) -> int:
    """The fiscal year of an ISO date."""
    return int(day[:4])


def ends_year(day: str) -> bool:
    """Whether an ISO date is the last of its fiscal year."""
    return day[5:] == "12-31"


def results(balances: pa.Table, chart: Chart) -> pa.Table:
    """The balances of result accounts that are not zero, by book, entity, currency and account, in that order."""
    codes = pa.array([code for code, account in chart.accounts.items() if account.is_result])
    rows = balances.filter(pc.is_in(balances["account"], codes)).group_by(list(_KEYS)).aggregate([("amount_fen", "sum")])
    rows = rows.rename_columns([*_KEYS, "amount_fen"])
    return rows.filter(pc.not_equal(rows["amount_fen"], 0)).sort_by([(name, "ascending") for name in _KEYS])


def carried(balances: pa.Table, earned: pa.Table) -> pa.Table:
    """Balances with results (`results`) taken off their accounts and added to retained earnings; `BALANCE`."""
    count = earned.num_rows
    off = [*(earned[name] for name in _KEYS), _same("", count), pc.negate_checked(earned["amount_fen"])]
    to = [*(earned[name] for name in _KEYS[:3]), _same(RETAINED, count), _same(RESULTS, count), earned["amount_fen"]]
    moved = [pa.table(columns, schema=BALANCE) for columns in (off, to)]
    return pa.concat_tables([balances.select(BALANCE.names), *moved])


def closing_entries(balances: pa.Table, before: pa.Table | None, chart: Chart, *, on: str, locked_as: str) -> pa.Table:
    """The entries that close a year: each result account against retained earnings, in its own book and currency; `ENTRY`.

    balances    at the year's end, since the books began;  before  at the end of the year before, whose entries closed it
    locked_as   the hash of the period that ends the year: ids follow from it
    """
    earned = results(balances, chart)
    if before is not None:
        closed = results(before, chart)
        both = pa.concat_tables([earned, closed.set_column(4, "amount_fen", pc.negate_checked(closed["amount_fen"]))])
        earned = results(both, chart)
    count, day = earned.num_rows, units.day(on)
    amounts = earned["amount_fen"].to_numpy()
    is_cost = pa.array(amounts > 0)
    days = pa.array(np.full(count, day, np.int32)).cast(pa.date32())
    rows = [earned[name].to_pylist() for name in _KEYS]
    ids = ["|".join((locked_as, KIND, *row)) for row in zip(*rows, strict=True)]
    given: Mapping[str, object] = {
        "entry_id": pa.array([hashlib.sha256(each.encode()).hexdigest()[:_ID_LENGTH] for each in ids], pa.string()),
        **{name: earned[name] for name in _KEYS[:3]},
        "posted_on": days,
        "happened_on": days,
        "debit": pc.if_else(is_cost, RETAINED, earned["account"]),
        "credit": pc.if_else(is_cost, earned["account"], RETAINED),
        "amount_fen": pa.array(np.abs(amounts)),
        "debit_column": pc.if_else(is_cost, RESULTS, ""),
        "credit_column": pc.if_else(is_cost, "", RESULTS),
        "rule": _same(RULE, count),
        "kind": _same(KIND, count),
        "event": _same(f"{year_of(on)}", count),
    }
    return pa.table([given.get(name, _same("", count)) for name in ENTRY.names], schema=ENTRY)


def _same(text: str, count: int) -> pa.Array:
    return pa.array([text] * count, pa.string())
