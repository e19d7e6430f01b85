"""Idempotency keys: who is answering one now, and what was answered."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

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
    query = "SELECT n FROM unnest(%s::bigint[]) AS n WHERE NOT pg_try_advisory_xact_lock(n)"
    held = {row["n"] for row in connection.execute(query, (sorted(set(numbers)),))}
    return [number not in held for number in numbers]


def known_answers(connection: Connection, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Known]:
    """Answers already given; ask after `take_keys`, in a statement of its own, so that what was just committed is seen."""
    asked = msgspec.json.encode([{"caller_id": caller, "key": key} for caller, key in set(names)]).decode()
    query = (
        "SELECT r.* FROM jsonb_to_recordset(%s::jsonb) AS a(caller_id text, key text) CROSS JOIN LATERAL "
        "(SELECT * FROM request WHERE request.caller_id = a.caller_id AND request.key = a.key) r"
    )
    return {
        (row["caller_id"], row["key"]): Known(
            verb=row["verb"], body_hash=bytes(row["body_hash"]), status=row["status"], body=bytes(row["answer"])
        )
        for row in connection.execute(query, (asked,))
    }
