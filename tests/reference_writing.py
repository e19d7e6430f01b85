"""How pages of the reference are written: tables, words with the docstrings that stand under them, and who made the page."""

import ast
import enum
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

MADE = "<!-- Written by `make docs` from {source}; edit that. -->\n"


def members(module: ModuleType, found: type[enum.Enum]) -> Iterator[tuple[Any, str]]:
    """Members with the docstring that stands under each in the source."""
    tree = ast.parse(inspect.getsource(module))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == found.__name__)
    texts: dict[str, str] = {}
    name = ""
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and name:
            texts[name] = joined(str(node.value.value))
    return ((member, texts.get(member.name, "")) for member in found)


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    written = [tuple(cell.replace("|", "\\|") for cell in row) for row in rows]
    return [f"| {' | '.join(row)} |" for row in (heads, tuple("---" for _ in heads), *written)]


def paragraph(module: ModuleType) -> str:
    return "\n\n".join(joined(part) for part in (module.__doc__ or "").strip().split("\n\n"))


def joined(text: str) -> str:
    return " ".join(text.split())


def page(source: str, lines: list[str]) -> str:
    return MADE.format(source=source) + "\n".join(lines) + "\n"
