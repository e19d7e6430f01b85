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
LINGER_SECONDS = 0.02
"""How long a small batch waits for company when a large one was just answered: whoever was in it may ask again."""


class Counter:
    """The queue of a verb; belongs to one event loop. One batch is at work at a time, and the next gathers meanwhile.

    Two at once would share one interpreter, and drawdowns wait for each other's quotas anyway.

    lend    gives a desk for as long as a batch takes, on the thread that calls it
    """

    def __init__(self, verb: Verb, pool: ThreadPoolExecutor, lend: Callable[[], AbstractContextManager[Desk]]) -> None:
        self._verb = verb
        self._pool = pool
        self._lend = lend
        self._busy = False
        self._waiting: deque[tuple[Call, asyncio.Future[Reply]]] = deque()
        self._last = 0
        self._timer: asyncio.TimerHandle | None = None

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
        """Begin a batch when half as many wait as came with the last one, else in a moment; who asks alone never waits.

        So batches under load become equal, and one is computed while those of the other are answered and ask again.
        """
        if len(self._waiting) >= self._last // 2:
            self._begin(loop)
        elif self._timer is None:
            self._timer = loop.call_later(LINGER_SECONDS, self._begin, loop)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._busy or not self._waiting:
            return
        taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_MOST))]
        self._last = len(taken)
        self._busy = True
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
        self._busy = False
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
