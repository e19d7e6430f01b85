"""All that the world says to a platform and hears from it: verbs in batches, reads one by one, the day's close. Nothing else."""

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from loanbook import units
from loanbook.services.caller import Caller
from loanbook.services.clock import ZONE
from loanbook.services.day_close import StepDone
from loanbook.services.desk import Call, Desk, Verb
from loanbook.services.read import Read

MOST = 128
"""Calls of one verb that go together."""

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A call and its answer: `what` is the verb or read, `asked` the request, or the id under "id"."""

    what: str
    asked: Mapping[str, Any]
    status: int
    answer: Answer
    day: int

    @property
    def done(self) -> bool:
        """Whether it was done and not refused."""
        return self.status < 400


def day_of(asked: object) -> dt.date:
    """A day as it was asked."""
    return asked if isinstance(asked, dt.date) else dt.date.fromisoformat(str(asked))


class Listener(Protocol):
    """Somebody who hears everything that is said."""

    def heard(self, said: Heard) -> None:
        """A verb's or a read's answer."""

    def closed(self, step: StepDone) -> None:
        """A step of a day's close."""


class Clock:
    """The world's time; it is set, it does not run."""

    def __init__(self, on: int) -> None:
        self.on = on
        self._at = dt.time(9, 0)

    def set(self, on: int, at: dt.time) -> None:
        """A day and a time of the day in the platform's zone."""
        self.on, self._at = on, at

    def __call__(self) -> tuple[dt.datetime, dt.date]:
        """As `services.clock.wall_clock`."""
        today = units.date(self.on)
        return dt.datetime.combine(today, self._at, ZONE).astimezone(dt.UTC), today


@dataclass(slots=True, kw_only=True)
class Talk:
    """One conversation with a platform.

    close     closes every day up to one and tells each step
    calls     how often each verb and read was used
    """

    desk: Desk
    verbs: Mapping[str, Verb]
    reads: Mapping[str, Read]
    clock: Clock
    close: Callable[[dt.date], Iterable[StepDone]]
    listeners: list[Listener] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def ask(
        self, verb: str, bodies: Sequence[Mapping[str, Any]], caller: Caller | Sequence[Caller], twice: Sequence[int] = ()
    ) -> list[Heard]:
        """Ask for something for each body, in batches; those at `twice` places are sent again under their key, as senders do."""
        found: list[Heard] = []
        callers = [caller] * len(bodies) if isinstance(caller, Caller) else list(caller)
        for start in range(0, len(bodies), MOST):
            part = bodies[start : start + MOST]
            calls = [
                Call(caller=who, key=f"{verb}-{next(self._numbers)}", body=msgspec.json.encode(body))
                for who, body in zip(callers[start : start + MOST], part, strict=True)
            ]
            replies = self.desk.answer(self.verbs[verb], calls)
            for body, reply in zip(part, replies, strict=True):
                found.append(self._tell(verb, body, reply.status, reply.body))
            again = [place - start for place in twice if start <= place < start + len(part)]
            if again:
                repeated = self.desk.answer(self.verbs[verb], [calls[place] for place in again])
                for place, reply in zip(again, repeated, strict=True):
                    if (reply.status, reply.body) != (replies[place].status, replies[place].body):
                        self._tell("another answer", {"verb": verb, **part[place]}, reply.status, reply.body)
        return found

    def look(self, read: str, id_: str, caller: Caller, **options: str) -> Heard:
        """Look something up."""
        reply = self.desk.look(self.reads[read], caller, id_, options)
        return self._tell(f"look {read}", {"id": id_, **options}, reply.status, reply.body)

    def close_days(self, to: int) -> None:
        """Have the days up to one closed."""
        for step in self.close(units.date(to)):
            for listener in self.listeners:
                listener.closed(step)

    def _tell(self, what: str, asked: Mapping[str, Any], status: int, body: bytes) -> Heard:
        said = Heard(what=what, asked=asked, status=status, answer=msgspec.json.decode(body), day=self.clock.on)
        self.calls[what] += 1
        for listener in self.listeners:
            listener.heard(said)
        return said
