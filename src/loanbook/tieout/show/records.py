"""A judgement as records with stable ids: one JSON file, or three CSV files, for programs and spreadsheets."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from loanbook.tieout.figure import Figure, Numeral
from loanbook.tieout.judge.special import REPAIRED
from loanbook.tieout.judgement import Judgement
from loanbook.tieout.relate.build import FAR
from loanbook.tieout.relation import Finding, Relation
from loanbook.tieout.spreadsheet import cell_text
from loanbook.tieout.writing import write_whole

VERSION = 1
"""Of the form of the records: raised when a field changes its meaning or goes."""


def records(judgement: Judgement) -> dict[str, Any]:
    """Everything as plain values: numbers as decimal text, dates as ISO text, None where nothing is known.

    `figures`, `numerals`, `relations`, `findings`, `conventions`, `damages`, `counts`, and `version` of this form.
    """
    bound = _relations_by_figure(judgement.relations)
    found = judgement.counts()
    repaired = {each.place for each in judgement.findings if each.kind == REPAIRED}
    return {
        "version": VERSION,
        "files": [document.file for document, _ in judgement.documents],
        "counts": {"figures": sum(found.values()), **{status.value: count for status, count in found.items()}},
        "figures": [_figure(each, judgement.statuses[each.id].value, bound[each.id]) for each in judgement.figures],
        "numerals": [_numeral(each) for _, reading in judgement.documents for each in reading.numerals],
        "relations": [_relation(each) for each in judgement.relations],
        "findings": [_finding(each) for each in judgement.findings],
        "conventions": [_plain(each) for each in judgement.conventions],
        "damages": [
            {**_place(each), "message": each.message, "repaired": each.repaired or each.place in repaired}
            for _, reading in judgement.documents
            for each in reading.damages
        ],
    }


def write_json(judgement: Judgement, path: Path) -> None:
    """The records as one JSON file, replaced as a whole.

    Raises OSError when the file cannot be written.
    """
    write_whole(path, msgspec.json.format(msgspec.json.encode(records(judgement)), indent=1))


def write_csv(judgement: Judgement, folder: Path) -> tuple[Path, ...]:
    """`figures.csv`, `relations.csv` and `findings.csv` in a folder, made if missing, each replaced as a whole; lists within a
    field are parted by spaces.

    Raises OSError when a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = records(judgement)
    return tuple(_write_rows(folder / f"{name}.csv", content[name]) for name in ("figures", "relations", "findings"))


def _write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    columns = list(rows[0]) if rows else ["id"]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows({name: _field(row[name]) for name in columns} for row in rows)
    write_whole(path, text.getvalue().encode())
    return path


def _field(value: Any) -> Any:
    if isinstance(value, list):
        return " ".join(each if isinstance(each, str) else f"{each['factor']}*{each['figure']}" for each in value)
    return cell_text(value) if isinstance(value, str) else value


def _relations_by_figure(relations: Iterable[Relation]) -> Mapping[str, list[str]]:
    bound: dict[str, list[str]] = defaultdict(list)
    for relation in relations:
        for figure in dict.fromkeys((relation.result, *(term.figure for term in relation.terms))):
            bound[figure].append(relation.id)
    return bound


def _place(item: Any) -> dict[str, Any]:
    place = item.place
    return {
        "file": place.file,
        "line": place.line,
        "start": place.start,
        "end": place.end,
        "page": place.page,
        "block": place.block,
        "row": place.row,
        "column": place.column,
    }


def _figure(figure: Figure, status: str, relations: list[str]) -> dict[str, Any]:
    period = figure.period
    return {
        "id": figure.id,
        "key": figure.key,
        **_place(figure),
        "text": figure.text,
        "value": str(figure.value),
        "step": str(figure.step),
        "unit": figure.unit.value,
        "scale": str(figure.scale),
        "currency": figure.currency,
        "basis": figure.basis.value if figure.basis else None,
        "period": str(period) if period else None,
        "period_start": period.start.isoformat() if period and period.start else None,
        "period_end": period.end.isoformat() if period else None,
        "label": figure.label,
        "heading": " > ".join(figure.path),
        "column_heading": " > ".join(figure.column),
        "concept": figure.concept,
        "role": figure.role,
        "of": figure.of,
        "status": status,
        "relations": relations,
    }


def _numeral(numeral: Numeral) -> dict[str, Any]:
    return {**_place(numeral), "text": numeral.text, "kind": numeral.kind.value}


def _relation(relation: Relation) -> dict[str, Any]:
    return {
        "id": relation.id,
        "kind": relation.kind.value,
        "rule": relation.rule,
        "result": relation.result,
        "terms": [{"figure": term.figure, "factor": str(term.factor)} for term in relation.terms],
        "expected_low": str(relation.expected.low) if relation.expected.low > -FAR else None,
        "expected_high": str(relation.expected.high) if relation.expected.high < FAR else None,
        "difference": str(relation.difference),
        "verdict": relation.verdict.value,
        "strength": str(relation.strength),
        "arithmetic": relation.arithmetic,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "severity": finding.severity.value,
        "kind": finding.kind,
        "file": finding.place.file,
        "line": finding.place.line,
        "page": finding.place.page,
        "figures": list(finding.figures),
        "suspects": list(finding.suspects),
        "relations": list(finding.relations),
        "printed": finding.printed,
        "expected": finding.expected,
        "message": finding.message,
        "accepted": finding.accepted or None,
    }


def _plain(item: Any) -> dict[str, Any]:
    found = {each.name: getattr(item, each.name) for each in fields(item)}
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in found.items()}
