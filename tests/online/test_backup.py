"""A backup brought back is the store it was, erased borrowers stay erased, and neither is ever there by half."""

import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time

import pytest

from loanbook.services.bookkeeping import close_period
from loanbook.services.company_importing import import_company
from loanbook.services.forwarding import forward
from loanbook.services.ledger_proving import prove_ledger
from loanbook.services.manual_entries import proposals, propose_rows
from loanbook.stores.backup import read_manifest
from loanbook.stores.book import check_files, create_book, ensure_book, open_book
from loanbook.stores.corporate_ledger import load_corporate
from loanbook.stores.embedded import Embedded
from loanbook.stores.ledger import Ledger
from loanbook.stores.online.retention import standing
from loanbook.stores.online.unit import Unit
from tests.online.places import Place, lent, only_this, state_of

TODAY = dt.date(2026, 10, 5)
NOW = dt.datetime(2026, 10, 5, 9, 0, tzinfo=dt.UTC)
EARLY = dt.datetime(2024, 4, 10, tzinfo=dt.UTC)
BILL = """
- {kind: cost_incurred, event_id: c1, entity: lantern_technology, currency: CNY, happened_on: 2024-02-15,
   line: sales_and_marketing, counterparty: Example Media, amount: 900.05}
"""
COMMAND = [sys.executable, "-c", "import loanbook.cli; loanbook.cli.main()"]


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as patched:
        yield patched


@pytest.fixture(scope="module")
def source(patch):
    """A store with two loans, one erased borrower, a told book, settlement files, heads of the audit log; and its backups."""
    place = Place(patch, "source")
    with place.platform(today=TODAY) as platform:
        _use_up_transactions(platform.connection)
        for number in ("1", "2"):
            lent(platform, number, number)
        gone = platform.line("3")
        platform.borrowers = [
            row["borrower_id"] for row in platform.connection.execute("SELECT borrower_id FROM borrower ORDER BY 1")
        ]
        platform.connection.rollback()
        book = ensure_book(place.home / "books" / "platform", currency="CNY", decimals=2)
        assert forward(platform.connection, book, NOW).new == 2
        assert standing(platform.connection, platform.borrowers[2]) is not None
        _erase(platform, place, platform.borrowers[2])
        assert gone["outcome"] == "approved"
        place.borrowers = platform.borrowers
        place.loans = [row["loan_id"] for row in platform.connection.execute("SELECT loan_id FROM loan ORDER BY 1")]
    _keep_books(place)
    (place.home / "settlements" / "2026-10-04").mkdir(parents=True)
    (place.home / "settlements" / "2026-10-04" / "harbour.csv").write_text("loan_id,line,events,amount_fen\n")
    place.run("audit")
    place.run("store", "backup", place.root / "folder")
    place.run("store", "backup", place.root / "file.tar")
    place.run("key", "export", place.root / "key-copy")
    yield place
    place.close()


def _keep_books(place):
    """A company's book: an event, a proposal that waits, a locked quarter; and what a killed writer left."""
    book = create_book(place.home / "books" / "holding", currency="CNY")
    path = place.root / "bill.yaml"
    path.write_text(BILL, encoding="utf-8")
    assert import_company(book, path, recorded_at=EARLY).reading.accepted.rows == 1
    row = {"entity": "lantern_technology", "currency": "CNY", "happened_on": "2024-03-31", "book": "core"}
    row |= {"debit": "5040", "credit": "2110", "amount": "7.00", "text": "rent"}
    propose_rows(book, [row], ["here"], maker="Ann Chen", now=EARLY)
    close_period(book, "2024Q1", known_on=EARLY.date())
    (book.folder / "corporate" / ".staging").mkdir()


def _use_up_transactions(connection, count=5_000):
    """A server that is older than the one it is restored into: its transactions have higher numbers."""
    connection.execute("CREATE TEMP TABLE used (n int) ON COMMIT DROP")
    connection.execute(
        "DO $$ BEGIN FOR n IN 1.." + str(count) + " LOOP "
        "BEGIN INSERT INTO used VALUES (n); EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END $$"
    )
    connection.commit()


