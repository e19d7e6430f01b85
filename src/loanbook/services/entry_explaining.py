"""The loans behind an entry: the cell that it came from, asked of the same kernel at this close and at the one before."""

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.accounting.basis import basis_of
from loanbook.accounting.loan_amounts import LATE, POOL
from loanbook.errors import RequestError, StateError, TieError
from loanbook.loans.dates import month_index
from loanbook.measures.booking import Basis, slots
from loanbook.measures.credit_losses_result import from_table
from loanbook.measures.ledger_state import slot_of
from loanbook.measures.passes import NO_CLOSE, clock_of
from loanbook.measures.space import Space, space
from loanbook.measures.window import Window
from loanbook.services.book_terms import components_of
from loanbook.services.closing import unknown_of
from loanbook.services.facts_pass import behind_entry
from loanbook.services.origination_costs import most_deferred
from loanbook.services.period_reading import followed, inceptions, late_ids, origins, stood_on
from loanbook.stores.as_it_stood import as_it_stood, stands, terms_since, told_since
from loanbook.stores.book import Book
from loanbook.stores.ledger import Ledger, Period
from loanbook.stores.projection import Progress, Projection, reading
from loanbook.stores.rules_hash import rules_hash
from loanbook.stores.scratch import scratch_folder
from loanbook.terms.accounting_policy import parse_policy
from loanbook.terms.families import DAYBOOK
from loanbook.terms.posting_rule import Component
from loanbook.units import Ints

LOANS = pa.schema([("loan_id", pa.string()), ("amount_fen", pa.int64())])


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryExplained:
    """An entry, the amount it was posted from, and what each loan added to that; the loans sum to the amount.

    period       the version that posted it;  superseded_by  the one that restated it, empty for the newest
    amount       the row of `journal.POSTABLE`; its amount is signed, the entry's is not
    loans        `LOANS`; empty for an entry that no loan makes
    told_since   events told after the close that say they were recorded by its day: they are not in it
    with_them    what the amount would be with them
    """

    entry: dict[str, Any]
    amount: dict[str, Any]
    loans: pa.Table
    period: Period
    superseded_by: str = ""
    told_since: int = 0
    with_them_fen: int = 0


def explain_entry(book: Book, entry_id: str, *, on_progress: Progress | None = None) -> EntryExplained:
    """The loans behind one entry of a closed period, of any version: the facts and terms that the close counted, asked again.

    entry_id   or its beginning, as long as it fits one entry
    raises     RequestError for none or several; TieError when the loans do not sum to the amount
    """
    tell = on_progress or (lambda stage, done, total: None)
    ledger = Ledger(book)
    period, entry = _find(ledger, entry_id)
    newest = ledger.period(period.name)
    superseded_by = "" if newest.id == period.id else newest.id
    amounts = pa.concat_tables([period.table(name) for name in ("amounts", "company")])
    same = pc.and_(pc.equal(amounts["cell"], entry["cell"]), pc.equal(amounts["event"], entry["event"]))
    amount = amounts.filter(same).to_pylist()[0]
    named = (amount["kind"], amount["component"])
    component = next((each for each in components_of(period) if (each.kind, each.component) == named), None)
    if component is None:
        none = LOANS.empty_table()
        return EntryExplained(entry=entry, amount=amount, loans=none, period=period, superseded_by=superseded_by)
    asked = _Asked(ledger=ledger, period=period, amount=amount, component=component, tell=tell)
    before = followed(ledger, period)
    is_late = amount["cohort_new"] == LATE
    parts = asked.at(book, period)
    # What no earlier close knew is told apart, and had come to nothing by the last one.
    taken = {} if before is None or is_late else asked.at(book, before)
    loans = {loan: parts.get(loan, 0) + taken.get(loan, 0) for loan in sorted({*parts, *taken})}
    found = sum(loans.values())
    if found != amount["amount_fen"]:
        raise TieError(
            f"the loans behind {entry['entry_id']} sum to {units.format_money(found)}, the amount is "
            f"{units.format_money(amount['amount_fen'])}. {_why(book, period)}"
        )
    since = 0 if _stood(book, period) else told_since(book, period.manifest["counted"], str(period.manifest["known_at"]))
    today = sum(asked.at(book, period, as_it_is=True).values()) + sum(taken.values()) if since else found
    held = {loan: fen for loan, fen in loans.items() if fen}
    table = pa.table({"loan_id": list(held), "amount_fen": list(held.values())}, schema=LOANS)
    return EntryExplained(
        entry=entry,
        amount=amount,
        loans=table.sort_by([("amount_fen", "descending"), ("loan_id", "ascending")]),
        period=period,
        superseded_by=superseded_by,
        told_since=since,
        with_them_fen=today,
    )


