"""Who may call: callers with a role, and their keys, of which only SHA-256 hashes are kept.

A key is 256 random bits, so its plain hash cannot be guessed back and needs no salt; it is found by that hash, which says nothing
about any other key, and compared in constant time. A caller keeps its id when its keys change, so whoever proposed something
cannot approve it with a new key.
"""

import datetime as dt
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from loanbook.errors import RequestError
from loanbook.stores.online.unit import Connection, Row, new_id

ROLES = ("borrower_app", "partner", "provider", "bureau", "risk", "finance", "operator", "auditor")
KEY_PREFIX = "loanbook_"
"""By which a secret scanner knows a key that was committed by mistake."""
_KEY_BYTES = 32
_KEY = re.compile(r"loanbook_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCaller:
    """A caller whose key is valid now."""

    caller_id: str
    role: str
    partner: str | None = None
    borrower_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedKey:
    """A new key: the only time that its text is seen."""

    caller_id: str
    text: str
    expires_at: dt.datetime

    def __repr__(self) -> str:
        return f"IssuedKey(caller_id={self.caller_id!r}, text='...', expires_at={self.expires_at!r})"


def create_caller(
    tx: Connection,
    *,
    role: str,
    now: dt.datetime,
    valid: dt.timedelta,
    caller_id: str | None = None,
    partner: str | None = None,
    borrower_id: str | None = None,
) -> IssuedKey:
    """A new caller with its first key. Raises RequestError for a role, partner, borrower or name that does not go."""
    if role not in ROLES:
        raise RequestError(f"{role!r} is no role. Roles: {', '.join(ROLES)}.")
    if (role == "partner") != bool(partner):
        raise RequestError("a key of role partner names its partner, and no other key does. Add or leave out --partner.")
    if borrower_id and role != "borrower_app":
        raise RequestError("only a key of role borrower_app can be bound to one borrower.")
    name = caller_id or new_id(role.replace("_", "-"))
    made = tx.execute(
        "INSERT INTO caller (caller_id, role, partner, borrower_id, created_at) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT DO NOTHING RETURNING caller_id",
        (name, role, partner, borrower_id, now),
    ).fetchone()
    if made is None:
        raise RequestError(f"there is a caller {name} already. `loanbook key rotate {name}` gives it a new key.")
    return _issue(tx, name, now, valid)


def keep_caller(tx: Connection, caller: KnownCaller, now: dt.datetime) -> None:
    """Note a caller that has no key, so that what it does can name it; one that is noted stays as it is."""
    tx.execute(
        "INSERT INTO caller (caller_id, role, created_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (caller.caller_id, caller.role, now),
    )


def rotate_key(tx: Connection, caller_id: str, *, now: dt.datetime, valid: dt.timedelta, overlap: dt.timedelta) -> IssuedKey:
    """A new key for a caller; the keys it has end after `overlap` at the latest. Raises RequestError."""
    _standing(tx, caller_id)
    tx.execute(
        "UPDATE api_key SET expires_at = least(expires_at, %s) WHERE caller_id = %s AND revoked_at IS NULL",
        (now + overlap, caller_id),
    )
    return _issue(tx, caller_id, now, valid)


def revoke_caller(tx: Connection, caller_id: str, *, now: dt.datetime) -> int:
    """End a caller and all of its keys at once; returns how many keys that were valid. Raises RequestError."""
    _standing(tx, caller_id)
    tx.execute("UPDATE caller SET revoked_at = %s WHERE caller_id = %s", (now, caller_id))
    query = "UPDATE api_key SET revoked_at = %s WHERE caller_id = %s AND revoked_at IS NULL AND expires_at > %s"
    return tx.execute(query, (now, caller_id, now)).rowcount


def known_callers(tx: Connection, keys: Sequence[str], now: dt.datetime) -> list[KnownCaller | None]:
    """The callers of keys; None where a key is unknown, expired or revoked, without saying which."""
    hashes = [_hash(key) if _KEY.fullmatch(key) else None for key in keys]
    rows = tx.execute(
        "SELECT k.key_hash, c.caller_id, c.role, c.partner, c.borrower_id FROM api_key k JOIN caller c USING (caller_id) "
        "WHERE k.key_hash = ANY(%s::bytea[]) AND k.revoked_at IS NULL AND c.revoked_at IS NULL AND k.expires_at > %s",
        ([each for each in hashes if each is not None], now),
    ).fetchall()
    return [_match(rows, each) for each in hashes]


def list_callers(tx: Connection, now: dt.datetime) -> list[Row]:
    """Every caller: caller_id, role, partner, borrower_id, created_at, revoked_at, valid_keys, last_expires_at."""
    return tx.execute(
        "SELECT c.*, count(k.key_hash) AS valid_keys, max(k.expires_at) AS last_expires_at FROM caller c LEFT JOIN api_key k "
        "ON k.caller_id = c.caller_id AND k.revoked_at IS NULL AND c.revoked_at IS NULL AND k.expires_at > %s "
        "GROUP BY c.caller_id ORDER BY c.created_at, c.caller_id",
        (now,),
    ).fetchall()


def _standing(tx: Connection, caller_id: str) -> None:
    row = tx.execute("SELECT revoked_at FROM caller WHERE caller_id = %s FOR UPDATE", (caller_id,)).fetchone()
    if row is None:
        raise RequestError(f"there is no caller {caller_id!r}. `loanbook key list` shows them.")
    if row["revoked_at"] is not None:
        raise RequestError(f"caller {caller_id} was revoked on {row['revoked_at']:%Y-%m-%d}. Create another one.")


def _issue(tx: Connection, caller_id: str, now: dt.datetime, valid: dt.timedelta) -> IssuedKey:
    if valid <= dt.timedelta(0):
        raise RequestError("a key must be valid for some time; give at least one day.")
    text = KEY_PREFIX + secrets.token_urlsafe(_KEY_BYTES)
    expires_at = now + valid
    tx.execute(
        "INSERT INTO api_key (key_hash, caller_id, created_at, expires_at) VALUES (%s, %s, %s, %s)",
        (_hash(text), caller_id, now, expires_at),
    )
    return IssuedKey(caller_id=caller_id, text=text, expires_at=expires_at)


def _hash(key: str) -> bytes:
    return sha256(key.encode()).digest()


def _match(rows: Sequence[Row], wanted: bytes | None) -> KnownCaller | None:
    found = None
    for row in rows:
        if wanted is not None and hmac.compare_digest(bytes(row["key_hash"]), wanted):
            found = KnownCaller(**{name: row[name] for name in ("caller_id", "role", "partner", "borrower_id")})
    return found
