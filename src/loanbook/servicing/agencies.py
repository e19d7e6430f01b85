"""Handing loans to outside collectors and taking them back, their commission, and what a recovered yuan costs."""

from dataclasses import dataclass

import numpy as np

from loanbook.errors import RequestError
from loanbook.terms.collection import CollectionTerms
from loanbook.terms.product import PPM
from loanbook.units import MONEY_MAX, Ints

IN_HOUSE = -1
"""Agency of a loan that nobody outside has."""

_MIX_1, _MIX_2, _MIX_3 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
"""SplitMix64 (Steele, Lea and Flood 2014): neighbouring loan numbers become unlike ones."""


def hand_over(
    terms: CollectionTerms,
    loan_no: Ints,
    dpd: Ints,
    overdue_fen: Ints,
    *,
    agency: Ints,
    handed_on: Ints,
    had: Ints,
    as_of: int,
) -> Ints:
    """Who has each loan after a day, int8: a place in the terms' agencies, or IN_HOUSE.

    A loan stays with its agency for `keeps_days`, unless it is no longer past due. Then, or if nobody has it, it goes to one of
    the agencies of the latest dpd it has reached, by weight and its number alone: what other loans there are does not matter.

    agency, handed_on   (loans,) who has it now and since when (day ignored where IN_HOUSE)
    had                 (loans, agencies) bool: an agency does not get a loan twice
    """
    agency = np.asarray(agency, np.int64)
    overdue = np.asarray(overdue_fen, np.int64)
    if not terms.agencies:
        return np.full(len(agency), IN_HOUSE, np.int8)
    keeps = np.array([each.keeps_days for each in terms.agencies], np.int64)
    begins = np.array([each.dpd_least for each in terms.agencies], np.int64)
    least = np.array([each.overdue_least_fen for each in terms.agencies], np.int64)
    weight = np.array([each.weight for each in terms.agencies], np.int64)
    stays = (agency != IN_HOUSE) & (as_of < np.asarray(handed_on, np.int64) + keeps[agency]) & (overdue > 0)
    taken = np.asarray(had, bool).copy()
    holding = agency != IN_HOUSE
    taken[holding, agency[holding]] = True
    dpd = np.asarray(dpd, np.int64)
    fits = (dpd[:, None] >= begins) & (overdue[:, None] >= np.maximum(least, 1))
    # The latest reached; one that had the loan is left out, but an earlier one does not get it back for that.
    latest = np.where(fits, begins, 0).max(axis=1)
    weights = np.where(fits & (begins == latest[:, None]) & ~taken, weight, 0)
    chosen = _by_weight(np.asarray(loan_no, np.int64), weights)
    return np.where(stays, agency, chosen).astype(np.int8)


def _by_weight(number: Ints, weights: Ints) -> Ints:
    """One place a row in proportion to its weights, by the row's number; IN_HOUSE where all weights are 0."""
    with np.errstate(over="ignore"):
        mixed = number.astype(np.uint64) + np.uint64(_MIX_1)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(_MIX_2)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(_MIX_3)
        mixed ^= mixed >> np.uint64(31)
    whole = weights.sum(axis=1)
    point = (mixed % np.maximum(whole, 1).astype(np.uint64)).astype(np.int64)
    chosen = (np.cumsum(weights, axis=1) <= point[:, None]).sum(axis=1)
    return np.where(whole > 0, chosen, IN_HOUSE)


def commission_fen(terms: CollectionTerms, agency: Ints, recovered_fen: Ints) -> Ints:
    """The commission on each recovery, half up to the minor unit; 0 in house.

    agency          (recoveries,) who had the loan on the day of the recovery
    recovered_fen   (recoveries,) int64; negative for one taken back, which takes its commission back
    raises          OverflowError for a recovery that no loan can have
    """
    rates = np.array([each.commission_ppm for each in terms.agencies] + [0], np.int64)[np.asarray(agency, np.int64)]
    amount = np.abs(np.asarray(recovered_fen, np.int64))
    if amount.size and not 0 <= int(amount.max()) <= MONEY_MAX // PPM - 1:
        raise OverflowError("money overflow: a recovery is too large for its commission")
    return np.sign(np.asarray(recovered_fen, np.int64)) * ((amount * rates + PPM // 2) // PPM)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionCost:
    """What collections cost and brought, by stage; a ratio of two of its sums is the cost of a recovered yuan.

    stages                                     names, "" last for what happened outside every stage
    action_fen, commission_fen, recovered_fen  (stages,) int64
    """

    stages: tuple[str, ...]
    action_fen: Ints
    commission_fen: Ints
    recovered_fen: Ints

    def ratio(self, stage: str | None = None) -> tuple[int, int]:
        """Cost and recovered amount of a stage, or of all; their quotient is not taken here, so that ratios can be summed."""
        chosen = slice(None) if stage is None else self.stages.index(stage)
        cost = int(np.sum(self.action_fen[chosen]) + np.sum(self.commission_fen[chosen]))
        return cost, int(np.sum(self.recovered_fen[chosen]))


def collection_cost(
    terms: CollectionTerms,
    *,
    action: Ints,
    action_stage: Ints,
    recovered_fen: Ints,
    recovered_stage: Ints,
    recovered_agency: Ints,
) -> CollectionCost:
    """Costs and recoveries of a period summed by stage.

    action, action_stage   (actions,) place in the terms' actions; stage of the loan then, -1 for none
    recovered_*            (recoveries,) overdue money that came in; stage and agency of the loan then
    raises                 RequestError for an action or stage that the terms do not have
    """
    count = len(terms.stages)
    costs = np.array([each.cost_fen for each in terms.actions], np.int64)
    for number, most, what in ((action, len(costs), "action"), (action_stage, count, "stage"), (recovered_stage, count, "stage")):
        if np.size(number) and not (-(what == "stage") <= int(np.min(number)) and int(np.max(number)) < most):
            raise RequestError(f"{terms.code} has {most} {what}s; a row names another one. Use the version in force on its day.")

    def summed(stage: Ints, amount: Ints) -> Ints:
        sums = np.zeros(count + 1, np.int64)
        np.add.at(sums, np.asarray(stage, np.int64), amount)
        return sums

    return CollectionCost(
        stages=(*(stage.name for stage in terms.stages), ""),
        action_fen=summed(action_stage, costs[np.asarray(action, np.int64)]),
        commission_fen=summed(recovered_stage, commission_fen(terms, recovered_agency, recovered_fen)),
        recovered_fen=summed(recovered_stage, np.asarray(recovered_fen, np.int64)),
    )
