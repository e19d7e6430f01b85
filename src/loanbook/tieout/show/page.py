"""The page: each document as it was read, every figure marked, with the arithmetic behind it and a list of what to look at.

One self-contained file. Text of the document is escaped; the only script is the page's own, which its policy names by hash.
"""

import base64
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path

import jinja2
import msgspec

from loanbook.tieout.document import Document, Heading, Paragraph, Span, Table
from loanbook.tieout.figure import Figure
from loanbook.tieout.judgement import Judgement
from loanbook.tieout.relate.run_in import RULE as RUN_IN
from loanbook.tieout.relation import Finding, Relation, Verdict
from loanbook.tieout.show.marks import Key, Piece, by_part, cut, rows
from loanbook.tieout.show.words import NAMES, SEVERITIES, SIGNS
from loanbook.tieout.writing import write_whole

RELATIONS_SHOWN = 8
OTHERS_SHOWN = 6
LABEL_SHOWN = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What the template sees of a block."""

    kind: str
    level: int = 0
    pieces: Sequence[Piece] = ()
    caption: Sequence[Sequence[Piece]] = ()
    rows: Sequence[Sequence["_Box"]] = field(default=())
    repaired: Sequence["_Repaired"] = field(default=())

    @property
    def repaired_width(self) -> int:
        return max(len(row.terms) for row in self.repaired)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    pieces: Sequence[Piece]
    columns: int
    rows: int
    is_number: bool
    is_bold: bool
    indent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Repaired:
    """A row found again in a table that lost its layout: figures that add up to the result, each with the name of its mark.

    result   None for the nil of figures that cancel each other, which a damaged table does not print
    """

    label: str
    terms: Sequence[tuple[str, str]]
    sign: str
    result: tuple[str, str] | None


def page(judgement: Judgement) -> str:
    """The HTML of the page."""
    names = {figure.id: f"f{number}" for number, figure in enumerate(judgement.figures)}
    figures = {figure.id: figure for figure in judgement.figures}
    repaired = _repaired(judgement.relations, figures, names)
    script, style = _file("page.js"), _file("page.css")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_file),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(
        title=", ".join(Path(document.file).name for document, _ in judgement.documents),
        counts=[(status.value, SIGNS[status], NAMES[status], count) for status, count in judgement.counts().items()],
        figure_count=len(figures),
        severities=[
            (severity.value, name, sum(each.severity is severity for each in judgement.findings))
            for severity, name in SEVERITIES.items()
        ],
        findings=[_row(each, figures, names) for each in judgement.findings],
        conventions=judgement.conventions,
        documents=[
            (document.file, _parts(document, reading.figures, repaired), reading.damages)
            for document, reading in judgement.documents
        ],
        names=names,
        statuses=judgement.statuses,
        signs=SIGNS,
        words=NAMES,
        behind=_json(_behind(judgement, names)),
        script=script,
        style=style,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def write_page(judgement: Judgement, path: Path) -> None:
    """The page as a file, replaced as a whole.

    Raises OSError when the file cannot be written.
    """
    write_whole(path, page(judgement).encode())


def _file(name: str) -> str:
    return (resources.files("loanbook.tieout.show") / "templates" / name).read_text(encoding="utf-8")


def _json(content: object) -> str:
    """JSON that may stand inside a script element: it can neither end the element nor begin a comment."""
    return msgspec.json.encode(content).decode().replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _parts(document: Document, figures: Sequence[Figure], repaired: Mapping[tuple[str, int], Sequence[_Repaired]]) -> list[_Part]:
    by_place = by_part(figures)
    told = {block.span.text for block in document.blocks if not isinstance(block, Table)}
    return [
        replace(_part(block, number, by_place, told), repaired=repaired.get((document.file, number), ()))
        for number, block in enumerate(document.blocks)
    ]


def _repaired(
    relations: Sequence[Relation], figures: Mapping[str, Figure], names: Mapping[str, str]
) -> Mapping[tuple[str, int], Sequence[_Repaired]]:
    """The rows of run-in tables by the block that they stand in."""
    found: dict[tuple[str, int], list[tuple[Figure, _Repaired]]] = defaultdict(list)
    for relation in relations:
        if relation.rule == RUN_IN:
            result = figures[relation.result]
            cancelled = relation.terms[0].factor < 0
            terms = sorted((figures[term.figure] for term in relation.terms), key=_order)
            first = min(result, terms[0], key=_order)
            shown = _Repaired(
                label=_last_words(first.label),
                terms=[(names[each.id], each.text) for each in (*terms, *([result] if cancelled else []))],
                sign="≠" if relation.verdict is Verdict.BROKEN else "=",
                result=None if cancelled else (names[result.id], result.text),
            )
            found[first.place.file, first.place.block].append((first, shown))
    return {at: [shown for _, shown in sorted(rows, key=lambda each: _order(each[0]))] for at, rows in found.items()}


def _last_words(label: str) -> str:
    """The end of a label before which the heads of the lost table stand."""
    return label if len(label) <= LABEL_SHOWN else "… " + label[-LABEL_SHOWN:].partition(" ")[2]


def _order(figure: Figure) -> tuple[int, int]:
    return figure.place.line, figure.place.start


def _part(block: Heading | Paragraph | Table, number: int, parts: Mapping[Key, list[Figure]], told: set[str]) -> _Part:
    match block:
        case Heading(span=span, level=level):
            return _Part(kind="heading", level=min(max(level, 1), 4), pieces=_pieces(span, parts.get((number, None, None), ())))
        case Paragraph(span=span, is_footnote=is_footnote):
            kind = "footnote" if is_footnote else "paragraph"
            return _Part(kind=kind, pieces=_pieces(span, parts.get((number, None, None), ())))
        case Table():
            return _table(block, number, parts, told)


def _table(table: Table, number: int, parts: Mapping[Key, list[Figure]], told: set[str]) -> _Part:
    """A table; lines above it that are blocks of their own (`told`) are not shown again."""
    is_plain = all(cell.rows == 1 for cell in table.cells)
    boxes: list[list[_Box]] = []
    for row in rows(table):
        line: list[_Box] = []
        column = 0
        for cell in row:
            if is_plain and cell.column > column:
                line.append(_blank(cell.column - column))
            column = cell.column + cell.columns
            line.append(
                _Box(
                    pieces=_pieces(cell.span, parts.get((number, cell.row, cell.column), ())),
                    columns=cell.columns,
                    rows=cell.rows,
                    is_number=(number, cell.row, cell.column) in parts,
                    is_bold=cell.is_bold,
                    indent=cell.indent,
                )
            )
        boxes.append(line)
    return _Part(kind="table", caption=[_pieces(span, ()) for span in table.caption if span.text not in told], rows=boxes)


def _blank(columns: int) -> _Box:
    """What holds the place of cells that are not there; a cell that covers rows holds its own."""
    return _Box(pieces=(), columns=columns, rows=1, is_number=False, is_bold=False, indent=0)


def _pieces(span: Span, figures: Sequence[Figure]) -> list[Piece]:
    return list(cut(span, figures))


def _row(finding: Finding, figures: Mapping[str, Figure], names: Mapping[str, str]) -> dict[str, object]:
    others = [each for each in finding.figures if each not in finding.suspects]
    place = str(replace(finding.place, file=Path(finding.place.file).name))
    return {
        "id": finding.id,
        "severity": finding.severity.value,
        "name": SEVERITIES[finding.severity],
        "kind": finding.kind,
        "place": place,
        "message": finding.message,
        "accepted": finding.accepted,
        "printed": finding.printed,
        "expected": finding.expected,
        "suspects": [(names[each], figures[each].text) for each in finding.suspects],
        "others": [(names[each], figures[each].text) for each in others[:OTHERS_SHOWN]],
    }


def _behind(judgement: Judgement, names: Mapping[str, str]) -> dict[str, list[list[str]]]:
    """For every figure: [verdict, rule, arithmetic] of its relations, broken ones first, and findings about it."""
    order = {"broken": 0, "holds": 1, "rounding": 2}
    bound: dict[str, list[tuple[int, list[str]]]] = defaultdict(list)
    for finding in judgement.findings:
        for figure in finding.figures:
            bound[figure].append((-1, ["finding", SEVERITIES[finding.severity], finding.message.partition(". ")[0]]))
    for relation in judgement.relations:
        verdict = relation.verdict.value
        row = [verdict, relation.rule.replace("_", " "), relation.arithmetic]
        for figure in dict.fromkeys((relation.result, *(term.figure for term in relation.terms))):
            bound[figure].append((order[verdict], row))
    return {
        names[figure]: [row for _, row in sorted(found, key=lambda each: each[0])[:RELATIONS_SHOWN]]
        for figure, found in bound.items()
        if figure in names
    }
