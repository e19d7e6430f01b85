"""Income tax of a period, by entity: current on the year's taxable income so far, deferred by item on what reverses later.

Taxable income is the result before tax on US GAAP, without share-based compensation (not deductible: policy choice), less what
the balances that the tax authority does not know yet have grown by (`terms/charts/tax_items.csv`). Both bases give the same one.
A loss is carried forward and counts as deferred tax; nothing is taken back from earlier years. Each currency of an entity is
taxed by itself, in that currency: amounts of two are never added, and a loss in one is not set off in another (policy choice).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.accounting.journal import trial_balance
from loanbook.accounting.measured_postings import TAX, current_postables, deferred_postables, less_posted
from loanbook.accounting.tax import PPM, Deferred, Difference, Presented, TaxRate, deferred_movements, deferred_tax, presented
from loanbook.accounting.tax_proof import EntityYear
from loanbook.errors import RequestError
from loanbook.terms.chart import FOLDER, Chart
from loanbook.terms.entity import Group
from loanbook.terms.rows import read_rows
from loanbook.units import HALF_UP, RATE_SCALE, mul_div

TAX_ACCOUNTS = ("6110", "6120")
NOT_DEDUCTIBLE = "share_based_compensation"
COMMON = "deferred"
CURRENT = "current"
LOSS = "loss_carried_forward"
_BASES = {"us_gaap": ("CORE", "USGAAP"), "ifrs": ("CORE", "IFRS")}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxItem:
    """An account whose balance is taxed or deducted later; `part` is the posting component that its tax belongs to."""

    item: str
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class YearOfEntries:
    """Entries of one calendar year, as far as it is booked."""

    year: int
    entries: pa.Table


def read_tax_items(chart: Chart, path: Path = FOLDER / "tax_items.csv") -> Mapping[str, TaxItem]:
    """Accounts with temporary differences; raises TermsError with path:line."""
    found: dict[str, TaxItem] = {}
    for row in read_rows(path, ("account", "item", "part")):
        found[row.choice("account", tuple(chart.accounts))] = TaxItem(item=row.text("item"), part=row.text("part"))
    return found


def tax_amounts(
    years: Sequence[YearOfEntries],
    group: Group,
    chart: Chart,
    *,
    end: int,
    posted: Iterable[tuple[int, pa.Table]],
    currency: str,
    close_run: str,
) -> pa.Table:
    """The tax of a period, `journal.POSTABLE`: what it has come to, less what earlier periods posted.

    years    all entries up to the end of the period without its own tax, by year, oldest first
    posted   (last day, amounts) of earlier periods; current tax counts those of the period's calendar year
    """
    own_year = units.date(end).year
    before = []
    for on, amounts in posted:
        counts = pc.equal(amounts["kind"], TAX)
        if units.date(on).year != own_year:
            counts = pc.and_(counts, pc.not_equal(amounts["component"], CURRENT))
        before.append(amounts.filter(counts))
    reached = tax_reached(years, group, chart, end=end, currency=currency, close_run=close_run)
    return less_posted(reached, pa.concat_tables(before) if before else None, posted_on=end, close_run=close_run)


def tax_reached(
    years: Sequence[YearOfEntries], group: Group, chart: Chart, *, end: int, currency: str, close_run: str
) -> pa.Table:
    """What tax has come to by a day: current of its calendar year, deferred since the books began; `journal.POSTABLE`.

    currency   the book's; each currency of the entries is measured by itself and posted as it is
    """
    items = read_tax_items(chart)
    parts = []
    for name in sorted({currency, *_currencies(years)}):
        now = _Position.of([_in_currency(each, name) for each in years], items, group, chart, end)
        own = [current_postables({}, now.current, currency=name, posted_on=end, close_run=close_run)]
        for (part, basis), shown in sorted(now.deferred.items()):
            own.append(deferred_postables((), shown, currency=name, posted_on=end, close_run=close_run, topic=part, basis=basis))
        found = pa.concat_tables(own)
        if name != currency:
            # A cell of its own for each currency of an entity.
            place = found.schema.get_field_index("cell")
            cells = pc.binary_join_element_wise(found["cell"], name, ":")
            found = found.set_column(place, found.schema.field(place), cells)
        parts.append(found)
    return pa.concat_tables(parts)


def _currencies(years: Iterable[YearOfEntries]) -> set[str]:
    return {name for each in years for name in pc.unique(each.entries["currency"]).to_pylist()}


def _in_currency(of: YearOfEntries, currency: str) -> YearOfEntries:
    return YearOfEntries(year=of.year, entries=of.entries.filter(pc.equal(of.entries["currency"], currency)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Position:
    """Current tax of the year by entity, deferred tax by (part, basis)."""

    current: dict[str, int]
    deferred: Mapping[tuple[str, str], tuple[Presented, ...]]

    @staticmethod
    def of(years: Sequence[YearOfEntries], items: Mapping[str, TaxItem], group: Group, chart: Chart, end: int) -> "_Position":
        last_year = units.date(end).year
        carried = _carry(years, items, chart)
        current = {}
        for entity, (amount, used) in carried.last.items() if years and years[-1].year == last_year else ():
            rate = _rate(group, entity, min(end, units.day(f"{last_year}-12-31")))
            current[entity] = int(mul_div(max(amount - used, 0), rate.rate_ppm, PPM, HALF_UP))
        return _Position(current=current, deferred=_deferred(carried.balances, carried.pools, items, group, end))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Carried:
    """Years put together: balances with temporary differences by (book, entity, account), losses by entity that are left.

    last   of the last year, by entity: taxable income, and the losses that stood before it
    """

    balances: Mapping[tuple[str, str, str], int]
    pools: Mapping[str, int]
    last: Mapping[str, tuple[int, int]]


def _carry(years: Sequence[YearOfEntries], items: Mapping[str, TaxItem], chart: Chart) -> _Carried:
    balances: dict[tuple[str, str, str], int] = {}
    pools: dict[str, int] = {}
    last: dict[str, tuple[int, int]] = {}
    for each in years:
        last = {}
        for entity, amount in _taxable(each.entries, items, chart).items():
            used = pools.get(entity, 0)
            pools[entity] = max(used - amount, 0)
            last[entity] = amount, used
        for row in trial_balance(each.entries).to_pylist():
            if row["account"] in items:
                key = (row["book"], row["entity"], row["account"])
                balances[key] = balances.get(key, 0) + row["amount_fen"]
    return _Carried(balances=balances, pools=pools, last=last)


def entity_years(years: Sequence[YearOfEntries], group: Group, chart: Chart, end: int) -> tuple[EntityYear, ...]:
    """The last year so far of every entity as the proof of tax reads it, US GAAP, each in its own currency.

    years   all entries by year, oldest first, their tax with them or not
    """
    items = read_tax_items(chart)
    year = years[-1]
    start = units.day(f"{year.year}-01-01")
    before, now = _items_of(years[:-1], items, group, chart, start - 1), _items_of(years, items, group, chart, end)
    results: dict[str, int] = {}
    kept: dict[str, int] = {}
    for row in trial_balance(year.entries, ("topic",)).to_pylist():
        if row["book"] in _BASES["us_gaap"] and chart.account(row["account"]).is_result and row["account"] not in TAX_ACCOUNTS:
            results[row["entity"]] = results.get(row["entity"], 0) - row["amount_fen"]
            if row["topic"] == NOT_DEDUCTIBLE:
                kept[row["entity"]] = kept.get(row["entity"], 0) + row["amount_fen"]
    moved = deferred_movements(before, now)
    found = []
    for entity in sorted({*results, *(each.entity for each in moved)}):
        found.append(
            EntityYear(
                entity=entity,
                pretax_fen=results.get(entity, 0),
                rate_ppm=_rate(group, entity, min(end, units.day(f"{year.year}-12-31"))).rate_ppm,
                permanent={NOT_DEDUCTIBLE: kept[entity]} if entity in kept else {},
                movements=[each for each in moved if each.entity == entity],
            )
        )
    return tuple(found)


def _items_of(
    years: Sequence[YearOfEntries], items: Mapping[str, TaxItem], group: Group, chart: Chart, end: int
) -> tuple[Deferred, ...]:
    """Deferred tax of every item on US GAAP at a day."""
    carried = _carry(years, items, chart)
    found = _differences(carried.balances, carried.pools, items)
    several = [each for (_, basis), part in found.items() if basis != "ifrs" for each in part]
    rates = [_rate(group, entity, end) for entity in sorted({each.entity for each in several})]
    return deferred_tax(several, rates, end)


def _taxable(entries: pa.Table, items: Mapping[str, TaxItem], chart: Chart) -> dict[str, int]:
    """Taxable income of a year by entity: results before tax less the growth of what is taxed later."""
    found: dict[str, int] = {}
    for row in trial_balance(entries, ("topic",)).to_pylist():
        if row["book"] not in _BASES["us_gaap"]:
            continue
        account = row["account"]
        is_result = chart.account(account).is_result and account not in TAX_ACCOUNTS and row["topic"] != NOT_DEDUCTIBLE
        if is_result or account in items:
            found[row["entity"]] = found.get(row["entity"], 0) - row["amount_fen"]
    return found


def _deferred(
    balances: Mapping[tuple[str, str, str], int],
    pools: Mapping[str, int],
    items: Mapping[str, TaxItem],
    group: Group,
    end: int,
) -> dict[tuple[str, str], tuple[Presented, ...]]:
    differences = _differences(balances, pools, items)
    entities = {each.entity for several in differences.values() for each in several}
    rates = [_rate(group, entity, end) for entity in sorted(entities)]
    return {key: presented(deferred_tax(several, rates, end)) for key, several in differences.items()}


def _differences(
    balances: Mapping[tuple[str, str, str], int], pools: Mapping[str, int], items: Mapping[str, TaxItem]
) -> dict[tuple[str, str], list[Difference]]:
    """Temporary differences by (part, basis); the basis is empty for what both have."""
    differences: dict[tuple[str, str], list[Difference]] = {}
    carried: dict[tuple[str, str, str, str], int] = {}
    for (book, entity, account), amount in balances.items():
        item = items[account]
        for basis, books in _BASES.items():
            # What only CORE holds is common to both; a part that has a book of its own counts CORE in each.
            name = "" if item.part == COMMON else basis
            if book in books and (item.part != COMMON or basis == "us_gaap"):
                key = (item.part, name, entity, item.item)
                carried[key] = carried.get(key, 0) + amount
    for (part, basis, entity, named), amount in sorted(carried.items()):
        differences.setdefault((part, basis), []).append(
            Difference(entity=entity, item=named, carrying_fen=amount, tax_base_fen=0)
        )
    for entity, pool in sorted(pools.items()):
        if pool:
            differences.setdefault((COMMON, ""), []).append(
                Difference(entity=entity, item=LOSS, carrying_fen=-pool, tax_base_fen=0)
            )
    return differences


def _rate(group: Group, entity: str, on: int) -> TaxRate:
    of = group.entity(entity)
    try:
        rate = of.tax_rate(on)
    except RequestError:
        # A trust or a plan is no taxpayer: its result is its holders'.
        rate = 0
    return TaxRate(
        entity=entity,
        jurisdiction=of.jurisdiction,
        kind="",
        rate_ppm=int(mul_div(rate, PPM, RATE_SCALE, HALF_UP)),
        effective_on=0,
    )


def years_of(tables: Iterable[tuple[int, pa.Table]]) -> list[YearOfEntries]:
    """Entries of periods put together by calendar year, oldest first; (last day, entries)."""
    by_year: dict[int, list[pa.Table]] = {}
    for end, entries in tables:
        by_year.setdefault(units.date(end).year, []).append(entries)
    return [YearOfEntries(year=year, entries=pa.concat_tables(parts)) for year, parts in sorted(by_year.items())]
