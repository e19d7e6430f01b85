"""Who may pass: keys looked up with a short memory, signatures held against secrets, requests a second for each caller."""

import asyncio
import datetime as dt
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from loanbook.services.caller import Caller, Refusal
from loanbook.services.parties import Senders
from loanbook.services.signing import HEADER, SignatureError, Signed

RATE_A_SECOND = 5_000.0
"""Of a caller, over all workers of a server."""
BURST = 10_000.0
REMEMBERED_SECONDS = 5.0
"""How long a revoked key may still pass in a process that has just seen it."""
_REMEMBERED_MOST = 10_000
_ASKED_MOST = 1_000
"""Keys that may be looked up at a time; another waits outside."""

NO_KEY = Refusal(status=401, rule="key_needed", detail="send the API key as `Authorization: Bearer KEY`.")
WRONG_KEY = Refusal(status=401, rule="key_not_known", detail="this API key is not known, has expired or was revoked.")
TOO_MANY = Refusal(status=429, rule="too_many_requests", detail="this key sends more requests than it may. Slow down.")


TOO_MANY_KEYS = Refusal(status=503, rule="too_busy", detail="too many keys are being looked up. Come back in a second.")


def no_store(error: BaseException) -> Refusal:
    """That the store did not answer something that changes nothing."""
    return Refusal(status=503, rule="store_unavailable", detail=f"the store did not answer ({type(error).__name__}). Ask again.")


def too_large(most: int) -> Refusal:
    """That a request's body has more bytes than its verb takes."""
    return Refusal(status=413, rule="body_too_large", detail=f"a request has at most {most:,} bytes.")


class Guard:
    """Lets known keys and signed messages pass, each caller at its rate; belongs to one event loop.

    find      the caller of a key, or None; asked at most every few seconds a key, on a thread of its own: while the store is
              away it may take long, and nobody else waits for it
    senders   those whose signed messages are believed
    workers   processes among which a caller's requests are spread: each lets pass its part of the rate
    """

    def __init__(
        self,
        find: Callable[[str], Caller | None],
        senders: Senders,
        *,
        rate: float = RATE_A_SECOND,
        burst: float = BURST,
        workers: int = 1,
    ) -> None:
        self._find = find
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keys")
        self._asking: dict[str, asyncio.Task[Caller | None]] = {}
        self._senders = senders
        self._rate = rate / workers
        self._burst = max(burst / workers, 1.0)
        self._known: dict[str, tuple[float, Caller | None]] = {}
        self._tokens: dict[str, tuple[float, float]] = {}

    async def admit(self, headers: Mapping[str, str]) -> Caller | Refusal:
        """The caller of a request, or why it does not pass; 503 while the store does not answer for a key."""
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            return NO_KEY
        now = time.monotonic()
        until, caller = self._known.get(key, (0.0, None))
        if until < now:
            if key not in self._asking and len(self._asking) >= _ASKED_MOST:
                return TOO_MANY_KEYS
            try:
                # One question a key, whoever waits for it; who goes away leaves it to the others.
                caller = await asyncio.shield(self._asking.get(key) or self._ask(key))
            except Exception as error:  # whatever keeps the store from answering is one answer to who asks
                return no_store(error)
        return WRONG_KEY if caller is None else self._at_rate(caller)

    def _ask(self, key: str) -> "asyncio.Task[Caller | None]":
        task = asyncio.get_running_loop().create_task(self._looked_up(key))
        self._asking[key] = task
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # known also when nobody waits any more
        return task

    async def _looked_up(self, key: str) -> Caller | None:
        try:
            caller = await asyncio.get_running_loop().run_in_executor(self._thread, self._find, key)
        finally:
            del self._asking[key]
        if len(self._known) >= _REMEMBERED_MOST:
            self._known.clear()
        self._known[key] = (time.monotonic() + REMEMBERED_SECONDS, caller)
        return caller

    def close(self) -> None:
        """Let go of the thread; what is asked still ends."""
        self._thread.shutdown(wait=False)

    def admit_signed(
        self, sender: str, headers: Mapping[str, str], what: str, body: bytes, now: dt.datetime
    ) -> tuple[Caller, Signed] | Refusal:
        """The sender of a signed message, or why it is not believed. Only what it signed counts against its rate."""
        try:
            caller, signed = self._senders.believe(sender, headers.get(HEADER.lower(), ""), what, body, now)
        except SignatureError as error:
            return Refusal(status=401, rule=error.rule, detail=str(error))
        passed = self._at_rate(caller)
        return passed if isinstance(passed, Refusal) else (passed, signed)

    def _at_rate(self, caller: Caller) -> Caller | Refusal:
        now = time.monotonic()
        left, since = self._tokens.get(caller.caller_id, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        self._tokens[caller.caller_id] = (left - 1.0 if left >= 1.0 else left, now)
        return caller if left >= 1.0 else TOO_MANY
