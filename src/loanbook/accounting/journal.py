"""The journal: an entry is one balanced pair, so an unbalanced one cannot be written down; and what must hold of many.

Amounts wait as *postable* rows (what happened, where, how much, of either sign); `posting` joins them with the rules. All tables
are Arrow; money is int64 minor units of the entry's currency.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook.errors import TieError
from loanbook.terms.chart import Chart
from loanbook.terms.posting_rule import BASES, CONDITIONS
from loanbook.units import format_money

LOCAL = "local"
"""The basis of what an entity files where it is registered: the books that its terms name."""
DIMENSIONS = ("model", "product", "segment", "cohort", "vehicle", "partner", "counterparty")
"""What an amount is told by besides entity and day; empty where it is not."""

POSTABLE = pa.schema(
    [
        ("cell", pa.string()),
        ("kind", pa.string()),
        ("component", pa.string()),
        ("entity", pa.string()),
        ("currency", pa.string()),
        ("posted_on", pa.date32()),
        ("happened_on", pa.date32()),
        ("amount_fen", pa.int64()),
        ("event", pa.string()),
        *((name, pa.string()) for name in DIMENSIONS),
        *((name, pa.string()) for name in CONDITIONS if name not in DIMENSIONS),
        ("account", pa.string()),
        ("contra", pa.string()),
    ]
)
"""One amount to post. `cell` names it within its event; `event` is an event's id or the close_run; `account` and `contra` are
read by rules that take them from the event. Text is empty, never null."""

ENTRY = pa.schema(
    [
        ("entry_id", pa.string()),
        ("book", pa.string()),
        ("entity", pa.string()),
        ("currency", pa.string()),
        ("posted_on", pa.date32()),
        ("happened_on", pa.date32()),
        ("debit", pa.string()),
        ("credit", pa.string()),
        ("amount_fen", pa.int64()),
        ("debit_column", pa.string()),
        ("credit_column", pa.string()),
        ("cash_flow", pa.string()),
        ("rule", pa.string()),
        ("rule_version", pa.string()),
        ("event", pa.string()),
        ("cell", pa.string()),
        ("kind", pa.string()),
        ("component", pa.string()),
        *((name, pa.string()) for name in DIMENSIONS),
        ("topic", pa.string()),
    ]
)
"""One entry: amount_fen > 0, debit and credit differ."""

BALANCE = pa.schema(
    [
        ("book", pa.string()),
        ("entity", pa.string()),
        ("currency", pa.string()),
        ("account", pa.string()),
        ("column", pa.string()),
        ("amount_fen", pa.int64()),
    ]
)
"""A trial balance: debits positive, credits negative, by roll-forward column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitBroken:
    """An account that stands on the side it must not, on one basis and entity."""

    basis: str
    entity: str
    currency: str
    account: str
    title: str
    balance_fen: int

    @property
    def words(self) -> str:
        """What to say of it."""
        side = "debit" if self.balance_fen > 0 else "credit"
        return (
            f"{self.entity}, {self.basis}: account {self.account} {self.title} has a {side} balance of "
            f"{self.currency} {format_money(abs(self.balance_fen))}, which its chart does not allow."
        )


def postable(columns: dict[str, object], rows: int) -> pa.Table:
    """A table of `POSTABLE` from some of its columns; text that is not given is empty."""
    filled = []
    for field in POSTABLE:
        value = columns.get(field.name, "")
        if isinstance(value, str):
            value = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([value])).cast(pa.string())
        filled.append(value if isinstance(value, pa.ChunkedArray) else pa.array(value, field.type))
    return pa.Table.from_arrays(filled, schema=POSTABLE)