def _why(book: Book, period: Period) -> str:
    """Why the same question may come to something else."""
    said = period.manifest
    if "counted" not in said:
        return (
            f"{period.id} was locked by a version of Loanbook that kept neither its terms nor what it counted: facts recorded by "
            f"{said['known_at']} that came after the close are posted in the open period."
        )
    if said["rules_hash"] != rules_hash():
        return (
            "Loanbook's own rules for loans have changed since the period was locked; the version that locked it explains it. "
            f"`loanbook books verify --rebuild --book {book.name}` shows by how much."
        )
    return f"`loanbook verify {book.name}` and `loanbook books verify --rebuild --book {book.name}` say what was changed."


def _find(ledger: Ledger, entry_id: str) -> tuple[Period, dict[str, Any]]:
    """An entry and the newest version that has it: a version that posts the same again keeps its id."""
    if not entry_id:
        raise RequestError("name an entry, or the beginning of its id.")
    found: dict[str, tuple[Period, dict[str, Any]]] = {}
    for period in ledger.all_periods():
        entries = period.table("entries")
        for row in entries.filter(pc.starts_with(entries["entry_id"], entry_id)).slice(0, 2).to_pylist():
            found[row["entry_id"]] = (period, row)
    if not found:
        raise RequestError(
            f"no closed period of {ledger.book.name} has an entry {entry_id}. "
            f"`loanbook entries PERIOD --book {ledger.book.name}` lists them."
        )
    if len(found) > 1:
        raise RequestError(f"several entries begin with {entry_id}; write more of the id.")
    return next(iter(found.values()))


def _stood(book: Book, period: Period) -> bool:
    """Whether the book as it is gives what a period counted: nothing was told since that its close would have counted."""
    state = period.manifest.get("counted")
    if state is None or stands(book, state):
        return True
    return not (told_since(book, state, str(period.manifest["known_at"])) or terms_since(book, state))


