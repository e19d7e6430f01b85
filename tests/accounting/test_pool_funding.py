"""When tranches are expected to be repaid, by hand: harbour_trust_1 amortises, bluewater_abs_1 revolves until June 2026."""

import pyarrow as pa
import pytest

from loanbook.accounting.borrowing import Debt, borrowing_at
from loanbook.accounting.loan_amounts import LEDGER_SCHEMA
from loanbook.accounting.pool_funding import Pool, by_expected_cash, pools_of
from loanbook.terms.entity_file import group_in
from loanbook.terms.vehicle_file import vehicles_in
from loanbook.units import day

TRUST, PLAN = "harbour_trust_1", "bluewater_abs_1"
START, CLOSE, YEAR_LATER = day("2024-01-10"), day("2024-03-31"), day("2025-03-31")
YUAN = 100


def cells(vehicle, outstanding, later, allowance, consolidated="yes"):
    none = {field.name: "" if pa.types.is_string(field.type) else 0 for field in LEDGER_SCHEMA}
    row = none | {
        "model": "on_balance_sheet",
        "vehicle": vehicle,
        "cohort": "2024-02",
        "consolidated": consolidated,
        "outstanding_fen": outstanding * YUAN,
        "noncurrent_fen": later * YUAN,
        "loan_allowance_fen": allowance * YUAN,
    }
    return pa.Table.from_pylist([row], schema=LEDGER_SCHEMA)


def pool(table, entity, on=CLOSE, to=YEAR_LATER):
    return pools_of(table, group_in(), vehicles_in(), day=on, current_to=to).get(entity)


def borrowing(amount, matures, cost=0, on=CLOSE, to=YEAR_LATER):
    return borrowing_at(START, cost * YUAN, [(day(matures), amount * YUAN, 0)], day=on, current_to=to)


def test_expected_is_what_falls_due_within_the_year_less_its_part_of_the_allowance():
    # Of 12,000,000 owed 9,000,000 fall due within the year; 600,000 x 9 / 12 of it are not expected.
    assert pool(cells(TRUST, 12_000_000, 3_000_000, 600_000), TRUST) == Pool(
        principal_fen=8_550_000 * YUAN, tranches=("preferred", "ordinary")
    )
    assert pool(cells("lantern_micro_lending", 12_000_000, 0, 0), "lantern_micro_lending") is None
    assert pool(cells(TRUST, 12_000_000, 0, 0, consolidated="no"), TRUST) is None


def test_the_senior_tranche_is_current_first_with_its_part_of_the_issue_cost():
    state = {"ordinary": borrowing(2_000_000, "2026-01-10"), "preferred": borrowing(10_000_000, "2026-01-10", 100_000)}
    # The cost left at the close, by effective interest.
    left = int(state["preferred"][Debt.COST] - state["preferred"][Debt.AMORTISED])
    assert state["preferred"][Debt.CURRENT] == 0, "by its last day all of it is non-current"
    lasts = dict.fromkeys(state, day("2026-01-10"))
    found = by_expected_cash(state, lasts, Pool(principal_fen=8_550_000 * YUAN, tranches=("preferred", "ordinary")))
    assert found["preferred"][Debt.CURRENT] == 8_550_000 * YUAN - round(left * 0.855)
    assert found["preferred"][Debt.CURRENT] + found["preferred"][Debt.NON_CURRENT] == 10_000_000 * YUAN - left
    assert (found["ordinary"][Debt.CURRENT], found["ordinary"][Debt.NON_CURRENT]) == (0, 2_000_000 * YUAN)


def test_what_the_senior_leaves_repays_the_next_and_the_last_day_stays_a_limit():
    state = {"ordinary": borrowing(2_000_000, "2026-01-10"), "preferred": borrowing(1_450_000, "2026-01-10")}
    lasts = dict.fromkeys(state, day("2026-01-10"))
    found = by_expected_cash(state, lasts, Pool(principal_fen=2_700_000 * YUAN, tranches=("preferred", "ordinary")))
    assert found["preferred"][Debt.NON_CURRENT] == 0
    assert found["ordinary"][Debt.CURRENT] == 1_250_000 * YUAN
    # Due within the year: current whatever the pool brings.
    due = {"preferred": borrowing(10_000_000, "2024-12-31")}
    found = by_expected_cash(due, {"preferred": day("2024-12-31")}, Pool(principal_fen=1, tranches=("preferred",)))
    assert (found["preferred"][Debt.CURRENT], found["preferred"][Debt.NON_CURRENT]) == (10_000_000 * YUAN, 0)


def test_borrowings_that_are_no_tranche_come_after_the_tranches_by_their_last_day():
    state = {name: borrowing(100, "2026-01-10") for name in ("b", "a", "ordinary")}
    lasts = {"b": day("2025-06-30"), "a": day("2026-01-10"), "ordinary": day("2026-01-10")}
    found = by_expected_cash(state, lasts, Pool(principal_fen=150 * YUAN, tranches=("ordinary",)))
    assert {name: int(at[Debt.CURRENT]) // YUAN for name, at in found.items()} == {"ordinary": 100, "b": 50, "a": 0}


@pytest.mark.parametrize(("close", "days"), [("2025-06-30", 0), ("2026-03-31", 274), ("2026-09-30", 365)])
def test_a_plan_that_revolves_repays_out_of_what_comes_in_afterwards(close, days):
    on, to = day(close), day(f"{int(close[:4]) + 1}{close[4:]}")
    assert to - on == 365
    kept = cells(PLAN, 1_000_000, 0, 0)
    assert pool(kept, PLAN, on, to).principal_fen == round(1_000_000 * YUAN * days / 365)
