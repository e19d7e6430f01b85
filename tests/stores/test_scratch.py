"""What is staged is swept after a crash; what is somebody else's stays."""

import os

from loanbook.kernel import home
from loanbook.stores.scratch import scratch_folder, staging_folder


def test_a_place_with_locks_of_others_keeps_all_that_stands_in_it(tmp_path):
    """`.lock` without its suffix is the place itself, and `other.lock` the folder of another program."""
    (tmp_path / ".lock").touch()
    (tmp_path / "other.lock").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "kept.txt").write_text("kept")
    with staging_folder(tmp_path) as staging:
        assert staging.parent == tmp_path
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "other", "other.lock"]
    assert (tmp_path / "other" / "kept.txt").read_text() == "kept"


def test_what_a_dead_owner_staged_is_swept_by_the_next(tmp_path):
    (tmp_path / ".staging-dead.lock").touch()
    (tmp_path / ".staging-dead").mkdir()
    with staging_folder(tmp_path) as staging:
        assert [path for path in tmp_path.iterdir() if path.is_dir()] == [staging]
    assert not list(tmp_path.iterdir())


def test_scratch_of_any_dead_owner_is_swept():
    with scratch_folder("one") as folder:
        dead = folder.parent / "another-dead"
        dead.mkdir()
        (folder.parent / "another-dead.lock").touch()
        with scratch_folder("two"):
            assert not dead.exists()
            assert folder.exists()
    assert not os.listdir(home() / "scratch")
