"""`loanbook world`: plays, closes and reports; shown again without playing; a cut-short one is played again."""

import json
import shutil
import tempfile
from pathlib import Path

import pytest

from loanbook.simulator.play.run import world_folder
from tests.docs.blocks import command

SMALL = ["world", "--borrowers", "6", "--days", "9", "--seed", "4", "--book", "tiny"]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user's folder without any key, and a place that a server's account can reach."""
    place = Path(tempfile.mkdtemp(prefix="loanbook-world-", dir="/tmp"))
    place.chmod(0o755)
    monkeypatch.setenv("LOANBOOK_HOME", str(tmp_path))
    monkeypatch.setenv("LOANBOOK_ONLINE", str(place / "online"))
    monkeypatch.delenv("LOANBOOK_MASTER_KEY", raising=False)
    yield tmp_path
    shutil.rmtree(place, ignore_errors=True)


def line(said, start):
    return next(row for row in said.splitlines() if row.startswith(start))


def test_a_world_is_played_closed_reported_and_shown_again(home):
    code, said = command(SMALL)
    assert code == 0, said
    assert Path(line(said, "report").split()[1]).is_file()
    told = json.loads((world_folder("tiny") / "world.json").read_bytes())
    assert (told["borrowers"], told["days"], told["findings"]) == (6, 9, [])
    assert sum(told["loans"].values()) > 0
    code, again = command(SMALL)
    assert code == 0
    assert line(again, "events") == line(said, "events")
    assert "playing" not in again

    code, said = command([*SMALL[:-2], "--book", "tiny", "--days", "10"])
    assert code == 2
    assert "this world has 6 borrowers, 9 days and seed 4" in said

    record = world_folder("tiny") / "world.json"
    record.write_text("{}")
    code, once_more = command(SMALL)
    assert code == 0, once_more
    assert line(once_more, "events") == line(again, "events")
    assert "playing" in once_more


def test_a_book_that_is_no_worlds_is_left_alone(home):
    shutil.copytree(Path(__file__).parent, home / "books" / "tiny")
    code, said = command(SMALL)
    assert code == 2
    assert "is a book already, and no world's" in said
    assert (home / "books" / "tiny" / "test_world_command.py").exists()


@pytest.mark.parametrize("name", ["../elsewhere", "/tmp/elsewhere", "", "A b"])
def test_a_world_has_a_plain_name(home, name):
    code, said = command([*SMALL[:-1], name])
    assert code == 2
    assert "a world's name is" in said
