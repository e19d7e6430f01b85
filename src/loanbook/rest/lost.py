"""Paths that are none and methods that a path does not take, as problem details with what was probably meant."""

import difflib
from collections.abc import Iterable

from loanbook.services.caller import Refusal


def no_such_path(path: str, known: Iterable[str]) -> Refusal:
    """That there is no such path. `known` paths may end in an id, as `/loan/{loan_id}`; shown as it was asked for, shortened."""
    whole = {each.split("/{")[0]: each for each in known if not each.startswith("/{")}
    head = "/" + path.strip("/").partition("/")[0].replace("_", "-").lower()
    near = [head] if head in whole else difflib.get_close_matches(head, whole, 1)
    hint = f" Did you mean {whole[near[0]]}?" if near else ""
    detail = f"there is no {path[:100]!r}.{hint} The paths are at /docs and in /openapi.json."
    return Refusal(status=404, rule="no_such_path", detail=detail)


def other_method(path: str, method: str, allowed: str) -> Refusal:
    """That a path is asked for by another method."""
    methods = ", ".join(sorted({each.strip() for each in allowed.split(",")} - {"HEAD", ""}))
    detail = f"{path[:100]} is asked for by {methods or 'another method'}, not {method[:20]}."
    return Refusal(status=405, rule="method_not_allowed", detail=detail)
