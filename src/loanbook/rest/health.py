"""Whether the platform can work: asked without a key by who watches it, so the store is asked once a second at most."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

from starlette.requests import Request

from loanbook.services.caller import Refusal
from loanbook.services.desk import Desk, Reply, refused

PATH = "/health"
KEPT_SECONDS = 1.0
WAIT_SECONDS = 3.0
"""For an answer of the store; batches at work may be before it."""

WELL = Reply(status=200, body=b'{"status":"ok"}')
ILL = refused(
    Refusal(
        status=503,
        rule="store_unavailable",
        detail=f"the store did not answer within {WAIT_SECONDS:g} seconds. Look whether PostgreSQL runs and takes connections.",
    )
)


def health(pool: ThreadPoolExecutor, lend: Callable[[], AbstractContextManager[Desk]]) -> Callable[[Request], Awaitable[Reply]]:
    """What answers: 200 when the store does, else 503. Belongs to one event loop."""
    known: tuple[float, Reply] = (float("-inf"), ILL)
    asking = asyncio.Lock()

    def look() -> None:
        with lend() as desk:
            desk.reach_store()

    async def answer(_: Request) -> Reply:
        nonlocal known
        async with asking:
            if time.monotonic() - known[0] >= KEPT_SECONDS:
                try:
                    await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(pool, look), WAIT_SECONDS)
                    found = WELL
                except Exception:  # whatever keeps the store from answering is one answer to who watches
                    found = ILL
                known = time.monotonic(), found
            return known[1]

    return answer
