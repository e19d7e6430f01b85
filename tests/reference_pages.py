"""Write docs/reference/ from the code: `make docs`. A test compares what is written with what stands there."""

import ast
import enum
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import typer

from loanbook import cli, events
from loanbook.terms import conventions, families, measure, product_file
from loanbook.terms.catalogue import SHIPPED, products_in
from loanbook.terms.product import shown_counts
from loanbook.units import date

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
_BLOCK = re.compile(r'_block\(items, "(\w+)", \(([^)]*)\)\)')
MADE = "<!-- Written by `make docs` from {source}; edit that. -->\n"


def event_page() -> str:
    """The event tables: kinds, columns, types."""
    lines = ["# Events", "", _paragraph(events), "", "## Types", ""]
    lines += _table(("type", "meaning"), [(member.value, text) for member, text in _members(events, events.Type)])
    lines += ["", "## Columns of every event", "", *_columns(events.COMMON)]
    for kind in events.KINDS:
        lines += ["", f"## {kind.name}", "", kind.text, "", *_columns(kind.columns)]
    return _page("src/loanbook/events.py", lines)


def convention_page() -> str:
    """The named settings of a contract, as they are written in terms files."""
    lines = ["# Conventions", "", _paragraph(conventions)]
    for name, found in vars(conventions).items():
        if isinstance(found, type) and issubclass(found, enum.Enum) and found.__module__ == conventions.__name__:
            lines += ["", f"## {name}", "", _joined(found.__doc__ or ""), ""]
            rows = [(f"`{member.name.lower()}`", str(member.value), text) for member, text in _members(conventions, found)]
            lines += _table(("setting", "value", "meaning"), rows)
    return _page("src/loanbook/terms/conventions.py", lines)


def command_page() -> str:
    """Every command with its arguments and options."""
    root = typer.main.get_command(cli.app)
    lines = ["# Commands", "", _joined(root.help or "")]
    for words, command in _commands(root, ("loanbook",)):
        arguments = [found for found in command.params if found.param_type_name == "argument"]
        options = [found for found in command.params if found.param_type_name == "option" and found.name != "help"]
        usage = [" ".join(words), *("OPTIONS" for _ in options[:1]), *(_metavar(found) for found in arguments)]
        lines += ["", f"## {' '.join(words[1:])}", "", f"`{' '.join(usage)}`", "", *_help(command.help or "")]
        rows = [(f"`{_metavar(found)}`", _joined(getattr(found, "help", "") or ""), _default(found)) for found in arguments]
        rows += [(f"`{', '.join(found.opts)}`", _joined(getattr(found, "help", "") or ""), _default(found)) for found in options]
        if rows:
            lines += ["", *_table(("argument or option", "meaning", "default"), rows)]
    return _page("the commands in src/loanbook/cli.py", lines)


def measure_page() -> str:
    """Every measure with its versions, and the families of cells they sum."""
    lines = ["# Measures", "", _paragraph(measure), "", "`loanbook explain MEASURE` prints one of them.", "", "## Measures", ""]
    for definition in measure.load_measures():
        rows = measure.page_rows(definition)
        lines += [f"### {definition.name}", "", f"**{definition.title}.** {definition.text}", ""]
        told = {"unit": definition.unit, "period": definition.period, "family": definition.family, "splits": rows[0]["splits"]}
        lines += [", ".join(f"{name}: {value}" for name, value in told.items() if value) + ".", ""]
        heads = ("effective_from", "numerator", "denominator", "source")
        lines += [
            *_table(tuple(head.replace("_", " ") for head in heads), [tuple(row[head] for head in heads) for row in rows]),
            "",
        ]
    lines += ["## Families of cells", "", _paragraph(families), ""]
    for family in families.FAMILIES:
        lines += [f"### Family {family.name}", "", family.text, "", f"Grain: {', '.join(family.grain)}.", ""]
        lines += [f"Columns: {', '.join(f'`{column}`' for column in family.columns)}.", ""]
    return _page("src/loanbook/terms/measures/ and src/loanbook/terms/families.py", lines[:-1])