@contextmanager
def _as_counted(book: Book, period: Period, tell: Progress) -> Iterator[Projection]:
    """The projection that a period counted; made again from the commits of then where the book has moved on."""
    if _stood(book, period):
        with reading(book, on_progress=tell) as projection:
            yield projection
        return
    with scratch_folder("stood") as folder:
        stood = as_it_stood(book, period.manifest["counted"], folder)
        with reading(stood, on_progress=tell) as projection:
            yield projection


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is asked of the loans: the cell of an amount that a period posted."""

    ledger: Ledger
    period: Period
    amount: dict[str, Any]
    component: Component
    tell: Progress

    def at(self, book: Book, at: Period, *, as_it_is: bool = False) -> dict[str, int]:
        """Loan ids and what each adds at the end of the period, or takes at the end of the one before it.

        as_it_is   by all that the book holds now, not by what that close counted
        """
        with reading(book, on_progress=self.tell) if as_it_is else _as_counted(book, at, self.tell) as projection:
            loans, parts = _behind(self, book, projection, at)
            ids = projection.loan_ids(loans)
        late = None if at is not self.period else self._late(book, as_it_is=as_it_is)
        found: dict[str, int] = {}
        for loan, part in zip(ids, parts.tolist(), strict=True):
            if late is None or (loan in late) == (self.amount["cohort_new"] == LATE):
                found[loan] = found.get(loan, 0) + part
        return found

    def _late(self, book: Book, *, as_it_is: bool) -> frozenset[str] | None:
        """Loans that the period counts first though they are of an earlier one; None where amounts do not tell them apart."""
        state = self.period.manifest.get("counted")
        if state is None or self.component.family == DAYBOOK.name:
            return None
        now = {"batches": len(book.manifest.batches)} if as_it_is else state
        return frozenset(late_ids(book, followed(self.ledger, self.period), now, str(self.period.manifest["known_at"])))


def basis_at(book: Book, ledger: Ledger, projection: Projection, period: Period) -> tuple[Space, Basis]:
    """The space and the basis of a closed period, from what was locked with it, over the classes of a projection."""
    manifest = period.manifest
    if projection.manifest.since is None:
        raise StateError(f"{book.name} has no loans.")
    window = _window(projection.manifest.since, manifest)
    found = space(projection.classes(), window, unknown_of(book))
    estimates = from_table(period.table("estimates"))
    before = followed(ledger, period)
    policies = [parse_policy(text, f"{period.id}/policy") for text in manifest["policy_texts"]]
    basis = basis_of(
        policies,
        projection.classes(),
        found,
        estimates,
        inceptions(ledger, period),
        units.day(manifest["first_day"]),
        last_on=units.day(before.manifest["ends_on"]) if before else NO_CLOSE,
        origins=origins(ledger, before),
        most_deferred=most_deferred(each.manifest for each in stood_on(ledger, period)),
    )
    return found, basis


def _window(since: str, manifest: dict[str, Any]) -> Window:
    end, known = units.day(manifest["ends_on"]), units.day(manifest["known_at"])
    return Window(since=units.day(since), as_of=end, observed_to=end, known_on=known)


def _behind(asked: _Asked, book: Book, projection: Projection, period: Period) -> tuple[Ints, Ints]:
    """Loans and their parts in the amount's cell at the end of a period: of the one that posted it, or of the one before."""
    booked_in = None if period is asked.period else asked.period
    found_space, basis = basis_at(book, asked.ledger, projection, period)
    wanted = _wanted(found_space, basis, asked.amount, asked.component, booked_in)
    loans, parts = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    if wanted.any():
        family = asked.component.family
        for found in behind_entry(projection, found_space, basis, family, wanted, on_progress=asked.tell):
            value = np.zeros(found.loan_no.size, np.int64)
            for now, then, column in asked.component.columns:
                value += (now if booked_in is None else then) * found.values[column]
            loans.append(found.loan_no[value != 0])
            parts.append(value[value != 0])
    return np.concatenate(loans), np.concatenate(parts)


def _wanted(over: Space, basis: Basis, amount: dict[str, Any], component: Component, booked_in: Period | None) -> Ints:
    pools, months = len(over.pools), over.window.months
    pool = tuple(str(amount[name]) for name in POOL)
    year, month = str(amount["cohort"]).split("-")
    cohort = int(year) * 12 + int(month) - 1 - over.window.first_month
    chosen: Iterable[int]
    if component.family != DAYBOOK.name:
        count, chosen = 1, (0,)
    else:
        count = slots(over, basis.period_start)
        chosen = _slots_of(over, basis, amount["happened_on"], booked_in)
    wanted = np.zeros((pools, months, count), np.bool_)
    if pool in over.pools and 0 <= cohort < months:
        for slot in chosen:
            wanted[over.pools.index(pool), cohort, slot] = True
    return wanted.reshape(-1)


def _slots_of(over: Space, basis: Basis, happened: dt.date, booked_in: Period | None) -> tuple[int, ...]:
    """The slots of the daybook in which a close holds what happened on a day, or in the month that ends on it."""
    clock = clock_of(over.window, len(over.tenors), basis.period_start)
    day = units.day(happened)
    if booked_in is None:
        return (int(slot_of(day, clock)),)
    if day >= units.day(booked_in.manifest["first_day"]):
        return ()
    month = int(month_index(day))
    days = [each for each in range(basis.period_start, over.window.as_of + 1) if int(month_index(each)) == month]
    before = month < int(month_index(basis.period_start))
    return (month - over.window.first_month,) if before and not days else tuple(int(slot_of(each, clock)) for each in days)
