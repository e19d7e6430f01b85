"""Vintage method: charge-offs of each month of origination by months on book, and what young vintages still have before them.

The pattern is the part of the original principal that is charged off at each month on book, of the vintages seen at it in the
look-back; ratios of its running sums are the age-to-age factors. A young vintage is completed by the rest of the pattern, times
how much more (or less) often than the pattern it was more than 30 days past due so far: charge-offs themselves come too late.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loanbook.measures.cells import Cells
from loanbook.measures.credit_losses_exposure import column, originations
from loanbook.measures.credit_losses_policy import LossPolicy
from loanbook.measures.credit_losses_rolls import blended, by_diagonal, ratio
from loanbook.units import Ints

TO_CHARGE_OFF = 5
"""Months from more than 30 to more than 180 days past due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Development:
    """One movement (charge-offs or recoveries) by vintage, completed. Float64; money in fen.

    pattern     (groups, mob) part of the original principal that moves at each month on book
    known       (groups, vintages) so far
    future      (groups, vintages) still to come
    """

    pattern: Ints
    known: Ints
    future: Ints


def development(cells: Cells, policy: LossPolicy, months: Sequence[int], moved: str = "charged_off_fen") -> Development:
    """The development of a column of the family vintage, read in some months (positions, `credit_losses_rolls.look_back`)."""
    chosen = np.array(months, np.int64)
    original = column(cells, "vintage", "original_fen")[:, :, 0]
    pattern = _pattern(cells, policy, chosen, original, moved)
    size = original.shape[1]
    ages = np.arange(size)
    at = size - 1 - ages
    ahead = (ages[None] > at[:, None]).astype(np.float64)
    # Charge-offs of the look-back are of loans that were more than 30 days past due some months before: like with like.
    before = chosen[chosen >= TO_CHARGE_OFF] - TO_CHARGE_OFF
    alarm = _pattern(cells, policy, before if before.size >= 3 else chosen, original, "over_30_fen")
    expected = original * np.einsum("gm,vm->gv", alarm, 1.0 - ahead)
    fell = column(cells, "vintage", "over_30_fen").sum(axis=2)
    room = policy.thin_events * ratio(original.sum(1), originations(cells).loans, np.ones(()))[:, None]
    scale = ratio(fell + room, expected + room, np.ones(()))
    return Development(
        pattern=pattern,
        known=column(cells, "vintage", moved).sum(axis=2),
        future=original * np.einsum("gm,vm->gv", pattern, ahead) * scale,
    )


def _pattern(cells: Cells, policy: LossPolicy, months: Ints, original: Ints, moved: str) -> Ints:
    size = original.shape[1]
    seen = np.isin(np.arange(size)[:, None] + np.arange(size)[None], months)
    found = by_diagonal(column(cells, "vintage", moved), months).sum(axis=1)
    base = np.einsum("gv,vm->gm", original, seen.astype(np.float64))
    average = ratio(original.sum(axis=1), originations(cells).loans, np.ones(()))
    events = ratio(found.sum(axis=1), average, np.zeros(()))[:, None]
    return blended(cells, found, base, events, policy, np.zeros(()))
