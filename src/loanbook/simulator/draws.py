"""Random numbers by address: the same (seed, stream, key, number) gives the same draw on every machine and in every order.

SplitMix64's finaliser (Steele, Lea, Flood 2014; constants of D. Stafford's mix 13) over a sum of odd multiples. No state, so a
draw added to one stream moves no other stream, and a loan's life does not depend on how many loans stand before it.
"""

from enum import IntEnum

import numpy as np

from loanbook.kernel import kernel
from loanbook.units import Ints

_GOLDEN = 0x9E3779B97F4A7C15
_STREAM = 0xD1B54A32D192ED03
_KEY = 0xAEF17502108EF2D9
_NUMBER = 0xF1357AEA2E62A9C5
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
_DOUBLE_BITS = 11
_TO_UNIT = 2.0**-53


class Stream(IntEnum):
    """What a draw decides; the key is a loan, a borrower or a candidate, the number tells draws of one stream apart."""

    DAY = 0
    ARRIVAL = 1
    ANCESTOR = 2
    BUSINESS = 3
    GRADE = 4
    FRAILTY = 5
    PRODUCT = 6
    TENOR = 7
    AMOUNT = 8
    MODEL = 9
    TRAIT = 10
    MONTH = 11
    """Numbered by instalment: what happens in the month of that due date."""
    TIMING = 12
    RECOVERY = 13
    KEEP = 14
    REPRICING = 15
    ORDINAL = 16
    MOMENT = 17


@kernel
def bits(seed: int, stream: int, key: int, number: int) -> int:
    """64 random bits, np.uint64."""
    word = (
        np.uint64(seed) * np.uint64(_GOLDEN)
        + np.uint64(stream + 1) * np.uint64(_STREAM)
        + np.uint64(key + 1) * np.uint64(_KEY)
        + np.uint64(number + 1) * np.uint64(_NUMBER)
    )
    for _ in range(2):
        word = (word ^ (word >> np.uint64(30))) * np.uint64(_MIX_1)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(_MIX_2)
        word = word ^ (word >> np.uint64(31))
    return word  # type: ignore[return-value]


@kernel
def chance(seed: int, stream: int, key: int, number: int) -> float:
    """A uniform number in [0, 1), multiples of 2^-53."""
    return float(bits(seed, stream, key, number) >> np.uint64(_DOUBLE_BITS)) * _TO_UNIT


@kernel
def bell(seed: int, stream: int, key: int, number: int) -> float:
    """A standard normal number (Box and Muller 1958, one of the pair); never infinite."""
    radius = np.sqrt(-2.0 * np.log(1.0 - chance(seed, stream, key, 2 * number)))
    return float(radius * np.cos(2.0 * np.pi * chance(seed, stream, key, 2 * number + 1)))


@kernel
def chances(seed: int, stream: int, first_key: int, count: int) -> Ints:
    """Uniform numbers of consecutive keys, (count,) float64."""
    drawn = np.empty(count, np.float64)
    for key in range(count):
        drawn[key] = chance(seed, stream, first_key + key, 0)
    return drawn


@kernel
def pick(cumulative: Ints, draw: float) -> int:
    """The first index whose cumulative share exceeds a uniform draw; the last one where rounding leaves a gap."""
    for index in range(cumulative.size - 1):
        if draw < cumulative[index]:
            return index
    return int(cumulative.size - 1)
