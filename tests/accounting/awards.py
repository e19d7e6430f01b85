"""Awards of a test: tranches that share a number of instruments."""

from collections.abc import Sequence

from loanbook.accounting.grants import Tranche
from loanbook.units import HALF_UP, mul_div


def level_tranches(
    days: Sequence[int], instruments: int, fair_value_per_million_fen: int, weights: Sequence[int] = ()
) -> tuple[Tranche, ...]:
    """Tranches that share a number of instruments, equally or by weights; cumulative rounding, so they sum to the grant."""
    parts = weights or [1] * len(days)
    made, before, weight = [], 0, 0
    for day, part in zip(days, parts, strict=True):
        weight += part
        upto = int(mul_div(instruments, weight, sum(parts), HALF_UP))
        made.append(Tranche(vests_on=day, instruments=upto - before, fair_value_per_million_fen=fair_value_per_million_fen))
        before = upto
    return tuple(made)
