"""Bring the tables of the online store to the version of this package, from nothing or from any earlier version."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from loanbook.errors import StateError
from loanbook.stores.online import schema_access, schema_cash, schema_collections, schema_day, schema_purchases, schema_vehicles

MATTERS = (schema_access, schema_cash, schema_collections, schema_day, schema_purchases, schema_vehicles)
"""Tables beside those of `schema`, on the same metadata."""
_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 0x10A_B00C
"""Key of the advisory lock that lets one process migrate at a time."""


def config(connection: Connection | None = None) -> Config:
    """Alembic's settings: where the steps are, and the connection that they run over."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def latest_version() -> str:
    """The version that this package's tables have."""
    return str(ScriptDirectory.from_config(config()).get_current_head())


def is_known(version: str) -> bool:
    """Whether a version of tables is one that this package can bring to its own."""
    return version in _known()


def _known() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}


def current_version(connection: Connection) -> str | None:
    """The version of a database's tables; None before the first migration."""
    return MigrationContext.configure(connection).get_current_revision()


def migrate(engine: Engine, to: str = "head") -> str:
    """Migrate a database; a crash in the middle leaves the version of the last step that finished.

    raises   StateError when the database is of a version this package does not know
    """
    known = _known()
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        try:
            found = current_version(connection)
            if found is not None and found not in known:
                raise StateError(
                    f"the store is of version {found}, newer than this loanbook ({latest_version()}). Update loanbook."
                )
            connection.commit()
            command.upgrade(config(connection), to)
            connection.commit()
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            connection.commit()
    return latest_version()


def migrate_dsn(dsn: str) -> str:
    """Migrate the database that a DSN (as libpq writes it) names. Raises as `migrate`."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
    return migrate(engine)
