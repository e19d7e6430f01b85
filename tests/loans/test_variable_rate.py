"""Variable-rate loans: resets, re-fixed payments, capitalised interest, balloons; equal to the naive twin step by step."""

import datetime as dt
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference import variable_rate as twin

from loanbook.loans.cycles import Stub, cycle_dates
from loanbook.loans.variable_rate import Opening, Position, Step, interest_between, refixed_payment, reset_rate, walks
from loanbook.terms.conventions import DayCount, MonthEnd, Unit
from loanbook.units import HALF_EVEN, HALF_UP, RATE_SCALE, date, day, rate

pytestmark = pytest.mark.plain

TWIN_DAY_COUNT = {
    DayCount.ACTUAL_365_FIXED: twin.ACTUAL_365,
    DayCount.ACTUAL_360: twin.ACTUAL_360,
    DayCount.THIRTY_E_360: twin.THIRTY_E_360,
    DayCount.ACTUAL_ACTUAL_ISDA: twin.ISDA,
}
TWIN_ROUNDING = {HALF_EVEN: twin.half_even, HALF_UP: twin.half_up}


def walked(
    opened, balance, annual, steps, *, due=(), accrued=0, payment=0, base=None, day_count=DayCount.ACTUAL_365_FIXED, rule=0
):
    """The positions of one loan; steps are (step, day number, value)."""
    opening = np.zeros((1, len(Opening)), np.int64)
    opening[0, Opening.OPENED_ON] = opened
    opening[0, Opening.BALANCE] = balance
    opening[0, Opening.RATE_ANNUAL] = annual
    opening[0, Opening.ACCRUED] = accrued
    opening[0, Opening.PAYMENT] = payment
    opening[0, Opening.BASE] = 0 if base is None else base
    opening[0, Opening.BASE_FIXED] = int(base is not None)
    opening[0, Opening.DAY_COUNT] = int(day_count)
    opening[0, Opening.ROUNDING] = rule
    kind, on, value = np.array(steps, np.int64).reshape(-1, 3).T.copy()
    due_on = np.array(due, np.int64)
    return walks(opening, np.array([0, kind.size]), kind, on, value, np.array([0, due_on.size]), due_on)


def monthly(opened, count):
    """Due days 1..count, a month apart."""
    end = cycle_dates(opened, opened + 31 * (count + 2), int(Unit.MONTH), 1, int(MonthEnd.SAME_DAY), int(Stub.SHORT))
    return [int(number) for number in end[1 : count + 1]]


def level_steps(opened, dues, *, extra=()):
    """An annuity fixed at the opening: pay, interest, ..., the last due date settles what is left. `extra` sorts in by day."""
    steps = [(Step.REFIX, opened, 0)]
    for number in dues[:-1]:
        steps += [(Step.PAY_LEVEL, number, 0), (Step.PAY_INTEREST, number, 0)]
    steps += [(Step.PAY_INTEREST, dues[-1], 0), (Step.SETTLE, dues[-1], 0)]
    return sorted([*steps, *extra], key=lambda step: step[1])


def test_a_reset_changes_interest_from_its_day_on():
    opened = day("2025-01-01")
    steps = [
        (Step.RESET, day("2025-01-16"), rate("0.20")),
        (Step.PAY_INTEREST, day("2025-01-31"), 0),
        (Step.SETTLE, day("2025-01-31"), 0),
    ]
    position = walked(opened, 3_650_000, rate("0.10"), steps)
    assert position[:, Position.ACCRUED].tolist() == [15_000, 0, 0]
    assert position[:, Position.CASH].tolist() == [0, 15_000 + 30_000, 3_650_000]
    assert position[:, Position.RATE_ANNUAL].tolist() == [rate("0.20")] * 3


def test_a_payment_below_the_interest_raises_the_balance():
    opened = day("2025-01-01")
    position = walked(opened, 3_650_000, rate("0.10"), [(Step.PAY_LEVEL, opened + 30, 0)], payment=10_000, due=[opened + 30])
    assert position[0, Position.CASH] == 10_000 - 30_000
    assert position[0, Position.BALANCE] == 3_670_000


def test_a_payment_never_repays_more_than_the_balance():
    opened = day("2025-01-01")
    steps = [(Step.PAY_PRINCIPAL, opened + 30, 0), (Step.PAY_PRINCIPAL, opened + 60, 0), (Step.PAY_PRINCIPAL, opened + 90, 0)]
    position = walked(opened, 500, 0, steps, payment=300)
    assert position[:, Position.CASH].tolist() == [300, 200, 0]
    level = [(Step.PAY_LEVEL, opened + 30, 0)]
    assert walked(opened, 500, 0, level, payment=700, due=[opened + 30])[0, Position.CASH] == 500


def test_capitalised_interest_earns_interest():
    opened = day("2025-01-01")
    steps = [(Step.CAPITALISE, opened + 365, 0), (Step.PAY_INTEREST, opened + 730, 0), (Step.SETTLE, opened + 730, 0)]
    position = walked(opened, 1_000_000, rate("0.10"), steps)
    assert position[:, Position.CASH].tolist() == [0, 110_000, 1_100_000]


