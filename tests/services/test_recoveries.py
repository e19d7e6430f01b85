"""What of several payments is overdue money: the first that comes takes it first."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from loanbook.services.day_recoveries import first_come


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 50)), max_size=12),
    st.lists(st.integers(-20, 80), min_size=4, max_size=4),
)
def test_payments_take_their_loans_overdue_money_in_their_order(payments, room):
    found = first_come(
        np.array([loan for loan, _ in payments], np.int64), np.array([fen for _, fen in payments], np.int64), np.array(room)
    )
    left, expected = [max(each, 0) for each in room], []
    for loan, fen in payments:
        expected.append(min(fen, left[loan]))
        left[loan] -= expected[-1]
    assert found.tolist() == expected
