"""A made-up company of consistent figures: leaves drawn from a seed, totals added up, in units of what is printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np

from tests.tieout.releases.writer import growth

HIDDEN = 4  # decimals that are not printed, of a company that rounds every line by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a statement with its amount in every column; `adds` names the lines whose signed sum it is.

    amounts     as printed
    unrounded   what they were rounded from
    """

    key: str
    label: str
    amounts: Mapping[str, Decimal]
    unrounded: Mapping[str, Decimal]
    adds: tuple[str, ...] = ()
    level: int = 1

    def growth(self, now: str, then: str) -> Decimal:
        """Per cent from one column to another, unrounded."""
        return growth(self.unrounded[now], self.unrounded[then])

    def change(self, now: str, then: str) -> Decimal:
        """From one column to another, unrounded, of magnitudes: what text says of costs too."""
        return abs(self.unrounded[now]) - abs(self.unrounded[then])


Leaf = tuple[str, str, int]
"""Key, label and the size around which amounts are drawn; negative for what is printed in brackets."""
Total = tuple[str, str, tuple[str, ...]]
"""Key, label and the keys that it adds, with a minus before what is taken off."""


def statement(
    seed: int,
    columns: Sequence[str],
    lines: Sequence[Leaf | Total],
    *,
    digits: int = 0,
    sums: Mapping[str, tuple[str, str]] | None = None,
    foots: bool = True,
) -> dict[str, Line]:
    """Lines by key, in order.

    columns   names of columns; those in `sums` are the sum of two others (a half-year of two quarters)
    digits    decimals of what is printed
    foots     whether totals are the sum of what is printed; else every line is rounded by itself
    """
    chance = np.random.default_rng(seed)
    found: dict[str, Line] = {}
    level = {column: float(chance.uniform(0.9, 1.1)) for column in columns}
    pairs = sums or {}
    hidden = digits if foots else digits + HIDDEN
    for line in lines:
        key, label, size = line
        if isinstance(size, int):
            amounts = {}
            for column in columns:
                if column not in pairs:
                    drawn = size * level[column] * float(chance.uniform(0.97, 1.03))
                    amounts[column] = _rounded(Decimal(str(round(drawn, hidden))), hidden)
            for column, (one, other) in pairs.items():
                amounts[column] = amounts[one] + amounts[other]
            amounts = {column: amounts[column] for column in columns}
        else:
            amounts = {column: sum((_signed(found, part, column) for part in size), Decimal(0)) for column in columns}
        printed = {column: _rounded(amount, digits) for column, amount in amounts.items()}
        adds, level_of = ((), 1) if isinstance(size, int) else (size, 0)
        found[key] = Line(key=key, label=label, amounts=printed, unrounded=amounts, adds=adds, level=level_of)
    return found


def _rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _signed(found: Mapping[str, Line], part: str, column: str) -> Decimal:
    return -found[part[1:]].unrounded[column] if part.startswith("-") else found[part].unrounded[column]
