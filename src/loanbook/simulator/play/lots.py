"""The draws of the played world: by address, so that a draw added for one purpose moves no other, and batches change nothing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from loanbook.simulator.draws import bell, chance


class Lot(IntEnum):
    """What a draw decides. Keys are people or loans of the world, in the order they came; apart from `draws.Stream`."""

    ARRIVAL = 100
    CHANNEL = 101
    PERSON = 102
    FRAILTY = 103
    FEATURE = 104
    DRAW = 105
    AMOUNT = 106
    ANSWER = 107
    PAYOUT = 108
    TRAIT = 109
    MONTH = 110
    TIMING = 111
    CALLBACK = 112
    ROUNDING = 113
    AGAIN = 114
    CONTACT = 115
    BANK = 116
    TRANSFER = 117
    OFFICE = 118
    PRIVACY = 119
    AGENCY = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Lots:
    """All draws of one seed."""

    seed: int

    def chance(self, lot: Lot, key: int, number: int = 0) -> float:
        """Uniform in [0, 1)."""
        return float(chance(self.seed, int(lot), key, number))

    def bell(self, lot: Lot, key: int, number: int = 0) -> float:
        """Standard normal."""
        return float(bell(self.seed, int(lot), key, number))

    def within(self, lot: Lot, key: int, number: int, least: int, most: int) -> int:
        """A whole number from least to most."""
        return least + int(self.chance(lot, key, number) * (most - least + 1))

    def wait(self, lot: Lot, key: int, number: int, mean: float) -> int:
        """Whole days until something that happens every `mean` days; at least one."""
        return 1 + int(-mean * math.log(1.0 - self.chance(lot, key, number)))

    def pick(self, lot: Lot, key: int, number: int, shares: Sequence[float]) -> int:
        """A place by shares, which need not sum to one."""
        draw = self.chance(lot, key, number) * sum(shares)
        for place, share in enumerate(shares):
            draw -= share
            if draw < 0:
                return place
        return len(shares) - 1
