"""Steps over vehicles: their books open and receive what the day brought, ratios are published, payment dates are paid."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

import numpy as np

from loanbook import units
from loanbook.errors import LoanbookError
from loanbook.funding.vehicle_ledger import Movement, opening, received, subscriptions
from loanbook.loans.positions import Position
from loanbook.services.day import Day
from loanbook.services.day_taking import Taker, take
from loanbook.services.day_vehicles import Books, book_movement, held_principal, lending_hashes, locked_books, share_of
from loanbook.services.outside_debt import beyond, figures_of, issued_outside, seller_of
from loanbook.services.vehicle_paying import pay_out, pending_dates
from loanbook.stores.online.day_book import taken_over_on
from loanbook.stores.online.schema_vehicles import VEHICLE
from loanbook.stores.online.unit import Unit
from loanbook.stores.online.vehicle_book import defaulted, funded
from loanbook.terms.lending_rule import Breach
from loanbook.terms.mandate import Component
from loanbook.terms.vehicle import Received, Vehicle

_RECEIVED = {
    Component.PRINCIPAL: Received.PRINCIPAL,
    Component.INTEREST: Received.INTEREST,
    Component.FEE: Received.FEE,
    Component.LOSS: Received.RECOVERY,
}
_Found = TypeVar("_Found")
_SERIOUS_DPD = 90
"""Days past due that the ratio delinquency_90 counts more than."""


def receive(day: Day) -> dict[str, object]:
    """Open the vehicles that begin, and bring what the day brought and took into their books: one event a vehicle."""
    unit = day.unit()
    opened = _open(day, unit)
    books = locked_books(day)
    brought = _brought(day, books)
    for code, each in sorted(brought.items()):
        movement = received(
            books.vehicles[code], each.received_fen, lent_fen=each.paid_fen, from_deposit_fen=each.from_deposit_fen
        )
        if not movement.empty:
            told = {kind.name.lower(): amount for kind, amount in sorted(each.received_fen.items()) if amount}
            book_movement(unit, "vehicle_collected", code, movement, received_fen=told, paid_out_fen=dict(each.paid_for))
    unit.flush()
    return {
        "opened": opened,
        "vehicles": len(brought),
        "received_fen": sum(sum(each.received_fen.values()) for each in brought.values()),
        "paid_out_fen": sum(each.paid_fen + each.from_deposit_fen for each in brought.values()),
    }


def _open(day: Day, unit: Unit) -> int:
    """Vehicles with accounts or a deposit, from the first closed day on which they have begun; holders pay for tranches."""
    on = units.day(day.day)
    known = locked_books(day).ledgers
    found: dict[str, Vehicle] = {}
    for code in sorted({vehicle.code for vehicle in day.terms.vehicles} - set(known)):
        vehicle = day.terms.vehicle(code, on)
        if vehicle is not None and vehicle.begins_on <= on and (vehicle.accounts or vehicle.deposit):
            if (breach := _too_much_debt(day, vehicle, found.values())) is not None:
                day.findings.add(f"vehicle {code}", f"it is not opened: {breach.words}")
                continue
            found[code] = vehicle
            unit.insert(VEHICLE, vehicle=code, terms_hash=vehicle.hash, opened_on=day.day, paid_to=day.day, breached=[])
    unit.flush()
    for code, vehicle in found.items():
        book_movement(unit, "vehicle_opened", code, opening(vehicle), terms_hash=vehicle.hash)
    keep = {*known, *found}
    for code, vehicle in found.items():
        for holder, amount in sorted(subscriptions(vehicle).items()):
            if holder in keep and holder != code:
                book_movement(unit, "vehicle_received", holder, Movement(lending_fen=-amount), of=code, why="tranches")
    unit.flush()
    return len(found)


def _too_much_debt(day: Day, plan: Vehicle, opening_too: Iterable[Vehicle]) -> Breach | None:
    """The rule that keeps the seller of a plan from raising what its tranches bring; None also where nothing is published."""
    vehicles = day.terms.vehicles
    seller = seller_of(vehicles, plan)
    figures = None if seller is None else figures_of(day.connection, vehicles, seller)
    if seller is None or figures is None:
        return None
    raised = sum(issued_outside(each, seller) for each in (plan, *opening_too) if seller_of(vehicles, each) == seller)
    return beyond(day.terms.platform.lending_rules, figures, {"standardised_debt": raised}, units.day(day.day))


class _Brought:
    """What a day brought to one vehicle and what it paid out of `lending` or a deposit, by why."""

    def __init__(self) -> None:
        self.received_fen: dict[Received, int] = defaultdict(int)
        self.paid_for: dict[str, int] = defaultdict(int)
        self.from_deposit_fen = 0

    @property
    def paid_fen(self) -> int:
        return sum(self.paid_for.values())


def _brought(day: Day, books: Books) -> dict[str, _Brought]:
    keep = {code for code, vehicle in books.vehicles.items() if vehicle.accounts}
    found: dict[str, _Brought] = defaultdict(_Brought)
    taken = take(day, Taker.VEHICLES)
    money = taken.money
    for code in keep & set(money.holders):
        rows = money.rows_of(code)
        sums = np.zeros(len(Component), np.int64)
        np.add.at(sums, money.component[rows], money.amount_fen[rows])
        for component, kind in _RECEIVED.items():
            found[code].received_fen[kind] += int(sums[component])
    for sign, each in [(1, lent) for lent in taken.lent] + [(-1, lent) for lent in taken.returned]:
        for place, code in enumerate(each.mandate.vehicles):
            if code in keep:
                found[code].paid_for["lent"] += sign * int(each.lent_fen[:, place].sum())
        for fee, amount in each.fees() if sign > 0 else ():
            if fee.payer in keep:
                found[fee.payer].paid_for["fees"] += int(amount.sum())
            if fee.payee in keep:
                found[fee.payee].received_fen[Received.FEE] += int(amount.sum())
    for row in taken_over_on(day.connection, day.day):
        mandate = day.terms.platform.mandate_by_hash(row["mandate_hash"])
        to, kind = (row["seller"], Received.BUY_BACK) if row["seller"] else (mandate.partner, Received.COMPENSATION)
        if to in keep:
            found[to].received_fen[kind] += row["paid_fen"]
        if row["payer"] in keep:
            found[row["payer"]].paid_for[row["kind"]] += row["paid_fen"] - row["from_deposit_fen"]
        elif row["payer"] in books.vehicles and row["from_deposit_fen"]:
            found[row["payer"]].from_deposit_fen += row["from_deposit_fen"]
    return found


def publish_ratios(day: Day) -> dict[str, object]:
    """Publish, for vehicles whose payment date has come, the ratios that their triggers watch: dated events.

    cumulative_default   principal written off while the vehicle held the loan, of all it ever lent or bought
    delinquency_90       principal of held loans more than 90 days past due, of all it holds
    """
    books = locked_books(day)
    unit = day.unit()
    told = 0
    for code, vehicle in sorted(books.vehicles.items()):
        if not vehicle.triggers:
            continue
        dates = _alone(day, code, partial(pending_dates, day, vehicle, books.ledgers[code]))
        if dates:
            wanted = {trigger.ratio for trigger in vehicle.triggers}
            ratios = {name: find(day, code) for name, find in RATIOS.items() if name in wanted}
            unit.event("ratios_published", code, ratios_fen=ratios)
            told += 1
    unit.flush()
    return {"vehicles": told}


def _cumulative_default(day: Day, code: str) -> tuple[int, int]:
    mandates = lending_hashes(day, code)
    lost = defaulted(day.connection, code, sorted(mandates), day.day, day.day)
    lent, bought = funded(day.connection, code, sorted(mandates))
    above = sum(share_of(day.terms.platform.mandate_by_hash(row["mandate_hash"]), code, row["whole_fen"]) for row in lost)
    return above, bought + sum(share_of(mandates[row["mandate_hash"]], code, row["principal_fen"]) for row in lent)


def _delinquency_90(day: Day, code: str) -> tuple[int, int]:
    above = whole = 0
    for standing, principal in held_principal(day, code):
        above += int(principal[standing.column(Position.DPD) > _SERIOUS_DPD].sum())
        whole += int(principal.sum())
    return above, whole


RATIOS: dict[str, Callable[[Day, str], tuple[int, int]]] = {
    "cumulative_default": _cumulative_default,
    "delinquency_90": _delinquency_90,
}
"""The ratios that the day close itself finds; numerator and denominator in minor units. 0 / 0 is above nothing."""


def pay_vehicles(day: Day) -> dict[str, object]:
    """Pay the dates that have come and are not paid, each once; what a vehicle cannot do is a finding of it alone."""
    books = locked_books(day)
    dates = paid = short = bought = 0
    for code, vehicle in sorted(books.vehicles.items()):
        if vehicle.waterfall:
            for done in _alone(day, code, partial(pay_out, day, vehicle)) or ():
                dates += done.dates
                paid += done.paid_fen
                short += done.short_fen
                bought += done.bought
    return {"dates": dates, "paid_fen": paid, "short_fen": short, "loans_bought": bought}


def _alone(day: Day, code: str, run: Callable[[], _Found]) -> _Found | None:
    """Do something for one vehicle; when it fails its writes are taken back, and the finding says why."""
    try:
        with day.connection.transaction():
            return run()
    except (LoanbookError, ValueError, OverflowError) as error:
        day.findings.add(f"vehicle {code}", str(error).splitlines()[0])
        return None