def test_a_fixed_base_earns_the_interest_until_it_is_fixed_again():
    opened = day("2025-01-01")
    steps = [
        (Step.PAY_PRINCIPAL, opened + 30, 0),
        (Step.PAY_INTEREST, opened + 60, 0),
        (Step.FIX_BASE, opened + 60, 0),
        (Step.PAY_INTEREST, opened + 90, 0),
    ]
    position = walked(opened, 3_650_000, rate("0.10"), steps, payment=1_825_000, base=7_300_000)
    assert position[:, Position.CASH].tolist() == [1_825_000, 120_000, 0, 15_000]


def test_interest_given_at_the_opening_is_paid_first():
    opened = day("2025-01-01")
    position = walked(opened, 3_650_000, rate("0.10"), [(Step.PAY_INTEREST, opened, 0)], accrued=77)
    assert position[0, Position.CASH] == 77


def test_a_balloon_is_what_an_amortisation_beyond_maturity_leaves():
    opened = day("2025-01-01")
    dues = monthly(opened, 24)
    short = level_steps(opened, dues[:12])
    position = walked(opened, 1_000_000, rate("0.12"), short, due=dues)
    balloon = int(position[-1, Position.CASH])
    assert 500_000 < balloon < 600_000
    whole = walked(opened, 1_000_000, rate("0.12"), level_steps(opened, dues), due=dues)
    assert whole[:22, Position.CASH].tolist() == position[:22, Position.CASH].tolist()


def test_a_reset_keeps_the_rate_within_its_limits():
    none = 1_000 * RATE_SCALE
    one = RATE_SCALE
    assert reset_rate(rate("0.08"), rate("0.03"), one, rate("0.10"), -none, none, -none, none) == rate("0.13")
    assert reset_rate(rate("0.08"), rate("0.03"), 2 * one, rate("-0.10"), -none, none, -none, none) == rate("-0.04")
    assert reset_rate(rate("0.08"), rate("0.03"), one, rate("0.10"), -none, rate("0.12"), -none, none) == rate("0.12")
    assert reset_rate(rate("0.08"), rate("0.03"), one, rate("0.10"), -none, none, -none, rate("0.01")) == rate("0.09")
    assert reset_rate(rate("0.08"), 0, one, 0, rate("0.02"), none, rate("-0.01"), none) == rate("0.07")
    assert reset_rate(rate("0.08"), 0, one, 0, rate("0.075"), none, rate("-0.01"), none) == rate("0.075")


def test_no_payment_is_fixed_where_nothing_is_left_to_pay():
    due = np.array([day("2025-02-01"), day("2025-03-01")], np.int64)
    assert refixed_payment(1_000, rate("0.1"), due, 2, int(DayCount.ACTUAL_360), HALF_UP) == 0
    assert refixed_payment(0, rate("0.1"), due, 0, int(DayCount.ACTUAL_360), HALF_UP) == 0
    assert walked(day("2025-01-01"), 1_000, 0, [(Step.REFIX, day("2025-01-02"), 0)])[0, Position.PAYMENT] == 0


def test_steps_out_of_order_and_unknown_steps_are_errors():
    opened = day("2025-01-01")
    with pytest.raises(ValueError, match="in the order of their days"):
        walked(opened, 1_000, 0, [(Step.ACCRUE, opened - 1, 0)])
    with pytest.raises(ValueError, match="unknown step"):
        walked(opened, 1_000, 0, [(99, opened, 0)])


def test_interest_that_does_not_fit_raises_instead_of_wrapping():
    opened = day("2025-01-01")
    with pytest.raises(OverflowError):
        interest_between(10**18, rate("5"), opened, opened + 730, int(DayCount.ACTUAL_365_FIXED), HALF_UP)


LOANS = st.fixed_dictionaries(
    {
        "opened": st.integers(day("2012-01-01"), day("2030-12-31")),
        "balance": st.integers(1_000, 10**12),
        "annual": st.integers(0, rate("0.36")),
        "count": st.integers(2, 14),
        "day_count": st.sampled_from(list(TWIN_DAY_COUNT)),
        "rule": st.sampled_from(list(TWIN_ROUNDING)),
    }
)


@settings(max_examples=40, deadline=None)
@given(LOANS)
def test_principal_sums_to_the_loan_and_the_last_payment_is_level_but_for_rounding(loan):
    dues = monthly(loan["opened"], loan["count"])
    steps = level_steps(loan["opened"], dues)
    position = walked(
        loan["opened"], loan["balance"], loan["annual"], steps, due=dues, day_count=loan["day_count"], rule=loan["rule"]
    )
    kind = np.array([step for step, _, _ in steps])
    principal = position[(kind == Step.PAY_LEVEL) | (kind == Step.SETTLE), Position.CASH]
    assert principal.sum() == loan["balance"]
    last = int(position[-2, Position.CASH] + position[-1, Position.CASH])
    # Half a minor unit of the payment and of each accrual, compounded: below one minor unit and a half a period.
    assert abs(last - int(position[0, Position.PAYMENT])) <= 1.5 * loan["count"] * (1 + loan["annual"] / RATE_SCALE) ** 2


