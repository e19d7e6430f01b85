"""A made-up company of consistent figures: leaves drawn from a seed, totals added up, in units of what is printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a statement with its amount in every column; `adds` names the lines whose signed sum it is."""

    key: str
    label: str
    amounts: Mapping[str, Decimal]
    adds: tuple[str, ...] = ()
    level: int = 1


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
) -> dict[str, Line]:
    """Lines by key, in order.

    columns   names of columns; those in `sums` are the sum of two others (a half-year of two quarters)
    digits    decimals of what is printed
    """
    chance = np.random.default_rng(seed)
    found: dict[str, Line] = {}
    level = {column: float(chance.uniform(0.9, 1.1)) for column in columns}
    pairs = sums or {}
    for line in lines:
        key, label, size = line
        if isinstance(size, int):
            amounts = {}
            for column in columns:
                if column not in pairs:
                    drawn = size * level[column] * float(chance.uniform(0.97, 1.03))
                    amounts[column] = Decimal(str(round(drawn, digits))).quantize(Decimal(1).scaleb(-digits))
            for column, (one, other) in pairs.items():
                amounts[column] = amounts[one] + amounts[other]
            found[key] = Line(key=key, label=label, amounts={column: amounts[column] for column in columns})
        else:
            amounts = {column: sum((_signed(found, part, column) for part in size), Decimal(0)) for column in columns}
            found[key] = Line(key=key, label=label, amounts=amounts, adds=size, level=0)
    return found


def _signed(found: Mapping[str, Line], part: str, column: str) -> Decimal:
    return -found[part[1:]].amounts[column] if part.startswith("-") else found[part].amounts[column]
