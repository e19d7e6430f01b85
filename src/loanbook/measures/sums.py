"""Sums of int64 that never wrap: either exact, or an OverflowError."""

from typing import Any

import numpy as np

from loanbook.units import MONEY_MAX, Ints

_HALF = 32
_LOW = (1 << _HALF) - 1
_CERTAIN = 2.0**62
"""Magnitudes that add up, as floats, to less than this cannot leave int64, whatever the float rounded."""


def exact_sum(values: Ints) -> int:
    """The sum of int64 values as a Python integer, exact at any size (up to 2^31 values)."""
    high = int((values >> _HALF).sum(dtype=np.int64))
    low = int((values & _LOW).sum(dtype=np.int64))
    return (high << _HALF) + low


def added(one: Ints, other: Ints, what: str) -> Ints:
    """Two int64 arrays of one shape added up.

    what     names the figure in the error
    raises   OverflowError when a sum leaves int64
    """
    total: Ints = one + other
    # Both of one sign and the sum of the other: it wrapped. Asked only where it may have, because it needs two arrays more.
    if one.size and not _inside(one, other) and bool((((one ^ total) & (other ^ total)) < 0).any()):
        raise OverflowError(f"{what} does not fit in 64 bits")
    return total


def _inside(one: Ints, other: Ints) -> bool:
    largest = int(one.max()) + int(other.max())
    smallest = int(one.min()) + int(other.min())
    return smallest >= -MONEY_MAX and largest <= MONEY_MAX


def certain(values: Ints) -> Ints:
    """The values in a type in which any of their partial sums is exact: int64 where that is certain, else Python integers."""
    magnitude: Any = np.abs(values.astype(np.float64)).sum()
    return values if magnitude < _CERTAIN else values.astype(object)
