"""Erasing what was kept long enough, and what a borrower asks to have erased, by the dated terms of `terms/retention`."""

import contextlib
import getpass
from collections.abc import Sequence
from dataclasses import dataclass, replace

from loanbook import units
from loanbook.services.caller import Caller, Refusal
from loanbook.services.clock import wall_clock
from loanbook.services.requests import Asked, Given, Id
from loanbook.stores.embedded import online_dsn
from loanbook.stores.online.audit import Entry, append
from loanbook.stores.online.migrate import migrate_dsn
from loanbook.stores.online.retention import count_borrowers, count_rows, delete_rows, due_borrowers, hold_borrower, standing
from loanbook.stores.online.unit import Connection, Unit, connect
from loanbook.stores.online.vault import Vault, open_vault
from loanbook.terms.retention import CLASSES, ENDLESS, IDENTITIES, Retention, retention_in, retention_on

BATCH = 1_000
"""Rows that one step erases of each class, so that a transaction stays short; the step says what is left."""


class Erasing(Asked):
    """A borrower asks to be forgotten."""

    borrower_id: Id


class Erased(Given):
    """The borrower's key is destroyed; what was sealed under it answers INPUT_ERASED."""

    borrower_id: str
    state: str = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What of a class is due today: how much, by which period, and what a step erased of it."""

    name: str
    kept: str
    source: str
    found: int
    erased: int = 0


def list_due(unit: Unit, versions: tuple[Retention, ...]) -> list[Due]:
    """Every class with what is due today; nothing is erased."""
    return [_due(unit, retention_on(versions, name, units.day(unit.today))) for name in CLASSES]


def erase_due(unit: Unit, vault: Vault, versions: tuple[Retention, ...], most: int = BATCH) -> list[Due]:
    """Erase up to `most` of each class that are due today; `found` still counts all.

    The caller commits, and calls again while any `erased` is `most`. Keys of borrowers are gone at once, also if the transaction
    then fails.
    """
    done = []
    for name in CLASSES:
        rule = retention_on(versions, name, units.day(unit.today))
        due = _due(unit, rule)
        before = rule.ends_before(unit.today)
        erased = 0
        if due.found and before is not None:
            if name in IDENTITIES:
                names = due_borrowers(unit.connection, name == IDENTITIES[0], before, most)
                erased = len(_erase(unit, vault, names, rule))
            else:
                erased = delete_rows(unit.connection, name, before, most)
        done.append(Due(name=due.name, kept=due.kept, source=due.source, found=due.found, erased=erased))
    unit.flush()
    return done


def retain(connection: Connection, vault: Vault, versions: tuple[Retention, ...], most: int = BATCH) -> list[Due]:
    """Erase everything that is due today, step by step, each committed with its row of the audit log."""
    total: dict[str, Due] = {}
    while True:
        now, today = wall_clock()
        step = erase_due(Unit(connection, now, today), vault, versions, most)
        told = [f"{due.name}: {due.erased}" for due in step if due.erased]
        if told:
            who = f"command line: {getpass.getuser()}"
            append(connection, [Entry(caller_id=who, action="retention_applied", subjects=tuple(told), status=200)], now)
        connection.commit()
        for due in step:
            before = total.get(due.name)
            total[due.name] = replace(before, erased=before.erased + due.erased) if before else due
        if not any(due.erased == most for due in step):
            return list(total.values())


def retain_online(*, apply: bool) -> list[Due]:
    """What is due today in the store of this machine; with `apply` it is erased. Raises StateError without a master key."""
    vault, versions = open_vault(), retention_in()
    with online_dsn() as dsn:
        migrate_dsn(dsn)
        with contextlib.closing(connect(dsn)) as connection:
            if apply:
                return retain(connection, vault, versions)
            return list_due(Unit(connection, *wall_clock()), versions)


def erase(
    vault: Vault, versions: tuple[Retention, ...], unit: Unit, asked: Sequence[tuple[Caller, Erasing]]
) -> list[Erased | Refusal]:
    """Erase borrowers who ask for it, unless a loan is running or a law says that who they are must be kept."""
    return [_erase_asked(vault, versions, unit, caller, request.borrower_id) for caller, request in asked]


def _erase_asked(vault: Vault, versions: tuple[Retention, ...], unit: Unit, caller: Caller, borrower_id: str) -> Erased | Refusal:
    hold_borrower(unit.connection, borrower_id)  # a drawdown at the same time is seen, or finds the line closed
    stands = standing(unit.connection, borrower_id)
    if stands is None or caller.borrower_id not in (None, borrower_id):
        detail = f"there is no borrower {borrower_id} with personal data."
        return Refusal(status=404, rule="no_such_borrower", detail=detail)
    rule = retention_on(versions, IDENTITIES[0 if stands.lent else 1], units.day(unit.today))
    if stands.running:
        detail = f"{borrower_id} has a running loan; who owes it must be known until it is closed."
        return Refusal(status=409, rule="loan_running", detail=detail, source=rule.source)
    before = rule.ends_before(unit.today)
    if rule.on_request == "refuse" and (before is None or stands.began_on >= before):
        detail = f"who {borrower_id} is must be kept for {rule.shown} from {stands.began_on}; nothing but that is done with it."
        figures = {"kept": rule.shown, "from": stands.began_on.isoformat()}
        return Refusal(status=409, rule="retention_period", detail=detail, source=rule.source, figures=figures)
    _erase(unit, vault, [borrower_id], rule)
    return Erased(borrower_id=borrower_id)


def _erase(unit: Unit, vault: Vault, borrower_ids: Sequence[str], rule: Retention) -> list[str]:
    gone = vault.erase(unit.connection, borrower_ids, unit.now)
    for borrower_id in gone:
        unit.event("borrower_erased", borrower_id, rule=rule.name, kept=rule.shown)
    return gone


def _due(unit: Unit, rule: Retention) -> Due:
    before = rule.ends_before(unit.today)
    if before is None or rule.name in ENDLESS:
        found = 0
    elif rule.name in IDENTITIES:
        found = count_borrowers(unit.connection, rule.name == IDENTITIES[0], before)
    else:
        found = count_rows(unit.connection, rule.name, before)
    return Due(name=rule.name, kept=rule.shown, source=rule.source, found=found)
