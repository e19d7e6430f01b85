"""Exposure by age and remaining months, modelled from originations: cells know balances by bucket, not by age.

Originations by tenor run down on their level instalments and at the group's speed of prepayment. The model only spreads: what
a bucket owes is what the family position says.
"""

from dataclasses import dataclass

import numpy as np

from loanbook.measures.cells import Cells
from loanbook.measures.credit_losses_policy import PAST_DUE_BUCKETS, REMAINING_MOST
from loanbook.terms.families import BY_NAME
from loanbook.units import Ints

TENOR_CLASSES = 8
"""Tenors are told apart up to so many; more are merged by volume."""
AGES = REMAINING_MOST + 1
BUCKET_COUNT = len(PAST_DUE_BUCKETS)


def dense(cells: Cells, family: str) -> Ints:
    """The cells of a family by dimension, (*grain, columns) int64."""
    declared = BY_NAME[family]
    return cells.families[family].reshape(*cells.space.shape(declared), len(declared.columns))


def column(cells: Cells, family: str, name: str) -> Ints:
    """One column of a family by dimension, float64: sums of money here only make ratios."""
    return dense(cells, family)[..., BY_NAME[family].columns.index(name)].astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Originations:
    """Principal lent, by tenor class.

    tenors    (classes,) int64 months, ascending, at most REMAINING_MOST
    lent      (groups, months, classes) float64 fen
    loans     (groups,) float64 loans lent in all
    """

    tenors: Ints
    lent: Ints
    loans: Ints


def originations(cells: Cells) -> Originations:
    """What was lent by group, month and tenor class; of more than TENOR_CLASSES tenors, neighbours are merged."""
    volume = column(cells, "volume", "principal_fen").sum(axis=3)
    loans = column(cells, "volume", "loans").sum(axis=(1, 2, 3))
    tenors = np.clip(np.array(cells.space.tenors, np.int64), 1, REMAINING_MOST)
    if not tenors.size:
        # A book without loans yet: one tenor class of which nothing was lent.
        return Originations(tenors=np.ones(1, np.int64), lent=volume.sum(axis=2, keepdims=True), loans=loans)
    by_tenor = volume.sum(axis=(0, 1))
    distinct = np.unique(tenors)
    if distinct.size > TENOR_CLASSES:
        weight = np.array([by_tenor[tenors == months].sum() for months in distinct])
        reached = np.cumsum(weight) - weight / 2.0
        number = np.minimum((reached / max(weight.sum(), 1.0) * TENOR_CLASSES).astype(np.int64), TENOR_CLASSES - 1)
        place = number[np.searchsorted(distinct, tenors)]
    else:
        place = np.searchsorted(distinct, tenors)
    used = np.unique(place)
    lent = np.stack([volume[:, :, place == each].sum(axis=2) for each in used], axis=2)
    months = [np.average(tenors[place == each], weights=np.maximum(by_tenor[place == each], 1.0)) for each in used]
    return Originations(tenors=np.rint(np.array(months)).astype(np.int64), lent=lent, loans=loans)


def level_balance(rate: Ints, remaining: Ints) -> Ints:
    """Balance of a level-instalment loan as multiples of one instalment's first interest-bearing unit.

    rate        (groups,) float64 a month, > 0
    remaining   any shape, instalments left
    returns     (groups, *remaining.shape); ratios of two are ratios of balances
    """
    shape = (-1,) + (1,) * remaining.ndim
    monthly = rate.reshape(shape)
    return np.asarray((1.0 - (1.0 + monthly) ** -remaining[None]) / monthly)


def run_down(lent: Originations, rate: Ints, prepay: Ints) -> Ints:
    """Part of the principal lent that is still owed at an age by who never fell behind: (groups, classes, AGES) float64."""
    left = np.maximum(lent.tenors[:, None] - np.arange(AGES)[None], 0)
    share = level_balance(rate, left) / level_balance(rate, lent.tenors)[:, :, None]
    return np.asarray(share * (1.0 - prepay)[:, None, None] ** np.arange(AGES))


def by_age(lent: Originations, owed: Ints, month: int) -> Ints:
    """Modelled balances at a month's end by age, (groups, classes, AGES) float64; zero before the window's first month."""
    found = np.zeros_like(owed)
    ages = min(month + 1, AGES)
    if ages > 0:
        found[:, :, :ages] = lent.lent[:, month - np.arange(ages), :].transpose(0, 2, 1) * owed[:, :, :ages]
    return found


def tenor_mix(lent: Originations, owed: Ints, month: int) -> Ints:
    """Weights of tenor classes by group and remaining months, (groups, classes, REMAINING_MOST + 1), summing to 1 over classes.

    Where a group has no such loans the mix of all groups stands in; where nobody has, the next longer tenor, as when new.
    """
    balances = by_age(lent, owed, month)
    classes = lent.tenors.size
    found = np.zeros((balances.shape[0], classes, AGES))
    for number, tenor in enumerate(lent.tenors):
        found[:, number, 1 : tenor + 1] = balances[:, number, :tenor][:, ::-1]
    found[:, :, 0] = found[:, :, 1]
    every = found.sum(axis=0)
    fallback = np.zeros_like(every)
    for remaining in range(AGES):
        longer = np.flatnonzero(lent.tenors >= remaining)
        fallback[longer[0] if longer.size else classes - 1, remaining] = 1.0
    every = np.where(every.sum(axis=0) > 0.0, every, fallback)
    mixed = np.where(found.sum(axis=1, keepdims=True) > 0.0, found, every[None])
    return np.asarray(mixed / mixed.sum(axis=1, keepdims=True))


def modelled_exposure(cells: Cells, lent: Originations, owed: Ints, seasoning: Ints) -> Ints:
    """Unpaid principal of the last snapshot by remaining months and bucket, (groups, 37, buckets) int64 fen.

    A close that measures loan by loan knows it exactly; this spreads the family position where only cells are at hand.
    seasoning   (groups, AGES) float64, how the chance to fall behind goes by age
    returns     sums over remaining months equal the position of each bucket, to the fen
    """
    month = cells.space.window.months - 1
    position = dense(cells, "position")[:, month, :BUCKET_COUNT, 1]
    groups = position.shape[0]
    weights = np.zeros((groups, AGES, BUCKET_COUNT))
    for bucket in range(BUCKET_COUNT):
        for number, tenor in enumerate(lent.tenors):
            for age in range(bucket, min(int(tenor) + bucket, month + 1)):
                since = age - bucket
                if since >= AGES:
                    break
                chance = seasoning[:, since] if bucket else 1.0
                weights[:, max(int(tenor) - age, 0), bucket] += (
                    lent.lent[:, month - age, number] * owed[:, number, since] * chance
                )
    weights[:, 1:2, 0] += np.where(weights[:, :, 0].sum(axis=1) > 0.0, 0.0, 1.0)[:, None]
    empty = weights.sum(axis=1) == 0.0
    weights[:, 0, :] += empty
    reached = np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)
    cumulative = np.rint(reached * position[:, None, :].astype(np.float64)).astype(np.int64)
    cumulative[:, -1, :] = position
    return np.diff(cumulative, axis=1, prepend=0)
