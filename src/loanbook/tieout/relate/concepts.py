"""Canonical line items: which label names which, and the relations that accounting gives them."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import product

from loanbook.errors import RequestError
from loanbook.tieout.document import Document
from loanbook.tieout.figure import Figure, Period, Reading, Unit
from loanbook.tieout.interval import Interval
from loanbook.tieout.relate.bounds import believed, bound
from loanbook.tieout.relate.build import relation_of, shown, sum_relation
from loanbook.tieout.relate.labels import key_of
from loanbook.tieout.relate.pack_text import content_of
from loanbook.tieout.relate.series import STATING, Coordinate, Frame, coordinate_of
from loanbook.tieout.relate.slips import is_slip_of
from loanbook.tieout.relation import Relation, RelationKind, Verdict

STRENGTH = Decimal("0.98")
AMOUNTS = frozenset({Unit.MONEY, Unit.UNKNOWN, Unit.COUNT})
ByConcept = Mapping[str, Mapping[tuple[int, Coordinate], Figure]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """`result` = sum of `terms`; a term's sign is 1, or 0 where it may be printed with either."""

    rule: str
    result: str
    terms: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """`part` is at most `whole`, where neither is negative."""

    rule: str
    part: str
    whole: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A ratio in per cent that goes by a name: the sum of `top` over the sum of `bottom`, whatever the printed signs."""

    rule: str
    top: tuple[str, ...]
    bottom: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Labels by key to the line items they name, sums and limits declared of these, and ratios by the key of their label."""

    concepts: Mapping[str, str]
    declared: tuple[Declared, ...]
    limits: tuple[Limit, ...]
    ratios: Mapping[str, Ratio]


@cache
def statements_pack() -> Pack:
    """The pack of primary statements that comes with Loanbook."""
    text = (files("loanbook.tieout.relate") / "packs" / "statements.yaml").read_text(encoding="utf-8")
    return read_pack(text, "statements.yaml")


def read_pack(text: str, name: str) -> Pack:
    """A pack from YAML: `items` (line item to its labels), `relations` (rule to `result = a + b +- c`), `limits` (rule to
    `part <= whole`) and `ratios` (rule to its labels, and what is above and below the line).

    Raises RequestError where a relation names an item that the pack has not, or two items share a label.
    """
    found = content_of(text, name)
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
        _check(found["items"], name, f"relation {rule}", (result, *(term for term, _ in terms)))
        declared.append(Declared(rule=rule, result=result, terms=terms))
    limits = []
    for rule, formula in found.get("limits", {}).items():
        part, _, whole = (each.strip() for each in formula.partition("<="))
        _check(found["items"], name, f"limit {rule}", (part, whole))
        limits.append(Limit(rule=rule, part=part, whole=whole))
    ratios: dict[str, Ratio] = {}
    for rule, settings in found.get("ratios", {}).items():
        top, bottom = (tuple(part.strip() for part in settings[side].split("+")) for side in ("of", "over"))
        _check(found["items"], name, f"ratio {rule}", (*top, *bottom))
        ratios.update({key_of(label): Ratio(rule=rule, top=top, bottom=bottom) for label in settings["labels"]})
    return Pack(concepts=concepts, declared=tuple(declared), limits=tuple(limits), ratios=ratios)


def _check(items: Container[str], name: str, what: str, concepts: Iterable[str]) -> None:
    for concept in concepts:
        if concept not in items:
            raise RequestError(f"{name}: {what} names {concept}, which is not among the items. Add it, or correct the name.")


def with_concepts(readings: Sequence[tuple[Document, Reading]], pack: Pack | None = None) -> list[tuple[Document, Reading]]:
    """The readings with the line item of every figure whose label names one."""
    known = (pack or statements_pack()).concepts

    def named(figure: Figure) -> Figure:
        concept = None if figure.concept else known.get(key_of(figure.label))
        return figure if concept is None else replace(figure, concept=concept)

    return [(document, replace(reading, figures=tuple(map(named, reading.figures)))) for document, reading in readings]


