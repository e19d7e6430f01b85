"""Reservations by several workers at once, with refusals, time-outs and `kill -9`: `python -m tests.soak.reservations --help`.

Quotas are as the shipped mandates say, so that they run out before the quotes do. Afterwards plain SQL compares what the workers
were told, loans, reservations, events, messages, lines and quotas with each other.
"""

import argparse
import base64
import datetime as dt
import json
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from loanbook.stores.online.unit import connect
from tests.soak.fill import PRINCIPAL_FEN, fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Soaked:
    """What a run did. `wrong` names what does not agree."""

    quotes: int
    loans: int
    reservations: int
    refused_by_partners: int
    never_answered: int
    not_funded: int
    unfunded: int
    kills: int
    seconds: float
    fullest: float
    wrong: list[str]


# Each counts rows that should not be; 0 is right.
WRONG = {
    "loans without their one loan_drawn": "SELECT count(*) AS n FROM loan l WHERE 1 <> (SELECT count(*) FROM event e "
    "WHERE e.subject = l.loan_id AND e.kind = 'loan_drawn')",
    "events of loans that are not there": "SELECT count(*) AS n FROM event e WHERE e.kind LIKE 'loan%' AND NOT EXISTS "
    "(SELECT 1 FROM loan l WHERE l.loan_id = e.subject)",
    "reservations and loan_offered": "SELECT abs((SELECT count(*) FROM reservation) - "
    "(SELECT count(*) FROM event WHERE kind = 'loan_offered')) AS n",
    "reservations and messages to partners": "SELECT abs((SELECT count(*) FROM reservation) - "
    "(SELECT count(*) FROM outbox WHERE topic = 'loan_offered')) AS n",
    "confirmed and loan_confirmed": "SELECT abs((SELECT count(*) FROM reservation WHERE state = 'confirmed') - "
    "(SELECT count(*) FROM event WHERE kind = 'loan_confirmed')) AS n",
    "confirmed and pay_out": "SELECT abs((SELECT count(*) FROM reservation WHERE state = 'confirmed') - "
    "(SELECT count(*) FROM outbox WHERE topic = 'pay_out')) AS n",
    "released and loan_refused": "SELECT abs((SELECT count(*) FROM reservation WHERE state = 'released') - "
    "(SELECT count(*) FROM event WHERE kind = 'loan_refused')) AS n",
    "loans with two reservations that hold": "SELECT count(*) AS n FROM (SELECT loan_id FROM reservation "
    "WHERE state <> 'released' GROUP BY 1 HAVING count(*) > 1) x",
    "offered or confirmed loans without a reservation that holds": "SELECT count(*) AS n FROM loan l WHERE state IN "
    "('offered', 'confirmed') AND NOT EXISTS (SELECT 1 FROM reservation r WHERE r.loan_id = l.loan_id AND r.state = "
    "CASE l.state WHEN 'offered' THEN 'reserved' ELSE 'confirmed' END)",
    "lines whose use is not their loans": "SELECT count(*) AS n FROM credit_line c LEFT JOIN (SELECT line_id, "
    "sum(principal_fen) AS held FROM loan WHERE state <> 'unfunded' GROUP BY 1) x USING (line_id) "
    "WHERE c.used_fen <> coalesce(x.held, 0)",
    "quotas that are not their reservations": "SELECT count(*) AS n FROM quota q JOIN LATERAL (SELECT "
    "coalesce(sum(r.amount_fen) FILTER (WHERE r.state = 'reserved'), 0) AS reserved, "
    "coalesce(sum(r.amount_fen) FILTER (WHERE r.state = 'confirmed'), 0) AS confirmed FROM reservation r "
    "JOIN loan l USING (loan_id) JOIN credit_line c USING (line_id) WHERE r.mandate = q.mandate AND "
    "CASE split_part(q.scope, ':', 1) WHEN 'total' THEN true WHEN 'day' THEN r.day::text = split_part(q.scope, ':', 2) "
    "WHEN 'province' THEN c.province = split_part(q.scope, ':', 2) ELSE c.grade = split_part(q.scope, ':', 2) END) x ON true "
    "WHERE q.reserved_fen <> x.reserved OR q.confirmed_fen <> x.confirmed",
    "quotas passed": "SELECT count(*) AS n FROM quota WHERE reserved_fen + confirmed_fen > cap_fen",
}


