"""How far an estimate may be off: the interval around it, and how it is stated.

Three parts, as relative variances: how the estimate moves when quarters of the look-back are left out one by one (jackknife),
widened by the same for the year ahead, because that is a draw of quarters too; how far the scenarios of an outlook lie apart; and
chance in the number of loans that will be lost. Bounds are symmetric for the square root of that number, so that they hold for
few loans too and a loss is never negative.
"""

from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np

from loanbook.measures.credit_losses_policy import LossPolicy
from loanbook.measures.credit_losses_result import Estimates
from loanbook.measures.credit_losses_rolls import ratio
from loanbook.units import Ints

_BLOCK = 3
_QUARTERS_AHEAD = 4
_DISPERSION = 2.0
"""Variance of the sum of lost amounts over that of as many equal ones: amounts vary as much as they are large."""
_PPM = 1_000_000


def spread_of(months: Sequence[int], expected: Callable[[Sequence[int]], Ints]) -> Ints:
    """Relative standard deviation of the level, by group and (last) of all groups: (groups + 1,) float64.

    expected   the loss by group, (groups,), when some months are read
    """
    blocks = [tuple(months[place : place + _BLOCK]) for place in range(len(months) % _BLOCK, len(months), _BLOCK)]
    if len(blocks) < 2:
        blocks = [(month,) for month in months]
    found = []
    for block in blocks:
        lost = expected([month for month in months if month not in block])
        found.append(np.append(lost, lost.sum()))
    replicas = np.stack(found)
    middle = replicas.mean(axis=0)
    count = len(blocks)
    variance = (count - 1) / count * ((replicas - middle) ** 2).sum(axis=0)
    variance = variance * (1.0 + count / _QUARTERS_AHEAD)
    return ratio(np.sqrt(variance), middle, np.zeros(()))


def scenario_variance(parts: Sequence[tuple[float, Ints]], exposure: Ints) -> Ints:
    """Relative variance between scenarios, by group and (last) of all: (groups + 1,) float64.

    parts   weight and lifetime loss (groups, 37, buckets) of each scenario
    """
    weights = np.array([weight for weight, _ in parts])
    lost = np.stack([(rates * exposure).sum(axis=(1, 2)) for _, rates in parts])
    every = np.concatenate([lost, lost.sum(axis=1, keepdims=True)], axis=1)
    middle = weights @ every
    return ratio(weights @ (every - middle) ** 2, middle**2, np.zeros(()))


def interval_words(policy: LossPolicy, months: int) -> str:
    """How the interval is stated."""
    return (
        f"{policy.confidence_ppm / 10_000:g} % interval: relative variance between quarters of {months} months (jackknife, "
        f"widened for the year ahead), between the scenarios, and {_DISPERSION:g} / number of loans expected to be lost; "
        "symmetric for the square root of that number."
    )


def bounds(of: Estimates, lost_fen: Ints, confidence_ppm: int = 900_000) -> Ints:
    """(groups + 1, 3) int64 fen: low, expected and high gross loss, by group and (last) of all groups.

    lost_fen   (groups,) int64, expected charge-offs before recoveries
    """
    every = np.append(lost_fen, lost_fen.sum()).astype(np.float64)
    size = np.maximum(of.loan_fen.astype(np.float64), 1.0)
    loans = lost_fen / size
    number = np.append(loans, loans.sum())
    average = ratio(every, number, np.append(size, size.mean() if size.size else 1.0))
    apart = NormalDist().inv_cdf((1.0 + confidence_ppm / _PPM) / 2.0)
    reach = apart * np.sqrt(_DISPERSION + number * (of.spread_ppm / _PPM) ** 2) / 2.0
    root = np.sqrt(number)
    low, high = np.maximum(root - reach, 0.0) ** 2, (root + reach) ** 2
    found: Ints = np.rint(np.stack([low * average, every, high * average], axis=1)).astype(np.int64)
    return found
