"""Tables and indexes by PostgreSQL's own amcheck, which the server must bring; nothing of it stays in the database."""

import psycopg

_INDEXES = """
    SELECT c.oid, c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
    WHERE a.amname = 'btree' AND i.indisvalid AND i.indisready AND c.relpersistence = 'p'
      AND c.relnamespace IN ('public'::regnamespace, 'pg_catalog'::regnamespace)
    ORDER BY c.relname"""
_TABLES = """
    SELECT c.oid, c.relname FROM pg_class c
    WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND c.relnamespace = 'public'::regnamespace ORDER BY c.relname"""


def index_faults(dsn: str, most: int) -> tuple[int, str, list[tuple[str, str]]]:
    """Look at every table and B-tree index, each index against its table.

    returns   relations looked at; why it was not done, if it was not; faults as (place, message)
    """
    faults: list[tuple[str, str]] = []
    with psycopg.connect(dsn) as connection:
        known = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'").fetchone()
        if known is None:
            return 0, "this PostgreSQL does not bring amcheck (Debian: it is in the package of the server)", []
        try:
            connection.execute("CREATE EXTENSION IF NOT EXISTS amcheck SCHEMA public")
        except psycopg.errors.InsufficientPrivilege:
            return 0, "amcheck needs an administrator of the server", []
        tables = connection.execute(_TABLES).fetchall()
        indexes = connection.execute(_INDEXES).fetchall()
        for oid, name in tables:
            rows = connection.execute(
                "SELECT blkno, msg FROM public.verify_heapam(%s::regclass) LIMIT %s", (oid, most)
            ).fetchall()
            faults += [(f"table {name}, page {page}", message) for page, message in rows]
        for oid, name in indexes:
            try:
                with connection.transaction():
                    connection.execute("SELECT public.bt_index_check(%s::regclass, true)", (oid,))
            except psycopg.Error as error:
                faults.append((f"index {name}", " ".join(str(error).split())))
        connection.rollback()
    return len(tables) + len(indexes), "", faults[:most]
