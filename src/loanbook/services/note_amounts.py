"""Amounts of notes out of the cells that a period keeps: ageing, loans by year of origination, guarantees.

What stands in accounts and is not past due is current, so every row of the ageing ends at its balance. Allowances and charge-offs
are told by the month in which a loan was made; the books add these up to years.
"""

from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from loanbook.accounting.loan_amounts import OWN_MODEL as _OURS
from loanbook.accounting.loan_amounts import ours
from loanbook.errors import TieError
from loanbook.services.group_closes import GroupPeriod
from loanbook.statements.periods import Period
from loanbook.statements.presentation import Key
from loanbook.terms.conventions import Model
from loanbook.terms.families import AGED_DAYS
from loanbook.terms.statement import BASE

CURRENT = "current"
YEAR = "origination_year"
_GUARANTEED = Model.CAPITAL_HEAVY.name.lower()
_AGED = (
    ("ageing_loans_receivable", _OURS, ("principal", "interest"), ("1310", "1311", "1312")),
    ("ageing_financial_assets_receivable", "", ("guarantee_fee",), ("1210", "1211")),
    ("ageing_accounts_receivable_and_contract_assets", "", ("fee",), ("1110", "1120", "1121")),
)
"""Line, model (empty: all), what of the cells, and the accounts whose balance it is."""
_LOANS = ("vintage_current", *(f"vintage_d{days}" if days[0].isdigit() else f"vintage_{days}" for days in AGED_DAYS))
_OWED = ("outstanding_fen", "interest_earned_fen", "-interest_collected_fen", "-interest_written_off_fen")
_LOST = ("written_off_fen", "interest_written_off_fen", "costs_written_off_fen")
_ALLOWANCE = "loan_allowance_fen"
_ALLOWANCE_ACCOUNT = "1319"


def note_amounts(each: GroupPeriod, before: GroupPeriod | None, span: Period) -> dict[Key, int]:
    """Amounts of one period's notes, debit less credit: balances at its end, charge-offs of its days.

    before   the period before it, None for the first
    raises   TieError where loans or allowance by year of origination are not what the accounts say
    """
    cells = ours(each.closed.table("cells_ledger"))
    accounts = _balances(each.consolidated.trial_balance())
    found = _ageing(cells, accounts, span.end)
    found |= _by_year(cells, ours(before.closed.table("cells_ledger")) if before else cells.slice(0, 0), span)
    for lines, of in ((_LOANS, _AGED[0][3]), (("vintage_allowance",), (_ALLOWANCE_ACCOUNT,))):
        told = sum(amount for (code, _, _), amount in found.items() if code in lines)
        booked = sum(accounts.get(account, 0) for account in of)
        if told != booked:
            raise TieError(
                f"{each.closed.name}: {lines[0]} by year of origination comes to {told:,} fen; accounts {', '.join(of)} say "
                f"{booked:,}."
            )
    found["guaranteed_principal", span.end, BASE] = _of(_model(cells, _GUARANTEED), "outstanding_fen")
    return {key: amount for key, amount in found.items() if amount}


def _balances(trial: pa.Table) -> dict[str, int]:
    found: dict[str, int] = {}
    for account, amount in zip(trial["account"].to_pylist(), trial["amount_fen"].to_pylist(), strict=True):
        found[account] = found.get(account, 0) + amount
    return found


def _model(cells: pa.Table, model: str) -> pa.Table:
    return cells.filter(pc.equal(cells["model"], model)) if model else cells


def _of(cells: pa.Table, *columns: str) -> int:
    """The sum of signed columns."""
    total = 0
    for written in columns:
        name = written.removeprefix("-")
        total += (-1 if written.startswith("-") else 1) * int(pc.sum(cells[name]).as_py() or 0)
    return total


def _column(days: str) -> str:
    return f"d{days}" if days[0].isdigit() else days


def _ageing(cells: pa.Table, accounts: Mapping[str, int], at: Period) -> dict[Key, int]:
    found: dict[Key, int] = {}
    for line, model, parts, of in _AGED:
        own = _model(cells, model)
        aged = {_column(days): _of(own, *(f"{part}_{days}_fen" for part in parts)) for days in AGED_DAYS}
        whole = sum(accounts.get(account, 0) for account in of)
        found |= _row(line, at, whole, aged)
    guaranteed = _model(cells, _GUARANTEED)
    aged = {_column(days): _of(guaranteed, f"principal_{days}_fen") for days in AGED_DAYS}
    return found | _row("ageing_guaranteed_loans", at, _of(guaranteed, "outstanding_fen"), aged)


def _row(line: str, at: Period, whole: int, aged: Mapping[str, int]) -> dict[Key, int]:
    return {(line, at, column): amount for column, amount in ((CURRENT, whole - sum(aged.values())), *aged.items())}


def _by_year(cells: pa.Table, before: pa.Table, span: Period) -> dict[Key, int]:
    found: dict[Key, int] = {}
    own, earlier = (_model(table, _OURS) for table in (cells, before))
    for year in _years(own):
        made = own.filter(pc.starts_with(own["cohort"], year))
        was = earlier.filter(pc.starts_with(earlier["cohort"], year))
        column = f"{YEAR}={year}"
        aged = [_of(made, f"principal_{days}_fen", f"interest_{days}_fen") for days in AGED_DAYS]
        loans = (_of(made, *_OWED) - sum(aged), *aged)
        found |= {(line, span.end, column): amount for line, amount in zip(_LOANS, loans, strict=True)}
        found["vintage_allowance", span.end, column] = -_of(made, _ALLOWANCE)
        found["vintage_charge_offs", span, column] = _of(made, *_LOST) - _of(was, *_LOST)
    return found


def _years(cells: pa.Table) -> Iterable[str]:
    return sorted({cohort[:4] for cohort in pc.unique(cells["cohort"]).to_pylist()})
