"""Share-based compensation: what a grant has cost by a day, straight line with a floor or graded, and its split over cost lines.

Cumulative and exact (fractions, rounded once a grant and day), so a period posts cost(this close) - cost(last close) and a
late forfeiture corrects itself in the open period. Only service conditions; market and performance conditions are not modelled.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from loanbook.accounting.grants import PER_MILLION, Grant, GrantMovement, leavers, visible
from loanbook.units import HALF_UP, NEVER, mul_div

PPM = 1_000_000
_DAYS_IN_YEAR = 365


class Attribution(StrEnum):
    """How the cost of a grant with several tranches spreads over service."""

    STRAIGHT_LINE = "straight_line"
    """Over the whole award, never below the fair value of what vested: ASC 718-10-35-8, US GAAP policy election."""
    GRADED = "graded"
    """Each tranche over its own vesting period: IFRS 2.IG11; also allowed by ASC 718-10-35-8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForfeitureEstimate:
    """What share of instruments is expected to vest, from a day on; one of the two.

    annual_rate_ppm     leavers a year, compounding over the time that is left to each vesting day
    vesting_share_ppm   share of the instruments granted that is expected to vest in the end
    """

    effective_on: int
    annual_rate_ppm: int | None = None
    vesting_share_ppm: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One basis's way; `estimates` empty: forfeitures are accounted for as they occur (ASC 718-10-35-3)."""

    attribution: Attribution
    estimates: tuple[ForfeitureEstimate, ...] = ()


US_GAAP = Policy(attribution=Attribution.STRAIGHT_LINE)
"""Straight line, forfeitures as they occur."""


def ifrs(*estimates: ForfeitureEstimate) -> Policy:
    """Graded, with dated estimates of forfeitures (IFRS 2.19-20); without any, nobody is expected to leave."""
    return Policy(
        attribution=Attribution.GRADED, estimates=estimates or (ForfeitureEstimate(effective_on=-NEVER, annual_rate_ppm=0),)
    )


def expected_to_vest(instruments: Fraction, granted: int, days_left: int, estimate: ForfeitureEstimate) -> int:
    """Whole instruments of a tranche expected to vest, of those whose holders stay today.

    instruments   of the tranche, held by people still in service
    granted       of the tranche at grant
    """
    if estimate.vesting_share_ppm is not None:
        return min(round(instruments), int(mul_div(granted, estimate.vesting_share_ppm, PPM, HALF_UP)))
    stay = 1 - (estimate.annual_rate_ppm or 0) / PPM
    return round(float(instruments) * math.pow(stay, days_left / _DAYS_IN_YEAR))


def cumulative_cost(grant: Grant, movements: Iterable[GrantMovement], policy: Policy, as_of: int, known_on: int = NEVER) -> int:
    """Compensation cost of a grant recognised by the end of a day, in fen.

    Who left keeps what had vested and its full cost; the cost of what was forfeited is taken back that day. An unvested tranche
    accrues by calendar days of service (choice). At the last vesting day the cost is the fair value of what vested, exactly.

    rounding   half up, once
    raises     RequestError for a forfeiture of more than was unvested
    """
    if as_of < grant.starts_on or grant.recorded_on > known_on:
        return 0
    return _half_up(_costs(grant, visible(movements, grant, as_of, known_on), policy, as_of)[0])


def _costs(grant: Grant, seen: Sequence[GrantMovement], policy: Policy, as_of: int) -> tuple[Fraction, Fraction]:
    """Cost recognised by a day, and in the end, of what is expected to vest; in fractions of a fen."""
    left, stay = leavers(grant, seen)
    kept = sum(
        (
            gone.share * t.instruments * t.fair_value_per_million_fen
            for gone in left
            for t in grant.tranches
            if t.vests_on <= gone.left_on
        ),
        Fraction(0),
    )
    estimate = next((e for e in sorted(policy.estimates, key=lambda e: -e.effective_on) if e.effective_on <= as_of), None)
    vested = whole = accrued = Fraction(0)
    for tranche in grant.tranches:
        held = stay * tranche.instruments
        if tranche.vests_on <= as_of:
            vested += held * tranche.fair_value_per_million_fen
        elif estimate is not None:
            held = Fraction(expected_to_vest(held, tranche.instruments, tranche.vests_on - as_of, estimate))
        value = held * tranche.fair_value_per_million_fen
        whole += value
        accrued += value * _elapsed(grant.starts_on, tranche.vests_on, as_of)
    if policy.attribution is Attribution.STRAIGHT_LINE:
        accrued = max(whole * _elapsed(grant.starts_on, grant.tranches[-1].vests_on, as_of), vested)
    return (kept + accrued) / PER_MILLION, (kept + whole) / PER_MILLION


def cost_by_line(grant: Grant, cost_fen: int) -> dict[str, int]:
    """A grant's cumulative cost split over its cost lines by weight: differences of rounded running sums, so they sum to it."""
    total = sum(weight for _, weight in grant.lines)
    split: dict[str, int] = {}
    weights = before = 0
    for line, weight in grant.lines:
        weights += weight
        upto = int(mul_div(cost_fen, weights, total, HALF_UP))
        split[line] = split.get(line, 0) + upto - before
        before = upto
    return split


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCell:
    """Cumulative compensation cost of one grant and cost line at a close."""

    grant_id: str
    entity: str
    currency: str
    line: str
    cost_fen: int


def cost_cells(
    grants: Iterable[Grant], movements: Sequence[GrantMovement], policy: Policy, as_of: int, known_on: int = NEVER
) -> tuple[CostCell, ...]:
    """Cumulative cost by grant and cost line, of all grants: what a close takes the difference of."""
    return tuple(
        CostCell(grant_id=grant.grant_id, entity=grant.entity, currency=grant.currency, line=line, cost_fen=cost)
        for grant in grants
        for line, cost in cost_by_line(grant, cumulative_cost(grant, movements, policy, as_of, known_on)).items()
    )


def unrecognised_cost(grant: Grant, movements: Iterable[GrantMovement], policy: Policy, as_of: int, known_on: int = NEVER) -> int:
    """Cost of a grant still to come, in fen, if nobody else leaves than the policy expects (a note, and proceeds in EPS)."""
    if as_of < grant.granted_on or grant.recorded_on > known_on:
        return 0
    done, final = _costs(grant, visible(movements, grant, as_of, known_on), policy, as_of)
    return _half_up(final) - (_half_up(done) if as_of >= grant.starts_on else 0)


def _elapsed(starts_on: int, ends_on: int, as_of: int) -> Fraction:
    if as_of >= ends_on:
        return Fraction(1)
    return Fraction(as_of - starts_on, ends_on - starts_on)


def _half_up(value: Fraction) -> int:
    return int((value + Fraction(1, 2)).__floor__())
