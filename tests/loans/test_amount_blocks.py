"""Blocks of loans: the same rows as one loan after another, for every method, rounding rule and size of amount."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.loans.test_schedule import made_row, rows

from loanbook.loans.amount_blocks import LANES, fill_block
from loanbook.loans.amounts import fill_amounts
from loanbook.loans.schedule import prepare
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Method
from loanbook.units import NEVER, Rounding, day, rate

pytestmark = pytest.mark.plain

MOST = 40
NO_CALENDAR = (np.zeros(0, np.bool_), 0)


def scratch(shape):
    return np.full(shape, -7, np.int64)


def in_block(row, amounts, installments, start, prepared):
    fraction, numerator, denominator = prepared
    principal, interest = scratch((MOST, LANES)), scratch((MOST, LANES))
    one = (scratch(MOST), scratch(MOST))
    count = fill_block(
        row,
        amounts,
        installments,
        start,
        amounts.size,
        fraction,
        numerator,
        denominator,
        scratch(LANES),
        scratch(LANES),
        *one,
        principal,
        interest,
    )
    return count, principal[:count], interest[:count]


def prepare_row(row, on):
    fraction = scratch(MOST)
    _, numerator, denominator = prepare(row, on, NEVER, *NO_CALENDAR, scratch(MOST), fraction)
    return fraction, numerator, denominator


@settings(deadline=None)
@example(made_row(method=Method.LEVEL, count=3, rate_annual=rate("0.24"), rounding=Rounding.HALF_EVEN), [1, 2, 3], 0, 0)
@given(
    rows() | rows(methods=[Method.LEVEL]),
    st.lists(st.integers(1, 10**7) | st.integers(1, 10**14), min_size=1, max_size=LANES),
    st.integers(0, 3),
    st.sampled_from([0, 0, 1, 10_000]),
)
def test_a_block_has_the_rows_of_its_loans_one_by_one(row, amounts, before, installment):
    plain = row[Field.METHOD] == Method.LEVEL
    if plain and installment % 2 == 0:
        row[[Field.SMOOTHING, Field.DOWN_PAYMENT_PPM, Field.GRACE_PRINCIPAL, Field.GRACE_INTEREST]] = 0
    column = np.array([5] * before + amounts, np.int64)
    asked = np.full(column.size, installment, np.int64)
    prepared = prepare_row(row, day("2024-01-31"))
    count, principal, interest = in_block(row, column, asked, before, prepared)
    for lane, amount in enumerate(amounts):
        one_principal, one_interest = scratch(MOST), scratch(MOST)
        assert count == fill_amounts(row, amount, installment, *prepared, one_principal, one_interest)
        assert principal[:, lane].tolist() == one_principal[:count].tolist()
        assert interest[:, lane].tolist() == one_interest[:count].tolist()
        assert principal[:, lane].sum() == amount


@pytest.mark.parametrize("rule", Rounding)
def test_ties_and_everything_between_round_as_one_by_one(rule):
    # 0.25 % a period: every 200th amount has a tie in its first row, the others whatever lies between.
    row = made_row(method=Method.LEVEL, count=12, rate_annual=rate("0.03"), rounding=rule)
    prepared = prepare_row(row, day("2024-03-05"))
    for start in range(1, 4_000, LANES):
        amounts = np.arange(start, start + LANES, dtype=np.int64)
        count, principal, interest = in_block(row, amounts, np.zeros(LANES, np.int64), 0, prepared)
        for lane in (0, 7, LANES - 1):
            one_principal, one_interest = scratch(MOST), scratch(MOST)
            fill_amounts(row, int(amounts[lane]), 0, *prepared, one_principal, one_interest)
            assert principal[:, lane].tolist() == one_principal[:count].tolist()
            assert interest[:, lane].tolist() == one_interest[:count].tolist()


def test_amounts_beyond_the_estimate_take_the_long_way():
    row = made_row(method=Method.LEVEL, count=6, rate_annual=rate("0.36"), rounding=Rounding.HALF_EVEN)
    prepared = prepare_row(row, day("2024-03-05"))
    amounts = np.array([4 * 10**17, 12_345], np.int64)
    count, principal, interest = in_block(row, amounts, np.zeros(2, np.int64), 0, prepared)
    for lane, amount in enumerate(amounts.tolist()):
        one_principal, one_interest = scratch(MOST), scratch(MOST)
        fill_amounts(row, amount, 0, *prepared, one_principal, one_interest)
        assert (principal[:, lane].tolist(), interest[:, lane].tolist()) == (
            one_principal[:count].tolist(),
            one_interest[:count].tolist(),
        )