def _erase(platform, place, borrower_id):
    from loanbook.stores.online.vault import open_vault

    unit = Unit(platform.connection, NOW, TODAY)
    assert open_vault().erase(platform.connection, [borrower_id], NOW) == [borrower_id]
    unit.event("borrower_erased", borrower_id, rule="test", kept="")
    unit.flush()
    platform.connection.commit()


@pytest.fixture
def other(patch, source):
    """An empty place with the keys of the source."""
    place = Place(patch, "other")
    shutil.copytree(source.keys, place.keys)
    yield place
    place.close()


def test_what_comes_back_is_what_was_there_and_goes_on(source, other):
    said = other.run("store", "restore", source.root / "folder")
    assert "Closes and reports of its books are not in a backup: `loanbook close BOOK` makes them again." in said
    assert "The store is whole" in other.run("store", "check")
    assert (other.home / "settlements" / "2026-10-04" / "harbour.csv").exists()
    with source.platform(today=TODAY) as platform:
        before = [state_of(platform, loan) for loan in source.loans]
    with other.platform(today=TODAY) as platform:
        assert [state_of(platform, loan) for loan in source.loans] == before
        book = open_book(other.home / "books" / "platform")
        assert check_files(book) == []
        assert forward(platform.connection, book, NOW).events == 0
        lent(platform, "4", "4")
        told = forward(platform.connection, open_book(book.folder), NOW)
        assert (told.events, told.new) == (1, 1)
        fresh = ensure_book(other.home / "books" / "fresh", currency="CNY", decimals=2)
        assert forward(platform.connection, fresh, NOW).new == 3


def test_the_companys_books_come_back_with_their_locked_quarters(source, other):
    other.run("store", "restore", source.root / "file.tar")
    kept, back = (open_book(place.home / "books" / "holding") for place in (source, other))
    assert Ledger(back).head == Ledger(kept).head != ""
    assert prove_ledger(back).findings == ()
    assert load_corporate(back.folder) == load_corporate(kept.folder) != {}
    assert [each.proposal for each in proposals(back)] == [each.proposal for each in proposals(kept)] != []
    assert not (back.folder / "corporate" / ".staging").exists()
    closed, fresh = close_period(back, "2024Q2", known_on=EARLY.date().replace(month=7))
    assert (closed.name, fresh) == ("2024Q2", True)


def test_a_backup_of_what_was_restored_is_restored_again(source, other, patch):
    other.run("store", "restore", source.root / "file.tar")
    with other.platform(today=TODAY) as platform:
        lent(platform, "4", "4")
    other.run("store", "backup", other.root / "second")
    third = Place(patch, "third")
    try:
        shutil.copytree(other.keys, third.keys)
        third.run("store", "restore", other.root / "second")
        with third.platform(today=TODAY) as platform:
            told = forward(platform.connection, open_book(third.home / "books" / "platform"), NOW)
            assert (told.events, told.new) == (1, 1)
            lent(platform, "5", "5")
            assert forward(platform.connection, open_book(third.home / "books" / "platform"), NOW).new == 1
    finally:
        third.close()


def test_who_was_erased_since_stays_erased(source, other):
    other.run("store", "restore", source.root / "folder")
    victim = source.borrowers[0]
    with other.platform(today=TODAY) as platform:
        assert platform.look("borrower", victim)[1] is not None
        _erase(platform, other, victim)
    said = other.run("store", "restore", source.root / "folder", "--replace")
    assert "1 borrower was erased since, and stays so." in said
    _is_gone(other, victim)
    assert "The store is whole" in other.run("store", "check")
    # Neither does an older copy of the key file bring anybody back: what is listed as erased is emptied in it.
    other.run("key", "import", source.root / "key-copy")
    _is_gone(other, victim)
    # Nor both together: restored first, keys taken back afterwards.
    assert "1 borrower was erased since, and stays so." in other.run("store", "restore", source.root / "folder", "--replace")
    other.run("key", "import", source.root / "key-copy")
    _is_gone(other, victim)


