"""Deferred tax by item, from carrying amounts and tax bases, at dated rates by entity; its presentation.

Signs: a carrying amount or tax base is above zero for an asset and below zero for a liability, so carrying - base above zero is
taxable in future. Deferred tax is above zero for an asset, below zero for a liability. Rates are millionths (`_ppm`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from loanbook.errors import RequestError
from loanbook.units import HALF_UP, NEVER, mul_div

PPM = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRate:
    """An entity's income tax rate from a day on.

    kind         standard, preferential (high and new technology, encouraged industry, ...), small profit, ...
    enacted_on   from when on deferred tax may count with it (ASC 740-10-25-47, IAS 12.47); default: always known
    """

    entity: str
    jurisdiction: str
    kind: str
    rate_ppm: int
    effective_on: int
    enacted_on: int = -NEVER
    source: str = ""


def rate_at(rates: Iterable[TaxRate], entity: str, on: int, known_on: int) -> TaxRate:
    """The rate of an entity that holds on a day, as enacted by another.

    raises   RequestError when the entity has none; rates are never guessed
    """
    mine = [r for r in rates if r.entity == entity and r.effective_on <= on and r.enacted_on <= known_on]
    if not mine:
        raise RequestError(f"entity {entity} has no tax rate in force on day {on}. Add one to the policy, with its source.")
    return max(mine, key=lambda r: r.effective_on)


class Through(StrEnum):
    """Where the tax of a difference goes."""

    PROFIT = "profit"
    EQUITY = "equity"
    OTHER_COMPREHENSIVE_INCOME = "other_comprehensive_income"
    ACQUISITION = "acquisition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One item of one entity at a day: what stands in the books and what the tax authority would take.

    item          e.g. allowance_loans_receivable, guarantee_liabilities, uncollected_revenue, loss_carried_forward
    reverses_on   when it will be taxed or deducted; NEVER: at the rate in force on the day of measurement
    unlikely_ppm  of an asset, the part that is more likely than not never to be used (valuation allowance, ASC 740-10-30-5)
    """

    entity: str
    item: str
    carrying_fen: int
    tax_base_fen: int
    reverses_on: int = NEVER
    unlikely_ppm: int = 0
    through: Through = Through.PROFIT

    @property
    def taxable_fen(self) -> int:
        """Above zero: taxed later; below zero: deducted later."""
        return self.carrying_fen - self.tax_base_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """Deferred tax of one item: `tax_fen` before, `allowance_fen` (at most 0) the valuation allowance."""

    entity: str
    jurisdiction: str
    item: str
    taxable_fen: int
    rate_ppm: int
    tax_fen: int
    allowance_fen: int
    through: Through = Through.PROFIT

    @property
    def net_fen(self) -> int:
        """After the valuation allowance."""
        return self.tax_fen + self.allowance_fen


def deferred_tax(differences: Iterable[Difference], rates: Sequence[TaxRate], as_of: int) -> tuple[Deferred, ...]:
    """Deferred tax of every item at a day, rounded half up an item; RequestError for an entity without a rate."""
    found = []
    for each in differences:
        rate = rate_at(rates, each.entity, as_of if each.reverses_on == NEVER else max(as_of, each.reverses_on), as_of)
        tax = -int(mul_div(each.taxable_fen, rate.rate_ppm, PPM, HALF_UP))
        found.append(
            Deferred(
                entity=each.entity,
                jurisdiction=rate.jurisdiction,
                item=each.item,
                taxable_fen=each.taxable_fen,
                rate_ppm=rate.rate_ppm,
                tax_fen=tax,
                allowance_fen=-int(mul_div(max(tax, 0), each.unlikely_ppm, PPM, HALF_UP)),
                through=each.through,
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDistribution:
    """Profits of an entity that its owner abroad means to take out: withholding tax is owed on them when they are paid.

    planned_fen   not yet distributed; profits reinvested for good are left out (ASC 740-30-25-17, IAS 12.39)
    """

    entity: str
    jurisdiction: str
    currency: str
    planned_fen: int
    rate_ppm: int


WITHHOLDING = "withholding_on_distributions"
"""The item under which withholding tax on planned distributions stands."""


def withholding(plans: Iterable[PlannedDistribution]) -> tuple[Deferred, ...]:
    """The deferred tax liability of planned distributions, an item each."""
    return tuple(
        Deferred(
            entity=plan.entity,
            jurisdiction=plan.jurisdiction,
            item=WITHHOLDING,
            taxable_fen=plan.planned_fen,
            rate_ppm=plan.rate_ppm,
            tax_fen=-int(mul_div(plan.planned_fen, plan.rate_ppm, PPM, HALF_UP)),
            allowance_fen=0,
        )
        for plan in plans
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """What the balance sheet shows for one entity and jurisdiction: one of the two is zero."""

    entity: str
    jurisdiction: str
    asset_fen: int
    liability_fen: int


def presented(items: Iterable[Deferred]) -> tuple[Presented, ...]:
    """Items netted within an entity and jurisdiction, never across (ASC 740-10-45-6, IAS 12.74); in order of their names."""
    net: dict[tuple[str, str], int] = {}
    for each in items:
        key = each.entity, each.jurisdiction
        net[key] = net.get(key, 0) + each.net_fen
    return tuple(
        Presented(entity=entity, jurisdiction=where, asset_fen=max(amount, 0), liability_fen=max(-amount, 0))
        for (entity, where), amount in sorted(net.items())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredMovement:
    """Why one item of deferred tax moved; opening + rate_change + originated + allowance = closing, all net."""

    entity: str
    item: str
    opening_fen: int
    rate_change_fen: int
    originated_fen: int
    allowance_fen: int
    closing_fen: int
    taxable_change_fen: int
    rate_ppm: int
    through: Through


def deferred_movements(opening: Iterable[Deferred], closing: Iterable[Deferred]) -> tuple[DeferredMovement, ...]:
    """What moved each item: the change of its rate on what there was, what came and went at the new rate, the allowance.

    raises   RequestError when an item stands twice for one entity, jurisdiction and destination
    """
    before, after = _by_item(opening), _by_item(closing)
    moved = []
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key), after.get(key)
        either = new or old
        assert either is not None
        rate = either.rate_ppm
        was, now = (old.tax_fen if old else 0), (new.tax_fen if new else 0)
        change = -int(mul_div(old.taxable_fen, rate, PPM, HALF_UP)) - was if old and new else 0
        moved.append(
            DeferredMovement(
                entity=either.entity,
                item=either.item,
                opening_fen=old.net_fen if old else 0,
                rate_change_fen=change,
                originated_fen=now - was - change,
                allowance_fen=(new.allowance_fen if new else 0) - (old.allowance_fen if old else 0),
                closing_fen=new.net_fen if new else 0,
                taxable_change_fen=(new.taxable_fen if new else 0) - (old.taxable_fen if old else 0),
                rate_ppm=rate,
                through=either.through,
            )
        )
    return tuple(moved)


def _by_item(items: Iterable[Deferred]) -> Mapping[tuple[str, str, str, str], Deferred]:
    found: dict[tuple[str, str, str, str], Deferred] = {}
    for each in items:
        key = each.entity, each.jurisdiction, each.item, each.through.value
        if key in found:
            raise RequestError(f"deferred tax of {each.entity}: {each.item} stands twice. Add its differences up first.")
        found[key] = each
    return found
