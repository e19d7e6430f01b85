"""Two pairs of eyes: terms, manual entries, write-offs and refunds are proposed by one and done when another approves.

What is done is what was proposed: its content is stored with its hash, the checker names the hash that was read, and the approval
does it in its own transaction or not at all. A caller keeps its id when its keys change, so nobody approves what they proposed.
What cannot be done is refused when it is proposed, and judged again when it is approved.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from loanbook.services.caller import Caller, Refusal
from loanbook.services.requests import Asked, Given, Id, Name, Sha256
from loanbook.services.wording import not_understood
from loanbook.stores.online.schema import LINE, LOAN, PROPOSAL
from loanbook.stores.online.unit import Row, Unit, new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Something that needs two: which roles propose it and which approve it."""

    makers: frozenset[str]
    checkers: frozenset[str]


KINDS: Mapping[str, Kind] = {
    "terms": Kind(makers=frozenset({"risk", "finance"}), checkers=frozenset({"risk", "finance"})),
    "manual_entry": Kind(makers=frozenset({"finance"}), checkers=frozenset({"finance"})),
    "write_off": Kind(makers=frozenset({"operator", "risk"}), checkers=frozenset({"finance"})),
    "refund": Kind(makers=frozenset({"operator", "finance"}), checkers=frozenset({"finance"})),
}

Reason = Annotated[str, Meta(min_length=1, max_length=1000)]


class Proposing(Asked):
    """Propose something that another must approve. Content holds pseudonyms, whole numbers and texts, no personal data.

    write_off: {"cause": "bankruptcy"}; refund: {"amount_fen": 12345}; terms: {"kind": "product", "text": "the YAML"}, the code is
    the subject; manual_entry: {"book": "CORE", "currency": "CNY", "happened_on": "2026-11-30", "debit": "...", "credit": "...",
    "amount_fen": 100, "text": "..."}, the entity is the subject.
    """

    kind: Literal["terms", "manual_entry", "write_off", "refund"]
    subject: Id
    """The loan, terms or account that it is about."""
    content: dict[Name, Any]
    reason: Reason


class Checking(Asked):
    """Approve or reject what another proposed; `content_hash` is that of the content that was read."""

    proposal_id: Id
    content_hash: Sha256
    approve: bool
    remark: Annotated[str, Meta(max_length=1000)] = ""


class Proposed(Given):
    """A proposal as it stands."""

    proposal_id: str
    state: str
    content_hash: str


