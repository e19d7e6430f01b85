"""Fair values, premiums under IFRS 9, contingent provisions; and who pays whom when a guarantor stands between."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.accounting.guarantees import (
    Guarantee,
    Premium,
    contingent_provided,
    fair_value_ppm,
    guarantees,
    premiums,
)
from loanbook.accounting.guarantors import Cover, Deposit, OnBooks, Party, cover_in_force, deposits, transfers
from loanbook.errors import RequestError, StateError
from loanbook.units import NEVER, day, rate

pytestmark = pytest.mark.plain
DUE = [31, 61, 92, 122]


def test_a_fair_value_is_discounted_payouts_and_a_margin():
    """1.2 % expected a year out, 5 % a year: 12,000 / 1.05 = 11,428.6, and a fifth on top."""
    payouts = np.zeros((2, 12), np.int64)
    payouts[:, 11] = 12_000
    payouts[1, 11] = -12_000
    assert fair_value_ppm(payouts, discount_annual=rate("0.05"), margin_ppm=200_000).tolist() == [13_714, 0]
    with pytest.raises(RequestError, match="no fair value"):
        fair_value_ppm(payouts, discount_annual=rate("-1"), margin_ppm=0)


def test_a_guarantee_rolls_forward_from_its_inception_to_nothing():
    """900 over 90 days against fees of 9,000: collected with them, released by days, the rest when the loan ends on day 60."""
    states = guarantees(900, 9_000, [0, 3_000, 3_000, 6_000], 0, 90, day=0, ended_on=60)
    assert states[0].tolist() == [900, 0, 0, 0]
    by_day = [guarantees(900, 9_000, 3_000, 0, 90, day=on, ended_on=60)[0].tolist() for on in (-1, 30, 59, 60)]
    assert by_day == [[0, 0, 0, 0], [900, 300, 300, 0], [900, 590, 300, 0], [900, 900, 300, 600]]


@given(st.integers(0, 10**9), st.integers(1, 400), st.lists(st.integers(0, 500), min_size=1, max_size=10))
def test_releases_add_up_to_the_inception_amount_and_never_turn_back(inception, term, days):
    released = [int(guarantees(inception, 0, 0, 0, term, day=on)[0, Guarantee.RELEASED]) for on in sorted([*days, term])]
    assert (np.diff(released) >= 0).all()
    assert released[-1] == inception


def test_a_premium_is_earned_month_by_month_without_a_receivable_upfront():
    columns = [premiums(400, 4_000, cash, DUE, 0, day=on)[0].tolist() for on, cash in ((0, 0), (30, 0), (31, 0), (61, 2_500))]
    assert columns == [[0, 0], [0, 0], [100, 0], [200, 250]]
    # Paid off: what came in is earned. Lost: what never came is taken back.
    assert premiums(400, 4_000, 2_500, DUE, 0, day=70, ended_on=70)[0].tolist() == [250, 250]
    assert premiums(400, 4_000, 0, [*DUE[:2], NEVER, NEVER], 0, day=61)[0, Premium.EARNED] == 400


@given(
    st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12)), min_size=2, max_size=6),
)
def test_the_contingent_liability_rolls_forward_whatever_the_estimates(closes):
    """Opening + provision - payout + recovery = closing, at every close and over any run of them."""
    provided = [int(contingent_provided(*each)) for each in closes]
    for (before, after), (first, second) in zip(pairwise(provided), pairwise(closes), strict=True):
        assert first[0] + (after - before) - (second[1] - first[1]) + (second[2] - first[2]) == second[0]


def test_a_provision_beyond_64_bits_is_no_wrapped_sum():
    with pytest.raises(OverflowError):
        contingent_provided([2**62], [2**62], [0])


OURS = Cover(effective_from=0, guarantor="own guarantor (example)", own=True)
FRONTED = Cover(effective_from=day("2024-07-01"), guarantor="third party (example)", own=False, deposit_fen=1_000, floor_fen=400)
INSURED = Cover(effective_from=0, guarantor="insurer (example)", own=False, recourse=False)


def test_the_cover_of_a_day_is_the_latest_that_began():
    assert cover_in_force([OURS, FRONTED], day("2024-06-30")) is OURS
    assert cover_in_force([OURS, FRONTED], day("2024-07-01")) is FRONTED
    with pytest.raises(RequestError, match="2024-06-30"):
        cover_in_force([FRONTED], day("2024-06-30"))


def told(cover, claim, deposit):
    return [(each.payer, each.payee, each.amount_fen, each.on_books) for each in transfers(cover, claim, deposit)]


def test_our_guarantor_pays_the_lender_out_of_the_liability():
    assert told(OURS, 700, 0) == [(Party.PLATFORM, Party.LENDER, 700, OnBooks.CONTINGENT_LIABILITY)]


def test_a_third_party_pays_first_and_takes_it_from_the_deposit_then_from_us():
    assert told(FRONTED, 700, 500) == [
        (Party.GUARANTOR, Party.LENDER, 700, OnBooks.NOTHING),
        (Party.PLATFORM, Party.GUARANTOR, 500, OnBooks.CONTINGENT_LIABILITY_BY_DEPOSIT),
        (Party.PLATFORM, Party.GUARANTOR, 200, OnBooks.CONTINGENT_LIABILITY),
        (Party.PLATFORM, Party.GUARANTOR, 1_000, OnBooks.SECURITY_DEPOSIT),
    ]
    assert told(FRONTED, 500, 1_000)[1:] == [(Party.PLATFORM, Party.GUARANTOR, 500, OnBooks.CONTINGENT_LIABILITY_BY_DEPOSIT)]


def test_without_recourse_nothing_is_ours():
    assert told(INSURED, 700, 0) == [(Party.GUARANTOR, Party.LENDER, 700, OnBooks.NOTHING)]
    assert (OURS.liable, FRONTED.liable, INSURED.liable) == (True, True, False)


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=12))
def test_a_deposit_through_its_days_is_the_sum_of_its_transfers(claims):
    found = deposits(FRONTED, claims)
    balance, cash, used = FRONTED.deposit_fen, 0, 0
    for claim, row in zip(claims, found, strict=True):
        for each in transfers(FRONTED, claim, balance):
            if each.on_books is OnBooks.CONTINGENT_LIABILITY_BY_DEPOSIT:
                balance -= each.amount_fen
                used += each.amount_fen
            elif each.on_books is OnBooks.SECURITY_DEPOSIT:
                balance += each.amount_fen
            elif each.on_books is OnBooks.CONTINGENT_LIABILITY:
                cash += each.amount_fen
        assert row[Deposit.PAID_IN] - row[Deposit.USED] == balance
        assert row[Deposit.USED] == used
        assert row[Deposit.CLAIMED] - row[Deposit.USED] == cash
        assert balance >= FRONTED.floor_fen


def test_a_deposit_is_filled_up_below_its_floor_and_not_at_it():
    assert deposits(FRONTED, [600])[0].tolist() == [1_000, 600, 600]
    assert deposits(FRONTED, [601])[0].tolist() == [1_601, 601, 601]
    assert [each.amount_fen for each in transfers(FRONTED, 600, 1_000)] == [600, 600]


def test_what_cannot_be_is_refused():
    with pytest.raises(RequestError, match="eliminated"):
        Cover(effective_from=0, guarantor="own", own=True, deposit_fen=5)
    with pytest.raises(RequestError, match="floor"):
        Cover(effective_from=0, guarantor="other", own=False, deposit_fen=5, floor_fen=6)
    with pytest.raises(StateError, match="claims nothing"):
        deposits(INSURED, [1])
    with pytest.raises(StateError, match="negative"):
        deposits(FRONTED, [1, -2])
    with pytest.raises(StateError, match="negative"):
        transfers(FRONTED, -1, 0)
