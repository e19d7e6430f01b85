"""YAML of a terms file with the place of every value, so that a message can say path:line. Only plain YAML is read.

Tags (`!!python/object` and the like), anchors and aliases are refused: terms need none of them, and they are how a YAML file
runs code or grows without bound.
"""

import difflib
import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from loanbook.errors import RequestError, TermsError
from loanbook.units import day, parse_decimal

BYTES_MAX = 1 << 20
"""A terms file of 1 MiB would be a mistake or an attack."""

KEPT_MAX = 1 << 15
"""Characters of a text whose values are kept: ten times the longest terms file; 256 of them are some 100 MB at the very most."""

DEPTH_MAX = 32
"""Far deeper than any terms; composing deeper nesting would take seconds a kilobyte."""

_PLAIN = "tag:yaml.org,2002:"
_TRUE = {"true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A YAML value and where it stands.

    value   text, int, bool, None, a dict of name to Located, or a tuple of Located; decimals stay text
    """

    value: Any
    path: str
    line: int

    @property
    def place(self) -> str:
        """``path:line``."""
        return f"{self.path}:{self.line}"

    def wrong(self, words: str) -> TermsError:
        """The error for this value."""
        return TermsError(f"{self.place}: {words}")

    def fields(self, what: str, allowed: Iterable[str], required: Iterable[str] = ()) -> dict[str, "Located"]:
        """The value as a dict, with only allowed names and all required ones."""
        if not isinstance(self.value, dict):
            raise self.wrong(f"{what} must be names with values, not {self.shown}.")
        known = tuple(allowed)
        for name, item in self.value.items():
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
                raise item.wrong(f"{what} has no setting {name!r}. {hint}")
        for name in required:
            if name not in self.value:
                raise self.wrong(f"{what} needs {name!r}.")
        return dict(self.value)

    def names(self, what: str) -> dict[str, "Located"]:
        """The value as a dict with any names."""
        if not isinstance(self.value, dict):
            raise self.wrong(f"{what} must be names with values, not {self.shown}.")
        return dict(self.value)

    def items(self, what: str) -> tuple["Located", ...]:
        """The value as a list; a single value is a list of one."""
        if isinstance(self.value, dict):
            raise self.wrong(f"{what} must be a list.")
        return self.value if isinstance(self.value, tuple) else (self,)

    def text(self, what: str) -> str:
        """The value as text; numbers are taken as they are written."""
        if self.value is None or isinstance(self.value, dict | tuple | bool):
            raise self.wrong(f"{what} must be text, not {self.shown}.")
        return str(self.value)

    def integer(self, what: str) -> int:
        """The value as an integer."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.wrong(f"{what} must be a whole number, not {self.shown}.")
        return self.value

    def whole(self, what: str, least: int, most: int) -> int:
        """The value as a whole number inside limits."""
        number = self.integer(what)
        if not least <= number <= most:
            raise self.wrong(f"{what} must lie between {least:,} and {most:,}; got {number:,}.")
        return number

    def scaled(self, what: str, scale: int, example: str) -> int:
        """The value, a decimal, as an exact whole number of `scale`-ths."""
        if self.value is None or isinstance(self.value, dict | tuple | bool):
            raise self.wrong(f"{what} must be a number, not {self.shown}. Write {example}.")
        try:
            return parse_decimal(self.value, scale, exact=True)
        except (RequestError, OverflowError) as error:
            digits = len(str(scale)) - 1
            raise self.wrong(
                f"{what} must be a number of at most {digits} decimals; got {self.shown}. Write {example}."
            ) from error

    def date(self, what: str) -> int:
        """The value as a day number."""
        try:
            return day(str(self.value))
        except RequestError as error:
            raise self.wrong(f"{what} must be a date, not {self.shown}. Write YYYY-MM-DD.") from error

    def flag(self, what: str) -> bool:
        """The value as true or false."""
        if not isinstance(self.value, bool):
            raise self.wrong(f"{what} must be true or false, not {self.shown}.")
        return self.value

    def choice(self, what: str, allowed: Iterable[str]) -> str:
        """The value as one of a few words."""
        words = tuple(allowed)
        if self.value not in words:
            near = difflib.get_close_matches(str(self.value), words, 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise self.wrong(f"{what} must be one of {', '.join(words)}, not {self.shown}.{hint}")
        return str(self.value)

    @property
    def shown(self) -> str:
        """The value as a message shows it."""
        if isinstance(self.value, dict):
            return "a block of settings"
        if isinstance(self.value, tuple):
            return "a list"
        return "nothing" if self.value is None else repr(self.value)


def read_text(path: Path, name: str) -> str:
    """The text of a terms file; `name` is what messages call it.

    raises   TermsError: not to be read, too large, not UTF-8 (with the line)
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TermsError(f"{name}:1: the file cannot be read: {error.strerror}.") from error
    if len(content) > BYTES_MAX:
        raise TermsError(f"{name}:1: a file of {len(content):,} bytes is too large; at most {BYTES_MAX:,}.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TermsError(f"{name}:{line}: byte {content[error.start]:#04x} is not UTF-8. Save the file as UTF-8.") from error


def read_located(path: Path, shown: str | None = None) -> Located:
    """The YAML of a file.

    shown    how messages name the file; default its path
    raises   TermsError with path and line: not UTF-8, not YAML, a tag, an anchor, a name twice, nested too deep, too large
    """
    name = shown or str(path)
    return parse_located(read_text(path, name), name)


def parse_located(text: str, name: str) -> Located:
    """The YAML of a text; `name` is what messages call it. Raises as `read_located`.

    The same text is read once: a close asks for the terms of every loan and company again and again, and reading takes 10 ms.
    """
    return _kept(text, name) if len(text) <= KEPT_MAX else _parse(text, name)


def _parse(text: str, name: str) -> Located:
    try:
        depth = 0
        for event in YAML(typ="safe", pure=True).parse(text):
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if depth > DEPTH_MAX:
                line = event.start_mark.line + 1
                raise TermsError(f"{name}:{line}: the file is nested too deep. Terms have six levels at most.")
            if getattr(event, "anchor", None):
                raise TermsError(f"{name}:{event.start_mark.line + 1}: anchors and aliases are not allowed. Write the value out.")
        node = YAML(typ="safe", pure=True).compose(text)
        if node is None:
            raise TermsError(f"{name}:1: the file is empty.")
        return _located(node, name)
    except RecursionError as error:
        raise TermsError(f"{name}:1: the file is nested too deep. Terms have six levels at most.") from error
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        words = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise TermsError(f"{name}:{mark.line + 1 if mark else 1}: this is not YAML: {words}.") from error


_kept = functools.lru_cache(maxsize=256)(_parse)


def _located(node: Node, name: str) -> Located:
    line = node.start_mark.line + 1
    tag = str(node.tag)
    if not tag.startswith(_PLAIN) or tag.removeprefix(_PLAIN).split("/")[0] not in _TAGS:
        raise TermsError(f"{name}:{line}: the tag {tag!r} is not allowed. Write plain text, numbers, lists and names.")
    value: Any
    if isinstance(node, MappingNode):
        value = {}
        for key, item in node.value:
            if not isinstance(key, ScalarNode):
                raise TermsError(f"{name}:{key.start_mark.line + 1}: a name must be plain text.")
            if key.value in value:
                raise TermsError(f"{name}:{key.start_mark.line + 1}: {key.value!r} stands twice. Keep one of them.")
            inner = _located(item, name)
            at = key.start_mark.line + 1 if isinstance(item, ScalarNode) else inner.line
            value[key.value] = Located(value=inner.value, path=name, line=at)
    elif isinstance(node, SequenceNode):
        value = tuple(_located(item, name) for item in node.value)
    else:
        value = _scalar(tag.removeprefix(_PLAIN), str(node.value))
    return Located(value=value, path=name, line=line)


_TAGS = ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")


def _scalar(tag: str, text: str) -> Any:
    if tag == "null":
        return None
    if tag == "bool" and text.lower() in _TRUE:
        return _TRUE[text.lower()]
    if tag == "int" and text.lstrip("+-").isdigit():
        return int(text)
    return text
