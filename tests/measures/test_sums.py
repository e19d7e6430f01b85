"""Sums of int64 are exact or raise; they never wrap."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.loans.batches import Classes
from loanbook.measures.cells import Cells, empty_cells, from_tables, to_tables
from loanbook.measures.evaluation import add_up, frame
from loanbook.measures.periods import Period
from loanbook.measures.space import Space, space
from loanbook.measures.sums import added, exact_sum
from loanbook.measures.window import window
from loanbook.terms.families import BY_NAME
from loanbook.terms.measure import Sum
from loanbook.units import MONEY_MAX, day
from tests.measures.random_loans import CLASSES

pytestmark = pytest.mark.plain
WHOLE = st.integers(-MONEY_MAX - 1, MONEY_MAX)


def made_space(classes: Classes = CLASSES) -> Space:
    return space(classes, window(since=day("2024-01-01"), as_of=day("2024-03-31")))


def position(found: Space, **cells: int) -> Cells:
    """Cells of one month-end position each, principal by month number: m0=..., m1=..."""
    made = empty_cells(found)
    dense = made.families["position"].reshape(*found.shape(BY_NAME["position"]), 2)
    for month, amount in cells.items():
        dense[0, int(month[1:]), 0] = (1, amount)
    return made


@given(st.lists(WHOLE, max_size=50))
def test_the_exact_sum_is_that_of_python(values):
    assert exact_sum(np.array(values, np.int64)) == sum(values)


@given(st.lists(st.tuples(WHOLE, WHOLE), max_size=20))
def test_two_columns_add_up_or_raise(pairs):
    one, other = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    exact = [a + b for a, b in pairs]
    with np.errstate(over="ignore"):
        if all(-MONEY_MAX - 1 <= value <= MONEY_MAX for value in exact):
            assert added(one, other, "the figure").tolist() == exact
        else:
            with pytest.raises(OverflowError, match="the figure does not fit in 64 bits"):
                added(one, other, "the figure")


def test_cells_of_two_passes_that_leave_int64_raise():
    found = made_space()
    half = position(found, m0=MONEY_MAX // 2 + 1)
    with np.errstate(over="ignore"), pytest.raises(OverflowError, match="family position does not fit in 64 bits"):
        half + half
    rows = to_tables(half)["position"]
    twice = {"position": rows.from_batches([*rows.to_batches(), *rows.to_batches()])}
    with pytest.raises(OverflowError, match="family position"):
        from_tables(found, twice)


def test_a_sum_over_months_that_leaves_int64_raises_though_each_month_fits():
    found = made_space()
    over = Period(first=0, last=2, starts_on=dt.date(2024, 1, 1), ends_on=dt.date(2024, 3, 31))
    part = Sum(columns=((1, "principal_fen"),), where={}, without={})
    rows = np.arange(found.rows(BY_NAME["position"]))
    fits = position(found, m0=MONEY_MAX - 5, m1=3, m2=2)
    framed = frame(found, BY_NAME["position"], rows)
    assert add_up(fits, framed, part, over, ("bucket",))["bucket", "current"] == MONEY_MAX
    beyond = position(found, m0=MONEY_MAX - 5, m1=3, m2=3)
    with pytest.raises(OverflowError, match="does not fit in 64 bits"):
        add_up(beyond, framed, part, over, ("bucket",))
