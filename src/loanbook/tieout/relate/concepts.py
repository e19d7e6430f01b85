"""Canonical line items: which label names which, and the relations that accounting gives them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import product

import yaml

from loanbook.errors import RequestError
from loanbook.tieout.document import Document
from loanbook.tieout.figure import Figure, Reading
from loanbook.tieout.relate.build import sum_relation
from loanbook.tieout.relate.labels import key_of
from loanbook.tieout.relate.series import Coordinate, Frame, coordinate_of
from loanbook.tieout.relation import Relation, RelationKind, Verdict

STRENGTH = Decimal("0.98")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """`result` = sum of `terms`; a term's sign is 1, or 0 where it may be printed with either."""

    rule: str
    result: str
    terms: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Labels by key to the line items they name, and what is declared of these."""

    concepts: Mapping[str, str]
    declared: tuple[Declared, ...]


@cache
def statements_pack() -> Pack:
    """The pack of primary statements that comes with Loanbook."""
    text = (files("loanbook.tieout.relate") / "packs" / "statements.yaml").read_text(encoding="utf-8")
    return read_pack(text, "statements.yaml")


def read_pack(text: str, name: str) -> Pack:
    """A pack from YAML: `items` (line item to its labels) and `relations` (rule to `result = a + b +- c`).

    Raises RequestError where a relation names an item that the pack has not, or two items share a label.
    """
    found = yaml.safe_load(text)
    concepts: dict[str, str] = {}
    for concept, labels in found["items"].items():
        for label in labels:
            other = concepts.setdefault(key_of(label), concept)
            if other != concept:
                raise RequestError(f"{name}: the label {label!r} names both {other} and {concept}. Leave it with one of them.")
    declared = []
    for rule, formula in found.get("relations", {}).items():
        result, _, rest = (part.strip() for part in formula.partition("="))
        words = f"+ {rest}".split()
        terms = tuple((word, {"+": 1, "-": -1, "+-": 0}[sign]) for sign, word in zip(words[::2], words[1::2], strict=True))
        for concept in (result, *(term for term, _ in terms)):
            if concept not in found["items"]:
                raise RequestError(
                    f"{name}: relation {rule} names {concept}, which is not among the items. Add it, or correct the name."
                )
        declared.append(Declared(rule=rule, result=result, terms=terms))
    return Pack(concepts=concepts, declared=tuple(declared))


def with_concepts(readings: Sequence[tuple[Document, Reading]], pack: Pack | None = None) -> list[tuple[Document, Reading]]:
    """The readings with the line item of every figure whose label names one."""
    known = (pack or statements_pack()).concepts

    def named(figure: Figure) -> Figure:
        concept = None if figure.concept else known.get(key_of(figure.label))
        return figure if concept is None else replace(figure, concept=concept)

    return [(document, replace(reading, figures=tuple(map(named, reading.figures)))) for document, reading in readings]


def declared_relations(
    figures: Iterable[Figure], frame: Frame, found: Iterable[Relation], pack: Pack | None = None
) -> list[Relation]:
    """What the pack declares of the figures of one document, where no relation of the same figures was found already."""
    pack = pack or statements_pack()
    known = {frozenset((one.result, *(term.figure for term in one.terms))) for one in found if one.kind is RelationKind.SUM}
    by_concept: dict[str, dict[tuple[int, Coordinate], Figure]] = defaultdict(dict)
    for figure in figures:
        concept = pack.concepts.get(key_of(figure.label))
        coordinate = coordinate_of(figure, frame)
        if concept is not None and coordinate is not None and figure.place.row is not None:
            by_concept[concept].setdefault((figure.place.block, coordinate), figure)
    made: list[Relation] = []
    for declared in pack.declared:
        made.extend(one for one in _evaluated(declared, by_concept) if _members(one) not in known)
    return made


def _members(relation: Relation) -> frozenset[str]:
    return frozenset((relation.result, *(term.figure for term in relation.terms)))


def _evaluated(declared: Declared, by_concept: Mapping[str, Mapping[tuple[int, Coordinate], Figure]]) -> list[Relation]:
    """The relation in every column of every table that has all of its items, with the signs that hold most often.

    Where it holds in no column, its items are other than the pack means, and nothing is said.
    """
    places = [at for at in by_concept[declared.result] if all(at in by_concept[term] for term, _ in declared.terms)]
    if not places:
        return []
    ways = product(*((1, -1) if sign == 0 else (sign,) for _, sign in declared.terms))
    best: list[Relation] = []
    most = 0
    for signs in ways:
        relations = [
            sum_relation(
                declared.rule,
                by_concept[declared.result][at],
                [(by_concept[term][at], sign) for (term, _), sign in zip(declared.terms, signs, strict=True)],
                STRENGTH,
            )
            for at in places
        ]
        held = Counter(one.verdict for one in relations)[Verdict.HOLDS]
        if held > most:
            best, most = relations, held
    return best if 2 * most >= len(best) else []
