"""The check of a store finds nothing in one that is whole, and each thing that is not."""

import contextlib
import datetime as dt
import os
import shutil

import psycopg
import pytest

from loanbook.services.checking import _PARTS, _Store, check_store
from loanbook.services.day_close import close_days, day_terms
from loanbook.services.forwarding import forward
from loanbook.stores.binaries import found_binaries
from loanbook.stores.book import ensure_book, open_book
from loanbook.stores.embedded import Embedded
from loanbook.stores.online.key_file import KeyFile, MasterKeys
from loanbook.stores.online.unit import connect
from loanbook.stores.online.vault import Vault
from tests.online.places import MASTER, Place, lent
from tests.online.platform import TERMS, Platform

DAY = dt.date(2024, 5, 6)


@pytest.fixture(scope="module")
def model(databases, _migrated, tmp_path_factory):
    """A store where much has happened, and its folder: the model of the stores of these tests."""
    name, folder = databases.create(_migrated), tmp_path_factory.mktemp("model")
    vault = Vault(KeyFile(MasterKeys.of([b"1" * 32]), folder / "keys"))
    with contextlib.closing(connect(databases.dsn(name))) as connection, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOANBOOK_HOME", str(folder / "home"))
        _live(Platform(connection, vault, today=DAY), folder)
    yield name, folder
    databases.drop(name)


@pytest.fixture
def place(monkeypatch, tmp_path, databases, model):
    """The environment of a store of its own like the model."""
    name = databases.create(model[0])
    folder = tmp_path / "place"
    shutil.copytree(model[1], folder)
    for variable, value in {
        "LOANBOOK_DSN": databases.dsn(name),
        "LOANBOOK_HOME": str(folder / "home"),
        "LOANBOOK_KEYS": str(folder / "keys"),
        "LOANBOOK_MASTER_KEY": MASTER,
    }.items():
        monkeypatch.setenv(variable, value)
    yield folder
    databases.drop(name)


def _live(platform, place):
    """Repaid, returned, refused on the way, unfunded, a day closed, a book told."""
    tx = platform.connection
    for number in ("1", "2", "3"):
        _, quoted, loan_id = lent(platform, number, number)
    owed = quoted["instalments"][0]["principal_fen"]
    platform.done("repay", loan_id=loan_id, provider_reference="in-1", amount_fen=owed, paid_on=DAY)
    platform.done("repay", loan_id=loan_id, provider_reference="in-2", amount_fen=owed, paid_on=DAY)
    platform.done("give_back", provider_reference="in-2", reason="bounced")
    line = platform.line("4")
    _, drawn = platform.loan(line["line_id"])
    platform.done("answer_offer", loan_id=drawn["loan_id"], decision="refuse", reason="no")
    platform.done("answer_offer", loan_id=drawn["loan_id"], decision="accept")
    _, drawn = platform.loan(line["line_id"], principal_fen=100_000)
    while drawn["state"] == "offered":
        drawn = platform.done("answer_offer", loan_id=drawn["loan_id"], decision="refuse", reason="no")
    assert drawn["state"] == "unfunded"
    platform.loan(platform.line("5")["line_id"])
    book = ensure_book(place / "home" / "books" / "platform", currency="CNY", decimals=2)
    forward(tx, book, platform.clock()[0])
    platform.today += dt.timedelta(days=1)
    tuple(close_days(day_terms(TERMS), tx, platform.clock, folder=place / "home" / "settlements"))
    tx.commit()


def findings(*parts):
    """What parts of the check find, in words."""
    dsn = os.environ["LOANBOOK_DSN"]
    with contextlib.closing(connect(dsn)) as connection:
        found = {name: _PARTS[name](_Store(dsn=dsn, connection=connection)) for name in parts}
    return [f"{each.place}: {each.message}" for part in found.values() for each in part.findings]


@pytest.mark.usefixtures("place")
def test_a_store_that_is_whole_has_no_findings_and_says_what_it_could_not_look_at():
    parts = {part.name: part for part in check_store()}
    assert [part.findings for part in parts.values() if part.findings] == []
    assert "not ours" in parts["checksums"].left_out
    assert parts["loans against accounts"].looked_at == "3 loans"
    assert parts["keys"].looked_at == "5 keys"


_LOAN = "(SELECT loan_id FROM payment LIMIT 1)"
_EVENT = "event (kind, subject, happened_on, recorded_at, content)"


