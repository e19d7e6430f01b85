"""Income tax of a period: current tax of each entity, the expense, and its proof from the statutory to the effective rate.

Taxable income = income before tax + permanent differences - growth of taxable temporary differences. Interim periods are measured
discretely, year to date (policy choice instead of an estimated annual effective rate).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from loanbook.accounting.tax import PPM, WITHHOLDING, DeferredMovement, Through
from loanbook.errors import RequestError, TieError
from loanbook.units import HALF_UP, mul_div

_NONE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityYear:
    """One entity's year to date.

    pretax_fen     income before tax in the basis whose tax is measured
    rate_ppm       the entity's rate of the year (`tax.rate_at`)
    permanent      never deducted above zero (entertainment, share-based compensation, an expired loss), never taxed below zero
    other          tax in the expense that follows from none of this; above zero is expense
    currency       of all its money: one of an entity's, where it keeps several
    movements      the entity's `tax.deferred_movements` since the year began; a loss carried forward is an item among them
    """

    entity: str
    pretax_fen: int
    rate_ppm: int
    permanent: Mapping[str, int] = field(default_factory=lambda: _NONE)
    other: Mapping[str, int] = field(default_factory=lambda: _NONE)
    movements: Sequence[DeferredMovement] = ()
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityTax:
    """What one entity's year comes to; expense = current + deferred + other."""

    entity: str
    taxable_fen: int
    current_fen: int
    deferred_fen: int
    other_fen: int

    @property
    def expense_fen(self) -> int:
        """Income tax expense; a benefit is below zero."""
        return self.current_fen + self.deferred_fen + self.other_fen


def entity_tax(year: EntityYear) -> EntityTax:
    """Current and deferred tax of one entity, year to date.

    raises   RequestError when taxable income is below zero: the loss must stand among the temporary differences
    """
    moved = _profit(year.movements)
    taxable = year.pretax_fen + sum(year.permanent.values()) - sum(m.taxable_change_fen for m in moved if m.item != WITHHOLDING)
    if taxable < 0:
        raise RequestError(
            f"entity {year.entity} has a tax loss of {-taxable:,} fen that no item carries forward. Add it to the differences "
            "(loss_carried_forward: carrying 0, tax base of the loss), with the part that will not be used."
        )
    return EntityTax(
        entity=year.entity,
        taxable_fen=taxable,
        current_fen=int(mul_div(taxable, year.rate_ppm, PPM, HALF_UP)),
        deferred_fen=sum(m.opening_fen - m.closing_fen for m in moved),
        other_fen=sum(year.other.values()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """From the statutory rate to the expense; the lines sum to `expense_fen`.

    effective_ppm   expense / income before tax; None without income
    """

    pretax_fen: int
    lines: Mapping[str, int]
    expense_fen: int
    effective_ppm: int | None


def proof_of_tax(years: Sequence[EntityYear], statutory_ppm: int) -> Proof:
    """Why the expense is not the statutory rate of the income, all entities added up.

    returns   lines: statutory, rates_of_entities, permanent_<name>, change_of_rate, deferred_at_other_rates, valuation_allowance,
              withholding_on_distributions, <other names>, rounding
    raises    TieError when the unexplained rest is more than the roundings can leave: half a fen each
    """
    pretax = sum(y.pretax_fen for y in years)
    lines = {"statutory": _times(pretax, statutory_ppm)}
    roundings = 2

    def add(name: str, amount: int) -> None:
        nonlocal roundings
        lines[name] = lines.get(name, 0) + amount
        roundings += 1

    for year in years:
        add("rates_of_entities", _times(year.pretax_fen, year.rate_ppm - statutory_ppm))
        roundings += 1
        for name, amount in year.permanent.items():
            add(f"permanent_{name}", _times(amount, year.rate_ppm))
        for m in _profit(year.movements):
            roundings += 2
            if m.item == WITHHOLDING:
                add(WITHHOLDING, m.opening_fen - m.closing_fen)
                continue
            add("change_of_rate", -m.rate_change_fen)
            add("deferred_at_other_rates", _times(m.taxable_change_fen, m.rate_ppm - year.rate_ppm))
            add("valuation_allowance", -m.allowance_fen)
        for name, amount in year.other.items():
            add(name, amount)
    expense = sum(entity_tax(y).expense_fen for y in years)
    rest = expense - sum(lines.values())
    if 2 * abs(rest) > roundings:
        shown = ", ".join(f"{name} {amount:,}" for name, amount in lines.items())
        raise TieError(f"the proof of tax leaves {rest:,} fen unexplained: {shown}; expense {expense:,}.")
    lines["rounding"] = rest
    shown_lines = {name: amount for name, amount in lines.items() if amount or name == "statutory"}
    return Proof(
        pretax_fen=pretax, lines=shown_lines, expense_fen=expense, effective_ppm=_times_ratio(expense, pretax) if pretax else None
    )


def _profit(movements: Iterable[DeferredMovement]) -> list[DeferredMovement]:
    return [m for m in movements if m.through is Through.PROFIT]


def _times(amount: int, rate_ppm: int) -> int:
    return int(mul_div(amount, rate_ppm, PPM, HALF_UP))


def _times_ratio(numerator: int, denominator: int) -> int:
    sign = -1 if denominator < 0 else 1
    return int(mul_div(numerator * sign, PPM, abs(denominator), HALF_UP))
