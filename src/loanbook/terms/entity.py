"""Legal entities of a group, dated: who holds whom, who controls whom by share or by contract, and how each is consolidated.

`entity_file` reads and checks them. An entity is in the consolidated figures on the days on which its method is `full`.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from loanbook.errors import RequestError, TermsError
from loanbook.units import date

PPM = 1_000_000
"""A share of one is a million millionths."""


class EntityKind(StrEnum):
    """What an entity is."""

    PARENT = "parent"
    """The listed company; nobody in the group holds it."""
    HOLDING = "holding"
    WFOE = "wfoe"
    """A company in China wholly owned from abroad."""
    VIE = "vie"
    """A variable interest entity: controlled by contracts, held by nominal shareholders."""
    SUBSIDIARY = "subsidiary"
    TRUST = "trust"
    ABS_PLAN = "abs_plan"
    JOINT_VENTURE = "joint_venture"
    """Held together with others; by the equity method until somebody controls it."""


class Basis(StrEnum):
    """Why one entity controls another."""

    OWNERSHIP = "ownership"
    CONTRACT = "contract"
    NONE = "none"


class Method(StrEnum):
    """How an entity enters the consolidated figures."""

    FULL = "full"
    EQUITY = "equity"
    NONE = "none"


class Role(StrEnum):
    """What an entity does for a loan; `terms/entity_roles` says which entity does it."""

    LENDER = "lender"
    FACILITATOR = "facilitator"
    GUARANTOR = "guarantor"
    SERVICER = "servicer"
    TECHNOLOGY_PROVIDER = "technology_provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """Something in force from `starts_on` to `ends_on` (None: open), both days in."""

    starts_on: int
    ends_on: int | None

    def holds(self, on: int) -> bool:
        """Whether it is in force on a day."""
        return self.starts_on <= on and (self.ends_on is None or on <= self.ends_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded(Dated):
    """A dated word: a name, a currency."""

    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding(Dated):
    """A holder's share of an entity's capital. `holder` is an entity's code, or a name when `outside` the group."""

    holder: str
    outside: bool
    share_ppm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Control(Dated):
    """How an entity is controlled and consolidated.

    by          the entity that controls by contract; "" for ownership and none
    share_ppm   the part of its results that the contracts give to `by`; by ownership the holders' shares count instead
    """

    basis: Basis
    method: Method
    by: str
    share_ppm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRate(Dated):
    """An income tax rate, `units.RATE_SCALE`-ths of one."""

    rate: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalGaap(Dated):
    """The rules that an entity's own statements follow where it is registered, and the books that add up to them."""

    name: str
    books: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One legal entity, with everything that changes about it dated.

    vehicle    the code in `terms/vehicles` when it is one; else ""
    major      the days on which it counts as a major operating entity (the sum of these stands beside the consolidated figure)
    transparent   the days on which it is no taxpayer: who controls it by contract is taxed on what it earns
    local_gaap what it files by where it is registered; empty: it files nothing of its own
    """

    code: str
    kind: EntityKind
    jurisdiction: str
    vehicle: str
    source: str
    place: str
    hash: str
    names: tuple[Worded, ...]
    currencies: tuple[Worded, ...]
    holders: tuple[Holding, ...]
    control: tuple[Control, ...]
    tax_rates: tuple[TaxRate, ...]
    major: tuple[Dated, ...]
    local_gaap: tuple[LocalGaap, ...] = ()
    transparent: tuple[Dated, ...] = ()

    def name(self, on: int) -> str:
        """Its name on a day."""
        return self._one(self.names, "name", on).word

    def currency(self, on: int) -> str:
        """Its functional currency on a day."""
        return self._one(self.currencies, "functional currency", on).word

    def tax_rate(self, on: int) -> int:
        """Its income tax rate on a day, `units.RATE_SCALE`-ths."""
        return self._one(self.tax_rates, "tax rate", on).rate

    def is_major(self, on: int) -> bool:
        """Whether it is a major operating entity on a day."""
        return any(period.holds(on) for period in self.major)

    def local(self, on: int) -> LocalGaap | None:
        """The rules that it files by on a day; None where it files nothing."""
        return next((each for each in self.local_gaap if each.holds(on)), None)

    def method(self, on: int) -> Method:
        """How it is consolidated on a day; `none` before and after its dated control."""
        return next((control.method for control in self.control if control.holds(on)), Method.NONE)

    def basis(self, on: int) -> Basis:
        """Why it is controlled on a day."""
        return next((control.basis for control in self.control if control.holds(on)), Basis.NONE)

    def shares(self, on: int) -> tuple[tuple[str, int], ...]:
        """Whose its results are: (holder in the group, millionths); what is missing to a million belongs to outsiders."""
        for control in self.control:
            if control.holds(on) and control.basis is Basis.CONTRACT:
                return ((control.by, control.share_ppm),)
        return tuple((each.holder, each.share_ppm) for each in self.holders if each.holds(on) and not each.outside)

    def controlled_by(self, on: int) -> str:
        """The entity that controls it by contract on a day; "" where none does."""
        return next((control.by for control in self.control if control.holds(on)), "")

    def changes(self) -> tuple[int, ...]:
        """The days on which holders or control change."""
        found: set[int] = set()
        for period in (*self.holders, *self.control):
            found.add(period.starts_on)
            if period.ends_on is not None:
                found.add(period.ends_on + 1)
        return tuple(sorted(found))

    def _one(self, found: tuple["_Period", ...], what: str, on: int) -> "_Period":
        for period in found:
            if period.holds(on):
                return period
        raise RequestError(f"{self.place}: {self.code} has no {what} on {date(on)}.")


_Period = TypeVar("_Period", bound=Dated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All entities of a group, by code."""

    entities: tuple[Entity, ...]

    def entity(self, code: str) -> Entity:
        """The entity of a code; raises RequestError."""
        for entity in self.entities:
            if entity.code == code:
                return entity
        raise RequestError(f"there is no entity {code!r}. Known: {', '.join(entity.code for entity in self.entities) or 'none'}.")

    def taxpayer(self, code: str, on: int) -> str:
        """Who is taxed on what an entity earns: itself, or behind a transparent one who controls it by contract."""
        entity = self.entity(code)
        by = entity.controlled_by(on) if any(period.holds(on) for period in entity.transparent) else ""
        return self.taxpayer(by, on) if by else code

    def local_books(self, on: int) -> dict[str, tuple[str, ...]]:
        """By entity, the books of its local rules on a day; entities that file nothing are left out."""
        found = {entity.code: entity.local(on) for entity in self.entities}
        return {code: local.books for code, local in found.items() if local is not None}

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of all entities."""
        return tuple(entity.code for entity in self.entities)

    @property
    def top(self) -> str:
        """The code of the parent."""
        return next(entity.code for entity in self.entities if entity.kind is EntityKind.PARENT)

    def perimeter(self, on: int) -> frozenset[str]:
        """The entities that are fully consolidated on a day, the parent among them."""
        return frozenset(entity.code for entity in self.entities if entity.method(on) is Method.FULL)

    def upward(self, on: int) -> tuple[str, ...]:
        """All entities, each before those that hold or control it on a day.

        raises   TermsError when entities hold each other in a circle
        """
        holders = {entity.code: {holder for holder, _ in entity.shares(on)} for entity in self.entities}
        order: list[str] = []
        waiting = sorted(holders)
        while waiting:
            held = {holder for code in waiting for holder in holders[code]}
            held_by = [code for code in waiting if not any(code in holders[other] for other in waiting if other != code)]
            if not held_by or any(code in holders[code] for code in waiting):
                raise TermsError(f"{self.entity(min(held)).place}: on {date(on)} entities hold each other in a circle.")
            order.extend(held_by)
            waiting = [code for code in waiting if code not in held_by]
        return tuple(order)

    def below(self, top: str, on: int) -> frozenset[str]:
        """`top` and every entity held or controlled, directly or not, by it on a day."""
        found = {top}
        for code in reversed(self.upward(on)):
            if any(holder in found for holder, _ in self.entity(code).shares(on)):
                found.add(code)
        return frozenset(found)

    def part(self, top: str, on: int) -> "Group":
        """The group under one of its entities, as a group of its own: `top` is its parent, other holders are outsiders.

        raises   RequestError when an entity under it is also held by another entity of this group
        """
        below = self.below(top, on)
        for code in below - {top}:
            for holder, _ in self.entity(code).shares(on):
                if holder not in below:
                    raise RequestError(f"{code} is held by {holder} too, which is not under {top}; consolidate them in one step.")
        return Group(
            entities=tuple(
                replace(entity, kind=EntityKind.PARENT, holders=()) if entity.code == top else entity
                for entity in self.entities
                if entity.code in below
            )
        )

    def without(self, top: str, on: int) -> "Group":
        """The group in which what stands under `top` is part of `top`: for consolidating in two steps."""
        below = self.below(top, on) - {top}
        return Group(entities=tuple(entity for entity in self.entities if entity.code not in below))


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking(Dated):
    """Which entity does what; `model` and `vehicle` are "" where the line holds for all of them."""

    role: Role
    model: str
    vehicle: str
    entity: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookings:
    """All lines of `terms/entity_roles`."""

    lines: tuple[Booking, ...]

    def entity(self, role: Role, *, model: str, vehicle: str, on: int) -> str:
        """The entity that books a role; a line that names the vehicle comes before one that names the model, before one for all.

        raises   RequestError when no line holds
        """
        fitting = [
            line
            for line in self.lines
            if line.role is role and line.model in ("", model) and line.vehicle in ("", vehicle) and line.holds(on)
        ]
        if not fitting:
            raise RequestError(
                f"no entity is named as {role.value} of {model} loans of {vehicle or 'any vehicle'} on {date(on)}."
            )
        return max(fitting, key=lambda line: (line.vehicle != "", line.model != "")).entity
