"""How help reads: `BOOK`, `--as-of DATE`, instead of `{BOOK}` and `<str>`; one way for all commands.

Typer writes names of Python types. What a value is to a person is said here, once, from the type and the option's name.
"""

import re
from collections.abc import Iterable
from typing import Any

from typer import Context
from typer.core import TyperArgument, TyperGroup, TyperOption

DATES = frozenset({"as_of", "known_at", "observed_to", "on", "to", "from_", "from", "starts_on", "ends_on", "day"})
"""Options whose text is a day, YYYY-MM-DD."""
HELP_NAMES = ["-h", "--help"]
_LISTED = re.compile(r"^\s*[*-] |\x08", re.MULTILINE)
_WORDS = {"str": "TEXT", "int": "NUMBER", "float": "NUMBER", "path": "PATH", "file": "FILE", "directory": "FOLDER"}


class ReadableArgument(TyperArgument):
    """An argument that stands in the usage as it is typed: BOOK, or [BOOK] where it can be left out."""

    def get_usage_pieces(self, ctx: Any) -> list[str]:
        """The argument in the usage line."""
        name = self.display_name_raw.removesuffix("...") + ("..." if self.nargs != 1 else "")
        return [name if self.required else f"[{name}]"]

    def display_type_rich(self, ctx: Any) -> str | None:
        """Nothing: the name says what to write."""
        return None


class Readable(TyperGroup):
    """The commands, their arguments and options under readable names."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        _read_one(self)
        for command in self.commands.values():
            self.read(command)

    def read(self, command: Any) -> Any:
        """The command under readable names, and all that stand below it."""
        _read_one(command)
        for below in getattr(command, "commands", {}).values():
            self.read(below)
        return command

    def get_params(self, ctx: Any) -> Any:
        """The options of the root; typer adds those of completion after it was made."""
        found = super().get_params(ctx)
        _name(found)
        return found


def _read_one(command: Any) -> None:
    command.help = joined(command.help or "")
    names = command.context_settings.setdefault("help_option_names", HELP_NAMES)
    shown = command.get_help_option(Context(command, help_option_names=names))
    _name((*command.params, shown))


def _name(parameters: Iterable[Any]) -> None:
    for parameter in parameters:
        if isinstance(parameter, TyperArgument):
            parameter.metavar = (parameter.metavar or parameter.name or "").upper()
            # Typer makes its arguments itself, so they become ours after the fact.
            parameter.__class__ = ReadableArgument
        elif isinstance(parameter, TyperOption) and parameter.metavar is None:
            parameter.metavar = _word(parameter)


def joined(text: str) -> str:
    """Paragraphs in one line each, for the screen to wrap; a paragraph with a list stays as it is written."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(each if _LISTED.search(each) else " ".join(each.split()) for each in paragraphs)


def _word(option: TyperOption) -> str | None:
    """What an option takes: nothing for a flag, a word for the others, its choices where it has some."""
    if option.is_flag:
        return ""
    if option.name in DATES:
        return "DATE"
    found = option.type_descriptor
    if found.is_choice:
        return None
    return "DATE" if found.is_datetime else _WORDS.get(found.path_type if found.is_path else option.bare_type(), "TEXT")
