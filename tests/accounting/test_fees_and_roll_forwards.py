"""Referral and technology fees, value-added tax, and roll-forwards that must close."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.accounting.fees import Confirmation, Fee, fees, subscriptions
from loanbook.accounting.roll_forward import RollForward, between, chained, footed, rolled, totalled
from loanbook.accounting.spread import by_days, split_tax
from loanbook.errors import RequestError, TieError
from loanbook.units import NEVER, day

pytestmark = pytest.mark.plain


def test_a_referral_is_a_contract_asset_until_its_month_is_confirmed():
    """RMB 5,000 at 2.6 % on 10 January; January's list is confirmed 15 days after its end, paid on 1 March."""
    dates = ["2024-01-09", "2024-01-10", "2024-02-14", "2024-02-15", "2024-03-01"]
    rows = [
        fees(500_000, 26_000, day("2024-01-10"), day=day(on), lag_days=15, collected_fen=13_000 if on >= "2024-03" else 0)[0]
        for on in dates
    ]
    balances = [(row[Fee.EARNED] - row[Fee.CONFIRMED], row[Fee.CONFIRMED] - row[Fee.COLLECTED]) for row in rows]
    assert balances == [(0, 0), (13_000, 0), (13_000, 0), (0, 13_000), (0, 0)]


def test_a_cancelled_loan_earns_no_fee_and_what_was_paid_is_owed_back():
    found = fees(500_000, 26_000, 0, day=50, lag_days=0, cancelled_on=50, collected_fen=13_000)[0]
    assert found.tolist() == [0, 0, 13_000]


def test_a_fee_by_volume_is_confirmed_at_once():
    found = fees([100_000, 1], 1_000, 7, day=7, lag_days=0, basis=Confirmation.FROM_THE_DAY)
    assert found[:, Fee.CONFIRMED].tolist() == found[:, Fee.EARNED].tolist() == [100, 0]


@given(st.integers(0, 10**10), st.integers(0, 800), st.lists(st.integers(-10, 900), min_size=1, max_size=6))
def test_a_subscription_earns_each_day_of_use_and_closes_with_the_last(amount, length, days):
    earned = [int(subscriptions(amount, 0, length, day=on)[0]) for on in sorted([*days, -1, length])]
    assert (np.diff(earned) >= 0).all()
    assert subscriptions(amount, 0, length, day=-1)[0] == 0
    assert earned[-1] == amount
    if length:
        assert subscriptions(amount, 0, length, day=0)[0] == (2 * amount + length + 1) // (2 * (length + 1))


def test_a_contract_that_is_ended_early_earns_no_more():
    found = subscriptions(36_500, 0, 364, day=900, stopped_on=[9, NEVER])
    assert found.tolist() == [1_000, 36_500]


def test_what_cannot_be_is_refused():
    with pytest.raises(RequestError, match="millionths"):
        fees(1, 1_000_001, 0, day=0, lag_days=0)
    with pytest.raises(RequestError, match="-1 days"):
        fees(1, 1, 0, day=0, lag_days=-1)
    with pytest.raises(RequestError, match="ends before it begins"):
        subscriptions([1, 1], [0, 5], [0, 4], day=0)
    with pytest.raises(RequestError, match="below zero"):
        split_tax(1, -1)


@given(st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=9), st.integers(0, 200_000))
def test_revenue_and_tax_are_the_gross_amount(gross, tax_ppm):
    revenue, tax = split_tax(gross, tax_ppm)
    assert (revenue + tax == gross).all()
    for net, whole in zip(revenue.tolist(), gross, strict=True):
        assert 2 * abs(net * (1_000_000 + tax_ppm) - whole * 1_000_000) <= 1_000_000 + tax_ppm
    mirrored, _ = split_tax([-each for each in gross], tax_ppm)
    assert (mirrored == -revenue).all()


def test_a_term_of_no_days_is_earned_at_once():
    assert by_days(100, 5, 5, NEVER, 5) == 100
    assert by_days(100, 5, 5, NEVER, 4) == 0


def test_a_roll_forward_that_does_not_close_says_every_figure():
    with pytest.raises(TieError) as refused:
        RollForward(title="Allowance 2024", opening=1_000, movements={"provision": 500, "write-off": -200}, closing=1_301)
    assert str(refused.value) == (
        "Allowance 2024 does not close: opening 1,000, provision +500, write-off -200 make 1,300, "
        "but the closing balance is 1,301, +1 off."
    )
    assert RollForward(title="rounded", opening=1, movements={"a": 1}, closing=3, tolerance=1).closing == 3


@given(
    st.lists(st.tuples(*[st.integers(-(10**12), 10**12)] * 3), min_size=2, max_size=6),
    st.tuples(*[st.sampled_from([1, -1])] * 3),
)
def test_periods_chain_and_their_sum_is_the_roll_forward_of_the_whole(closes, signs):
    names = ("inception", "released", "written_off")
    states = [dict(zip(names, close, strict=True)) for close in closes]
    sides = dict(zip(names, signs, strict=True))
    periods = chained(between("period", sides, before, after) for before, after in pairwise(states))
    whole = between("year", sides, states[0], states[-1])
    assert (periods[0].opening, periods[-1].closing) == (whole.opening, whole.closing)
    assert {name: sum(period.movements[name] for period in periods) for name in names} == whole.movements


def test_roll_forwards_that_do_not_follow_or_match_are_refused():
    with pytest.raises(TieError, match="opens with 5, but 2023 closed with 3"):
        chained([rolled("2023", 1, {"in": 2}), rolled("2024", 5, {})])
    with pytest.raises(RequestError, match="moves by out, not by in"):
        totalled("both", [rolled("a", 0, {"in": 1}), rolled("b", 0, {"out": 1})])
    with pytest.raises(RequestError, match="nothing to add up"):
        totalled("none", [])
    with pytest.raises(RequestError, match="no column released"):
        between("stand-ready", {"released": -1}, {"released": 1}, {"inception": 1})
    with pytest.raises(RequestError, match="write 1 or -1"):
        between("stand-ready", {"released": 2}, {"released": 1}, {"released": 1})
    with pytest.raises(TieError, match="does not foot: a 1, b 2 make 3, but the total is 4"):
        footed("assets", {"a": 1, "b": 2}, 4)
