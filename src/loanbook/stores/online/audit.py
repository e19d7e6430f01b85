"""The audit log: who did or read what, appended in the transaction of what it tells, then sealed into a chain of hashes.

Rows are appended by many transactions at once; the sealer, one at a time, gives committed rows contiguous numbers in the order in
which it meets them, and each row's hash covers the row and the hash before it. Whoever changes, adds or takes out a sealed row
breaks the chain there. Only cutting off its end leaves a whole chain: heads kept outside the database (`keep_head`) show that.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from loanbook.errors import EngineError, Finding, StateError
from loanbook.stores.durable import sync
from loanbook.stores.online.unit import Connection, Row

GENESIS = bytes(32)
"""The hash before the first row."""
_LOCK = 0x10A_A0D1
_BATCH = 10_000
_COLUMNS = "entry, recorded_at, caller_id, action, subjects, status, number, previous_hash, hash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row: who (pseudonym) did what to what, and how it ended (HTTP status)."""

    caller_id: str
    action: str
    subjects: tuple[str, ...]
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last row of the chain; number 0 is the empty chain."""

    number: int
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainCheck:
    """What a check of the chain found.

    head       the last row that holds
    unsealed   rows that wait for the sealer
    broken     the first row that does not hold; None when all do
    """

    head: Head
    unsealed: int
    broken: Finding | None


def append(tx: Connection, entries: Sequence[Entry], now: dt.datetime) -> None:
    """Append rows, in the transaction of what they tell."""
    if not entries:
        return
    rows = [
        {"recorded_at": now, "caller_id": e.caller_id, "action": e.action, "subjects": e.subjects, "status": e.status}
        for e in entries
    ]
    tx.execute(
        "INSERT INTO audit (recorded_at, caller_id, action, subjects, status) "
        "SELECT recorded_at, caller_id, action, subjects, status FROM jsonb_populate_recordset(NULL::audit, %s::jsonb)",
        (msgspec.json.encode(rows).decode(),),
    )


def seal(tx: Connection, most: int = _BATCH) -> tuple[Head, int]:
    """Seal up to `most` rows that wait; returns the head and how many were sealed. The caller commits.

    One sealer at a time: another one's transaction is waited for, and its rows are then seen.
    """
    tx.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    head = chain_head(tx)
    rows = tx.execute(f"SELECT {_COLUMNS} FROM audit WHERE number IS NULL ORDER BY entry LIMIT %s", (most,)).fetchall()
    sealed: list[tuple[int, int, bytes, bytes]] = []
    for row in rows:
        number = head.number + 1
        digest = row_hash(number, row, head.hash)
        sealed.append((row["entry"], number, head.hash, digest))
        head = Head(number=number, hash=digest)
    if sealed:
        tx.execute(
            "UPDATE audit SET number = x.number, previous_hash = x.previous, hash = x.digest "
            "FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[], %s::bytea[]) AS x(entry, number, previous, digest) "
            "WHERE audit.entry = x.entry",
            [list(column) for column in zip(*sealed, strict=True)],
        )
    return head, len(sealed)


def chain_head(tx: Connection) -> Head:
    """The last sealed row."""
    query = "SELECT number, hash FROM audit WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1"
    row = tx.execute(query).fetchone()
    return Head(number=row["number"], hash=bytes(row["hash"])) if row else Head(number=0, hash=GENESIS)


def row_hash(number: int, row: Row, previous: bytes) -> bytes:
    """SHA-256 of the hash before and of the row as a JSON list: number, entry, moment (UTC), caller, action, subjects, status."""
    told = [
        number,
        row["entry"],
        row["recorded_at"].astimezone(dt.UTC).isoformat(timespec="microseconds"),
        row["caller_id"],
        row["action"],
        list(row["subjects"]),
        row["status"],
    ]
    return sha256(previous + msgspec.json.encode(told)).digest()


def verify_chain(tx: Connection, heads: Iterable[Head] = ()) -> ChainCheck:
    """Walk the chain from its first row, and compare it with heads that were kept outside the database."""
    kept = {each.number: each.hash for each in heads if each.number}
    head, broken = Head(number=0, hash=GENESIS), None
    query = f"SELECT {_COLUMNS} FROM audit WHERE number IS NOT NULL ORDER BY number"
    with tx.cursor("chain") as rows:
        rows.itersize = _BATCH
        for row in rows.execute(query):
            broken = _fault(row, head, kept)
            if broken is not None:
                break
            head = Head(number=row["number"], hash=bytes(row["hash"]))
    if broken is None and kept and max(kept) > head.number:
        broken = Finding(
            place=f"audit {head.number + 1}",
            message="the chain ends before a row that was sealed once. Rows were taken off its end",
            value=f"last row {head.number}",
            expected=f"at least {max(kept)}",
        )
    waiting = tx.execute("SELECT count(*) AS rows FROM audit WHERE number IS NULL").fetchone()
    return ChainCheck(head=head, unsealed=waiting["rows"] if waiting else 0, broken=broken)


def _fault(row: Row, head: Head, kept: dict[int, bytes]) -> Finding | None:
    number, found = head.number + 1, bytes(row["hash"])
    place = f"audit {number}"
    if row["number"] != number:
        return Finding(place=place, message="the row is missing", value=f"next is {row['number']}", expected=str(number))
    if bytes(row["previous_hash"]) != head.hash:
        words = "the row does not follow the row before it"
        return Finding(place=place, message=words, value=bytes(row["previous_hash"]).hex(), expected=head.hash.hex())
    digest = row_hash(number, row, head.hash)
    if found != digest:
        return Finding(place=place, message="the row is not as it was sealed", value=found.hex(), expected=digest.hex())
    if number in kept and kept[number] != found:
        words = "the chain was written anew up to here: its hash differs from the one kept outside"
        return Finding(place=place, message=words, value=found.hex(), expected=kept[number].hex())
    return None


def keep_head(path: Path, head: Head, now: dt.datetime) -> None:
    """Append a head to a file outside the database, on the disk when this returns."""
    fresh = not path.exists()
    with path.open("a", encoding="ascii") as file:
        file.write(f"{head.number} {head.hash.hex()} {now.astimezone(dt.UTC).isoformat(timespec='seconds')}\n")
    sync(path)
    if fresh:
        sync(path.parent)


def kept_heads(path: Path) -> tuple[Head, ...]:
    """The heads of a file; raises StateError when it is not there, EngineError for a line that is no head."""
    if not path.exists():
        raise StateError(f"{path}: no heads of the audit log were kept here.")
    heads = []
    for place, line in enumerate(path.read_text(encoding="ascii", errors="replace").splitlines(), 1):
        try:
            number, digest, _ = line.split()
            heads.append(Head(number=int(number), hash=bytes.fromhex(digest)))
        except ValueError as error:
            raise EngineError(f"{path}:{place}: {line!r} is no head: number, hash and moment.") from error
    return tuple(heads)
