"""Is the store whole? Pages and indexes, tables against migrations, state against events and accounts, chain, books, files, keys.

Nothing is written. Each part says what it found; what it could not look at, it says with the reason, and is no finding.
"""

import contextlib
import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import psycopg
from sqlalchemy.exc import DBAPIError

from loanbook.errors import EngineError, Finding, LoanbookError, StateError
from loanbook.kernel import home
from loanbook.loans.positions import Position
from loanbook.services.approved_terms import standing_terms
from loanbook.services.auditing import heads_file
from loanbook.services.backing_up import SETTLEMENTS
from loanbook.services.clock import wall_clock
from loanbook.services.day_pass import Book, Findings, stand_of
from loanbook.services.forwarding import KINDS
from loanbook.services.key_copies import check_keys, list_faults
from loanbook.stores.book import books_folder, check_files, list_books
from loanbook.stores.embedded import Embedded, named_dsn, online_dsn
from loanbook.stores.online.audit import kept_heads, verify_chain
from loanbook.stores.online.catalog import catalog_differences
from loanbook.stores.online.day_book import cash_differences, quota_differences
from loanbook.stores.online.key_file import keys_folder
from loanbook.stores.online.rebuild import REBUILT, differences, line_uses
from loanbook.stores.online.store_facts import told_places, told_rows
from loanbook.stores.online.structure import index_faults
from loanbook.stores.online.unit import Connection, connect
from loanbook.stores.online.vault import open_vault

MOST = 100
"""Findings shown of one part."""
_CHUNK = 20_000
_BEGIN, _END = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (1970, 9999))
_RUNNING = ("disbursed", "repaid")

Progress: TypeAlias = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing looked at: what was looked at, in words, what was found, and why it was left out, if it was."""

    name: str
    looked_at: str = ""
    findings: tuple[Finding, ...] = ()
    left_out: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Store:
    """What the parts look at."""

    dsn: str
    connection: Connection


def check_store(on_progress: Progress | None = None) -> list[Part]:
    """Look at everything; returns the parts in order.

    raises   StateError where there is no store, EngineError where its server does not start
    """
    if named_dsn() is None and Embedded().major() is None:
        raise StateError("there is no store yet. `loanbook serve` or `loanbook call` makes it.")
    found = [_pages()]
    with online_dsn() as dsn, contextlib.closing(connect(dsn)) as connection:
        store = _Store(dsn=dsn, connection=connection)
        for place, (name, look) in enumerate(_PARTS.items()):
            if on_progress is not None:
                on_progress("Checking", place, len(_PARTS))
            found.append(_looked(name, look, store))
            connection.rollback()
        if on_progress is not None:
            on_progress("Checking", len(_PARTS), len(_PARTS))
    return found


def _looked(name: str, look: Callable[[_Store], Part], store: _Store) -> Part:
    """A part that cannot be looked at for a fault of the store is a finding; the others go on."""
    try:
        return look(store)
    except (psycopg.Error, LoanbookError, DBAPIError, OSError) as error:
        words = " ".join(str(error).split())[:400]
        return Part(name=name, findings=(Finding(place=name, message=f"could not be looked at: {words}"),))


def _pages() -> Part:
    """Every page's checksum, while the server is down."""
    name = "checksums"
    if named_dsn() is not None:
        return Part(name=name, left_out="the server is not ours; `pg_checksums --check` does it where it runs")
    server = Embedded()
    try:
        with server.alone():
            said = server.pages()
    except StateError:
        return Part(name=name, left_out="the server is in use; pages are checked as they are read")
    except EngineError as error:
        return Part(name=name, findings=(Finding(place=str(server.cluster), message=str(error)),))
    return Part(name=name, looked_at=said)


def _structure(store: _Store) -> Part:
    name = "tables and indexes"
    dsn = store.dsn if named_dsn() is not None else Embedded().administrator()
    looked, left_out, faults = index_faults(dsn, MOST)
    findings = tuple(Finding(place=place, message=message) for place, message in faults)
    return Part(name=name, looked_at=f"{looked:,} relations" if looked else "", findings=findings, left_out=left_out)


def _catalog(store: _Store) -> Part:
    name = "tables against migrations"
    try:
        return Part(name=name, looked_at="columns, constraints, triggers", findings=tuple(catalog_differences(store.dsn)[:MOST]))
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            return Part(name=name, left_out="the role may make no schema to compare with")
        raise


def _state(store: _Store) -> Part:
    findings: list[Finding] = []
    for kind in REBUILT:
        findings += [Finding(**row) for row in differences(store.connection, kind, MOST)]
    for row in cash_differences(store.connection, _BEGIN, _END)[:MOST]:
        place = f"event {row['number']} of loan {row['subject']}"
        amounts = {"value": str(row["held_fen"]), "expected": str(row["amount_fen"])}
        findings.append(Finding(place=place, message="no payment agrees with the event", **amounts))
    return Part(name="state against events", looked_at=", ".join(REBUILT), findings=tuple(findings))


def _uses(store: _Store) -> Part:
    findings = [Finding(**row) for row in line_uses(store.connection, MOST)]
    return Part(name="lines against loans", looked_at="the use of every line", findings=tuple(findings))


def _quotas(store: _Store) -> Part:
    findings = [
        Finding(
            place=f"quota {row['mandate']} {row['scope']}",
            message="is not what its reservations come to",
            value=f"{row['reserved_fen']} reserved, {row['confirmed_fen']} confirmed",
            expected=f"{row['reserved']} reserved, {row['confirmed']} confirmed",
        )
        for row in quota_differences(store.connection)
    ]
    return Part(name="quotas against reservations", looked_at="every mandate and scope", findings=tuple(findings[:MOST]))


