"""A loan lent jointly is divided without a fen left over, and no part of it ever turns back."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loanbook.funding.shares import split
from loanbook.loans.history import OUTSIDE, Due, End, Paid
from loanbook.measures.ledger_parts import Part, divide_history, ours_of, parts_of
from loanbook.terms.contract import FIELDS, Field
from loanbook.units import NEVER, RATE_SCALE, rate

PPM = 1_000_000
DUE_MONEY = [int(column) for column in (Due.PRINCIPAL, Due.INTEREST)]
PAID_MONEY = [int(column) for column in (Paid.PRINCIPAL, Paid.INTEREST, Paid.RECOVERED, Paid.CHARGES)]
END_MONEY = [int(end) for end in (End.OPENED_BALANCE, End.CHARGED_OFF, End.ORIGINAL, End.CONTRACT_INTEREST)]
shares_ppm = st.integers(1, PPM)
money = st.integers(0, 10**9)


def contract(principal, interest, fee, coupon="0.14", annual="0.2"):
    row = np.zeros((1, FIELDS), np.int64)
    row[0, [Field.OWN_PRINCIPAL, Field.OWN_INTEREST, Field.OWN_FEE]] = principal, interest, fee
    row[0, [Field.COUPON_ANNUAL, Field.RATE_ANNUAL]] = rate(coupon), rate(annual)
    return parts_of(row)[0]


@st.composite
def histories(draw):
    """Dues of a loan, money in any order, a further disbursement among it, charges given back, recoveries at its end."""
    rows = draw(st.lists(st.tuples(money, money), min_size=1, max_size=12))
    due = np.zeros((len(rows), len(Due)), np.int64)
    due[:, DUE_MONEY] = rows
    due[:, Due.ON], due[:, Due.CLEARED_ON] = np.arange(len(rows)) * 30, NEVER
    pieces = draw(st.lists(st.tuples(money, money, money, money), max_size=12))
    paid = np.zeros((len(pieces), len(Paid)), np.int64)
    if pieces:
        paid[:, PAID_MONEY] = pieces
        paid[:, Paid.ON] = np.arange(len(pieces)) * 17
        added = draw(st.integers(0, len(pieces) - 1))
        paid[added] = 0
        paid[added, Paid.DUE], paid[added, Paid.PRINCIPAL] = OUTSIDE, -draw(money)
    ends = np.array([draw(money) for _ in End], np.int64)
    return due, paid, ends


def divided(due, paid, ends, shares):
    found = []
    for is_rest in (False, True):
        part = tuple(np.full_like(each, -7) for each in (due, paid, ends))
        divide_history(due, len(due), paid, len(paid), ends, shares, is_rest, *part)
        found.append(part)
    return found


@given(histories(), shares_ppm, shares_ppm, shares_ppm)
def test_our_part_and_the_rest_are_the_loan_to_the_fen(history, principal, interest, fee):
    shares = contract(principal, interest, fee)
    ours, rest = divided(*history, shares)
    for whole, mine, theirs, columns in zip(history, ours, rest, (DUE_MONEY, PAID_MONEY, END_MONEY), strict=True):
        assert np.array_equal(mine[..., columns] + theirs[..., columns], whole[..., columns])
        days = [column for column in range(whole.shape[-1]) if column not in columns]
        assert np.array_equal(mine[..., days], whole[..., days])
        assert np.array_equal(theirs[..., days], whole[..., days])
        # Who pays more never gets less: a part has the sign of its amount and is no larger.
        assert (np.abs(mine[..., columns]) <= np.abs(whole[..., columns])).all()
        assert (np.abs(theirs[..., columns]) <= np.abs(whole[..., columns])).all()


@given(histories(), shares_ppm)
def test_what_is_ours_of_all_so_far_is_our_share_of_it(history, principal):
    due, paid, ends = history
    (mine_due, mine_paid, mine_ends), _ = divided(due, paid, ends, contract(principal, principal, principal))
    for column in DUE_MONEY:
        assert [ours_of(int(each), principal) for each in due[:, column].cumsum()] == mine_due[:, column].cumsum().tolist()
    came = paid[:, Paid.DUE] != OUTSIDE
    for column in (Paid.PRINCIPAL, Paid.INTEREST, Paid.RECOVERED, Paid.CHARGES):
        sums = paid[came, column].cumsum()
        assert [ours_of(int(each), principal) for each in sums] == mine_paid[came, column].cumsum().tolist()
    added = int(paid[~came, Paid.PRINCIPAL].sum())
    lent = int(ends[End.OPENED_BALANCE]) - added
    assert int(mine_ends[End.OPENED_BALANCE]) - int(mine_paid[~came, Paid.PRINCIPAL].sum()) == ours_of(lent, principal)


@example(5, 300_000)
@example(5, 700_000)
@example(1, 499_999)
@given(money, st.integers(1, PPM - 1).filter(lambda ppm: 2 * ppm != PPM))
def test_two_holders_get_what_the_platform_settles_with_them(amount, ppm):
    platform = split(np.array([0]), np.array([amount]), np.array([ppm, PPM - ppm]))
    assert ours_of(amount, ppm) == platform[0, 0]


@given(shares_ppm, st.integers(0, PPM), st.integers(0, PPM), st.integers(0, RATE_SCALE), st.integers(1, RATE_SCALE))
def test_what_we_have_of_interest_and_charges_is_what_the_shares_say(principal, interest, fee, coupon, annual):
    """Interest up to the coupon by the one share, above it by the other; our parts are off by less than two millionths."""
    row = np.zeros((1, FIELDS), np.int64)
    row[0, [Field.OWN_PRINCIPAL, Field.OWN_INTEREST, Field.OWN_FEE]] = principal, interest, fee
    row[0, [Field.COUPON_ANNUAL, Field.RATE_ANNUAL]] = coupon, annual
    found = [int(each) for each in parts_of(row)[0]]
    assert all(0 <= each <= PPM for each in found)
    below = min(coupon, annual) / annual
    whole = found[Part.INTEREST] + (PPM - found[Part.INTEREST]) * found[Part.SERVICE] / PPM
    assert whole == pytest.approx(below * interest + (1 - below) * fee, abs=2)
    charges = found[Part.CHARGES] + (PPM - found[Part.CHARGES]) * found[Part.SERVICE_CHARGES] / PPM
    assert charges == pytest.approx(fee, abs=2)
    assert found[Part.PRINCIPAL] == principal


def test_the_example_mandate_leaves_us_three_tenths_of_the_loan_and_what_the_bank_pays_above_its_coupon():
    assert contract(300_000, 300_000, PPM).tolist() == [300_000, 300_000, 300_000, 300_000, PPM]
    # A loan that nobody lends with us.
    assert contract(PPM, PPM, PPM).tolist() == [PPM, PPM, PPM, 0, 0]
