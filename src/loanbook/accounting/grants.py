"""Share-based awards as data: grants with dated tranches, what happened to them, and how many instruments are in each state.

Per-instrument money (fair values, exercise prices) is fen per million instruments, so that RMB 0.000072 and RMB 14.69 are both
exact integers. Forfeitures are of people who leave: they take the same share of every tranche that has not vested by that day and
keep what had. An award of one person is forfeited whole or not at all; a pooled grant may be forfeited in parts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from loanbook.errors import RequestError
from loanbook.units import HALF_UP, NEVER, mul_div

PER_MILLION = 1_000_000
"""Prices and fair values are fen per this many instruments."""


class Instrument(StrEnum):
    """What is granted."""

    OPTION = "option"
    RESTRICTED_SHARE_UNIT = "restricted_share_unit"


class Moved(StrEnum):
    """What can happen to granted instruments."""

    FORFEITED = "forfeited"
    """Given back before they vested."""
    EXERCISED = "exercised"
    """Became shares (a unit: was settled)."""
    EXPIRED = "expired"
    """Vested, never exercised, gone; the cost stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tranche:
    """Instruments that vest on one day, with their grant-date fair value."""

    vests_on: int
    instruments: int
    fair_value_per_million_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One award.

    service_from    first day of service; the grant date unless said otherwise
    tranches        in order of vesting
    lines           (cost line, weight): how the cost is split, e.g. facilitation 3, sales 1, administration 6
    exercise_price_per_million_fen   0 for restricted share units
    """

    grant_id: str
    entity: str
    currency: str
    instrument: Instrument
    granted_on: int
    tranches: tuple[Tranche, ...]
    lines: tuple[tuple[str, int], ...]
    exercise_price_per_million_fen: int = 0
    service_from: int = NEVER
    recorded_on: int = -NEVER

    def __post_init__(self) -> None:
        if not self.tranches or any(t.instruments <= 0 or t.fair_value_per_million_fen < 0 for t in self.tranches):
            raise RequestError(f"grant {self.grant_id}: each tranche needs instruments above 0 and a fair value of at least 0.")
        days = [t.vests_on for t in self.tranches]
        if days != sorted(days) or days[0] < self.starts_on:
            raise RequestError(f"grant {self.grant_id}: tranches must vest in order, none before service starts.")
        if not self.lines or any(weight < 0 for _, weight in self.lines) or not sum(weight for _, weight in self.lines):
            raise RequestError(f"grant {self.grant_id}: name the cost lines with weights, at least one above 0.")

    @property
    def starts_on(self) -> int:
        """First day of service."""
        return self.granted_on if self.service_from == NEVER else self.service_from

    @property
    def instruments(self) -> int:
        """All instruments granted."""
        return sum(t.instruments for t in self.tranches)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantMovement:
    """Instruments of a grant that left: forfeited before vesting, exercised or expired after."""

    grant_id: str
    moved: Moved
    happened_on: int
    instruments: int
    recorded_on: int = -NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A grant at a day's end: granted = unvested + vested + forfeited, vested = exercisable + exercised + expired."""

    granted: int
    unvested: int
    vested: int
    forfeited: int
    exercised: int
    expired: int

    @property
    def outstanding(self) -> int:
        """Not yet shares, not gone."""
        return self.granted - self.forfeited - self.exercised - self.expired

    @property
    def exercisable(self) -> int:
        """Vested and not yet shares: for units at no price, shares to be issued."""
        return self.vested - self.exercised - self.expired


def visible(movements: Iterable[GrantMovement], grant: Grant, as_of: int, known_on: int) -> tuple[GrantMovement, ...]:
    """A grant's movements that happened by a day and were recorded by another, in order of their days."""
    mine = [m for m in movements if m.grant_id == grant.grant_id and m.happened_on <= as_of and m.recorded_on <= known_on]
    return tuple(sorted(mine, key=lambda m: m.happened_on))


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaver:
    """Everyone who left on one day: the share of the whole grant that was theirs."""

    left_on: int
    share: Fraction


