"""The platform that a world is played against: an embedded server of its own, never the one that a user's platform lives on."""

import contextlib
import datetime as dt
import hashlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from loanbook.services.day_close import StepDone, close_days, day_terms
from loanbook.services.desk import Desk
from loanbook.services.platform_terms import PlatformTerms, archive_terms, platform_terms
from loanbook.services.reading import reads
from loanbook.services.verbs import verbs
from loanbook.simulator.play.auditor import Auditor
from loanbook.simulator.play.office import CHECKER, MAKER, RISK
from loanbook.simulator.play.talk import Clock, Talk
from loanbook.stores.embedded import Embedded, server_folder
from loanbook.stores.online.callers import keep_caller
from loanbook.stores.online.key_file import KeyFile, MasterKeys
from loanbook.stores.online.migrate import migrate_dsn
from loanbook.stores.online.unit import Connection, connect
from loanbook.stores.online.vault import Vault
from loanbook.terms.mandate import Mandate
from loanbook.terms.vehicle import Vehicle


def played_folder(name: str) -> Path:
    """The folder of a world's server, beside the one of the user's platform."""
    own = server_folder()
    return own.with_name(f"{own.name}-world-{name}")


@contextlib.contextmanager
def platform_of(name: str) -> Iterator[Connection]:
    """A connection to a fresh platform of a world; its server runs as long as this lasts, and its files stay.

    Commits do not wait for the disk: a world that a crash cuts short is played again from its first day.
    """
    place = played_folder(name)
    shutil.rmtree(place, ignore_errors=True)
    server = Embedded(place)
    dsn = server.start()
    try:
        migrate_dsn(dsn)
        with contextlib.closing(connect(dsn)) as connection:
            connection.execute("SET synchronous_commit = off")
            connection.commit()
            yield connection
    finally:
        server.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """What is needed to talk: the talk, and the contracts that an auditor reads: the platform's mandates and vehicles."""

    talk: Talk
    mandates: tuple[Mandate, ...]
    vehicles: tuple[Vehicle, ...]

    def auditor(self, share: float = 0.01) -> Auditor:
        """An auditor who listens, and looks up a part of what nobody touched."""
        on = self.talk.clock.on
        codes = sorted({each.code for each in self.mandates if each.effective_from <= on})
        auditor = Auditor(talk=self.talk, mandates=codes, terms=self.mandates, vehicles=self.vehicles, share=share)
        self.talk.listeners.append(auditor)
        return auditor


def talk_with(connection: Connection, first_day: int, folder: Path, seed: int, terms: PlatformTerms | None = None) -> Ears:
    """A conversation over a connection to a migrated store, whose clock stands on a day.

    folder   where borrowers' keys and settlement files go
    """
    held = terms or platform_terms()
    clock = Clock(first_day)
    # Borrowers of a made-up world are made up: a key from the seed is enough, and nobody has to set one.
    masters = MasterKeys.of([hashlib.sha256(f"played world {seed}".encode()).digest()])
    vault = Vault(KeyFile(masters, folder / "keys"))
    archive_terms(held, connection, clock()[0])
    for each in (MAKER, CHECKER, RISK):
        # Who proposes and approves is a caller that the store knows, as one that was given a key.
        keep_caller(connection, each, clock()[0])
    connection.commit()
    closing = day_terms(held)

    def close(to: dt.date) -> Iterable[StepDone]:
        return close_days(closing, connection, clock, to, folder=folder / "settlements")

    talk = Talk(
        desk=Desk(connection, clock, vault.body_hash),
        verbs={verb.name: verb for verb in verbs(held, vault)},
        reads={read.name: read for read in reads(held, vault)},
        clock=clock,
        close=close,
    )
    return Ears(talk=talk, mandates=tuple(held.mandates), vehicles=closing.vehicles)