def soak(
    dsn: str,
    folder: Path,
    *,
    quotes: int,
    workers: int,
    kills: int,
    seed: int,
    most_seconds: float,
    between: tuple[float, float] = (2.0, 6.0),
) -> Soaked:
    """Run workers over quotes, kill one each so many seconds `between` and start it again, and compare."""
    now = dt.datetime.now(dt.UTC)
    fill(dsn, quotes, now, now.date())
    dice = random.Random(seed)
    start = time.monotonic()

    def begin(number: int) -> subprocess.Popen[bytes]:
        log = folder / f"worker_{number}.jsonl"
        values = [dsn, str(log), str(number), str(workers), str(quotes), now.isoformat(), now.date().isoformat()]
        return subprocess.Popen([sys.executable, "-m", "tests.soak.worker", *values])

    running = {number: begin(number) for number in range(workers)}
    killed = 0
    while running:
        time.sleep(0.2)
        if time.monotonic() - start > most_seconds:
            for each in running.values():
                each.kill()
            raise SystemExit(f"not done after {most_seconds:,.0f} s.")
        for number, each in list(running.items()):
            if each.poll() is not None:
                if each.returncode:
                    raise SystemExit(f"worker {number} ended with {each.returncode}.")
                del running[number]
        # Wait until a worker is at work, or only its start would be killed.
        ready = [number for number in running if (folder / f"worker_{number}.jsonl").exists()]
        if ready and killed < kills:
            number = dice.choice(ready)
            running[number].kill()
            running[number].wait()
            killed += 1
            running[number] = begin(number)
            time.sleep(dice.uniform(*between))
    return _compare(dsn, folder, quotes, killed, time.monotonic() - start)


def _compare(dsn: str, folder: Path, quotes: int, kills: int, seconds: float) -> Soaked:
    told: dict[str, str] = {}
    for path in folder.glob("worker_*.jsonl"):
        for line in path.read_text().splitlines():
            told.update(json.loads(line))
    wrong = []
    if len(told) != quotes:
        wrong.append(f"{quotes:,} quotes, {len(told):,} answered")
    with connect(dsn) as connection:
        loans = {row["quote_id"]: row["loan_id"] for row in connection.execute("SELECT quote_id, loan_id FROM loan")}
        drawn = {quote: loan for quote, loan in told.items() if loan.startswith("lo-")}
        lost, more = drawn.items() - loans.items(), loans.items() - drawn.items()
        if lost or more:
            wrong.append(f"{len(lost)} loans told and not there, {len(more)} there and not told")
        for what, query in WRONG.items():
            (row,) = connection.execute(query)
            if row["n"]:
                wrong.append(f"{what}: {row['n']:,}")
        (row,) = connection.execute(
            "SELECT (SELECT count(*) FROM reservation) AS reservations, "
            "(SELECT count(*) FROM reservation WHERE state = 'released') AS released, "
            "(SELECT count(*) FROM reservation WHERE state = 'reserved') AS reserved, "
            "(SELECT count(*) FROM loan WHERE state = 'unfunded') AS unfunded, "
            "(SELECT max((reserved_fen + confirmed_fen)::float8 / cap_fen) FROM quota) AS fullest"
        )
    return Soaked(
        quotes=quotes,
        loans=len(loans),
        reservations=row["reservations"],
        refused_by_partners=row["released"],
        never_answered=row["reserved"],
        not_funded=sum(rule == "not_funded" for rule in told.values()),
        unfunded=row["unfunded"],
        kills=kills,
        seconds=seconds,
        fullest=row["fullest"],
        wrong=wrong,
    )


def main() -> None:
    """Run it on a server of its own and say what happened."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.reservations", description=__doc__)
    parser.add_argument("--quotes", type=int, default=330_000)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="loanbook-soak-", dir="/tmp") as place:
        Path(place).chmod(0o755)
        os.environ["LOANBOOK_HOME"] = f"{place}/home"
        os.environ["LOANBOOK_ONLINE"] = f"{place}/online"
        os.environ["LOANBOOK_MASTER_KEY"] = base64.b64encode(secrets.token_bytes(32)).decode()

        from loanbook.stores.embedded import online_dsn
        from loanbook.stores.online.migrate import migrate_dsn

        with online_dsn() as dsn:
            migrate_dsn(dsn)
            done = soak(
                dsn,
                Path(place),
                quotes=asked.quotes,
                workers=asked.workers,
                kills=asked.kills,
                seed=asked.seed,
                most_seconds=7_200,
            )
    print(
        f"{done.reservations:,} reservations of {PRINCIPAL_FEN / 100:,.2f} for {done.loans:,} loans by {asked.workers} workers "
        f"in {done.seconds:,.0f} s; {done.refused_by_partners:,} refused, {done.never_answered:,} never answered, "
        f"{done.not_funded:,} quotes not funded, {done.unfunded:,} loans refused by all; {done.kills} workers killed; "
        f"the fullest quota at {done.fullest:.2%}."
    )
    for line in done.wrong:
        print(f"wrong: {line}")
    raise SystemExit(bool(done.wrong))


if __name__ == "__main__":
    main()
