"""What holds of every account, whatever happened to the loan."""

import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.loans.accounts import DISBURSED_ON, contract, drawdowns, fact_lists

from loanbook.kernel import COMPILED
from loanbook.loans.account import Account, Drawdown, account_of, fact_rows, preview_payment
from loanbook.loans.delinquency import dpd
from loanbook.loans.facts import Fact, FactKind, Piece, Row, Total
from loanbook.loans.irregular import decode_irregular, irregular_scratch, prepare_irregular
from loanbook.terms.contract import Field, empty_contract
from loanbook.terms.conventions import DayCount, Excess, Payoff, Unit
from loanbook.units import NEVER, Rounding, day

pytestmark = pytest.mark.plain
LAST_DAY = DISBURSED_ON + 300
EXAMPLES = settings(
    max_examples=150 if COMPILED else 25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def same(one: Account, other: Account) -> None:
    assert one.rows.tolist() == other.rows.tolist()
    assert one.pieces[:, :6].tolist() == other.pieces[:, :6].tolist()
    results = slice(0, Total.PERIODS)
    assert one.totals[results].tolist() == other.totals[results].tolist()


@EXAMPLES
@given(drawdowns(), fact_lists(), st.integers(0, 300))
def test_money_in_is_money_allocated_plus_money_held(drawdown: Drawdown, facts: np.ndarray, age: int) -> None:
    account = account_of(drawdown, facts, as_of=DISBURSED_ON + age, known_on=NEVER)
    allocated = account.pieces[:, [Piece.PRINCIPAL, Piece.INTEREST, Piece.FEE, Piece.PENALTY, Piece.RECOVERED]].sum()
    assert account.total(Total.RECEIVED) == allocated + account.total(Total.UNAPPLIED)
    assert account.total(Total.UNAPPLIED) == account.facts[:, Fact.HELD].sum()


@EXAMPLES
@given(drawdowns(), fact_lists(), st.integers(0, 300))
def test_rows_repay_what_was_lent_and_pieces_pay_the_rows(drawdown: Drawdown, facts: np.ndarray, age: int) -> None:
    account = account_of(drawdown, facts, as_of=DISBURSED_ON + age, known_on=NEVER)
    rows, pieces = account.rows, account.pieces
    assert rows[:, Row.PRINCIPAL].sum() == account.total(Total.LENT)
    assert account.total(Total.OUTSTANDING) == account.total(Total.LENT) - rows[:, Row.PAID_PRINCIPAL].sum()
    assert (rows[:, Row.PRINCIPAL : Row.PAID_PENALTY + 1] >= 0).all()
    assert (rows[:, Row.PAID_PRINCIPAL : Row.PAID_PENALTY + 1] <= rows[:, Row.PRINCIPAL : Row.PENALTY + 1]).all()
    assert (np.diff(rows[:, Row.DUE_ON]) >= 0).all()
    assert (np.diff(pieces[:, Piece.ON]) >= 0).all()
    for row in range(len(rows)):
        parts = pieces[pieces[:, Piece.ROW] == row]
        assert parts[:, Piece.PRINCIPAL : Piece.PENALTY + 1].sum(axis=0).tolist() == (
            rows[row, Row.PAID_PRINCIPAL : Row.PAID_PENALTY + 1].tolist()
        )


def test_every_disbursement_past_the_schedule_brings_its_down_payment_and_a_row() -> None:
    drawdown = Drawdown(contract=contract(count=1, down_payment_ppm=250_000), principal_fen=1_000, disbursed_on=DISBURSED_ON)
    facts = fact_rows([(FactKind.DISBURSEMENT, DISBURSED_ON + 60 + number, 1_000) for number in range(4)])
    rows = account_of(drawdown, facts, as_of=LAST_DAY, known_on=NEVER).rows
    assert rows[:, Row.PRINCIPAL].tolist() == [250, 750] + 4 * [250, 750]


@EXAMPLES
@given(drawdowns(), fact_lists(), st.randoms(use_true_random=False))
def test_arrival_order_does_not_matter(drawdown: Drawdown, facts: np.ndarray, random: object) -> None:
    order = list(range(len(facts)))
    random.shuffle(order)  # type: ignore[attr-defined]
    same(
        account_of(drawdown, facts, as_of=LAST_DAY, known_on=NEVER),
        account_of(drawdown, facts[order], as_of=LAST_DAY, known_on=NEVER),
    )


@EXAMPLES
@given(drawdowns(), fact_lists(), st.integers(1, 260), st.integers(1, 400_000), st.integers(0, 30))
def test_a_reversed_payment_never_happened(drawdown: Drawdown, facts: np.ndarray, age: int, amount: int, later: int) -> None:
    on = DISBURSED_ON + age
    bounced = fact_rows([(FactKind.PAYMENT, on, amount), (FactKind.REVERSAL, on + later, 0, len(facts))])
    both = np.vstack([facts, bounced])
    before = account_of(drawdown, facts, as_of=LAST_DAY, known_on=NEVER)
    after = account_of(drawdown, both, as_of=LAST_DAY, known_on=NEVER)
    same(before, after)


@EXAMPLES
@given(drawdowns(), fact_lists(), st.integers(0, 300), st.integers(0, 300))
def test_an_earlier_account_is_that_of_the_facts_known_then(drawdown: Drawdown, facts: np.ndarray, age: int, known: int) -> None:
    as_of, known_on = DISBURSED_ON + age, DISBURSED_ON + known
    kept = facts[facts[:, Fact.RECORDED_ON] <= known_on]
    same(
        account_of(drawdown, facts, as_of=as_of, known_on=known_on),
        account_of(drawdown, kept, as_of=as_of, known_on=NEVER),
    )


@EXAMPLES
@given(drawdowns(small=True), fact_lists(), st.lists(st.integers(0, 300), max_size=6))
def test_days_past_due_of_a_day_are_the_same_from_any_later_day(drawdown: Drawdown, facts: np.ndarray, ages: list[int]) -> None:
    if drawdown.contract[Field.RECALCULATE] == 1:
        # A recalculated plan may collect a further disbursement's interest in a row of the past that was paid ahead.
        facts = facts[facts[:, Fact.KIND] != FactKind.DISBURSEMENT]
    later = account_of(drawdown, facts, as_of=LAST_DAY, known_on=NEVER)
    grace = int(drawdown.contract[Field.PENALTY_GRACE_DAYS])
    due = later.rows[:, Row.DUE_ON]
    days = {*(due + 1), *(due + grace + 1), *(due + 40), *facts[:, Fact.ON], *(DISBURSED_ON + age for age in ages)}
    for on in sorted(int(each) for each in days if each <= LAST_DAY):
        assert dpd(later, on) == dpd(account_of(drawdown, facts, as_of=on, known_on=NEVER)), on


@EXAMPLES
@given(drawdowns(), fact_lists(changes=False), st.integers(1, 300), st.integers(1, 300), st.integers(1, 400_000))
def test_a_preview_is_what_booking_does(drawdown: Drawdown, facts: np.ndarray, age: int, known: int, amount: int) -> None:
    on = DISBURSED_ON + age
    facts = facts[facts[:, Fact.ON] < on]
    facts[:, Fact.RECORDED_ON] = facts[:, Fact.ON]
    shown = preview_payment(drawdown, facts, on=on, known_on=on, amount_fen=amount)
    booked = account_of(drawdown, np.vstack([facts, fact_rows([(FactKind.PAYMENT, on, amount)])]), as_of=on, known_on=on)
    same(shown.account, booked)
    assert shown.pieces[:, Piece.PRINCIPAL : Piece.PENALTY + 1].sum() + shown.unapplied_fen == amount


def test_a_payoff_from_the_last_row_back_pays_the_rounding_that_moves_to_a_row_it_passed() -> None:
    contract = empty_contract()
    contract[Field.COUNT], contract[Field.UNIT], contract[Field.DAY_COUNT] = 7, Unit.MONTH, DayCount.THIRTY_A_MONTH_360
    contract[Field.ROUNDING], contract[Field.DOWN_PAYMENT_PPM] = Rounding.HALF_EVEN, 250_000
    contract[Field.RECALCULATE], contract[Field.PAYOFF], contract[Field.EXCESS] = 1, Payoff.TO_PERIOD_END, Excess.LAST
    contract[Field.WATERFALL :] = np.arange(12)
    on = DISBURSED_ON + 1
    drawdown = Drawdown(contract=contract, principal_fen=1_000, disbursed_on=DISBURSED_ON)
    shown = preview_payment(drawdown, fact_rows([]), on=on, known_on=on, amount_fen=0, kind=FactKind.PAYOFF)
    assert (shown.amount_fen, shown.unapplied_fen, shown.account.total(Total.OUTSTANDING)) == (1_000, 0, 0)


@EXAMPLES
@given(drawdowns(), st.integers(1, 300))
def test_a_payoff_ends_the_loan_and_costs_what_the_preview_says(drawdown: Drawdown, age: int) -> None:
    on = DISBURSED_ON + age
    shown = preview_payment(drawdown, fact_rows([]), on=on, known_on=on, amount_fen=0, kind=FactKind.PAYOFF)
    rows = shown.account.rows
    assert shown.unapplied_fen == 0
    assert shown.account.total(Total.OUTSTANDING) == 0
    assert (rows[:, Row.SETTLED_ON] <= np.maximum(on, rows[:, Row.DUE_ON])).all()
    assert shown.amount_fen == rows[:, Row.PAID_PRINCIPAL : Row.PAID_PENALTY + 1].sum()
    paid = fact_rows([(FactKind.PAYOFF, on, 0)])
    for later in (on, on + 1, on + 7, on + 40):
        again = preview_payment(drawdown, paid, on=later, known_on=later, amount_fen=0, kind=FactKind.PAYOFF)
        assert again.amount_fen == 0


@EXAMPLES
@given(drawdowns(), st.lists(fact_lists(), min_size=2, max_size=3), st.integers(0, 300))
def test_scratch_used_before_changes_nothing(drawdown: Drawdown, histories: list[np.ndarray], age: int) -> None:
    """Closing twice, after a gap, or after other loans: the kernel keeps nothing between calls."""
    as_of = DISBURSED_ON + age
    used = irregular_scratch(drawdown.contract[Field.COUNT] + 1, 10)
    decoded = []
    for facts in [*histories, *histories]:
        fresh = irregular_scratch(drawdown.contract[Field.COUNT] + 1, 10)
        for scratch in (used, fresh):
            decoded.append(_decode(drawdown, facts, as_of, scratch))
        assert decoded[-1] == decoded[-2]
    assert decoded[: len(decoded) // 2] == decoded[len(decoded) // 2 :]


def _decode(drawdown: Drawdown, facts: np.ndarray, as_of: int, scratch: tuple) -> tuple:
    ordered = account_of(drawdown, facts, as_of=as_of, known_on=NEVER).facts
    scratch[0][: len(ordered)] = ordered
    schedule, rate_fraction = scratch[1], scratch[2]
    rows, numerator, denominator = prepare_irregular(
        drawdown.contract, drawdown.disbursed_on, NEVER, np.zeros(0, np.bool_), 0, schedule, rate_fraction
    )
    terms = (drawdown.contract, drawdown.principal_fen, 0, drawdown.disbursed_on, rows, numerator, denominator)
    found, pieces = decode_irregular(*terms, scratch[0], len(ordered), as_of, NEVER, *scratch[1:])
    due, paid, ends = scratch[-3:]
    assert due[:found, 1].sum() == ends[5]
    return found, pieces, due[:found].tolist(), paid[:pieces].tolist(), ends.tolist()


@pytest.mark.skipif(not COMPILED, reason="a time is measured of compiled code")
def test_a_backdated_payment_on_a_loan_of_700_days_takes_less_than_ten_milliseconds() -> None:
    row = contract(count=36, recalculate=1, day_count=DayCount.ACTUAL_365_FIXED, rate_annual="0.2399")
    drawdown = Drawdown(contract=row, principal_fen=3_600_000, disbursed_on=day("2024-01-15"))
    paid = [
        (FactKind.PAYMENT, drawdown.disbursed_on + 30 * number + number % 7, 140_000 - 37 * number) for number in range(1, 24)
    ]
    late = fact_rows([*paid, (FactKind.PAYMENT, drawdown.disbursed_on + 45, 20_000, 0, drawdown.disbursed_on + 700)])
    times = []
    for _ in range(5):
        started = time.perf_counter()
        account = account_of(drawdown, late, as_of=drawdown.disbursed_on + 700, known_on=drawdown.disbursed_on + 700)
        times.append(time.perf_counter() - started)
    assert account.total(Total.RECEIVED) == sum(amount for _, _, amount in paid) + 20_000
    assert min(times) < 0.010