def leavers(grant: Grant, seen: Sequence[GrantMovement]) -> tuple[tuple[Leaver, ...], Fraction]:
    """Shares of a grant held by those who left, and by those who stay; they sum to 1.

    seen     movements as `visible` gives them
    raises   RequestError when more is forfeited than had not vested
    """
    left, stay = [], Fraction(1)
    for movement in seen:
        if movement.moved is not Moved.FORFEITED:
            continue
        later = sum(t.instruments for t in grant.tranches if t.vests_on > movement.happened_on)
        share = Fraction(movement.instruments, later) if later else Fraction(2)
        if not 0 <= share <= stay:
            raise RequestError(
                f"grant {grant.grant_id}: {movement.instruments:,} forfeited on day {movement.happened_on}, but "
                f"{int(stay * later):,} had not vested. Correct the forfeiture."
            )
        left.append(Leaver(left_on=movement.happened_on, share=share))
        stay -= share
    return tuple(left), stay


def standing(grant: Grant, seen: Sequence[GrantMovement], as_of: int) -> Standing:
    """Whole instruments in each state; a tranche vests its part of what is left, so the last one takes the remainder.

    raises   RequestError when more is forfeited than unvested, or more is exercised than vested
    """
    leavers(grant, seen)
    if grant.granted_on > as_of:
        return Standing(granted=0, unvested=0, vested=0, forfeited=0, exercised=0, expired=0)
    # On one day tranches vest before anybody leaves, and are exercised after.
    steps = [(t.vests_on, 0, place) for place, t in enumerate(grant.tranches) if t.vests_on <= as_of]
    steps += [(m.happened_on, 1 if m.moved is Moved.FORFEITED else 2, place) for place, m in enumerate(seen)]
    unvested, later = grant.instruments, grant.instruments
    vested = forfeited = exercised = expired = 0
    for day, order, place in sorted(steps):
        if order == 0:
            tranche = grant.tranches[place].instruments
            now = int(mul_div(unvested, tranche, later, HALF_UP))
            vested, unvested, later = vested + now, unvested - now, later - tranche
            continue
        count = seen[place].instruments
        if order == 1:
            forfeited, unvested = forfeited + count, unvested - count
        elif seen[place].moved is Moved.EXERCISED:
            exercised += count
        else:
            expired += count
        if unvested < 0 or exercised + expired > vested:
            raise RequestError(
                f"grant {grant.grant_id}: on day {day} more was {seen[place].moved.value} than there was; "
                f"vested {vested:,}, unvested {unvested:,}, exercised {exercised:,}, "
                f"expired {expired:,}. Correct the movement, or enter a pooled grant person by person."
            )
    return Standing(
        granted=grant.instruments, unvested=unvested, vested=vested, forfeited=forfeited, exercised=exercised, expired=expired
    )


def roll_forward(
    grants: Iterable[Grant], movements: Sequence[GrantMovement], starts_on: int, ends_on: int, known_on: int = NEVER
) -> dict[str, int]:
    """Instruments over a period: opening + granted - forfeited - exercised - expired = closing outstanding.

    returns   opening, granted, forfeited, exercised, expired, closing; opening_unvested, vested, closing_unvested
    """
    total = dict.fromkeys(
        ("opening", "granted", "forfeited", "exercised", "expired", "closing", "opening_unvested", "vested", "closing_unvested"),
        0,
    )
    for grant in grants:
        if grant.recorded_on > known_on:
            continue
        before = standing(grant, visible(movements, grant, starts_on - 1, known_on), starts_on - 1)
        after = standing(grant, visible(movements, grant, ends_on, known_on), ends_on)
        total["opening"] += before.outstanding
        total["opening_unvested"] += before.unvested
        total["closing"] += after.outstanding
        total["closing_unvested"] += after.unvested
        for name in ("granted", "vested", "forfeited", "exercised", "expired"):
            total[name] += getattr(after, name) - getattr(before, name)
    return total
