"""What a tape does not tell is not measured: months between its reports, and what its terms say that the source leaves out."""

import dataclasses
import datetime as dt

import numpy as np
import pytest

from loanbook.loans.batches import ReportedBatch
from loanbook.measures.coverage import OPEN, UNREPORTED, UNREPORTED_MOST
from loanbook.measures.evaluation import evaluate
from loanbook.measures.measuring import measure_batches
from loanbook.measures.space import space
from loanbook.measures.tables import close_tables, tables_not_measured
from loanbook.measures.telling import not_measured
from loanbook.measures.window import window
from loanbook.terms.measure import load_measures
from loanbook.units import day
from tests.measures.test_reported_cells import MONTHS, classes, tape

pytestmark = pytest.mark.plain
MEASURES = load_measures()
MONTHLY = [(91_000 - 9_000 * month, 9_000, 10_000, 0, -1) for month in range(5)]


def reported_on(batch: ReportedBatch, days: list[int]) -> ReportedBatch:
    on = np.array(days, np.int32)
    return dataclasses.replace(batch, position_on=on, position_recorded_on=on)


def snapshot() -> ReportedBatch:
    """Opened on 31 January 2020 with 100,000; reported on 30 June with 80,000 paid and 20,000 lost. Nothing between."""
    return reported_on(tape([(0, 80_000, 85_000, 0, 0)]), [MONTHS[-1]])


def measured(batch: ReportedBatch, as_of: int, unknown=None):
    found = space(classes(), window(since=day("2019-06-01"), as_of=as_of), unknown)
    return measure_batches([batch], classes(), found)


def current(cells, name: str, comparison: str = "current"):
    rows = evaluate(cells, MEASURES).to_pylist()
    return [row["numerator"] for row in rows if (row["measure"], row["split"], row["comparison"]) == (name, "", comparison)]


@pytest.mark.parametrize("as_of", [MONTHS[1], MONTHS[3], day("2020-05-20")])
def test_between_the_reports_of_a_tape_no_position_is_measured(as_of):
    cells = measured(snapshot(), as_of)
    reasons = not_measured(cells, MEASURES)
    assert {"outstanding_balance", "outstanding_loans", "delinquency", "roll_rate", "charged_off", "cumulative_loss"} <= set(
        reasons
    )
    assert "for 1 of 1 open loans of tapes" in reasons["outstanding_balance"]
    assert "with reports is 2020-01-31" in reasons["outstanding_balance"]
    assert not {"loan_volume", "loans"} & set(reasons)
    assert current(cells, "outstanding_balance") == []
    assert tables_not_measured(cells, MEASURES).keys() >= {"transitions", "collection"}


def test_totals_of_a_snapshot_are_known_on_its_day_and_flows_of_its_quarter_are_not():
    cells = measured(snapshot(), MONTHS[-1])
    reasons = not_measured(cells, MEASURES)
    assert current(cells, "cumulative_gross_loss") == [20_000]
    assert current(cells, "outstanding_balance") == [0]
    assert {"charged_off", "recovered", "vintage_30", "roll_rate", "smm"} <= set(reasons)
    # The prior quarter ended in March, which no report covers.
    assert current(cells, "outstanding_balance", "prior_quarter") == []
    tables = close_tables(cells, MEASURES)
    assert {row["month_end"] for row in tables["delinquency"].to_pylist()} == {dt.date(2020, 1, 31), dt.date(2020, 6, 30)}
    # Four of the five month ends on which the loan owed something are not told: no curve can be drawn.
    absent = tables_not_measured(cells, MEASURES)
    assert {"vintage_30", "vintage_180", "loss", "transitions"} <= set(absent)
    assert all(tables[name].num_rows == 0 for name in absent)


def test_curves_leave_out_the_months_that_are_not_told():
    # May is missing: what was ever late is known up to April, what was lost again in June.
    batch = tape(
        [(91_000, 9_000, 10_000, 0, -1), (82_000, 9_000, 10_000, 0, -1), (73_000, 9_000, 10_000, 0, -1), (0, 0, 0, 0, 90)]
    )
    cells = measured(reported_on(batch, [*MONTHS[1:4], MONTHS[5]]), MONTHS[5])
    tables = close_tables(cells, MEASURES)
    assert tables["vintage_30"].column("mob").to_pylist() == list(range(11))
    assert tables["loss"].column("mob").to_pylist() == [*range(11), 12]
    assert tables["loss"].to_pylist()[-1]["numerator_fen"] == 73_000
    assert [row["month_end"].month for row in tables["delinquency"].to_pylist() if row["loans"]] == [1, 2, 3, 4, 6]
    assert [row["month_end"].month for row in tables["transitions"].to_pylist()] == [2, 3, 4]


