"""Equity: what dated transactions of owners do to each column of equity, and the statement of changes in equity.

A pure function of dated facts: treasury shares leave at their average cost, so a late repurchase moves the cost of what was
retired after it, and the open period books the difference. Columns are above zero on the credit side, treasury shares below zero.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from loanbook.accounting.grants import PER_MILLION
from loanbook.errors import RequestError, StateError
from loanbook.units import HALF_UP, NEVER, mul_div

PAR, PAID_IN, TREASURY = "ordinary_shares", "additional_paid_in_capital", "treasury_stock"
RETAINED, COMPREHENSIVE, NONCONTROLLING = (
    "retained_earnings",
    "accumulated_other_comprehensive_income",
    "noncontrolling_interests",
)
COLUMNS = (PAR, PAID_IN, TREASURY, RETAINED, COMPREHENSIVE, NONCONTROLLING)
"""Columns of the statement of changes in equity, money in fen; named as the lines of the balance sheet."""

ISSUED, HELD = "shares_issued", "treasury_shares_held"
SHARE_COLUMNS = (ISSUED, HELD)
"""Columns in shares; outstanding = issued - held."""


class Deed(StrEnum):
    """What can happen between the company and its owners, and results that go to them."""

    ISSUED = "issued"
    """Shares for cash: `amount_fen` received, `cost_fen` of the issue."""
    REPURCHASED = "repurchased"
    """Shares bought back: `amount_fen` paid for them, `cost_fen` commissions; held at both together."""
    RETIRED = "retired"
    """Treasury shares cancelled, at average cost."""
    SETTLED = "settled"
    """Shares given for exercised options or vested units: `amount_fen` is the exercise price received; treasury shares first."""
    COMPENSATED = "compensated"
    """Share-based compensation of the period: `amount_fen`."""
    DIVIDEND = "dividend"
    """Declared: `amount_fen`."""
    RESULT = "result"
    """Income attributable to the owners: `amount_fen`, and to others: `other_fen`."""
    TRANSLATED = "translated"
    """Other comprehensive income: `amount_fen`, and of others: `other_fen`."""
    CONTRIBUTED = "contributed"
    """By noncontrolling owners: `other_fen`; `amount_fen` is the change in paid-in capital (ASC 810-10-45-23)."""


class Excess(StrEnum):
    """Where the cost of retired shares above par goes (ASC 505-30-30-8 leaves the choice)."""

    RETAINED_EARNINGS = "retained_earnings"
    PAID_IN_CAPITAL_FIRST = "paid_in_capital_first"
    """Up to the average paid-in capital of a share issued, the rest to retained earnings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityFact:
    """One dated fact; which amounts mean what is said at `Deed`."""

    event_id: str
    deed: Deed
    happened_on: int
    shares: int = 0
    amount_fen: int = 0
    cost_fen: int = 0
    other_fen: int = 0
    recorded_on: int = -NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityMovement:
    """What one fact does to the columns; `amounts` holds those that move, money in fen and shares in ones."""

    event_id: str
    deed: Deed
    happened_on: int
    amounts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityTerms:
    """Choices of the company: nominal value of a share, and where the excess of retired shares goes."""

    par_per_million_fen: int
    excess: Excess = Excess.RETAINED_EARNINGS


NOTHING: Mapping[str, int] = MappingProxyType({})


def movements(
    facts: Iterable[EquityFact],
    terms: EquityTerms,
    *,
    opening: Mapping[str, int] = NOTHING,
    as_of: int = NEVER,
    known_on: int = NEVER,
) -> tuple[EquityMovement, ...]:
    """What each fact does to equity, in order of days (facts of one day in the order of their ids).

    opening   columns before the first fact; absent ones are zero
    raises    RequestError for a number or amount that cannot be; StateError when more treasury shares leave than are held
    """
    seen = [f for f in facts if f.happened_on <= as_of and f.recorded_on <= known_on]
    state = {name: int(opening.get(name, 0)) for name in (*COLUMNS, *SHARE_COLUMNS)}
    done = []
    for fact in sorted(seen, key=lambda f: (f.happened_on, f.event_id)):
        signed = fact.deed in (Deed.RESULT, Deed.TRANSLATED, Deed.COMPENSATED, Deed.CONTRIBUTED)
        if fact.shares < 0 or (not signed and min(fact.amount_fen, fact.cost_fen) < 0):
            raise RequestError(f"{fact.event_id}: shares and amounts of {fact.deed.value} must not be below zero.")
        if fact.deed in (Deed.REPURCHASED, Deed.RETIRED) and not fact.shares:
            raise RequestError(f"{fact.event_id}: {fact.deed.value} needs a number of shares.")
        moved = {name: amount for name, amount in _moved(fact, terms, state).items() if amount}
        for name, amount in moved.items():
            state[name] += amount
        done.append(EquityMovement(event_id=fact.event_id, deed=fact.deed, happened_on=fact.happened_on, amounts=moved))
    return tuple(done)


