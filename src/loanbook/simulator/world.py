"""A seeded world: borrowers come, draw, come back, pay, miss, catch up, settle early or are written off, over three years.

The same seed and number of loans give the same events byte for byte. Nothing of the outcome is put in: inputs are hazards a
month (`scenario.py`), amounts and due dates come from the product terms through the house's schedule kernel.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from loanbook.errors import RequestError
from loanbook.loans.batches import IrregularBatch
from loanbook.simulator import telling
from loanbook.simulator.behaviour import Lives, live
from loanbook.simulator.draws import Stream, chances
from loanbook.simulator.histories import Heads, irregular_batch
from loanbook.simulator.offer import Offer, offer
from loanbook.simulator.population import borrowers_of, deck, draw_from, drawdown_days, months_of, newcomer_shares
from loanbook.simulator.scenario import Scenario
from loanbook.units import NEVER, Ints

SEED = 20_240_930
LOANS = 60_000
MORE_CANDIDATES = 1.35
"""Drawdowns are drawn in excess: those a borrower in arrears asks for are refused, and chance thins the rest."""
FEWEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All loans of a world, by loan_no in order of drawdown.

    keys       (loans,) int64 key under which each loan drew its life
    borrower   (loans,) int64; its first drawdown in this world is the borrower's first ever
    histories  every loan's facts, the regular ones included
    """

    scenario: Scenario
    seed: int
    offer: Offer
    heads: Heads
    keys: Ints
    borrower: Ints
    lives: Lives
    histories: IrregularBatch


def world(seed: int = SEED, loans: int = LOANS, scenario: Scenario | None = None) -> World:
    """A world of exactly `loans` loans.

    raises   RequestError for fewer than FEWEST loans, or when the scenario refuses so many drawdowns that too few remain
    """
    if loans < FEWEST:
        raise RequestError(f"a world needs at least {FEWEST} loans to look like one; {loans} were asked for.")
    scene = scenario or Scenario()
    offered = offer(scene)
    asked = int(loans * MORE_CANDIDATES)
    days = drawdown_days(scene, seed, asked)
    months = months_of(scene, days)
    newcomers = newcomer_shares(scene, int(months[-1]) + 1)
    borrower = borrowers_of(seed, days, months, newcomers, scene.memory_days)
    drawn = draw_from(deck(scene), seed, 0, borrower, months)
    contracts = offered.classes.rows
    first = live(
        scene,
        seed,
        first_key=0,
        contracts=contracts,
        class_no=drawn.class_no,
        disbursed_on=days,
        risk=drawn.risk,
        horizon=scene.known_until,
    )
    kept = _granted(seed, loans, days, borrower, first.bad_on)
    heads = Heads(
        loan_no=np.arange(loans),
        class_no=drawn.class_no[kept],
        principal_fen=drawn.principal_fen[kept],
        disbursed_on=days[kept],
        ordinal=ordinals(borrower[kept]),
    )
    lives = first.take(kept)
    histories = irregular_batch(
        scene,
        seed,
        keys=kept,
        contracts=contracts,
        heads=heads,
        lives=lives,
        chosen=np.arange(loans),
        horizon=scene.known_until,
    )
    return World(
        scenario=scene,
        seed=seed,
        offer=offered,
        heads=heads,
        keys=kept,
        borrower=borrower[kept],
        lives=lives,
        histories=histories,
    )


def events(seed: int = SEED, loans: int = LOANS, scenario: Scenario | None = None) -> dict[str, pa.Table]:
    """The events of a world by kind, as a servicer would deliver them: tables of `stores.schema`, in order of recording."""
    return telling.tables(world(seed, loans, scenario))


def _granted(seed: int, loans: int, days: Ints, borrower: Ints, bad_on: Ints) -> Ints:
    """Positions of the drawdowns that happen: none after a borrower's first 30 days past due; of those left, `loans` by lot."""
    bad_since = np.full(int(borrower.max()) + 1, NEVER, np.int64)
    np.minimum.at(bad_since, borrower, bad_on)
    left = np.flatnonzero(days <= bad_since[borrower])
    if left.size < loans:
        raise RequestError(f"the scenario leaves {left.size} drawdowns of the {loans} asked for; soften its hazards.")
    lot = chances(seed, int(Stream.KEEP), 0, days.size)[left]
    return np.sort(left[np.argsort(lot, kind="stable")[:loans]])


def ordinals(borrower: Ints) -> Ints:
    """Each drawdown's number among its borrower's, 1 for the first, (loans,) int32."""
    order = np.argsort(borrower, kind="stable")
    ranked = borrower[order]
    starts = np.flatnonzero(np.concatenate([np.ones(1, np.bool_), ranked[1:] != ranked[:-1]]))
    lengths = np.diff(np.append(starts, ranked.size))
    ordinal = np.empty(borrower.size, np.int32)
    ordinal[order] = np.arange(ranked.size) - np.repeat(starts, lengths) + 1
    return ordinal
