"""Write docs/reference/ from the code: `make docs`. A test compares what is written with what stands there."""

import enum
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import typer

from loanbook import cli, events
from loanbook.terms import conventions, families, measure, product_file, settings
from loanbook.terms.catalogue import SHIPPED, products_in
from loanbook.terms.product import shown_counts
from loanbook.terms.setting import Form, Setting
from loanbook.units import Rounding, date, format_money
from tests import reference_journal
from tests.reference_books import account_page, corporate_page, policy_page, posting_page, statement_page
from tests.reference_terms import currency_page, mandate_page, strategy_page, vehicle_page
from tests.reference_writing import joined, members, page, paragraph, table

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"


def event_page() -> str:
    """The event tables: kinds, columns, types."""
    lines = ["# Events", "", paragraph(events), "", "## Types", ""]
    lines += table(("type", "meaning"), [(member.value, text) for member, text in members(events, events.Type)])
    lines += ["", "## Columns of every event", "", *_columns(events.COMMON)]
    for kind in events.KINDS:
        lines += ["", f"## {kind.name}", "", kind.text, "", *_columns(kind.columns)]
    return page("src/loanbook/events.py", lines)


def convention_page() -> str:
    """The named settings of a contract, as they are written in terms files."""
    lines = ["# Conventions", "", paragraph(conventions)]
    for name, found in vars(conventions).items():
        if isinstance(found, type) and issubclass(found, enum.Enum) and found.__module__ == conventions.__name__:
            lines += ["", f"## {name}", "", joined(found.__doc__ or ""), ""]
            rows = [(f"`{member.name.lower()}`", str(member.value), text) for member, text in members(conventions, found)]
            lines += table(("setting", "value", "meaning"), rows)
    return page("src/loanbook/terms/conventions.py", lines)


def command_page() -> str:
    """Every command with its arguments and options."""
    root: Any = typer.main.get_command(cli.app)
    root.load()
    lines = ["# Commands", "", joined(root.help or "")]
    for words, command in _commands(root, ("loanbook",)):
        arguments = [found for found in command.params if found.param_type_name == "argument"]
        options = [found for found in command.params if found.param_type_name == "option" and found.name != "help"]
        usage = [" ".join(words), *("OPTIONS" for _ in options[:1]), *(_metavar(found) for found in arguments)]
        lines += ["", f"## {' '.join(words[1:])}", "", f"`{' '.join(usage)}`", "", *_help(command.help or "")]
        rows = [(f"`{_metavar(found)}`", joined(getattr(found, "help", "") or ""), _default(found)) for found in arguments]
        rows += [(f"`{', '.join(found.opts)}`", joined(getattr(found, "help", "") or ""), _default(found)) for found in options]
        if rows:
            lines += ["", *table(("argument or option", "meaning", "default"), rows)]
    return page("the commands in src/loanbook/cli.py", lines)


def measure_page() -> str:
    """Every measure with its versions, and the families of cells they sum."""
    lines = ["# Measures", "", paragraph(measure), "", "`loanbook explain MEASURE` prints one of them.", "", "## Measures", ""]
    for definition in measure.load_measures():
        rows = measure.page_rows(definition)
        lines += [f"### {definition.name}", "", f"**{definition.title}.** {definition.text}", ""]
        told = {"unit": definition.unit, "period": definition.period, "family": definition.family, "splits": rows[0]["splits"]}
        lines += [", ".join(f"{name}: {value}" for name, value in told.items() if value) + ".", ""]
        heads = ("effective_from", "numerator", "denominator", "source")
        lines += [
            *table(tuple(head.replace("_", " ") for head in heads), [tuple(row[head] for head in heads) for row in rows]),
            "",
        ]
    lines += ["## Families of cells", "", paragraph(families), ""]
    for family in families.FAMILIES:
        lines += [f"### Family {family.name}", "", family.text, "", f"Grain: {', '.join(family.grain)}.", ""]
        lines += [f"Columns: {', '.join(f'`{column}`' for column in family.columns)}.", ""]
    return page("src/loanbook/terms/measures/ and src/loanbook/terms/families.py", lines[:-1])


