"""Any number of loans of the same world, streamed as projection batches: the book of a national platform in bounded memory.

Borrowers are not followed from loan to loan here (each loan has a borrower of its own); everything else is drawn by the same
kernels as `world.py`, and a test compares the two. The measurements of speed (`make bench`) and the
compiling of kernels before the suite use it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from loanbook.kernel import kernel
from loanbook.loans.batches import CompactBatch, IrregularBatch
from loanbook.simulator.behaviour import live
from loanbook.simulator.draws import Stream, chance
from loanbook.simulator.histories import Heads, compact_batch, irregular_batch, is_irregular
from loanbook.simulator.offer import Offer
from loanbook.simulator.population import deck, draw_from, months_of, newcomer_shares
from loanbook.simulator.scenario import Scenario, day_weights
from loanbook.units import Ints

BATCH_LOANS = 262_144
_MOST_REPEATS = 12
_ORDINAL = int(Stream.ORDINAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Consecutive loans of a bulk book: the regular ones and the irregular ones."""

    compact: CompactBatch
    irregular: IrregularBatch


def parts(
    offered: Offer, *, scenario: Scenario, seed: int, loans: int, horizon: int, batch_loans: int = BATCH_LOANS
) -> Iterator[Part]:
    """At most about `batch_loans` loans of one month at a time, in order of drawdown, `loans` in all.

    Nothing after the horizon has happened.
    """
    cards = deck(scenario)
    contracts = offered.classes.rows
    upto = np.floor(np.cumsum(day_weights(scenario)) * loans + 0.5).astype(np.int64)
    upto[-1] = loans
    per_day = np.diff(np.concatenate([np.zeros(1, np.int64), upto]))
    days = np.arange(scenario.first_day, scenario.last_day + 1)
    months = months_of(scenario, days)
    newcomers = newcomer_shares(scenario, int(months[-1]) + 1)
    since = 0
    while since < days.size:
        first_key = int(upto[since] - per_day[since])
        until = max(int(np.searchsorted(upto, first_key + batch_loans, side="right")), since + 1)
        until = min(until, int(np.searchsorted(months, months[since], side="right")))
        counts = per_day[since:until]
        keys = np.arange(first_key, int(upto[until - 1]))
        month = np.repeat(months[since:until], counts)
        drawn = draw_from(cards, seed, first_key, keys, month)
        day = np.repeat(days[since:until], counts)
        order = np.argsort(day * contracts.shape[0] + drawn.class_no, kind="stable")
        heads = Heads(
            loan_no=keys,
            class_no=drawn.class_no[order],
            principal_fen=drawn.principal_fen[order],
            disbursed_on=day[order].astype(np.int32),
            ordinal=_ordinals(seed, keys, newcomers[month]),
        )
        lives = live(
            scenario,
            seed,
            first_key=first_key,
            contracts=contracts,
            class_no=heads.class_no,
            disbursed_on=heads.disbursed_on,
            risk=drawn.risk[order],
            horizon=horizon,
        )
        odd = is_irregular(lives)
        yield Part(
            compact=compact_batch(heads, lives, np.flatnonzero(~odd)),
            irregular=irregular_batch(
                scenario,
                seed,
                keys=keys,
                contracts=contracts,
                heads=heads,
                lives=lives,
                chosen=np.flatnonzero(odd),
                horizon=horizon,
            ),
        )
        since = until


@kernel
def _ordinals(seed: int, keys: Ints, newcomers: Ints) -> Ints:
    """Drawdown numbers as a cross-section shows them: first with the month's share of newcomers, else 2 and more."""
    ordinal = np.empty(keys.size, np.int32)
    for loan in range(keys.size):
        if chance(seed, _ORDINAL, keys[loan], 0) < newcomers[loan]:
            ordinal[loan] = 1
        else:
            ordinal[loan] = 2 + np.int64(chance(seed, _ORDINAL, keys[loan], 1) * _MOST_REPEATS)
    return ordinal
