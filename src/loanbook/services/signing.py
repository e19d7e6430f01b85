"""Signed messages of payment providers and partners: who sent them, when, once.

    Loanbook-Signature: t=1764000000,n=4f1c9a7be2d04d3f,s=<hex>

`s` is HMAC-SHA-256 under the sender's secret over `t`, a dot, `n`, a dot, what is asked (the last part of the path, e.g.
`answer-offer`), a dot and the body, byte for byte: a message cannot be sent on as another. It is taken within five minutes of its
time, and its nonce once: a retry is signed anew under its idempotency key. The secret of `harbour_pay` is
LOANBOOK_SECRET_HARBOUR_PAY: base64 of at least 32 bytes; while it is changed, both, separated by a comma (the first signs).
"""

import base64
import binascii
import datetime as dt
import hmac
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex

from loanbook.errors import RequestError, StateError
from loanbook.stores.online.nonces import take_nonces
from loanbook.stores.online.unit import Connection

HEADER = "Loanbook-Signature"
SECRET_VARIABLE = "LOANBOOK_SECRET_"
WINDOW = dt.timedelta(minutes=5)
"""How far a message's time may lie from ours, either way."""
SECRET_BYTES_LEAST = 32
_HEADER_MOST = 300
_HEADER = re.compile(r"t=(?P<t>[0-9]{1,10}),n=(?P<n>[A-Za-z0-9_-]{16,64}),s=(?P<s>[0-9a-f]{64})")
_SENDER = re.compile(r"[a-z][a-z0-9_]{0,60}")


class SignatureError(RequestError):
    """A message that is not to be believed; `rule` names why. 401 at the door.

    rule   sender_not_known, signature_needed, signature_wrong, signature_too_old or signature_used
    """

    def __init__(self, rule: str, words: str) -> None:
        super().__init__(words)
        self.rule = rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A message whose signature holds; its nonce is still to be taken."""

    sender: str
    nonce: str
    signed_at: dt.datetime


def secrets_of(sender: str, environment: Mapping[str, str] = os.environ) -> tuple[bytes, ...]:
    """The secrets of a sender, the one that signs first.

    raises   SignatureError for a sender without a secret, StateError for a secret that is too short or no base64
    """
    variable = SECRET_VARIABLE + sender.upper()
    if not _SENDER.fullmatch(sender) or not environment.get(variable):
        raise SignatureError("sender_not_known", f"no secret is set for the sender {sender!r}; its messages are not taken.")
    found = []
    for part in environment[variable].split(","):
        try:
            secret = base64.b64decode(part.strip(), validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if len(secret) < SECRET_BYTES_LEAST:
            raise StateError(f"{variable}: a secret must be at least {SECRET_BYTES_LEAST} bytes in base64.")
        found.append(secret)
    return tuple(found)


def sign(secret: bytes, what: str, body: bytes, now: dt.datetime, nonce: str | None = None) -> str:
    """The header of a message that asks for `what`: of one that goes out, or that a simulated partner sends."""
    t, n = int(now.timestamp()), nonce or token_hex(16)
    return f"t={t},n={n},s={_digest(secret, str(t), n, what, body)}"


def verify(sender: str, header: str, what: str, body: bytes, now: dt.datetime, secrets: Sequence[bytes]) -> Signed:
    """The message's sender, nonce and time. Raises SignatureError; every secret is tried, each compared in constant time."""
    found = _HEADER.fullmatch(header) if len(header) <= _HEADER_MOST else None
    if found is None:
        words = f"{HEADER} must be t=<seconds>,n=<16 to 64 letters or digits>,s=<64 hexadecimal digits>."
        raise SignatureError("signature_needed", words)
    holds = [hmac.compare_digest(_digest(secret, found["t"], found["n"], what, body), found["s"]) for secret in secrets]
    if not any(holds):
        raise SignatureError("signature_wrong", f"the signature is not one of {sender} over {what} and this body.")
    signed_at = dt.datetime.fromtimestamp(int(found["t"]), dt.UTC)
    if abs(now - signed_at) > WINDOW:
        raise SignatureError(
            "signature_too_old",
            f"the message was signed at {signed_at:%Y-%m-%dT%H:%M:%SZ}, more than {WINDOW.seconds // 60} minutes from now "
            f"({now.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}). Sign it anew, and set the clock if that does not help.",
        )
    return Signed(sender=sender, nonce=found["n"], signed_at=signed_at)


def take(tx: Connection, messages: Sequence[Signed]) -> list[SignatureError | None]:
    """Take the nonces of messages in the transaction of their consequences; an error for each that was taken before."""
    taken = take_nonces(tx, [(each.sender, each.nonce, each.signed_at) for each in messages])
    return [
        None if ok else SignatureError("signature_used", f"nonce {each.nonce} of {each.sender} was used before. Sign anew.")
        for ok, each in zip(taken, messages, strict=True)
    ]


def _digest(secret: bytes, t: str, n: str, what: str, body: bytes) -> str:
    return hmac.new(secret, f"{t}.{n}.{what}.".encode() + body, sha256).hexdigest()
