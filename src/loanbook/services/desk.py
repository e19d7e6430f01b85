"""The desk: takes calls of one verb, answers each key once, and commits every call's consequences with its answer.

A verb works on a batch of requests in one transaction; a batch of one is a single call. What a verb refuses is an answer like any
other. If a batch fails as a whole, its calls are tried one by one, so that a single bad one does not take the others with it; a
single one is tried again where another desk wrote the same at the same moment.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
from psycopg.errors import UniqueViolation

from loanbook.services.caller import Caller, Refusal
from loanbook.services.parties import OUTSIDE
from loanbook.services.read import Read
from loanbook.services.signing import Signed, take
from loanbook.services.wording import not_understood
from loanbook.stores.online.requests import Known, known_answers, take_keys
from loanbook.stores.online.schema import AUDIT, REQUEST
from loanbook.stores.online.unit import Connection, Unit

KEY_MOST = 200
"""Characters of an idempotency key."""
ID_MOST = 64
BODY_MOST = 64 * 1024
"""Bytes of a request's body, where its verb does not say otherwise."""
NESTED_MOST = 64
"""Lists and objects inside each other in a request's body."""
_TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")


Request: TypeAlias = msgspec.Struct
Answer: TypeAlias = msgspec.Struct
Run: TypeAlias = Callable[[Unit, Sequence[tuple[Caller, Any]]], Sequence[Answer | Refusal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One thing that can be asked of the platform; REST routes and commands are made of this.

    run         (unit, [(caller, request)]) -> one answer or refusal each, in order
    body_most   bytes of a request over HTTP
    """

    name: str
    text: str
    request: type[msgspec.Struct]
    answer: type[msgspec.Struct]
    roles: frozenset[str]
    run: Run
    status: int = 200
    body_most: int = BODY_MOST

    @property
    def is_signed(self) -> bool:
        """Whether it is also taken as a signed message: when someone outside may ask for it."""
        return bool(self.roles & OUTSIDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as it came in.

    signed   what it was believed by instead of a key; its nonce is taken with its consequences
    """

    caller: Caller
    key: str
    body: bytes
    signed: Signed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes back: a JSON body, problem+json from status 400 on."""

    status: int
    body: bytes

    @property
    def is_problem(self) -> bool:
        """Whether the body is problem details."""
        return self.status >= 400


def refused(refusal: Refusal) -> Reply:
    """A refusal as it goes back."""
    return Reply(status=refusal.status, body=msgspec.json.encode(refusal.body()))


class Desk:
    """Answers calls over one connection; not shared between threads.

    clock       gives now, with zone, and the civil day in the platform's zone
    body_hash   what bodies are compared by: keyed (`Vault.body_hash`), because a body may hold personal data
    """

    def __init__(
        self,
        connection: Connection,
        clock: Callable[[], tuple[dt.datetime, dt.date]],
        body_hash: Callable[[bytes], bytes],
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._body_hash = body_hash

    def answer(self, verb: Verb, calls: Sequence[Call]) -> list[Reply]:
        """One reply to each call, in order; raises what the store raises when even a single call cannot be tried."""
        replies: list[Reply | None] = [None] * len(calls)
        requests: dict[int, Any] = {}
        decoder = msgspec.json.Decoder(verb.request)
        for place, call in enumerate(calls):
            found = _checked(verb, call, decoder)
            if isinstance(found, Refusal):
                replies[place] = refused(found)
            else:
                requests[place] = found
        todo = list(requests)
        if todo:
            try:
                answered = self._transact(verb, [(calls[place], requests[place]) for place in todo])
            except Exception as error:
                self._connection.rollback()
                # Who wrote the same reference first has committed by now: a call that is tried again finds it, and is refused by
                # its rule.
                if len(todo) == 1 and not isinstance(error, UniqueViolation):
                    raise
                answered = [self._alone(verb, calls[place], requests[place]) for place in todo]
            for place, reply in zip(todo, answered, strict=True):
                replies[place] = reply
        return [reply for reply in replies if reply is not None]

    def look(self, read: Read, caller: Caller, id_: str, options: Mapping[str, str]) -> Reply:
        """What was asked to be seen; every access leaves an audit row."""
        if caller.role not in read.roles:
            return refused(_role_refused(read.name, caller, read.roles))
        unknown = sorted(set(options) - set(read.options))
        if unknown or not id_ or len(id_) > ID_MOST or not id_.isprintable():
            detail = f"{read.name} is looked up by an id of 1 to {ID_MOST} characters"
            detail += f" and knows {', '.join(read.options) or 'no options'}; got {', '.join(unknown) or 'another id'}."
            return refused(Refusal(status=422, rule="request_not_understood", detail=detail))
        now, today = self._clock()
        unit = Unit(self._connection, now, today)
        found = read.find(unit, caller, id_, options)
        if isinstance(found, Refusal):
            reply = refused(found)
        else:
            reply = Reply(status=200, body=msgspec.json.encode(found))
        unit.insert(
            AUDIT, recorded_at=now, caller_id=caller.caller_id, action=f"read_{read.name}", subjects=[id_], status=reply.status
        )
        unit.flush()
        self._connection.commit()
        return reply

    def reach_store(self) -> None:
        """Raises what the store raises when it does not answer."""
        self._connection.execute("SELECT 1")
        self._connection.rollback()

    def _alone(self, verb: Verb, call: Call, request: Any) -> Reply:
        try:
            return self._transact(verb, [(call, request)])[0]
        except Exception as error:
            self._connection.rollback()
            return refused(_failed(verb, error))

    def _transact(self, verb: Verb, asked: Sequence[tuple[Call, Any]]) -> list[Reply]:
        now, today = self._clock()
        connection = self._connection
        replies: list[Reply | None] = [None] * len(asked)
        unit = Unit(connection, now, today)
        self._take_nonces(unit, verb, [call for call, _ in asked], replies)
        names = [(call.caller.caller_id, call.key) for call, _ in asked]
        free = take_keys(connection, names)
        known = known_answers(connection, names)
        fresh: list[int] = []
        taken: set[tuple[str, str]] = set()
        for place, (call, _) in enumerate(asked):
            name = names[place]
            if replies[place] is not None:
                continue
            if name in known:
                replies[place] = self._repeated(verb, call, known[name])
            elif not free[place] or name in taken:
                detail = f"a request with key {call.key!r} is being answered. Ask again."
                replies[place] = refused(Refusal(status=409, rule="request_in_progress", detail=detail))
            else:
                taken.add(name)
                fresh.append(place)
        if fresh:
            results = verb.run(unit, [(asked[place][0].caller, asked[place][1]) for place in fresh])
            for place, result in zip(fresh, results, strict=True):
                call = asked[place][0]
                reply = (
                    refused(result)
                    if isinstance(result, Refusal)
                    else Reply(status=verb.status, body=msgspec.json.encode(result))
                )
                replies[place] = reply
                unit.insert(
                    REQUEST,
                    caller_id=call.caller.caller_id,
                    key=call.key,
                    verb=verb.name,
                    body_hash=self._body_hash(call.body),
                    status=reply.status,
                    answer=reply.body,
                    recorded_at=now,
                )
                _audit(unit, verb, call, reply)
        unit.flush()
        connection.commit()
        return [reply for reply in replies if reply is not None]

    def _take_nonces(self, unit: Unit, verb: Verb, calls: Sequence[Call], replies: list[Reply | None]) -> None:
        """Refuse signed calls whose nonce was taken before; not kept under the key, which may be another call's."""
        signed = [(place, call.signed) for place, call in enumerate(calls) if call.signed is not None]
        for (place, _), error in zip(signed, take(unit.connection, [each for _, each in signed]), strict=True):
            if error is not None:
                reply = refused(Refusal(status=401, rule=error.rule, detail=str(error)))
                replies[place] = reply
                _audit(unit, verb, calls[place], reply)

    def _repeated(self, verb: Verb, call: Call, known: Known) -> Reply:
        if known.verb != verb.name or known.body_hash != self._body_hash(call.body):
            detail = f"key {call.key!r} was used for another request. Use a new key for a new request."
            return refused(Refusal(status=422, rule="idempotency_key_reused", detail=detail))
        return Reply(status=known.status, body=known.body)


def _audit(unit: Unit, verb: Verb, call: Call, reply: Reply) -> None:
    unit.insert(
        AUDIT,
        recorded_at=unit.now,
        caller_id=call.caller.caller_id,
        action=verb.name,
        subjects=[call.key],
        status=reply.status,
    )


def _checked(verb: Verb, call: Call, decoder: "msgspec.json.Decoder[Any]") -> Any:
    """The request, or why not; whatever goes wrong with one body is the answer to its call alone."""
    try:
        return _check(verb, call, decoder)
    except Exception as error:
        return _failed(verb, error)


def _check(verb: Verb, call: Call, decoder: "msgspec.json.Decoder[Any]") -> Any:
    if call.caller.role not in verb.roles:
        return _role_refused(verb.name, call.caller, verb.roles)
    if not call.key or len(call.key) > KEY_MOST:
        return Refusal(
            status=400, rule="idempotency_key_needed", detail=f"send an Idempotency-Key of 1 to {KEY_MOST} characters."
        )
    if b"\\u0000" in call.body:
        return Refusal(status=422, rule="request_not_understood", detail="texts cannot hold the character NUL.")
    if _is_too_deep(call.body):
        detail = f"the body is nested too deeply. At most {NESTED_MOST} lists and objects may lie inside each other."
        return Refusal(status=422, rule="request_not_understood", detail=detail)
    try:
        return decoder.decode(call.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Refusal(status=422, rule="request_not_understood", detail=not_understood(error, verb.request, call.body))


def _is_too_deep(body: bytes) -> bool:
    """Whether more lie inside each other than may: a body that no recursion can follow is known before anything recurs."""
    if body.count(b"[") + body.count(b"{") <= NESTED_MOST:
        return False
    depth = 0
    for bracket in _BRACKETS.findall(_TEXTS.sub(b"", body)):
        depth += 1 if bracket in (b"[", b"{") else -1
        if depth > NESTED_MOST:
            return True
    return False


def _failed(verb: Verb, error: Exception) -> Refusal:
    return Refusal(status=500, rule="internal_error", detail=f"{verb.name} failed: {type(error).__name__}.")


def _role_refused(name: str, caller: Caller, roles: frozenset[str]) -> Refusal:
    detail = f"{name} is for {', '.join(sorted(roles))}; this key is of role {caller.role}."
    return Refusal(status=403, rule="role_not_allowed", detail=detail)
