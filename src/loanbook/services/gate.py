"""Requests that are refused before their verb sees them, by who asks and what they name."""

from collections.abc import Callable, Sequence
from typing import Any

from loanbook.services.caller import Caller, Refusal
from loanbook.services.desk import Answer, Run
from loanbook.stores.online.unit import Unit, is_id


def gated(run: Run, refuse: Callable[[Caller, Any], Refusal | None]) -> Run:
    """A verb that sees only the requests of a batch for which `refuse` gives no refusal."""

    def checked(unit: Unit, asked: Sequence[tuple[Caller, Any]]) -> list[Answer | Refusal]:
        refusals = [refuse(caller, request) for caller, request in asked]
        good = [each for each, refusal in zip(asked, refusals, strict=True) if refusal is None]
        answers = iter(run(unit, good) if good else ())
        return [next(answers) if refusal is None else refusal for refusal in refusals]

    return checked


def bound_key(caller: Caller, _: Any) -> Refusal | None:
    """A key of one borrower takes nobody in: the answer would tell who is known already, and by which pseudonym."""
    if caller.borrower_id is None:
        return None
    detail = f"this key is bound to borrower {caller.borrower_id} and takes nobody in. Register with a key that is not bound."
    return Refusal(status=403, rule="key_bound_to_borrower", detail=detail)


def reference_of_ours(_: Caller, request: Any) -> Refusal | None:
    """References of those outside share a column with ids of ours (a refund's proposal, an item of suspense) and stay apart.

    What we book ourselves under such an id does not come this way.
    """
    reference = request.provider_reference
    if not is_id(reference):
        return None
    detail = f"reference {reference} has the form of the platform's own ids. Send the reference that the provider gave."
    return Refusal(status=422, rule="reference_of_ours", detail=detail, figures={"provider_reference": reference})