@settings(max_examples=40, deadline=None)
@given(LOANS, st.data())
def test_a_reset_to_the_same_rate_on_a_due_date_changes_nothing_and_a_refix_no_more_than_rounding(loan, data):
    dues = monthly(loan["opened"], loan["count"])
    on = data.draw(st.sampled_from(dues))
    options = {"due": dues, "day_count": loan["day_count"], "rule": loan["rule"]}
    plain = walked(loan["opened"], loan["balance"], loan["annual"], level_steps(loan["opened"], dues), **options)
    with_reset = level_steps(loan["opened"], dues, extra=[(Step.RESET, on, loan["annual"])])
    rows = [number for number, step in enumerate(with_reset) if step[0] != Step.RESET]
    reset = walked(loan["opened"], loan["balance"], loan["annual"], with_reset, **options)
    assert (reset[rows] == plain).all()
    with_refix = level_steps(loan["opened"], dues, extra=[(Step.RESET, on, loan["annual"]), (Step.REFIX, on, 0)])
    refixed = walked(loan["opened"], loan["balance"], loan["annual"], with_refix, **options)
    left = int(np.searchsorted(dues, on, side="right"))
    if left < len(dues):
        first, last = refixed[0, Position.PAYMENT], refixed[-1, Position.PAYMENT]
        assert abs(int(first) - int(last)) <= 1.5 * loan["count"]


KINDS = st.sampled_from([step for step in Step if step is not Step.SETTLE])


@settings(max_examples=60, deadline=None)
@given(LOANS, st.data())
def test_any_order_of_steps_equals_the_naive_twin(loan, data):
    opened = loan["opened"]
    dues = monthly(opened, loan["count"])
    days = sorted(data.draw(st.lists(st.integers(opened, dues[-1]), min_size=1, max_size=12)))
    steps, left = [], list(dues)
    for on in days:
        kind = data.draw(KINDS)
        value = data.draw(st.integers(-rate("0.02"), rate("0.4"))) if kind is Step.RESET else 0
        if kind is Step.REFIX and left and left[0] < on:
            kind = Step.ACCRUE
        if kind is Step.PAY_LEVEL:
            left = left[1:]
        steps.append((kind, on, value))
    steps.append((Step.SETTLE, dues[-1], 0))
    payment = data.draw(st.integers(0, loan["balance"]))
    base = data.draw(st.none() | st.integers(0, loan["balance"]))
    accrued = data.draw(st.integers(0, loan["balance"]))
    options = {"payment": payment, "base": base, "accrued": accrued}
    position = walked(
        opened, loan["balance"], loan["annual"], steps, due=dues, day_count=loan["day_count"], rule=loan["rule"], **options
    )
    naive = twin.Loan(
        date(opened),
        loan["balance"],
        Fraction(loan["annual"], RATE_SCALE),
        day_count=TWIN_DAY_COUNT[loan["day_count"]],
        rounding=TWIN_ROUNDING[loan["rule"]],
        due=[date(number) for number in dues],
        **options,
    )
    for row, (kind, on, value) in zip(position, steps, strict=True):
        cash, balance, annual, owed, regular = naive.take(kind.name.lower(), date(on), Fraction(value, RATE_SCALE))
        assert row.tolist() == [cash, balance, annual * RATE_SCALE, owed, regular], (kind.name, date(on))


def test_many_loans_walk_as_each_alone():
    opened = day("2025-01-31")
    dues = [monthly(opened, count) for count in (3, 7, 12)]
    steps = [level_steps(opened, due) for due in dues]
    alone = [walked(opened, 1_000_000, rate("0.1"), rows, due=due) for rows, due in zip(steps, dues, strict=True)]
    opening = np.zeros((3, len(Opening)), np.int64)
    opening[:, Opening.OPENED_ON] = opened
    opening[:, Opening.BALANCE] = 1_000_000
    opening[:, Opening.RATE_ANNUAL] = rate("0.1")
    opening[:, Opening.DAY_COUNT] = int(DayCount.ACTUAL_365_FIXED)
    kind, on, value = np.concatenate([np.array(rows, np.int64) for rows in steps]).T.copy()
    step_offsets = np.cumsum([0, *map(len, steps)])
    due_offsets = np.cumsum([0, *map(len, dues)])
    together = walks(opening, step_offsets, kind, on, value, due_offsets, np.concatenate(dues))
    assert (together == np.concatenate(alone)).all()


def test_the_twin_counts_years_as_a_calendar_shows_them():
    assert twin.years(dt.date(2023, 12, 31), dt.date(2024, 1, 2), twin.ISDA) == Fraction(1, 365) + Fraction(1, 366)
    assert twin.years(dt.date(2023, 1, 31), dt.date(2023, 2, 28), twin.THIRTY_E_360) == Fraction(28, 360)
