"""The audit log: what waits is sealed into the chain, its head is kept outside the database, and the whole chain is checked."""

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from loanbook.errors import LoanbookError
from loanbook.kernel import home
from loanbook.services.clock import wall_clock
from loanbook.stores.embedded import online_dsn
from loanbook.stores.online.audit import ChainCheck, Head, keep_head, kept_heads, seal, verify_chain
from loanbook.stores.online.migrate import migrate_dsn
from loanbook.stores.online.unit import Connection, connect

BATCH = 200
"""Rows that the timer seals in a transaction, so that calls do not wait long for the disk."""
HEAD_SECONDS = 60.0
"""How often the timer keeps a head outside, at most."""


def heads_file() -> Path:
    """Where heads of the chain are kept: `<home>/audit_heads`. Copy it to where who runs the database cannot write."""
    return home() / "audit_heads"


def seal_all(connection: Connection) -> Head:
    """Seal every row that waits and keep the head; commits."""
    while True:
        head, sealed = seal(connection)
        connection.commit()
        if not sealed:
            return head
        _keep(head)


@contextlib.contextmanager
def sealing(dsn: str, every_seconds: float) -> Iterator[None]:
    """Seal the audit log every few seconds while the block runs, on a thread of its own, and once more at its end.

    A store that does not answer is asked again the next time; several that seal one store take turns.
    """
    ends = threading.Event()
    thread = threading.Thread(target=_seal_until, args=(dsn, every_seconds, ends), name="sealer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join(timeout=30.0)


def _seal_until(dsn: str, every_seconds: float, ends: threading.Event) -> None:
    kept, kept_at, last = 0, float("-inf"), False
    while not last:
        last = ends.wait(every_seconds)
        try:
            with connect(dsn) as connection:
                head = _seal_in_batches(connection)
            if head.number > kept and (last or time.monotonic() - kept_at >= HEAD_SECONDS):
                _keep(head)
                kept, kept_at = head.number, time.monotonic()
        except (psycopg.Error, OSError, LoanbookError) as error:
            logging.getLogger(__name__).warning("the audit log was not sealed (%s); tried again.", type(error).__name__)


def _seal_in_batches(connection: Connection) -> Head:
    while True:
        head, sealed = seal(connection, BATCH)
        connection.commit()
        if sealed < BATCH:
            return head


def _keep(head: Head) -> None:
    path = heads_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    keep_head(path, head, wall_clock()[0])


def check_audit() -> ChainCheck:
    """Seal what waits, then walk the chain against the heads that were kept. Raises StateError without a store."""
    with online_dsn() as dsn:
        migrate_dsn(dsn)
        with connect(dsn) as connection:
            seal_all(connection)
            path = heads_file()
            return verify_chain(connection, kept_heads(path) if path.exists() else ())
