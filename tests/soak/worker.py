"""One process that draws quotes down and answers for the partners, and can be killed at any moment:
`python -m tests.soak.worker DSN LOG NUMBER WORKERS QUOTES NOW DAY`.

What was answered is appended to LOG. Started again, it goes on behind its last line: a batch that may or may not have been done
is asked again with the keys it had. What a partner answers depends on the loan and the attempt alone.
"""

import datetime as dt
import hashlib
import json
import sys
import time
from pathlib import Path

from loanbook.services.caller import Caller
from loanbook.services.desk import Call, Desk, Verb
from loanbook.services.platform_terms import platform_terms
from loanbook.services.verbs import verbs
from loanbook.stores.online.unit import connect, plan_by_key
from loanbook.stores.online.vault import open_vault

BATCH = 64
OPERATOR = Caller(caller_id="soak", role="operator")


def answer_of(loan_id: str, attempt: int) -> str:
    """A quarter refuses, a tenth never answers."""
    drawn = hashlib.sha256(f"{loan_id} {attempt}".encode()).digest()[0]
    return "refuse" if drawn < 64 else "" if drawn < 90 else "accept"


class Worker:
    """Its quotes, its log, its desk."""

    def __init__(self, dsn: str, log: Path, quotes: list[str], now: dt.datetime, day: dt.date) -> None:
        vault, terms = open_vault(), platform_terms()
        connection = connect(dsn)
        plan_by_key(connection)
        self._desk = Desk(connection, lambda: (now, day), vault.body_hash)
        self._verbs = {verb.name: verb for verb in verbs(terms, vault)}
        self._quotes = quotes
        self._log = log

    def run(self) -> None:
        """Every batch that the log does not end behind."""
        lines = self._log.read_text().splitlines(keepends=True) if self._log.exists() else []
        whole = [line for line in lines if line.endswith("\n")]
        self._log.write_text("".join(whole))
        with self._log.open("a", buffering=1) as log:
            for start in range(len(whole) * BATCH, len(self._quotes), BATCH):
                log.write(json.dumps(self._batch(self._quotes[start : start + BATCH])) + "\n")

    def _batch(self, quotes: list[str]) -> dict[str, str]:
        """What became of each quote: its loan, or the rule that refused it."""
        drawn = self._ask(self._verbs["draw_down"], {quote: {"quote_id": quote} for quote in quotes})
        found = {quote: str(answer.get("loan_id") or answer["rule"]) for quote, answer in drawn.items()}
        offered = {str(answer["loan_id"]): int(answer["attempt"]) for answer in drawn.values() if "loan_id" in answer}
        while offered:
            said = {loan: answer_of(loan, attempt) for loan, attempt in offered.items()}
            bodies = {f"{loan} {offered[loan]}": {"loan_id": loan, "decision": word} for loan, word in said.items() if word}
            answers = self._ask(self._verbs["answer_offer"], bodies)
            offered = {
                str(answer["loan_id"]): int(answer["attempt"]) for answer in answers.values() if answer.get("state") == "offered"
            }
        return found

    def _ask(self, verb: Verb, bodies: dict[str, dict[str, str]]) -> dict[str, dict[str, object]]:
        calls = [Call(caller=OPERATOR, key=key, body=json.dumps(body).encode()) for key, body in bodies.items()]
        found: dict[str, dict[str, object]] = {}
        while calls:
            replies = self._desk.answer(verb, calls) if calls else []
            busy = []
            for call, reply in zip(calls, replies, strict=True):
                answer = json.loads(reply.body)
                # The transaction of a worker that was killed may still be ending: then its keys are in progress.
                if answer.get("rule") == "request_in_progress":
                    busy.append(call)
                elif reply.status >= 500:
                    raise SystemExit(f"{verb.name}: {answer}")
                else:
                    found[call.key] = answer
            calls = busy
            if busy:
                time.sleep(0.01)
        return found


def main() -> None:
    """Its part of the quotes, every WORKERS-th."""
    dsn, log, number, workers, quotes, now, day = sys.argv[1:]
    mine = [f"qu-{n}" for n in range(int(number), int(quotes), int(workers))]
    Worker(dsn, Path(log), mine, dt.datetime.fromisoformat(now), dt.date.fromisoformat(day)).run()


if __name__ == "__main__":
    main()
