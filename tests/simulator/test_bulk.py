"""The bulk generator draws the same world: consecutive loans in order, any size, the same distribution."""

import numpy as np
import pytest

from loanbook.loans.facts import FactKind
from loanbook.measures.measuring import measure_batches
from loanbook.measures.space import space
from loanbook.measures.window import window
from loanbook.simulator.bulk import parts
from loanbook.simulator.histories import compact_batch, irregular_batch, is_irregular
from loanbook.simulator.offer import offer
from loanbook.simulator.scenario import Scenario
from loanbook.terms.contract import Field
from loanbook.terms.families import BUCKETS, POSITION
from loanbook.units import NEVER

LOANS = 40_000


@pytest.fixture(scope="module")
def bulk():
    scenario = Scenario()
    offered = offer(scenario)
    return offered, list(parts(offered, scenario=scenario, seed=7, loans=LOANS, horizon=scenario.last_day))


def columns(found, name):
    """A head column of all loans, compact and irregular, in order of loan number."""
    numbers = np.concatenate([batch.loan_no for part in found for batch in (part.compact, part.irregular)])
    values = np.concatenate([getattr(batch, name) for part in found for batch in (part.compact, part.irregular)])
    return values[np.argsort(numbers)]


def test_every_loan_is_there_once_and_in_order(bulk):
    offered, found = bulk
    assert np.array_equal(columns(found, "loan_no"), np.arange(LOANS))
    key = columns(found, "disbursed_on").astype(np.int64) * len(offered.classes.rows) + columns(found, "class_no")
    assert (np.diff(key) >= 0).all()
    for part in found:
        for batch in (part.compact, part.irregular):
            assert (np.diff(batch.loan_no) > 0).all()
        assert part.compact.late_offsets[-1] == part.compact.late_days.size
        assert part.irregular.fact_offsets[-1] == part.irregular.fact_on.size


def test_the_cut_into_parts_does_not_change_a_loan(bulk):
    offered, found = bulk
    scenario = Scenario()
    finer = list(parts(offered, scenario=scenario, seed=7, loans=LOANS, horizon=scenario.last_day, batch_loans=500))
    assert len(finer) > len(found)
    for name in ("class_no", "principal_fen", "disbursed_on", "ordinal"):
        assert sorted(columns(finer, name)) == sorted(columns(found, name))


def test_nothing_happens_after_the_horizon(bulk):
    _, found = bulk
    last = Scenario().last_day
    for part in found:
        settled = part.compact.settled_on[part.compact.settled_on != NEVER]
        assert settled.size == 0 or settled.max() <= last
        assert part.irregular.fact_on.max(initial=0) <= last
        assert part.irregular.fact_recorded_on.max(initial=0) <= last


def test_shares_are_those_a_benchmark_needs(bulk):
    offered, found = bulk
    counts = offered.classes.rows[columns(found, "class_no"), Field.COUNT]
    assert abs(counts.mean() - 9.84) < 0.15
    irregular = sum(part.irregular.loan_no.size for part in found)
    assert 0.04 < irregular / LOANS < 0.06
    settled = sum(int((part.compact.settled_on != NEVER).sum()) for part in found)
    settled += sum(int((part.irregular.fact_kind == FactKind.PAYOFF).sum()) for part in found)
    assert 0.22 < settled / LOANS < 0.28


def test_bulk_and_world_agree_in_distribution(bulk, small_world):
    offered, found = bulk
    scenario, heads, lives = Scenario(), small_world.heads, small_world.lives
    world_counts = offered.classes.rows[heads.class_no, Field.COUNT]
    assert abs(offered.classes.rows[columns(found, "class_no"), Field.COUNT].mean() / world_counts.mean() - 1) < 0.02
    assert abs(columns(found, "principal_fen").mean() / heads.principal_fen.mean() - 1) < 0.05

    over = space(offered.classes, window(since=scenario.first_day, as_of=scenario.last_day))
    batches = [batch for part in found for batch in (part.compact, part.irregular)]
    odd = is_irregular(lives)
    of_world = [
        compact_batch(heads, lives, np.flatnonzero(~odd)),
        irregular_batch(
            scenario,
            small_world.seed,
            keys=small_world.keys,
            contracts=offered.classes.rows,
            heads=heads,
            lives=lives,
            chosen=np.flatnonzero(odd),
            horizon=scenario.known_until,
        ),
    ]
    bulk_shares, world_shares = (
        bucket_shares(measure_batches(each, offered.classes, over), over) for each in (batches, of_world)
    )
    assert abs(bulk_shares["current"] - world_shares["current"]) < 0.02
    late_in_bulk = sum(bulk_shares[name] for name in BUCKETS[1:7])
    late_in_world = sum(world_shares[name] for name in BUCKETS[1:7])
    # Borrowers of the world who fell behind get no further loan; those of the bulk are strangers to each other.
    assert 0.9 < late_in_bulk / late_in_world < 1.6


def bucket_shares(cells, over):
    """The part of live loans in each bucket, over the last two years of month ends."""
    loans = cells.families["position"][:, 0].reshape(over.shape(POSITION))[:, 12:, :].sum(axis=(0, 1))
    live = loans[: BUCKETS.index("181+")]
    return {name: count / live.sum() for name, count in zip(BUCKETS, live, strict=False)}
