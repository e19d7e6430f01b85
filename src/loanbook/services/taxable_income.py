"""Taxable income out of entries, a calendar year at a time: what is income, what is taxed later, what an opening adds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.accounting.journal import trial_balance
from loanbook.services.opening import OPENING_BALANCE, OPENING_REPLACED
from loanbook.terms.chart import FOLDER, Chart
from loanbook.terms.rows import read_rows

TAX_ACCOUNTS = ("6110", "6120")
NOT_DEDUCTIBLE = "share_based_compensation"
STATED = (OPENING_BALANCE, OPENING_REPLACED)
"""Kinds of what a stated balance posts."""
BASES = {"us_gaap": ("CORE", "USGAAP"), "ifrs": ("CORE", "IFRS")}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxItem:
    """An account whose balance is taxed or deducted later; `part` is the posting component that its tax belongs to."""

    item: str
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class YearOfEntries:
    """Entries of one calendar year, as far as it is booked; those of the opening, which are among them, with their kind, too."""

    year: int
    entries: pa.Table
    opening: pa.Table | None = None


def read_tax_items(chart: Chart, path: Path = FOLDER / "tax_items.csv") -> Mapping[str, TaxItem]:
    """Accounts with temporary differences; raises TermsError with path:line."""
    found: dict[str, TaxItem] = {}
    for row in read_rows(path, ("account", "item", "part")):
        found[row.choice("account", tuple(chart.accounts))] = TaxItem(item=row.text("item"), part=row.text("part"))
    return found


def taxable_of(year: YearOfEntries, items: Mapping[str, TaxItem], chart: Chart) -> dict[str, int]:
    """Taxable income of a year by entity."""
    found = _taxable(year.entries, items, chart)
    if year.opening is not None:
        counted, opened = _taxable(year.opening, items, chart), _opened(year.opening, items, chart)
        for entity in {*found, *opened}:
            found[entity] = found.get(entity, 0) - counted.get(entity, 0) + opened.get(entity, 0)
    return found


def _opened(entries: pa.Table, items: Mapping[str, TaxItem], chart: Chart) -> dict[str, int]:
    """What the opening of the books adds to the taxable income of its year, by entity.

    A stated balance has grown in years that nobody tells of, so it is neither income nor deduction of this one. Where an entity's
    results are stated, they are its year so far; else what its loans and events before that day come to.
    """
    is_stated = pc.is_in(entries["kind"], pa.array(STATED))
    told = _taxable(entries.filter(pc.invert(is_stated)), items, chart)
    # What a stated balance replaced is taken off an account, not out of the year's income.
    return told | _taxable(entries.filter(pc.equal(entries["kind"], OPENING_BALANCE)), {}, chart)


def _taxable(entries: pa.Table, items: Mapping[str, TaxItem], chart: Chart) -> dict[str, int]:
    """Taxable income of a year by entity: results before tax less the growth of what is taxed later."""
    found: dict[str, int] = {}
    for row in trial_balance(entries, ("topic",)).to_pylist():
        if row["book"] not in BASES["us_gaap"]:
            continue
        account = row["account"]
        is_result = chart.account(account).is_result and account not in TAX_ACCOUNTS and row["topic"] != NOT_DEDUCTIBLE
        if is_result or account in items:
            found[row["entity"]] = found.get(row["entity"], 0) - row["amount_fen"]
    return found


def years_of(tables: Iterable[tuple[int, pa.Table]], opening: tuple[int, pa.Table] | None = None) -> list[YearOfEntries]:
    """Entries of periods put together by calendar year, oldest first; (last day, entries).

    opening   the last day of the opening and its entries with their kind, which are among the tables, too
    """
    by_year: dict[int, list[pa.Table]] = {}
    for end, entries in tables:
        by_year.setdefault(units.date(end).year, []).append(entries)
    opened = {} if opening is None else {units.date(opening[0]).year: opening[1]}
    return [
        YearOfEntries(year=year, entries=pa.concat_tables(parts), opening=opened.get(year))
        for year, parts in sorted(by_year.items())
    ]