def trial_balance(entries: pa.Table, dimensions: Sequence[str] = ()) -> pa.Table:
    """Balances of entries by book, entity, currency, account and roll-forward column (and dimensions), debits positive."""
    keys = ["book", "entity", "currency", *dimensions]
    sides = []
    for side, sign in (("debit", 1), ("credit", -1)):
        amount = entries["amount_fen"] if sign > 0 else pc.negate_checked(entries["amount_fen"])
        columns = {name: entries[name] for name in keys}
        sides.append(pa.table({**columns, "account": entries[side], "column": entries[f"{side}_column"], "amount_fen": amount}))
    both = pa.concat_tables(sides)
    summed = both.group_by([*keys, "account", "column"]).aggregate([("amount_fen", "sum")])
    table = summed.rename_columns([name.removesuffix("_sum") for name in summed.column_names])
    table = table.select([*keys, "account", "column", "amount_fen"])
    return table.sort_by([(name, "ascending") for name in (*keys, "account", "column")])


def of_basis(balances: pa.Table, basis: str) -> pa.Table:
    """The rows of the books that a basis adds up."""
    return balances.filter(pc.is_in(balances["book"], pa.array(BASES[basis])))


SUMMED = (
    "book",
    "topic",
    "entity",
    "currency",
    "posted_on",
    "debit",
    "credit",
    "debit_column",
    "credit_column",
    "cash_flow",
    "counterparty",
)
"""What a group's rows and a year's tax tell entries apart by."""


def summed(entries: pa.Table) -> pa.Table:
    """Entries added up over products, cohorts and cells, columns `SUMMED` and amount_fen: a twentieth of their rows or less."""
    table = entries.group_by(list(SUMMED), use_threads=False).aggregate([("amount_fen", "sum")])
    return table.rename_columns([*SUMMED, "amount_fen"])


def by_account(balances: pa.Table, keys: Sequence[str] = ("entity", "currency", "account")) -> pa.Table:
    """Balances added up over books and roll-forward columns."""
    summed = balances.group_by(list(keys)).aggregate([("amount_fen", "sum")])
    return summed.rename_columns([name.removesuffix("_sum") for name in summed.column_names]).sort_by(
        [(name, "ascending") for name in keys]
    )


def check_balanced(balances: pa.Table) -> None:
    """Raise TieError unless the balances of each book, entity and currency add up to nothing.

    A journal of pairs cannot fail this; balances that were stored, or brought forward, can.
    """
    totals = balances.group_by(["book", "entity", "currency"]).aggregate([("amount_fen", "sum")])
    for row in totals.to_pylist():
        if row["amount_fen_sum"]:
            raise TieError(
                f"the trial balance of {row['entity']} in book {row['book']} is out by {row['currency']} "
                f"{format_money(row['amount_fen_sum'])}; debits and credits must be equal."
            )


def broken_limits(
    balances: pa.Table, chart: Chart, local: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[LimitBroken, ...]:
    """Accounts on the side that the chart forbids, on each basis: CORE + USGAAP, CORE + IFRS, and what entities file locally.

    local   books of each entity's local rules; those that add up the same books as a basis are checked with it
    """
    found = [broken for basis in BASES for broken in _broken(of_basis(balances, basis), chart, basis)]
    for entity, books in sorted((local or {}).items()):
        if set(books) not in map(set, BASES.values()):
            own = pc.and_(pc.equal(balances["entity"], entity), pc.is_in(balances["book"], pa.array(books)))
            found += _broken(balances.filter(own), chart, LOCAL)
    return tuple(found)


def _broken(balances: pa.Table, chart: Chart, basis: str) -> list[LimitBroken]:
    found = []
    for row in by_account(balances).to_pylist():
        account = chart.account(row["account"])
        wrong = row["amount_fen"] < 0 if account.normal == "debit" else row["amount_fen"] > 0
        if wrong and account.opposite == "never":
            found.append(
                LimitBroken(
                    basis=basis,
                    entity=row["entity"],
                    currency=row["currency"],
                    account=row["account"],
                    title=account.title,
                    balance_fen=row["amount_fen"],
                )
            )
    return found
