"""What the steps over vehicles share: who lends what, what a vehicle holds, and how its books move with an event."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from loanbook import units
from loanbook.funding.shares import stage_shares
from loanbook.funding.vehicle_ledger import Ledger, Movement
from loanbook.loans.positions import Position
from loanbook.services.day import Day
from loanbook.services.day_figures import chosen
from loanbook.services.day_pass import CHUNK, Standing, stand_of
from loanbook.services.day_steps_loans import owed_parts
from loanbook.stores.online.unit import Unit
from loanbook.stores.online.vehicle_book import held_loans, ledgers, move_balances, told
from loanbook.terms.mandate import SHARES_WHOLE, Component, Mandate, Stage, mandates_in_force
from loanbook.terms.vehicle import Vehicle
from loanbook.units import HALF_UP, Ints, mul_div


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The vehicles that are open, locked, with the terms of the day."""

    vehicles: Mapping[str, Vehicle]
    ledgers: dict[str, Ledger]


def locked_books(day: Day) -> Books:
    """The books of all vehicles, held until the step ends."""
    found = ledgers(day.connection, lock=True)
    terms = {code: day.terms.vehicle(code, units.day(day.day)) for code in found}
    return Books(vehicles={code: vehicle for code, vehicle in terms.items() if vehicle is not None}, ledgers=found)


def book_movement(unit: Unit, kind: str, vehicle: str, movement: Movement, **content: object) -> None:
    """Move a vehicle's balances and tell it, in one transaction."""
    move_balances(unit.connection, vehicle, movement)
    unit.event(kind, vehicle, **told(movement), **content)


def lends(day: Day, code: str) -> bool:
    """Whether a mandate in force lends from a vehicle."""
    return any(lender_share(mandate, code) for mandate in mandates_in_force(day.terms.platform.mandates, units.day(day.day)))


def lender_share(mandate: Mandate, code: str) -> int:
    """The vehicle's millionths of principal under a mandate."""
    if code not in mandate.vehicles:
        return 0
    return mandate.funding[Stage.ORIGINATION][Component.PRINCIPAL][mandate.vehicles.index(code)]


def lending_hashes(day: Day, code: str) -> dict[str, Mandate]:
    """The versions of mandates under which a vehicle lends or lent."""
    return {mandate.hash: mandate for mandate in day.terms.platform.mandates if lender_share(mandate, code)}


def share_of(mandate: Mandate, code: str, amount_fen: int) -> int:
    """A vehicle's part of a sum of principal lent under a mandate; all of it for loans it bought whole. Rounded half up."""
    return int(mul_div(amount_fen, lender_share(mandate, code) or SHARES_WHOLE, SHARES_WHOLE, HALF_UP))


def held_principal(day: Day, code: str) -> Iterator[tuple[Standing, Ints]]:
    """The running loans a vehicle holds, a chunk at a time, and its part of their outstanding principal, (loans,)."""
    hashes = sorted(lending_hashes(day, code))
    after = ""
    while True:
        rows = held_loans(day.connection, code, hashes, after, CHUNK)
        if not rows:
            return
        after = rows[-1]["loan_id"]
        standing = stand_of(day.book, day.connection, [row["loan_id"] for row in rows], day.day, day.findings)
        yield standing, principal_of(day, code, standing)


def principal_of(day: Day, code: str, standing: Standing) -> Ints:
    """A vehicle's part of the outstanding principal of loans that it holds: its own share, or a seller's whole loan."""
    found = np.zeros(len(standing.loan_id), np.int64)
    hashes = np.array(standing.mandate_hash, object)
    for key in sorted(set(standing.mandate_hash)):
        mandate = day.terms.platform.mandate_by_hash(key)
        places = np.flatnonzero(hashes == key)
        if lender_share(mandate, code):
            parts = owed_parts(mandate, chosen(standing, places))
            found[places] = parts[:, Component.PRINCIPAL, mandate.vehicles.index(code)]
        else:
            found[places] = standing.column(Position.OUTSTANDING)[places]
    return found


def whole_lender(mandate: Mandate) -> str:
    """Who lends all the principal under a mandate; empty where several do."""
    shares = stage_shares(mandate, Stage.ORIGINATION)[Component.PRINCIPAL]
    return mandate.vehicles[int(shares.argmax())] if int(shares.max()) == SHARES_WHOLE else ""