def _accounts(store: _Store) -> Part:
    """Principal repaid, and money allocated, by the account kernel, of every loan that runs or is repaid."""
    now, day = wall_clock()
    book, found = Book(standing_terms(store.connection, now), store.connection), Findings()
    loans = 0
    for ids in _ids(store.connection):
        standing = stand_of(book, store.connection, ids, day, found)
        loans += len(standing.loan_id)
        repaid, allocated = standing.column(Position.REPAID_FINALLY), standing.column(Position.UNAPPLIED).copy()
        allocated += standing.position[:, Position.PAID_PRINCIPAL : Position.PAID_PENALTY + 1].sum(axis=1)
        for columns, message in (
            ((standing.repaid_fen, repaid), "principal repaid is not what its account says"),
            ((allocated, standing.paid_in_fen), "what its account allocates is not the cash that came"),
        ):
            for place in np.flatnonzero(columns[0] != columns[1]).tolist():
                found.add(f"loan {standing.loan_id[place]}", message, int(columns[0][place]), int(columns[1][place]))
        over = ~standing.open & (standing.principal_fen != standing.repaid_fen)
        for place in np.flatnonzero(over).tolist():
            found.add(f"loan {standing.loan_id[place]}", "is repaid and still owes", int(standing.repaid_fen[place]))
    return Part(name="loans against accounts", looked_at=f"{loans:,} loans", findings=tuple(found.first))


def _ids(connection: Connection) -> Iterator[list[str]]:
    after = ""
    while True:
        query = "SELECT loan_id FROM loan WHERE state = ANY(%s) AND loan_id > %s ORDER BY loan_id LIMIT %s"
        ids = [row["loan_id"] for row in connection.execute(query, (list(_RUNNING), after, _CHUNK))]
        if ids:
            yield ids
        if len(ids) < _CHUNK:
            return
        after = ids[-1]


def _chain(store: _Store) -> Part:
    path = heads_file()
    found = verify_chain(store.connection, kept_heads(path) if path.exists() else ())
    words = f"{found.head.number:,} rows sealed, {found.unsealed:,} wait"
    return Part(name="audit chain", looked_at=words, findings=(found.broken,) if found.broken else ())


def _books(store: _Store) -> Part:
    """Files against manifests, and what a book was told against what it holds."""
    findings: list[Finding] = []
    books = {book.name: book for book in list_books()}
    for name, book in books.items():
        findings += [Finding(place=f"book {name}", message=words) for words in check_files(book)]
    for name, place in told_places(store.connection).items():
        if name not in books:
            findings.append(Finding(place=f"book {name}", message=f"was told facts, and is not in {books_folder()}"))
            continue
        for kind, rows in told_rows(store.connection, place, KINDS).items():
            held = books[name].rows(kind)
            if held < rows:
                message = f"holds fewer {kind} than it was told. Restore it, or forget what it was told"
                findings.append(Finding(place=f"book {name}", message=message, value=str(held), expected=f"at least {rows}"))
    return Part(name="books", looked_at=", ".join(books) or "none", findings=tuple(findings[:MOST]))


def _settlements(store: _Store) -> Part:
    """Files of partners against the hashes in their events."""
    query = "SELECT subject, happened_on, content->>'file_hash' AS hash FROM event WHERE kind = 'partner_settled' ORDER BY number"
    findings, files = [], 0
    for row in store.connection.execute(query):
        path = home() / SETTLEMENTS / row["happened_on"].isoformat() / f"{row['subject']}.csv"
        files += 1
        if not path.exists():
            findings.append(Finding(place=str(path), message="the settlement file is gone"))
        elif hashlib.sha256(path.read_bytes()).hexdigest() != row["hash"]:
            findings.append(Finding(place=str(path), message="the settlement file is not the one that was written"))
    return Part(name="settlement files", looked_at=f"{files:,} files", findings=tuple(findings[:MOST]))


def _keys(store: _Store) -> Part:
    name = "keys"
    path = keys_folder() / "keys"
    if not path.exists():
        row = store.connection.execute("SELECT count(*) AS keys FROM identity WHERE key_slot IS NOT NULL").fetchone()
        missing = row["keys"] if row else 0
        words = "the key file is not there. Take its copy back: `loanbook key import FOLDER`"
        gone = (Finding(place=str(path), message=words, value="0 keys", expected=f"{missing:,} keys"),) if missing else ()
        return Part(name=name, looked_at="no key file", findings=gone)
    try:
        vault = open_vault()
    except StateError as error:
        return Part(name=name, left_out=str(error))
    found = check_keys(store.connection, vault, MOST)
    findings = (*found.findings, *list_faults(vault.keys)[:MOST])
    if found.not_blank:
        words = "their keys are destroyed, and their rows are not blank. `loanbook key import` of the copy blanks them"
        findings = (*findings, Finding(place="identity", message=words, value=f"{found.not_blank:,} borrowers"))
    return Part(name=name, looked_at=f"{found.keys:,} keys", findings=findings)


_PARTS: dict[str, Callable[[_Store], Part]] = {
    "tables and indexes": _structure,
    "tables against migrations": _catalog,
    "state against events": _state,
    "loans against accounts": _accounts,
    "lines against loans": _uses,
    "quotas against reservations": _quotas,
    "audit chain": _chain,
    "books": _books,
    "settlement files": _settlements,
    "keys": _keys,
}
