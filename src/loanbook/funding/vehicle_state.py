"""How a vehicle stands: cash, tranches, what it still owes; its payment dates, phase and breached triggers."""

from collections.abc import Mapping
from dataclasses import dataclass

from loanbook.errors import RequestError, StateError
from loanbook.loans.dates import period_date, shift_day
from loanbook.terms.calendar import Calendar
from loanbook.terms.conventions import MonthEnd, Shift, Unit
from loanbook.terms.product import PPM
from loanbook.terms.vehicle import Effect, Phase, Trigger, Vehicle
from loanbook.units import date

_SHIFT_MOST = 31
"""No calendar moves a date by more days; a preceding shift may bring a later date before the day asked for."""

_LATER = (Shift.NONE, Shift.FOLLOWING)
"""Shifts after which a date is never earlier than before: no date after the day asked for need be looked at."""

Ratio = tuple[int, int]
"""Numerator and denominator of a measure, as the close publishes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleState:
    """A vehicle between two payment dates. Minor units.

    paid_to        the last payment date, or the day the vehicle began: interest is paid up to here
    accounts_fen   cash of each account
    tranches_fen   outstanding amount of each tranche
    unpaid_fen     what was due and not paid, by claim ("fee of trustee"); without entry 0; it is due again on the next date
    breached       lasting triggers that were breached once
    """

    vehicle: str
    paid_to: int
    accounts_fen: Mapping[str, int]
    tranches_fen: Mapping[str, int]
    unpaid_fen: Mapping[str, int]
    breached: tuple[str, ...]


def opening_state(vehicle: Vehicle, accounts_fen: Mapping[str, int] | None = None) -> VehicleState:
    """A vehicle on the day it begins: tranches as issued, accounts empty but for what `accounts_fen` says.

    A library function, for trying terms before a vehicle is opened (docs/concepts/vehicles.md).

    raises   RequestError for an account that the vehicle does not have, or a negative amount
    """
    given = dict(accounts_fen or {})
    for name, amount in given.items():
        if name not in vehicle.accounts:
            raise RequestError(f"{vehicle.code} has no account {name!r}. Known: {', '.join(vehicle.accounts) or 'none'}.")
        if amount < 0:
            raise RequestError(f"account {name} of {vehicle.code} cannot begin with {amount} fen.")
    return VehicleState(
        vehicle=vehicle.code,
        paid_to=vehicle.begins_on,
        accounts_fen={name: given.get(name, 0) for name in vehicle.accounts},
        tranches_fen={tranche.name: tranche.amount_fen for tranche in vehicle.tranches},
        unpaid_fen={},
        breached=(),
    )


def payment_dates(vehicle: Vehicle, calendar: Calendar, until: int) -> tuple[int, ...]:
    """The payment dates from the first one to a day, moved to business days; without payment dates none.

    calendar   the vehicle's (`calendar.named_calendar(vehicle.payment_dates.calendar, ...)`)
    raises     ValueError beyond the calendar's horizon
    """
    dates = vehicle.payment_dates
    found: list[int] = []
    while dates is not None:
        on = int(period_date(dates.first_on, len(found), int(Unit.MONTH), dates.every_months, int(MonthEnd.SAME_DAY)))
        if on > until + (0 if dates.shift in _LATER else _SHIFT_MOST):
            break
        found.append(int(shift_day(on, int(dates.shift), calendar.closed, calendar.closed_from)))
    return tuple(on for on in found if on <= until)


def breached_triggers(vehicle: Vehicle, before: tuple[str, ...], ratios: Mapping[str, Ratio]) -> tuple[Trigger, ...]:
    """The triggers that hold: lasting ones breached before, and those whose ratio is above their limit now.

    raises   RequestError when a ratio that a trigger watches is not given: unknown is not fine
    """
    found = []
    for trigger in vehicle.triggers:
        if trigger.ratio not in ratios:
            raise RequestError(
                f"trigger {trigger.name!r} of {vehicle.code} needs the ratio {trigger.ratio}. Close the book first."
            )
        above, whole = ratios[trigger.ratio]
        if above < 0 or whole < 0:
            raise RequestError(f"the ratio {trigger.ratio} cannot be {above} / {whole}.")
        if above * PPM > trigger.above_ppm * whole or trigger.name in before:
            found.append(trigger)
    return tuple(found)


def phase_on(vehicle: Vehicle, breached: tuple[Trigger, ...], on: int) -> Phase:
    """The phase of a day: revolving up to its last day, and no later than the breached triggers allow."""
    if any(trigger.effect is Effect.ACCELERATE for trigger in breached):
        return Phase.ACCELERATED
    over = vehicle.revolving_until is None or on > vehicle.revolving_until
    return Phase.AMORTISING if over or any(trigger.effect is Effect.AMORTISE for trigger in breached) else Phase.REVOLVING


def check_state(vehicle: Vehicle, state: VehicleState, on: int) -> None:
    """Refuse a state that is not this vehicle's or a day that is paid already.

    raises   StateError
    """
    if state.vehicle != vehicle.code:
        raise StateError(f"the state is of {state.vehicle}, the terms are of {vehicle.code}.")
    if on <= state.paid_to:
        raise StateError(f"{vehicle.code} has paid up to {date(state.paid_to)}; {date(on)} is not after it.")
    strange = set(state.accounts_fen) ^ set(vehicle.accounts) | set(state.tranches_fen) ^ {each.name for each in vehicle.tranches}
    if strange:
        raise StateError(f"the state of {vehicle.code} does not fit its terms: {', '.join(sorted(strange))}.")
