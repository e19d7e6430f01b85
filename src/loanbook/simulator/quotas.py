"""Quotas and strata: whole numbers that keep to shares, and drawdown sizes that keep to a volume."""

import numpy as np

from loanbook.simulator.scenario import Product
from loanbook.units import Ints

_STEPS = 60
# Coefficients of P. J. Acklam's rational approximation to the normal quantile (2003), relative error below 1.2e-9.
_A = (-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.3577518672690, -30.66479806614716, 2.506628277459239)
_B = (-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1.0)
_C = (-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783)
_D = (0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1.0)
_TAIL = 0.02425


def largest_remainder(shares: Ints, count: int) -> Ints:
    """Whole numbers proportional to shares that sum to `count`, (shares,) int64; ties go to the first."""
    exact = shares / shares.sum() * count
    whole = np.floor(exact).astype(np.int64)
    order = np.argsort(whole - exact, kind="stable")
    whole[order[: count - int(whole.sum())]] += 1
    return np.asarray(whole)


def spread(weights: Ints, count: int) -> Ints:
    """`count` over consecutive days by weight as differences of rounded cumulative numbers, (days,) int64."""
    upto = np.floor(np.cumsum(weights) / weights.sum() * count + 0.5).astype(np.int64)
    return np.diff(np.concatenate([np.zeros(1, np.int64), upto]))


def normal_quantile(chance: Ints) -> Ints:
    """The standard normal quantile of chances in (0, 1), float64."""
    low = np.sqrt(-2.0 * np.log(np.minimum(chance, 1.0 - chance)))
    tail = np.polyval(_C, low) / np.polyval(_D, low)
    centre = chance - 0.5
    square = centre * centre
    middle = centre * np.polyval(_A, square) / np.polyval(_B, square)
    return np.asarray(np.where(np.minimum(chance, 1.0 - chance) < _TAIL, np.where(centre < 0, tail, -tail), middle))


def drawdown_sizes(
    products: tuple[Product, ...], product: Ints, lot: Ints, relative: Ints, fixed_fen: Ints, volume_fen: int
) -> Ints:
    """Principal of drawdowns, (loans,) int64, lognormal within each product by even strata, together `volume_fen` but for steps.

    product     (loans,) places in products; lot (loans,) float64 decides which loan gets which stratum
    relative    (products,) float64 mean drawdown relative to each other's, where fixed_fen is 0
    fixed_fen   (products,) int64 mean drawdown where it is known
    """
    sizes = np.zeros(product.size, np.float64)
    free = fixed_fen[product] == 0
    for place, each in enumerate(products):
        mine = np.flatnonzero(product == place)
        rank = np.empty(mine.size, np.int64)
        rank[np.argsort(lot[mine], kind="stable")] = np.arange(mine.size)
        shape = np.exp(each.sigma * normal_quantile((rank + 0.5) / max(mine.size, 1)))
        if mine.size:
            sizes[mine] = shape / shape.mean() * (fixed_fen[place] or relative[place])
    steps, least, most = (
        np.array([getattr(each, name) for each in products])[product] for name in ("step_fen", "least_fen", "most_fen")
    )
    low, high = 0.0, float(volume_fen)
    principal = np.zeros(product.size, np.int64)
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        wanted = np.where(free, middle, 1.0) * sizes
        principal = np.clip((wanted / steps + 0.5).astype(np.int64) * steps, least, most)
        if int(principal.sum()) < volume_fen:
            low = middle
        else:
            high = middle
    return principal