class Checked(Given):
    """What became of a proposal, and what doing it answered."""

    proposal_id: str
    state: str
    done: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be done: `content` in the shape of its kind."""

    proposal_id: str
    subject: str
    content: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """How one kind is judged and done.

    shape     what its content must be
    refuse    (unit, order) -> why it cannot be done as things are, or None; asked when it is proposed and before it is done
    do        (unit, order) -> what to answer; called when `refuse` said nothing, in the transaction of the approval
    on_loan   its subject is a loan, which is locked with its line before it is judged for approval
    """

    shape: type[msgspec.Struct]
    refuse: Callable[[Unit, Order], Refusal | None]
    do: Callable[[Unit, Order], Mapping[str, Any]]
    on_loan: bool = False


Executors: TypeAlias = Mapping[str, Executor]


def content_hash(kind: str, subject: str, content: Mapping[str, Any]) -> bytes:
    """SHA-256 of a proposal as JSON with sorted names; the same before and after it was stored."""
    return sha256(msgspec.json.encode([kind, subject, content], order="sorted")).digest()


def propose(executors: Executors, unit: Unit, asked: Sequence[tuple[Caller, Proposing]]) -> list[Proposed | Refusal]:
    """Write proposals down; nothing is done yet."""
    return [_propose(executors, unit, caller, request) for caller, request in asked]


def _propose(executors: Executors, unit: Unit, caller: Caller, request: Proposing) -> Proposed | Refusal:
    makers = KINDS[request.kind].makers
    if caller.role not in makers:
        return _not_allowed(f"a {request.kind} is proposed by {_shown(makers)}", caller)
    odd = _not_exact(request.content)
    if odd is not None:
        detail = f"content holds {odd!r}. Write amounts and rates as whole numbers of their unit, anything else as text."
        return Refusal(status=422, rule="content_not_exact", detail=detail)
    proposal_id = new_id("pp")
    order = _order(executors[request.kind], proposal_id, request.subject, request.content)
    refusal = order if isinstance(order, Refusal) else executors[request.kind].refuse(unit, order)
    if refusal is not None:
        return refusal
    digest = content_hash(request.kind, request.subject, request.content)
    unit.insert(
        PROPOSAL,
        proposal_id=proposal_id,
        kind=request.kind,
        subject=request.subject,
        content=request.content,
        content_hash=digest,
        reason=request.reason,
        state="proposed",
        maker=caller.caller_id,
        made_at=unit.now,
    )
    unit.event("proposal_made", proposal_id, what=request.kind, about=request.subject, content_hash=digest.hex())
    return Proposed(proposal_id=proposal_id, state="proposed", content_hash=digest.hex())


def _order(executor: Executor, proposal_id: str, subject: str, content: Mapping[str, Any]) -> Order | Refusal:
    try:
        typed = msgspec.convert(content, executor.shape)
    except msgspec.ValidationError as error:
        return Refusal(status=422, rule="content_not_understood", detail=f"content: {not_understood(error, executor.shape)}")
    return Order(proposal_id=proposal_id, subject=subject, content=typed)


def check(executors: Executors, unit: Unit, asked: Sequence[tuple[Caller, Checking]]) -> list[Checked | Refusal]:
    """Approve or reject; what is approved is done now, in this transaction, and seen by the next of the batch."""
    rows = unit.lock(PROPOSAL, (request.proposal_id for _, request in asked))
    # All loans at once and in order, as every other verb locks them.
    unit.lock_both(LINE, LOAN, "line_id", (row["subject"] for row in rows.values() if executors[row["kind"]].on_loan))
    return [_check(executors, unit, caller, request, rows.get(request.proposal_id)) for caller, request in asked]


def _check(executors: Executors, unit: Unit, caller: Caller, request: Checking, row: Row | None) -> Checked | Refusal:
    if row is None:
        return no_such_proposal(request.proposal_id)
    refusal = _cannot_check(caller, request, row)
    if refusal is not None:
        return refusal
    done: Mapping[str, Any] = {}
    if request.approve:
        executor = executors[row["kind"]]
        order = _order(executor, row["proposal_id"], row["subject"], row["content"])
        if isinstance(order, Refusal):
            return order
        refusal = executor.refuse(unit, order)
        if refusal is not None:
            return refusal
        done = executor.do(unit, order)
    state = "approved" if request.approve else "rejected"
    unit.update(PROPOSAL, row, state=state, checker=caller.caller_id, checked_at=unit.now, remark=request.remark or None)
    unit.event(f"proposal_{state}", row["proposal_id"], what=row["kind"], about=row["subject"])
    unit.flush()
    return Checked(proposal_id=row["proposal_id"], state=state, done=dict(done))


def no_such_proposal(proposal_id: str) -> Refusal:
    """That there is no proposal of that id."""
    return Refusal(status=404, rule="no_such_proposal", detail=f"there is no proposal {proposal_id}.")


def _cannot_check(caller: Caller, request: Checking, row: Row) -> Refusal | None:
    checkers = KINDS[row["kind"]].checkers
    if caller.role not in checkers:
        return _not_allowed(f"a {row['kind']} is approved by {_shown(checkers)}", caller)
    if caller.caller_id == row["maker"]:
        detail = f"{caller.caller_id} proposed it; another must approve or reject it."
        return Refusal(status=403, rule="maker_is_checker", detail=detail, figures={"maker": row["maker"]})
    if row["state"] != "proposed":
        detail = f"proposal {row['proposal_id']} is {row['state']} already."
        return Refusal(status=409, rule="proposal_decided", detail=detail, figures={"state": row["state"]})
    stored = content_hash(row["kind"], row["subject"], row["content"])
    if stored != bytes(row["content_hash"]):
        detail = (
            f"the content of proposal {row['proposal_id']} is not what was proposed. Propose it anew, and have it looked into."
        )
        return Refusal(status=409, rule="proposal_changed", detail=detail)
    if request.content_hash != stored.hex():
        detail = "content_hash is not that of this proposal. Read it again, and name the hash of what was read."
        return Refusal(status=409, rule="another_content", detail=detail, figures={"content_hash": stored.hex()})
    return None


def _not_allowed(words: str, caller: Caller) -> Refusal:
    return Refusal(status=403, rule="role_not_allowed", detail=f"{words}; this key is of role {caller.role}.")


def _shown(roles: frozenset[str]) -> str:
    return " or ".join(sorted(roles))


def _not_exact(value: Any) -> Any:
    """The first value that would not come back from the store as it went in: a fraction in binary, or a NUL; None when all do."""
    if isinstance(value, float) or (isinstance(value, str) and "\0" in value):
        return value
    inside = [*value.keys(), *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((found for found in map(_not_exact, inside) if found is not None), None)
