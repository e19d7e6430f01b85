"""What a read is: something that can be looked up, by whom, and how; `reading` lists them all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from loanbook.services.caller import Caller, Refusal
from loanbook.stores.online.unit import Row, Unit

STAFF = frozenset({"risk", "finance", "operator", "auditor"})
"""The platform's own roles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One thing that can be looked up.

    by        name of the id; options: query parameters with their meaning
    find      (unit, caller, id, options) -> the answer or why not
    """

    name: str
    text: str
    by: str
    answer: type[msgspec.Struct]
    roles: frozenset[str]
    find: Callable[[Unit, Caller, str, Mapping[str, str]], msgspec.Struct | Refusal]
    options: Mapping[str, str] = field(default_factory=dict)


def none_such(what: str, id_: str) -> Refusal:
    """That there is nothing of that id, or nothing that the caller may see."""
    return Refusal(status=404, rule=f"no_such_{what}", detail=f"there is no {what} {id_}.")


def is_own(caller: Caller, row: Row) -> bool:
    """A borrower's app sees its borrower, a partner its loans; the platform's own roles see all."""
    if caller.borrower_id is not None and row.get("borrower_id") != caller.borrower_id:
        return False
    return caller.partner is None or row.get("partner") == caller.partner


def no_vehicle(code: str) -> Refusal:
    """That a vehicle has no books: it is none, or its first day is still to be closed."""
    detail = (
        f"there are no books of a vehicle {code}. Those of a vehicle of the terms open when its first day is closed (day close)."
    )
    return Refusal(status=404, rule="no_such_vehicle", detail=detail)
