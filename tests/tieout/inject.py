"""Writes slips into the text of documents and counts what the tie-out finds: `make tieout-inject`.

One slip a trial, into a copy of the file's text, which is then read, related and judged from the start. A slip is found when a
finding of an error or of a departure from practice that the clean documents do not have names the figure; its culprit is right
when the figure is among the first three suspects.
"""

import argparse
import random
import re
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from loanbook.tieout.document import Document
from loanbook.tieout.figure import Figure, Reading, Unit
from loanbook.tieout.judge import judge
from loanbook.tieout.judgement import Judgement
from loanbook.tieout.read import document_of, read_figures
from loanbook.tieout.relate import relate
from loanbook.tieout.relation import Severity, Status
from tests.bench.pages import markdown, put
from tests.tieout.alignment import align
from tests.tieout.releases import TEMPLATES, Release
from tests.tieout.slips import KINDS, Target, write

FILINGS = Path(__file__).resolve().parents[3] / "shared" / "seeds"
COUNTING = frozenset({Severity.ERROR, Severity.PRACTICE})
SUSPECTS = 3
AROUND = 160  # characters to either side of a slip in prose that are shown of it
ASTRAY = 6  # figures by which the wrong one may have moved in reading order, where the slip changed what is read

File = tuple[str, str]
"""Name and text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Documents of one issuer and the figures in them that slips are written into."""

    name: str
    files: tuple[File, ...]
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    """What the tie-out says of the documents as they are."""

    readings: tuple[tuple[Document, Reading], ...]
    judgement: Judgement

    @property
    def findings(self) -> frozenset[str]:
        return frozenset(finding.id for finding in self.judgement.findings)

    @property
    def alarms(self) -> int:
        return sum(finding.severity in COUNTING for finding in self.judgement.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One slip and what came of it.

    around   the words about it, in prose
    why      of a slip that was not found: how the wrong figure ends, and the relations that it is in
    beside   findings of errors that do not name it
    """

    target: Target
    kind: str
    units: int
    shown: str
    around: str
    why: str
    found: bool
    rank: int | None
    beside: int

    @property
    def is_named(self) -> bool:
        return self.rank is not None and self.rank < SUSPECTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All trials in the documents of one source."""

    name: str
    figures: int
    checkable: int
    alarms: int
    trials: tuple[Trial, ...]


def read(file: File) -> tuple[Document, Reading]:
    """One file, read from its text."""
    document = document_of(file[1].encode(), file[0])
    return document, read_figures(document)


def clean(files: Sequence[File]) -> Clean:
    """The documents without a slip."""
    readings = tuple(read(file) for file in files)
    return Clean(readings=readings, judgement=judge(readings, relate(readings)))


def from_release(release: Release) -> Source:
    """A synthetic release: its writer knows what derives from what."""
    file = (release.name, release.text)
    figures = read(file)[1].figures
    order = {figure.id: index for index, figure in enumerate(figures)}
    targets = []
    for pair in align(release.truths, figures):
        truth = pair.truth
        if truth is not None:
            target = Target(
                file=0,
                start=truth.start,
                end=truth.end,
                value=truth.value,
                step=truth.step,
                is_prose=truth.is_prose,
                checkable=truth.derives,
                foots=release.foots,
                index=None if pair.figure is None else order[pair.figure.id],
            )
            targets.append(target)
    return Source(name=release.name, files=(file,), targets=tuple(targets))


def from_filings(folder: Path = FILINGS) -> Source | None:
    """The five filings, together; None where they are not at hand. Checkable is what ticks in them as they are."""
    files = tuple((path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.txt")))
    if not files:
        return None
    found = clean(files)
    targets = []
    for number, ((_, text), (_, reading)) in enumerate(zip(files, found.readings, strict=True)):
        starts = [0, *(match.end() for match in re.finditer("\n", text))]
        for index, figure in enumerate(reading.figures):
            at = starts[figure.place.line - 1] + figure.place.start
            digits = re.search(r"\d[\d,.]*\d|\d", text[at : at + figure.place.end - figure.place.start])
            if digits is None or figure.dash or figure.unit is Unit.RATE_OF_EXCHANGE:
                continue
            target = Target(
                file=number,
                start=at + digits.start(),
                end=at + digits.end(),
                value=figure.value,
                step=figure.step,
                is_prose=figure.place.row is None,
                checkable=found.judgement.statuses[figure.id] is Status.TICKED,
                foots=True,
                index=index,
            )
            targets.append(target)
    return Source(name="five filings", files=files, targets=tuple(targets))


def attempt(source: Source, without: Clean, target: Target, kind: str, chance: random.Random) -> Trial | None:
    """One slip written, read and judged; None where this slip cannot be made in this figure."""
    name, text = source.files[target.file]
    written = write(text, target, kind, chance)
    if written is None:
        return None
    readings = list(without.readings)
    readings[target.file] = read((name, written.text))
    judgement = judge(readings, relate(readings))
    wrong = _wrong(readings[target.file][1].figures, target, written.digits)
    new = [one for one in judgement.findings if one.severity in COUNTING and one.id not in without.findings]
    naming = [one for one in new if wrong is not None and wrong.id in (*one.figures, *one.suspects)]
    ranks = [one.suspects.index(wrong.id) for one in naming if wrong is not None and wrong.id in one.suspects]
    at = text.count("\n", 0, target.start) + 1
    around = " ".join(text[max(0, target.start - AROUND) : target.end + AROUND].split()) if target.is_prose else ""
    return Trial(
        target=target,
        kind=kind,
        units=int(written.units),
        shown=f"{name}:{at} {text[target.start : target.end]} -> {written.digits}{'' if wrong else ' (not read)'}",
        around=around,
        why="" if naming or wrong is None else _why(wrong, judgement),
        found=bool(naming),
        rank=min(ranks, default=None),
        beside=len(new) - len(naming),
    )


def _wrong(figures: Sequence[Figure], target: Target, digits: str) -> Figure | None:
    """The figure that is wrong now: the nearest in reading order that displays what was written."""
    if target.index is None:
        return None
    wanted = re.sub(r"\D", "", digits)
    near = range(max(0, target.index - ASTRAY), min(len(figures), target.index + ASTRAY + 1))
    same = [index for index in near if re.sub(r"\D", "", figures[index].text) == wanted]
    return figures[min(same, key=lambda index: abs(index - (target.index or 0)))] if same else None


def _why(figure: Figure, judgement: Judgement) -> str:
    """How a figure ends, and by which relations: what hides a slip in it, or that nothing speaks of it."""
    said = [
        f"{one.rule} {one.verdict.value}"
        for one in judgement.relations
        if figure.id in (one.result, *(term.figure for term in one.terms))
    ]
    return f"{judgement.statuses[figure.id].value}: {', '.join(sorted(set(said))) or 'in no relation'}"


def trials(source: Source, most: int, seed: int, places: str = "") -> Outcome:
    """At most `most` slips, each kind as often, in figures drawn at random; as many in prose as half of those in tables.

    places   "prose" or "tables" for slips in these alone
    """
    chance = random.Random(seed)
    without = clean(source.files)
    drawn = [(target, kind) for target in source.targets for kind in KINDS]
    chance.shuffle(drawn)
    prose = [each for each in drawn if each[0].is_prose]
    tables = [each for each in drawn if not each[0].is_prose]
    prose, tables = ([] if places == "tables" else prose), ([] if places == "prose" else tables)
    share = min(len(prose), max(most // 3, most - len(tables)))
    done: list[Trial] = []
    for pool, wanted in ((prose, share), (tables, most - share)):
        made: list[Trial] = []
        for target, kind in pool:
            if len(made) == wanted:
                break
            trial = attempt(source, without, target, kind, chance)
            if trial is not None:
                made.append(trial)
        done.extend(made)
    checkable = sum(target.checkable for target in source.targets)
    return Outcome(name=source.name, figures=len(source.targets), checkable=checkable, alarms=without.alarms, trials=tuple(done))


def merged(name: str, outcomes: Iterable[Outcome]) -> Outcome:
    """Several sources as one row."""
    each = list(outcomes)
    return Outcome(
        name=name,
        figures=sum(one.figures for one in each),
        checkable=sum(one.checkable for one in each),
        alarms=sum(one.alarms for one in each),
        trials=tuple(trial for one in each for trial in one.trials),
    )


def found_share(outcome: Outcome, *, prose: bool, one: bool = False, checkable: bool = True) -> tuple[int, int]:
    """How many slips of two units or more (of one unit with `one`) were found, of how many."""
    chosen = [
        trial
        for trial in outcome.trials
        if trial.target.is_prose is prose and (trial.units < 2) is one and (trial.target.checkable or not checkable)
    ]
    return sum(trial.found for trial in chosen), len(chosen)


def named_share(outcome: Outcome) -> tuple[int, int]:
    """Of the found ones, how many are among the first suspects."""
    found = [trial for trial in outcome.trials if trial.found]
    return sum(trial.is_named for trial in found), len(found)


def _shown(share: tuple[int, int]) -> str:
    return f"{100 * share[0] / share[1]:.1f} % of {share[1]:,}" if share[1] else "–"


def places_table(outcomes: Sequence[Outcome]) -> list[list[str]]:
    """Header and rows: each source, all figures and checkable ones."""
    rows = [["documents", "figures", "checkable", "tables, ≥ 2 units: all", "checkable", "prose, ≥ 2 units: all", "checkable"]]
    rows[0] += ["tables, ± 1", "prose, ± 1", "culprit among first 3", "false alarms per 1,000"]
    for each in outcomes:
        cells = [each.name, f"{each.figures:,}", f"{100 * each.checkable / each.figures:.1f} %"]
        for prose in (False, True):
            cells += [_shown(found_share(each, prose=prose, checkable=only)) for only in (False, True)]
        cells += [_shown(found_share(each, prose=prose, one=True)) for prose in (False, True)]
        cells += [_shown(named_share(each)), f"{1000 * each.alarms / each.figures:.1f}"]
        rows.append(cells)
    return rows


def kinds_table(outcomes: Sequence[Outcome]) -> list[list[str]]:
    """Header and rows: each source, found slips by kind."""
    rows = [["documents", *KINDS]]
    for each in outcomes:
        of_kind = [[trial for trial in each.trials if trial.kind == kind and trial.target.checkable] for kind in KINDS]
        rows.append([each.name, *(_shown((sum(trial.found for trial in some), len(some))) for some in of_kind)])
    return rows


def measure(template: int, foots: bool, seeds: Sequence[int], most: int, seed: int, places: str = "") -> Outcome:
    """The releases of one template."""
    made = TEMPLATES[template]
    name = f"{made.__name__}{'' if foots else ', rounded line by line'}"
    outcomes = [trials(from_release(made(each, foots=foots)), most // len(seeds), seed + each, places) for each in seeds]
    return merged(name, outcomes)


def measure_filings(most: int, seed: int, places: str = "") -> Outcome | None:
    """The five filings, where they are at hand."""
    source = from_filings()
    return None if source is None else trials(source, most, seed, places)


def every(most: int, seeds: Sequence[int], seed: int, only: str = "", places: str = "") -> list[Outcome]:
    """All sources, on two processes; the filings in parts of their own so that neither waits."""
    with ProcessPoolExecutor(max_workers=2) as pool:
        filings = [pool.submit(measure_filings, most // 4, seed + part, places) for part in range(4) if only in "five filings"]
        waiting = [
            pool.submit(measure, number, foots, seeds, most, seed, places)
            for number, made in enumerate(TEMPLATES)
            for foots in (True, False)
            if only in made.__name__
        ]
        parts = [outcome for each in filings if (outcome := each.result()) is not None]
        outcomes = [each.result() for each in waiting]
    if parts:
        whole = merged(parts[0].name, parts)
        outcomes.append(
            Outcome(
                name=whole.name,
                figures=parts[0].figures,
                checkable=parts[0].checkable,
                alarms=parts[0].alarms,
                trials=whole.trials,
            )
        )
    return outcomes


def main() -> None:
    """Prints both tables; writes them into docs/performance.md with --page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=480, help="for each template and for the filings")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4], help="companies of each template")
    parser.add_argument("--seed", type=int, default=1, help="of the slips")
    parser.add_argument("--only", default="", help="a template's name, or a part of it")
    parser.add_argument("--places", choices=("prose", "tables"), default="", help="slips in these alone")
    parser.add_argument("--missed", action="store_true", help="list the slips that were not found or not named")
    parser.add_argument("--page", action="store_true", help="write the tables into docs/performance.md")
    settings = parser.parse_args()
    outcomes = every(settings.trials, settings.seeds, settings.seed, settings.only, settings.places)
    tables = {"tieout-inject": places_table(outcomes), "tieout-kinds": kinds_table(outcomes)}
    for rows in tables.values():
        sys.stdout.write("\n".join(" | ".join(row) for row in rows) + "\n\n")
    if settings.page:
        for name, rows in tables.items():
            put(name, markdown(rows))
    for outcome in outcomes if settings.missed else ():
        for one in outcome.trials:
            if one.target.checkable and not (one.found and one.is_named):
                where = "prose" if one.target.is_prose else "table"
                what = f"MISSED ({one.why})" if not one.found else f"found, rank {one.rank}"
                sys.stdout.write(f"{outcome.name}: {what}: {where}, {one.kind}: {one.shown}\n")
                if one.around:
                    sys.stdout.write(f"    … {one.around} …\n")


if __name__ == "__main__":
    main()
