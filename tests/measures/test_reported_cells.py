"""Tapes that start mid-life: positions are the reported ones, and what a tape cannot tell is not told."""

import numpy as np
import pytest

from loanbook import units
from loanbook.loans.batches import NO_BALANCE, Classes, ReportedBatch
from loanbook.measures.cells import to_tables
from loanbook.measures.evaluation import evaluate, not_measured
from loanbook.measures.measuring import loans_behind, measure_batches
from loanbook.measures.space import space
from loanbook.measures.tables import close_tables, tables_not_measured
from loanbook.measures.window import window
from loanbook.terms.contract import Field, empty_contract
from loanbook.terms.conventions import Aging, DayCount, Unit
from loanbook.terms.families import BUCKETS, BY_NAME
from loanbook.terms.measure import load_measures
from loanbook.units import day

pytestmark = pytest.mark.plain
MEASURES = load_measures()
MONTHS = [day(text) for text in ("2020-01-31", "2020-02-29", "2020-03-31", "2020-04-30", "2020-05-31", "2020-06-30")]
AS_OF = MONTHS[-1]


def classes(aging: Aging = Aging.CONTRACTUAL) -> Classes:
    row = empty_contract()
    row[Field.AGING] = aging
    row[Field.COUNT] = row[Field.TENOR_MONTHS] = 24
    row[Field.RATE_ANNUAL] = units.rate("0.12")
    row[Field.UNIT] = Unit.MONTH
    row[Field.DAY_COUNT] = DayCount.THIRTY_A_MONTH_360
    return Classes(rows=row[None, :], products=("auto_loan",), segments=("consumer",))


def tape(positions: list[tuple], *, opened_dpd: int = 0, installment: int = 10_000, balance: int = 100_000) -> ReportedBatch:
    """One loan cut off on 31 January 2020; positions of later months as (balance, principal, paid, recovered, dpd)."""
    columns = list(zip(*positions, strict=True))
    count = len(positions)
    return ReportedBatch(
        loan_no=np.array([7]),
        class_no=np.array([0], np.int32),
        principal_fen=np.array([200_000]),
        disbursed_on=np.array([day("2019-06-10")], np.int32),
        first_due_on=np.array([day("2019-07-10")], np.int32),
        installment_fen=np.array([installment]),
        ordinal=np.array([0], np.int32),
        opened_on=np.array([MONTHS[0]], np.int32),
        opened_balance=np.array([balance]),
        opened_dpd=np.array([opened_dpd], np.int32),
        position_offsets=np.array([0, count]),
        position_on=np.array(MONTHS[1 : count + 1], np.int32),
        position_recorded_on=np.array(MONTHS[1 : count + 1], np.int32),
        position_balance=np.array(columns[0], np.int64),
        position_principal=np.array(columns[1], np.int64),
        position_paid=np.array(columns[2], np.int64),
        position_recovered=np.array(columns[3], np.int64),
        position_liquidation=np.zeros(count, np.int64),
        position_dpd=np.array(columns[4], np.int32),
    )


def measured(batch: ReportedBatch, as_of: int = AS_OF, aging: Aging = Aging.CONTRACTUAL):
    return measure_batches([batch], classes(aging), space(classes(aging), window(since=day("2019-06-01"), as_of=as_of)))


def history(batch: ReportedBatch, as_of: int = AS_OF, aging: Aging = Aging.CONTRACTUAL) -> list[tuple]:
    """Bucket and principal of the loan at each month's end, where it is measured."""
    rows = to_tables(measured(batch, as_of, aging))["position"].to_pylist()
    return [(row["month"].month, row["bucket"], row["principal_fen"]) for row in rows if row["loans"]]


def flows(batch: ReportedBatch, column: str) -> list[int]:
    cells = measured(batch)
    return cells.families["flow"][:, BY_NAME["flow"].columns.index(column)].tolist()[-6:]


def test_balances_are_the_reported_ones_and_arrears_follow_the_money():
    paid_twice = [(91_000, 9_000, 10_000, 0, -1), (91_000, 0, 0, 0, -1), (91_000, 0, 0, 0, -1), (64_000, 27_000, 30_000, 0, -1)]
    assert history(tape(paid_twice)) == [
        (1, "current", 100_000),
        (2, "current", 91_000),
        (3, "1-30", 91_000),  # due 10 March, 21 days
        (4, "31-60", 91_000),  # 51 days
        (5, "current", 64_000),
    ]


def test_under_recency_a_full_instalment_makes_current_what_contractual_arrears_never_cure():
    holiday = [(100_000, 0, 0, 0, -1), (100_000, 0, 0, 0, -1), (91_000, 9_000, 10_000, 0, -1), (91_000, 0, 9_999, 0, -1)]
    contractual = [bucket for _, bucket, _ in history(tape(holiday))]
    assert contractual == ["current", "1-30", "31-60", "31-60", "61-90"]
    recency = [bucket for _, bucket, _ in history(tape(holiday), aging=Aging.RECENCY)]
    assert recency == ["current", "1-30", "31-60", "current", "1-30"]  # a cent short of an instalment cures nothing


