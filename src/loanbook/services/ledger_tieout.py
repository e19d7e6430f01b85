"""The ledger against the measures of the same close: two ways from the same facts that must meet to the last fen.

Measures count loans by families of cells, the ledger by entries; neither reads the other. What the ledger holds beyond loans
(stated openings, manual entries) and what it posts of earlier periods is told apart, so that nothing else may differ.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.measures.space import Space
from loanbook.services.closing import Close, close, close_space
from loanbook.services.entry_explaining import basis_at
from loanbook.services.facts_pass import behind, behind_entry, unapplied
from loanbook.services.period_reading import followed
from loanbook.stores.book import Book
from loanbook.stores.ledger import Ledger, Period
from loanbook.stores.projection import Progress, reading
from loanbook.stores.tables import read_table
from loanbook.terms.conventions import Model
from loanbook.terms.families import BUCKETS, LEDGER, POSITION
from loanbook.terms.posting_rule import load_components
from loanbook.units import Ints

ON_BALANCE, HEAVY = "on_balance_sheet", "capital_heavy"
PRINCIPAL, EXPOSURE, TO_BORROWERS = ("1310", "1311"), ("9001",), ("2117",)
COLLECTED_BY_US = (Model.ON_BALANCE_SHEET, Model.CAPITAL_HEAVY, Model.CAPITAL_LIGHT)
WRITTEN_OFF = "charged_off"
_FLOW_SIGNS = {"originations": 1, "repayments": -1, "charge_offs": -1, "recoveries": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """One figure told twice; ledger = measure + other + earlier + taken over, where it ties.

    other_fen     in the ledger by entries that no loan makes: stated openings less what they replace, manual entries
    earlier_fen   in the ledger of this period, of facts that happened before it
    taken_fen     in the measure alone: principal of claims that the guarantor took over (below zero)
    """

    name: str
    title: str
    ledger_fen: int
    measure_fen: int
    other_fen: int = 0
    earlier_fen: int = 0
    taken_fen: int = 0

    @property
    def unexplained_fen(self) -> int:
        """What nothing explains."""
        return self.ledger_fen - self.measure_fen - self.other_fen - self.earlier_fen - self.taken_fen


def tie_out(book: Book, name: str, *, on_progress: Progress | None = None) -> tuple[Tie, ...]:
    """Ties of a closed period: balances at its end and flows in it.

    raises   StateError for a period that is not closed
    """
    tell = on_progress or (lambda stage, done, total: None)
    ledger = Ledger(book)
    period = ledger.period(name)
    start, end, known = (dt.date.fromisoformat(period.manifest[key]) for key in ("starts_on", "ends_on", "known_at"))
    measured = close(book, end, known_on=known, begins_on=start, on_progress=tell)
    cells = _Cells(folder=measured.folder, period=period)
    chain = _chain(ledger, period)
    flows = [
        _flow("originations", "Principal lent on balance sheet", period, "money_lent", "1310", cells.volume()),
        _flow("repayments", "Principal collected", period, "instalment_collected", "1310", cells.flow("paid_fen")),
        _flow("charge_offs", "Principal charged off", period, "loan_written_off", "1310", cells.flow("charged_off_fen")),
        _flow("recoveries", "Recovered after charge-off", period, "recovery_collected", "1030", cells.flow("recovered_fen")),
    ]
    position = cells.position(HEAVY)
    return (
        Tie(
            name="loans_receivable",
            title="Loans receivable, principal",
            ledger_fen=_balance(period, PRINCIPAL),
            measure_fen=cells.position(ON_BALANCE),
            other_fen=_other(chain, PRINCIPAL),
        ),
        Tie(
            name="guaranteed",
            title="Guaranteed principal, off balance sheet",
            ledger_fen=_balance(period, EXPOSURE),
            measure_fen=position,
            other_fen=_other(chain, EXPOSURE),
            taken_fen=-_taken_over(book, ledger, period, measured, tell) if position else 0,
        ),
        Tie(
            name="held_for_borrowers",
            title="Payable to borrowers",
            ledger_fen=-_balance(period, TO_BORROWERS),
            measure_fen=_held(book, end, known, tell),
            other_fen=-_other(chain, TO_BORROWERS),
        ),
        *flows,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """Sums of the cells of a close over the months of a period; all months so far for an opening."""

    folder: Path
    period: Period

    def _table(self, name: str, model: str) -> pa.Table:
        table = read_table(self.folder, f"cells_{name}")
        return table.filter(pc.equal(table["model"], model))

    def _over(self, table: pa.Table, column: str) -> int:
        if not self.period.manifest["opening"]:
            first = dt.date.fromisoformat(self.period.manifest["starts_on"])
            table = table.filter(pc.greater_equal(table["month"], pa.scalar(first)))
        return pc.sum(table[column]).as_py() or 0

    def volume(self) -> int:
        return self._over(self._table("volume", ON_BALANCE), "principal_fen")

    def flow(self, column: str) -> int:
        return self._over(self._table("flow", ON_BALANCE), column)

    def position(self, model: str) -> int:
        table = self._table("position", model)
        end = pa.scalar(dt.date.fromisoformat(self.period.manifest["ends_on"]))
        chosen = table.filter(pc.and_(pc.equal(table["month"], end), pc.not_equal(table["bucket"], WRITTEN_OFF)))
        return pc.sum(chosen["principal_fen"]).as_py() or 0


def _chain(ledger: Ledger, period: Period) -> tuple[Period, ...]:
    """The periods that a period's balances are made of, itself included."""
    found = [period]
    while (before := followed(ledger, found[-1])) is not None:
        found.append(before)
    return tuple(found)


