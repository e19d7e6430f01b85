"""What `loanbook serve` does besides answering: it seals the audit log, and a caller's rate holds over all workers."""

import asyncio
import base64
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from loanbook.rest.guard import TOO_MANY, Guard
from loanbook.services.auditing import heads_file, sealing
from loanbook.services.caller import Caller
from loanbook.services.parties import Senders
from loanbook.stores.online.audit import Entry, append, kept_heads, verify_chain
from loanbook.stores.online.unit import connect
from tests.online.conftest import NOW

CALLER = Caller(caller_id="desk", role="operator")


@pytest.fixture(autouse=True)
def _home(monkeypatch, tmp_path):
    monkeypatch.setenv("LOANBOOK_HOME", str(tmp_path))


def _append(dsn, count):
    with connect(dsn) as tx:
        append(tx, [Entry(caller_id="c", action="a", subjects=(), status=200)] * count, NOW)


def _waiting(dsn):
    with connect(dsn) as tx:
        return verify_chain(tx).unsealed


def test_the_audit_log_is_sealed_while_the_server_runs_and_at_its_end(online_dsn):
    _append(online_dsn, 30)
    with sealing(online_dsn, 0.05):
        for count in (30, 20):
            ends = time.monotonic() + 20
            while _waiting(online_dsn):
                assert time.monotonic() < ends, f"{count} rows are not sealed"
                time.sleep(0.02)
            _append(online_dsn, 20)
    with connect(online_dsn) as tx:
        found = verify_chain(tx, kept_heads(heads_file()))
    assert (found.head.number, found.unsealed, found.broken) == (70, 0, None)
    assert kept_heads(heads_file())[-1] == found.head


def test_a_store_that_is_away_is_asked_again(online_dsn, caplog):
    gone = online_dsn.replace("dbname=", "dbname=none_")
    with sealing(gone, 0.01):
        time.sleep(0.2)
    assert len([each for each in caplog.messages if "was not sealed" in each]) >= 2


def test_two_servers_that_seal_one_store_make_one_chain(online_dsn):
    with sealing(online_dsn, 0.01), sealing(online_dsn, 0.01):
        for _ in range(20):
            _append(online_dsn, 50)
    with connect(online_dsn) as tx:
        found = verify_chain(tx, kept_heads(heads_file()))
    assert (found.head.number, found.unsealed, found.broken) == (1000, 0, None)


def _passed(guard, asked):
    async def admitted():
        return [await guard.admit({"authorization": "Bearer key"}) for _ in range(asked)]

    found = asyncio.run(admitted())
    assert all(each in (CALLER, TOO_MANY) for each in found)
    return sum(isinstance(each, Caller) for each in found)


@pytest.mark.parametrize("workers", [1, 4])
def test_a_callers_burst_holds_over_all_workers(workers):
    guards = [Guard(lambda _: CALLER, Senders([], {}), rate=0.001, burst=100.0, workers=workers) for _ in range(workers)]
    assert sum(_passed(guard, 200) for guard in guards) == 100


def test_a_callers_rate_is_parted_among_workers(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("loanbook.rest.guard.time.monotonic", lambda: clock[0])
    guard = Guard(lambda _: CALLER, Senders([], {}), rate=40.0, burst=8.0, workers=4)
    assert _passed(guard, 10) == 2
    clock[0] += 0.125
    assert _passed(guard, 10) == 1


def test_a_key_is_looked_up_once_for_all_that_wait_and_a_store_that_is_away_is_asked_again():
    answers = [OSError("away"), CALLER]
    asked = []

    def find(key):
        asked.append(key)
        time.sleep(0.05)
        found = answers[len(asked) - 1]
        if isinstance(found, Exception):
            raise found
        return found

    async def admitted():
        guard = Guard(find, Senders([], {}))
        rounds = [await asyncio.gather(*(guard.admit({"authorization": "Bearer key"}) for _ in range(20))) for _ in range(3)]
        guard.close()
        return rounds

    away, here, remembered = asyncio.run(admitted())
    assert {(each.status, each.rule) for each in away} == {(503, "store_unavailable")}
    assert [here, remembered] == [[CALLER] * 20] * 2
    assert asked == ["key"] * 2


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_that_is_told_to_end_seals_and_stops_its_store(tmp_path, workers):
    folder = Path(tempfile.mkdtemp(prefix="loanbook-serve-", dir="/tmp"))
    folder.chmod(0o755)
    own = {"LOANBOOK_ONLINE": str(folder / "online"), "LOANBOOK_HOME": str(tmp_path)}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOANBOOK_DSN")} | own
    environment["LOANBOOK_MASTER_KEY"] = base64.b64encode(b"1" * 32).decode()
    command = [str(Path(sys.executable).with_name("loanbook"))]
    key = subprocess.run([*command, "key", "create", "--role", "operator"], env=environment, capture_output=True, text=True)
    port = str(_free_port())
    words = ["serve", "--port", port, "--workers", workers, "--seal-seconds", "3000"]
    serving = subprocess.Popen([*command, *words], env=environment)
    try:
        ends = time.monotonic() + 60
        headers = {"Authorization": f"Bearer {key.stdout.strip()}"}
        asked = urllib.request.Request(f"http://127.0.0.1:{port}/outbox/x", headers=headers)
        while True:
            try:
                assert urllib.request.urlopen(asked, timeout=5).status == 200
                break
            except (urllib.error.URLError, OSError):
                assert time.monotonic() < ends
                time.sleep(0.1)
        serving.terminate()
        serving.wait(30)
        assert [each.number for each in kept_heads(heads_file())] == [2], "the key that was made and the read"
        assert not list(folder.rglob("postmaster.pid"))
    finally:
        serving.kill()
        serving.wait()
        shutil.rmtree(folder, ignore_errors=True)
