"""Packs are YAML: how they are read."""

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from loanbook.errors import RequestError


def content_of(text: str, name: str) -> dict[str, Any]:
    """The mapping that the text of a pack holds.

    Raises RequestError for what is no YAML, or no mapping.
    """
    try:
        found = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f"{name}:{mark.line + 1}" if mark else name
        raise RequestError(f"{at}: not readable as YAML: {getattr(error, 'problem', error)}.") from error
    if not isinstance(found, dict):
        raise RequestError(f"{name}: a pack is a mapping of items, relations and ratios, not {type(found).__name__}.")
    return found
