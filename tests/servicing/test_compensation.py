"""Which loans a guarantor compensates on a day, how far, out of what; and which loans a vehicle sells back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.errors import RequestError
from loanbook.servicing.compensation import buy_backs_of, cap_left_fen, compensation_of, deposit_call_fen
from loanbook.terms.vehicle_file import SHIPPED, read_vehicle
from loanbook.units import date, day

AS_OF = day("2026-05-20")


def ints(*values):
    return np.array(values, np.int64)


def compensate(loans, *, cap=None, deposit=0, dpd=60, compensated=()):
    number, days, *owed = (ints(*column) for column in zip(*loans, strict=True))
    return compensation_of(
        number,
        days,
        np.column_stack(owed),
        compensated=np.isin(number, compensated),
        compensation_dpd=dpd,
        as_of=AS_OF,
        cap_left=cap,
        deposit_left=deposit,
    )


def test_a_loan_is_compensated_on_the_first_day_it_is_far_enough_past_due():
    found = compensate([(1, 59, 100, 10), (2, 60, 200, 20), (3, 63, 300, 30), (4, 60, 0, 0), (5, 99, 7, 7)], compensated=[5])
    assert found.loan_no.tolist() == [3, 2]
    # Loan 3 was due three days ago; a day close that missed the days in between says so.
    assert [str(date(on)) for on in found.claimed_on] == ["2026-05-17", "2026-05-20"]
    assert found.paid_fen.tolist() == [[300, 30], [200, 20]]
    assert not found.uncovered_fen.any()
    assert found.from_guarantor_fen.tolist() == [330, 220]


def test_a_cap_is_used_up_in_order_component_by_component_and_the_deposit_pays_first():
    found = compensate([(1, 61, 300, 30), (2, 60, 200, 20), (3, 60, 100, 10)], cap=400, deposit=340)
    assert found.loan_no.tolist() == [1, 2, 3]
    assert found.paid_fen.tolist() == [[300, 30], [70, 0], [0, 0]]
    assert found.uncovered_fen.tolist() == [[0, 0], [130, 20], [100, 10]]
    assert found.from_deposit_fen.tolist() == [330, 10, 0]
    assert found.from_guarantor_fen.tolist() == [0, 60, 0]


LOANS = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 900), st.integers(0, 90)), min_size=1, max_size=9)


@given(LOANS, st.one_of(st.none(), st.integers(0, 2_000)), st.integers(0, 2_000), st.randoms())
def test_nothing_is_lost_and_the_order_of_loans_does_not_matter(loans, cap, deposit, random):
    rows = [(number, *loan) for number, loan in enumerate(loans)]
    found = compensate(rows, cap=cap, deposit=deposit)
    due = {number: (principal, interest) for number, days, principal, interest in rows if days >= 60 and principal + interest}
    assert set(found.loan_no.tolist()) == set(due)
    paid = int(found.paid_fen.sum())
    owed = sum(map(sum, due.values()))
    assert paid == (owed if cap is None else min(owed, cap))
    assert paid + int(found.uncovered_fen.sum()) == owed
    assert int(found.from_deposit_fen.sum()) == min(paid, deposit)
    assert (found.from_deposit_fen + found.from_guarantor_fen == found.paid_fen.sum(axis=1)).all()
    assert [tuple(row) for row in (found.paid_fen + found.uncovered_fen).tolist()] == [
        due[each] for each in found.loan_no.tolist()
    ]
    random.shuffle(rows)
    again = compensate(rows, cap=cap, deposit=deposit)
    assert again.loan_no.tolist() == found.loan_no.tolist()
    assert again.paid_fen.tolist() == found.paid_fen.tolist()


@given(st.lists(st.integers(1, 500), min_size=2, max_size=6), st.integers(0, 1_500), st.integers(1, 20))
def test_a_gap_of_days_pays_what_daily_closes_would(owed, cap, gap):
    """Loans reach their day one after another; closing each day, or once at the end, pays the same loans the same amounts."""
    starts = [number * 3 % gap for number in range(len(owed))]
    daily, left = {}, cap
    for today in range(gap):
        rows = [(number, 60 + today - start, fen) for number, (start, fen) in enumerate(zip(starts, owed, strict=True))]
        found = compensate(rows, cap=left, compensated=list(daily))
        daily |= dict(zip(found.loan_no.tolist(), found.paid_fen.sum(axis=1).tolist(), strict=True))
        left -= int(found.paid_fen.sum())
    once = compensate(rows, cap=cap)
    assert dict(zip(once.loan_no.tolist(), once.paid_fen.sum(axis=1).tolist(), strict=True)) == daily


def test_a_day_without_loans_owes_nothing():
    found = compensation_of(
        ints(),
        ints(),
        np.zeros((0, 2), np.int64),
        compensated=ints(),
        compensation_dpd=60,
        as_of=AS_OF,
        cap_left=0,
        deposit_left=9,
    )
    assert found.paid_fen.shape == (0, 2)
    assert found.from_deposit_fen.tolist() == []


def test_the_cap_follows_what_was_lent_paid_and_recovered():
    assert cap_left_fen(None, 10, 0, 0) is None
    assert cap_left_fen(80_000, 1_000_000_01, 7_000_000, 500_000) == 1_500_000
    assert cap_left_fen(80_000, 1_000_000_00, 9_000_000, 0) == 0


def test_a_deposit_is_filled_up_once_it_is_below_its_floor():
    deposit = read_vehicle(SHIPPED / "cairn_guarantee.yaml").deposit
    assert deposit is not None
    assert deposit_call_fen(deposit, 300_000_000) == 0
    assert deposit_call_fen(deposit, 299_999_999) == 200_000_001


def test_what_makes_no_sense_is_refused():
    with pytest.raises(RequestError, match="from 1 day past due on, not from 0"):
        compensate([(1, 5, 1)], dpd=0)
    with pytest.raises(RequestError, match="must not be negative"):
        compensate([(1, 60, -1)])
    with pytest.raises(RequestError, match="harbour_bank sells no loans back"):
        buy_backs_of(
            read_vehicle(SHIPPED / "harbour_bank.yaml"),
            ints(),
            ints(),
            principal_fen=ints(),
            interest_fen=ints(),
            sold_back=ints(),
        )


@pytest.mark.parametrize(("code", "prices"), [("bluewater_abs_1", [300, 200]), ("harbour_trust_1", [303, 202])])
def test_a_vehicle_sells_loans_of_30_to_90_days_back_once(code, prices):
    found = buy_backs_of(
        read_vehicle(SHIPPED / f"{code}.yaml"),
        ints(9, 2, 3, 4, 5),
        ints(90, 29, 30, 91, 45),
        principal_fen=ints(200, 100, 300, 400, 500),
        interest_fen=ints(2, 1, 3, 4, 5),
        sold_back=np.array([False, False, False, False, True]),
    )
    assert found.loan_no.tolist() == [3, 9]
    assert found.price_fen.tolist() == prices
    assert found.missed.tolist() == [4]
