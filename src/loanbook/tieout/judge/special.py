"""Findings that no broken arithmetic makes: a scale left out, a series restated, a damaged part of a document."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from loanbook.tieout.figure import Damage, Figure
from loanbook.tieout.relate.labels import key_of
from loanbook.tieout.relate.mentions import SCALE_LEFT_OUT
from loanbook.tieout.relate.restated import RULE as RESTATED
from loanbook.tieout.relate.run_in import RULE as RUN_IN
from loanbook.tieout.relation import Finding, Relation, Severity

SHOWN = 3
REPAIRED = "repaired"


def scale_left_out(relation: Relation, figures: Mapping[str, Figure]) -> Finding:
    """An amount in the text that has the digits of a table's and not its scale."""
    figure, line = figures[relation.result], figures[relation.terms[0].figure]
    expected = f"{figure.text} x {line.scale:,f}"
    return Finding(
        id=f"{SCALE_LEFT_OUT}|{figure.key}",
        severity=Severity.PRACTICE,
        kind=SCALE_LEFT_OUT,
        place=figure.place,
        figures=(figure.id, line.id),
        relations=(relation.id,),
        printed=figure.text,
        expected=expected,
        message=f"{figure.text} leaves out its scale, expected {expected}. {relation.arithmetic}",
        suspects=(figure.id,),
    )


def restated_series(relations: Iterable[Relation], figures: Mapping[str, Figure]) -> list[Finding]:
    """One finding for each line that another document states otherwise at every place where both state it."""
    grouped: dict[tuple[str, str, str, int], list[Relation]] = defaultdict(list)
    for relation in relations:
        if relation.rule == RESTATED:
            new, old = figures[relation.result], figures[relation.terms[0].figure]
            grouped[key_of(new.label), new.place.file, old.place.file, new.place.block].append(relation)
    return [_restated(found, figures) for found in grouped.values()]


def _restated(relations: Sequence[Relation], figures: Mapping[str, Figure]) -> Finding:
    pairs = [(figures[each.result], figures[each.terms[0].figure]) for each in relations]
    new, old = pairs[0]
    shown = "; ".join(f"{one.text}, was {other.text}" for one, other in pairs[:SHOWN])
    more = f"; {len(pairs) - SHOWN} more" if len(pairs) > SHOWN else ""
    return Finding(
        id=f"{RESTATED}|{key_of(new.label)}|{new.unit}|{'|'.join(sorted(str(one.period) for one, _ in pairs))}",
        severity=Severity.DEFINITION,
        kind="restated",
        place=new.place,
        figures=tuple(dict.fromkeys(one.id for pair in pairs for one in pair)),
        relations=tuple(each.id for each in relations),
        printed=new.text,
        expected=old.text,
        message=(
            f"{new.label}: published otherwise in {old.place.file}:{old.place.line} wherever both state it: "
            f"restated or redefined under one name ({shown}{more})"
        ),
        suspects=(new.id,),
    )


def damaged(damage: Damage, inside: Sequence[str], holding: Mapping[str, list[Relation]]) -> Finding:
    """A damaged part; repaired where arithmetic allowed one reading of it (relate/run_in)."""
    read = sum(any(relation.rule == RUN_IN for relation in holding.get(name, ())) for name in inside)
    repair = f"; {read} of its {len(inside)} figures fall into rows that add up in one way only" if read else ""
    return Finding(
        id=f"damage|{damage.message}",
        severity=Severity.DAMAGE,
        kind=REPAIRED if damage.repaired or read else "damage",
        place=damage.place,
        figures=(),
        relations=(),
        printed="",
        expected="",
        message=f"{damage.message}{repair}",
    )
