"""The desk for who sits at the machine: the same verbs and reads as over HTTP, as the operator that the system names."""

import contextlib
import datetime as dt
import getpass
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from loanbook.errors import RequestError
from loanbook.services.approved_terms import standing_terms
from loanbook.services.caller import Caller
from loanbook.services.clock import wall_clock
from loanbook.services.desk import Call, Desk, Reply, Verb
from loanbook.services.read import Read
from loanbook.services.reading import reads
from loanbook.services.verbs import verbs
from loanbook.stores.embedded import online_dsn
from loanbook.stores.online.callers import keep_caller, known_callers
from loanbook.stores.online.migrate import migrate_dsn
from loanbook.stores.online.unit import Connection, connect
from loanbook.stores.online.vault import open_vault

KEY_VARIABLE = "LOANBOOK_API_KEY"
"""Names the API key of whoever asks at the machine, where it is not just its operator: two persons have a key each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDesk:
    """A desk, what can be asked of it, and who asks."""

    desk: Desk
    connection: Connection
    verbs: Mapping[str, Verb]
    reads: Mapping[str, Read]
    caller: Caller

    def call(self, verb: str, body: bytes, key: str | None = None) -> Reply:
        """Ask for something to be done; without a key it is a request of its own. Raises RequestError for an unknown verb."""
        found = self.verbs.get(verb)
        if found is None:
            raise RequestError(f"there is no verb {verb!r}. Verbs: {', '.join(self.verbs)}.")
        (reply,) = self.desk.answer(found, [Call(caller=self.caller, key=key or uuid.uuid4().hex, body=body)])
        return reply

    def look(self, read: str, id_: str, options: Mapping[str, str]) -> Reply:
        """Look something up. Raises RequestError for something that cannot be looked up."""
        found = self.reads.get(read)
        if found is None:
            raise RequestError(f"{read!r} cannot be looked up. What can: {', '.join(self.reads)}.")
        return self.desk.look(found, self.caller, id_, options)

    def with_key(self, key: str) -> "LocalDesk":
        """The same desk for the caller of an API key. Raises RequestError for one that is not valid."""
        return replace(self, caller=_caller_of(self.connection, key, "this API key"))


@contextlib.contextmanager
def local_desk(clock: Callable[[], tuple[dt.datetime, dt.date]] = wall_clock) -> Iterator[LocalDesk]:
    """The desk over the online store of this machine, made and brought to this version where needed.

    clock   what time it is for verbs; another one plays a day of the past

    Who asks is the caller of the API key in LOANBOOK_API_KEY, else the operator that the system names. Raises RequestError for a
    key that is not valid.
    """
    vault = open_vault()
    with online_dsn() as dsn:
        migrate_dsn(dsn)
        with contextlib.closing(connect(dsn)) as connection:
            terms = standing_terms(connection, wall_clock()[0])
            caller = _caller(connection)
            yield LocalDesk(
                desk=Desk(connection, clock, vault.body_hash),
                connection=connection,
                verbs={verb.name: verb for verb in verbs(terms, vault)},
                reads={read.name: read for read in reads(terms, vault)},
                caller=caller,
            )


def _caller(connection: Connection) -> Caller:
    key = os.environ.get(KEY_VARIABLE, "")
    if key:
        return _caller_of(connection, key, f"the key in {KEY_VARIABLE}")
    local = Caller(caller_id=f"local {getpass.getuser()}", role="operator")
    keep_caller(connection, local, wall_clock()[0])
    connection.commit()
    return local


def _caller_of(connection: Connection, key: str, named: str) -> Caller:
    (found,) = known_callers(connection, [key], wall_clock()[0])
    connection.rollback()
    if found is None:
        raise RequestError(f"{named} is not known, has expired or was revoked. `loanbook key list` shows the callers.")
    return found
