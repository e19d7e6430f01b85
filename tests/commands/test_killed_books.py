"""`loanbook books close` and `restate` killed at any moment: no period or a whole one, the old versions or the new ones.

LOANBOOK_SOAK=N kills N times as often (`make soak`).
"""

import datetime as dt
import os
import shutil

import pytest

from loanbook.services.bookkeeping import close_period
from loanbook.services.ledger_proving import prove_ledger
from loanbook.stores.book import open_book
from loanbook.stores.intake import append
from loanbook.stores.ledger import Ledger
from tests.commands.killing import Killer
from tests.services.ledgers import ledger_book
from tests.stores.rows import loan, table

SOAK = int(os.environ.get("LOANBOOK_SOAK", "1"))
LATE = loan("late", "2024-05-20", 500_000) | {"recorded_at": dt.datetime(2024, 11, 5, 11, tzinfo=dt.UTC)}


@pytest.fixture(scope="module")
def killer():
    made = Killer()
    yield lambda home, words, **when: made.run(home=str(home), words=words, **when)
    made.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A book that no quarter of is closed."""
    made = tmp_path_factory.mktemp("home")
    (made / "books").mkdir()
    ledger_book(made / "books", loans=20)
    return made


def content(home):
    """What the ledger's folder holds once somebody has taken it for writing, which sweeps what a crash left."""
    with Ledger(open_book(home / "books" / "made_up")).writing():
        pass
    root = home / "books" / "made_up" / "ledger"
    return {p.relative_to(root): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file() and p.name != ".lock"}


def versions(home):
    book = open_book(home / "books" / "made_up")
    if not (book.folder / "ledger").exists():
        return []
    assert prove_ledger(book).findings == ()
    return [period.id for period in Ledger(book).all_periods()]


def moments(letters):
    """Before which steps to kill: renames and the last flushes; with LOANBOOK_SOAK more of them."""
    renames = [place for place, letter in enumerate(letters, 1) if letter == "r"]
    every = range(1, len(letters) + 1)
    return sorted(
        {*renames[-3 * SOAK :], len(letters) - 1, len(letters), *(every[:: max(len(letters) // SOAK, 1)] if SOAK > 1 else ())}
    )


def test_a_close_that_is_killed_leaves_no_period_or_a_whole_one(killer, home, tmp_path):
    words = ["books", "close", "2024Q3", "--book", "made_up"]
    whole = tmp_path / "whole"
    shutil.copytree(home, whole)
    answer = killer(whole, words)
    assert answer["code"] == 0
    steps, seen = moments(answer["steps"]), []
    for step in steps:
        copy = tmp_path / f"step{step}"
        shutil.copytree(home, copy)
        # A run may take a step less than the one before it: then it ends before the kill.
        killed = killer(copy, words, step=step)["code"] == -9
        found = versions(copy)
        assert found in ([], ["2024Q2.1"], ["2024Q2.1", "2024Q3.1"])
        assert killed or len(found) == 2
        seen.append(len(found) if killed else None)
        assert killer(copy, words)["code"] == 0
        assert content(copy) == content(whole)
        shutil.rmtree(copy)
    assert 1 in seen, "the opening is a whole period without the quarter that follows it"


def test_a_restatement_that_is_killed_leaves_the_old_versions_or_the_new_ones(killer, home, tmp_path):
    closed = tmp_path / "closed"
    shutil.copytree(home, closed)
    book = open_book(closed / "books" / "made_up")
    for name in ("2024Q2", "2024Q3"):
        close_period(book, name, known_on=dt.date(2024, 10, 15))
    append(book, {"loan_disbursed": table("loan_disbursed", [LATE])})
    old = ["2024Q1.1", "2024Q2.1", "2024Q3.1"]
    new = [*old, "2024Q2.2", "2024Q3.2"]
    words = ["books", "restate", "2024Q2", "--book", "made_up", "--reason", "a loan of May"]
    whole = tmp_path / "whole"
    shutil.copytree(closed, whole)
    answer = killer(whole, words)
    assert answer["code"] == 0
    assert versions(whole) == new
    seen = []
    for step in moments(answer["steps"]):
        copy = tmp_path / f"step{step}"
        shutil.copytree(closed, copy)
        killed = killer(copy, words, step=step)["code"] == -9
        found = versions(copy)
        assert found in (old, new)
        assert killed or found == new
        seen.append((killed, found == new))
        if found == old:
            assert killer(copy, words)["code"] == 0
        assert content(copy) == content(whole)
        shutil.rmtree(copy)
    assert (True, False) in seen
    assert (True, True) in seen, "killed after the rename, before the command ended"
