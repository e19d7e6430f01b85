"""Shares conserve to the fen, never take back, and stay by what they say."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.funding.requests import SHIPPED

from loanbook.errors import RequestError, StateError
from loanbook.funding.pro_rata import pro_rata
from loanbook.funding.shares import PAID, Paid, coupon_part, divide, split, stage_shares
from loanbook.terms.mandate import SHARES_WHOLE, Component, Stage
from loanbook.units import MONEY_MAX, rate

pytestmark = pytest.mark.plain


@st.composite
def shares(draw, most=6):
    cuts = sorted(draw(st.lists(st.integers(0, SHARES_WHOLE), max_size=most - 1)))
    return [after - before for before, after in zip([0, *cuts], [*cuts, SHARES_WHOLE], strict=True)]


@settings(max_examples=200, deadline=None)
@given(parts=shares(), amounts=st.lists(st.integers(0, 10**12), min_size=1, max_size=20))
def test_parts_of_payments_add_up_and_never_turn_back(parts, amounts):
    before = np.cumsum([0, *amounts])[:-1]
    found = split(before, np.array(amounts), np.array(parts))
    assert (found.sum(axis=1) == amounts).all()
    assert (found >= 0).all()
    assert (found[:, np.array(parts) == 0] == 0).all()
    at_once = split(np.array([0]), np.array([sum(amounts)]), np.array(parts))
    assert (found.sum(axis=0) == at_once[0]).all()


@settings(max_examples=300, deadline=None)
@given(parts=shares(most=4), total=st.integers(0, 10**15))
def test_a_part_is_less_than_a_fen_off_for_three_and_little_more_for_four(parts, total):
    found = split(np.array([0]), np.array([total]), np.array(parts))[0]
    off = max(abs(part - Fraction(total * share, SHARES_WHOLE)) for part, share in zip(found, parts, strict=True))
    assert off < (1 if sum(part > 0 for part in parts) <= 3 else Fraction(3, 2))


@settings(max_examples=100, deadline=None)
@given(parts=shares(), before=st.integers(0, 10**9), back=st.integers(0, 10**9))
def test_what_is_taken_back_is_what_was_given(parts, before, back):
    back = min(before, back)
    taken = split(np.array([before]), np.array([-back]), np.array(parts))
    given_ = split(np.array([before - back]), np.array([back]), np.array(parts))
    assert (taken == -given_).all()


def test_equal_shares_of_one_fen_go_to_the_first():
    assert split(np.array([0]), np.array([1]), np.array([500_000, 500_000])).tolist() == [[1, 0]]
    assert split(np.array([1]), np.array([1]), np.array([500_000, 500_000])).tolist() == [[0, 1]]


def test_rows_take_the_set_they_name():
    sets = np.array([[SHARES_WHOLE, 0], [250_000, 750_000]])
    assert split(np.array([0, 0]), np.array([100, 100]), sets, np.array([1, 0])).tolist() == [[25, 75], [100, 0]]


@pytest.mark.parametrize("parts", [[600_000, 300_000], [1_100_000, -100_000]])
def test_shares_that_are_none_are_refused(parts):
    with pytest.raises(RequestError, match="add up to 1,000,000"):
        split(np.array([0]), np.array([1]), np.array(parts))


@pytest.mark.parametrize(("before", "amount"), [(5, -6), (-1, 3), (MONEY_MAX, 1)])
def test_more_back_than_there_was_is_refused(before, amount):
    with pytest.raises(StateError, match="takes back more"):
        split(np.array([before]), np.array([amount]), np.array([SHARES_WHOLE]))


@settings(max_examples=100, deadline=None)
@given(
    amounts=st.lists(st.integers(0, 10**9), min_size=1, max_size=12),
    annual=st.integers(0, rate("0.36")),
    coupon=st.sampled_from([0, rate("0.065"), rate("0.24"), rate("1")]),
)
def test_the_coupon_is_its_part_of_the_rate_and_all_of_a_lower_one(amounts, annual, coupon):
    before = np.cumsum([0, *amounts])[:-1]
    found = coupon_part(before, np.array(amounts), coupon, np.full(len(amounts), annual))
    assert (found >= 0).all()
    assert (found <= amounts).all()
    exact = sum(amounts) * (Fraction(min(coupon, annual), annual) if annual else 1)
    assert abs(int(found.sum()) - exact) <= Fraction(1, 2)


@settings(max_examples=100, deadline=None)
@given(
    code=st.sampled_from(sorted(SHIPPED)),
    stage=st.sampled_from(list(Stage)),
    payments=st.lists(st.tuples(*[st.integers(0, 10**8)] * PAID), min_size=1, max_size=12),
    annual=st.integers(0, rate("0.24")),
)
def test_what_a_loan_brings_is_divided_to_the_fen(code, stage, payments, annual):
    mandate = SHIPPED[code]
    if stage not in mandate.funding:
        with pytest.raises(StateError, match="nobody guarantees its loans"):
            stage_shares(mandate, stage)
        return
    amounts = np.array(payments)
    before = np.cumsum(amounts, axis=0) - amounts
    found = divide(stage_shares(mandate, stage), mandate.coupon_annual, np.full(len(amounts), annual), before, amounts)
    assert (found.sum(axis=(1, 2)) == amounts.sum(axis=1)).all()
    assert (found >= 0).all()
    assert (found[:, Component.PRINCIPAL].sum(axis=1) == amounts[:, Paid.PRINCIPAL]).all()
    assert (found[:, Component.LOSS].sum(axis=1) == amounts[:, Paid.LOSS]).all()


def test_largest_remainder_would_take_a_fen_back_and_a_split_does_not():
    parts = [450_000, 450_000, 100_000]
    assert [pro_rata(total, parts) for total in (5, 6)] == [[2, 2, 1], [3, 3, 0]]
    found = split(np.arange(10), np.ones(10, np.int64), np.array(parts))
    assert (found >= 0).all()
    assert found.sum(axis=0).tolist() == [5, 4, 1]
