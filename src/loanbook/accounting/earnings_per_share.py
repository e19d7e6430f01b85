"""Shares of a quarter and of a year to date for earnings per share, from movements of equity and awards.

Basic: shares outstanding by days, and units that vested at no price, from their vesting day on. Diluted: options outstanding and
units not yet vested by the treasury-stock method, each grant on its own; proceeds are the exercise price and the average cost not
yet recognised. Convertibles come in as `weighted_shares.Potential`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from loanbook.accounting.corporate_postings import equity_facts, equity_opening
from loanbook.accounting.corporate_postings import grants as grants_of
from loanbook.accounting.equity import HELD, ISSUED, EquityMovement, EquityTerms, movements, outstanding_changes
from loanbook.accounting.grants import Grant, GrantMovement, Instrument, Standing, standing, visible
from loanbook.accounting.share_based import US_GAAP, Policy, unrecognised_cost
from loanbook.accounting.weighted_shares import (
    Diluted,
    Potential,
    WeightedShares,
    YearToDate,
    diluted,
    incremental_to_date,
    treasury_stock,
    weighted_average,
)
from loanbook.errors import RequestError
from loanbook.terms.chart import Chart
from loanbook.units import HALF_UP, NEVER, date, day, mul_div


@dataclass(frozen=True, slots=True, kw_only=True)
class Capital:
    """Everything that shares are counted from.

    opening             ordinary shares outstanding before the first movement
    currency            of prices; grants must be in it
    shares_per_instrument   ordinary shares for one option or unit
    """

    moved: Sequence[EquityMovement]
    grants: Sequence[Grant]
    grant_movements: Sequence[GrantMovement]
    policy: Policy
    currency: str
    opening: int = 0
    shares_per_instrument: int = 1
    known_on: int = NEVER

    def __post_init__(self) -> None:
        other = sorted({g.currency for g in self.grants} - {self.currency})
        if other:
            raise RequestError(f"grants are in {', '.join(other)}, the share price in {self.currency}. Translate one of them.")


def capital_of(
    tables: Mapping[str, pa.Table],
    entity: str,
    currency: str,
    terms: EquityTerms,
    chart: Chart,
    *,
    policy: Policy = US_GAAP,
    shares_per_instrument: int = 1,
) -> Capital:
    """The capital of the listed entity from its corporate events (`corporate_postings.known` for an earlier knowledge)."""
    opening = equity_opening(tables, entity, chart)
    made, moved = grants_of(tables)
    return Capital(
        moved=movements(equity_facts(tables, entity), terms, opening=opening),
        grants=[grant for grant in made if grant.entity == entity],
        grant_movements=moved,
        policy=policy,
        currency=currency,
        opening=opening[ISSUED] - opening[HELD],
        shares_per_instrument=shares_per_instrument,
    )


def average_price(tables: Mapping[str, pa.Table], entity: str, currency: str, starts_on: int, ends_on: int) -> int:
    """The average price of an ordinary share over exactly these days, fen per million; RequestError when nobody entered it."""
    for row in tables["share_price"].to_pylist() if "share_price" in tables else []:
        days = day(row["happened_on"]), day(row["ends_on"])
        if (row["entity"], row["currency"], *days) == (entity, currency, starts_on, ends_on):
            return int(row["price_per_million_fen"])
    raise RequestError(
        f"{entity} has no average share price in {currency} from {date(starts_on)} to {date(ends_on)}. Add a share_price event."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodShares:
    """Shares of one period.

    incremental   by grant, before the test of dilution: what a period with a loss would have without it
    """

    basic: WeightedShares
    incremental: Mapping[str, int]


def period_shares(capital: Capital, starts_on: int, ends_on: int, average_price_per_million_fen: int) -> PeriodShares:
    """Weighted shares of a period, both days in it, at its average price of an ordinary share."""
    on, by = outstanding_changes(m for m in capital.moved if m.happened_on <= ends_on)
    before = capital.opening + sum(change for at, change in zip(on, by, strict=True) if at < starts_on)
    inside = [(at, change) for at, change in zip(on, by, strict=True) if at >= starts_on]
    incremental = {}
    for grant in capital.grants:
        if grant.recorded_on > capital.known_on:
            continue
        if not grant.exercise_price_per_million_fen and grant.instrument is Instrument.RESTRICTED_SHARE_UNIT:
            first, steps = _steps(capital, grant, starts_on, ends_on, _due)
            before += first * capital.shares_per_instrument
            inside += [(at, change * capital.shares_per_instrument) for at, change in steps]
        incremental[grant.grant_id] = _incremental(capital, grant, starts_on, ends_on, average_price_per_million_fen)
    days, changes = [at for at, _ in inside], [change for _, change in inside]
    basic = weighted_average(before, np.array(days, np.int64), np.array(changes, np.int64), starts_on, ends_on)
    return PeriodShares(basic=basic, incremental=incremental)


def _incremental(capital: Capital, grant: Grant, starts_on: int, ends_on: int, price: int) -> int:
    first, steps = _steps(capital, grant, starts_on, ends_on, _potential)
    on, by = [at for at, _ in steps], [change for _, change in steps]
    mean = weighted_average(first, np.array(on, np.int64), np.array(by, np.int64), starts_on, ends_on).shares
    ends = [max(starts_on - 1, grant.granted_on), ends_on]
    costs = [unrecognised_cost(grant, capital.grant_movements, capital.policy, each, capital.known_on) for each in ends]
    strike = int(mul_div(grant.exercise_price_per_million_fen, 1, capital.shares_per_instrument, HALF_UP))
    shares = mean * capital.shares_per_instrument
    return treasury_stock(shares, strike, int(mul_div(sum(costs), 1, 2, HALF_UP)), price)


def _due(grant: Grant, at: Standing) -> int:
    """Units that vested and are not shares yet."""
    return at.exercisable


def _potential(grant: Grant, at: Standing) -> int:
    """Options until they are exercised; units until they vest, when basic shares count them."""
    return at.outstanding if grant.instrument is Instrument.OPTION else at.unvested


def _steps(capital: Capital, grant: Grant, starts_on: int, ends_on: int, count: object) -> tuple[int, list[tuple[int, int]]]:
    """A count of a grant's instruments before a period, and its changes by day inside it."""
    assert callable(count)
    seen = visible(capital.grant_movements, grant, ends_on, capital.known_on)
    days = {grant.granted_on, *(t.vests_on for t in grant.tranches), *(m.happened_on for m in seen)}

    def at(when: int) -> int:
        return int(count(grant, standing(grant, [m for m in seen if m.happened_on <= when], when)))

    first = last = at(starts_on - 1)
    steps = []
    for on in sorted(each for each in days if starts_on <= each <= ends_on):
        now = at(on)
        if now != last:
            steps.append((on, now - last))
        last = now
    return first, steps


def year_to_date(quarters: Sequence[PeriodShares], whole: PeriodShares, method: YearToDate) -> PeriodShares:
    """Shares of a year to date: basic by days; incremental ones as the method says.

    quarters   of the year so far, with their own prices
    whole      the year to date as one period, with its own price
    raises     RequestError when the quarters are not the whole
    """
    days = sum(q.basic.days for q in quarters)
    if days != whole.basic.days:
        raise RequestError(f"the quarters have {days} days, the year to date {whole.basic.days}.")
    incremental = {
        name: incremental_to_date(method, [q.incremental.get(name, 0) for q in quarters], own)
        for name, own in whole.incremental.items()
    }
    return PeriodShares(basic=whole.basic, incremental=incremental)


def diluted_of(
    shares: PeriodShares, income_fen: int, others: Iterable[Potential] = (), *, control_fen: int | None = None
) -> Diluted:
    """Diluted numerator and denominator of a period: awards and other potentials, in order of dilution."""
    awards = [Potential(name=name, income_fen=0, shares=count) for name, count in shares.incremental.items()]
    return diluted(income_fen, shares.basic.shares, [*awards, *others], control_fen=control_fen)
