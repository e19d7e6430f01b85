"""A PostgreSQL server for the session, in a folder that its account can reach, and a database of its own for each test."""

import datetime as dt
import itertools
import os
import shutil
import tempfile
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine

from loanbook.stores.embedded import ROLE, VERSION_VARIABLE, Embedded, found_binaries
from loanbook.stores.online.key_file import KeyFile, MasterKeys
from loanbook.stores.online.migrate import migrate
from loanbook.stores.online.unit import connect
from loanbook.stores.online.vault import Vault

WANTED = os.environ.get("LOANBOOK_TEST_POSTGRES")
"""The major version to test on, e.g. 18 (`make test-postgres`); without it the one that the platform would choose."""
if WANTED is not None:
    os.environ[VERSION_VARIABLE] = WANTED
NOT_DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
"""Its data need not outlive the machine, and a killed process loses nothing by it. Servers that tests kill keep the defaults."""
NOW = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
_NUMBERS = itertools.count(1)


def engine_of(dsn):
    """An engine for `migrate`, without a pool, so that no connection outlives its test."""
    return create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), pool_size=1, max_overflow=0)


@pytest.fixture(scope="session")
def server():
    """The embedded server; it is stopped and its folder removed at the end, whatever the tests did."""
    folder = Path(tempfile.mkdtemp(prefix="loanbook-pg-", dir="/tmp" if os.path.isdir("/tmp") else None))
    found = [each for each in found_binaries() if WANTED is None or str(each.major) == WANTED]
    assert found, f"LOANBOOK_TEST_POSTGRES is {WANTED}, and no such PostgreSQL is on this machine"
    running = Embedded(folder, found[0])
    try:
        running.start()
        with psycopg.connect(running.dsn("postgres", "postgres"), autocommit=True) as admin:
            for setting in NOT_DURABLE:
                admin.execute(f"ALTER SYSTEM SET {setting} = off")
            admin.execute("SELECT pg_reload_conf()")
        yield running
    finally:
        running.stop(only_last=False)
        shutil.rmtree(folder, ignore_errors=True)


class Databases:
    """Databases of the session's server, made and dropped by its own administrator."""

    def __init__(self, server):
        self._server = server

    def create(self, template="template0"):
        name = f"t{next(_NUMBERS)}"
        self._run(f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {template}")
        return name

    def drop(self, name):
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def dsn(self, name, role=ROLE):
        return self._server.dsn(role, name)

    def _run(self, statement):
        with psycopg.connect(self._server.dsn("postgres", "postgres"), autocommit=True) as admin:
            admin.execute(statement)


@pytest.fixture(scope="session")
def databases(server):
    return Databases(server)


@pytest.fixture(scope="session")
def _migrated(databases):
    name = databases.create()
    engine = engine_of(databases.dsn(name))
    migrate(engine)
    engine.dispose()
    yield name
    databases.drop(name)


@pytest.fixture
def empty_dsn(databases):
    """A database without tables."""
    name = databases.create()
    yield databases.dsn(name)
    databases.drop(name)


@pytest.fixture
def online_dsn(databases, _migrated):
    """A database with the tables of this version, and no rows."""
    name = databases.create(_migrated)
    yield databases.dsn(name)
    databases.drop(name)


@pytest.fixture
def tx(online_dsn):
    """A connection to it, as the services use it."""
    with connect(online_dsn) as connection:
        yield connection


@pytest.fixture
def masters():
    return MasterKeys.of([b"1" * 32])


@pytest.fixture
def vault(masters, tmp_path):
    return Vault(KeyFile(masters, tmp_path / "keys"))
