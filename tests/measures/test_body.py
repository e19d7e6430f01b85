"""The measure body on histories that no compact loan has: parts of instalments, further drawdowns, charge-offs, recoveries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.loans.history import OUTSIDE, End
from loanbook.loans.history import Due as DueColumn
from loanbook.loans.history import Paid as PaidColumn
from loanbook.measures.cells import Cells, empty_cells
from loanbook.measures.facts import measure_collection, measure_loan
from loanbook.measures.passes import clock_of
from loanbook.measures.space import Space, space
from loanbook.measures.window import window
from loanbook.terms.families import FAMILIES
from tests.measures.random_loans import AS_OF, CLASSES, SETTINGS, SINCE
from tests.measures.test_compact_cells import CLOCKS, named
from tests.reference.measures import NEVER, Due, Loan, Payment, Twin, month_of

pytestmark = pytest.mark.plain
GROUP, CLASS_GROUP = ("cash_loan", "on_balance_sheet", "consumer"), 0


@st.composite
def any_loan(draw: st.DrawFn) -> Loan:
    """A loan of one to six instalments, each paid in up to three parts on any days, some never in full."""
    disbursed = draw(st.integers(SINCE, AS_OF - 30))
    gaps = draw(st.lists(st.integers(1, 45), min_size=1, max_size=6))
    dues, payments = [], []
    for number, on in enumerate(np.cumsum(gaps) + disbursed):
        amounts = draw(st.lists(st.integers(1, 10_000), min_size=1, max_size=3))
        days = sorted(draw(st.lists(st.integers(-60, 230), min_size=len(amounts), max_size=len(amounts))))
        paid = [max(disbursed, int(on) + day) for day in days]
        kept = draw(st.integers(0, len(amounts)))
        payments += [
            Payment(on=day, due=number, principal=sum_, interest=7) for day, sum_ in zip(paid[:kept], amounts, strict=False)
        ]
        dues.append(Due(on=int(on), principal=sum(amounts), cleared_on=paid[-1] if kept == len(amounts) else NEVER))
    principal = sum(due.principal for due in dues)
    if draw(st.booleans()):
        again = draw(st.integers(1, 5_000))
        principal, day = principal - min(again, principal - 1), disbursed + draw(st.integers(0, 60))
        payments.append(Payment(on=day, due=None, principal=principal - sum(due.principal for due in dues)))
    loan = Loan(
        product=GROUP[0],
        model=GROUP[1],
        segment=GROUP[2],
        tenor_months=3,
        ordinal=draw(st.integers(0, 3)),
        disbursed_on=disbursed,
        principal=principal,
        dues=dues,
        payments=sorted(payments, key=lambda each: each.on),
    )
    if draw(st.booleans()):
        write_off(loan, disbursed + draw(st.integers(1, 250)))
    loan.payments = [pay for pay in loan.payments if pay.principal or pay.interest or pay.recovered]
    return loan


def write_off(loan: Loan, day: int) -> None:
    """A charge-off by event on a day on which something is owed."""
    if loan.owed(day) <= 0 or any(pay.due is None and pay.on > day for pay in loan.payments):
        return
    loan.charged_off_on, loan.charged_off = day, loan.owed(day)
    for pay in loan.payments:
        if pay.on > day:
            pay.recovered, pay.principal, pay.interest = pay.principal + pay.interest, 0, 0
    for due in loan.dues:
        due.cleared_on = due.cleared_on if due.cleared_on <= day else NEVER


def decoded(loan: Loan) -> tuple:
    due = np.zeros((len(loan.dues) + 1, len(DueColumn)), np.int64)
    for row, each in enumerate(loan.dues):
        due[row] = each.on, each.principal, 0, each.cleared_on
    paid = np.zeros((len(loan.payments) + 1, len(PaidColumn)), np.int64)
    for row, pay in enumerate(loan.payments):
        paid[row] = pay.on, OUTSIDE if pay.due is None else pay.due, pay.principal, pay.interest, pay.recovered, 0
    ends = np.zeros(len(End), np.int64)
    drawn_again = sum(-pay.principal for pay in loan.payments if pay.due is None)
    lent = loan.principal + drawn_again
    ends[:] = loan.disbursed_on, loan.principal, loan.charged_off_on, loan.charged_off, NEVER, lent, 0
    return due, len(loan.dues), paid, len(loan.payments), ends


def body(loans: list[Loan], chosen: Space, *, twice: bool) -> Cells:
    """The cells of loans; `twice`: collection from a second history, as for loans decoded as of two days."""
    cells = empty_cells(chosen)
    families = [cells.families[family.name] for family in FAMILIES]
    clock = clock_of(chosen.window, len(chosen.tenors))
    ends_of_months, calendar = chosen.window.month_ends, chosen.window.calendar_ends
    for loan in loans:
        due, rows, paid, pieces, ends = decoded(loan)
        drawdown = min(loan.ordinal, 2)
        origin = month_of(loan.disbursed_on) - chosen.window.first_month
        traits = np.array([CLASS_GROUP, origin, chosen.tenors.index(3), 3, drawdown, 0, CLASS_GROUP], np.int64)
        none = np.zeros(0, np.int64)
        opened = measure_loan(due, rows, paid, pieces, ends, none, traits, clock, ends_of_months, calendar, not twice, *families)
        if twice and opened:
            measure_collection(due, rows, paid, pieces, ends, traits, clock, calendar, cells.families["due"])
    return cells


def visible(loan: Loan, as_of: int) -> Loan:
    """Further drawdowns after the close are not facts of it."""
    loan.payments = [pay for pay in loan.payments if pay.due is not None or pay.on <= as_of]
    return loan


@given(loans=st.lists(any_loan(), min_size=1, max_size=5), clocks=CLOCKS, twice=st.booleans())
@SETTINGS
def test_every_cell_of_any_history_equals_the_naive_twins(loans, clocks, twice):
    as_of, ahead = clocks
    chosen = space(CLASSES, window(since=SINCE, as_of=as_of, known_on=as_of + ahead))
    assert chosen.groups[CLASS_GROUP] == GROUP
    loans = [visible(loan, as_of) for loan in loans]
    found = named(body(loans, chosen, twice=twice))
    expected = Twin(loans, SINCE, as_of, as_of + ahead).cells()
    for family, cells in found.items():
        assert cells == dict(expected[family]), family


@pytest.mark.parametrize("twice", [False, True])
def test_a_loan_that_is_behind_does_not_become_overdue_again(twice):
    opened = SINCE + 10
    days = [(30, 65), (60, 80), (90, 90), (120, 125), (125, 140), (150, 150)]
    dues = [Due(on=opened + on, principal=100 + number, cleared_on=opened + paid) for number, (on, paid) in enumerate(days)]
    loan = Loan(
        product=GROUP[0],
        model=GROUP[1],
        segment=GROUP[2],
        tenor_months=3,
        ordinal=1,
        disbursed_on=opened,
        principal=sum(due.principal for due in dues),
        dues=dues,
        payments=[Payment(on=due.cleared_on, due=number, principal=due.principal) for number, due in enumerate(dues)],
    )
    chosen = space(CLASSES, window(since=SINCE, as_of=opened + 200, known_on=opened + 200))
    due_fen, overdue_fen, _, observed_fen, collected_fen = body([loan], chosen, twice=twice).families["due"].sum(axis=0)
    # The second is missed while the first is open; the fifth falls due on the day on which the fourth comes in.
    assert due_fen == 615
    assert overdue_fen == observed_fen == 100 + 103 + 104
    assert collected_fen == 103 + 104
