"""The tables as they stand, held against the tables that the migrations make, to the last constraint, trigger and comment."""

import psycopg
from alembic import command
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from loanbook.errors import Finding
from loanbook.stores.online.migrate import config

_SCHEMA = "loanbook_check"
_FACTS = {
    "column": """
        SELECT c.relname || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
               CASE WHEN a.attnotnull THEN 'not null' END, nullif(a.attidentity, ''), pg_get_expr(d.adbin, d.adrelid),
               '-- ' || col_description(c.oid, a.attnum))
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace""",
    "constraint": """
        SELECT conrelid::regclass::text || ' ' || conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = current_schema()::regnamespace AND contype <> 'n'""",
    "index": """
        SELECT tablename || ' ' || indexname, replace(indexdef, schemaname || '.', '') FROM pg_indexes
        WHERE schemaname = current_schema()""",
    "trigger": """
        SELECT tgrelid::regclass::text || ' ' || tgname, tgenabled::text || ' '
               || replace(pg_get_triggerdef(t.oid), current_schema() || '.', '')
        FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
        WHERE NOT tgisinternal AND c.relnamespace = current_schema()::regnamespace""",
    "function": """
        SELECT proname, prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace""",
}
"""Name and definition of each thing of a schema; constraints of kind n (PostgreSQL 18) are the columns' not null."""
_SHOWN = 160


def catalog_differences(dsn: str) -> list[Finding]:
    """What differs between the tables of a database and those that the migrations make.

    The migrations run in a schema of their own, in a transaction that is taken back, so nothing is left and nobody waits.
    raises   psycopg.errors.InsufficientPrivilege (inside SQLAlchemy's error) where the role may make no schema
    """
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
    with engine.connect() as connection:
        try:
            found = _facts(connection, "public")
            connection.execute(text(f"CREATE SCHEMA {_SCHEMA}"))
            connection.execute(text(f"SET LOCAL search_path TO {_SCHEMA}"))
            command.upgrade(config(connection), "head")
            made = _facts(connection, _SCHEMA)
        finally:
            connection.rollback()
    findings = []
    for kind in _FACTS:
        for name in sorted(set(found[kind]) | set(made[kind])):
            held, expected = found[kind].get(name), made[kind].get(name)
            if held != expected:
                place, message = f"{kind} {name}", _words(held, expected)
                findings.append(Finding(place=place, message=message, value=_cut(held), expected=_cut(expected)))
    return findings


def _facts(connection: Connection, schema: str) -> dict[str, dict[str, str]]:
    connection.execute(text(f"SET LOCAL search_path TO {schema}"))
    return {kind: dict(tuple(row) for row in connection.exec_driver_sql(query)) for kind, query in _FACTS.items()}


def _words(found: str | None, made: str | None) -> str:
    if found is None:
        return "is missing"
    return "is in no migration" if made is None else "is not as the migrations make it"


def _cut(definition: str | None) -> str:
    words = " ".join((definition or "").split())
    return words if len(words) <= _SHOWN else f"{words[:_SHOWN]}..."
