"""Accrual, non-accrual and its return: the state of a day against a walk through all days."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.loans.earning_interest import Accrual, Return
from loanbook.units import NEVER
from tests.accounting.kernels import interest
from tests.reference import revenue_and_guarantees as twin

pytestmark = pytest.mark.plain
OPENED = 19_700
KEEP_AND_CATCH_UP = (60, Return.BELOW, 1, 0)


def policy(after: int, back: int, catch_up: int, reverse: int) -> np.ndarray:
    row = np.zeros(len(Accrual), np.int64)
    row[[Accrual.AFTER_DAYS, Accrual.RETURN, Accrual.CATCH_UP, Accrual.REVERSE]] = after, back, catch_up, reverse
    return row


def figures(choices, due, day, *, ended_on=NEVER, charged_off_on=NEVER):
    """The kernel's recognised and reversed; interest is collected on the day that its row left arrears."""
    until = min(day, charged_off_on)
    collected = sum(interest for _, interest, cleared in due if cleared <= until)
    columns = np.array(due, np.int64).reshape(-1, 3).T
    return interest(
        policy(*choices),
        columns[0],
        columns[1],
        columns[2],
        OPENED,
        collected,
        day=day,
        ended_on=ended_on,
        charged_off_on=charged_off_on,
    )


@st.composite
def histories(draw: st.DrawFn):
    """Rows whose instalments are paid early, on the day, late or never; the oldest first or not."""
    on, due = OPENED, []
    for _ in range(draw(st.integers(1, 7))):
        on += draw(st.integers(1, 35))
        cleared = draw(st.one_of(st.just(NEVER), st.integers(on - 5, on + 130), st.just(on)))
        due.append((on, draw(st.integers(0, 9_999)), cleared))
    if draw(st.booleans()):
        latest, paid = 0, []
        for on, interest, cleared in due:
            latest = max(latest, cleared)
            paid.append((on, interest, latest))
        due = paid
    return due


@given(
    histories(),
    st.tuples(st.integers(0, 70), st.sampled_from(list(Return)), st.integers(0, 1), st.integers(0, 1)),
    st.integers(0, 420),
    st.one_of(st.just(NEVER), st.integers(OPENED, OPENED + 420)),
)
def test_a_state_equals_the_walk_through_all_days(due, choices, offset, charged_off_on):
    day = OPENED + offset
    after, back, catch_up, reverse = choices
    expected = twin.walk_interest(
        due,
        OPENED,
        NEVER,
        charged_off_on,
        lambda until: sum(interest for _, interest, cleared in due if cleared <= until),
        day,
        after=after,
        current=back == Return.CURRENT,
        catch_up=catch_up,
        reverse=reverse,
    )
    assert figures(choices, due, day, charged_off_on=charged_off_on) == expected


def late_loan(cleared: int):
    """Three rows of 100 a month; the first is paid on time, the second 30 days after the disbursement + 60 never or late."""
    return [(OPENED + 30, 100, OPENED + 30), (OPENED + 60, 100, cleared), (OPENED + 90, 100, cleared)]


def test_interest_accrues_to_sixty_days_past_due_and_not_on():
    due = late_loan(NEVER)
    assert figures(KEEP_AND_CATCH_UP, due, OPENED + 75) == (250, 0)
    assert figures((15, Return.BELOW, 1, 0), due, OPENED + 75) == (250, 0)
    assert figures((15, Return.BELOW, 1, 0), due, OPENED + 76) == (250, 0)
    assert figures((15, Return.BELOW, 1, 0), due, OPENED + 89) == (250, 0)


def test_accrued_interest_is_reversed_where_the_policy_says_so_and_cash_is_income():
    due = late_loan(NEVER)
    assert figures((15, Return.BELOW, 1, 1), due, OPENED + 76) == (250, 150)


def test_a_loan_brought_current_catches_up_at_once_or_with_cash():
    due = [*late_loan(OPENED + 100), (OPENED + 120, 100, NEVER)]
    assert figures((15, Return.CURRENT, 1, 0), due, OPENED + 99) == (250, 0)
    # Row 3 was paid with row 2, a third of row 4 has accrued by days.
    assert figures((15, Return.CURRENT, 1, 0), due, OPENED + 100) == (333, 0)
    # Without catching up, what was collected (300) is income at least; the days without accrual are not.
    assert figures((15, Return.CURRENT, 0, 0), due, OPENED + 100) == (300, 0)


def test_a_loan_that_was_paid_off_has_earned_what_came_in():
    due = late_loan(NEVER)
    assert figures(KEEP_AND_CATCH_UP, due, OPENED + 70, ended_on=OPENED + 70) == (100, 0)


def test_after_a_charge_off_nothing_moves():
    due = late_loan(NEVER)
    at = figures(KEEP_AND_CATCH_UP, due, OPENED + 300, charged_off_on=OPENED + 241)
    assert at == figures(KEEP_AND_CATCH_UP, due, OPENED + 900, charged_off_on=OPENED + 241) == (300, 0)


def test_nothing_is_earned_before_the_loan_is_made():
    assert figures(KEEP_AND_CATCH_UP, late_loan(NEVER), OPENED - 1) == (0, 0)


def test_a_loan_that_is_late_again_on_the_day_it_caught_up_was_never_current():
    """The first row clears on the day after the second fell due, so at no day's end is nothing past due."""
    due = [(OPENED + 30, 100, OPENED + 61), (OPENED + 60, 100, OPENED + 70)]
    assert figures((15, Return.CURRENT, 1, 0), due, OPENED + 65) == (150, 0)
    assert figures((15, Return.BELOW, 1, 0), due, OPENED + 65) == (200, 0)
    # Paid a day sooner, it was current at the end of that day.
    sooner = [(OPENED + 30, 100, OPENED + 60), (OPENED + 60, 100, OPENED + 70)]
    assert figures((15, Return.CURRENT, 1, 0), sooner, OPENED + 65) == (200, 0)


def test_a_later_row_that_is_paid_first_does_not_end_the_arrears_of_an_older_one():
    due = [(OPENED + 30, 100, OPENED + 100), (OPENED + 60, 100, OPENED + 65)]
    assert figures((15, Return.CURRENT, 1, 0), due, OPENED + 80) == (150, 0)
