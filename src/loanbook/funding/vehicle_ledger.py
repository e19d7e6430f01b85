"""A vehicle's books: cash by account, tranches, what it lends from; each change is a movement, and the state is their sum.

Pure functions on whole numbers. `lending` is the cash that tranches brought and that is not lent yet; below zero its owner has
advanced it. `deposit` is what a guarantor holds of ours.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from loanbook.errors import RequestError
from loanbook.funding.vehicle_state import VehicleState
from loanbook.funding.waterfall import Distribution
from loanbook.terms.vehicle import Effect, Pay, Phase, Received, Trigger, Vehicle


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What an event changes in a vehicle's books, minor units; what is not named stays."""

    accounts_fen: Mapping[str, int] = field(default_factory=dict)
    tranches_fen: Mapping[str, int] = field(default_factory=dict)
    lending_fen: int = 0
    deposit_fen: int = 0

    @property
    def cash_fen(self) -> int:
        """Cash that came in, less cash that went out; moves between accounts are neither."""
        return sum(self.accounts_fen.values()) + self.lending_fen + self.deposit_fen

    @property
    def empty(self) -> bool:
        """Whether it changes nothing."""
        return not (any(self.accounts_fen.values()) or any(self.tranches_fen.values()) or self.lending_fen or self.deposit_fen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A vehicle's books on a day; `paid_to` and `breached` as in `VehicleState`."""

    vehicle: str
    opened_on: int
    paid_to: int
    accounts_fen: Mapping[str, int]
    tranches_fen: Mapping[str, int]
    unpaid_fen: Mapping[str, int]
    breached: tuple[str, ...]
    lending_fen: int
    deposit_fen: int


def opening(vehicle: Vehicle) -> Movement:
    """The books on the day a vehicle begins: tranches as issued, what they brought waits to be lent, the deposit is made."""
    return Movement(
        accounts_fen=dict.fromkeys(vehicle.accounts, 0),
        tranches_fen={tranche.name: tranche.amount_fen for tranche in vehicle.tranches},
        lending_fen=sum(tranche.amount_fen for tranche in vehicle.tranches),
        deposit_fen=vehicle.deposit.amount_fen if vehicle.deposit else 0,
    )


def subscriptions(vehicle: Vehicle) -> dict[str, int]:
    """What each holder pays for its tranches when they are issued."""
    found: dict[str, int] = defaultdict(int)
    for tranche in vehicle.tranches:
        found[tranche.holder] += tranche.amount_fen
    return dict(found)


def account_for(vehicle: Vehicle, received: Received) -> str:
    """The account that a kind of cash goes to: as the terms say, else the first. Raises RequestError without accounts."""
    if not vehicle.accounts:
        raise RequestError(f"{vehicle.code} keeps no accounts ({vehicle.place}). Write accounts: [cash].")
    return vehicle.receives.get(received, vehicle.accounts[0])


def received(vehicle: Vehicle, received_fen: Mapping[Received, int], *, lent_fen: int = 0, from_deposit_fen: int = 0) -> Movement:
    """Cash of a day: by kind into its accounts (negative: taken back), what was lent or paid for claims out of `lending`."""
    accounts: dict[str, int] = defaultdict(int)
    for kind, amount in received_fen.items():
        if amount:
            accounts[account_for(vehicle, kind)] += amount
    return Movement(accounts_fen=dict(accounts), lending_fen=-lent_fen, deposit_fen=-from_deposit_fen)


def state_of(vehicle: Vehicle, ledger: Ledger) -> tuple[VehicleState, dict[str, int]]:
    """What a payment date starts from, and the accounts below zero with what they lack.

    Money that was paid out and then taken back by the borrower's bank leaves an account below zero; it can pay nothing, and what
    comes next fills it. The waterfall sees such an account as empty.
    """
    lacking = {name: -amount for name, amount in ledger.accounts_fen.items() if amount < 0}
    state = VehicleState(
        vehicle=vehicle.code,
        paid_to=ledger.paid_to,
        accounts_fen={name: max(amount, 0) for name, amount in ledger.accounts_fen.items()},
        tranches_fen=dict(ledger.tranches_fen),
        unpaid_fen=dict(ledger.unpaid_fen),
        breached=ledger.breached,
    )
    return state, lacking


def swept_fen(ledger: Ledger, phase: Phase, breached: Iterable[Trigger], *, lends: bool) -> int:
    """What `lending` gives to the principal account on a payment date.

    Nothing while a mandate lends from the vehicle and no trigger has ended that; else all that is left: it buys loans while
    revolving and repays tranches afterwards.
    """
    ended = phase is Phase.ACCELERATED or any(trigger.effect is Effect.AMORTISE for trigger in breached)
    return 0 if lends and not ended else max(ledger.lending_fen, 0)


def distributed(vehicle: Vehicle, before: VehicleState, distribution: Distribution, swept: int) -> Movement:
    """What a payment date changes in the vehicle's own books; `before` is the state it started from."""
    accounts = dict.fromkeys(before.accounts_fen, 0)
    accounts[account_for(vehicle, Received.PRINCIPAL)] += swept
    lending = -swept
    for payment in distribution.payments:
        accounts[payment.account] -= payment.amount_fen
        if payment.into:
            accounts[payment.into] += payment.amount_fen
        elif payment.payee == vehicle.code:
            lending += payment.amount_fen
    tranches = {name: distribution.after.tranches_fen[name] - amount for name, amount in before.tranches_fen.items()}
    return Movement(accounts_fen=accounts, tranches_fen=tranches, lending_fen=lending)


def to_payees(distribution: Distribution, vehicles: Mapping[str, Vehicle]) -> dict[str, Movement]:
    """What a payment date brings to other vehicles that keep accounts: principal and prices of loans to `lending`, the rest as
    interest or fee."""
    found: dict[str, Movement] = {}
    for code in sorted({payment.payee for payment in distribution.payments} & set(vehicles) - {distribution.vehicle}):
        kinds: dict[Received, int] = defaultdict(int)
        lending = 0
        for payment in distribution.payments:
            if payment.payee != code or payment.into:
                continue
            if payment.pay in (Pay.PRINCIPAL, Pay.REINVESTMENT):
                lending += payment.amount_fen
            else:
                kinds[Received.FEE if payment.pay is Pay.FEE else Received.INTEREST] += payment.amount_fen
        found[code] = received(vehicles[code], kinds, lent_fen=-lending)
    return found


def moved(ledger: Ledger, movement: Movement) -> Ledger:
    """The books after a movement."""

    def added(before: Mapping[str, int], change: Mapping[str, int]) -> dict[str, int]:
        return {name: before.get(name, 0) + change.get(name, 0) for name in (*before, *(set(change) - set(before)))}

    return Ledger(
        vehicle=ledger.vehicle,
        opened_on=ledger.opened_on,
        paid_to=ledger.paid_to,
        accounts_fen=added(ledger.accounts_fen, movement.accounts_fen),
        tranches_fen=added(ledger.tranches_fen, movement.tranches_fen),
        unpaid_fen=ledger.unpaid_fen,
        breached=ledger.breached,
        lending_fen=ledger.lending_fen + movement.lending_fen,
        deposit_fen=ledger.deposit_fen + movement.deposit_fen,
    )
