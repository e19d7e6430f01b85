"""How the vehicle behind a pool of loans stands: consolidated or not, by dated control, and what it is licensed to do.

Rules ask for both as columns of an amount. A loan that names no vehicle stands as the entity that fills its model's role.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from loanbook.errors import RequestError
from loanbook.measures.space import Pool
from loanbook.terms.conventions import Model
from loanbook.terms.entity import Bookings, Entity, Group, Method, Role
from loanbook.terms.vehicle import LICENCES, NO_LICENCE, Vehicle, version_on
from loanbook.units import Ints

KEEPERS: Mapping[str, Role] = {
    Model.ON_BALANCE_SHEET.name.lower(): Role.LENDER,
    Model.CAPITAL_HEAVY.name.lower(): Role.GUARANTOR,
    Model.CAPITAL_LIGHT.name.lower(): Role.FACILITATOR,
    Model.REFERRAL.name.lower(): Role.FACILITATOR,
    Model.TECHNOLOGY.name.lower(): Role.TECHNOLOGY_PROVIDER,
    Model.TECHNOLOGY_DISCONTINUED.name.lower(): Role.TECHNOLOGY_PROVIDER,
}
"""Who stands behind the loans of a model that name no vehicle."""
YES_OR_NO = ("no", "yes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """consolidated   (days of the period,) bool;  licence  a word of `vehicle.LICENCES`."""

    consolidated: Ints
    licence: str


def standings(
    pools: Sequence[Pool], group: Group, bookings: Bookings, vehicles: Sequence[Vehicle], *, start: int, end: int
) -> tuple[Standing, ...]:
    """How each pool stands on the days from `start` to `end`."""
    found = {(pool[1], pool[3]): pool for pool in pools}
    of = {key: _standing(*key, group, bookings, vehicles, start, end) for key in found}
    return tuple(of[pool[1], pool[3]] for pool in pools)


def _standing(
    model: str, vehicle: str, group: Group, bookings: Bookings, vehicles: Sequence[Vehicle], start: int, end: int
) -> Standing:
    days = range(start, end + 1)
    if vehicle:
        own = next((entity for entity in group.entities if entity.vehicle == vehicle), None)
        keepers: Sequence[Entity | None] = [own] * len(days)
        consolidated = [own is not None and own.method(day) is Method.FULL for day in days]
    else:
        keepers = [_keeper(model, group, bookings, day) for day in days]
        # Where nobody fills the role, posting says so; that is no loan of somebody else's.
        consolidated = [of is None or of.method(day) is Method.FULL for of, day in zip(keepers, days, strict=True)]
    last = keepers[-1]
    code = vehicle or (last.vehicle if last is not None else "")
    terms = version_on(vehicles, code, end)
    licence = NO_LICENCE if terms is None else LICENCES[terms.kind]
    return Standing(consolidated=np.array(consolidated, np.bool_), licence=licence)


def _keeper(model: str, group: Group, bookings: Bookings, day: int) -> Entity | None:
    try:
        return group.entity(bookings.entity(KEEPERS[model], model=model, vehicle="", on=day))
    except RequestError:
        return None
