"""Share-based compensation: conservation, the floor, leavers, and a naive twin that counts persons."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.accounting.grants import (
    PER_MILLION,
    Grant,
    GrantMovement,
    Instrument,
    Moved,
    Tranche,
    roll_forward,
    standing,
    visible,
)
from loanbook.accounting.share_based import (
    US_GAAP,
    Attribution,
    ForfeitureEstimate,
    Policy,
    cost_by_line,
    cost_cells,
    cumulative_cost,
    ifrs,
    unrecognised_cost,
)
from loanbook.errors import RequestError
from loanbook.units import NEVER
from tests.accounting.awards import level_tranches

LINES = (("facilitation_origination_and_servicing", 3), ("sales_and_marketing", 1), ("general_and_administrative", 6))
GRADED_AS_THEY_OCCUR = Policy(attribution=Attribution.GRADED)


def award(tranches: tuple[Tranche, ...], on: int = 0) -> Grant:
    return Grant(
        grant_id="G1",
        entity="parent",
        currency="CNY",
        instrument=Instrument.OPTION,
        granted_on=on,
        tranches=tranches,
        lines=LINES,
    )


def left(on: int, count: int, moved: Moved = Moved.FORFEITED, recorded_on: int = -NEVER) -> GrantMovement:
    return GrantMovement(grant_id="G1", moved=moved, happened_on=on, instruments=count, recorded_on=recorded_on)


@st.composite
def awards(draw: st.DrawFn) -> Grant:
    days = sorted(draw(st.lists(st.integers(1, 1500), min_size=1, max_size=5, unique=True)))
    return award(
        tuple(
            Tranche(
                vests_on=on,
                instruments=draw(st.integers(1, 10_000)),
                fair_value_per_million_fen=draw(st.integers(0, 10**10)),
            )
            for on in days
        )
    )


@st.composite
def awards_with_leavers(draw: st.DrawFn) -> tuple[Grant, tuple[GrantMovement, ...]]:
    grant = draw(awards())
    gone: tuple[GrantMovement, ...] = ()
    for on in sorted(draw(st.lists(st.integers(0, grant.tranches[-1].vests_on - 1), max_size=3))):
        later = sum(t.instruments for t in grant.tranches if t.vests_on > on)
        share = sum(
            (Fraction(m.instruments, sum(t.instruments for t in grant.tranches if t.vests_on > m.happened_on)) for m in gone),
            Fraction(0),
        )
        most = min(int((1 - share) * later), standing(grant, gone, on).unvested)
        if most > 0:
            gone = (*gone, left(on, draw(st.integers(1, most))))
    return grant, gone


@given(st.lists(st.integers(0, 2000), min_size=1, max_size=6, unique=True), st.integers(6, 10**9), st.integers(0, 10**12))
def test_tranches_sum_to_the_grant(days: list[int], instruments: int, value: int) -> None:
    assert sum(t.instruments for t in level_tranches(sorted(days), instruments, value)) == instruments


@given(awards(), st.integers(-10, 1600))
def test_straight_line_is_never_below_what_vested(grant: Grant, on: int) -> None:
    vested = sum(t.instruments * t.fair_value_per_million_fen for t in grant.tranches if t.vests_on <= on)
    assert cumulative_cost(grant, (), US_GAAP, on) * PER_MILLION >= vested - PER_MILLION // 2


@given(awards(), st.integers(-10, 1600), st.sampled_from([US_GAAP, GRADED_AS_THEY_OCCUR, ifrs()]))
def test_cost_never_falls_when_nobody_leaves(grant: Grant, on: int, policy: Policy) -> None:
    assert cumulative_cost(grant, (), policy, on) <= cumulative_cost(grant, (), policy, on + 1)


@given(
    awards_with_leavers(),
    st.sampled_from([US_GAAP, GRADED_AS_THEY_OCCUR, ifrs(ForfeitureEstimate(effective_on=0, annual_rate_ppm=70_000))]),
)
def test_the_whole_cost_is_the_fair_value_of_what_vested(both: tuple[Grant, tuple[GrantMovement, ...]], policy: Policy) -> None:
    """With one fair value for all tranches, whoever left when: instruments granted less forfeited, times the value."""
    grant, gone = both
    value = grant.tranches[0].fair_value_per_million_fen
    same = award(
        tuple(Tranche(vests_on=t.vests_on, instruments=t.instruments, fair_value_per_million_fen=value) for t in grant.tranches)
    )
    end = grant.tranches[-1].vests_on
    kept = grant.instruments - sum(m.instruments for m in gone)
    cost = Fraction(kept * value, PER_MILLION)
    assert cumulative_cost(same, gone, policy, end) == int(cost + Fraction(1, 2))
    assert unrecognised_cost(same, gone, policy, end) == 0
    assert standing(grant, gone, end).vested == kept


@given(awards_with_leavers(), st.integers(0, 1600), st.integers(0, 1600))
def test_instruments_roll_forward(both: tuple[Grant, tuple[GrantMovement, ...]], one: int, other: int) -> None:
    grant, gone = both
    found = roll_forward([grant], gone, min(one, other), max(one, other))
    assert found["opening"] + found["granted"] - found["forfeited"] - found["exercised"] - found["expired"] == found["closing"]
    assert found["opening_unvested"] + found["granted"] - found["forfeited"] - found["vested"] == found["closing_unvested"]


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 50), min_size=1, max_size=3).filter(any))
def test_cost_lines_sum_to_the_cost(cost: int, weights: list[int]) -> None:
    grant = Grant(
        grant_id="G1",
        entity="parent",
        currency="CNY",
        instrument=Instrument.OPTION,
        granted_on=0,
        tranches=(Tranche(vests_on=1, instruments=1, fair_value_per_million_fen=1),),
        lines=tuple((f"line {place}", weight) for place, weight in enumerate(weights)),
    )
    split = cost_by_line(grant, cost)
    assert sum(split.values()) == cost
    assert all(amount == 0 for (_, amount), weight in zip(split.items(), weights, strict=True) if weight == 0)


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 1200)), min_size=1, max_size=8), st.integers(0, 1400))
def test_a_pool_of_persons_is_the_sum_of_their_awards(persons: list[tuple[int, int]], on: int) -> None:
    """Naive twin: persons with awards of their own; who leaves keeps what had vested. The pool costs the same but for rounding.

    persons   (instruments in hundreds, the day they leave; those after the last vesting day stay)
    """
    days, value = (300, 700, 1100), 1469 * PER_MILLION
    singly, gone_singly, forfeits = 0, 0, {}
    for place, (hundreds, leave) in enumerate(persons):
        own = award(tuple(Tranche(vests_on=d, instruments=hundreds * 100, fair_value_per_million_fen=value) for d in days))
        unvested = sum(hundreds * 100 for d in days if d > leave)
        moved = (left(leave, unvested),) if unvested else ()
        singly += cumulative_cost(own, tuple(m for m in moved), US_GAAP, on)
        if unvested:
            forfeits[leave, place] = unvested
            gone_singly += unvested
    total = sum(hundreds * 100 for hundreds, _ in persons)
    pool = award(tuple(Tranche(vests_on=d, instruments=total, fair_value_per_million_fen=value) for d in days))
    pooled = cumulative_cost(pool, tuple(left(day, count) for (day, _), count in sorted(forfeits.items())), US_GAAP, on)
    assert pooled == pytest.approx(singly, abs=len(persons))


def test_who_leaves_takes_the_unvested_cost_back_and_keeps_the_vested() -> None:
    grant = award(level_tranches([365, 730, 1095, 1460], 4_000, 1_000 * PER_MILLION))
    before = cumulative_cost(grant, (), US_GAAP, 1000)
    after = cumulative_cost(grant, (left(1000, 2_000),), US_GAAP, 1000)
    assert before == round(4_000_000 * 1000 / 1460)
    assert after == 2_000_000, "two tranches vested and stay"


def test_a_forfeiture_learned_of_later_moves_the_open_period_only() -> None:
    grant = award(level_tranches([365, 730], 2_000, 1_000 * PER_MILLION))
    late = left(300, 2_000, recorded_on=450)
    assert cumulative_cost(grant, (late,), US_GAAP, 364, known_on=364) == round(2_000_000 * 364 / 730)
    assert cumulative_cost(grant, (late,), US_GAAP, 455, known_on=455) == 0


def test_estimates_are_revised_from_their_day_on() -> None:
    grant = award(level_tranches([1095], 50_000, 1_500 * PER_MILLION))
    policy = ifrs(
        ForfeitureEstimate(effective_on=0, vesting_share_ppm=800_000),
        ForfeitureEstimate(effective_on=700, vesting_share_ppm=850_000),
    )
    assert cumulative_cost(grant, (), policy, 365) == 20_000_000
    assert cumulative_cost(grant, (), policy, 730) == 42_500_000


def test_cells_by_line_sum_to_the_cost_of_the_grants() -> None:
    grant = award(level_tranches([365, 730], 2_001, 1_469 * PER_MILLION))
    cells = cost_cells([grant], (), US_GAAP, 100)
    assert [c.line for c in cells] == [line for line, _ in LINES]
    assert sum(c.cost_fen for c in cells) == cumulative_cost(grant, (), US_GAAP, 100)


def test_exercised_and_expired_come_out_of_what_vested() -> None:
    grant = award(level_tranches([10, 20], 100, PER_MILLION))
    moved = (left(12, 30, Moved.EXERCISED), left(25, 5, Moved.EXPIRED))
    found = standing(grant, visible(moved, grant, 30, NEVER), 30)
    assert (found.vested, found.exercisable, found.outstanding) == (100, 65, 65)


@pytest.mark.parametrize(
    ("movement", "words"),
    [
        (left(15, 51), "51 forfeited on day 15, but 50 had not vested"),
        (left(15, 51, Moved.EXERCISED), "more was exercised than there was"),
    ],
)
def test_more_than_there_is_is_refused(movement: GrantMovement, words: str) -> None:
    grant = award(level_tranches([10, 20], 100, PER_MILLION))
    with pytest.raises(RequestError, match=words):
        standing(grant, (movement,), 30)


def test_a_grant_without_cost_lines_is_refused() -> None:
    with pytest.raises(RequestError, match="name the cost lines"):
        Grant(
            grant_id="G1",
            entity="parent",
            currency="CNY",
            instrument=Instrument.OPTION,
            granted_on=0,
            tranches=level_tranches([1], 1, 1),
            lines=(),
        )
