"""`loanbook tieout`: check every figure of published results documents."""

from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from loanbook.commands.screen import compiles_nothing, console, progress
from loanbook.errors import RequestError
from loanbook.tieout.checking import tie_out
from loanbook.tieout.judgement import Judgement
from loanbook.tieout.notes import read_notes, write_notes
from loanbook.tieout.relation import Finding, Severity, Status
from loanbook.tieout.show.records import write_csv, write_json
from loanbook.tieout.show.words import NAMES, SEVERITIES, SIGNS

SHOWN = 40


class FailOn(StrEnum):
    """The mildest severity that ends the command with exit code 1."""

    ERROR = "error"
    PRACTICE = "practice"
    DEFINITION = "definition"
    DAMAGE = "damage"
    ROUNDING = "rounding"
    NEVER = "never"


GRAVE = (FailOn.ERROR, FailOn.PRACTICE, FailOn.DEFINITION, FailOn.DAMAGE, FailOn.ROUNDING)


def check_documents(
    files: Annotated[list[Path], typer.Argument(help="Results documents of one issuer: .txt .md .html .csv .tsv .pdf.")],
    page: Annotated[
        Path | None, typer.Option("--html", help="Write a page that shows the documents with every figure marked.")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write figures, relations and findings as JSON.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write them as CSV files into this folder.")] = None,
    notes: Annotated[Path | None, typer.Option("--notes", help="Accepted findings (CSV: finding, reason).")] = None,
    keep: Annotated[
        Path | None, typer.Option("--write-notes", help="Write all findings as CSV, to fill in reasons; those of the file stay.")
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="The mildest finding that ends with exit code 1; accepted ones do not.")
    ] = FailOn.ERROR,
) -> None:
    """Read every figure of the documents, derive it again, and say which tie, which do not, and which cannot be checked.

    Figures are related within a document and across those given: sums, text against tables, comparatives, growth, margins,
    translation, per share. Nothing in a document is run and nothing is downloaded. Exit code 0: nothing to look at; 1: findings
    at or above --fail-on that no note accepts; 2: a document or an option cannot be used,
    or no figure is read of a document.
    """
    for path in (page, json, keep):
        if path and (not path.parent.is_dir() or (path.exists() and not path.is_file())):
            raise RequestError(f"{path} cannot be written: it is no file, or its folder is not there. Name a file in a folder.")
        if path and any(path.resolve() == file.resolve() for file in files):
            raise RequestError(f"{path} is a document to check; it would be overwritten. Name another file.")
    if csv and csv.exists() and not csv.is_dir():
        raise RequestError(f"{csv} is a file; --csv names a folder, which is made where it is not there.")
    accepted = read_notes(notes) if notes else {}
    kept = read_notes(keep) if keep and keep.exists() and keep.stat().st_size else {}
    with progress(compiles_nothing) as tell:
        done = 0

        def on_read(file: Path) -> None:
            nonlocal done
            done += 1
            if tell:
                tell("reading", done, len(files))

        judgement = tie_out(files, notes=accepted, on_read=on_read)
    if page:
        from loanbook.tieout.show.page import write_page  # with it the library of templates is imported

        write_page(judgement, page)
    if json:
        write_json(judgement, json)
    if csv:
        write_csv(judgement, csv)
    if keep:
        write_notes(judgement, keep, kept)
    _say(judgement)
    bare = [document.file for document, reading in judgement.documents if not reading.figures]
    if bare:
        raise RequestError(f"{', '.join(bare)}: no figure was read. Give results documents that have text and figures.")
    limit = GRAVE.index(fail_on) if fail_on is not FailOn.NEVER else -1
    if any(not each.accepted and GRAVE.index(FailOn(each.severity.value)) <= limit for each in judgement.findings):
        raise typer.Exit(1)


def _say(judgement: Judgement) -> None:
    screen = console()
    table = Table(box=None, pad_edge=False)
    table.add_column("document", overflow="fold")
    for name in ("figures", *(f"{SIGNS[status]} {NAMES[status]}" for status in Status)):
        table.add_column(name, justify="right")
    for document, reading in judgement.documents:
        found = Counter(judgement.statuses[figure.id] for figure in reading.figures)
        cells = [f"{len(reading.figures):,}", *(f"{found[status]:,}" for status in Status)]
        table.add_row(escape(document.file), *cells)
    counts = judgement.counts()
    total = sum(counts.values())
    table.add_row("all", f"{total:,}", *(f"{count:,}" for count in counts.values()), style="bold")
    if total:
        table.add_row("", "", *(f"{100 * count / total:.1f} %" for count in counts.values()))
    screen.print(table)
    held = Counter(relation.verdict.value for relation in judgement.relations)
    told = [f"{held[name]:,} {word}" for name, word in (("holds", "hold"), ("rounding", "within rounding"), ("broken", "broken"))]
    screen.print(f"\n{len(judgement.relations):,} relations checked: {', '.join(told)}.")
    open_ones = [each for each in judgement.findings if not each.accepted]
    for severity, name in SEVERITIES.items():
        of_it = [each for each in open_ones if each.severity is severity]
        if of_it:
            screen.print(f"\n{len(of_it):,} {name}:")
            for each in of_it[:SHOWN]:
                screen.print(f"  {_mark(severity)} {escape(_words(each))}", soft_wrap=True, highlight=False)
            if len(of_it) > SHOWN:
                screen.print(f"  … {len(of_it) - SHOWN:,} more; --html, --json or --csv hold all.")
    accepted = len(judgement.findings) - len(open_ones)
    if accepted:
        screen.print(f"\n{accepted:,} accepted by notes{'' if open_ones else ': nothing is open'}.")
    elif total and not judgement.relations:
        screen.print("\nNothing in these documents checks their figures: no relation was found.")
    elif total and not open_ones:
        screen.print("\nNothing to look at: every relation that was found holds.")
    for kept in judgement.conventions:
        screen.print(f"  {escape(kept.message)} ({kept.kept} of {kept.seen})", style="dim")


def _mark(severity: Severity) -> str:
    return "[red]✗[/red]" if severity is Severity.ERROR else "[yellow]●[/yellow]"


def _words(finding: Finding) -> str:
    return f"{finding.place}: {finding.message} [{finding.id}]"
