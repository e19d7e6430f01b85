"""Which figures explain the relations that fail: the fewest, each the likeliest.

A figure explains a failing relation when another value of it would mend the relation. One value that mends several speaks for
it; each relation that holds now and would break with that value speaks against it. Figures are taken greedily until every
failing relation is explained, which is the smallest set in all but contrived cases.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from loanbook.tieout.figure import Figure
from loanbook.tieout.judge.conventions import ADDITIVE
from loanbook.tieout.relate.slips import is_slip_of
from loanbook.tieout.relation import Relation, RelationKind, Verdict

NOUGHT = Decimal(0)
SILENT = frozenset({RelationKind.INEQUALITY, RelationKind.DIRECTION})
MENDED = Decimal(2)
CONTRADICTED = Decimal(1)
PLAUSIBLE = Decimal("0.6")  # for a change that is a slip of the hand
DERIVED = Decimal("0.1")  # where nothing else tells, the figure that is worked out from others


@dataclass(frozen=True, slots=True)
class Suspect:
    """A figure with the change that mends what it explains, in single units; None where no single value is implied."""

    figure: str
    explains: tuple[Relation, ...]
    delta: Decimal | None
    score: Decimal


@dataclass(frozen=True, slots=True)
class Explanation:
    """The likeliest culprit, and who else could have been it."""

    culprit: Suspect
    others: tuple[Suspect, ...]


class Witnesses:
    """Relations by figure: those that fail and those that hold."""

    def __init__(self, relations: Iterable[Relation], failing: Sequence[Relation], figures: Mapping[str, Figure]) -> None:
        self.figures = figures
        names = {relation.id for relation in failing}
        self.failing: dict[str, list[Relation]] = defaultdict(list)
        self.holding: dict[str, list[Relation]] = defaultdict(list)
        for relation in failing:
            for figure in _members(relation):
                self.failing[figure].append(relation)
        involved = set(self.failing)
        for relation in relations:
            if relation.id in names or relation.kind in SILENT:
                continue
            for figure in _members(relation):
                if figure in involved:
                    self.holding[figure].append(relation)

    def suspect(self, figure: str, open_: set[str]) -> Suspect | None:
        """The best that `figure` can explain of the relations named in `open_`."""
        mine = [relation for relation in self.failing[figure] if relation.id in open_]
        if not mine:
            return None
        best: Suspect | None = None
        deltas = [delta for delta in (self._delta(figure, relation) for relation in mine) if delta is not None]
        for delta in dict.fromkeys(deltas) or (None,):
            explains = tuple(relation for relation in mine if self._mends(figure, relation, delta))
            if not explains:
                continue
            against = sum(
                (relation.strength for relation in self.holding[figure] if self._breaks(figure, relation, delta)), NOUGHT
            )
            worth = sum((MENDED * relation.strength for relation in explains), NOUGHT)
            derived = DERIVED if any(relation.result == figure for relation in explains) else NOUGHT
            score = worth - CONTRADICTED * against + self._plausible(figure, delta) + derived
            if best is None or score > best.score:
                best = Suspect(figure, explains, delta, score)
        return best

    def _delta(self, figure: str, relation: Relation) -> Decimal | None:
        """What must be added to `figure` so that the middle of the relation comes out, in single units."""
        result = self.figures[relation.result]
        gap = relation.difference * result.scale
        if relation.kind in SILENT:
            return None
        if figure == relation.result:
            return -gap
        factor = next((term.factor for term in relation.terms if term.figure == figure), NOUGHT)
        if relation.kind in ADDITIVE:
            return gap / factor if factor else None
        if relation.kind is RelationKind.TRANSLATION:
            middle = (relation.expected.low + relation.expected.high) / 2
            return gap * self.figures[figure].amount / middle if factor and middle else None
        return None

    def _slack(self, figure: str, relation: Relation) -> Decimal:
        """By how much `figure` may change with the relation still holding, in single units."""
        result = self.figures[relation.result]
        width = (relation.expected.high - relation.expected.low) / 2 + (relation.printed.high - relation.printed.low) / 2
        width = max(width, result.step * result.scale / 2)
        if figure == relation.result:
            return width
        amount, printed = abs(self.figures[figure].amount), abs(result.amount)
        if relation.kind in ADDITIVE:
            return width
        return width * amount / printed if printed else width

    def _mends(self, figure: str, relation: Relation, delta: Decimal | None) -> bool:
        needed = self._delta(figure, relation)
        if needed is None or delta is None:
            return True
        return abs(needed - delta) <= self._slack(figure, relation)

    def _breaks(self, figure: str, relation: Relation, delta: Decimal | None) -> bool:
        if delta is None:
            return relation.kind in ADDITIVE
        return abs(delta) > self._slack(figure, relation)

    def _plausible(self, figure: str, delta: Decimal | None) -> Decimal:
        """A slip of one digit, of a sign or of a decimal place is likelier than any other change."""
        printed = self.figures[figure]
        if delta is None or not printed.step:
            return NOUGHT
        return PLAUSIBLE if is_slip_of(printed, printed.amount + delta) else NOUGHT


def explanations(relations: Sequence[Relation], failing: Sequence[Relation], figures: Mapping[str, Figure]) -> list[Explanation]:
    """Culprits until no failing relation is left unexplained, gravest first; the order of figures breaks ties."""
    witnesses = Witnesses(relations, failing, figures)
    order = {figure: place for place, figure in enumerate(figures)}
    made: list[Explanation] = []
    for component in _components(failing):
        open_ = {relation.id for relation in component}
        members = sorted({figure for relation in component for figure in _members(relation)}, key=lambda figure: order[figure])
        while open_:
            found = [suspect for figure in members if (suspect := witnesses.suspect(figure, open_)) is not None]
            found.sort(key=lambda suspect: -suspect.score)
            culprit = found[0]
            explained = {relation.id for relation in culprit.explains}
            near = {figure for relation in culprit.explains for figure in _members(relation)}
            others = tuple(suspect for suspect in found[1:] if suspect.figure in near)
            made.append(Explanation(culprit, others))
            open_ -= explained
    return made


def _members(relation: Relation) -> list[str]:
    return list(dict.fromkeys((relation.result, *(term.figure for term in relation.terms if term.factor))))


def _components(failing: Sequence[Relation]) -> list[list[Relation]]:
    """Failing relations that share figures, directly or through others."""
    root: dict[str, str] = {}

    def find(name: str) -> str:
        while root.setdefault(name, name) != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for relation in failing:
        first, *rest = _members(relation)
        for figure in rest:
            root[find(figure)] = find(first)
    grouped: dict[str, list[Relation]] = defaultdict(list)
    for relation in failing:
        grouped[find(relation.result)].append(relation)
    return list(grouped.values())


def is_broken(relation: Relation) -> bool:
    """Whether no values that the figures stand for satisfy it."""
    return relation.verdict is Verdict.BROKEN
