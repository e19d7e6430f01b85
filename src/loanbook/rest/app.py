"""The HTTP application: one POST a verb, reads beside it, OpenAPI from the same shapes, problem+json for every refusal."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, TypeAlias

from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from loanbook.rest.counter import Counter
from loanbook.rest.guard import Guard, no_store, too_large
from loanbook.rest.health import PATH, health
from loanbook.rest.lost import no_such_path, other_method
from loanbook.rest.openapi import describe
from loanbook.services.caller import Refusal
from loanbook.services.day import ZONE
from loanbook.services.desk import Call, Desk, Reply, Verb, refused
from loanbook.services.read import Read

_PAGE = {"tryItOutEnabled": True, "defaultModelsExpandDepth": -1, "displayRequestDuration": True}
"""How the documentation page opens: bodies can be sent at once, and shapes are shown where they are used only."""
THREADS = 2
"""Transactions at work at a time in a process; more would wait for the same disk."""


Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

_NOT_KEPT = {"cache-control": "no-store"}
"""Answers are for who asked; nothing on the way may keep one."""
_LATER = _NOT_KEPT | {"retry-after": "1"}
"""Of what passes by itself: a store that is away, calls that wait, a rate. Seconds; the key of the call stays good."""


def path_of(name: str) -> str:
    """The path of a verb or read: its name with hyphens."""
    return "/" + name.replace("_", "-")


def callback_path(name: str) -> str:
    """Where a verb is asked for by a signed message instead of with a key."""
    return "/callbacks/{sender}" + path_of(name)


def make_app(
    verbs: tuple[Verb, ...],
    reads: tuple[Read, ...],
    guard: Guard,
    lend: Callable[[], AbstractContextManager[Desk]],
    *,
    now: Callable[[], dt.datetime],
    close: Callable[[], None] = lambda: None,
) -> FastAPIOffline:
    """The application over desks that are lent for a batch each; its documentation page loads nothing from elsewhere.

    now   what the time of a signed message is held against
    """
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="desk")

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPIOffline) -> AsyncIterator[None]:
        try:
            yield
        finally:
            guard.close()
            pool.shutdown(wait=True)
            close()

    app = FastAPIOffline(
        title="Loanbook",
        version="1",
        lifespan=lifespan,
        openapi_url="/openapi.json",
        redoc_url=None,
        swagger_ui_parameters=_PAGE,
    )
    posts: dict[str, Endpoint] = {}
    for verb in verbs:
        counter = Counter(verb, pool, lend)
        posts[path_of(verb.name)] = _post(verb, counter, guard)
        app.router.routes.append(Route(path_of(verb.name), posts[path_of(verb.name)], methods=["POST"]))
        if verb.is_signed:
            app.router.routes.append(Route(callback_path(verb.name), _callback(verb, counter, guard, now), methods=["POST"]))
    for read in reads:
        path = f"{path_of(read.name)}/{{{read.by}}}"
        app.router.routes.append(Route(path, _get(read, pool, guard, lend), methods=["GET"]))

    ask_health = health(pool, lend)

    async def how_it_is(request: Request) -> Response:
        return _response(await ask_health(request))

    app.router.routes.append(Route(PATH, how_it_is, methods=["GET"]))
    app.router.routes.append(Route("/", _to_the_page, methods=["GET"]))
    _word_lost(app, [*posts, *(f"{path_of(read.name)}/{{{read.by}}}" for read in reads), PATH])

    @lru_cache(maxsize=2)
    def described(today: dt.date) -> dict[str, Any]:
        return describe(verbs, reads, path_of, callback_path, today)

    app.openapi = lambda: described(now().astimezone(ZONE).date())
    app.add_middleware(_ByName, posts=posts)
    return app


async def _to_the_page(_: Request) -> Response:
    """Who opens the server in a browser looks for its page."""
    return RedirectResponse("/docs", headers=_NOT_KEPT)


class _ByName:
    """Verbs are found by their whole path; only what is none goes the router's way, which tries one pattern after another."""

    def __init__(self, app: ASGIApp, posts: Mapping[str, Endpoint]) -> None:
        self._app = app
        self._posts = posts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._posts.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if endpoint is None:
            await self._app(scope, receive, send)
        else:
            response = await endpoint(Request(scope, receive, send))
            await response(scope, receive, send)


def _word_lost(app: FastAPIOffline, known: list[str]) -> None:
    """Answer what the router does not find, or not by that method, with problem details."""

    async def lost(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
        path = request.url.path
        if status == 405:
            refusal = other_method(path, request.method, headers.get("Allow", ""))
        elif status == 404:
            refusal = no_such_path(path, known)
        else:
            refusal = Refusal(status=status, rule="not_answered", detail=str(getattr(error, "detail", "")))
        answer = _response(refused(refusal))
        answer.headers.update(headers)
        return answer

    app.add_exception_handler(HTTPException, lost)


def _response(reply: Reply) -> Response:
    kind = "application/problem+json" if reply.is_problem else "application/json"
    headers = _LATER if reply.status in (429, 503) else _NOT_KEPT
    return Response(reply.body, status_code=reply.status, media_type=kind, headers=headers)


async def _body(request: Request, most: int) -> bytes | Refusal:
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        return too_large(most)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            return too_large(most)
        parts.append(part)
    return b"".join(parts)


def _post(verb: Verb, counter: Counter, guard: Guard) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        caller = await guard.admit(request.headers)
        if isinstance(caller, Refusal):
            return _response(refused(caller))
        body = await _body(request, verb.body_most)
        if isinstance(body, Refusal):
            return _response(refused(body))
        call = Call(caller=caller, key=request.headers.get("idempotency-key", ""), body=body)
        return _response(await counter.ask(call))

    endpoint.__name__ = verb.name
    return endpoint


def _callback(verb: Verb, counter: Counter, guard: Guard, now: Callable[[], dt.datetime]) -> Any:
    what = path_of(verb.name).removeprefix("/")

    async def endpoint(request: Request) -> Response:
        body = await _body(request, verb.body_most)
        if isinstance(body, Refusal):
            return _response(refused(body))
        believed = guard.admit_signed(request.path_params["sender"], request.headers, what, body, now())
        if isinstance(believed, Refusal):
            return _response(refused(believed))
        caller, signed = believed
        call = Call(caller=caller, key=request.headers.get("idempotency-key", ""), body=body, signed=signed)
        return _response(await counter.ask(call))

    endpoint.__name__ = f"signed_{verb.name}"
    return endpoint


def _get(read: Read, pool: ThreadPoolExecutor, guard: Guard, lend: Callable[[], AbstractContextManager[Desk]]) -> Any:
    async def endpoint(request: Request) -> Response:
        caller = await guard.admit(request.headers)
        if isinstance(caller, Refusal):
            return _response(refused(caller))

        def look() -> Reply:
            with lend() as desk:
                return desk.look(read, caller, request.path_params[read.by], dict(request.query_params))

        try:
            return _response(await asyncio.get_running_loop().run_in_executor(pool, look))
        except Exception as error:
            return _response(refused(no_store(error)))

    endpoint.__name__ = read.name
    return endpoint
