"""Shares of a period from movements and awards: by hand, by quarters, and against a walk over days."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.accounting.earnings_per_share import Capital, average_price, capital_of, diluted_of, period_shares, year_to_date
from loanbook.accounting.equity import Deed, EquityFact, EquityTerms, movements
from loanbook.accounting.grants import PER_MILLION, Grant, GrantMovement, Instrument, Moved, Tranche, standing, visible
from loanbook.accounting.share_based import US_GAAP, unrecognised_cost
from loanbook.accounting.weighted_shares import Potential, YearToDate
from loanbook.errors import RequestError
from loanbook.statements.per_share import per_share
from loanbook.stores.importers.corporate import read_corporate
from loanbook.terms.chart import load_chart
from loanbook.units import NEVER, day
from tests.accounting.corporate import MOMENT, written, year

LINES = (("general_and_administrative", 1),)
MOVED = movements(
    [
        EquityFact(event_id="E1", deed=Deed.ISSUED, happened_on=0, shares=1_000, amount_fen=10_000),
        EquityFact(event_id="E2", deed=Deed.REPURCHASED, happened_on=51, shares=100, amount_fen=1_000),
    ],
    EquityTerms(par_per_million_fen=0),
)


def grant(
    name: str, kind: Instrument, tranches: dict[int, int], *, strike_fen: int = 0, value_fen: int = 0, on: int = 0
) -> Grant:
    return Grant(
        grant_id=name,
        entity="parent",
        currency="CNY",
        instrument=kind,
        granted_on=0,
        exercise_price_per_million_fen=strike_fen * PER_MILLION,
        tranches=tuple(
            Tranche(vests_on=on, instruments=count, fair_value_per_million_fen=value_fen * PER_MILLION)
            for on, count in tranches.items()
        ),
        lines=LINES,
    )


OPTIONS = grant("options", Instrument.OPTION, {200: 300}, strike_fen=50, value_fen=20)
UNITS = grant("units", Instrument.RESTRICTED_SHARE_UNIT, {41: 60, 200: 40}, value_fen=90)


def capital(*grants: Grant, moved: tuple[GrantMovement, ...] = (), **more: object) -> Capital:
    return Capital(moved=MOVED, grants=grants, grant_movements=moved, policy=US_GAAP, currency="CNY", **more)  # type: ignore[arg-type]


def test_a_quarter_by_hand() -> None:
    """Days 1 to 100: 1,000 shares, less 100 for 50 days, and 60 units that vested on day 41, not yet shares, for 60 days."""
    found = period_shares(capital(OPTIONS, UNITS), 1, 100, 100 * PER_MILLION)
    assert found.basic.share_days == 100_000 - 5_000 + 3_600
    # Options: 300 at 50, cost not recognised 6,000 at the start and 3,000 at the end; 15,000 + 4,500 buy 195 back at 100.
    assert found.incremental["options"] == 105
    # Units: 100 for 40 days, then 40: 64 on average. Of 9,000 none is recognised at the start and 5,400 at the end.
    assert found.incremental["units"] == 64 - 63
    diluted = diluted_of(found, 986_00, [Potential(name="notes", income_fen=500_00, shares=10)])
    assert (diluted.shares, diluted.counted, diluted.anti_dilutive) == (1_092, ("options", "units"), ("notes",))
    assert per_share(986_00, found.basic.shares) == 100


def test_a_year_to_date_by_both_standards() -> None:
    prices = (40, 100)
    owner = capital(OPTIONS)
    quarters = [period_shares(owner, 1 + 100 * n, 100 + 100 * n, price * PER_MILLION) for n, price in enumerate(prices)]
    whole = period_shares(owner, 1, 200, 70 * PER_MILLION)
    assert [q.incremental["options"] for q in quarters] == [0, 135]
    gaap, ifrs = (year_to_date(quarters, whole, method) for method in YearToDate)
    assert gaap.incremental == {"options": 68}
    assert ifrs.incremental == {"options": 43}
    assert gaap.basic == quarters[0].basic + quarters[1].basic == whole.basic
    with pytest.raises(RequestError, match="the quarters have 100 days, the year to date 200"):
        year_to_date(quarters[:1], whole, YearToDate.INDEPENDENT)


def test_a_quarter_with_a_loss_gives_its_shares_to_a_year_with_a_profit() -> None:
    owner = capital(OPTIONS)
    quarters = [period_shares(owner, 1 + 100 * n, 100 + 100 * n, 100 * PER_MILLION) for n in range(2)]
    assert diluted_of(quarters[0], -1).anti_dilutive == ("options",)
    total = year_to_date(quarters, period_shares(owner, 1, 200, 100 * PER_MILLION), YearToDate.AVERAGE_OF_QUARTERS)
    assert total.incremental == {"options": 120}
    assert diluted_of(total, 500_00).counted == ("options",)


def test_a_unit_that_became_a_share_is_counted_once() -> None:
    """Settled on day 61: it leaves the vested units the day its share is issued."""
    settled = EquityFact(event_id="E3", deed=Deed.SETTLED, happened_on=61, shares=60)
    facts = [EquityFact(event_id="E1", deed=Deed.ISSUED, happened_on=0, shares=1_000), settled]
    moved = GrantMovement(grant_id="units", moved=Moved.EXERCISED, happened_on=61, instruments=60)
    owner = Capital(
        moved=movements(facts, EquityTerms(par_per_million_fen=0)),
        grants=(UNITS,),
        grant_movements=(moved,),
        policy=US_GAAP,
        currency="CNY",
    )
    assert period_shares(owner, 1, 100, 100 * PER_MILLION).basic.share_days == 100_000 + 60 * 60


def test_prices_and_grants_are_in_one_currency() -> None:
    with pytest.raises(RequestError, match="grants are in CNY, the share price in USD"):
        Capital(moved=(), grants=(OPTIONS,), grant_movements=(), policy=US_GAAP, currency="USD")


def test_a_company_from_its_events_to_the_printed_figure(tmp_path: Path) -> None:
    """1,000,000 shares less 1,000 bought back on 1 February; 1,200 options at next to nothing, of which 120 went in June."""
    tables = year(tmp_path)
    owner = capital_of(tables, "parent", "CNY", EquityTerms(par_per_million_fen=10_000), load_chart())
    start, end = day("2024-04-01"), day("2024-06-30")
    with pytest.raises(RequestError, match="no average share price in CNY from 2024-04-01 to 2024-06-30"):
        average_price(tables, "parent", "CNY", start, end)
    price = "kind,event_id,entity,currency,date,ends_on,price\nshare_price,P1,parent,CNY,2024-04-01,2024-06-30,69.50\n"
    tables |= read_corporate(written(tmp_path, "price.csv", price), recorded_at=MOMENT).tables
    found = period_shares(owner, start, end, average_price(tables, "parent", "CNY", start, end))
    assert found.basic.shares == 999_000
    # 1,199 options on average (on the last day 120 fewer); the cost still to come buys some of them back at 69.50.
    cost = [unrecognised_cost(owner.grants[0], owner.grant_movements, US_GAAP, on) for on in (start - 1, end)]
    assert cost == [1_545_766, 1_193_688]
    assert found.incremental == {"G1": 1_199 - 197}
    shares = diluted_of(found, 4_460_000_00).shares
    assert [per_share(4_460_000_00, count) for count in (999_000, shares)] == [446, 446]


@given(
    st.dictionaries(st.integers(1, 120), st.integers(1, 500), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(1, 120), st.integers(1, 40)), max_size=4),
    st.integers(1, 60),
    st.integers(61, 130),
)
def test_basic_shares_are_a_walk_over_days(vests: dict[int, int], settled: list[tuple[int, int]], start: int, end: int) -> None:
    """Naive twin: at each day's end, shares and vested units not yet settled."""
    units = grant("units", Instrument.RESTRICTED_SHARE_UNIT, dict(sorted(vests.items())))
    moved: list[GrantMovement] = []
    for on, count in sorted(settled):
        if standing(units, visible(moved, units, on, NEVER), on).exercisable >= count:
            moved.append(GrantMovement(grant_id="units", moved=Moved.EXERCISED, happened_on=on, instruments=count))
    found = period_shares(capital(units, moved=tuple(moved)), start, end, PER_MILLION)
    walked = 0
    for at in range(start, end + 1):
        walked += 1_000 - (100 if at >= 51 else 0)
        walked += sum(count for on, count in vests.items() if on <= at) - sum(m.instruments for m in moved if m.happened_on <= at)
    assert found.basic.share_days == walked
