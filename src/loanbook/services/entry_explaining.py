"""The loans behind an entry: the cell that it came from, asked of the same kernel at this close and at the one before."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.accounting.basis import basis_of
from loanbook.accounting.loan_amounts import POOL
from loanbook.errors import RequestError, StateError, TieError
from loanbook.loans.dates import month_index
from loanbook.measures.booking import Basis, slots
from loanbook.measures.credit_losses_result import from_table
from loanbook.measures.ledger_state import slot_of
from loanbook.measures.passes import NO_CLOSE, clock_of
from loanbook.measures.space import Space, space
from loanbook.measures.window import Window
from loanbook.services.bookkeeping import inceptions, origins, up_to
from loanbook.services.closing import unknown_of
from loanbook.services.facts_pass import behind_entry
from loanbook.services.origination_costs import most_deferred
from loanbook.stores.book import Book
from loanbook.stores.ledger import Ledger, Period
from loanbook.stores.projection import Progress, Projection, reading
from loanbook.terms.accounting_policy import parse_policy
from loanbook.terms.families import DAYBOOK
from loanbook.terms.posting_rule import Component, load_components
from loanbook.units import Ints

LOANS = pa.schema([("loan_id", pa.string()), ("amount_fen", pa.int64())])


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryExplained:
    """An entry, the amount it was posted from, and what each loan added to that; the loans sum to the amount.

    amount   the row of `journal.POSTABLE`; its amount is signed, the entry's is not
    loans    `LOANS`; empty for an entry that no loan makes
    """

    entry: dict[str, Any]
    amount: dict[str, Any]
    loans: pa.Table


def explain_entry(book: Book, entry_id: str, *, on_progress: Progress | None = None) -> EntryExplained:
    """The loans behind one entry of a closed period.

    entry_id   or its beginning, as long as it fits one entry
    raises     RequestError for none or several; TieError when the loans do not sum to the amount
    """
    tell = on_progress or (lambda stage, done, total: None)
    ledger = Ledger(book)
    period, entry = _find(ledger, entry_id)
    amounts = pa.concat_tables([period.table(name) for name in ("amounts", "company")])
    same = pc.and_(pc.equal(amounts["cell"], entry["cell"]), pc.equal(amounts["event"], entry["event"]))
    amount = amounts.filter(same).to_pylist()[0]
    named = (amount["kind"], amount["component"])
    component = next((each for each in load_components() if (each.kind, each.component) == named), None)
    if component is None:
        return EntryExplained(entry=entry, amount=amount, loans=LOANS.empty_table())
    before = _before(ledger, period)
    with reading(book, on_progress=tell) as projection:
        now = _behind(book, ledger, projection, period, amount, component, tell)
        loans, parts = now
        if before is not None:
            earlier, taken = _behind(book, ledger, projection, before, amount, component, tell, booked_in=period)
            every = np.unique(np.concatenate([loans, earlier]))
            total = np.zeros(every.size, np.int64)
            np.add.at(total, np.searchsorted(every, loans), parts)
            np.subtract.at(total, np.searchsorted(every, earlier), taken)
            loans, parts = every[total != 0], total[total != 0]
        ids = projection.loan_ids(loans)
    if int(parts.sum()) != amount["amount_fen"]:
        raise TieError(
            f"the loans behind {entry['entry_id']} sum to {units.format_money(int(parts.sum()))}, the amount is "
            f"{units.format_money(amount['amount_fen'])}. Facts recorded by {period.manifest['known_at']} came after the close; "
            "they are posted in the open period."
        )
    table = pa.table({"loan_id": pa.array(ids, pa.string()), "amount_fen": parts}, schema=LOANS)
    return EntryExplained(
        entry=entry, amount=amount, loans=table.sort_by([("amount_fen", "descending"), ("loan_id", "ascending")])
    )


def _find(ledger: Ledger, entry_id: str) -> tuple[Period, dict[str, Any]]:
    if not entry_id:
        raise RequestError("name an entry, or the beginning of its id.")
    found = []
    for period in ledger.periods():
        entries = period.table("entries")
        for row in entries.filter(pc.starts_with(entries["entry_id"], entry_id)).slice(0, 2).to_pylist():
            found.append((period, row))
    if not found:
        raise RequestError(
            f"no closed period of {ledger.book.name} has an entry {entry_id}. "
            f"`loanbook entries PERIOD --book {ledger.book.name}` lists them."
        )
    if len(found) > 1:
        raise RequestError(f"several entries begin with {entry_id}; write more of the id.")
    return found[0]


def _before(ledger: Ledger, period: Period) -> Period | None:
    periods = ledger.periods()
    at = [each.name for each in periods].index(period.name)
    return periods[at - 1] if at else None


def basis_at(book: Book, ledger: Ledger, projection: Projection, period: Period) -> tuple[Space, Basis]:
    """The space and the basis of a closed period, from what was locked with it."""
    manifest = period.manifest
    if projection.manifest.since is None:
        raise StateError(f"{book.name} has no loans.")
    window = _window(projection.manifest.since, manifest)
    found = space(projection.classes(), window, unknown_of(book))
    estimates = from_table(period.table("estimates"))
    before = _before(ledger, period)
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
        most_deferred=most_deferred(each.manifest for each in up_to(ledger, period)),
    )
    return found, basis


def _window(since: str, manifest: dict[str, Any]) -> Window:
    end, known = units.day(manifest["ends_on"]), units.day(manifest["known_at"])
    return Window(since=units.day(since), as_of=end, observed_to=end, known_on=known)


def _behind(
    book: Book,
    ledger: Ledger,
    projection: Projection,
    period: Period,
    amount: dict[str, Any],
    component: Component,
    tell: Progress,
    *,
    booked_in: Period | None = None,
) -> tuple[Ints, Ints]:
    """Loans and what each had come to in the amount's cell by the end of a period.

    booked_in   the period that posted the amount, when `period` is the one before it
    """
    found_space, basis = basis_at(book, ledger, projection, period)
    wanted = _wanted(found_space, basis, amount, component, booked_in)
    loans, parts = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    if wanted.any():
        for found in behind_entry(projection, found_space, basis, component.family, wanted, on_progress=tell):
            value = np.zeros(found.loan_no.size, np.int64)
            for now, then, column in component.columns:
                value += (now if booked_in is None else -then) * found.values[column]
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
