"""Growth beside its amount in tables whose rows are periods: "Net sales | 412,807 | 6.4" over the row of the year before."""

from collections.abc import Iterable, Mapping
from functools import partial

from loanbook.tieout.figure import Figure, Unit
from loanbook.tieout.relate.columns import growth_relation
from loanbook.tieout.relate.growths import from_earlier
from loanbook.tieout.relate.series import Item
from loanbook.tieout.relation import Relation


def growth_beside(figures: Iterable[Figure], owner: Mapping[str, Item]) -> Iterable[Relation]:
    """Growth over a year of the amount to its left, which has the same label and stands under the same period."""
    amounts: dict[tuple[int, int], list[Figure]] = {}
    for figure in figures:
        if figure.place.row is None:
            continue
        row = amounts.setdefault((figure.place.block, figure.place.row), [])
        if figure.role != "growth" or figure.unit is not Unit.PERCENT:
            row.append(figure)
            continue
        now = row[-1] if row else None
        if now is not None and figure.column and (now.label, now.column) == (figure.label, figure.column):
            yield from from_earlier(partial(growth_relation, "growth_column", figure), figure, now, owner.get(now.id), "")
