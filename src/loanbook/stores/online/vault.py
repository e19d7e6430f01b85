"""Personal data of borrowers: sealed under a key each, found by a keyed hash, destroyed with its key.

What a borrower is, told and was judged on lies sealed (AES-256-GCM) in `identity`, `application` and `decision`; every other
column, event, message and log holds pseudonyms. What was decided (outcome, reasons, line, price) stays readable, because the
books rest on it; on what it was decided does not outlive the borrower's key: reading it then answers INPUT_ERASED. Sealed bytes
are bound to the borrower and the row that they were written for.
"""

import datetime as dt
import hmac
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from loanbook.errors import EngineError, StateError
from loanbook.stores.online.key_file import KeyFile, MasterKeys, derived, master_keys
from loanbook.stores.online.unit import Connection

INPUT_ERASED = "INPUT_ERASED"
_FORM = b"\x01"
_NONCE_BYTES = 12
_SCAN_ROWS = 10_000

Document: TypeAlias = Mapping[str, Any]


class InputErasedError(StateError):
    """The borrower's key was destroyed on erasure; what was sealed under it is gone. The message starts with INPUT_ERASED."""

    def __init__(self, borrower_id: str) -> None:
        super().__init__(f"{INPUT_ERASED}: the personal data of {borrower_id} was erased.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """Who a borrower is. `document` is the number that names them once (identity card, business licence)."""

    borrower_id: str
    document: str
    details: Document


class Keyring:
    """The keys of some borrowers, for the length of one transaction; not to be kept."""

    def __init__(self, keys: Mapping[str, bytes | None]) -> None:
        self._keys = keys

    def is_erased(self, borrower_id: str) -> bool:
        """Whether the borrower was erased. Raises StateError for a borrower that was never sealed."""
        return self._key(borrower_id) is None

    def seal(self, borrower_id: str, place: str, document: Document) -> bytes:
        """A document under the borrower's key; `place` is the row it is for, e.g. `decision dc-1`. Raises InputErasedError."""
        key = self._key(borrower_id)
        if key is None:
            raise InputErasedError(borrower_id)
        nonce = os.urandom(_NONCE_BYTES)
        return _FORM + nonce + AESGCM(key).encrypt(nonce, msgspec.json.encode(document), _bound(borrower_id, place))

    def open(self, borrower_id: str, place: str, sealed: bytes) -> Document:
        """The document again. Raises InputErasedError, and EngineError for bytes that were changed or are of another row."""
        key = self._key(borrower_id)
        if key is None:
            raise InputErasedError(borrower_id)
        nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            if sealed[:1] != _FORM:
                raise InvalidTag
            plain = AESGCM(key).decrypt(nonce, rest, _bound(borrower_id, place))
        except (InvalidTag, ValueError) as error:
            raise EngineError(f"what is sealed in {place} is not what was written there for {borrower_id}.") from error
        document: Document = msgspec.json.decode(plain)
        return document

    def _key(self, borrower_id: str) -> bytes | None:
        if borrower_id not in self._keys:
            raise StateError(f"no personal data was ever sealed for {borrower_id}.")
        return self._keys[borrower_id]


class Vault:
    """Seals, finds and erases personal data; one a process, shared by its threads. It holds no borrower's key."""

    def __init__(self, keys: KeyFile) -> None:
        self.keys = keys
        root = keys.root()
        self._lookup_key = derived(root, "identity lookup")
        self._body_key = derived(root, "request body")

    def lookup(self, document: str) -> bytes:
        """What a document's number is found by: HMAC-SHA-256, spaces and case aside."""
        return hmac.digest(self._lookup_key, "".join(document.split()).upper().encode(), sha256)

    def body_hash(self, body: bytes) -> bytes:
        """What a request's body is compared by; keyed, because a plain hash of few possible bodies gives them away."""
        return hmac.digest(self._body_key, body, sha256)

    def find(self, tx: Connection, documents: Sequence[str]) -> list[str | None]:
        """The borrowers who hold documents; None for nobody, also after erasure."""
        lookups = [self.lookup(document) for document in documents]
        query = "SELECT lookup, borrower_id FROM identity WHERE lookup = ANY(%s::bytea[])"
        held = {bytes(row["lookup"]): str(row["borrower_id"]) for row in tx.execute(query, (sorted(set(lookups)),))}
        return [held.get(each) for each in lookups]

    def put(self, tx: Connection, people: Sequence[PersonalData]) -> list[str]:
        """Seal identities; returns who holds each document now: the borrower given, or the one who held it before.

        `identity` may be written before `borrower`: that a borrower is there is checked at commit.
        """
        held = self.find(tx, [each.document for each in people])
        fresh: dict[bytes, PersonalData] = {}
        for each, holder in zip(people, held, strict=True):
            if holder is None:
                fresh.setdefault(self.lookup(each.document), each)
        if fresh:
            tx.execute("LOCK TABLE identity IN ROW EXCLUSIVE MODE")  # a rotation meanwhile would take the new keys for nobody's
            ordered = sorted(fresh)  # two transactions that register the same people wait for each other in one order
            owners = [fresh[lookup].borrower_id for lookup in ordered]
            made = self.keys.create(owners)
            ring = Keyring({owner: key for owner, (_, key) in zip(owners, made, strict=True)})
            rows = [
                (owner, lookup, ring.seal(owner, f"identity {owner}", _whole(fresh[lookup])), slot)
                for lookup, owner, (slot, _) in zip(ordered, owners, made, strict=True)
            ]
            columns = [list(column) for column in zip(*rows, strict=True)]
            written = tx.execute(
                "INSERT INTO identity (borrower_id, lookup, sealed, key_slot) "
                "SELECT * FROM unnest(%s::text[], %s::bytea[], %s::bytea[], %s::bigint[]) "
                "ON CONFLICT (lookup) DO NOTHING RETURNING borrower_id",
                columns,
            ).fetchall()
            mine = {row["borrower_id"] for row in written}
            self.keys.empty([slot for owner, (slot, _) in zip(owners, made, strict=True) if owner not in mine])
            held = self.find(tx, [each.document for each in people])
        return [str(holder) for holder in held]

    def keyring(self, tx: Connection, borrower_ids: Sequence[str]) -> Keyring:
        """The keys of borrowers; one query and one read of the key file, whatever their number."""
        query = "SELECT borrower_id, key_slot FROM identity WHERE borrower_id = ANY(%s)"
        rows = tx.execute(query, (sorted(set(borrower_ids)),)).fetchall()
        found: dict[str, bytes | None] = {row["borrower_id"]: None for row in rows}
        wanted = [(row["key_slot"], row["borrower_id"]) for row in rows if row["key_slot"] is not None]
        found.update(zip((owner for _, owner in wanted), self.keys.read(wanted), strict=True))
        return Keyring(found)

    def identities(self, tx: Connection, borrower_ids: Sequence[str]) -> list[Document | None]:
        """Who borrowers are, `document` included; None where it was erased. Raises StateError for an unknown borrower."""
        ring = self.keyring(tx, borrower_ids)
        query = "SELECT borrower_id, sealed FROM identity WHERE borrower_id = ANY(%s) AND sealed IS NOT NULL"
        sealed = {row["borrower_id"]: bytes(row["sealed"]) for row in tx.execute(query, (sorted(set(borrower_ids)),))}
        return [
            None if ring.is_erased(each) or each not in sealed else ring.open(each, f"identity {each}", sealed[each])
            for each in borrower_ids
        ]

    def erase(self, tx: Connection, borrower_ids: Sequence[str], now: dt.datetime) -> list[str]:
        """Destroy keys, lookups and sealed identities; returns those erased now and not before. The caller commits.

        Keys go first and for good: if the transaction then fails, reading answers INPUT_ERASED all the same, and erasing again
        ends it. Whether a borrower may be erased is `services.retention`'s to say.
        """
        query = (
            "SELECT borrower_id, key_slot FROM identity WHERE borrower_id = ANY(%s) AND erased_at IS NULL ORDER BY 1 FOR UPDATE"
        )
        rows = tx.execute(query, (sorted(set(borrower_ids)),)).fetchall()
        self.keys.empty([row["key_slot"] for row in rows if row["key_slot"] is not None])
        gone = [str(row["borrower_id"]) for row in rows]
        _forget(tx, gone, now)
        return gone

    def erase_again(self, tx: Connection, now: dt.datetime) -> list[str]:
        """After a restore: forget the rows whose key is emptied; returns their borrowers. The caller commits."""
        gone: list[str] = []
        with tx.cursor("identities") as rows:
            rows.execute("SELECT borrower_id, key_slot FROM identity WHERE key_slot IS NOT NULL ORDER BY 1")
            while part := rows.fetchmany(_SCAN_ROWS):
                flags = self.keys.emptied([row["key_slot"] for row in part])
                gone += [row["borrower_id"] for row, flag in zip(part, flags, strict=True) if flag]
        _forget(tx, gone, now)
        return gone

    def rotate(self, tx: Connection) -> int:
        """Wrap every borrower's key by the first master key; returns how many. Sealed bytes and lookups stay as they are.

        Registrations wait meanwhile, so that no new key is taken for one without an owner.
        """
        tx.execute("LOCK TABLE identity IN SHARE MODE")
        rows = tx.execute("SELECT key_slot, borrower_id FROM identity WHERE key_slot IS NOT NULL")
        return self.keys.rotate({row["key_slot"]: row["borrower_id"] for row in rows})


def open_vault(masters: MasterKeys | None = None) -> Vault:
    """The vault of this machine's key file, with the master keys of the environment."""
    return Vault(KeyFile(masters or master_keys()))


def _whole(person: PersonalData) -> Document:
    return {**person.details, "document": person.document}


def _bound(borrower_id: str, place: str) -> bytes:
    return msgspec.json.encode([borrower_id, place])


def _forget(tx: Connection, borrower_ids: Sequence[str], now: dt.datetime) -> None:
    """Blank what cannot be opened any more; the rows themselves stay, as what was decided stays."""
    names = list(borrower_ids)
    tx.execute(
        "UPDATE identity SET lookup = NULL, sealed = NULL, key_slot = NULL, erased_at = %s WHERE borrower_id = ANY(%s)",
        (now, names),
    )
    tx.execute(
        "UPDATE credit_line SET age_least = NULL, age_most = NULL, state = CASE state WHEN 'open' THEN 'closed' ELSE state END "
        "WHERE borrower_id = ANY(%s)",
        (names,),
    )
    for table in ("application", "decision"):
        tx.execute(f"UPDATE {table} SET sealed = ''::bytea WHERE borrower_id = ANY(%s)", (names,))
