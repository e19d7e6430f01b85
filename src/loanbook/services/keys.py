"""API keys and the master key, as an operator at the machine handles them; each change is in the audit log."""

import contextlib
import datetime as dt
import getpass
from collections.abc import Iterator

from loanbook.errors import RequestError
from loanbook.services.approved_terms import with_approved
from loanbook.services.platform_terms import platform_terms
from loanbook.services.wording import meant
from loanbook.stores.embedded import online_dsn
from loanbook.stores.online.audit import Entry, append
from loanbook.stores.online.callers import IssuedKey, create_caller, list_callers, revoke_caller, rotate_key
from loanbook.stores.online.migrate import migrate_dsn
from loanbook.stores.online.schema import BORROWER
from loanbook.stores.online.unit import Connection, Row, Unit, connect
from loanbook.stores.online.vault import open_vault


def create(
    *, role: str, valid: dt.timedelta, now: dt.datetime, name: str | None, partner: str | None, borrower_id: str | None
) -> IssuedKey:
    """A new caller with its key; the store is made when there is none yet.

    Raises RequestError, also for a partner that no mandate names and a borrower that is not registered.
    """
    with _store() as tx:
        if role == "partner" and partner:
            _check_partner(tx, partner)
        if role == "borrower_app" and borrower_id and borrower_id not in Unit(tx, now, now.date()).read(BORROWER, [borrower_id]):
            raise RequestError(f"there is no borrower {borrower_id}. `register` answers the id of a new one.")
        made = create_caller(tx, role=role, now=now, valid=valid, caller_id=name, partner=partner, borrower_id=borrower_id)
        _told(tx, "key_created", made.caller_id, now)
        return made


def rotate(name: str, *, valid: dt.timedelta, overlap: dt.timedelta, now: dt.datetime) -> IssuedKey:
    """A new key for a caller, whose old ones end after `overlap`. Raises RequestError."""
    with _store() as tx:
        made = rotate_key(tx, name, now=now, valid=valid, overlap=overlap)
        _told(tx, "key_rotated", name, now)
        return made


def revoke(name: str, *, now: dt.datetime) -> int:
    """End a caller and its keys; returns how many keys were valid. Raises RequestError."""
    with _store() as tx:
        ended = revoke_caller(tx, name, now=now)
        _told(tx, "caller_revoked", name, now)
        return ended


def callers(now: dt.datetime) -> list[Row]:
    """Every caller, as `stores.online.callers.list_callers` gives them."""
    with _store() as tx:
        return list_callers(tx, now)


def rewrap(*, now: dt.datetime) -> int:
    """Wrap the keys of all borrowers by the first master key; returns how many keys. Nothing sealed is touched."""
    vault = open_vault()
    with _store() as tx:
        wrapped = vault.rotate(tx)
        _told(tx, "master_key_rotated", "key file", now)
        return wrapped


@contextlib.contextmanager
def _store() -> Iterator[Connection]:
    with online_dsn() as dsn:
        migrate_dsn(dsn)
        with connect(dsn) as tx:
            yield tx


def _check_partner(tx: Connection, partner: str) -> None:
    known = sorted({mandate.partner for mandate in with_approved(platform_terms(), tx).mandates})
    if partner not in known:
        raise RequestError(f"no mandate has a partner {partner!r}.{meant(partner, known)} Partners: {', '.join(known)}.")


def _told(tx: Connection, action: str, subject: str, now: dt.datetime) -> None:
    who = f"command line: {getpass.getuser()}"
    append(tx, [Entry(caller_id=who, action=action, subjects=(subject,), status=200)], now)