def _is_gone(place, borrower_id):
    with place.platform(today=TODAY) as platform:
        row = platform.connection.execute("SELECT * FROM identity WHERE borrower_id = %s", (borrower_id,)).fetchone()
        sealed = platform.connection.execute(
            "SELECT count(*) AS n FROM application WHERE borrower_id = %s AND sealed <> ''", (borrower_id,)
        ).fetchone()
    assert (row["lookup"], row["sealed"], row["key_slot"]) == (None, None, None)
    assert row["erased_at"] is not None
    assert sealed["n"] == 0


def test_a_lost_machine_comes_back_from_backup_and_key_copy(source, other):
    shutil.rmtree(other.keys)
    assert "loanbook key import FOLDER" in other.fails("store", "restore", source.root / "folder")
    other.run("key", "import", source.root / "key-copy")
    # Importing keys makes a store, which is empty; the backup takes its place.
    assert "holds a store already" in other.fails("store", "restore", source.root / "folder")
    other.run("store", "restore", source.root / "folder", "--replace")
    assert "The store is whole" in other.run("store", "check")


def test_without_keys_the_store_comes_back_and_its_people_do_not(source, other):
    shutil.rmtree(other.keys)
    other.run("store", "restore", source.root / "folder", "--without-keys")
    said = other.run("store", "check", code=1)
    assert "the key file is not there" in said


def test_a_key_file_older_than_the_backup_is_refused(source, other):
    path = other.keys / "keys"
    path.write_bytes(path.read_bytes()[: 3 * 128])
    words = other.fails("store", "restore", source.root / "folder")
    assert "does not fit the backup" in words
    assert not (other.online / "cluster").exists()


def test_another_key_file_is_refused(source, other):
    shutil.rmtree(other.keys)
    other.run("key", "list")
    other.run("call", "register", '{"kind": "consumer", "channel": "x", "document": "8"}')
    words = other.fails("store", "restore", source.root / "folder", "--replace")
    assert "is not the key file of this backup" in words
    assert "another key file" in other.fails("key", "import", source.root / "key-copy")


def test_a_place_that_is_taken_or_in_use_is_left_alone(source, other):
    other.run("store", "restore", source.root / "folder")
    assert "is there already" in other.fails("store", "restore", source.root / "folder")
    shutil.rmtree(other.home / "books")
    shutil.rmtree(other.home / "settlements")
    (other.home / "audit_heads").unlink()
    assert "holds a store already" in other.fails("store", "restore", source.root / "folder")
    with other.platform(today=TODAY):
        assert "another process uses the server" in other.fails("store", "restore", source.root / "folder", "--replace")
    assert (other.online / "cluster" / "PG_VERSION").exists()