@pytest.mark.parametrize(
    ("statement", "part", "words"),
    [
        (f"UPDATE loan SET state = 'confirmed' WHERE loan_id = {_LOAN}", "state against events", "not what its events led to"),
        (f"UPDATE loan SET partner = 'other' WHERE loan_id = {_LOAN}", "state against events", "not what its events led to"),
        (
            f"UPDATE loan SET disbursed_on = disbursed_on - 1 WHERE loan_id = {_LOAN}",
            "state against events",
            "not what its events",
        ),
        (
            f"UPDATE loan SET payout_reference = NULL WHERE loan_id = {_LOAN}",
            "state against events",
            "not what its events led to",
        ),
        ("DELETE FROM event WHERE kind = 'loan_drawn'", "state against events", "its drawdown is no event"),
        (
            f"INSERT INTO {_EVENT} SELECT kind, subject, happened_on, recorded_at, content FROM event WHERE kind = 'loan_drawn'",
            "state against events",
            "the event is there more than once",
        ),
        ("DELETE FROM event WHERE kind = 'payment_received'", "state against events", "no event tells it"),
        ("DELETE FROM event WHERE kind = 'event_reversed'", "state against events", "its return is not what its events say"),
        ("UPDATE payment SET amount_fen = amount_fen + 1", "state against events", "no payment agrees with the event"),
        ("DELETE FROM payment", "state against events", "no payment agrees with the event"),
        ("UPDATE reservation SET state = 'released'", "state against events", "attempt 1: is not what its events led to"),
        ("UPDATE decision SET outcome = 'declined'", "state against events", "is not what its event says"),
        ("UPDATE credit_line SET limit_fen = limit_fen + 1", "state against events", "is not what its events led to"),
        ("DELETE FROM identity", "state against events", "has no identity"),
        (
            "UPDATE loan SET principal_repaid_fen = principal_repaid_fen + 1",
            "loans against accounts",
            "not what its account says",
        ),
        (f"UPDATE loan SET state = 'repaid' WHERE loan_id = {_LOAN}", "loans against accounts", "is repaid and still owes"),
        ("UPDATE credit_line SET used_fen = used_fen + 1", "lines against loans", "its use is not what its loans owe"),
        ("UPDATE quota SET reserved_fen = reserved_fen + 1", "quotas against reservations", "not what its reservations come to"),
        ("UPDATE audit SET caller_id = 'other' WHERE number = 3", "audit chain", "audit 3: the row is not as it was sealed"),
        ("DELETE FROM audit WHERE number = 3", "audit chain", "audit 3: the row is missing"),
        ("UPDATE identity SET key_slot = 90", "keys", "two borrowers have one key"),
        ("UPDATE identity SET key_slot = key_slot + 1", "keys", "does not hold the key of"),
        ("DROP TRIGGER event_append_only ON event", "tables against migrations", "trigger event event_append_only: is missing"),
        ("ALTER TABLE event DISABLE TRIGGER event_append_only", "tables against migrations", "is not as the migrations make it"),
        ("ALTER TABLE loan ADD COLUMN odd int", "tables against migrations", "column loan.odd: is in no migration"),
        ("ALTER TABLE quota DROP CONSTRAINT ck_quota_within_cap", "tables against migrations", "ck_quota_within_cap: is missing"),
        ("DROP INDEX ix_event_subject", "tables against migrations", "index event ix_event_subject: is missing"),
        ("INSERT INTO forwarded VALUES ('lost', 1, 1, now())", "books", "book lost: was told facts"),
    ],
)
@pytest.mark.usefixtures("place")
def test_what_is_not_whole_is_found(statement, part, words):
    with psycopg.connect(os.environ["LOANBOOK_DSN"].replace("user=loanbook", "user=postgres")) as administrator:
        administrator.execute("SET session_replication_role = replica")  # no trigger stops this one
        assert administrator.execute(statement).rowcount != 0
    assert any(words in each for each in findings(part)), findings(part)


def test_files_that_were_changed_or_lost_are_found(place):
    file = next((place / "home" / "settlements").rglob("*.csv"))
    file.write_text("other\n")
    next((place / "home" / "books" / "platform").rglob("*.parquet")).write_bytes(b"")
    assert len(findings("settlement files")) == 1
    assert "the file was changed" in findings("books")[0]
    file.unlink()
    assert "is gone" in findings("settlement files")[0]


def test_a_book_that_lost_what_it_was_told_is_found(place):
    shutil.rmtree(place / "home" / "books" / "platform")
    ensure_book(place / "home" / "books" / "platform", currency="CNY", decimals=2)
    assert any("holds fewer loan_disbursed than it was told" in each for each in findings("books"))
    assert open_book(place / "home" / "books" / "platform").rows("loan_disbursed") == 0


def test_keys_that_are_gone_are_found(place):
    keys = KeyFile(MasterKeys.of([b"1" * 32]))
    keys.empty([3])
    assert any("their rows are not blank" in each for each in findings("keys"))
    content = bytearray(keys.path.read_bytes())
    content[3 * 128] = 1
    keys.path.write_bytes(bytes(content))
    assert any("listed as erased, but not empty" in each for each in findings("keys"))
    shutil.rmtree(place / "keys")
    assert "the key file is not there" in findings("keys")[0]


def test_pages_and_indexes_of_the_embedded_server(monkeypatch):
    place = Place(monkeypatch, "pages")
    try:
        with place.platform() as platform:
            lent(platform)
            path, index = (
                platform.connection.execute("SELECT pg_relation_filepath(%s) AS path", (name,)).fetchone()["path"]
                for name in ("event", "ix_event_subject")
            )
        assert "The store is whole" in place.run("store", "check")
        with (Embedded().cluster / path).open("r+b") as file:
            file.seek(8100)
            file.write(b"changed")
        assert "checksum" in place.run("store", "check", code=1)
        assert index
    finally:
        place.close()


@pytest.mark.skipif(found_binaries()[0].major != 15, reason="amcheck comes with Debian's server only")
def test_an_index_that_lost_a_row_is_found(monkeypatch):
    monkeypatch.setenv("LOANBOOK_POSTGRES", "15")
    place = Place(monkeypatch, "index")
    try:
        with place.platform() as platform:
            lent(platform)
        with place.administrator() as administrator:
            # A row that the index does not know: written while the index was taken for unready.
            administrator.execute("UPDATE pg_index SET indisready = false WHERE indexrelid = 'ix_event_subject'::regclass")
            administrator.commit()
            administrator.execute(f"INSERT INTO {_EVENT} VALUES ('other', 'nobody', now(), now(), '{{}}')")
            administrator.execute("UPDATE pg_index SET indisready = true WHERE indexrelid = 'ix_event_subject'::regclass")
            administrator.commit()
        said = place.run("store", "check", code=1)
        assert "index ix_event_subject" in said
        assert "lacks matching index tuple" in said
    finally:
        place.close()