def terms_page() -> str:
    """The settings of product terms, and the example products that are shipped."""
    sentence, example, rest = _docstring_parts(product_file)
    blocks = {name: keys.replace('"', "`").rstrip(", ") for name, keys in _BLOCK.findall(inspect.getsource(product_file))}
    lines = ["# Product terms", "", sentence, "", "```yaml", example, "```", "", rest, "", "## Settings", ""]
    rows = [(f"`{name}`", "yes", blocks.get(name, "")) for name in product_file.REQUIRED]
    rows += [(f"`{name}`", "", blocks.get(name, "")) for name in product_file.OPTIONAL]
    lines += _table(("setting", "needed", "settings inside"), rows)
    lines += ["", "Named values are those of [conventions](conventions.md). Steps of a waterfall:", ""]
    lines += [", ".join(f"`{step}`" for step in product_file.STEPS) + ".", "", "## Shipped products", ""]
    shipped = [
        (
            f"`{found.code}`",
            found.title,
            date(found.effective_from).isoformat(),
            found.method.name.lower(),
            shown_counts(found.counts),
        )
        for found in products_in()
    ]
    lines += _table(("product", "title", "effective from", "method", "instalments"), shipped)
    whole = (SHIPPED / "cash_loan.yaml").read_text(encoding="utf-8").rstrip()
    lines += ["", "One of them in full:", "", "```yaml", whole, "```"]
    return _page("src/loanbook/terms/product_file.py and src/loanbook/terms/products/", lines)


PAGES: dict[str, Callable[[], str]] = {
    "events.md": event_page,
    "conventions.md": convention_page,
    "cli.md": command_page,
    "terms.md": terms_page,
    "measures.md": measure_page,
}


def _commands(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, found in sorted(getattr(command, "commands", {}).items()):
        if found.hidden:
            continue
        if hasattr(found, "commands"):
            yield from _commands(found, (*words, name))
        else:
            yield (*words, name), found


def _metavar(argument: Any) -> str:
    name = (argument.metavar or argument.name).upper()
    name += "..." if argument.nargs == -1 else ""
    return name if argument.required else f"[{name}]"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "needed"
    value = parameter.default
    return "" if value is None or value is False or callable(value) or value == () else f"`{value}`"


def _help(text: str) -> list[str]:
    return [_joined(part) for part in inspect.cleandoc(text).split("\n\n")][:1] + [
        line for part in inspect.cleandoc(text).split("\n\n")[1:] for line in ("", _joined(part))
    ]


def _columns(columns: tuple[events.Column, ...]) -> list[str]:
    rows = [
        (
            f"`{column.name}`",
            column.type.value,
            "yes" if column.required else "",
            "" if column.least is None else str(column.least),
            column.text,
        )
        for column in columns
    ]
    return _table(("column", "type", "needed", "least", "meaning"), rows)


def _members(module: ModuleType, found: type[enum.Enum]) -> Iterator[tuple[Any, str]]:
    """Members with the docstring that stands under each in the source."""
    tree = ast.parse(inspect.getsource(module))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == found.__name__)
    texts: dict[str, str] = {}
    name = ""
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and name:
            texts[name] = _joined(str(node.value.value))
    return ((member, texts.get(member.name, "")) for member in found)


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    written = [tuple(cell.replace("|", "\\|") for cell in row) for row in rows]
    return [f"| {' | '.join(row)} |" for row in (heads, tuple("---" for _ in heads), *written)]


def _paragraph(module: ModuleType) -> str:
    return "\n\n".join(_joined(part) for part in (module.__doc__ or "").strip().split("\n\n"))


def _docstring_parts(module: ModuleType) -> tuple[str, str, str]:
    """The first paragraph, the indented example and what follows it."""
    paragraphs = inspect.cleandoc(module.__doc__ or "")
    sentence, _, body = paragraphs.partition("\n\n")
    example = [line for line in body.splitlines() if line.startswith("    ")]
    rest = [line for line in body.splitlines() if not line.startswith("    ")]
    return _joined(sentence), inspect.cleandoc("\n" + "\n".join(example)), _joined(" ".join(rest))


def _joined(text: str) -> str:
    return " ".join(text.split())


def _page(source: str, lines: list[str]) -> str:
    return MADE.format(source=source) + "\n".join(lines) + "\n"


def main() -> None:
    """Write all pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, write in PAGES.items():
        (FOLDER / name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
