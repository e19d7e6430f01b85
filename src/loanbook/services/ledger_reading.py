"""The ledger looked at: balances of a period by account and basis, and entries chosen by what they say."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.accounting.journal import BALANCE, LOCAL, by_account, of_basis, trial_balance
from loanbook.accounting.year_end import carried, ends_year, results
from loanbook.errors import RequestError
from loanbook.services.period_reading import followed, stood_on, year_before
from loanbook.stores.durable import sync
from loanbook.stores.ledger import Ledger, Period
from loanbook.stores.scratch import staging_folder
from loanbook.stores.tables import write_csv
from loanbook.terms.chart import Chart
from loanbook.terms.entity_file import SHIPPED, group_in
from loanbook.terms.posting_rule import BASES

BOOKS = (*BASES, LOCAL)
"""Bases of balances; local: the books that each entity's terms say, before consolidation."""

CHOICES = ("account", "rule", "kind", "entity", "vehicle", "partner")
"""What entries can be chosen by; an account by either side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBalance:
    """One account of one entity over a period: debits positive, opening + moved = closing."""

    entity: str
    currency: str
    account: str
    title: str
    opening_fen: int
    moved_fen: int
    closing_fen: int


def balances_of(
    ledger: Ledger,
    period: Period,
    chart: Chart,
    *,
    basis: str = "us_gaap",
    entity: str = "",
    vehicle: str = "",
    partner: str = "",
    after_closing: bool = False,
) -> tuple[AccountBalance, ...]:
    """Balances by entity and account, in the order of the chart; results of earlier fiscal years are in retained earnings.

    after_closing   of the last period of a year: those of the year, too, as its closing entries leave them

    basis             us_gaap, ifrs or local: what each entity files by itself, in the books its terms name at the period's end
    vehicle, partner  of the loans of these alone, added up from the entries of every period
    raises            RequestError for a basis, an entity, a vehicle or a partner that there is not, and for a closing of a
                      period that ends no year
    """
    if after_closing and not ends_year(str(period.manifest["ends_on"])):
        raise RequestError(
            f"{period.name} ends on {period.manifest['ends_on']} and closes no fiscal year. Ask for the fourth quarter."
        )
    if basis not in BOOKS:
        raise RequestError(f"{basis!r} is no basis of accounting. Write one of {', '.join(BOOKS)}.")
    before = followed(ledger, period)
    local = group_in(ledger.book.room(SHIPPED)).local_books(units.day(period.manifest["ends_on"])) if basis == LOCAL else None
    if vehicle or partner:
        own, *earlier = _of_loans(ledger, period, vehicle=vehicle, partner=partner)
        opened, balances = pa.concat_tables([own.slice(0, 0), *earlier]), pa.concat_tables([own, *earlier])
        closed = _of_years_before(ledger, period, [own, *earlier], chart)
    else:
        own, balances = trial_balance(period.table("entries")), period.table("balances")
        opened = before.table("balances") if before else balances.slice(0, 0)
        ended = year_before(ledger, period)
        closed = results(ended.table("balances"), chart) if ended else None
    opened, balances = _carried(opened, closed if before else None), _carried(balances, closed)
    if after_closing:
        year = results(balances, chart)
        own, balances = carried(own, year), carried(balances, year)
    opening, moved, closing = (_by_account(each, basis, local) for each in (opened, own, balances))
    entities = sorted({key[0] for key in (*opening, *closing)})
    if entity and entity not in entities:
        raise RequestError(f"{period.id} has no balances of {entity!r}; it has those of {', '.join(entities)}.")
    places = {code: place for place, code in enumerate(chart.accounts)}
    keys = sorted({*opening, *moved, *closing}, key=lambda key: (key[0], key[1], places.get(key[2], len(places)), key[2]))
    return tuple(
        AccountBalance(
            entity=key[0],
            currency=key[1],
            account=key[2],
            title=chart.account(key[2]).title,
            opening_fen=opening.get(key, 0),
            moved_fen=moved.get(key, 0),
            closing_fen=closing.get(key, 0),
        )
        for key in keys
        if not entity or key[0] == entity
    )


def _of_loans(ledger: Ledger, period: Period, **wanted: str) -> list[pa.Table]:
    """Trial balances of what some loans moved, in the period and in each one that it follows."""
    chain = [period]
    while (before := followed(ledger, chain[-1])) is not None:
        chain.append(before)
    tables = [each.table("entries") for each in chain]
    for name, value in wanted.items():
        known = {each for table in tables for each in pc.unique(table[name]).to_pylist()}
        if value and value not in known:
            words = ", ".join(sorted(filter(None, known))) or "none"
            raise RequestError(f"no entry up to {period.id} has the {name} {value!r}. {name.capitalize()}s: {words}.")
        if value:
            tables = [table.filter(pc.equal(table[name], value)) for table in tables]
    return [trial_balance(table) for table in tables]


def _of_years_before(ledger: Ledger, period: Period, movements: Sequence[pa.Table], chart: Chart) -> pa.Table | None:
    """Results of what some loans moved up to the end of the year before; `movements` of the period, then of each it follows."""
    ended = year_before(ledger, period)
    if ended is None:
        return None
    ids = [each.id for each in reversed(stood_on(ledger, period))]
    return results(pa.concat_tables(movements[ids.index(ended.id) :]), chart)


def _carried(balances: pa.Table, closed: pa.Table | None) -> pa.Table:
    return balances if closed is None else carried(balances, closed)


def _by_account(balances: pa.Table, basis: str, local: Mapping[str, tuple[str, ...]] | None) -> dict[tuple[str, str, str], int]:
    table = balances.select(BALANCE.names)
    if local is None:
        chosen = of_basis(table, basis)
    else:
        own = [(pc.equal(table["entity"], entity), pc.is_in(table["book"], pa.array(books))) for entity, books in local.items()]
        chosen = pa.concat_tables([table.slice(0, 0), *(table.filter(pc.and_(*both)) for both in own)])
    return {(row["entity"], row["currency"], row["account"]): row["amount_fen"] for row in by_account(chosen).to_pylist()}


def entries_of_period(period: Period, **chosen: str) -> pa.Table:
    """The entries of a period that meet all that is asked, in the order of posting day, book and id.

    chosen   value by one of `CHOICES`; an empty one asks nothing
    raises   RequestError for what no choice is, and a value that no entry of the period has
    """
    entries = period.table("entries")
    for name, value in chosen.items():
        if name not in CHOICES:
            raise RequestError(f"entries are chosen by {', '.join(CHOICES)}, not by {name}.")
        if value:
            entries = _chosen(entries, period, name, value)
    order = [(name, "ascending") for name in ("posted_on", "book", "entity", "debit", "credit", "entry_id")]
    return entries.sort_by(order)


def _chosen(entries: pa.Table, period: Period, name: str, value: str) -> pa.Table:
    columns = ("debit", "credit") if name == "account" else (name,)
    mask = pc.equal(entries[columns[0]], value)
    for column in columns[1:]:
        mask = pc.or_(mask, pc.equal(entries[column], value))
    found = entries.filter(mask)
    if not found.num_rows:
        every = period.table("entries")
        known = sorted({each for column in columns for each in pc.unique(every[column]).to_pylist() if each})
        raise RequestError(f"no such entry of {period.id} has the {name} {value!r}. {name.capitalize()}s: {', '.join(known)}.")
    return found


def save_csv(table: pa.Table, path: Path) -> None:
    """Write a table as CSV for spreadsheets, whole or not at all; raises RequestError when there is no such folder."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise RequestError(f"{path}: there is no folder {path.parent}.")
    with staging_folder(folder, ".csv") as staging:
        beside = staging / path.name
        write_csv(table, beside)
        sync(beside)
        os.replace(beside, path)
