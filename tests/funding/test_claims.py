"""Whose a loan's money is: all of it is somebody's, what passed is in proportion, and the loss is of who bore it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.errors import StateError
from loanbook.funding.claims import claim_parts, on_claims, shares_of_claim, staying_shares
from loanbook.funding.shares import PAID, Paid, divide, stage_shares
from loanbook.terms.mandate import SHARES_WHOLE, Component, Stage
from loanbook.terms.mandate_file import mandates_in
from loanbook.units import RATE_SCALE

MANDATES = {mandate.code: mandate for mandate in mandates_in()}
HERON = MANDATES["heron_bank_guaranteed"]
JOINT = MANDATES["meadow_bank_joint"]
RATE = np.array([RATE_SCALE * 18 // 100], np.int64)
MONEY = st.lists(st.integers(0, 10**9), min_size=PAID, max_size=PAID)


def parts(mandate, paid, before=(0, 0, 0, 0), passed=0, claim=0):
    gone = on_claims(np.array([paid]), np.array([[before]]), np.array([[passed]]), np.array([[claim]]))
    stays, goes = claim_parts(mandate, RATE, np.array([paid]), gone)
    return stays[0], goes[0]


def of(mandate, found, component):
    return {code: int(amount) for code, amount in zip(mandate.vehicles, found[component], strict=True) if amount}


def test_what_comes_after_a_charge_off_is_of_the_loss_shares():
    stays, goes = parts(JOINT, (0, 0, 0, 100_000))
    assert of(JOINT, stays, Component.LOSS) == {"meadow_bank": 70_000, "lantern_micro_lending": 30_000}
    assert stays.sum() == 100_000
    assert not goes.any()


def test_a_loss_that_a_guarantor_did_not_pay_for_was_the_lenders():
    stays, _ = parts(HERON, (0, 0, 0, 100_000))
    assert of(HERON, stays, Component.LOSS) == {"heron_bank": 100_000}
    assert of(HERON, stage_shares(HERON, Stage.ORIGINATION), Component.LOSS) == {"lantern_guarantee": SHARES_WHOLE}


def test_a_claim_passes_in_the_part_that_was_paid_for():
    stays, goes = parts(HERON, (3_000, 0, 0, 1_000), before=(1_000, 0, 0, 0), passed=300, claim=400)
    assert of(HERON, stays, Component.PRINCIPAL) == {"heron_bank": 1_500}
    assert of(HERON, goes, Component.PRINCIPAL) == {"lantern_guarantee": 1_500}
    assert (of(HERON, stays, Component.LOSS), of(HERON, goes, Component.LOSS)) == (
        {"heron_bank": 250},
        {"lantern_guarantee": 750},
    )
    with pytest.raises(StateError, match="more was paid for a claim than was owed"):
        parts(HERON, (1, 0, 0, 0), passed=2, claim=1)


def test_what_came_before_more_was_paid_for_a_claim_stays_as_it_was_parted():
    """A quarter passed, and later, when money had bounced, half of it; 400 came in between, and 600 after that."""
    paid, first, second = ([[amount, 0, 0, 0]] for amount in (1_100, 100, 500))
    gone = on_claims(np.array(paid), np.array([first, second]), np.array([[100], [300]]), np.array([[400], [600]]))
    assert gone.tolist() == [[100 + 300, 0, 0, 0]]
    alone = on_claims(np.array(paid), np.array([first, paid]), np.array([[100], [0]]), np.array([[400], [0]]))
    assert alone.tolist() == [[250, 0, 0, 0]]


@given(before=MONEY, since=MONEY, later=MONEY, claim=st.integers(1, 10**9), share=st.integers(0, 100))
def test_every_fen_is_somebodys_and_no_part_turns_back(before, since, later, claim, share):
    passed = claim * share // 100
    first = np.add(before, since)
    one, two = (np.add(*parts(HERON, paid, before, passed, claim)) for paid in (first, first + later))
    assert (one.sum(), two.sum()) == (first.sum(), (first + later).sum())
    assert (two >= one).all()


@given(before=MONEY, since=MONEY, claim=st.integers(1, 10**9))
def test_a_claim_paid_for_whole_passes_whole(before, since, claim):
    stays, goes = parts(HERON, np.add(before, since), before, claim, claim)
    nothing = np.zeros((1, PAID), np.int64)
    whole = divide(stage_shares(HERON, Stage.COMPENSATION), HERON.coupon_annual, RATE, nothing, np.array([since]))[0]
    assert np.array_equal(goes, whole)
    assert np.array_equal(stays, divide(staying_shares(HERON), HERON.coupon_annual, RATE, nothing, np.array([before]))[0])
    assert np.array_equal(shares_of_claim(HERON, claim, claim), stage_shares(HERON, Stage.COMPENSATION))


@given(claim=st.integers(1, 10**12), share=st.integers(0, 100))
def test_shares_of_a_claim_add_up(claim, share):
    found = shares_of_claim(HERON, claim * share // 100, claim)
    assert (found.sum(axis=1) == SHARES_WHOLE).all()
    assert (
        abs(found[Component.LOSS, HERON.vehicles.index("lantern_guarantee")] - SHARES_WHOLE * share // 100)
        <= SHARES_WHOLE / claim + 1
    )


def test_the_columns_are_those_of_paid():
    assert [column.name for column in Paid] == ["PRINCIPAL", "INTEREST", "FEE", "LOSS"]
