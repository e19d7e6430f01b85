"""A data folder brought across major versions of PostgreSQL by the servers of this machine, up and down, or left as it was."""

import datetime as dt

import pytest

from loanbook.services.forwarding import forward
from loanbook.stores.binaries import found_binaries
from loanbook.stores.book import ensure_book, open_book
from loanbook.stores.embedded import Embedded
from tests.online.places import Place, lent, state_of
from tests.online.test_backup import _killed_when

MAJORS = sorted({each.major for each in found_binaries()})
OLD, NEW = MAJORS[0], MAJORS[-1]
TODAY = dt.date(2026, 10, 5)
NOW = dt.datetime(2026, 10, 5, 9, 0, tzinfo=dt.UTC)

pytestmark = pytest.mark.skipif(OLD == NEW, reason=f"only PostgreSQL {OLD} is on this machine; an upgrade needs two versions")


@pytest.fixture
def place(monkeypatch):
    """A store of the oldest version here, with a loan and a told book."""
    monkeypatch.setenv("LOANBOOK_POSTGRES", str(OLD))
    made = Place(monkeypatch, "upgrade")
    with made.platform(today=TODAY) as platform:
        _, _, made.loan = lent(platform)
        made.before = state_of(platform, made.loan)
        book = ensure_book(made.home / "books" / "platform", currency="CNY", decimals=2)
        assert forward(platform.connection, book, NOW).new == 1
    monkeypatch.delenv("LOANBOOK_POSTGRES")
    yield made
    monkeypatch.delenv("LOANBOOK_POSTGRES", raising=False)
    made.close()


def test_a_folder_goes_up_and_down_with_all_its_rows_and_is_told_on(place):
    assert Embedded().major() == OLD
    said = place.run("store", "upgrade", "--to", NEW)
    assert f"PostgreSQL {OLD} to {NEW}" in said
    assert Embedded().major() == NEW
    (aside,) = place.online.glob(f"cluster.postgresql-{OLD}-*")
    assert (aside / "PG_VERSION").read_text().strip() == str(OLD)
    _goes_on(place, "2")
    said = place.run("store", "upgrade", "--to", OLD, "--drop-old")
    assert Embedded().major() == OLD
    assert not list(place.online.glob(f"cluster.postgresql-{NEW}-*"))
    _goes_on(place, "3")
    assert "already" in place.fails("store", "upgrade", "--to", OLD)
    assert "is not on this machine" in place.fails("store", "upgrade", "--to", 99)


def _goes_on(place, number):
    assert "The store is whole" in place.run("store", "check")
    with place.platform(today=TODAY) as platform:
        version = platform.connection.execute("SHOW server_version").fetchone()["server_version"]
        assert int(version.split(".")[0]) == Embedded().major()
        assert state_of(platform, place.loan) == place.before
        book = open_book(place.home / "books" / "platform")
        assert forward(platform.connection, book, NOW).events == 0
        lent(platform, number, number)
        assert forward(platform.connection, open_book(book.folder), NOW).new == 1


def test_a_folder_of_another_version_says_what_to_do(place, monkeypatch):
    monkeypatch.setenv("LOANBOOK_POSTGRES", str(NEW))
    words = f"was written by PostgreSQL {OLD}, not by {NEW}"
    for command in (("key", "list"), ("store", "check"), ("store", "backup", place.root / "b")):
        said = place.fails(*command)
        assert words in said
        assert f"loanbook store upgrade --to {NEW}" in said
    said = place.run("store", "status", code=1)
    assert words in said
    monkeypatch.setattr("loanbook.stores.embedded.found_binaries", lambda: found_binaries()[-1:])
    said = place.fails("key", "list")
    assert f"Install PostgreSQL {OLD} beside it, then run `loanbook store upgrade`, which needs both" in said
    monkeypatch.undo()
    place.use()
    monkeypatch.setenv("LOANBOOK_POSTGRES", "7")
    assert "no such PostgreSQL is on this machine" in place.fails("key", "list")


def test_what_is_not_equal_is_not_taken(place, monkeypatch):
    # Undone alone: what the session says of PostgreSQL stays away.
    with monkeypatch.context() as broken:
        broken.setattr("loanbook.stores.online.dump._MOVED_ALL", "UPDATE public.loan SET principal_fen = 1;\n", raising=True)
        assert "loan" in place.fails("store", "upgrade", "--to", NEW)
    assert Embedded().major() == OLD
    assert not (place.online / "next").exists()
    _goes_on(place, "2")


def test_an_upgrade_in_use_is_refused_and_one_that_is_killed_leaves_the_old_folder(place):
    with place.platform(today=TODAY):
        assert "another process uses the server" in place.fails("store", "upgrade", "--to", NEW)
    for seen in ("database.dump", "cluster/postmaster.pid"):
        words = ["store", "upgrade", "--to", NEW]
        assert _killed_when(place, words, lambda at=place.online / "next" / seen: at.exists())
        assert Embedded().major() == OLD
        with place.platform(today=TODAY) as platform:
            assert state_of(platform, place.loan) == place.before
    place.run("store", "upgrade", "--to", NEW)
    assert not (place.online / "next").exists()
    _goes_on(place, "2")
