"""One vehicle's payment dates: the waterfall over its books, the loans it buys while it revolves, and the events of both."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loanbook import units
from loanbook.funding.vehicle_ledger import Ledger, Movement, distributed, state_of, swept_fen, to_payees
from loanbook.funding.vehicle_state import VehicleState, breached_triggers, payment_dates, phase_on
from loanbook.funding.waterfall import Distribution, run_waterfall
from loanbook.loans.positions import Position
from loanbook.services.day import Day
from loanbook.services.day_figures import chosen
from loanbook.services.day_knowledge import known_of
from loanbook.services.day_pass import CHUNK, Standing
from loanbook.services.day_vehicles import (
    book_movement,
    lending_hashes,
    lends,
    locked_books,
    share_of,
    whole_lender,
)
from loanbook.stores.online.schema import LOAN
from loanbook.stores.online.schema_day import TAKEN_OVER
from loanbook.stores.online.schema_vehicles import VEHICLE
from loanbook.stores.online.unit import Unit
from loanbook.stores.online.vehicle_book import defaulted, never_handed_on, ratios_published, set_unpaid
from loanbook.terms.vehicle import Pay, Phase, Received, Step, Vehicle


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a vehicle did on a day: payment dates paid, what left it, what stayed short, loans it bought."""

    dates: int
    paid_fen: int
    short_fen: int
    bought: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Loans that a seller offers at their outstanding principal, oldest first: they are locked, and current."""

    seller: str
    loan_ids: Sequence[str]
    mandates: Sequence[str]
    price_fen: Sequence[int]

    def upto(self, cash_fen: int) -> "Offer":
        """The first loans that some cash buys whole."""
        count = int(np.searchsorted(np.cumsum(self.price_fen, dtype=np.int64), cash_fen, side="right"))
        return Offer(
            seller=self.seller,
            loan_ids=self.loan_ids[:count],
            mandates=self.mandates[:count],
            price_fen=self.price_fen[:count],
        )


def pending_dates(day: Day, vehicle: Vehicle, ledger: Ledger) -> tuple[int, ...]:
    """Payment dates up to the day that are not paid. Raises ValueError beyond the horizon of the vehicle's calendar."""
    if vehicle.payment_dates is None:
        return ()
    calendar = day.terms.whole_calendar(vehicle.payment_dates.calendar, vehicle.payment_dates.first_on, units.day(day.day))
    return tuple(on for on in payment_dates(vehicle, calendar, units.day(day.day)) if on > ledger.paid_to)


def pay_out(day: Day, vehicle: Vehicle) -> list[Done]:
    """Pay a vehicle's dates that have come, in order; on the day it opens it buys its first loans.

    raises   RequestError when a trigger watches a ratio that nobody published since the last date, and as the waterfall
    """
    ledger = locked_books(day).ledgers[vehicle.code]
    dates = pending_dates(day, vehicle, ledger)
    if not dates:
        return [_buy_first(day, vehicle, ledger)] if ledger.opened_on == units.day(day.day) else []
    return [_pay_date(day, vehicle, on) for on in dates]


def _buys(vehicle: Vehicle, phase: Phase) -> Step | None:
    """The step that buys loans in a phase."""
    return next((step for step in vehicle.steps(phase) if step.pay is Pay.REINVESTMENT), None)


def _buy_first(day: Day, vehicle: Vehicle, ledger: Ledger) -> Done:
    """With what the tranches brought."""
    step = _buys(vehicle, phase_on(vehicle, (), units.day(day.day)))
    offer = _offer(day, vehicle, step, ledger.lending_fen).upto(ledger.lending_fen) if step else None
    if offer is None or not offer.loan_ids:
        return Done(dates=0, paid_fen=0, short_fen=0, bought=0)
    unit, price = day.unit(), sum(offer.price_fen)
    book_movement(unit, "vehicle_bought", vehicle.code, Movement(lending_fen=-price), loans=len(offer.loan_ids), of=offer.seller)
    book_movement(unit, "vehicle_received", offer.seller, Movement(lending_fen=price), of=vehicle.code, why="loans")
    _sell(day, unit, vehicle, offer)
    unit.flush()
    return Done(dates=0, paid_fen=price, short_fen=0, bought=len(offer.loan_ids))


def _pay_date(day: Day, vehicle: Vehicle, on: int) -> Done:
    """One payment date: the waterfall is run for what is offered, and again for the whole loans that its cash buys."""
    code, books = vehicle.code, locked_books(day)
    ledger = books.ledgers[code]
    state, lacking = state_of(vehicle, ledger)
    for name, amount in lacking.items():
        message = f"account {name} is below zero: money that it paid out was taken back; what comes next fills it"
        day.findings.add(f"vehicle {code}", message, -amount)
    since = units.date(ledger.paid_to)
    ratios = ratios_published(day.connection, code, since, day.day)
    breached = breached_triggers(vehicle, state.breached, ratios)
    phase = phase_on(vehicle, breached, on)
    swept = swept_fen(ledger, phase, breached, lends=lends(day, code))
    mandates = lending_hashes(day, code)
    lost = defaulted(day.connection, code, sorted(mandates), since, units.date(on))
    defaulted_fen = sum(share_of(day.terms.platform.mandate_by_hash(row["mandate_hash"]), code, row["new_fen"]) for row in lost)

    def run(offered_fen: int) -> Distribution:
        return run_waterfall(
            vehicle,
            state,
            {Received.PRINCIPAL: swept},
            ratios=ratios,
            on=on,
            offered_fen=offered_fen,
            defaulted_fen=defaulted_fen,
        )

    step = _buys(vehicle, phase)
    offer = None
    if step is None:
        done = run(0)
    elif step.payee == code:
        done = run(max(-ledger.lending_fen, 0))
    else:
        offer = _offer(day, vehicle, step, sum(state.accounts_fen.values()) + swept)
        offer = offer.upto(_paid(run(sum(offer.price_fen)), Pay.REINVESTMENT))
        done = run(sum(offer.price_fen))
    unit = day.unit()
    _tell(day, unit, vehicle, state, done, swept, ratios=ratios, defaulted_fen=defaulted_fen)
    for payee, movement in to_payees(done, {name: each for name, each in books.vehicles.items() if each.accounts}).items():
        book_movement(unit, "vehicle_received", payee, movement, of=code, why="payment date", on=units.date(on))
    if offer is not None:
        _sell(day, unit, vehicle, offer)
    unit.flush()
    return Done(
        dates=1,
        paid_fen=sum(payment.amount_fen for payment in done.payments if not payment.into),
        short_fen=sum(claim.shortfall_fen for claim in done.claims),
        bought=len(offer.loan_ids) if offer else 0,
    )


