"""The tables: from nothing, twice, from each version to the next, and never backwards; and they are those that the code names."""

import shutil
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import DBAPIError

from loanbook.errors import StateError
from loanbook.stores.online import migrate as module
from loanbook.stores.online.migrate import current_version, latest_version, migrate
from loanbook.stores.online.schema import METADATA
from tests.online.conftest import engine_of

_FACTS = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
               pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum), obj_description(c.oid)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND c.relname <> 'alembic_version'""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = current_schema()::regnamespace AND conrelid::regclass::text <> 'alembic_version'""",
    "indexes": """
        SELECT tablename, indexname, replace(indexdef, schemaname || '.', '') FROM pg_indexes
        WHERE schemaname = current_schema() AND tablename <> 'alembic_version'""",
}


def _facts(dsn, schema):
    with psycopg.connect(dsn) as connection:
        connection.execute(f"SET search_path TO {schema}")
        return {name: set(connection.execute(query).fetchall()) for name, query in _FACTS.items()}


def _version(engine):
    with engine.connect() as connection:
        return current_version(connection)


@pytest.fixture
def engine(empty_dsn):
    made = engine_of(empty_dsn)
    yield made
    made.dispose()


def test_an_empty_database_gets_the_tables_of_this_version(engine):
    assert _version(engine) is None
    assert migrate(engine) == latest_version() == _version(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_tables_are_those_of_the_code_to_the_last_constraint_and_comment(engine, empty_dsn):
    migrate(engine)
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA made")
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL search_path TO made")
        METADATA.create_all(connection)
    found, named = _facts(empty_dsn, "public"), _facts(empty_dsn, "made")
    for kind in _FACTS:
        assert found[kind] == named[kind], kind
    assert len(found["columns"]) > 100


def test_migrating_twice_changes_nothing(engine, empty_dsn):
    migrate(engine)
    with psycopg.connect(empty_dsn) as connection:
        connection.execute("INSERT INTO terms VALUES ('h', 'product', 'p', '2026-01-01', 'c', now())")
    before = _facts(empty_dsn, "public")
    assert migrate(engine) == latest_version()
    assert _facts(empty_dsn, "public") == before
    with psycopg.connect(empty_dsn) as connection:
        assert connection.execute("SELECT count(*) FROM terms").fetchone() == (1,)


def test_a_newer_version_is_refused_and_left_as_it_is(engine, empty_dsn):
    migrate(engine)
    with psycopg.connect(empty_dsn) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'v9999'")
    with pytest.raises(StateError, match=r"version v9999, newer than this loanbook \(v\d{4}\)"):
        migrate(engine)
    assert _version(engine) == "v9999"


def _step(folder: Path, name: str, after: str, body: str) -> None:
    text = f'from alembic import op\n\nrevision = "{name}"\ndown_revision = "{after}"\n\n\ndef upgrade():\n    {body}\n'
    (folder / "versions" / f"{name}_step.py").write_text(text)


@pytest.fixture
def further(tmp_path, monkeypatch):
    """The migrations with two more steps, the second of which fails half way."""
    folder = tmp_path / "migrations"
    shutil.copytree(module._SCRIPTS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    last = latest_version()
    _step(folder, "v9001", last, "op.execute(\"ALTER TABLE quota ADD COLUMN remark text NOT NULL DEFAULT 'none'\")")
    monkeypatch.setattr(module, "_SCRIPTS", folder)
    return folder


def test_each_version_is_a_step_of_its_own_and_rows_live_through_it(engine, empty_dsn, further):
    scripts = module.ScriptDirectory.from_config(module.config())
    steps = [script.revision for script in reversed(list(scripts.walk_revisions()))]
    assert steps[0] == "v0001"
    assert steps[-1] == "v9001"
    for place, step in enumerate(steps):
        migrate(engine, step)
        assert _version(engine) == step
        if place == 0:
            with psycopg.connect(empty_dsn) as connection:
                connection.execute("INSERT INTO quota VALUES ('m', '2026-11-22', 100, 40, 60)")
    with psycopg.connect(empty_dsn) as connection:
        assert connection.execute("SELECT confirmed_fen, remark FROM quota").fetchall() == [(60, "none")]


def test_a_step_that_fails_leaves_the_version_before_it_whole(engine, empty_dsn, further):
    _step(further, "v9002", "v9001", 'op.execute("CREATE TABLE half (n int)"); op.execute("SELECT 1 / 0")')
    with pytest.raises(DBAPIError, match="division by zero"):
        migrate(engine)
    assert _version(engine) == "v9001"
    with psycopg.connect(empty_dsn) as connection:
        assert connection.execute("SELECT to_regclass('half')").fetchone() == (None,)
    _step(further, "v9002", "v9001", 'op.execute("CREATE TABLE half (n int)")')
    assert migrate(engine) == "v9002"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET kind = 'other'",
        "DELETE FROM event",
        "TRUNCATE event",
        "UPDATE audit SET status = 500",
        "UPDATE audit SET subjects = '{x}', number = 1, previous_hash = 'a', hash = 'b'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "INSERT INTO audit (recorded_at, caller_id, action, subjects, status, number, previous_hash, hash)"
        " VALUES (now(), 'c', 'a', '{}', 200, 1, 'a', 'b')",
    ],
)
def test_events_and_the_audit_log_refuse_to_be_rewritten(tx, statement):
    columns = "kind, subject, happened_on, recorded_at, content"
    tx.execute(f"INSERT INTO event ({columns}) VALUES ('k', 's', now(), now(), '{{}}')")
    tx.execute("INSERT INTO audit (recorded_at, caller_id, action, subjects, status) VALUES (now(), 'c', 'a', '{}', 200)")
    tx.commit()
    with pytest.raises(psycopg.errors.RestrictViolation):
        tx.execute(statement)
    tx.rollback()
    assert tx.execute("SELECT kind FROM event").fetchall() == [{"kind": "k"}]
    assert tx.execute("SELECT status, number FROM audit").fetchall() == [{"status": 200, "number": None}]
