"""`loanbook import` killed at any moment leaves the book as before or finished, and a repeat ends with the undisturbed book.

LOANBOOK_SOAK=N kills N times as often (`make soak`).
"""

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from loanbook.stores.book import check_files, open_book
from tests.bench.ledger import write_ledger
from tests.commands.killing import Killer

SOAK = int(os.environ.get("LOANBOOK_SOAK", "1"))
TIMED = 2
RENAMES_APART = 7


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tape")
    write_ledger(folder, size=2_000_000, world_loans=3_000)
    return folder


@pytest.fixture(scope="module")
def killer(tape):
    """Runs the import of the tape in a user's folder, and kills it."""
    made = Killer()
    words = ["import", str(tape / "ledger.yaml"), str(tape / "ledger.csv"), "--book", "ledger"]
    yield lambda home, **when: made.run(home=str(home), words=words, **when)
    made.close()


@pytest.fixture(scope="module")
def undisturbed(killer, tmp_path_factory):
    """The book of an import that nobody disturbs, and how long and how many steps that took."""
    home = tmp_path_factory.mktemp("undisturbed")
    assert killer(home)["code"] == 0
    other = tmp_path_factory.mktemp("again")
    answer = killer(other)
    assert answer["code"] == 0
    assert content(home) == content(other)
    return content(home), answer


def content(home):
    """Everything that counts of a book, byte for byte."""
    root = home / "books" / "ledger"
    return {p.relative_to(root): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file() and p.name != ".lock"}


def found(home, undisturbed):
    """What a killed import left: nothing, a book without events, or all of them; anything else fails."""
    folder = home / "books" / "ledger"
    if not (folder / "manifest.json").exists():
        return "none"
    book = open_book(folder)
    assert check_files(book) == []
    kept = {Path(f.path) for b in book.manifest.batches for f in b.events.values()}
    assert kept == {p for p in (q.relative_to(folder) for q in folder.glob("events/*/*")) if p.suffix}
    if not book.manifest.batches:
        return "empty"
    assert (folder / "manifest.json").read_bytes() == undisturbed[Path("manifest.json")]
    return "finished"


def kill(killer, home, undisturbed, moments):
    """Kill the import at each moment in turn, over what the kill before left, until one came too late; then repeat it."""
    outcomes = Counter()
    for moment in moments:
        answer = killer(home, **moment)
        if answer["code"] != -9:
            assert answer["code"] == 0
        state = found(home, undisturbed)
        outcomes[state, answer["code"]] += 1
        if state == "finished":
            assert killer(home)["code"] == 0
            assert content(home) == undisturbed
            assert list((home / "scratch").iterdir()) == []
            shutil.rmtree(home)
            home.mkdir()
    assert killer(home)["code"] == 0
    assert content(home) == undisturbed
    assert list((home / "scratch").iterdir()) == []
    return outcomes


def test_an_import_killed_at_times_spread_over_its_run(killer, undisturbed, tmp_path):
    book, whole = undisturbed
    times = [{"seconds": whole["seconds"] * (n + 0.5) / (TIMED * SOAK)} for n in range(TIMED * SOAK)]
    outcomes = kill(killer, tmp_path, book, times)
    assert sum(count for (_, code), count in outcomes.items() if code == -9) >= len(times) // 2


def test_an_import_killed_inside_its_commit(killer, undisturbed, tmp_path):
    book, whole = undisturbed
    steps = [n for n, letter in enumerate(whole["steps"], 1) if SOAK > 1 or letter == "r"]
    # The last ones are the manifest and the import's record.
    chosen = steps if SOAK > 1 else [*steps[:-2:RENAMES_APART], *steps[-2:]]
    outcomes = kill(killer, tmp_path, book, [{"step": n} for n in chosen])
    assert {state for state, _ in outcomes} == {"none", "empty", "finished"}
    assert {code for _, code in outcomes} == {-9}


def test_the_command_itself_killed_in_the_middle(undisturbed, tape, tmp_path):
    book, _ = undisturbed
    words = ["import", str(tape / "ledger.yaml"), str(tape / "ledger.csv"), "--book", "ledger"]
    command = [sys.executable, "-c", "import loanbook.cli; loanbook.cli.main()", *words]
    environment = os.environ | {"LOANBOOK_HOME": str(tmp_path)}
    run = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    while not any((tmp_path / "scratch").glob("import-*/staged_*")):
        assert run.poll() is None
        time.sleep(0.01)
    run.kill()
    assert run.wait() == -9
    assert any((tmp_path / "scratch").glob("import-*/staged_*"))
    assert found(tmp_path, book) == "none"
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    assert content(tmp_path) == book
    assert list((tmp_path / "scratch").iterdir()) == []
