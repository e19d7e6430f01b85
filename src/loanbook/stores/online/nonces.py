"""Nonces of signed callbacks: each is taken once."""

import datetime as dt
from collections.abc import Sequence

from loanbook.stores.online.unit import Connection


def take_nonces(tx: Connection, signed: Sequence[tuple[str, str, dt.datetime]]) -> list[bool]:
    """Take (sender, nonce, signed_at) in the transaction of what they carry; False where one was taken before."""
    if not signed:
        return []
    fresh: dict[tuple[str, str], dt.datetime] = {}
    first = []
    for sender, nonce, signed_at in signed:
        first.append((sender, nonce) not in fresh)
        fresh.setdefault((sender, nonce), signed_at)
    rows = sorted((*name, signed_at) for name, signed_at in fresh.items())
    written = tx.execute(
        "INSERT INTO nonce (sender, nonce, signed_at) SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) "
        "ON CONFLICT DO NOTHING RETURNING sender, nonce",
        [list(column) for column in zip(*rows, strict=True)],
    ).fetchall()
    taken = {(row["sender"], row["nonce"]) for row in written}
    return [here and (sender, nonce) in taken for here, (sender, nonce, _) in zip(first, signed, strict=True)]
