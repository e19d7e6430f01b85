"""Commands that are imported when they are called, so that the command line starts without what the others need.

Help of all commands is read from their sources: it lists them without importing one.
"""

import ast
import pkgutil
from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand
from typer.main import get_group

from loanbook.commands.help import Readable, joined

ROOM = "loanbook.commands"


class Waiting(TyperCommand):
    """A command known by its name and its place, `module:function`, or `module:app` for a group of commands."""

    def __init__(self, name: str, place: str) -> None:
        super().__init__(name)
        self.module, _, self.found = place.partition(":")

    def described(self) -> "Waiting":
        """The command with its help: the docstring of its function, or of its module for a group."""
        if not self.help:
            source = pkgutil.get_data(ROOM, f"{self.module}.py") or b""
            tree = ast.parse(source)
            functions = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == self.found)
            self.help = joined(ast.get_docstring(next(functions, tree)) or "")
        return self

    def loaded(self) -> Any:
        """The command itself, its module imported."""
        found = getattr(import_module(f"{ROOM}.{self.module}"), self.found)
        holder = typer.Typer()
        if isinstance(found, typer.Typer):
            holder.add_typer(found, name=self.name)
        else:
            holder.command(self.name)(found)
        return get_group(holder).commands[self.name or ""]


class Late(Readable):
    """A group whose commands stand in `places`: each name with the place of its function or group."""

    places: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, place in self.places.items():
            self.add_command(Waiting(name, place))

    def load(self) -> "Late":
        """The group with all of its commands imported."""
        for name in self.places:
            self._load(name)
        return self

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, imported or not, with its help."""
        found = super().get_command(ctx, cmd_name)
        return found.described() if isinstance(found, Waiting) else found

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called, imported now."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, self._load(name) if isinstance(command, Waiting) and name else command, rest

    def _load(self, name: str) -> Any:
        found = self.commands[name]
        if isinstance(found, Waiting):
            self.add_command(self.read(found.loaded()), name)
        return self.commands[name]
