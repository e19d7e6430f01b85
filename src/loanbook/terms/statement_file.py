"""Reads statements from YAML: one file a statement, every fault named with its place."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from loanbook.errors import TermsError
from loanbook.terms.loading import Located, read_located
from loanbook.terms.statement import (
    ACCUMULATIONS,
    GROUPS,
    KINDS,
    OWN_COLUMN,
    RESIDUES,
    SHOWN,
    SIGNS,
    TERMS,
    UNITS,
    Column,
    Line,
    Statement,
    Statements,
)

FOLDER = Path(__file__).parent / "statements"

_STATEMENT = ("statement", "title", "accumulation", "nil", "blocks", "allocated", "source", "columns", "lines")
_LINE = (
    "code",
    "title",
    "kind",
    "sign",
    "accumulation",
    "unit",
    "term",
    "group",
    "sum",
    "of",
    "income",
    "shares",
    "numerator",
    "denominator",
    "per",
    "part_of",
    "equals",
    "residue",
    "takes",
    "shown",
    "concept",
)
_NEEDS = {
    "total": ("title", "sum"),
    "opening": ("title", "of"),
    "taken": ("title", "takes"),
    "ratio": ("title", "numerator", "denominator"),
    "ads": ("title", "of"),
    "per_share": ("title",),
    "part": ("title", "sign", "part_of"),
    "leaf": ("title",),
}
_UNIT = {"ratio": "percent", "ads": "shares", "per_share": "per_share"}


def load_statements(folder: Path = FOLDER) -> Statements:
    """All statements of a folder.

    raises   TermsError with path:line: an unknown setting, a code twice, a code that no line has, a line that is its own addend
    """
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise TermsError(f"{folder}:1: there is no statement here. A statement is a YAML file with `statement` and `lines`.")
    return _load(folder, tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths))


@functools.lru_cache(maxsize=8)
def _load(folder: Path, files: tuple[tuple[Path, int, int], ...]) -> Statements:
    return join_statements(read_statement(read_located(path, f"{folder.name}/{path.name}")) for path, _, _ in files)


def join_statements(found: Iterable[Statement]) -> Statements:
    """Statements together, with every code resolved; raises as `load_statements`."""
    by_name: dict[str, Statement] = {}
    lines: dict[str, Line] = {}
    for statement in found:
        by_name[statement.name] = statement
        for line in statement.lines:
            if line.kind in ("heading", "link"):
                continue
            if line.code in lines:
                raise TermsError(
                    f"{line.place}: the code {line.code!r} stands at {lines[line.code].place} too. Write `kind: link`."
                )
            lines[line.code] = line
    for statement in by_name.values():
        for line in statement.lines:
            named = (
                (line.code,)
                if line.kind == "link"
                else (*line.needs, *_named(line.equals), *_taken(line), *filter(None, (line.part_of,)))
            )
            for code in named if line.kind != "heading" else ():
                if code not in lines:
                    raise TermsError(f"{line.place}: no statement has a line {code!r}.")
    _refuse_cycles(lines)
    return Statements(by_name=by_name, lines=lines)


def _taken(line: Line) -> tuple[str, ...]:
    return tuple(code for _, code in line.takes.values())


def _named(codes: tuple[str, ...]) -> tuple[str, ...]:
    return () if codes == OWN_COLUMN else codes


def _refuse_cycles(lines: Mapping[str, Line]) -> None:
    done: set[str] = set()
    for start in lines:
        path: list[tuple[str, list[str]]] = [(start, list(lines[start].needs))]
        on_path = {start}
        while path:
            code, rest = path[-1]
            if not rest:
                path.pop()
                on_path.discard(code)
                done.add(code)
                continue
            needed = rest.pop()
            if needed in on_path:
                raise TermsError(f"{lines[needed].place}: the line {needed!r} is a sum of itself, through {code!r}.")
            if needed not in done:
                on_path.add(needed)
                path.append((needed, list(lines[needed].needs)))


def read_statement(located: Located) -> Statement:
    """One statement of a located YAML; raises TermsError with path:line."""
    fields = located.fields("a statement", _STATEMENT, ("statement", "title", "accumulation", "lines"))
    accumulation = fields["accumulation"].choice("accumulation", ACCUMULATIONS)
    lines = tuple(_line(item, accumulation) for item in fields["lines"].items("lines"))
    return Statement(
        name=fields["statement"].text("statement"),
        title=fields["title"].text("title"),
        accumulation=accumulation,
        nil=fields["nil"].text("nil") if "nil" in fields else "-",
        blocks=fields["blocks"].choice("blocks", ("joint", "separate")) if "blocks" in fields else "joint",
        allocated=fields["allocated"].flag("allocated") if "allocated" in fields else False,
        source=fields["source"].text("source") if "source" in fields else "",
        columns=_columns(fields["columns"]) if "columns" in fields else (),
        lines=lines,
    )


def _columns(located: Located) -> tuple[Column, ...]:
    columns: list[Column] = []
    for item in located.items("columns"):
        fields = item.fields("a column", ("code", "title", "by", "sum", "shown"))
        if ("by" in fields) == ("code" in fields):
            raise item.wrong(
                "a column needs either `code` and `title`, or `by` with the dimension whose members are the columns."
            )
        code = fields["code"].text("code") if "code" in fields else ""
        addends = tuple(part.text("sum") for part in fields["sum"].items("sum")) if "sum" in fields else ()
        known = {column.code for column in columns}
        for addend in addends:
            if addend != "all" and addend not in known:
                raise fields["sum"].wrong(f"the column {code!r} adds {addend!r}, which is not a column before it.")
        by = fields["by"].text("by") if "by" in fields else ""
        shown = fields["shown"].choice("shown", SHOWN) if "shown" in fields else "always"
        words = fields["title"].text("title") if "title" in fields else code
        columns.append(Column(code=code, title=words, by=by, sum=addends, shown=shown))
    return tuple(columns)


def _line(located: Located, accumulation: str) -> Line:
    if isinstance(located.value, dict) and set(located.value) == {"heading"}:
        words = located.value["heading"].text("heading")
        return Line(code="", title=words, kind="heading", place=located.place, accumulation=accumulation)
    fields = located.fields("a line", _LINE, ("code",))
    kind = fields["kind"].choice("kind", KINDS) if "kind" in fields else "leaf"
    code = fields["code"].text("code")
    for name in _NEEDS.get(kind, ()):
        if name not in fields:
            raise located.wrong(f"the line {code!r} is a {kind} and needs {name!r}.")
    texts = {name: item for name, item in fields.items() if name not in ("sum", "of", "equals", "residue", "takes")}
    line = Line(
        code=code,
        title=texts["title"].text("title") if "title" in texts else "",
        kind=kind,
        place=located.place,
        accumulation=texts["accumulation"].choice("accumulation", ACCUMULATIONS) if "accumulation" in texts else accumulation,
        unit=texts["unit"].choice("unit", UNITS) if "unit" in texts else _UNIT.get(kind, "money"),
        sign=SIGNS[texts["sign"].choice("sign", SIGNS)] if "sign" in texts else 0,
        term=texts["term"].choice("term", TERMS) if "term" in texts else "",
        group=texts["group"].choice("group", GROUPS) if "group" in texts else "",
        addends=tuple(_addend(item) for item in fields["sum"].items("sum")) if "sum" in fields else (),
        of=tuple(item.text("of") for item in fields["of"].items("of")) if "of" in fields else (),
        numerator=_either(texts, "numerator", "income"),
        denominator=_either(texts, "denominator", "shares"),
        part_of=texts["part_of"].text("part_of") if "part_of" in texts else "",
        equals=tuple(item.text("equals") for item in fields["equals"].items("equals")) if "equals" in fields else (),
        residue=_residue(fields["residue"]) if "residue" in fields else "",
        takes={name: _addend(item) for name, item in fields["takes"].names("takes").items()} if "takes" in fields else {},
        per=texts["per"].choice("per", ("share", "ads")) if "per" in texts else "share",
        shown=texts["shown"].choice("shown", SHOWN) if "shown" in texts else "always",
        concept=texts["concept"].text("concept") if "concept" in texts else "",
    )
    if kind == "per_share" and not (line.of or (line.numerator and line.denominator)):
        raise located.wrong(f"the line {code!r} needs `income` and `shares`, or `of` with the per-share figure that it doubles.")
    if kind == "leaf" and line.unit == "money" and not line.sign:
        raise located.wrong(f"the line {code!r} needs `sign`: debit for assets and costs, credit for liabilities and income.")
    if kind == "per_share" and line.of:
        return replace(line, per="ads")
    return line


def _residue(located: Located) -> str:
    return "all" if located.value is True else located.choice("residue", RESIDUES)


def _either(fields: Mapping[str, Located], first: str, second: str) -> str:
    for name in (first, second):
        if name in fields:
            return fields[name].text(name)
    return ""


def _addend(located: Located) -> tuple[int, str]:
    text = located.text("sum")
    return (-1, text[1:]) if text.startswith("-") else (1, text)
