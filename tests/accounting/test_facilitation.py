"""Facilitation revenue and guarantees of one loan: the twin, conservation, and that the order of closes does not matter."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.loans.earning_guarantee import Guarantee
from loanbook.loans.earning_service import Facilitation
from loanbook.units import NEVER
from tests.accounting.kernels import facilitation, guarantees, net_and_tax
from tests.reference import revenue_and_guarantees as twin

pytestmark = pytest.mark.plain
OPENED = 19_700


@st.composite
def heavy_loans(draw: st.DrawFn) -> twin.HeavyLoan:
    """Heavy loans whose fees come in early, late or never, that end at any time, well or badly."""
    contractual = draw(st.integers(0, 200_000))
    term = draw(st.integers(1, 400))
    ended_on = draw(st.one_of(st.just(NEVER), st.integers(OPENED + 1, OPENED + term + 120)))
    left, payments = contractual, []
    for on in sorted(draw(st.lists(st.integers(OPENED, min(OPENED + term + 120, ended_on)), max_size=6))):
        amount = draw(st.integers(0, left))
        payments.append((on, amount))
        left -= amount
    return twin.HeavyLoan(
        opened_on=OPENED,
        matures_on=OPENED + term,
        contractual=contractual,
        inception=draw(st.integers(0, contractual + 1_000)),
        payments=tuple(payments),
        ended_on=ended_on,
        fallen_due=draw(st.one_of(st.just(0), st.integers(0, contractual))),
        collectable=Fraction(draw(st.integers(0, 1_000_000)), 1_000_000),
        at_once=Fraction(draw(st.integers(0, 1_000_000)), 1_000_000),
    )


def ppm(part: Fraction) -> int:
    return int(part * 1_000_000)


def measured(loan: twin.HeavyLoan, day: int, last_on: int = OPENED - 1, **changed: int):
    collected = sum(amount for on, amount in loan.payments if on <= day)
    terms = {"collectable_ppm": ppm(loan.collectable), "at_once_ppm": ppm(loan.at_once), "guarantee_fen": loan.inception}
    revenue = facilitation(
        loan.contractual,
        collected,
        loan.opened_on,
        loan.matures_on,
        day=day,
        last_on=last_on,
        ended_on=loan.ended_on,
        fallen_due_fen=loan.fallen_due,
        **{**terms, **changed},
    )[0]
    guarantee = guarantees(
        loan.inception, loan.contractual, collected, loan.opened_on, loan.matures_on, day=day, ended_on=loan.ended_on
    )[0]
    return revenue, guarantee


@given(heavy_loans(), st.integers(-5, 600))
def test_a_loan_equals_its_twin_on_any_day(loan, offset):
    day = OPENED + offset
    revenue, guarantee = measured(loan, day)
    expected = twin.heavy_state(loan, day)
    if not expected:
        assert not revenue.any()
        assert not guarantee.any()
        return
    assert {
        "price": revenue[Facilitation.PRICE],
        "recognised": revenue[Facilitation.AT_ONCE] + revenue[Facilitation.OVER_TIME],
        "contract_asset": revenue[Facilitation.CONTRACT_ASSET],
        "written_off": revenue[Facilitation.WRITTEN_OFF],
        "owed": revenue[Facilitation.CONTRACT_LIABILITY],
        "released": guarantee[Guarantee.RELEASED],
        "receivable": guarantee[Guarantee.INCEPTION] - guarantee[Guarantee.COLLECTED] - guarantee[Guarantee.WRITTEN_OFF],
        "premium_ahead": guarantee[Guarantee.AHEAD],
    } == expected


@given(heavy_loans(), st.integers(0, 600))
def test_balances_are_what_was_recognised_less_what_came_in(loan, offset):
    revenue, guarantee = measured(loan, OPENED + offset)
    recognised = revenue[Facilitation.AT_ONCE] + revenue[Facilitation.OVER_TIME]
    assert (
        revenue[Facilitation.CONTRACT_ASSET] - revenue[Facilitation.CONTRACT_LIABILITY]
        == recognised - revenue[Facilitation.COLLECTED] - revenue[Facilitation.WRITTEN_OFF]
    )
    assert min(revenue[Facilitation.CONTRACT_ASSET], revenue[Facilitation.CONTRACT_LIABILITY]) == 0
    premium = guarantee[Guarantee.RELEASED] - guarantee[Guarantee.COLLECTED] - guarantee[Guarantee.WRITTEN_OFF]
    assert premium + guarantee[Guarantee.AHEAD] >= 0 <= guarantee[Guarantee.AHEAD]
    assert revenue[Facilitation.PRICE] >= 0
    assert recognised <= revenue[Facilitation.PRICE] <= loan.contractual
    collected = sum(amount for on, amount in loan.payments if on <= OPENED + offset)
    assert revenue[Facilitation.COLLECTED] + guarantee[Guarantee.COLLECTED] == collected


@given(heavy_loans())
def test_a_loan_that_has_ended_leaves_no_balance_and_its_price_is_what_came_in(loan):
    day = min(loan.ended_on, OPENED + 600)
    revenue, guarantee = measured(loan, day)
    if loan.ended_on == NEVER:
        assert guarantee[Guarantee.RELEASED] == loan.inception
        return
    assert revenue[Facilitation.CONTRACT_ASSET] == revenue[Facilitation.CONTRACT_LIABILITY] == 0
    assert guarantee[Guarantee.RELEASED] == guarantee[Guarantee.COLLECTED] + guarantee[Guarantee.WRITTEN_OFF] == loan.inception
    assert guarantee[Guarantee.AHEAD] == 0
    if loan.fallen_due == 0:
        assert revenue[Facilitation.PRICE] == revenue[Facilitation.COLLECTED]


@given(heavy_loans(), st.integers(0, 400), st.integers(0, 1_000_000))
def test_no_estimate_moves_a_loan_that_has_ended(loan, later, estimate):
    """ASC 606-10-32-11: its price is what came in and what had fallen due; neither revenue nor the tax in it rises any more."""
    if loan.ended_on == NEVER:
        return
    ended, _ = measured(loan, loan.ended_on)
    now, _ = measured(loan, loan.ended_on + later, collectable_ppm=estimate)
    assert now.tolist() == ended.tolist()
    owed = max(sum(amount for _, amount in loan.payments), loan.fallen_due)
    assert ended[Facilitation.AT_ONCE] + ended[Facilitation.OVER_TIME] <= ended[Facilitation.PRICE] <= owed


@given(heavy_loans(), st.lists(st.integers(0, 600), min_size=1, max_size=8))
def test_closing_often_posts_what_closing_once_posts(loan, offsets):
    """Entries are differences of cumulative columns: whatever the days of closing, they sum to the last state, tax and all."""
    days = sorted(OPENED + offset for offset in offsets)
    posted = np.zeros(3, np.int64)
    before = np.zeros(3, np.int64)
    for day in days:
        revenue, guarantee = measured(loan, day)
        gross = revenue[Facilitation.AT_ONCE] + revenue[Facilitation.OVER_TIME] + guarantee[Guarantee.RELEASED]
        after = np.array([gross, *net_and_tax(int(gross), 60_000)])
        posted += after - before
        before = after
    revenue, guarantee = measured(loan, days[-1])
    gross = revenue[Facilitation.AT_ONCE] + revenue[Facilitation.OVER_TIME] + guarantee[Guarantee.RELEASED]
    assert posted.tolist() == [gross, *net_and_tax(int(gross), 60_000)]
    assert posted[0] == posted[1] + posted[2]


@given(heavy_loans(), st.integers(0, 500), st.integers(0, 100), st.integers(0, 1_000_000))
def test_the_true_up_of_earlier_periods_and_the_service_of_this_one_are_all_of_the_revenue(loan, offset, gap, estimate):
    last_on, day = OPENED + offset, OPENED + offset + gap
    before, _ = measured(loan, last_on)
    recognised_before = before[Facilitation.AT_ONCE] + before[Facilitation.OVER_TIME]
    now, _ = measured(loan, day, last_on, collectable_ppm=estimate)
    true_up = int(now[Facilitation.AT_LAST] - recognised_before)
    recognised = now[Facilitation.AT_ONCE] + now[Facilitation.OVER_TIME]
    served = recognised - recognised_before - true_up
    assert served == recognised - now[Facilitation.AT_LAST]
    assert served >= 0
    if estimate == ppm(loan.collectable) and (loan.ended_on > day or loan.ended_on <= last_on):
        # Nothing was learnt but by payments: the price moves only by what came in or did not.
        collected = [sum(amount for on, amount in loan.payments if on <= each) for each in (last_on, day)]
        if collected[0] == collected[1]:
            assert true_up == 0


def test_a_vintage_made_since_the_last_close_has_no_true_up():
    now = facilitation(60_000, 0, 100, 400, day=150, last_on=99, collectable_ppm=900_000, at_once_ppm=700_000)
    assert now[0, Facilitation.AT_LAST] == 0


def test_a_lost_loan_keeps_the_price_of_fees_that_had_fallen_due_and_writes_their_rest_off():
    """1,000 over 100 days; 300 came in, 500 had fallen due when it was lost on day 60: 350 + 150 x 60 / 100 earned."""
    terms = {"day": 80, "last_on": 0, "collectable_ppm": 990_000, "at_once_ppm": 700_000, "ended_on": 60}
    found = facilitation(1_000, 300, 0, 100, fallen_due_fen=500, **terms)[0]
    assert [found[column] for column in (Facilitation.PRICE, Facilitation.AT_ONCE, Facilitation.OVER_TIME)] == [500, 350, 90]
    assert (found[Facilitation.WRITTEN_OFF], found[Facilitation.CONTRACT_ASSET]) == (140, 0)
    price_alone = facilitation(1_000, 300, 0, 100, **terms)[0]
    assert price_alone[Facilitation.PRICE] == price_alone[Facilitation.AT_ONCE] + price_alone[Facilitation.OVER_TIME] == 300
    assert price_alone[Facilitation.WRITTEN_OFF] == 0


def test_fees_paid_ahead_of_the_service_are_a_contract_liability():
    found = facilitation(1_000, 1_000, 0, 100, day=25, last_on=0, collectable_ppm=0, at_once_ppm=600_000)[0]
    assert found[Facilitation.AT_ONCE] + found[Facilitation.OVER_TIME] == 600 + 100
    assert found[Facilitation.CONTRACT_LIABILITY] == 300


def test_a_guarantee_that_is_worth_all_fees_leaves_no_price():
    found = facilitation(
        1_000, 400, 0, 100, day=25, last_on=0, collectable_ppm=900_000, at_once_ppm=600_000, guarantee_fen=1_200
    )[0]
    assert not found.any()


def test_money_after_the_end_lowers_the_write_off_again():
    ended = guarantees(900, 9_000, [1_000, 4_000], 0, 300, day=200, ended_on=150)
    assert ended[:, Guarantee.WRITTEN_OFF].tolist() == [800, 500]
    assert (ended[:, Guarantee.INCEPTION] - ended[:, Guarantee.COLLECTED] - ended[:, Guarantee.WRITTEN_OFF]).tolist() == [0, 0]
