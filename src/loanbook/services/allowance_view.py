"""The four allowances of the ledger: their balances against what loans were measured at, and what moved them, by model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from loanbook.accounting.journal import by_account, of_basis, trial_balance
from loanbook.accounting.loan_amounts import ours
from loanbook.accounting.roll_forward import RollForward
from loanbook.measures.credit_losses_policy import METHODS
from loanbook.stores.ledger import Period
from loanbook.terms.families import LEDGER
from loanbook.terms.posting_rule import BASES, load_components
from loanbook.units import Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """One of the four; `measured` the column of the ledger's cells that it is, by basis."""

    account: str
    title: str
    measured: Mapping[str, str]


ALLOWANCES = (
    Allowance(
        account="1319",
        title="Loans receivable",
        measured={"us_gaap": "loan_allowance_fen", "ifrs": "loan_allowance_ifrs_fen"},
    ),
    Allowance(
        account="2150",
        title="Contingent liability of guarantees",
        measured={"us_gaap": "contingent_fen", "ifrs": "contingent_ifrs_fen"},
    ),
    Allowance(account="1219", title="Financial assets receivable", measured={"us_gaap": "guarantee_fee_allowance_fen"}),
    Allowance(
        account="1129",
        title="Accounts receivable and contract assets",
        measured={"us_gaap": "fee_allowance_fen", "ifrs": "fee_allowance_fen"},
    ),
)
MOVED = {
    "provision_new": "new_fen",
    "provision_revision": "revision_fen",
    "write_off": "used_fen",
    "payout": "used_fen",
    "recovery": "recovered_fen",
}
"""Columns of the accounts' roll-forwards -> columns of the movements; what else moved them is `other_fen`."""
MOVEMENTS = ("new_fen", "revision_fen", "used_fen", "recovered_fen", "other_fen")
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("basis", "account", "title", "model")),
        *((name, pa.int64()) for name in ("opening_fen", *MOVEMENTS, "closing_fen")),
    ]
)
_BALANCED = ("book", "entity", "currency", "debit", "credit", "debit_column", "credit_column", "amount_fen")
"""What a trial balance reads of entries."""
_PLACE = {name: place for place, name in enumerate(LEDGER.columns)}


def allowance_balances(chain: Sequence[Period], booked: Mapping[str, Ints], chosen: str) -> pa.Table:
    """Rows by allowance and basis: basis, account, title, ledger_fen, measured_fen, other_fen, unexplained_fen, and one a method.

    chain    the period and those that its balances are made of, newest first
    booked   by method: (groups, columns of `families.LEDGER`) int64, the loans measured with its rates
    amounts  an allowance or liability is positive; other_fen is what events that are no loan's left (stated openings, manual
             entries); ledger = measured by the chosen method + other + unexplained
    """
    loans = pa.array(sorted({component.kind for component in load_components()}))
    entries = [each.table("entries", ("kind", *_BALANCED)) for each in chain]
    rest = trial_balance(pa.concat_tables([table.filter(pc.invert(pc.is_in(table["kind"], loans))) for table in entries]))
    rows = []
    for basis in BASES:
        held, other = (_credits(table, basis) for table in (chain[0].table("balances"), rest))
        for each in ALLOWANCES:
            if basis not in each.measured:
                continue
            measured = {method: int(booked[method][:, _PLACE[each.measured[basis]]].sum()) for method in METHODS}
            ledger, left = held.get(each.account, 0), other.get(each.account, 0)
            rows.append(
                {
                    "basis": basis,
                    "account": each.account,
                    "title": each.title,
                    "ledger_fen": ledger,
                    "measured_fen": measured[chosen],
                    "other_fen": left,
                    "unexplained_fen": ledger - left - measured[chosen],
                    **{f"{method}_fen": measured[method] for method in METHODS},
                }
            )
    return pa.Table.from_pylist(rows)


def _credits(balances: pa.Table, basis: str) -> dict[str, int]:
    """Balances of a basis by account, credit positive."""
    return {row["account"]: -row["amount_fen"] for row in by_account(of_basis(balances, basis), ("account",)).to_pylist()}


def allowance_movements(period: Period, before: Period | None) -> pa.Table:
    """Rows by basis, allowance and model: basis, account, title, model, opening_fen, `MOVEMENTS`, closing_fen.

    Openings and closings of a model are its loans', measured; movements are the ledger's entries. What no model has (stated
    openings, manual entries) is a row with an empty model.
    raises   TieError when a row does not close
    """
    every = trial_balance(period.table("entries", ("model", *_BALANCED)), ("model",))
    rows = []
    for basis in BASES:
        moved = _moved(of_basis(every, basis))
        opened, closed = (_credits(each.table("balances"), basis) if each else {} for each in (before, period))
        for each in ALLOWANCES:
            if basis not in each.measured:
                continue
            was, now = (_by_model(held, each.measured[basis]) for held in (before, period))
            was[""] = opened.get(each.account, 0) - sum(was.values())
            now[""] = closed.get(each.account, 0) - sum(now.values())
            for model in sorted({*was, *now, *(model for model, account, _ in moved if account == each.account)}):
                steps = {name: moved.get((model, each.account, name), 0) for name in MOVEMENTS}
                row = RollForward(
                    title=f"{each.title}, {basis}, {model or 'no model'}",
                    opening=was.get(model, 0),
                    movements=steps,
                    closing=now.get(model, 0),
                )
                if row.opening or row.closing or any(steps.values()):
                    told: dict[str, object] = {"basis": basis, "account": each.account, "title": each.title, "model": model}
                    rows.append(told | {"opening_fen": row.opening, **steps, "closing_fen": row.closing})
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def _moved(balances: pa.Table) -> dict[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = {}
    for row in balances.to_pylist():
        key = (row["model"], row["account"], MOVED.get(row["column"], "other_fen"))
        found[key] = found.get(key, 0) - row["amount_fen"]
    return found


def _by_model(period: Period | None, column: str) -> dict[str, int]:
    if period is None:
        return {}
    sums = ours(period.table("cells_ledger")).group_by("model").aggregate([(column, "sum")])
    return dict(zip(sums["model"].to_pylist(), sums[f"{column}_sum"].to_pylist(), strict=True))
