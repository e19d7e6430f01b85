"""`kill -9` of the server and of the API in the middle of transactions loses nothing and does nothing twice.

LOANBOOK_SOAK=N kills N times as often (`make soak`).
"""

import contextlib
import datetime as dt
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from loanbook.services.clock import wall_clock
from loanbook.services.keys import create
from loanbook.stores.embedded import Embedded
from tests.online.places import Place, only_this

ROUNDS = 2 * int(os.environ.get("LOANBOOK_SOAK", "1"))
CLIENTS = 6
LINES = 12
BETWEEN = (0.4, 1.2)
COMMAND = [sys.executable, "-c", "import loanbook.cli; loanbook.cli.main()"]


class Serving:
    """`loanbook serve` of a place, which can be killed and started again."""

    def __init__(self, place, *options):
        self._place, self._options = place, options
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [*COMMAND, "serve", "--port", str(self.port), *self._options],
            env=only_this() | self._place.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        give_up = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
                return
            assert self.process.poll() is None, self.process.stderr.read()
            assert time.monotonic() < give_up
            time.sleep(0.05)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
            self.process.stderr.close()


class Client(threading.Thread):
    """Borrows again and again on its lines; a call that was not answered is asked again with its key until it is."""

    def __init__(self, port, key, number, lines, stopped):
        super().__init__(daemon=True)
        self._port, self._key, self._number, self._lines, self._stopped = port, key, number, lines, stopped
        self.drawn, self.answered, self.retried, self.odd = {}, {}, 0, []

    def run(self):
        step = 0
        while not self._stopped.is_set():
            step += 1
            line = self._lines[step % len(self._lines)]
            wanted = {"line_id": line, "product": "cash_loan", "principal_fen": 100_000, "installment_count": 3}
            quoted = self._ask("quote", f"{self._number}-q{step}", wanted)
            if "quote_id" not in quoted:
                self.odd.append(quoted.get("rule"))
                continue
            key = f"{self._number}-d{step}"
            loan = self._ask("draw-down", key, {"quote_id": quoted["quote_id"]})
            self.drawn[key] = (quoted["quote_id"], loan)
            if loan.get("state") == "offered":
                decision = "accept" if step % 3 else "refuse"
                body = {"loan_id": loan["loan_id"], "decision": decision}
                self.answered[f"{self._number}-a{step}"] = (body, self._ask("answer-offer", f"{self._number}-a{step}", body))

    def _ask(self, verb, key, body):
        while True:
            try:
                status, answer = self.once(verb, key, body)
                if status not in (409, 500, 503) or answer.get("rule") not in (
                    "request_in_progress",
                    "store_unavailable",
                    "internal_error",
                    None,
                ):
                    return answer
            except (OSError, http.client.HTTPException, ValueError):
                pass
            self.retried += 1
            time.sleep(0.05)

    def once(self, verb, key, body):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            headers = {"Authorization": f"Bearer {self._key}", "Idempotency-Key": key, "Content-Type": "application/json"}
            connection.request("POST", f"/{verb}", json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


@pytest.fixture
def place(monkeypatch):
    made = Place(monkeypatch, "killed")
    yield made
    made.close()


def _postmaster(place):
    return int((place.online / "cluster" / "postmaster.pid").read_text().split()[0])


def test_killed_again_and_again_nothing_is_lost_or_doubled(place):
    chance = random.Random(7)
    with place.platform() as platform:
        platform.today = wall_clock()[1]
        lines = [platform.line(str(number))["line_id"] for number in range(LINES)]
        key = create(role="operator", valid=dt.timedelta(days=1), now=wall_clock()[0], name="c", partner=None, borrower_id=None)
    serving = Serving(place)
    stopped = threading.Event()
    clients = [Client(serving.port, key.text, number, lines[number::CLIENTS], stopped) for number in range(CLIENTS)]
    try:
        serving.start()
        for client in clients:
            client.start()
        for number in range(ROUNDS):
            before = sum(len(client.drawn) for client in clients)
            give_up = time.monotonic() + 60
            while sum(len(client.drawn) for client in clients) < before + CLIENTS:
                assert time.monotonic() < give_up
                time.sleep(0.02)
            time.sleep(chance.uniform(*BETWEEN))
            if number % 2:
                os.kill(_postmaster(place), signal.SIGKILL)
            serving.kill()
            serving.start()
        before = sum(len(client.drawn) for client in clients)
        give_up = time.monotonic() + 60
        while sum(len(client.drawn) for client in clients) < before + CLIENTS:
            assert time.monotonic() < give_up
            time.sleep(0.02)
        stopped.set()
        for client in clients:
            client.join(60)
            assert not client.is_alive()
        again = {k: (client, body) for client in clients for k, (body, _) in client.answered.items()}
        first = {k: answer for client in clients for k, (_, answer) in client.answered.items()}
        for k in chance.sample(sorted(again), min(10, len(again))):
            client, body = again[k]
            assert client.once("answer-offer", k, body)[1] == first[k]
    finally:
        stopped.set()
        serving.end()
    assert sum(client.retried for client in clients) > 0
    _is_whole(place, clients)


def _is_whole(place, clients):
    assert "The store is whole" in place.run("store", "check")
    told = [loan["loan_id"] for client in clients for _, loan in client.drawn.values() if "loan_id" in loan]
    assert len(told) == len(set(told)) >= CLIENTS * (ROUNDS + 1)
    with place.platform() as platform:
        rows = platform.connection.execute("SELECT loan_id, quote_id FROM loan").fetchall()
        events = platform.connection.execute("SELECT subject FROM event WHERE kind = 'loan_drawn'").fetchall()
        query = "SELECT count(*) AS n, count(DISTINCT (subject, content->>'attempt')) AS different FROM outbox WHERE topic = %s"
        messages = platform.connection.execute(query, ("loan_offered",)).fetchone()
    assert {row["loan_id"] for row in rows} == set(told)
    assert sorted(row["subject"] for row in events) == sorted(told)
    assert {row["quote_id"] for row in rows} == {
        quote for client in clients for quote, loan in client.drawn.values() if "loan_id" in loan
    }
    assert messages["n"] == messages["different"] >= len(told)


def test_a_server_killed_alone_is_started_again_by_the_next_command(place):
    with place.platform() as platform:
        line = platform.line()
        os.kill(_postmaster(place), signal.SIGKILL)
    assert not Embedded().is_running()
    with place.platform() as platform:
        assert platform.look("line", line["line_id"])[0] == 200


def _answered(serving, key, path, body=None):
    """Status, headers, body and seconds of one call."""
    begun = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=30)
    try:
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": path, "Content-Type": "application/json"}
        connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, dict(response.headers), json.loads(response.read()), time.monotonic() - begun
    finally:
        connection.close()