def _paid(done: Distribution, pay: Pay) -> int:
    return sum(payment.amount_fen for payment in done.payments if payment.pay is pay)


def _tell(
    day: Day,
    unit: Unit,
    vehicle: Vehicle,
    before: VehicleState,
    done: Distribution,
    swept: int,
    *,
    ratios: dict[str, tuple[int, int]],
    defaulted_fen: int,
) -> None:
    """The event of a payment date, the state it leads to, and the word to who pays the money out."""
    rows = unit.lock(VEHICLE, [vehicle.code])
    unit.update(
        VEHICLE,
        rows[vehicle.code],
        terms_hash=vehicle.hash,
        paid_to=units.date(done.on),
        phase=done.phase.name.lower(),
        breached=list(done.after.breached),
    )
    set_unpaid(day.connection, vehicle.code, done.after.unpaid_fen)
    payments = [
        {
            "step": payment.step,
            "pay": payment.pay.value,
            "of": payment.of,
            "account": payment.account,
            "to": payment.into or payment.payee,
            "amount_fen": payment.amount_fen,
        }
        for payment in done.payments
    ]
    book_movement(
        unit,
        "vehicle_paid",
        vehicle.code,
        distributed(vehicle, before, done, swept),
        on=units.date(done.on),
        phase=done.phase.name.lower(),
        breached=list(done.breached),
        lasting=list(done.after.breached),
        ratios_fen=ratios,
        swept_fen=swept,
        defaulted_fen=defaulted_fen,
        unpaid_fen=dict(done.after.unpaid_fen),
        claims=[
            {
                "step": claim.step,
                "pay": claim.pay.value,
                "of": claim.of,
                "due_fen": claim.due_fen,
                "paid_fen": claim.paid_fen,
                "short_fen": claim.shortfall_fen,
            }
            for claim in done.claims
        ],
        payments=payments,
        terms_hash=vehicle.hash,
    )
    unit.tell(vehicle.code, "vehicle_paid", vehicle.code, on=units.date(done.on), payments=payments)


def _offer(day: Day, vehicle: Vehicle, step: Step, cash_fen: int) -> Offer:
    """Current loans that the payee of a step lent alone and never handed on, as many as some cash buys."""
    ids: list[str] = []
    if step.payee in locked_books(day).vehicles and step.payee != vehicle.code:
        hashes = [mandate.hash for mandate in day.terms.platform.mandates if whole_lender(mandate) == step.payee]
        ids = _current(day, hashes, cash_fen)
    day.unit().lock(LOAN, ids)
    standing = _good(known_of(day, ids)) if ids else None
    return Offer(
        seller=step.payee,
        loan_ids=standing.loan_id if standing else [],
        mandates=[day.terms.platform.mandate_by_hash(key).code for key in standing.mandate_hash] if standing else [],
        price_fen=standing.column(Position.OUTSTANDING).tolist() if standing else [],
    )


def _current(day: Day, hashes: Sequence[str], cash_fen: int) -> list[str]:
    found: list[str] = []
    after = ""
    while cash_fen > 0:
        ids = never_handed_on(day.connection, hashes, day.day, after, CHUNK)
        if not ids:
            break
        after = ids[-1]
        standing = _good(known_of(day, ids))
        price = np.cumsum(standing.column(Position.OUTSTANDING))
        count = int(np.searchsorted(price, cash_fen, side="right"))
        found += standing.loan_id[:count]
        if count < price.size:
            break
        cash_fen -= int(price[-1]) if price.size else 0
    return found


def _good(standing: Standing) -> Standing:
    """Loans that ran, owed something and were not past due, as the day knew."""
    fine = standing.open & (standing.column(Position.DPD) == 0) & (standing.column(Position.OUTSTANDING) > 0)
    return chosen(standing, np.flatnonzero(fine))


def _sell(day: Day, unit: Unit, vehicle: Vehicle, offer: Offer) -> None:
    """The loans pass to the vehicle from the next day on."""
    for loan_id, mandate, price in zip(offer.loan_ids, offer.mandates, offer.price_fen, strict=True):
        unit.insert(
            TAKEN_OVER,
            loan_id=loan_id,
            kind="sale",
            on_day=day.day,
            mandate=mandate,
            payer=vehicle.code,
            seller=offer.seller,
            paid_fen=price,
            from_deposit_fen=0,
        )
        unit.event("loan_sold", loan_id, mandate=mandate, seller=offer.seller, buyer=vehicle.code, price_fen=price)