def _flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def test_what_is_no_whole_backup_is_refused_and_nothing_is_there(source, other, tmp_path):
    def refused(name, words):
        assert words in other.fails("store", "restore", tmp_path / name)
        assert not (other.online / "cluster").exists()
        assert not (other.home / "books").exists()
        assert not (other.home / ".restoring").exists()

    refused("nothing", "is not a finished backup")
    shutil.copytree(source.root / "folder", tmp_path / "changed")
    _flipped(tmp_path / "changed" / "database.dump")
    refused("changed", "database.dump was changed")
    shutil.copytree(source.root / "folder", tmp_path / "less")
    next((tmp_path / "less" / "books").rglob("*.parquet")).unlink()
    refused("less", ".parquet is missing")
    content = (source.root / "file.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(content[: len(content) * 2 // 3])
    refused("cut.tar", "is")
    shutil.copytree(source.root / "folder", tmp_path / "newer")
    manifest = json.loads((tmp_path / "newer" / "manifest.json").read_text())
    manifest["database"]["version"] = "v9999"
    (tmp_path / "newer" / "manifest.json").write_text(json.dumps(manifest))
    refused("newer", "newer than this loanbook")
    # The archive is whole and says something else than the figures of the manifest: proven after it is loaded.
    manifest["database"]["version"] = read_manifest(source.root / "folder", source.root).database.version
    manifest["database"]["tables"]["event"]["content"] = "1"
    (tmp_path / "newer" / "manifest.json").write_text(json.dumps(manifest))
    refused("newer", "event is missing or has other content")


def test_no_name_is_taken_twice_and_a_backup_holds_no_key(source):
    assert "is there already" in source.fails("store", "backup", source.root / "folder")
    assert "is no folder" in source.fails("store", "backup", source.root / "none" / "b")
    with tarfile.open(source.root / "file.tar") as tar:
        names = tar.getnames()
    assert "database.dump" in names
    assert "erased" in names
    assert not [name for name in names if name.split("/")[-1] == "keys"]
    assert names[-1] == "manifest.json"


def _killed_when(place, words, condition):
    """Run a command of the place and kill it once a condition holds; whether it was killed in time."""
    running = subprocess.Popen(
        [*COMMAND, *map(str, words)],
        env=only_this() | place.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not condition() and running.poll() is None:
        time.sleep(0.005)
    with_children = running.poll() is None
    if with_children:
        os.kill(running.pid, signal.SIGKILL)
    running.wait()
    return with_children


def test_a_backup_killed_in_the_middle_leaves_nothing_that_looks_finished(source):
    for name, seen in (("killed", "database.dump"), ("killed.tar", "books")):
        staged = source.root / f".{name}.unfinished" / "backup"
        assert _killed_when(source, ["store", "backup", source.root / name], lambda at=staged / seen: at.exists())
        assert not (source.root / name).exists()
        assert "is not a finished backup" in source.fails("store", "restore", staged, "--replace")
        source.run("store", "backup", source.root / name)
        assert not (source.root / f".{name}.unfinished").exists()


def test_a_restore_killed_in_the_middle_leaves_what_was_there(source, other):
    other.run("store", "restore", source.root / "folder")
    with other.platform(today=TODAY) as platform:
        lent(platform, "4", "4")
    words = ["store", "restore", source.root / "folder", "--replace"]
    for seen in ("cluster.new", "cluster/postmaster.pid"):
        assert _killed_when(other, words, lambda at=other.online / "next" / seen: at.exists())
        with other.platform(today=TODAY) as platform:
            assert platform.connection.execute("SELECT count(*) AS n FROM loan").fetchone()["n"] == 3
    other.run(*words)
    with other.platform(today=TODAY) as platform:
        assert platform.connection.execute("SELECT count(*) AS n FROM loan").fetchone()["n"] == 2
    assert not (other.online / "next").exists()
    assert len(list(other.online.glob("cluster.replaced-*"))) == 1


def test_a_restore_that_is_cut_between_its_renames_is_ended_by_the_next_command(source, other, patch):
    other.run("store", "restore", source.root / "folder")
    with other.platform(today=TODAY) as platform:
        lent(platform, "4", "4")
    with pytest.MonkeyPatch.context() as cut:
        cut.setattr("loanbook.stores.moves.finish_moves", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        other.run("store", "restore", source.root / "folder", "--replace", code=130)
    assert Embedded().journal.exists()
    with other.platform(today=TODAY) as platform:
        assert platform.connection.execute("SELECT count(*) AS n FROM loan").fetchone()["n"] == 2
    assert not Embedded().journal.exists()
    assert "The store is whole" in other.run("store", "check")


def test_into_a_server_that_a_dsn_names(source, other, databases, empty_dsn, patch):
    other.use()
    patch.setenv("LOANBOOK_DSN", empty_dsn)
    try:
        from loanbook.services.restoring import restore

        with pytest.MonkeyPatch.context() as cut:
            cut.setattr("loanbook.services.restoring.commit_moves", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            cut.setattr("loanbook.services.restoring.migrate_dsn", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                restore(source.root / "folder")
        assert not (other.home / "books").exists()
        restore(source.root / "folder")
        assert (other.home / "books" / "platform" / "manifest.json").exists()
        with pytest.raises(Exception, match="is there already"):
            restore(source.root / "folder")
        shutil.rmtree(other.home / "books")
        shutil.rmtree(other.home / "settlements")
        (other.home / "audit_heads").unlink()
        with pytest.raises(Exception, match="holds tables already"):
            restore(source.root / "folder")
    finally:
        patch.delenv("LOANBOOK_DSN")
