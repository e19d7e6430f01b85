"""A vehicle as its books stand: cash by account, tranches, what it still owes, and its last payment dates."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from loanbook.services.caller import Caller, Refusal
from loanbook.services.read import Read, no_vehicle
from loanbook.services.requests import Given
from loanbook.stores.online.schema_vehicles import VEHICLE
from loanbook.stores.online.unit import Unit
from loanbook.stores.online.vehicle_book import last_distributions, ledgers

_DATES = 12
"""Payment dates shown: a year of months."""
_PAYMENT = ("pay", "of", "account", "to", "amount_fen")


class PaidView(Given, kw_only=True):
    """One payment of a waterfall: from an account to another, or to who is paid."""

    pay: str
    of: str
    account: str
    to: str
    amount_fen: int


class DistributionView(Given, kw_only=True):
    """One payment date; `short_fen` is what each claim missed, by claim."""

    on: dt.date
    phase: str
    breached: tuple[str, ...]
    payments: tuple[PaidView, ...]
    short_fen: dict[str, int]


class VehicleView(Given, kw_only=True):
    """A vehicle's books, minor units.

    paid_to       last payment date, else the day it was opened
    lending_fen   what tranches brought and is not lent; below 0 its owner has advanced it
    deposit_fen   what is left of our deposit with it
    unpaid_fen    what was due and is due again on the next date, by claim
    """

    vehicle: str
    opened_on: dt.date
    paid_to: dt.date
    phase: str | None
    breached: tuple[str, ...]
    accounts_fen: dict[str, int]
    lending_fen: int
    deposit_fen: int
    tranches_fen: dict[str, int]
    unpaid_fen: dict[str, int]
    distributions: tuple[DistributionView, ...]


def _find(unit: Unit, _: Caller, id_: str, __: Mapping[str, str]) -> VehicleView | Refusal:
    row = unit.read(VEHICLE, [id_]).get(id_)
    if row is None:
        return no_vehicle(id_)
    books = ledgers(unit.connection)[id_]
    return VehicleView(
        vehicle=id_,
        opened_on=row["opened_on"],
        paid_to=row["paid_to"],
        phase=row["phase"],
        breached=tuple(row["breached"]),
        accounts_fen=dict(books.accounts_fen),
        lending_fen=books.lending_fen,
        deposit_fen=books.deposit_fen,
        tranches_fen=dict(books.tranches_fen),
        unpaid_fen=dict(books.unpaid_fen),
        distributions=tuple(_shown(each["content"]) for each in last_distributions(unit.connection, id_, _DATES)),
    )


def _shown(content: Mapping[str, Any]) -> DistributionView:
    return DistributionView(
        on=dt.date.fromisoformat(content["on"]),
        phase=content["phase"],
        breached=tuple(content["breached"]),
        payments=tuple(PaidView(**{name: each[name] for name in _PAYMENT}) for each in content["payments"]),
        short_fen={
            f"{claim['pay']} of {claim['of']}".removesuffix(" of "): claim["short_fen"]
            for claim in content["claims"]
            if claim["short_fen"]
        },
    )


def vehicle_read() -> Read:
    """The read."""
    return Read(
        name="vehicle",
        text="A vehicle's accounts, tranches and last payment dates",
        by="vehicle",
        answer=VehicleView,
        roles=frozenset({"finance", "auditor", "operator"}),
        find=_find,
    )
