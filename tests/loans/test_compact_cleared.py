"""The decoder of compact loans against the account of the same payments: the day every row left arrears."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.loans.accounts import DISBURSED_ON, contract

from loanbook.kernel import COMPILED
from loanbook.loans.account import Drawdown, account_of, fact_rows
from loanbook.loans.compact import decode_compact
from loanbook.loans.facts import FactKind, Row
from loanbook.loans.history import Due, End, Paid
from loanbook.loans.schedule import schedules
from loanbook.terms.conventions import Payoff
from loanbook.units import NEVER

pytestmark = pytest.mark.plain


def decoded(row: np.ndarray, principal_fen: int, late: list[int], settled_on: int) -> tuple[np.ndarray, np.ndarray]:
    """Due and paid rows of one compact loan."""
    due_on, principal, interest = schedules(row, principal_fen, DISBURSED_ON)
    rows = due_on.shape[1]
    due, paid = np.zeros((rows, len(Due)), np.int64), np.zeros((rows, len(Paid)), np.int64)
    pieces = decode_compact(
        row,
        principal_fen,
        DISBURSED_ON,
        settled_on,
        np.array(late, np.int16),
        0,
        len(late),
        rows,
        due_on[0],
        due_on[0],
        np.ascontiguousarray(principal.T),
        np.ascontiguousarray(interest.T),
        0,
        due,
        paid,
        np.zeros(len(End), np.int64),
    )
    return due, paid[:pieces]


@settings(max_examples=300 if COMPILED else 60, deadline=None)
@given(
    st.integers(100, 120_000),
    st.integers(1, 12),
    st.sampled_from([0, 5, 100, 10_000]),
    st.sampled_from([0, 100, 9_095]),
    st.sampled_from(["0", "0.24"]),
    st.sampled_from([0, 1]),
    st.data(),
)
def test_both_decoders_clear_the_rows_of_a_loan_on_the_same_days(
    principal_fen: int, count: int, tolerance: int, multiple: int, rate: str, recalculate: int, data: st.DataObject
) -> None:
    """Whole instalments, paid early, late or never, and perhaps a settlement of the rest."""
    row = contract(
        count=count,
        rate_annual=rate,
        arrears_tolerance=tolerance,
        installment_multiple=multiple,
        recalculate=recalculate,
        overdue_interest=0,
        payoff=Payoff.TO_DATE,
    )
    due_on, principal, interest = schedules(row, principal_fen, DISBURSED_ON)
    amounts = (principal + interest)[0]
    most = int(np.argmin(amounts > 0)) if (amounts <= 0).any() else count
    late = data.draw(st.lists(st.integers(0 if recalculate else -3, 20), max_size=most))
    facts = [(FactKind.PAYMENT, int(due_on[0, place]) + days, int(amounts[place])) for place, days in enumerate(late)]
    settled_on = NEVER
    if len(late) < count and not recalculate and data.draw(st.booleans()):
        settled_on = int(due_on[0, len(late)]) + data.draw(st.integers(-7, 40))
        facts.append((FactKind.PAYOFF, settled_on, 0))
    due, paid = decoded(row, principal_fen, late, settled_on)
    as_of = int(due_on[0, -1]) + 60
    account = account_of(
        Drawdown(contract=row, principal_fen=principal_fen, disbursed_on=DISBURSED_ON),
        fact_rows(facts),
        as_of=as_of,
        known_on=as_of,
    )
    # A payoff may waive all that a row asks for, and a recalculated plan drops nil rows at its end: no such loan is compact.
    kept = account.rows[:, Row.PRINCIPAL] + account.rows[:, Row.INTEREST] > 0
    assert due[: len(kept)][kept, Due.CLEARED_ON].tolist() == account.rows[kept, Row.CLEARED_ON].tolist()
    assert paid[:, Paid.PRINCIPAL].sum() == account.rows[:, Row.PAID_PRINCIPAL].sum()


@pytest.mark.parametrize(("late", "cleared"), [([0, 0], [0, 0, 0]), ([0, 0, 40], [0, 0, 0]), ([0, 40, -2], [0, 40, 0])])
def test_a_row_within_the_tolerance_is_cleared_on_its_due_date_whenever_it_is_paid(late: list[int], cleared: list[int]) -> None:
    row = contract(count=3, rate_annual="0", arrears_tolerance=100, installment_multiple=5_000)
    due, _ = decoded(row, 10_005, late, NEVER)
    assert due[:, Due.PRINCIPAL].tolist() == [5_000, 5_000, 5]
    assert (due[:, Due.CLEARED_ON] - due[:, Due.ON]).tolist() == cleared