def test_a_tape_that_reports_every_month_is_measured_whole():
    cells = measured(tape(MONTHLY), MONTHS[-1])
    assert not cells.coverage[..., UNREPORTED].any()
    assert cells.coverage[0, :, OPEN].tolist() == [0] * 7 + [1] * 6
    assert "no position is reported" not in " ".join(not_measured(cells, MEASURES).values())
    assert close_tables(cells, MEASURES)["transitions"].num_rows == 5


def test_after_its_last_report_a_tape_is_not_measured_but_a_cut_month_keeps_the_month_before():
    assert current(measured(tape(MONTHLY), day("2020-07-14")), "outstanding_balance") == [55_000]
    later = measured(tape(MONTHLY), day("2020-07-31"))
    assert current(later, "outstanding_balance") == []
    assert "with reports is 2020-06-30" in not_measured(later, MEASURES)["outstanding_balance"]


def test_a_position_recorded_later_is_not_there_yet():
    batch = dataclasses.replace(tape(MONTHLY), position_recorded_on=np.full(5, MONTHS[-1], np.int32))
    assert measured(batch, MONTHS[3]).coverage[0, -1].tolist() == [1, 1]


def test_one_loan_in_twenty_may_stop_being_reported():
    def of(loans: int):
        offsets = np.append(np.arange(loans) * 5, [loans * 5 - 2])
        whole = tape(MONTHLY)
        columns = {
            field.name: np.tile(getattr(whole, field.name), loans)[
                : loans * 5 - 2 if field.name.startswith("position") else loans
            ]
            for field in dataclasses.fields(whole)
        }
        return measured(ReportedBatch(**columns | {"position_offsets": offsets}), MONTHS[-1])

    assert current(of(UNREPORTED_MOST), "outstanding_loans") != []
    assert current(of(UNREPORTED_MOST - 1), "outstanding_loans") == []


@pytest.mark.parametrize(
    ("unknown", "gone", "tables"),
    [
        (
            "origination",
            {"loan_volume", "loans", "average_tenor", "cumulative_loss", "vintage_30"},
            {"volume", "loss", "vintage_30"},
        ),
        ("amount", {"loan_volume", "average_tenor", "cumulative_loss", "platform_share"}, {"volume", "loss", "vintage_180"}),
        ("tenor", {"average_tenor"}, set()),
        ("charge_off", {"charged_off", "recovered", "cumulative_loss", "cumulative_gross_loss"}, {"loss"}),
    ],
)
def test_what_the_terms_call_unknown_is_not_measured(unknown, gone, tables):
    batch = tape(MONTHLY)
    before = measured(batch, MONTHS[-1])
    cells = measured(batch, MONTHS[-1], {"auto_loan": {unknown}})
    reasons = not_measured(cells, MEASURES)
    assert not gone & set(not_measured(before, MEASURES))
    assert gone <= set(reasons)
    assert all(reasons[name].startswith("the source of auto_loan does not tell") for name in gone)
    assert tables <= set(tables_not_measured(cells, MEASURES))
    assert "outstanding_balance" not in reasons
    assert not_measured(measured(batch, MONTHS[-1], {"cash_loan": {unknown}}), MEASURES) == not_measured(before, MEASURES)


def test_where_write_offs_are_not_told_a_balance_that_fell_to_zero_is_not_called_lost():
    batch = tape([(91_000, 9_000, 10_000, 0, -1), (0, 0, 0, 0, 60)])
    for unknown, to in ((None, "charged_off"), ({"auto_loan": {"charge_off"}}, "unknown")):
        tables = close_tables(measured(batch, MONTHS[2], unknown), MEASURES)
        assert tables["transitions"].to_pylist()[-1]["to_bucket"] == to
        lost = [row["principal_fen"] for row in tables["delinquency"].to_pylist() if row["bucket"] == "charged_off"]
        assert lost[-1] == (91_000 if unknown is None else 0)


def test_coverage_adds_up_over_batches():
    one = measured(snapshot(), MONTHS[3])
    two = one + measured(tape(MONTHLY), MONTHS[3])
    assert two.coverage[0, -1].tolist() == [2, 1]
    assert two != one + one