def declared_relations(
    figures: Iterable[Figure], frame: Frame, found: Iterable[Relation], silent: Container[str] = (), pack: Pack | None = None
) -> list[Relation]:
    """What the pack declares of the figures of one document, where no relation of the same figures was found already.

    silent    ids of figures in columns that do not add up: growth among amounts
    """
    pack = pack or statements_pack()
    known = {frozenset((one.result, *(term.figure for term in one.terms))) for one in found if one.kind is RelationKind.SUM}
    by_concept: dict[str, dict[tuple[int, Coordinate], Figure]] = defaultdict(dict)
    for figure in figures:
        concept = pack.concepts.get(key_of(figure.label))
        coordinate = coordinate_of(figure, frame)
        is_amount = figure.unit in AMOUNTS and figure.place.row is not None and figure.id not in silent
        if concept is not None and coordinate is not None and is_amount:
            by_concept[concept].setdefault((figure.place.block, coordinate), figure)
    made: list[Relation] = []
    for declared in pack.declared:
        made.extend(one for one in _evaluated(declared, by_concept) if _members(one) not in known)
    for limit in pack.limits:
        made.extend(believed(list(_limited(limit, by_concept))))
    return made


def _limited(limit: Limit, by_concept: ByConcept) -> Iterable[Relation]:
    for at, part in by_concept[limit.part].items():
        whole = by_concept[limit.whole].get(at)
        if whole is not None and part.value > 0 and whole.value > 0:
            yield bound(limit.rule, part, whole, at_most=True, strength=STRENGTH)


def declared_ratios(figures: Sequence[Figure], frame: Frame, pack: Pack | None = None) -> list[Relation]:
    """Ratios that go by a name, from the lines of their document; where most do not come out, the name means another thing."""
    pack = pack or statements_pack()
    amounts: dict[tuple[str, Period], Figure] = {}
    for figure in figures:
        concept = pack.concepts.get(key_of(figure.label))
        coordinate = coordinate_of(figure, frame)
        if concept and coordinate and figure.unit is Unit.MONEY and figure.place.row is not None and not coordinate.basis:
            amounts.setdefault((concept, coordinate.period), figure)
    by_rule: dict[str, list[Relation]] = defaultdict(list)
    by_id = {figure.id: figure for figure in figures}
    for figure in figures:
        ratio = pack.ratios.get(key_of(figure.label)) if figure.unit is Unit.PERCENT and figure.role in STATING else None
        if ratio is None or figure.period is None:
            continue
        top = [amounts.get((concept, figure.period)) for concept in ratio.top]
        bottom = [amounts.get((concept, figure.period)) for concept in ratio.bottom]
        if None not in top and None not in bottom:
            relation = _ratio(ratio, figure, [one for one in top if one], [one for one in bottom if one])
            by_rule[ratio.rule].extend([relation] if relation else [])
    return [
        relation
        for relations in by_rule.values()
        if 2 * sum(one.verdict is not Verdict.BROKEN or _is_slip(one, by_id[one.result]) for one in relations) > len(relations)
        for relation in relations
    ]


def _is_slip(relation: Relation, printed: Figure) -> bool:
    """Whether the figure is a slip of the hand away from what was expected, so that the name did mean this ratio."""
    return is_slip_of(printed, printed.amount - relation.difference * printed.scale)


def _ratio(ratio: Ratio, printed: Figure, top: Sequence[Figure], bottom: Sequence[Figure]) -> Relation | None:
    above, below = _magnitude(top), _magnitude(bottom)
    if below.low <= 0:
        return None
    # A ratio of several lines may be the sum of their rounded ratios.
    rounded_apart = printed.step * len(top) / 2 if len(top) > 1 else Decimal(0)
    expected = (above / below * Interval.exact(Decimal(100))).widen(rounded_apart)
    middle = (expected.low + expected.high) / 2
    arithmetic = f"{_bracketed(top)} / {_bracketed(bottom)} = {shown(round(middle, 3))}%; printed {printed.text}"
    terms = [(one, Decimal(1)) for one in top] + [(one, Decimal(-1)) for one in bottom]
    return relation_of(RelationKind.RATIO, ratio.rule, printed, terms, expected, strength=STRENGTH, arithmetic=arithmetic)


def _bracketed(figures: Sequence[Figure]) -> str:
    words = " + ".join(one.text for one in figures)
    return f"({words})" if len(figures) > 1 else words


def _magnitude(figures: Sequence[Figure]) -> Interval:
    """The sum of amounts, costs printed in brackets or not."""
    total = Interval.exact(Decimal(0))
    for figure in figures:
        held = figure.interval
        total = total + (held if figure.value >= 0 else -held)
    return total


def _members(relation: Relation) -> frozenset[str]:
    return frozenset((relation.result, *(term.figure for term in relation.terms)))


def _evaluated(declared: Declared, by_concept: ByConcept) -> list[Relation]:
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
