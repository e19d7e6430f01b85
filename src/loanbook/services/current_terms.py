"""Approved terms in a running platform: taken up by every process by itself, within a second, and on the first batch of a day.

Terms begin on a day after the one of their approval, so what was approved yesterday is known to every process with its first
batch of the day on which it can begin, and no two of them lend by different terms. The question is asked in a transaction that a
batch has open anyway, at most once a second. An approval that is committed after its own day has ended may be seen by one process
a second before another: a quote that this other one cannot read yet is a 503, and drawn down when it is asked again.
"""

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from loanbook.errors import LoanbookError, StateError
from loanbook.services.approved_terms import with_approved
from loanbook.services.caller import Caller, Refusal
from loanbook.services.desk import Answer, Run, Verb
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.read import Read
from loanbook.stores.online.lookups import versions_held
from loanbook.stores.online.unit import Connection, Unit

ASK_SECONDS = 1.0
"""How long terms are taken as they were found, within a day."""

Find = Callable[[Unit, Caller, str, Mapping[str, str]], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    """What answers under some terms, by name."""

    runs: Mapping[str, Run]
    finds: Mapping[str, Find]


class CurrentTerms:
    """The newest terms of a store; one object a process, for all of its threads.

    terms   those known at the start;  versions  how many versions the store held when they were read
    """

    def __init__(self, terms: PlatformTerms, versions: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._terms = terms
        self._versions = versions
        self._clock = clock
        self._asked_at = clock()
        self._asked_on: dt.date | None = None
        self._lock = threading.Lock()

    def of(self, connection: Connection, today: dt.date) -> PlatformTerms:
        """The terms to work by on a day; asks the store when it was not asked for a second, or not on that day."""
        if today == self._asked_on and self._clock() - self._asked_at < ASK_SECONDS:
            return self._terms
        with self._lock:
            if today == self._asked_on and self._clock() - self._asked_at < ASK_SECONDS:
                return self._terms
            held = versions_held(connection)
            if held != self._versions and self._take_up(connection):
                self._versions = held
            self._asked_at, self._asked_on = self._clock(), today
            return self._terms

    def ask_again(self) -> None:
        """Let the next one who needs terms ask the store for them."""
        self._asked_on = None

    def _take_up(self, connection: Connection) -> bool:
        try:
            self._terms = with_approved(self._terms, connection)
        except LoanbookError as error:
            # Nothing approved can be such; what would stop a start does not stop what runs.
            logging.getLogger(__name__).error("approved terms are not taken up: %s", error)
            return False
        return True


def following(
    current: CurrentTerms, build: Callable[[PlatformTerms], tuple[Sequence[Verb], Sequence[Read]]], terms: PlatformTerms
) -> tuple[tuple[Verb, ...], tuple[Read, ...]]:
    """Verbs and reads of a platform, each of which works by the terms that hold when it is asked.

    build   the verbs and reads of some terms: names, shapes and roles are the same for all terms
    terms   those of the start
    """
    found_verbs, found_reads = build(terms)
    held: tuple[PlatformTerms, _Built] = terms, _built(found_verbs, found_reads)

    def at(unit: Unit) -> _Built:
        nonlocal held
        now = current.of(unit.connection, unit.today)
        if held[0] is not now:
            held = now, _built(*build(now))
        return held[1]

    def run_of(name: str) -> Run:
        def run(unit: Unit, asked: Sequence[tuple[Caller, Any]]) -> Sequence[Answer | Refusal]:
            try:
                return at(unit).runs[name](unit, asked)
            except StateError:
                current.ask_again()
                raise

        return run

    def find_of(name: str) -> Find:
        def find(unit: Unit, caller: Caller, id_: str, options: Mapping[str, str]) -> Any:
            try:
                return at(unit).finds[name](unit, caller, id_, options)
            except StateError:
                current.ask_again()
                raise

        return find

    return (
        tuple(replace(verb, run=run_of(verb.name)) for verb in found_verbs),
        tuple(replace(read, find=find_of(read.name)) for read in found_reads),
    )


def _built(verbs: Sequence[Verb], reads: Sequence[Read]) -> _Built:
    return _Built(runs={verb.name: verb.run for verb in verbs}, finds={read.name: read.find for read in reads})
