"""Amounts to entries by rules and roles, and the trial balance that follows from them."""

import functools
import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.accounting.journal import BALANCE, trial_balance
from loanbook.accounting.posting import ROLES, entries_of, without_rule
from loanbook.errors import RequestError, TieError
from loanbook.stores.engine import as_text, connect
from loanbook.stores.ledger import Period
from loanbook.stores.scratch import scratch_folder
from loanbook.terms.conventions import Model
from loanbook.terms.entity import Bookings, Role
from loanbook.terms.posting_rule import NO_ENTRY, PostingRule

_NAMES = ("amounts", "rules", "roles")
MESSAGES_MOST = 5
"""Amounts without a rule that a message names."""


def role_table(bookings: Bookings, rules: tuple[PostingRule, ...], day: int, vehicles: Iterable[str] = ()) -> pa.Table:
    """Who fills each role for each model and vehicle on a day, `posting.ROLES`; roles that nobody fills are left out.

    vehicles   that amounts name, besides none
    """
    rows = []
    roles = sorted({rule.role for rule in rules if rule.role and rule.book != NO_ENTRY})
    models = [model.name.lower() for model in Model]
    for role, model, vehicle in itertools.product(roles, models, sorted({"", *vehicles})):
        try:
            entity = bookings.entity(Role(role), model=model, vehicle=vehicle, on=day)
        except RequestError:
            continue
        rows.append({"role": role, "model": model, "vehicle": vehicle, "entity": entity})
    return pa.Table.from_pylist(rows, schema=ROLES)


def post_by(amounts: pa.Table, rules: pa.Table, roles: pa.Table) -> pa.Table:
    """The entries of amounts, in the order of their ids.

    rules, roles   as `posting.rule_table` and `role_table`, or as they were locked with a period; roles locked before loans
                   named a vehicle are those of none
    raises         TieError for amounts that meet no rule, or a rule whose role no entity fills: named with number and sum
    """
    if "vehicle" not in roles.column_names:
        roles = roles.append_column("vehicle", pa.array([""] * roles.num_rows, pa.string()))
    missing, found = _queries(*(each.schema.remove_metadata() for each in (amounts, rules, roles)))
    with scratch_folder("posting") as folder, connect(folder) as engine:
        for name, each in zip(_NAMES, (amounts, rules, roles), strict=True):
            engine.register(name, each)
        missed = engine.table(missing).to_pylist()
        if missed:
            shown = "; ".join(_shown(row) for row in missed[:MESSAGES_MOST])
            kinds = f"{len(missed)} kind{'' if len(missed) == 1 else 's'}"
            raise TieError(f"amounts of {kinds} meet no posting rule: {shown}. Add a rule, or one that says no entry.")
        entries = engine.table(found)
    empty = entries.filter(pc.equal(entries["entity"], ""))
    if empty.num_rows:
        row = empty.slice(0, 1).to_pylist()[0]
        whose = " and vehicle ".join(filter(None, (row["model"] or "no model", row["vehicle"])))
        raise TieError(
            f"{empty.num_rows:,} entries have no entity: rule {row['rule']} of {whose} names a role that nobody fills on "
            f"{row['posted_on']}. Add a line to terms/entity_roles."
        )
    return entries


@functools.lru_cache(maxsize=8)
def _queries(*schemas: pa.Schema) -> tuple[str, str]:
    """What meets no rule, and the entries, as the engine's text: writing it takes longer than a small book's answer."""
    waiting, by, who = (ibis.table(schema, name=name) for name, schema in zip(_NAMES, schemas, strict=True))
    return as_text(without_rule(waiting, by)), as_text(entries_of(waiting, by, who).order_by(["entry_id"]))


def _shown(row: Mapping[str, Any]) -> str:
    told = " ".join(str(row[name]) for name in ("kind", "component", "model", "cohort_new", "line") if row[name])
    asked = ", ".join(f"{name} {row[name]}" for name in ("consolidated", "licence") if row[name])
    told += f", {asked}" if asked else ""
    return f"{told} ({row['amounts']:,} amounts, {units.format_money(int(row['amount_fen']))})"


def brought_forward(last: Period | None, entries: pa.Table) -> pa.Table:
    """The trial balance after a period: that of the one before it, and its entries; `journal.BALANCE`."""
    moved = trial_balance(entries)
    if last is None:
        return moved
    both = pa.concat_tables([last.table("balances").select(BALANCE.names), moved.select(BALANCE.names)])
    keys = [name for name in BALANCE.names if name != "amount_fen"]
    summed = both.group_by(keys).aggregate([("amount_fen", "sum")])
    table = summed.rename_columns([name.removesuffix("_sum") for name in summed.column_names]).select(BALANCE.names)
    return table.sort_by([(name, "ascending") for name in keys])


def debits(balances: pa.Table) -> dict[str, dict[str, int]]:
    """Debits of each book by currency: what the manifest proves a balanced ledger by."""
    found: dict[str, dict[str, int]] = {}
    positive = np.maximum(balances["amount_fen"].to_numpy(), 0)
    named = (balances["book"].to_pylist(), balances["currency"].to_pylist())
    for book, currency, amount in zip(*named, positive.tolist(), strict=True):
        sums = found.setdefault(book, {})
        sums[currency] = sums.get(currency, 0) + amount
    return found


def are_debits(said: Mapping[str, Any], balances: pa.Table) -> bool:
    """Whether a manifest's totals are the debits of balances; manifests of earlier versions add up the currencies of a book."""
    found = debits(balances)
    return said in (found, {book: sum(sums.values()) for book, sums in found.items()})
