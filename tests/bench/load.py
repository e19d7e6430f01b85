"""Durable drawdowns a second, over HTTP and in batches: `make bench-load`, or `python -m tests.bench.load --help`.

Borrowers, lines and quotes are made by the platform's own verbs in batches of 128, timed on the way. Then `loanbook serve`
answers `wrk` on loopback (a load generator in C, Debian's package `wrk`), which sends each quote once with a key of its own.
Every drawdown decides eligibility and price cap, matches, reserves, books its events and writes the outbox, in one durable
transaction with its answer. At the end the rows in the store are compared with the answers that wrk counted.
"""

import argparse
import base64
import datetime as dt
import itertools
import json
import multiprocessing
import os
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.pages import machine
from tests.online.platform import GOOD

BATCH = 128
SIZES = (128, 512)
HERE = Path(__file__).parent
PROVINCES = ("hunan", "guangdong", "sichuan", "zhejiang", "hubei", "henan", "shandong", "jiangsu")


def flush_seconds(folder: Path, times: int = 300) -> float:
    """The median of one 8 kB write made durable (`fdatasync`) in a folder."""
    found = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(times):
            start = time.perf_counter()
            os.pwrite(file.fileno(), b"x" * 8192, 0)
            os.fdatasync(file.fileno())
            found.append(time.perf_counter() - start)
    return statistics.median(found)


