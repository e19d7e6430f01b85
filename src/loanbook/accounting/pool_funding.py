"""When the tranches of a trust or a plan are expected to be repaid: out of the principal that its loans bring within a year.

A trust pays its investors out of what borrowers pay, the senior tranche first, so what is current follows the pool, not the last
day of a tranche. That day still counts: what must be repaid by then within the year is current, and for a vehicle whose loans the
book does not know it is all that counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from loanbook.accounting.borrowing import Debt
from loanbook.accounting.loan_amounts import OWN_MODEL, ours
from loanbook.terms.entity import Group
from loanbook.terms.vehicle import Vehicle, version_on
from loanbook.units import HALF_UP, Ints, mul_div

LINES = ("trust_units", "asset_backed_securities")
"""Borrowings that a pool repays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What the loans of a vehicle are expected to repay of its tranches within a year of the close.

    tranches   names, the first repaid first
    """

    principal_fen: int
    tranches: tuple[str, ...]


def pools_of(ledger: pa.Table, group: Group, vehicles: Sequence[Vehicle], *, day: int, current_to: int) -> dict[str, Pool]:
    """By entity, the pools of vehicles that have tranches and loans.

    ledger       `loan_amounts.Totals.ledger` of the close on `day`
    current_to   the last day of the year that counts as current

    Expected is principal due by then, arrears with it, less its part of the allowance. What comes in while the vehicle revolves
    buys loans; a pool is taken to bring as much each day, so of the year counts what lies after the revolving period.
    """
    own = ours(ledger)
    own = own.filter(pc.equal(own["model"], OWN_MODEL))
    found = {}
    for entity in group.entities:
        terms = version_on(vehicles, entity.vehicle, day)
        loans = own.filter(pc.equal(own["vehicle"], entity.vehicle))
        if terms is None or not terms.tranches or not loans.num_rows:
            continue
        owed, later, allowance = (_sum(loans, name) for name in ("outstanding_fen", "noncurrent_fen", "loan_allowance_fen"))
        due = owed - later
        if due > 0:
            due -= int(mul_div(min(allowance, owed), due, owed, HALF_UP))
        if terms.revolving_until is not None:
            after = min(max(current_to - max(terms.revolving_until, day), 0), current_to - day)
            due = int(mul_div(due, after, current_to - day, HALF_UP))
        found[entity.code] = Pool(principal_fen=due, tranches=tuple(tranche.name for tranche in terms.tranches))
    return found


def _sum(table: pa.Table, name: str) -> int:
    return int(pc.sum(table[name]).as_py() or 0)


def by_expected_cash(state: Mapping[str, Ints], lasts: Mapping[str, int], pool: Pool) -> dict[str, Ints]:
    """The borrowings of one vehicle with what is current, and not, by the cash that its pool is expected to bring.

    state    name of the borrowing -> `borrowing.Debt` columns, split by last days
    lasts    its last day: those that are no tranche by name come after the tranches, by it
    """
    place = {name: number for number, name in enumerate(pool.tranches)}
    left = pool.principal_fen
    found = {}
    for name in sorted(state, key=lambda each: (place.get(each, len(place)), lasts[each], each)):
        at = state[name].copy()
        owed, cost = int(at[Debt.BORROWED] - at[Debt.REPAID]), int(at[Debt.COST] - at[Debt.AMORTISED])
        contractual = owed if owed and not at[Debt.NON_CURRENT] else 0
        soon = max(min(owed, left), contractual)
        left = max(left - soon, 0)
        if owed:
            at[Debt.CURRENT] = soon - int(mul_div(cost, soon, owed, HALF_UP))
            at[Debt.NON_CURRENT] = owed - cost - at[Debt.CURRENT]
        found[name] = at
    return found
