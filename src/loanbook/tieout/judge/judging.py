"""From relations to findings and to a status for every figure."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from loanbook.tieout.document import Document
from loanbook.tieout.figure import Figure, Reading
from loanbook.tieout.judge.conventions import conventions, failing, practices
from loanbook.tieout.judge.special import damaged, restated_series, scale_left_out
from loanbook.tieout.judge.suspects import Explanation, Suspect, explanations, is_broken
from loanbook.tieout.judge.wording import expected_of, message_of
from loanbook.tieout.judgement import Judgement
from loanbook.tieout.relate.mentions import SCALE_LEFT_OUT
from loanbook.tieout.relate.run_in import ROLE
from loanbook.tieout.relate.signs import RULE as LABEL_SIGN
from loanbook.tieout.relation import Finding, Relation, RelationKind, Severity, Status, Verdict

SHOWN_SUSPECTS = 5
TICKING = frozenset(RelationKind) - {RelationKind.INEQUALITY, RelationKind.DIRECTION}
FORCED = Decimal(3)  # displayed units by which a translated line may stand in for the rounding of its column
ORDER = (Severity.ERROR, Severity.PRACTICE, Severity.DEFINITION, Severity.DAMAGE, Severity.ROUNDING)


def judge(
    readings: Sequence[tuple[Document, Reading]], relations: Sequence[Relation], notes: Mapping[str, str] | None = None
) -> Judgement:
    """Findings with their severity and suspects, and how every figure ends.

    notes    finding id to the reason for which a person accepted it; its figures end noted
    """
    figures = {figure.id: figure for _, reading in readings for figure in reading.figures}
    calls = failing(relations, figures, practices(relations, figures))
    holding = _ticks(relations, {relation.id for relation in calls})
    found = [_finding(one, figures, holding) for one in explanations(relations, calls, figures)]
    found.extend(scale_left_out(one, figures) for one in relations if one.rule == SCALE_LEFT_OUT)
    found.extend(restated_series(relations, figures))
    for _, reading in readings:
        for damage in reading.damages:
            inside = [one.id for one in reading.figures if one.role == ROLE and one.place.block == damage.place.block]
            found.append(damaged(damage, inside, holding))
    found = [replace(finding, accepted=(notes or {}).get(finding.id, "")) for finding in _named_apart(found)]
    found.sort(key=lambda finding: (ORDER.index(finding.severity),))
    statuses = _statuses(figures, holding, found)
    return Judgement(
        documents=tuple(readings),
        relations=tuple(relations),
        findings=tuple(found),
        statuses=statuses,
        conventions=conventions(relations, figures),
    )


def _named_apart(findings: Sequence[Finding]) -> list[Finding]:
    """The findings with short ids, made of what they say and of keys of figures; those that say the same are numbered."""
    seen = Counter[str]()
    named = []
    for finding in findings:
        seen[finding.id] += 1
        text = finding.id if seen[finding.id] == 1 else f"{finding.id}#{seen[finding.id]}"
        named.append(replace(finding, id=hashlib.blake2b(text.encode(), digest_size=6).hexdigest()))
    return named


def _ticks(relations: Sequence[Relation], calls: set[str]) -> dict[str, list[Relation]]:
    """The equalities that hold, by figure."""
    held: dict[str, list[Relation]] = {}
    for relation in relations:
        if relation.verdict is Verdict.BROKEN or relation.id in calls or relation.kind not in TICKING:
            continue
        held.setdefault(relation.result, []).append(relation)
        for term in relation.terms:
            held.setdefault(term.figure, []).append(relation)
    return held


def _finding(one: Explanation, figures: Mapping[str, Figure], holding: Mapping[str, list[Relation]]) -> Finding:
    culprit = one.culprit
    relations = culprit.explains
    first = max(relations, key=lambda relation: (is_broken(relation), relation.strength))
    figure = figures[culprit.figure]
    severity = _severity(culprit, figures, holding)
    kind = first.rule if severity is not Severity.DEFINITION else "restated"
    involved = list(dict.fromkeys((culprit.figure, *(name for relation in relations for name in _named(relation)))))
    suspects = (culprit.figure, *(other.figure for other in one.others))[:SHOWN_SUSPECTS]
    expected = expected_of(culprit, figure, first)
    return Finding(
        id="|".join([kind, figure.key, figure.text, expected, *sorted(relation.rule for relation in relations)]),
        severity=severity,
        kind=kind,
        place=figure.place,
        figures=tuple(involved),
        relations=tuple(relation.id for relation in relations),
        printed=figure.text,
        expected=expected,
        message=message_of(severity, figure, expected, first, len(relations)),
        suspects=suspects,
    )


def _named(relation: Relation) -> tuple[str, ...]:
    return (relation.result, *(term.figure for term in relation.terms))


def _severity(culprit: Suspect, figures: Mapping[str, Figure], holding: Mapping[str, list[Relation]]) -> Severity:
    """How grave: see the guide. An error is what no rounding and no restatement explains."""
    relations = culprit.explains
    if not any(is_broken(relation) and relation.rule != LABEL_SIGN for relation in relations):
        return Severity.PRACTICE
    if all(relation.kind is RelationKind.TRANSLATION for relation in relations) and _is_forced(culprit, figures, holding):
        return Severity.ROUNDING
    if all(relation.kind is RelationKind.EQUAL and _across(relation, figures) for relation in relations):
        ends = {name for relation in relations for name in _named(relation)}
        own = [_inside(name, figures, holding) for name in ends]
        if len(own) > 1 and all(own):
            return Severity.DEFINITION
    return Severity.ERROR


def _is_forced(culprit: Suspect, figures: Mapping[str, Figure], holding: Mapping[str, list[Relation]]) -> bool:
    """Whether a translated line is off by little while its column foots: it takes up the rounding of the others."""
    for relation in culprit.explains:
        result = figures[relation.result]
        if abs(relation.difference) > FORCED * result.step:
            return False
        if not any(held.kind is RelationKind.SUM for held in holding.get(relation.result, ())):
            return False
    return True


def _across(relation: Relation, figures: Mapping[str, Figure]) -> bool:
    return len({figures[name].place.file for name in _named(relation)}) > 1


def _inside(name: str, figures: Mapping[str, Figure], holding: Mapping[str, list[Relation]]) -> bool:
    """Whether the figure ties within its own document."""
    file = figures[name].place.file
    return any(all(figures[other].place.file == file for other in _named(relation)) for relation in holding.get(name, ()))


def _statuses(
    figures: Mapping[str, Figure], holding: Mapping[str, list[Relation]], found: Sequence[Finding]
) -> dict[str, Status]:
    statuses = {name: Status.TICKED if name in holding else Status.NOT_CHECKABLE for name in figures}
    for finding in reversed(found):
        for name in finding.figures[1:]:
            if statuses[name] is Status.NOT_CHECKABLE:
                statuses[name] = Status.NOTED
        if finding.figures:
            grave = finding.severity is Severity.ERROR and not finding.accepted
            statuses[finding.figures[0]] = Status.FAILED if grave else Status.NOTED
    return statuses
