"""A store of the first version, with rows of a real life in it, becomes one of this version: rows intact, and life goes on.

`previous/v0001.sql` holds the rows in the columns of v0001, `previous/v0001.keys` the key file that their personal data needs.
"""

import datetime as dt
import shutil
from pathlib import Path

import psycopg
import pytest

from loanbook.services.checking import _PARTS, _Store
from loanbook.stores.online.key_file import KeyFile
from loanbook.stores.online.migrate import current_version, latest_version, migrate
from loanbook.stores.online.unit import connect
from loanbook.stores.online.vault import Vault
from tests.online.conftest import engine_of
from tests.online.places import MASTER
from tests.online.platform import Platform

PREVIOUS = Path(__file__).parent / "previous"
TODAY = dt.date(2024, 5, 8)
BECAME = {("credit_line", "age_years"), ("borrower", "drawdowns"), ("quote", "loan_id")}
"""Columns that a migration takes away, having put elsewhere what they said; the drawdowns of a borrower never said anything.
A quote's loan is the one that names it."""
EMPTIED = {"forwarded"}
"""Tables that a migration empties: books are told again."""

_COLUMNS = """
    SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version' GROUP BY 1"""


def _rows(dsn, columns=None):
    """Every table's columns, and its rows in these."""
    with psycopg.connect(dsn) as connection:
        found = columns or dict(connection.execute(_COLUMNS).fetchall())
        rows = {
            name: sorted(connection.execute(f"SELECT ROW({', '.join(of_table)})::text FROM {name}").fetchall())
            for name, of_table in found.items()
        }
    return found, rows


@pytest.fixture
def first(empty_dsn):
    """A database of v0001 with its rows."""
    engine = engine_of(empty_dsn)
    migrate(engine, "v0001")
    with psycopg.connect(empty_dsn) as connection:
        connection.execute((PREVIOUS / "v0001.sql").read_text(encoding="utf-8"))
    yield empty_dsn, engine
    engine.dispose()


@pytest.fixture
def vault(masters, tmp_path):
    (tmp_path / "keys").mkdir()
    shutil.copyfile(PREVIOUS / "v0001.keys", tmp_path / "keys" / "keys")
    return Vault(KeyFile(masters, tmp_path / "keys"))


def test_rows_of_the_first_version_are_intact_at_this_one(first):
    dsn, engine = first
    columns, before = _rows(dsn)
    assert all(
        before[name] for name in ("borrower", "credit_line", "loan", "reservation", "payment", "event", "audit", "request")
    )
    kept = {
        name: [each for each in of_table if (name, each) not in BECAME]
        for name, of_table in columns.items()
        if name not in EMPTIED
    }
    _, before = _rows(dsn, kept)
    assert migrate(engine) == latest_version()
    with engine.connect() as connection:
        assert current_version(connection) == latest_version()
    assert _rows(dsn, kept)[1] == before
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT DISTINCT age_least, age_most FROM credit_line").fetchall() == [(35, 39)]


def test_life_goes_on_and_the_store_is_whole(first, vault, monkeypatch):
    dsn, engine = first
    migrate(engine)
    for name, value in {"LOANBOOK_DSN": dsn, "LOANBOOK_KEYS": str(vault.keys.folder), "LOANBOOK_MASTER_KEY": MASTER}.items():
        monkeypatch.setenv(name, value)
    with connect(dsn) as connection:
        platform = Platform(connection, vault, today=TODAY)
        platform._keys = iter(range(1_000_000, 2_000_000))
        people = [row["borrower_id"] for row in connection.execute("SELECT borrower_id FROM borrower ORDER BY 1")]
        assert [person["name"] for person in vault.identities(connection, people)] == ["Wang Example"] * 3
        connection.rollback()
        known = platform.done("register", kind="consumer", channel="branch", document="1")
        assert known["borrower_id"] in people
        loans = connection.execute("SELECT loan_id, state FROM loan ORDER BY 1").fetchall()
        connection.rollback()
        assert sorted(row["state"] for row in loans) == ["disbursed", "disbursed", "offered"]
        for number, loan in enumerate(loans):
            if loan["state"] == "offered":
                platform.done("answer_offer", loan_id=loan["loan_id"], decision="accept")
                continue
            paid = {"provider_reference": f"end-{number}", "amount_fen": 600_000, "paid_on": TODAY, "purpose": "payoff"}
            assert platform.done("repay", loan_id=loan["loan_id"], **paid)["state"] == "repaid"
        connection.commit()
        for name in set(_PARTS) - {"tables and indexes", "books", "settlement files"}:
            assert _PARTS[name](_Store(dsn=dsn, connection=connection)).findings == (), name
            connection.rollback()
