"""What is wrong with a request, in words its sender can act on: what the shape expects where it was not understood.

Read from the shapes themselves, so that a new field or choice needs nothing here.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import inspect

_PLACE = re.compile(r" - at (?:`key` in )?`\$([^`]*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[")
_NAMED = re.compile(r"`([^`]*)`")
_TYPES = {
    "`str`": "text",
    "`int`": "a whole number",
    "`float`": "a number",
    "`bool`": "true or false",
    "`object`": "a JSON object",
    "`array`": "a list",
    "`null`": "null",
}
_FORMS = {
    "RFC3339 encoded date": "a date. Write YYYY-MM-DD.",
    "RFC3339 encoded datetime": "a moment. Write YYYY-MM-DDThh:mm:ss+08:00.",
}


def meant(word: str, known: Iterable[str]) -> str:
    """The nearest of the known words as a question, with a space before it; nothing when none is near."""
    near = difflib.get_close_matches(word, tuple(known), 1)
    return f" Did you mean {near[0]}?" if near else ""


def not_understood(error: Exception, shape: type[msgspec.Struct], body: bytes | None = None) -> str:
    """What is wrong with a body that is not of a shape, and what to send instead, in whole sentences."""
    names = ", ".join(field.encode_name for field in _struct(inspect.type_info(shape)))
    said = str(error)
    if body is not None and not body.strip():
        return f"the body is empty: send JSON. Fields: {names}."
    if isinstance(error, UnicodeDecodeError):
        return "the body is not UTF-8. Send JSON in UTF-8."
    if not isinstance(error, msgspec.ValidationError):
        if "truncated" in said:
            return "the JSON ends too early. Close every quote, bracket and brace."
        said = said.removeprefix("JSON is malformed: ")
        return f"the body is no JSON: {said}. Send a JSON object. Fields: {names}."
    found = _PLACE.search(said)
    path = found[1] if found else ""
    words = said[: found.start()] if found else said
    place = path.removeprefix(".")
    nodes = list(_at(inspect.type_info(shape), path))
    return _said(words, place, nodes, of_key=found is not None and "`key`" in found[0])


def _said(words: str, place: str, nodes: list[inspect.Type], *, of_key: bool) -> str:
    """One sentence on what is wrong at a place, one on what is expected there."""
    quoted = _NAMED.search(words)
    name = quoted[1] if quoted else ""
    inside = f" in {place}" if place else ""
    known = [field.encode_name for node in nodes for field in _struct(node)]
    if words.startswith("Object contains unknown field"):
        return f"there is no field {name!r}{inside}.{meant(name, known)} Fields: {', '.join(known)}."
    if words.startswith("Object missing required field"):
        needed = [field.encode_name for node in nodes for field in _struct(node) if field.required]
        return f"the field {name!r} is missing{inside}. Needed: {', '.join(needed)}."
    what = f"a name in {place}" if of_key else place or "the body"
    choices = [str(choice) for node in nodes for choice in _choices(node)]
    if words.startswith("Invalid enum value") and choices:
        value = words.removeprefix("Invalid enum value").strip().strip("'")
        return f"{what} must be one of {', '.join(choices)}, not {value!r}.{meant(value, choices)}"
    for form, instead in _FORMS.items():
        if words == f"Invalid {form}":
            return f"{what} is not {instead}"
    told = "" if of_key else "".join(f" {text}" for node in nodes for text in _described(node))
    if "matching regex" in words and told:
        return f"{what} is not of its form. Write:{told}"
    for type_, text in _TYPES.items():
        words = words.replace(type_, text)
    return f"{what}: {words[:1].lower()}{words[1:]}.{told}"


def _at(node: inspect.Type, path: str) -> Iterator[inspect.Type]:
    """The types a path may lead to: more than one where a union is on the way."""
    for each in _members(node):
        step = _STEP.match(path)
        if step is None:
            yield each
            continue
        rest = path[step.end() :] if step[1] else path.partition("]")[2]
        bare = _bare(each)
        for field in _struct(bare):
            if field.encode_name == step[1]:
                yield from _at(field.type, rest)
        inner: Any = getattr(bare, "item_type", None) or getattr(bare, "value_type", None)
        if step[1] is None and inner is not None:
            yield from _at(inner, rest)


def _members(node: inspect.Type) -> tuple[inspect.Type, ...]:
    bare = _bare(node)
    return bare.types if isinstance(bare, inspect.UnionType) else (node,)


def _bare(node: inspect.Type) -> inspect.Type:
    return node.type if isinstance(node, inspect.Metadata) else node


def _struct(node: inspect.Type) -> tuple[inspect.Field, ...]:
    bare = _bare(node)
    return bare.fields if isinstance(bare, inspect.StructType) else ()


def _choices(node: inspect.Type) -> tuple[Any, ...]:
    bare = _bare(node)
    if isinstance(bare, inspect.LiteralType):
        return tuple(bare.values)
    return tuple(member.value for member in bare.cls) if isinstance(bare, inspect.EnumType) else ()


def _described(node: inspect.Type) -> tuple[str, ...]:
    text = (node.extra_json_schema or {}).get("description", "") if isinstance(node, inspect.Metadata) else ""
    return (str(text),) if text else ()
