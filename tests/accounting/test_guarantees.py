"""Guarantees and premiums of a loan from its inception to its end; and who pays whom when a guarantor stands between."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.accounting.guarantors import Cover, OnBooks, Party, transfers
from loanbook.errors import RequestError, StateError
from loanbook.loans.earning_guarantee import Guarantee
from loanbook.units import day
from tests.accounting.kernels import guarantees

pytestmark = pytest.mark.plain


def test_a_guarantee_rolls_forward_from_its_inception_to_nothing():
    """900 over 90 days against fees of 9,000: collected with them, released by days, the rest when the loan ends on day 60."""
    states = guarantees(900, 9_000, [0, 3_000, 3_000, 6_000], 0, 90, day=0, ended_on=60)
    assert states[0].tolist() == [900, 0, 0, 0, 0]
    by_day = [guarantees(900, 9_000, 3_000, 0, 90, day=on, ended_on=60)[0].tolist() for on in (-1, 30, 59, 60)]
    assert by_day == [[0] * 5, [900, 300, 300, 0, 0], [900, 590, 300, 0, 0], [900, 900, 300, 600, 0]]


@given(st.integers(0, 10**9), st.integers(1, 400), st.lists(st.integers(0, 500), min_size=1, max_size=10))
def test_releases_add_up_to_the_inception_amount_and_never_turn_back(inception, term, days):
    released = [int(guarantees(inception, 0, 0, 0, term, day=on)[0, Guarantee.RELEASED]) for on in sorted([*days, term])]
    assert (np.diff(released) >= 0).all()
    assert released[-1] == inception


def test_a_premium_without_a_receivable_upfront_is_earned_by_the_same_days():
    """400 over 100 days, 10 % of the fees: ahead is what came in before its days; nothing is ahead once the loan has ended."""
    columns = [
        guarantees(400, 4_000, cash, 0, 100, day=on, ended_on=70)[0].tolist()
        for on, cash in ((0, 0), (25, 0), (25, 2_500), (69, 2_500), (70, 2_500))
    ]
    earned_and_ahead = [(row[Guarantee.RELEASED], row[Guarantee.COLLECTED], row[Guarantee.AHEAD]) for row in columns]
    assert earned_and_ahead == [(0, 0, 0), (100, 0, 0), (100, 250, 150), (276, 250, 0), (400, 250, 0)]
    assert columns[-1][Guarantee.WRITTEN_OFF] == 150


OURS = Cover(effective_from=0, guarantor="own guarantor (example)", own=True)
FRONTED = Cover(effective_from=day("2024-07-01"), guarantor="third party (example)", own=False, deposit_fen=1_000, floor_fen=400)
INSURED = Cover(effective_from=0, guarantor="insurer (example)", own=False, recourse=False)


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


def test_a_deposit_is_filled_up_below_its_floor_and_not_at_it():
    assert [each.amount_fen for each in transfers(FRONTED, 600, 1_000)] == [600, 600]
    assert [each.amount_fen for each in transfers(FRONTED, 601, 1_000)] == [601, 601, 601]


def test_what_cannot_be_is_refused():
    with pytest.raises(RequestError, match="eliminated"):
        Cover(effective_from=0, guarantor="own", own=True, deposit_fen=5)
    with pytest.raises(RequestError, match="floor"):
        Cover(effective_from=0, guarantor="other", own=False, deposit_fen=5, floor_fen=6)
    with pytest.raises(StateError, match="negative"):
        transfers(FRONTED, -1, 0)