def _balance(period: Period, accounts: Sequence[str]) -> int:
    balances = period.table("balances")
    return pc.sum(balances.filter(pc.is_in(balances["account"], pa.array(accounts)))["amount_fen"]).as_py() or 0


def _other(chain: Sequence[Period], accounts: Sequence[str]) -> int:
    """What entries that no loan makes left in accounts: events of the company, and what a stated opening took off."""
    of_loans = pa.array(sorted({component.kind for component in load_components()}))
    total = 0
    for period in chain:
        entries = period.table("entries")
        total += _moved(entries.filter(pc.invert(pc.is_in(entries["kind"], of_loans))), accounts)
    return total


def _flow(name: str, title: str, period: Period, kind: str, account: str, measure_fen: int) -> Tie:
    """Entries of a kind for loans on balance sheet, by what they move in an account; shown as an amount above zero."""
    entries = period.table("entries")
    meets = [pc.equal(entries[column], value) for column, value in (("kind", kind), ("model", ON_BALANCE), ("book", "CORE"))]
    chosen = entries.filter(pc.and_(pc.and_(*meets[:2]), meets[2]))
    sign = _FLOW_SIGNS[name]
    earlier = 0
    if not period.manifest["opening"]:
        first = pa.scalar(dt.date.fromisoformat(period.manifest["first_day"]))
        earlier = sign * _moved(chosen.filter(pc.less(chosen["happened_on"], first)), (account,))
    return Tie(name=name, title=title, ledger_fen=sign * _moved(chosen, (account,)), measure_fen=measure_fen, earlier_fen=earlier)


def _moved(entries: pa.Table, accounts: Sequence[str]) -> int:
    """What entries leave in accounts, debit less credit."""
    return sum(
        sign * (pc.sum(entries.filter(pc.is_in(entries[side], pa.array(accounts)))["amount_fen"]).as_py() or 0)
        for side, sign in (("debit", 1), ("credit", -1))
    )


def _held(book: Book, end: dt.date, known: dt.date, tell: Progress) -> int:
    """What the accounts of loans that we collect hold unapplied."""
    with reading(book, on_progress=tell) as projection:
        return unapplied(projection, units.day(end), units.day(known), COLLECTED_BY_US, on_progress=tell)


def _taken_over(book: Book, ledger: Ledger, period: Period, measured: Close, tell: Progress) -> int:
    """Unpaid principal, as the measures count it, of the loans whose lender the guarantor has compensated."""
    with reading(book, on_progress=tell) as projection:
        over, basis = basis_at(book, ledger, projection, period)
        cells = np.zeros((len(over.groups), over.window.months), np.bool_)
        cells[_heavy(over)] = True
        paid = [np.zeros(0, np.int64)]
        for found in behind_entry(projection, over, basis, LEDGER.name, cells.reshape(-1), on_progress=tell):
            paid.append(found.loan_no[found.values["payout_fen"] != 0])
        compensated = np.unique(np.concatenate(paid))
        over = close_space(book, measured, projection)
        wanted = np.zeros(over.shape(POSITION), np.bool_)
        wanted[_heavy(over), over.window.months - 1] = [bucket != WRITTEN_OFF for bucket in BUCKETS]
        total = 0
        for found in behind(projection, over, POSITION.name, wanted.reshape(-1), on_progress=tell):
            total += int(found.values["principal_fen"][np.isin(found.loan_no, compensated)].sum())
    return total


def _heavy(over: Space) -> Ints:
    return np.flatnonzero([model == HEAVY for _, model, _ in over.groups])
