"""AART 2017-3: 3,513 real auto loans, measured as reported; the cut-off reconciles to the cent with what became of it."""

from collections import Counter

import numpy as np
import pyarrow.parquet as pq
import pytest

from loanbook import units
from loanbook.loans.batches import NO_BALANCE, Classes, ReportedBatch
from loanbook.measures.cells import Cells
from loanbook.measures.measuring import measure_batches
from loanbook.measures.space import space
from loanbook.measures.window import window
from loanbook.terms.contract import Field, empty_contract
from loanbook.terms.conventions import DayCount, Unit
from loanbook.terms.families import BUCKETS, BY_NAME
from tests.conftest import SHARED

FOLDER = SHARED / "data" / "aart_2017_3"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the tape is not in {FOLDER}")
CUT_OFF, LAST = units.day("2017-05-31"), units.day("2020-12-31")


def cents(value: float | None) -> int:
    return 0 if value is None else round(value * 100)


def day_of(value) -> int:
    return units.day(value.date())


@pytest.fixture(scope="module")
def tape() -> tuple[list[dict], dict[int, list[dict]]]:
    loans = pq.read_table(FOLDER / "loans.parquet").to_pylist()
    months: dict[int, list[dict]] = {}
    for row in pq.read_table(FOLDER / "performance.parquet").to_pylist():
        months.setdefault(row["assetNumber"], []).append(row)
    return loans, {number: sorted(rows, key=lambda row: row["k"]) for number, rows in months.items()}


def batch_of(loans: list[dict], months: dict[int, list[dict]]) -> tuple[Classes, ReportedBatch]:
    loans = sorted(loans, key=lambda loan: loan["originationDate"])
    terms: dict[tuple, int] = {}
    for loan in loans:
        terms.setdefault((loan["originalLoanTerm"], loan["reportingPeriodInterestRatePercentage"]), len(terms))
    rows = np.array([empty_contract() for _ in terms])
    for (term, rate), number in terms.items():
        rows[number, Field.COUNT] = rows[number, Field.TENOR_MONTHS] = term
        rows[number, Field.RATE_ANNUAL] = units.rate(rate)
        rows[number, Field.UNIT], rows[number, Field.DAY_COUNT] = Unit.MONTH, DayCount.THIRTY_A_MONTH_360
    positions = [months.get(loan["assetNumber"], []) for loan in loans]
    flat = [row for each in positions for row in each]

    def column(name: str) -> np.ndarray:
        return np.array([cents(row[name]) for row in flat], np.int64)

    balance = [NO_BALANCE if row["end_balance"] is None else cents(row["end_balance"]) for row in flat]
    on = np.array([day_of(row["report_month_end"]) for row in flat], np.int32)
    return Classes(rows=rows, products=("auto_loan",), segments=("consumer",)), ReportedBatch(
        loan_no=np.array([loan["assetNumber"] for loan in loans]),
        class_no=np.array(
            [terms[loan["originalLoanTerm"], loan["reportingPeriodInterestRatePercentage"]] for loan in loans], np.int32
        ),
        principal_fen=np.array([cents(loan["originalLoanAmount"]) for loan in loans]),
        disbursed_on=np.array([day_of(loan["originationDate"]) for loan in loans], np.int32),
        first_due_on=np.array([day_of(loan["originalFirstPaymentDate"]) for loan in loans], np.int32),
        installment_fen=np.array([cents(loan["reportingPeriodScheduledPaymentAmount"]) for loan in loans]),
        ordinal=np.zeros(len(loans), np.int32),
        opened_on=np.full(len(loans), CUT_OFF, np.int32),
        opened_balance=np.array([cents(loan["reportingPeriodActualEndBalanceAmount"]) for loan in loans]),
        opened_dpd=np.array([loan["currentDelinquencyStatus"] for loan in loans], np.int32),
        position_offsets=np.concatenate([[0], np.cumsum([len(each) for each in positions])]).astype(np.int64),
        position_on=on,
        position_recorded_on=on,
        position_balance=np.array(balance, np.int64),
        position_principal=column("principal_collected"),
        position_paid=column("total_paid"),
        position_recovered=column("recovered"),
        position_liquidation=column("repo_proceeds"),
        position_dpd=np.full(on.size, -1, np.int32),
    )


@pytest.fixture(scope="module")
def cells(tape) -> Cells:
    classes, batch = batch_of(*tape)
    return measure_batches([batch], classes, space(classes, window(since=int(batch.disbursed_on.min()), as_of=LAST)))


def total(cells: Cells, family: str, column: str) -> int:
    return int(cells.families[family][:, BY_NAME[family].columns.index(column)].sum())


def test_the_cut_off_is_principal_net_write_offs_and_last_balances_to_the_cent(cells):
    last_balance = 10_074_602_52
    assert total(cells, "flow", "entered_fen") == 63_403_312_70
    assert total(cells, "flow", "paid_fen") == 51_666_576_48
    stopped = 301_003_10
    net_write_offs = total(cells, "flow", "charged_off_fen") + total(cells, "flow", "unreported_fen") - stopped
    assert net_write_offs == 1_361_130_60
    assert 63_403_312_70 - 51_666_576_48 - net_write_offs == last_balance + stopped


def test_each_month_end_has_the_reported_balance_of_every_loan(tape, cells):
    loans, months = tape
    reported = Counter({(2017, 5): sum(cents(loan["reportingPeriodActualEndBalanceAmount"]) for loan in loans)})
    for rows in months.values():
        for row in rows:
            reported[row["report_month_end"].year, row["report_month_end"].month] += cents(row["end_balance"])
    dense = cells.families["position"].reshape(*cells.space.shape(BY_NAME["position"]), 2).sum(axis=0)
    alive = [place for place, bucket in enumerate(BUCKETS) if bucket != "charged_off"]
    for month, day in enumerate(cells.space.window.month_ends):
        if day >= CUT_OFF:
            on = units.date(day)
            assert int(dense[month, alive, 1].sum()) == reported[on.year, on.month], on
    assert reported[2020, 12] == 10_074_602_52


def test_the_charge_offs_are_the_balances_that_fell_to_nothing_without_principal(tape, cells):
    loans, months = tape
    opened = {loan["assetNumber"]: cents(loan["reportingPeriodActualEndBalanceAmount"]) for loan in loans}
    fallen = []
    for number, rows in months.items():
        before = opened[number]
        for row in rows:
            if row["end_balance"] is None:
                continue
            now, principal = cents(row["end_balance"]), cents(row["principal_collected"])
            if now == 0 and before - principal > 0:
                fallen.append(before - principal)
            before = now
    assert total(cells, "flow", "charged_off_fen") == sum(fallen)
    assert total(cells, "flow", "recovered_fen") == sum(
        cents(row["recovered"]) + cents(row["repo_proceeds"]) for rows in months.values() for row in rows
    )


def test_months_roll(cells):
    flow = cells.families["flow"].reshape(cells.space.window.months, -1)
    opening, entered, _, paid, _, charged_off, unreported = (flow[:, place] for place in range(7))
    assert (opening[:-1] + (entered - paid - charged_off - unreported)[:-1] == opening[1:]).all()
