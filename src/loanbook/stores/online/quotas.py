"""Quotas of mandates: how much is reserved and confirmed in each scope. The table's constraint is what no race can pass."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import msgspec
import numpy as np

from loanbook.stores.online.unit import Connection, Row
from loanbook.units import Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is added to a scope of a mandate, minor units; negative gives back."""

    mandate: str
    scope: str
    cap_fen: int
    reserved_fen: int = 0
    confirmed_fen: int = 0


def lock_quotas(connection: Connection, mandates: Sequence[str]) -> dict[tuple[str, str], int]:
    """What is used of each scope of some mandates; who else reserves under them waits until this transaction ends."""
    wanted = sorted(set(mandates))
    connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('quota ' || m, 0)) FROM unnest(%s::text[]) WITH ORDINALITY AS x(m, n) "
        "ORDER BY n",
        (wanted,),
    )
    return used_quotas(connection, wanted)


def used_quotas(connection: Connection, mandates: Sequence[str]) -> dict[tuple[str, str], int]:
    """What is used of each scope of some mandates, as it stands; it may change at once."""
    query = "SELECT mandate, scope, reserved_fen + confirmed_fen AS used FROM quota WHERE mandate = ANY(%s)"
    return {(row["mandate"], row["scope"]): row["used"] for row in connection.execute(query, (list(mandates),))}


def used_columns(held: Mapping[tuple[str, str], int], mandates: Sequence[str], scopes: Sequence[str]) -> Ints:
    """What is used, (mandates, scopes) int64."""
    rows = [[held.get((mandate, scope), 0) for scope in scopes] for mandate in mandates]
    return np.array(rows, np.int64).reshape(len(mandates), len(scopes))


def change_quotas(connection: Connection, changes: Sequence[Change]) -> None:
    """Add to scopes, making those that are new. Raises a constraint's error when a cap would be passed."""
    if not changes:
        return
    rows = msgspec.json.encode([asdict(change) for change in changes]).decode()
    connection.execute(
        "INSERT INTO quota (mandate, scope, cap_fen, reserved_fen, confirmed_fen) "
        "SELECT mandate, scope, cap_fen, 0, 0 FROM jsonb_to_recordset(%s::jsonb) AS x(mandate text, scope text, cap_fen bigint) "
        "ON CONFLICT (mandate, scope) DO UPDATE SET cap_fen = "
        "GREATEST(EXCLUDED.cap_fen, quota.reserved_fen + quota.confirmed_fen)",
        (rows,),
    )
    connection.execute(
        "UPDATE quota SET reserved_fen = quota.reserved_fen + x.reserved_fen, "
        "confirmed_fen = quota.confirmed_fen + x.confirmed_fen "
        "FROM jsonb_to_recordset(%s::jsonb) AS x(mandate text, scope text, reserved_fen bigint, confirmed_fen bigint) "
        "WHERE quota.mandate = x.mandate AND quota.scope = x.scope",
        (rows,),
    )


def give_back_quotas(connection: Connection, freed_fen: Mapping[tuple[str, str], int]) -> None:
    """Take confirmed money out of scopes, by mandate and scope; the caller holds them. Scopes that are gone stay gone."""
    rows = [{"mandate": mandate, "scope": scope, "fen": fen} for (mandate, scope), fen in sorted(freed_fen.items())]
    connection.execute(
        "UPDATE quota SET confirmed_fen = quota.confirmed_fen - x.fen "
        "FROM jsonb_to_recordset(%s::jsonb) AS x(mandate text, scope text, fen bigint) "
        "WHERE quota.mandate = x.mandate AND quota.scope = x.scope",
        (msgspec.json.encode(rows).decode(),),
    )


def quotas_of(connection: Connection, mandate: str) -> list[Row]:
    """The scopes of a mandate: scope, cap_fen, reserved_fen, confirmed_fen."""
    query = "SELECT scope, cap_fen, reserved_fen, confirmed_fen FROM quota WHERE mandate = %s ORDER BY scope"
    return connection.execute(query, (mandate,)).fetchall()
