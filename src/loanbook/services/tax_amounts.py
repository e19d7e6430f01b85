"""Income tax of a period, by entity: current on the year's taxable income so far, deferred by item on what reverses later.

Taxable income is the result before tax on US GAAP, without share-based compensation (not deductible: policy choice), less what
the balances that the tax authority does not know yet have grown by (`terms/charts/tax_items.csv`). Both bases give the same one.
A loss is carried forward and counts as deferred tax; nothing is taken back from earlier years. Balances that are stated when the
books begin are no income of that day; stated results are those of the year so far. Each currency of an entity is
taxed by itself, in that currency: amounts of two are never added, and a loss in one is not set off in another (policy choice).
What a transparent entity earns (a trust, a plan) is taxed with who controls it, so that moving loans into a trust moves no tax.

Years before are measured again at the rates now known: what a rate that is learned of late makes of them is posted apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.accounting.journal import trial_balance
from loanbook.accounting.measured_postings import TAX, current_postables, deferred_postables, less_posted
from loanbook.accounting.tax import (
    PPM,
    Deferred,
    Difference,
    PlannedDistribution,
    Presented,
    TaxRate,
    deferred_movements,
    deferred_tax,
    presented,
    withholding,
)
from loanbook.accounting.tax_proof import EntityYear
from loanbook.errors import RequestError
from loanbook.services.taxable_income import (
    BASES,
    NOT_DEDUCTIBLE,
    TAX_ACCOUNTS,
    TaxItem,
    YearOfEntries,
    read_tax_items,
    taxable_of,
)
from loanbook.terms.chart import Chart
from loanbook.terms.entity import Group
from loanbook.units import HALF_UP, RATE_SCALE, mul_div

NO_FACTS: Mapping[str, pa.Table] = {}
COMMON = "deferred"
CURRENT, CURRENT_EARLIER = "current", "current_earlier"
WITHHELD = "withholding"
PLANNED = "distribution_planned"
LOSS = "loss_carried_forward"


def tax_amounts(
    years: Sequence[YearOfEntries],
    group: Group,
    chart: Chart,
    items: Mapping[str, TaxItem],
    *,
    end: int,
    posted: Iterable[tuple[int, pa.Table]],
    currency: str,
    close_run: str,
    facts: Mapping[str, pa.Table] = NO_FACTS,
) -> pa.Table:
    """The tax of a period, `journal.POSTABLE`: what it has come to, less what earlier periods posted.

    years    all entries up to the end of the period without its own tax, by year, oldest first
    posted   (last day, amounts) of earlier periods; current tax of a year before is that of earlier years
    facts    corporate events as they are known: planned distributions
    """
    own_year = units.date(end).year
    before = []
    for on, amounts in posted:
        of_tax = amounts.filter(pc.equal(amounts["kind"], TAX))
        before.append(of_tax if units.date(on).year == own_year else _of_earlier(of_tax))
    reached = tax_reached(years, group, chart, items, end=end, currency=currency, close_run=close_run, facts=facts)
    return less_posted(reached, pa.concat_tables(before) if before else None, posted_on=end, close_run=close_run)


def _of_earlier(amounts: pa.Table) -> pa.Table:
    """Tax as a later year knows it: what was current then is of earlier years now."""
    found = amounts
    was = pc.equal(amounts["component"], CURRENT)
    renamed = {
        "component": pc.if_else(was, CURRENT_EARLIER, amounts["component"]),
        "cell": pc.if_else(was, pc.replace_substring_regex(amounts["cell"], f"^{CURRENT}", CURRENT_EARLIER), amounts["cell"]),
    }
    for name, values in renamed.items():
        place = found.schema.get_field_index(name)
        found = found.set_column(place, found.schema.field(place), values.cast(found.schema.field(place).type))
    return found


def plans_of(facts: Mapping[str, pa.Table], group: Group, day: int) -> tuple[PlannedDistribution, ...]:
    """Planned distributions that stand at a day, by entity, currency and rate, in their order."""
    sums: dict[tuple[str, str, int], int] = {}
    for row in facts[PLANNED].to_pylist() if PLANNED in facts else []:
        if units.day(str(row["happened_on"])) <= day:
            key = (row["entity"], row["currency"], row["rate_annual"])
            sums[key] = sums.get(key, 0) + row["amount_fen"]
    return tuple(
        PlannedDistribution(
            entity=entity,
            jurisdiction=group.entity(entity).jurisdiction,
            currency=currency,
            planned_fen=planned,
            rate_ppm=int(mul_div(rate, PPM, RATE_SCALE, HALF_UP)),
        )
        for (entity, currency, rate), planned in sorted(sums.items())
        if planned
    )


def tax_reached(
    years: Sequence[YearOfEntries],
    group: Group,
    chart: Chart,
    items: Mapping[str, TaxItem],
    *,
    end: int,
    currency: str,
    close_run: str,
    facts: Mapping[str, pa.Table] = NO_FACTS,
) -> pa.Table:
    """What tax has come to by a day: current by year, deferred and withholding since the books began; `journal.POSTABLE`.

    items      accounts with temporary differences (`read_tax_items`)
    currency   the book's; each currency of the entries is measured by itself and posted as it is
    """
    plans = plans_of(facts, group, end)
    years = _by_taxpayer(years, group, end)
    parts = []
    for name in sorted({currency, *_currencies(years), *(plan.currency for plan in plans)}):
        now = _Position.of([_in_currency(each, name) for each in years], items, group, chart, end)
        own = [
            current_postables({}, amounts, currency=name, posted_on=end, close_run=close_run, component=component)
            for component, amounts in ((CURRENT, now.current), (CURRENT_EARLIER, now.earlier))
        ]
        held = presented(withholding(plan for plan in plans if plan.currency == name))
        own.append(deferred_postables((), held, currency=name, posted_on=end, close_run=close_run, topic=WITHHELD))
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


def _by_taxpayer(years: Sequence[YearOfEntries], group: Group, end: int) -> list[YearOfEntries]:
    """Entries as those of who is taxed on them at a day."""

    def taxed(entries: pa.Table) -> pa.Table:
        coded = entries["entity"].combine_chunks().dictionary_encode()
        names = pa.array([group.taxpayer(code, end) for code in coded.dictionary.to_pylist()], pa.string())
        place = entries.schema.get_field_index("entity")
        return entries.set_column(place, "entity", pa.DictionaryArray.from_arrays(coded.indices, names).cast(pa.string()))

    return [
        YearOfEntries(year=each.year, entries=taxed(each.entries), opening=None if each.opening is None else taxed(each.opening))
        for each in years
    ]


def _currencies(years: Iterable[YearOfEntries]) -> set[str]:
    return {name for each in years for name in pc.unique(each.entries["currency"]).to_pylist()}


def _in_currency(of: YearOfEntries, currency: str) -> YearOfEntries:
    def own(table: pa.Table) -> pa.Table:
        return table.filter(pc.equal(table["currency"], currency))

    return YearOfEntries(year=of.year, entries=own(of.entries), opening=None if of.opening is None else own(of.opening))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Position:
    """Current tax of the year and of all years before it by entity, deferred tax by (part, basis)."""

    current: dict[str, int]
    earlier: dict[str, int]
    deferred: Mapping[tuple[str, str], tuple[Presented, ...]]

    @staticmethod
    def of(years: Sequence[YearOfEntries], items: Mapping[str, TaxItem], group: Group, chart: Chart, end: int) -> "_Position":
        last_year = units.date(end).year
        carried = _carry(years, items, chart)
        current: dict[str, int] = {}
        earlier: dict[str, int] = {}
        for each, taxable in zip(years, carried.taxable, strict=True):
            of = current if each.year == last_year else earlier
            for entity, (amount, used) in taxable.items():
                rate = _rate(group, entity, min(end, units.day(f"{each.year}-12-31")))
                of[entity] = of.get(entity, 0) + int(mul_div(max(amount - used, 0), rate.rate_ppm, PPM, HALF_UP))
        deferred = _deferred(carried.balances, carried.pools, items, group, end)
        return _Position(current=current, earlier=earlier, deferred=deferred)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Carried:
    """Years put together: balances with temporary differences by (book, entity, account), losses by entity that are left.

    taxable   of each year, by entity: taxable income, and the losses that stood before it
    """

    balances: Mapping[tuple[str, str, str], int]
    pools: Mapping[str, int]
    taxable: Sequence[Mapping[str, tuple[int, int]]]


def _carry(years: Sequence[YearOfEntries], items: Mapping[str, TaxItem], chart: Chart) -> _Carried:
    balances: dict[tuple[str, str, str], int] = {}
    pools: dict[str, int] = {}
    taxable = []
    for each in years:
        last: dict[str, tuple[int, int]] = {}
        for entity, amount in taxable_of(each, items, chart).items():
            used = pools.get(entity, 0)
            pools[entity] = max(used - amount, 0)
            last[entity] = amount, used
        taxable.append(last)
        for row in trial_balance(each.entries).to_pylist():
            if row["account"] in items:
                key = (row["book"], row["entity"], row["account"])
                balances[key] = balances.get(key, 0) + row["amount_fen"]
    return _Carried(balances=balances, pools=pools, taxable=taxable)


def entity_years(years: Sequence[YearOfEntries], group: Group, chart: Chart, end: int) -> tuple[EntityYear, ...]:
    """The last year so far of every entity as the proof of tax reads it, US GAAP: one for each currency of an entity.

    years   all entries by year, oldest first, their tax with them or not
    """
    found: list[EntityYear] = []
    for name in sorted(_currencies(years)):
        found += _years_in([_in_currency(each, name) for each in years], name, group, chart, end)
    return tuple(sorted(found, key=lambda each: each.entity))


def _years_in(years: Sequence[YearOfEntries], currency: str, group: Group, chart: Chart, end: int) -> list[EntityYear]:
    items = read_tax_items(chart)
    years = _by_taxpayer(years, group, end)
    year = years[-1]
    start = units.day(f"{year.year}-01-01")
    before, now = _items_of(years[:-1], items, group, chart, start - 1), _items_of(years, items, group, chart, end)
    results: dict[str, int] = {}
    kept: dict[str, int] = {}
    for row in trial_balance(year.entries, ("topic",)).to_pylist():
        if row["book"] in BASES["us_gaap"] and chart.account(row["account"]).is_result and row["account"] not in TAX_ACCOUNTS:
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
                currency=currency,
            )
        )
    return found


def _items_of(
    years: Sequence[YearOfEntries], items: Mapping[str, TaxItem], group: Group, chart: Chart, end: int
) -> tuple[Deferred, ...]:
    """Deferred tax of every item on US GAAP at a day."""
    carried = _carry(years, items, chart)
    found = _differences(carried.balances, carried.pools, items)
    several = [each for (_, basis), part in found.items() if basis != "ifrs" for each in part]
    rates = [_rate(group, entity, end) for entity in sorted({each.entity for each in several})]
    return deferred_tax(several, rates, end)


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
        for basis, books in BASES.items():
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
