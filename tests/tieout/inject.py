"""Injects slips into figures and counts what the tie-out finds: ``python -m tests.tieout.inject FILE... --errors 200 --seed 1``.

One slip at a time into a clean copy of the reading: last digit off by one, a digit substituted, two neighbours swapped, the
sign, ten times as much. A slip is found when a finding that the clean copy does not have names the figure; its culprit is right
when the figure is among the first three suspects.
"""

import argparse
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from loanbook.tieout.document import Document
from loanbook.tieout.figure import Figure, Reading, Unit
from loanbook.tieout.judge import judge
from loanbook.tieout.judgement import Judgement
from loanbook.tieout.relate import relate
from loanbook.tieout.relation import Severity

KINDS = ("last digit", "substituted", "swapped", "sign", "tenfold")
COUNTING = frozenset({Severity.ERROR, Severity.PRACTICE, Severity.DEFINITION})
SUSPECTS = 3

Readings = Sequence[tuple[Document, Reading]]


@dataclass(frozen=True)
class Slip:
    """One injected error and what came of it."""

    figure: Figure
    kind: str
    wrong: Figure
    found: bool
    rank: int | None
    noise: int

    @property
    def units(self) -> Decimal:
        return abs(self.wrong.value - self.figure.value) / self.figure.step

    @property
    def is_prose(self) -> bool:
        return self.figure.place.row is None


def slipped(figure: Figure, kind: str, chance: random.Random) -> Figure | None:
    """The figure with one slip, its text too; None where the slip changes nothing."""
    match = re.search(r"\d[\d,.]*\d|\d", figure.text)
    if match is None or figure.dash or figure.exact or not figure.value:
        return None
    text = match.group()
    places = [place for place, letter in enumerate(text) if letter.isdigit()]
    new = list(text)
    value = figure.value
    if kind == "tenfold":
        return replace(figure, value=value * 10, text=figure.text.replace(text, text + "0"))
    if kind == "sign":
        wrong = figure.text.replace("(", "").replace(")", "") if value < 0 else f"({figure.text})"
        return replace(figure, value=-value, text=wrong.replace("-", ""))
    if kind == "last digit":
        at = places[-1]
        new[at] = str((int(text[at]) + chance.choice((1, -1))) % 10)
    elif kind == "substituted":
        at = chance.choice(places)
        new[at] = str((int(text[at]) + chance.randrange(1, 10)) % 10)
    else:
        pairs = [(one, other) for one, other in pairwise(places) if text[one] != text[other]]
        if not pairs:
            return None
        one, other = chance.choice(pairs)
        new[one], new[other] = text[other], text[one]
    wrong_text = "".join(new)
    old, now = (int(re.sub(r"\D", "", each)) for each in (text, wrong_text))
    if old == now or not old:
        return None
    return replace(figure, value=value * now / old, text=figure.text.replace(text, wrong_text))


def judged(readings: Readings) -> Judgement:
    return judge(readings, relate(readings))


def with_figure(readings: Readings, wrong: Figure) -> Readings:
    """The readings with one figure replaced by its wrong twin."""
    return [
        (document, replace(reading, figures=tuple(wrong if one.id == wrong.id else one for one in reading.figures)))
        if document.file == wrong.place.file
        else (document, reading)
        for document, reading in readings
    ]


def inject(readings: Readings, errors: int, seed: int) -> list[Slip]:
    """`errors` slips, half of them in prose where there is prose, each in a copy of its own."""
    chance = random.Random(seed)
    clean = {finding.id for finding in judged(readings).findings}
    figures = [one for _, reading in readings for one in reading.figures if one.unit is not Unit.RATE_OF_EXCHANGE]
    prose = [one for one in figures if one.place.row is None]
    tables = [one for one in figures if one.place.row is not None]
    slips: list[Slip] = []
    while len(slips) < errors:
        pool = prose if prose and (not tables or len(slips) % 3 == 2) else tables
        figure, kind = chance.choice(pool), chance.choice(KINDS)
        wrong = slipped(figure, kind, chance)
        if wrong is None or wrong.value == figure.value:
            continue
        new = [one for one in judged(with_figure(readings, wrong)).findings if one.id not in clean and one.severity in COUNTING]
        naming = [one for one in new if figure.id in one.figures or figure.id in one.suspects]
        ranks = [one.suspects.index(figure.id) for one in naming if figure.id in one.suspects]
        slips.append(Slip(figure, kind, wrong, bool(naming), min(ranks, default=None), len(new) - len(naming)))
    return slips


def report(slips: Sequence[Slip]) -> str:
    """Shares found and named, by place and size."""
    lines = []
    for place, is_prose in (("tables", False), ("prose", True)):
        for size, chosen in (
            ("two units or more", [one for one in slips if one.is_prose is is_prose and one.units >= 2]),
            ("one unit", [one for one in slips if one.is_prose is is_prose and one.units < 2]),
        ):
            found = [one for one in chosen if one.found]
            named = [one for one in found if one.rank is not None and one.rank < SUSPECTS]
            noise = sum(one.noise for one in chosen)
            if chosen:
                lines.append(
                    f"{place}, {size}: found {len(found)} of {len(chosen)} ({len(found) / len(chosen):.1%}), "
                    f"culprit among the first {SUSPECTS} in {len(named)} of them, findings beside it {noise}"
                )
    kinds: dict[str, Counter[bool]] = defaultdict(Counter)
    for one in slips:
        kinds[one.kind][one.found] += 1
    lines.append("; ".join(f"{kind}: {kinds[kind][True]} of {kinds[kind].total()}" for kind in KINDS))
    return "\n".join(lines)


def main() -> None:
    from loanbook.tieout.read import read_document, read_figures

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--errors", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--missed", action="store_true", help="list the slips that were not found")
    settings = parser.parse_args()
    documents = [read_document(path) for path in settings.files]
    readings = [(document, read_figures(document)) for document in documents]
    slips = inject(readings, settings.errors, settings.seed)
    sys.stdout.write(report(slips) + "\n")
    for one in slips if settings.missed else ():
        if not one.found or one.rank is None or one.rank >= SUSPECTS:
            at = one.figure.place
            where = "prose" if one.is_prose else "table"
            sys.stdout.write(
                f"{'found' if one.found else 'MISSED'} {where} {at.file}:{at.line} {one.kind} {one.figure.text} -> "
                f"{one.wrong.text} {one.figure.label} {one.figure.role} rank {one.rank}\n"
            )


if __name__ == "__main__":
    main()
