"""Calls that arrive together are answered together: one transaction, one flush to disk, for all that wait at that moment."""

import asyncio
import functools
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

from loanbook.services.caller import Refusal
from loanbook.services.desk import Call, Desk, Reply, Verb, refused

BATCH_MOST = 128
WAITING_MOST = 5_000
"""Calls that may wait before the next is told to come back later."""


class Counter:
    """One queue of a verb in front of a few desks; belongs to one event loop.

    lend    gives a desk for as long as a batch takes, on the thread that calls it
    """

    def __init__(
        self, verb: Verb, pool: ThreadPoolExecutor, lend: Callable[[], AbstractContextManager[Desk]], busy_most: int
    ) -> None:
        self._verb = verb
        self._pool = pool
        self._lend = lend
        self._busy_most = busy_most
        self._busy = 0
        self._waiting: deque[tuple[Call, asyncio.Future[Reply]]] = deque()

    async def ask(self, call: Call) -> Reply:
        """The reply to one call."""
        if len(self._waiting) >= WAITING_MOST:
            detail = f"{len(self._waiting):,} calls of {self._verb.name} are waiting. Come back in a second."
            return refused(Refusal(status=503, rule="too_busy", detail=detail))
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()
        self._waiting.append((call, future))
        self._start(loop)
        return await future

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting and self._busy < self._busy_most:
            taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_MOST))]
            self._busy += 1
            work = loop.run_in_executor(self._pool, self._answer, [call for call, _ in taken])
            work.add_done_callback(functools.partial(self._finish, loop, taken))

    def _answer(self, calls: Sequence[Call]) -> list[Reply]:
        with self._lend() as desk:
            return desk.answer(self._verb, calls)

    def _finish(
        self,
        loop: asyncio.AbstractEventLoop,
        taken: Sequence[tuple[Call, "asyncio.Future[Reply]"]],
        done: "asyncio.Future[list[Reply]]",
    ) -> None:
        self._busy -= 1
        error = done.exception()
        if error is None:
            for (_, future), reply in zip(taken, done.result(), strict=True):
                if not future.done():
                    future.set_result(reply)
        else:
            detail = f"the store did not answer ({type(error).__name__}); nothing of this call is known to be done. Ask again "
            problem = refused(Refusal(status=503, rule="store_unavailable", detail=detail + "with the same key."))
            for _, future in taken:
                if not future.done():
                    future.set_result(problem)
        self._start(loop)