def test_the_days_past_due_of_the_tape_win():
    assert [bucket for _, bucket, _ in history(tape([(91_000, 9_000, 10_000, 0, 45), (91_000, 0, 0, 0, 0)]))] == [
        "current",
        "31-60",
        "current",
    ]


def test_arrears_at_the_cut_off_go_on():
    assert history(tape([(100_000, 0, 0, 0, -1)], opened_dpd=52)) == [(1, "31-60", 100_000), (2, "61-90", 100_000)]


def test_a_balance_that_falls_to_0_without_principal_is_charged_off_that_day():
    written_off = tape([(91_000, 9_000, 10_000, 0, -1), (0, 0, 0, 0, -1), (NO_BALANCE, 0, 0, 4_000, -1)])
    assert history(written_off)[2:] == [(month, "charged_off", 91_000) for month in (3, 4, 5, 6)]
    assert flows(written_off, "charged_off_fen") == [0, 0, 91_000, 0, 0, 0]
    assert flows(written_off, "recovered_fen") == [0, 0, 0, 4_000, 0, 0]
    # The claim goes on ageing from its oldest instalment, due 10 March: 31 days on 10 April, never 181 by the end of June.
    over = measured(written_off).families["vintage"][:, [1, 2]].sum(axis=0).tolist()
    assert over == [91_000, 0]


def test_a_partial_last_payment_leaves_the_rest_to_be_charged_off():
    assert flows(tape([(0, 60_000, 61_000, 0, -1)]), "charged_off_fen") == [0, 40_000, 0, 0, 0, 0]


def test_money_returned_is_negative_principal_and_other_moves_are_shown_apart():
    returned = tape([(91_000, 9_000, 10_000, 0, -1), (95_000, -4_000, -4_000, 0, -1), (97_500, 0, 0, 0, -1)])
    assert flows(returned, "paid_fen")[:4] == [0, 9_000, -4_000, 0]
    assert flows(returned, "unreported_fen")[:5] == [0, 0, 0, -2_500, 97_500]  # in May the reports stop


def test_a_loan_that_is_no_longer_reported_is_no_longer_measured():
    assert [month for month, _, _ in history(tape([(91_000, 9_000, 10_000, 0, -1)]))] == [1, 2]


def test_a_close_between_two_reports_keeps_the_last_one():
    assert history(tape([(91_000, 9_000, 10_000, 0, -1)]), as_of=day("2020-03-15"))[-1] == (3, "current", 91_000)


def test_a_full_repayment_ahead_is_prepaid_but_for_the_instalment():
    whole = tape([(0, 100_000, 101_000, 0, -1)])
    # 101,000 paid against 10,000 due: 91,000 ahead of schedule.
    assert flows(whole, "prepaid_fen") == [0, 91_000, 0, 0, 0, 0]
    assert flows(whole, "scheduled_fen") == [0, 9_000, 0, 0, 0, 0]


def test_months_do_not_tell_days_of_payment_so_collection_is_not_measured():
    cells = measured(tape([(91_000 - 9_000 * month, 9_000, 10_000, 0, -1) for month in range(5)]))
    reasons = not_measured(cells, MEASURES)
    assert set(reasons) == {
        "day1_delinquency",
        "collection_30",
        "first_payment_default",
        "c_m2",
        "repeat_share",
        "borrowers",
        "new_borrowers",
    }
    assert "does not tell the day of a payment" in reasons["collection_30"]
    assert not set(reasons) & set(evaluate(cells, MEASURES).column("measure").to_pylist())
    assert set(tables_not_measured(cells, MEASURES)) == {"collection"}
    assert close_tables(cells, MEASURES)["collection"].num_rows == 0
    assert not cells.families["due"].any()


def test_without_instalment_and_days_past_due_a_balance_is_aged_unknown():
    bare = tape([(91_000, 9_000, 10_000, 0, -1)], opened_dpd=-1, installment=0)
    assert buckets(bare) == ["unknown", "unknown"]
    reasons = not_measured(measured(bare, MONTHS[1]), MEASURES)
    assert {"delinquency_90", "roll_rate", "vintage_30", "prepayment_speed"} <= set(reasons)
    assert "outstanding_balance" not in reasons


def buckets(batch: ReportedBatch) -> list[str]:
    cells = measured(batch)
    dense = cells.families["position"].reshape(*cells.space.shape(BY_NAME["position"]), 2)
    return [BUCKETS[place] for _, _, place in np.argwhere(dense[..., 0])]


def test_the_reported_loans_behind_a_figure_sum_to_it():
    batch = tape([(91_000, 9_000, 10_000, 0, -1)])
    chosen = space(classes(), window(since=day("2019-06-01"), as_of=AS_OF))
    wanted = np.ones(chosen.rows(BY_NAME["flow"]), bool)
    (found,) = loans_behind([batch], classes(), chosen, "flow", wanted)
    assert found.loan_no.tolist() == [7]
    assert found.values["paid_fen"].tolist() == [9_000]
