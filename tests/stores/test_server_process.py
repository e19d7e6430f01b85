"""A killed server whose parent has not taken note is no running one: it is waited for, or told."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from loanbook.errors import EngineError
from loanbook.stores.server_process import await_reaped, unreaped

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the table of processes is read from /proc")


@pytest.fixture
def ended(tmp_path):
    """A process that has ended and that nobody has waited for, named by a data folder as its server."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    (tmp_path / "postmaster.pid").write_text(f"{process.pid}\n{tmp_path}\n")
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    yield tmp_path, process
    process.wait()


def test_an_ended_process_is_waited_for_until_its_parent_takes_note(ended):
    cluster, process = ended
    assert unreaped(cluster) == process.pid
    threading.Timer(0.3, process.wait).start()
    began = time.monotonic()
    await_reaped(cluster, 20)
    assert time.monotonic() - began >= 0.2
    assert unreaped(cluster) is None


def test_a_parent_that_never_takes_note_is_told(ended):
    cluster, process = ended
    with pytest.raises(EngineError, match=f"its process {process.pid} stays in the table of processes"):
        await_reaped(cluster, 0)


def test_a_server_that_runs_and_a_folder_without_one_are_not_waited_for(tmp_path):
    await_reaped(tmp_path, 0)
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n")
    await_reaped(tmp_path, 0)
    (tmp_path / "postmaster.pid").write_text("torn")
    await_reaped(tmp_path, 0)
