"""Idempotency keys: who is answering one now, and what was answered."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from loanbook.stores.online.unit import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The answer a key got."""

    verb: str
    body_hash: bytes
    status: int
    body: bytes


def _lock_number(caller_id: str, key: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{caller_id}\0{key}".encode(), digest_size=8).digest(), "big", signed=True)


def take_keys(connection: Connection, names: Sequence[tuple[str, str]]) -> list[bool]:
    """Hold (caller, key) pairs until the transaction ends; False where another transaction holds one now."""
    numbers = [_lock_number(*name) for name in names]
    query = "SELECT n, pg_try_advisory_xact_lock(n) AS free FROM unnest(%s::bigint[]) AS n"
    free = {row["n"]: row["free"] for row in connection.execute(query, (sorted(set(numbers)),))}
    return [bool(free[number]) for number in numbers]


def known_answers(connection: Connection, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Known]:
    """Answers already given; ask after `take_keys`, in a statement of its own, so that what was just committed is seen."""
    callers, keys = [name[0] for name in names], [name[1] for name in names]
    query = (
        "SELECT r.* FROM request r JOIN (SELECT DISTINCT * FROM unnest(%s::text[], %s::text[]) AS a(caller_id, key)) a "
        "USING (caller_id, key)"
    )
    return {
        (row["caller_id"], row["key"]): Known(
            verb=row["verb"], body_hash=bytes(row["body_hash"]), status=row["status"], body=bytes(row["answer"])
        )
        for row in connection.execute(query, (callers, keys))
    }


def keep_answers(connection: Connection, answers: Sequence[tuple[str, str, str, bytes, int, bytes]], now: dt.datetime) -> None:
    """Keep answers as (caller, key, verb, body hash, status, body), in the transaction of their consequences."""
    columns = [list(column) for column in zip(*answers, strict=True)]
    connection.execute(
        "INSERT INTO request (caller_id, key, verb, body_hash, status, answer, recorded_at) "
        "SELECT c, k, v, h, s, a, %s FROM unnest(%s::text[], %s::text[], %s::text[], %s::bytea[], %s::smallint[], %s::bytea[]) "
        "AS x(c, k, v, h, s, a)",
        (now, *columns),
    )