def _moved(fact: EquityFact, terms: EquityTerms, state: Mapping[str, int]) -> dict[str, int]:
    amount, shares = fact.amount_fen, fact.shares
    if fact.deed is Deed.ISSUED:
        return _new(shares, amount - fact.cost_fen, terms, state)
    if fact.deed is Deed.REPURCHASED:
        return {TREASURY: -(amount + fact.cost_fen), HELD: shares}
    if fact.deed is Deed.RETIRED:
        return _retired(fact, terms, state)
    if fact.deed is Deed.SETTLED:
        held = min(shares, state[HELD])
        cost = _cost_of(held, fact, state)
        # What an option holder pays for treasury shares less their cost is paid-in capital, above or below zero.
        mine = int(mul_div(amount, held, shares, HALF_UP)) if shares else amount
        made = _new(shares - held, amount - mine, terms, state)
        made[PAID_IN] += mine - cost
        return made | {TREASURY: cost, HELD: -held}
    if fact.deed is Deed.COMPENSATED:
        return {PAID_IN: amount}
    if fact.deed is Deed.DIVIDEND:
        return {RETAINED: -amount}
    if fact.deed is Deed.RESULT:
        return {RETAINED: amount, NONCONTROLLING: fact.other_fen}
    if fact.deed is Deed.TRANSLATED:
        return {COMPREHENSIVE: amount, NONCONTROLLING: fact.other_fen}
    return {PAID_IN: amount, NONCONTROLLING: fact.other_fen}


def _new(shares: int, net_fen: int, terms: EquityTerms, state: Mapping[str, int]) -> dict[str, int]:
    """New shares at par; par of the running total is rounded, so it never drifts from the number of shares."""
    par = _par(state[ISSUED] + shares, terms) - _par(state[ISSUED], terms)
    return {PAR: par, PAID_IN: net_fen - par, ISSUED: shares}


def _retired(fact: EquityFact, terms: EquityTerms, state: Mapping[str, int]) -> dict[str, int]:
    cost = _cost_of(fact.shares, fact, state)
    par = _par(state[ISSUED], terms) - _par(state[ISSUED] - fact.shares, terms)
    from_paid_in = 0
    if terms.excess is Excess.PAID_IN_CAPITAL_FIRST and state[ISSUED]:
        from_paid_in = min(cost - par, max(0, int(mul_div(state[PAID_IN], fact.shares, state[ISSUED], HALF_UP))))
    return {
        TREASURY: cost,
        PAR: -par,
        PAID_IN: -from_paid_in,
        RETAINED: -(cost - par - from_paid_in),
        ISSUED: -fact.shares,
        HELD: -fact.shares,
    }


def _par(shares: int, terms: EquityTerms) -> int:
    return int(mul_div(shares, terms.par_per_million_fen, PER_MILLION, HALF_UP))


def _cost_of(shares: int, fact: EquityFact, state: Mapping[str, int]) -> int:
    if shares > state[HELD]:
        raise StateError(
            f"{fact.event_id}: {shares:,} treasury shares leave, but {state[HELD]:,} are held. Book the repurchase first."
        )
    return int(mul_div(-state[TREASURY], shares, state[HELD], HALF_UP)) if shares else 0


def outstanding_changes(moved: Iterable[EquityMovement]) -> tuple[list[int], list[int]]:
    """Days and changes of shares outstanding: what `weighted_shares.weighted_average` takes."""
    pairs = [(m.happened_on, m.amounts.get(ISSUED, 0) - m.amounts.get(HELD, 0)) for m in moved]
    kept = [(on, by) for on, by in pairs if by]
    return [on for on, _ in kept], [by for _, by in kept]