def terms_page() -> str:
    """The settings of product terms, and the example products that are shipped."""
    sentence, example, rest = _docstring_parts(product_file)
    lines = ["# Product terms", "", sentence, "", "```yaml", example, "```", "", rest, ""]
    lines += ["A setting written `grace.principal` stands inside a block: `grace: {principal: 2}`."]
    heads = ("setting", "meaning", "what to write", "default", "example")
    for title, group in settings.GROUPS:
        rows = [(f"`{one.name}`", one.text, _written(one), _held(one), _example(one)) for one in group]
        lines += ["", f"## {title}", "", *table(heads, rows)]
    lines += ["", "## Steps of a waterfall", "", ", ".join(f"`{step}`" for step in product_file.STEPS) + "."]
    lines += ["", "## Shipped products", ""]
    shipped = [
        (
            f"`{found.code}`",
            found.title,
            date(found.effective_from).isoformat(),
            found.method.name.lower(),
            shown_counts(found.counts),
            f"{found.currency} {format_money(found.arrears_tolerance_fen, found.decimals)}",
        )
        for found in products_in()
    ]
    lines += table(("product", "title", "effective from", "method", "instalments", "arrears tolerance"), shipped)
    whole = (SHIPPED / "cash_loan.yaml").read_text(encoding="utf-8").rstrip()
    lines += ["", "One of them in full:", "", "```yaml", whole, "```"]
    return page("src/loanbook/terms/settings.py, product_file.py and products/", lines)


def _written(one: Setting) -> str:
    """What is written as a setting's value: form, unit, limits; words with the page that explains them."""
    if one.words is Rounding:
        return "one of " + ", ".join(f"`{member.name.lower()}`" for member in Rounding)
    if one.words is not None:
        words = ", ".join(f"`{member.name.lower()}`" for member in one.words)
        return f"one of {words} ([{one.words.__name__}](conventions.md#{one.words.__name__.lower()}))"
    form = f"{one.form.value} ({one.unit})" if one.unit else one.form.value
    limits = f"{one.least:,} to {one.most:,}" if one.form is Form.COUNT else one.limits
    return f"{form}; {limits}" if limits else form


def _held(one: Setting) -> str:
    if one.needed:
        return "needed"
    if one.words is not None:
        return f"`{one.default.name.lower()}`"  # type: ignore[union-attr]
    return one.said or str(one.default).lower()


def _example(one: Setting) -> str:
    return "<br>".join(f"`{line}`" for line in one.example.splitlines())


PAGES: dict[str, Callable[[], str]] = {
    "events.md": event_page,
    "conventions.md": convention_page,
    "cli.md": command_page,
    "terms.md": terms_page,
    "measures.md": measure_page,
    "mandates.md": mandate_page,
    "vehicles.md": vehicle_page,
    "strategies.md": strategy_page,
    "currencies.md": currency_page,
    "accounts.md": account_page,
    "posting.md": posting_page,
    "corporate_events.md": corporate_page,
    "accounting_policy.md": policy_page,
    "statements.md": statement_page,
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
    return [joined(part) for part in inspect.cleandoc(text).split("\n\n")][:1] + [
        line for part in inspect.cleandoc(text).split("\n\n")[1:] for line in ("", joined(part))
    ]


def _columns(columns: tuple[events.Column, ...]) -> list[str]:
    rows = [
        (
            f"`{column.name}`",
            column.type.value,
            "yes" if column.required else "",
            "" if column.least is None else str(column.least),
            "" if column.most is None else str(column.most),
            column.text,
        )
        for column in columns
    ]
    return table(("column", "type", "needed", "least", "most", "meaning"), rows)


def _docstring_parts(module: ModuleType) -> tuple[str, str, str]:
    """The first paragraph, the indented example and what follows it."""
    paragraphs = inspect.cleandoc(module.__doc__ or "")
    sentence, _, body = paragraphs.partition("\n\n")
    example = [line for line in body.splitlines() if line.startswith("    ")]
    rest = [line for line in body.splitlines() if not line.startswith("    ")]
    return joined(sentence), inspect.cleandoc("\n" + "\n".join(example)), joined(" ".join(rest))


def main() -> None:
    """Write all pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, write in PAGES.items():
        (FOLDER / name).write_text(write(), encoding="utf-8")
    reference_journal.main()


if __name__ == "__main__":
    main()
