"""A borrowing at amortised cost: no cost, nothing amortised; a cost, all of it by the end and never the other way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.accounting.borrowing import DAYS_A_YEAR, Debt, borrowing_at
from loanbook.errors import RequestError
from loanbook.units import day

START = day("2024-07-01")


@st.composite
def schedules(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """Uneven days and repayments, simple interest by days on what is owed."""
    parts = draw(st.lists(st.integers(1, 10**10), min_size=1, max_size=6))
    rate, at, owed, rows = draw(st.integers(0, 400)), START, sum(parts), []
    for part in parts:
        days = draw(st.integers(1, 700))
        at += days
        rows.append((at, part, (owed * days * rate + 500 * DAYS_A_YEAR) // (1_000 * DAYS_A_YEAR)))
        owed -= part
    return rows


@given(schedules(), st.integers(0, 300), st.lists(st.integers(-5, 4_500), min_size=2, max_size=6))
def test_a_cost_is_amortised_by_the_end_and_nothing_is_without_one(rows, per_mille, offsets):
    cost = sum(principal for _, principal, _ in rows) * per_mille // 1_000
    before = 0
    for on in sorted(START + offset for offset in offsets):
        free = borrowing_at(START, 0, rows, day=on, current_to=on + 365)
        at = borrowing_at(START, cost, rows, day=on, current_to=on + 365)
        assert free[Debt.AMORTISED] == 0
        assert before <= at[Debt.AMORTISED] <= cost
        assert at[Debt.INTEREST] == free[Debt.INTEREST]
        assert at[Debt.CURRENT] + at[Debt.NON_CURRENT] == at[Debt.BORROWED] - at[Debt.REPAID] - at[Debt.COST] + at[Debt.AMORTISED]
        before = at[Debt.AMORTISED]
    assert borrowing_at(START, cost, rows, day=rows[-1][0], current_to=0)[Debt.AMORTISED] == cost


def test_more_is_amortised_while_more_is_owed():
    """1,000,000.00 at 8 %, 600,000.00 repaid after a month: the rate of both rows is the same on what is owed less the cost."""
    rows = [(START + 31, 60_000_000, 679_452), (START + 396, 40_000_000, 3_200_000)]
    at = borrowing_at(START, 1_000_000, rows, day=START + 31, current_to=START + 365)[Debt.AMORTISED]
    carrying = 99_000_000
    rate = (679_452 + at) / carrying / 31
    left = carrying + at - 60_000_000
    assert left * rate * 365 == pytest.approx(40_000_000 + 3_200_000 - left, abs=50)
    assert at > 1_000_000 * 31 / 396


def test_a_cost_that_leaves_nothing_is_refused():
    with pytest.raises(RequestError, match=r"a borrowing of 10\.00 cannot have an issue cost of 10\.00"):
        borrowing_at(START, 1_000, [(START + 1, 1_000, 0)], day=START, current_to=0)
