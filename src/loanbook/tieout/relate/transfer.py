"""What adds up in a table adds up wherever the same items are printed: in the text for the quarter before, for instance."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from loanbook.tieout.figure import Figure
from loanbook.tieout.relate.build import sum_relation
from loanbook.tieout.relate.labels import key_of
from loanbook.tieout.relate.series import Coordinate, Item
from loanbook.tieout.relation import Relation

RULE = "footing_in_text"
STRENGTH = Decimal("0.9")

Formula = tuple[Item, tuple[tuple[Item, int], ...]]


def transferred(sums: Sequence[Relation], owner: Mapping[str, Item]) -> list[Relation]:
    """Each sum of items at the coordinates where prose alone states the result.

    Where one term is printed nowhere, two sums that both lack it still say that their differences are equal.
    """
    made: list[Relation] = []
    lacking: dict[tuple[str, int, Coordinate], list[tuple[Figure, list[tuple[Figure, int]]]]] = defaultdict(list)
    for result, terms in _formulas(sums, owner):
        for coordinate in result.cells:
            printed = result.best(coordinate)
            if printed is None or printed.place.row is not None or coordinate.basis:
                continue
            found = [(figure, sign) for item, sign in terms if (figure := item.best(_at(coordinate, item))) is not None]
            missing = [(item, sign) for item, sign in terms if item.best(_at(coordinate, item)) is None]
            if not missing and len(found) > 1:
                made.append(sum_relation(RULE, printed, found, STRENGTH))
            elif len(missing) == 1 and found:
                lacking[key_of(missing[0][0].label), missing[0][1], coordinate].append((printed, found))
    for equations in lacking.values():
        first, rest = equations[0], equations[1:]
        for printed, found in rest:
            terms_of = [*found, (first[0], 1), *((figure, -sign) for figure, sign in first[1])]
            if len({figure.id for figure, _ in terms_of} | {printed.id}) == len(terms_of) + 1:
                made.append(sum_relation("same_difference_in_text", printed, terms_of, STRENGTH))
    return made


def _at(coordinate: Coordinate, item: Item) -> Coordinate:
    return Coordinate(item.unit, coordinate.period, coordinate.currency, coordinate.basis)


def _formulas(sums: Iterable[Relation], owner: Mapping[str, Item]) -> list[Formula]:
    """Sums as items, each once; a sum of adjustments alone is none of the items' own."""
    found: dict[tuple[int, ...], Formula] = {}
    items = {id(item): item for item in owner.values()}.values()
    stated = {one.id for item in items for at, figures in item.cells.items() if not at.basis for one in figures}
    for relation in sums:
        result = owner.get(relation.result) if relation.result in stated else None
        terms = [(owner.get(term.figure), int(term.factor)) for term in relation.terms]
        known = [(item, sign) for item, sign in terms if item is not None]
        if result is None or len(known) != len(terms) or len(known) < 2:
            continue
        key = (id(result), *(id(item) * sign for item, sign in known))
        found.setdefault(key, (result, tuple(known)))
    return list(found.values())