class Batches:
    """Verbs in batches of a size over one connection, timed."""

    def __init__(self, dsn: str, size: int = BATCH) -> None:
        from loanbook.services.caller import Caller
        from loanbook.services.clock import wall_clock
        from loanbook.services.desk import Desk
        from loanbook.services.platform_terms import archive_terms, platform_terms
        from loanbook.services.verbs import verbs
        from loanbook.stores.online.unit import connect, plan_by_key
        from loanbook.stores.online.vault import open_vault

        vault, terms = open_vault(), platform_terms()
        self.size = size
        self.connection = connect(dsn)
        plan_by_key(self.connection)
        archive_terms(terms, self.connection, wall_clock()[0])
        self.desk = Desk(self.connection, wall_clock, vault.body_hash)
        self.verbs = {verb.name: verb for verb in verbs(terms, vault)}
        self.caller = Caller(caller_id="bench", role="operator")

    def ask(self, verb: str, bodies: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], float]:
        """The answers that were no refusals, and the seconds that all took."""
        from loanbook.services.desk import Call

        answers: list[dict[str, Any]] = []
        start = time.perf_counter()
        for at in range(0, len(bodies), self.size):
            part = bodies[at : at + self.size]
            calls = [Call(caller=self.caller, key=uuid.uuid4().hex, body=json.dumps(body).encode()) for body in part]
            for reply in self.desk.answer(self.verbs[verb], calls):
                if reply.is_problem:
                    raise SystemExit(f"{verb}: {reply.body.decode()}")
                answers.append(json.loads(reply.body))
        return answers, time.perf_counter() - start

    def quotes(self, count: int) -> tuple[list[str], dict[str, float]]:
        """Quotes of borrowers of their own, with the calls a second of each verb."""
        pace: dict[str, float] = {}

        def timed(verb: str, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
            answers, seconds = self.ask(verb, bodies)
            pace[verb] = len(bodies) / seconds
            return answers

        person = {"name": "Wang Example"}
        agreed = {"consents": ["credit_assessment", "bureau_query"], "consent_text_hash": "0" * 64, "inputs": GOOD}
        asked = {"product": "cash_loan", "principal_fen": 50_000, "installment_count": 12}
        documents = (uuid.uuid4().hex for _ in range(count))
        born = timed(
            "register",
            [{"kind": "consumer", "channel": "app_store", "document": each, "identity": person} for each in documents],
        )
        homes = itertools.cycle(PROVINCES)
        applied = timed("apply", [agreed | {"borrower_id": each["borrower_id"], "province": next(homes)} for each in born])
        lines = timed("assess", [{"application_id": each["application_id"]} for each in applied])
        quoted = timed("quote", [asked | {"line_id": each["line_id"]} for each in lines])
        return [each["quote_id"] for each in quoted], pace


def _draw(dsn: str, quotes: Sequence[str], size: int) -> tuple[float, float]:
    """When drawing down began and ended in this process; the first batch loads what is loaded once and is not counted."""
    batches = Batches(dsn, size)
    bodies = [{"quote_id": quote} for quote in quotes]
    batches.ask("draw_down", bodies[:size])
    start = time.time()
    batches.ask("draw_down", bodies[size:])
    return start, time.time()


def in_batches(dsn: str, quotes: Sequence[str], processes: int, size: int) -> float:
    """Drawdowns a second in batches of a size, by some processes at once; from the first one's start to the last one's end."""
    share = len(quotes) // processes
    parts = [quotes[at * share : (at + 1) * share] for at in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        spans = list(pool.map(_draw, [dsn] * processes, parts, [size] * processes))
    return processes * (share - size) / (max(end for _, end in spans) - min(start for start, _ in spans))


@contextmanager
def served(dsn: str, port: int, workers: int) -> Iterator[None]:
    """`loanbook serve` on loopback, ended with the block."""
    command = [str(Path(sys.executable).parent / "loanbook"), "serve", "--port", str(port), "--workers", str(workers)]
    server = subprocess.Popen(command, env=os.environ | {"LOANBOOK_DSN": dsn}, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/openapi.json", timeout=5).read()
                break
            except OSError:
                if time.monotonic() > end or server.poll() is not None:
                    raise SystemExit("the server did not start.") from None
                time.sleep(0.2)
        time.sleep(2.0 * workers)  # every process loads its kernels
        yield
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


def over_http(dsn: str, quotes: Sequence[str], key: str, port: int, connections: int, seconds: int) -> dict[str, float]:
    """What wrk measured, sending each quote once, and the loans that the store holds more than before."""
    before = _counted(dsn)["loans"]
    with tempfile.TemporaryDirectory() as place:
        bodies, result = Path(place) / "bodies", Path(place) / "result"
        bodies.write_text("".join(json.dumps({"quote_id": quote}) + "\n" for quote in quotes))
        environment = {
            "LOAD_BODIES": str(bodies),
            "LOAD_RESULT": str(result),
            "LOAD_ROUTE": "/draw-down",
            "LOAD_KEY": key,
            "LOAD_RUN": uuid.uuid4().hex,
        }
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(HERE / "load.lua")]
        subprocess.run(
            [*command, f"http://127.0.0.1:{port}"], env=os.environ | environment, check=True, stdout=subprocess.DEVNULL
        )
        found = dict(json.loads(result.read_text()))
    loans = _counted(dsn)["loans"] - before
    if found["refused"]:
        raise SystemExit(
            f"{found['refused']:,} drawdowns were refused, as when the day's quotas are full; ask for fewer rows a run."
        )
    if found["requests"] > len(quotes):
        raise SystemExit(f"{len(quotes):,} quotes were too few for {seconds} s; run it with more --quotes-a-second.")
    # wrk goes without waiting for the answers under way, so the store may hold a few more than were counted.
    if not 0 <= loans - (found["requests"] - found["refused"]) <= connections:
        raise SystemExit(f"{found['requests']:,.0f} answered, {found['refused']:,.0f} refused, but {loans:,} loans more.")
    return found | {"loans": loans}


def _counted(dsn: str) -> dict[str, int]:
    from loanbook.stores.online.unit import connect

    query = (
        "SELECT (SELECT count(*) FROM loan) AS loans, (SELECT count(*) FROM reservation) AS reservations, "
        "(SELECT count(*) FROM event WHERE kind = 'loan_drawn') AS drawn, "
        "(SELECT coalesce(sum(reserved_fen), 0)::bigint FROM quota WHERE scope = 'total') AS reserved_fen, "
        "(SELECT coalesce(sum(principal_fen), 0)::bigint FROM loan) AS lent_fen"
    )
    with connect(dsn) as connection:
        (row,) = connection.execute(query)
    return row


def main() -> None:
    """Run it and print a row for each kind of call; as it stands it draws some 90,000 loans, which a day's quotas hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.load", description=__doc__)
    parser.add_argument("--calls", type=int, default=6_400, help="drawdowns of a row of batches")
    parser.add_argument("--seconds", type=int, default=8, help="how long each row over HTTP lasts")
    parser.add_argument("--quotes-a-second", type=int, default=2_800, help="quotes made ready for a second of it")
    parser.add_argument("--workers", type=int, nargs="+", default=[1], help="processes of `loanbook serve`")
    parser.add_argument("--connections", type=int, nargs="+", default=[32, 40, 64], help="calls under way at a time")
    parser.add_argument("--port", type=int, default=8137)
    asked = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not there. Install Debian's package wrk.")
    # Where the server runs as another account than root, it must reach the folder; the embedded store sees to its own.
    with tempfile.TemporaryDirectory(prefix="loanbook-load-", dir="/tmp") as place:
        os.environ["LOANBOOK_HOME"] = f"{place}/home"
        os.environ["LOANBOOK_ONLINE"] = f"{place}/online"
        os.environ["LOANBOOK_MASTER_KEY"] = base64.b64encode(secrets.token_bytes(32)).decode()
        Path(place).chmod(0o755)
        _measure(asked)


def _measure(asked: argparse.Namespace) -> None:
    from loanbook.services import keys
    from loanbook.services.auditing import seal_all
    from loanbook.stores.embedded import online_dsn
    from loanbook.stores.online.migrate import migrate_dsn
    from loanbook.stores.online.unit import connect

    with online_dsn() as dsn:
        migrate_dsn(dsn)
        now = dt.datetime.now(dt.UTC)
        key = keys.create(role="operator", valid=dt.timedelta(days=1), now=now, name="load", partner=None, borrower_id=None).text
        flush = flush_seconds(Path(os.environ["LOANBOOK_ONLINE"]).parent)
        print(f"machine: {machine()}; one 8 kB write made durable: {flush * 1e3:.2f} ms (median); load {os.getloadavg()[0]:.1f}")
        rows = len(asked.workers) * len(asked.connections)
        ready, warm = asked.seconds * asked.quotes_a_second, 2 * asked.quotes_a_second
        quotes, pace = Batches(dsn).quotes(2 * len(SIZES) * asked.calls + rows * ready + len(asked.workers) * warm)
        for verb, found in pace.items():
            print(f"{verb} in batches of {BATCH}, one process: {found:,.0f}/s", flush=True)
        parts = iter(quotes)
        for processes, size in itertools.product((1, 2), SIZES):
            found = in_batches(dsn, list(itertools.islice(parts, asked.calls)), processes, size)
            print(f"draw_down in batches of {size}, {processes} process(es): {found:,.0f}/s", flush=True)
        # What was made ready is sealed before; while it serves, the server seals what it writes.
        with connect(dsn) as connection:
            seal_all(connection)
        for workers in asked.workers:
            with served(dsn, asked.port, workers):
                over_http(dsn, list(itertools.islice(parts, warm)), key, asked.port, 16, 2)
                for connections in asked.connections:
                    part = list(itertools.islice(parts, ready))
                    row = over_http(dsn, part, key, asked.port, connections, asked.seconds)
                    print(
                        f"draw_down over HTTP, {workers} worker(s), {connections} connections: "
                        f"{row['loans'] / row['micros'] * 1e6:,.0f}/s, p50 {row['p50'] / 1e3:.1f} ms, "
                        f"p99 {row['p99'] / 1e3:.1f} ms, "
                        f"most {row['most'] / 1e3:.1f} ms, refused {row['refused']}, broken {row['broken']}, "
                        f"load {os.getloadavg()[0]:.1f}",
                        flush=True,
                    )
        held = _counted(dsn)
        print(f"in the store: {held}")
        if not held["loans"] == held["reservations"] == held["drawn"] or held["reserved_fen"] != held["lent_fen"]:
            raise SystemExit("loans, reservations, events and quotas do not agree.")


if __name__ == "__main__":
    main()
