"""Those outside who are told and tell: partners, the payment provider, the credit bureau; and as whom they sign."""

import datetime as dt
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from loanbook.services.caller import Caller
from loanbook.services.signing import SECRET_VARIABLE, SignatureError, Signed, secrets_of, verify

PROVIDER = "payment_provider"
"""The payment provider, as recipient of messages and as sender of signed ones."""
BUREAU = "credit_bureau"
"""The licensed credit bureau, through which alone personal data reaches a partner."""
OUTSIDE = frozenset({"partner", "provider", "bureau"})
"""Roles of those outside: they may sign their requests instead of showing a key, and see what is theirs."""
_ONE_OF_A_KIND = {"provider": PROVIDER, "bureau": BUREAU}


def recipient_of(caller: Caller) -> str | None:
    """The name under which messages wait for a caller; None for the platform's own roles and apps."""
    return caller.partner or _ONE_OF_A_KIND.get(caller.role)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Party:
    caller: Caller
    secrets: tuple[bytes, ...]


class Senders:
    """Those whose signed messages are taken: with a secret in the environment, and known as partner, provider or bureau.

    raises   StateError for a secret that cannot be used, so that a server does not start with it
    """

    def __init__(self, partners: Iterable[str], environment: Mapping[str, str] = os.environ) -> None:
        roles = dict.fromkeys(partners, "partner") | {name: role for role, name in _ONE_OF_A_KIND.items()}
        self._parties = {
            name: _Party(
                caller=Caller(caller_id=f"signed {name}", role=role, partner=name if role == "partner" else None),
                secrets=secrets_of(name, environment),
            )
            for name, role in roles.items()
            if environment.get(SECRET_VARIABLE + name.upper())
        }

    def believe(self, sender: str, header: str, what: str, body: bytes, now: dt.datetime) -> tuple[Caller, Signed]:
        """Who sent a message that asks for `what`. Raises SignatureError; the nonce is still to be taken."""
        party = self._parties.get(sender)
        if party is None:
            raise SignatureError("sender_not_known", f"no secret is set for the sender {sender!r}; its messages are not taken.")
        return party.caller, verify(sender, header, what, body, now, party.secrets)
