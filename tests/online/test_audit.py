"""The audit log: written with what it tells, chained by one sealer, and every way of rewriting it is named."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from loanbook.errors import EngineError, StateError
from loanbook.stores.online.audit import Entry, Head, append, chain_head, keep_head, kept_heads, seal, verify_chain
from loanbook.stores.online.unit import connect
from tests.online.conftest import NOW


def _entry(number):
    return Entry(caller_id="risk-1", action="read_loan", subjects=(f"ln-{number}", "b-1"), status=200)


def _sealed(tx, count):
    append(tx, [_entry(number) for number in range(count)], NOW)
    tx.commit()
    head, sealed = seal(tx)
    tx.commit()
    assert sealed == count
    return head


def test_rows_get_contiguous_numbers_and_each_hash_covers_the_one_before(tx):
    head = _sealed(tx, 3)
    rows = tx.execute("SELECT * FROM audit ORDER BY number").fetchall()
    assert [row["number"] for row in rows] == [1, 2, 3]
    assert bytes(rows[0]["previous_hash"]) == bytes(32)
    assert [bytes(row["previous_hash"]) for row in rows[1:]] == [bytes(row["hash"]) for row in rows[:-1]]
    assert head == Head(number=3, hash=bytes(rows[-1]["hash"])) == chain_head(tx)
    check = verify_chain(tx, [head])
    assert (check.broken, check.unsealed, check.head) == (None, 0, head)


def test_a_row_stands_or_falls_with_what_it_tells(tx):
    append(tx, [_entry(1)], NOW)
    tx.rollback()
    _sealed(tx, 1)
    row = tx.execute("SELECT entry, number FROM audit").fetchone()
    assert row == {"entry": 2, "number": 1}  # the numbers of the chain have no gap where a transaction failed


def test_sealing_goes_on_from_where_it_stopped_and_says_when_nothing_waits(tx):
    append(tx, [_entry(number) for number in range(5)], NOW)
    tx.commit()
    assert [seal(tx, 2)[1] for _ in range(4)] == [2, 2, 1, 0]
    tx.commit()
    assert verify_chain(tx).head.number == 5


def test_sealers_take_turns_and_writers_do_not_wait(online_dsn):
    def write():
        with connect(online_dsn) as tx:
            for number in range(25):
                append(tx, [_entry(number)], NOW)
                tx.commit()

    def run_sealer():
        with connect(online_dsn) as tx:
            for _ in range(25):
                seal(tx, 7)
                tx.commit()

    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(work) for work in (write, write, run_sealer, run_sealer, run_sealer)]:
            done.result()
    with connect(online_dsn) as tx:
        seal(tx)
        check = verify_chain(tx)
    assert (check.head.number, check.unsealed, check.broken) == (50, 0, None)


TAMPERED = {
    "a field is changed": ("UPDATE audit SET action = 'nothing' WHERE number = 3", 3, "not as it was sealed"),
    "a moment is changed": ("UPDATE audit SET recorded_at = now() WHERE number = 2", 2, "not as it was sealed"),
    "a subject is added": ("UPDATE audit SET subjects = subjects || '{x}' WHERE number = 4", 4, "not as it was sealed"),
    "subjects are joined": ("UPDATE audit SET subjects = '{\"ln-0,b-1\"}' WHERE number = 1", 1, "not as it was sealed"),
    "a row is taken out": ("DELETE FROM audit WHERE number = 3", 3, "is missing"),
    "the first row is taken out": ("DELETE FROM audit WHERE number = 1", 1, "is missing"),
    "a hash is replaced": ("UPDATE audit SET hash = previous_hash WHERE number = 4", 4, "not as it was sealed"),
    "a row is taken out and the gap closed": (
        "DELETE FROM audit WHERE number = 2; UPDATE audit SET number = number - 1 WHERE number > 2",
        2,
        "does not follow",
    ),
    "the end is cut off": ("DELETE FROM audit WHERE number > 3", 4, "ends before"),
}


@pytest.fixture
def rewrite(databases, online_dsn):
    """Statements of an administrator who takes the triggers off first."""

    def run(statements):
        name = dict(part.split("=") for part in online_dsn.split())["dbname"]
        with connect(databases.dsn(name, "postgres")) as admin:
            admin.execute("SET session_replication_role = replica")
            admin.execute(statements)

    return run


@pytest.mark.parametrize("name", TAMPERED)
def test_the_first_row_that_was_tampered_with_is_named(tx, rewrite, name):
    statements, number, words = TAMPERED[name]
    head = _sealed(tx, 5)
    rewrite(statements)
    broken = verify_chain(tx, [head]).broken
    assert broken is not None
    assert broken.place == f"audit {number}"
    assert words in broken.message


def test_a_chain_that_was_computed_anew_shows_against_a_head_kept_outside(tx, rewrite, tmp_path):
    kept = tmp_path / "heads"
    with pytest.raises(StateError, match="no heads"):
        kept_heads(kept)
    keep_head(kept, _sealed(tx, 3), NOW)
    rewrite("UPDATE audit SET status = 201, number = NULL, previous_hash = NULL, hash = NULL")
    seal(tx)
    tx.commit()
    assert verify_chain(tx).broken is None
    broken = verify_chain(tx, kept_heads(kept)).broken
    assert broken is not None
    assert (broken.place, "written anew" in broken.message) == ("audit 3", True)
    kept.write_text(kept.read_text() + "not a head\n")
    with pytest.raises(EngineError, match="heads:2: 'not a head'"):
        kept_heads(kept)


def test_rows_that_wait_for_the_sealer_are_counted(tx):
    _sealed(tx, 2)
    append(tx, [_entry(9)], NOW)
    assert verify_chain(tx).unsealed == 1


def test_a_sealed_row_is_not_sealed_again(tx):
    _sealed(tx, 1)
    with pytest.raises(psycopg.errors.RestrictViolation, match="a row is only sealed, and once"):
        tx.execute("UPDATE audit SET number = 2, previous_hash = 'a', hash = 'b'")
