"""The sweep of reservations outside the day close: by a timer while the platform is served, and by `loanbook sweep`."""

import contextlib
import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg

from loanbook.errors import Finding, LoanbookError
from loanbook.services.approved_terms import standing_terms
from loanbook.services.clock import wall_clock
from loanbook.services.current_terms import CurrentTerms
from loanbook.services.day_pass import Findings
from loanbook.services.day_steps_reservations import sweep_reservations
from loanbook.services.platform_terms import PlatformTerms
from loanbook.stores.embedded import online_dsn
from loanbook.stores.online.day_book import take_sweep
from loanbook.stores.online.lookups import versions_held
from loanbook.stores.online.migrate import migrate_dsn
from loanbook.stores.online.unit import Connection, connect

Clock = Callable[[], tuple[dt.datetime, dt.date]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep came to; findings are the first ones, `left_out` counts all. `busy`: another one swept meanwhile."""

    asked_again: int = 0
    expired: int = 0
    lapsed: int = 0
    findings: tuple[Finding, ...] = ()
    left_out: int = 0
    busy: bool = False


def sweep_once(terms: PlatformTerms, connection: Connection, clock: Clock = wall_clock) -> Swept:
    """Ask partners again and let go of what has expired, in one transaction; nothing when another one sweeps just now."""
    now, today = clock()
    if not take_sweep(connection):
        connection.rollback()
        return Swept(busy=True)
    findings = Findings()
    try:
        found = sweep_reservations(terms, connection, now, today, findings)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return Swept(
        asked_again=found["asked_again"],
        expired=found["expired"],
        lapsed=found["lapsed"],
        findings=tuple(findings.first),
        left_out=findings.count,
    )


def sweep_online() -> Swept:
    """A sweep of the store that LOANBOOK_DSN names, else of the embedded one."""
    with online_dsn() as dsn:
        migrate_dsn(dsn)
        with connect(dsn) as connection:
            return sweep_once(standing_terms(connection, wall_clock()[0]), connection)


@contextlib.contextmanager
def sweeping(dsn: str, every_seconds: float, clock: Clock = wall_clock) -> Iterator[None]:
    """Sweep every few seconds while the block runs, on a thread of its own.

    A store that does not answer is asked again the next time; several that sweep one store do not wait for each other.
    """
    ends = threading.Event()
    thread = threading.Thread(target=_sweep_until, args=(dsn, every_seconds, clock, ends), name="sweeper", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join(timeout=30.0)


def _sweep_until(dsn: str, every_seconds: float, clock: Clock, ends: threading.Event) -> None:
    log = logging.getLogger(__name__)
    current: CurrentTerms | None = None
    while not ends.wait(every_seconds):
        try:
            with connect(dsn) as connection:
                if current is None:
                    versions = versions_held(connection)
                    current = CurrentTerms(standing_terms(connection, clock()[0]), versions)
                done = sweep_once(current.of(connection, clock()[1]), connection, clock)
            for finding in done.findings:
                log.warning("the sweep left %s out: %s", finding.place, finding.message)
        except (psycopg.Error, OSError, LoanbookError) as error:
            log.warning("reservations were not swept (%s); tried again.", type(error).__name__)