def test_a_store_that_stops_is_a_503_for_known_and_unknown_keys_and_holds_nobody_else_up(place):
    with place.platform() as platform:
        line = platform.line()["line_id"]
        keys = [
            create(
                role="operator", valid=dt.timedelta(days=1), now=wall_clock()[0], name=name, partner=None, borrower_id=None
            ).text
            for name in ("known", "new")
        ]
    serving = Serving(place)
    quote = {"line_id": line, "product": "cash_loan", "principal_fen": 100_000, "installment_count": 3}
    try:
        serving.start()
        assert _answered(serving, keys[0], f"/line/{line}")[0] == 200
        os.kill(_postmaster(place), signal.SIGKILL)
        asked = [
            (keys[0], f"/line/{line}", None),
            (keys[0], "/quote", quote),
            (keys[1], f"/line/{line}", None),
            (keys[1], "/quote", quote),
        ]
        told = {}
        threads = [
            threading.Thread(target=lambda n=n, a=a: told.update({n: _answered(serving, *a)})) for n, a in enumerate(asked)
        ]
        for thread in threads:
            thread.start()
        time.sleep(1)
        assert _answered(serving, keys[0], "/openapi.json")[3] < 2
        for thread in threads:
            thread.join(30)
        for number in range(len(asked)):
            status, headers, answer, _ = told[number]
            assert (status, headers["content-type"]) == (503, "application/problem+json"), (number, answer)
            assert answer["rule"] == "store_unavailable"
            assert int(headers["retry-after"]) >= 1
        with place.platform():  # the next command starts it
            give_up = time.monotonic() + 30
            while (found := _answered(serving, keys[1], f"/line/{line}"))[0] == 503:
                assert time.monotonic() < give_up
                time.sleep(0.2)
            assert found[0] == 200
    finally:
        serving.end()
