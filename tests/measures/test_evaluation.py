"""Measures of small books worked by hand, their comparatives, and definitions that change."""

import datetime as dt

import numpy as np
import pytest

from loanbook.errors import RequestError
from loanbook.loans.batches import Classes
from loanbook.measures import space as spaces
from loanbook.measures.cells import empty_cells
from loanbook.measures.evaluation import evaluate
from loanbook.measures.measuring import loans_behind, measure_batches
from loanbook.measures.periods import period
from loanbook.measures.space import space
from loanbook.measures.tables import close_tables
from loanbook.measures.window import window
from loanbook.terms.contract import Field
from loanbook.terms.families import BY_NAME
from loanbook.terms.measure import load_measure, load_measures
from loanbook.units import NEVER, day
from tests.measures.random_loans import CLASSES, build

pytestmark = pytest.mark.plain
MEASURES = load_measures()


def loan(class_no: int, disbursed: str, late: list[int], *, settle_after: int | None = None, ordinal: int = 1) -> dict:
    return {
        "class_no": class_no,
        "principal": 300_000,
        "disbursed": day(disbursed),
        "first_due": NEVER,
        "late": late,
        "settle_after": settle_after,
        "ordinal": ordinal,
    }


BOOK = [
    loan(0, "2023-05-10", [0, 0, 0]),
    loan(0, "2024-02-10", [0, 5], ordinal=2),
    loan(0, "2024-04-10", [0], ordinal=1),
    loan(3, "2024-05-10", [], ordinal=2),
]


def closed(as_of: str, *, known: str | None = None):
    batch, _ = build(BOOK)
    known_on = None if known is None else day(known)
    chosen = space(CLASSES, window(since=day("2023-05-01"), as_of=day(as_of), known_on=known_on))
    return batch, measure_batches([batch], CLASSES, chosen)


def figures(table, measure: str) -> dict[str, tuple]:
    return {
        row["comparison"]: (row["starts_on"], row["ends_on"], row["numerator"], row["denominator"])
        for row in table.to_pylist()
        if row["measure"] == measure and not row["split"]
    }


def test_a_quarter_is_compared_with_the_one_before_and_the_same_of_the_year_before():
    _, cells = closed("2024-06-30")
    assert figures(evaluate(cells, MEASURES), "loan_volume") == {
        "current": (dt.date(2024, 4, 1), dt.date(2024, 6, 30), 600_000, None),
        "prior_quarter": (dt.date(2024, 1, 1), dt.date(2024, 3, 31), 300_000, None),
        "prior_year": (dt.date(2023, 4, 1), dt.date(2023, 6, 30), 300_000, None),
    }
    assert figures(evaluate(cells, MEASURES), "repeat_share")["current"][2:] == (300_000, 600_000)


def test_splits_add_up_to_the_whole():
    _, cells = closed("2024-06-30")
    rows = [row for row in evaluate(cells, MEASURES).to_pylist() if row["measure"] == "loan_volume"]
    for split in ("product", "model", "segment", "tenor_months", "drawdown"):
        parts = [row["numerator"] for row in rows if row["split"] == split and row["comparison"] == "current"]
        assert sum(parts) == 600_000, split


def test_a_due_date_whose_thirty_days_are_not_over_is_not_observed():
    # The loan of April missed 10 June; the loan of May missed 10 June too. Nothing of it can be judged before 10 July.
    early = figures(evaluate(closed("2024-06-30", known="2024-07-09")[1], MEASURES), "collection_30")["current"]
    late = figures(evaluate(closed("2024-06-30", known="2024-07-10")[1], MEASURES), "collection_30")["current"]
    assert early[2] == late[2]
    assert late[3] > early[3]


def test_comparatives_are_restated_under_the_definition_in_force(tmp_path):
    path = tmp_path / "lent.yaml"
    path.write_text(
        """name: lent
title: Lent, made up for this test
unit: money
family: volume
period: quarter
text: First the volume, from 1 May 2024 on only of the light model.
versions:
  - effective_from: 2020-01-01
    numerator: {sum: principal_fen}
    source: made up
  - effective_from: 2024-05-01
    numerator: {sum: principal_fen, where: {model: [capital_light]}}
    source: made up
""",
        encoding="utf-8",
    )
    definition = load_measure(path)
    _, cells = closed("2024-06-30")
    restated, original = (figures(evaluate(cells, [definition], restate=flag), "lent") for flag in (True, False))
    assert [restated[name][2] for name in restated] == [0, 0, 0]
    assert [original[name][2] for name in original] == [0, 300_000, 300_000]


def test_vintage_curves_end_at_the_age_of_the_youngest_month():
    _, cells = closed("2024-08-31")
    curve = [row for row in close_tables(cells, MEASURES)["vintage_30"].to_pylist() if row["vintage"] == "2024Q2"]
    assert [row["mob"] for row in curve] == [0, 1, 2, 3]  # loans of April and May, closed in August
    assert curve[0]["denominator_fen"] == 600_000
    # Both missed 10 June and were more than 30 days past due on 11 July: April's at age 3, May's at age 2.
    assert [row["numerator_fen"] > 0 for row in curve] == [False, False, True, True]
    assert curve[2]["numerator_fen"] == 300_000


def test_transition_rates_of_a_bucket_sum_to_one():
    _, cells = closed("2024-08-31")
    rows = close_tables(cells, MEASURES)["transitions"].to_pylist()
    sums: dict[tuple, float] = {}
    for row in rows:
        key = (row["month_end"], row["from_bucket"])
        sums[key] = sums.get(key, 0.0) + row["rate"]
    assert rows
    assert all(value == pytest.approx(1.0) for value in sums.values())


def test_a_window_that_runs_backwards_is_refused():
    with pytest.raises(RequestError, match="since 2024-02-01 lies after as_of 2024-01-01"):
        window(since=day("2024-02-01"), as_of=day("2024-01-01"))
    with pytest.raises(RequestError, match="observed_to 2024-05-01 lies after known_on 2024-04-30"):
        window(since=day("2024-02-01"), as_of=day("2024-03-31"), observed_to=day("2024-05-01"), known_on=day("2024-04-30"))


def test_a_loan_from_before_the_window_is_refused():
    batch, _ = build(BOOK)
    chosen = space(CLASSES, window(since=day("2023-06-01"), as_of=day("2024-06-30")))
    with pytest.raises(RequestError, match="loan 100 originated before the window"):
        measure_batches([batch], CLASSES, chosen)


def test_a_family_beyond_its_budget_is_refused_with_the_counts():
    rows = np.repeat(CLASSES.rows[:1], 2_000, axis=0)
    rows[:, Field.SEGMENT] = np.arange(2_000)
    many = Classes(rows=rows, products=CLASSES.products, segments=tuple(f"segment_{number}" for number in range(2_000)))
    with pytest.raises(RequestError, match=r"family transition would have 220,000 rows a snapshot \(2000 group x 2 month"):
        space(many, window(since=day("2024-01-01"), as_of=day("2024-02-29")))


def test_cells_of_different_windows_do_not_add_up():
    with pytest.raises(RequestError, match="do not add up"):
        closed("2024-06-30")[1] + closed("2024-07-31")[1]


def test_a_mask_of_another_length_is_refused():
    batch, cells = closed("2024-06-30")
    with pytest.raises(RequestError, match="the mask of family flow needs"):
        list(loans_behind([batch], CLASSES, cells.space, "flow", np.ones(3, bool)))


def test_a_period_before_the_window_is_none():
    chosen = window(since=day("2024-01-01"), as_of=day("2024-02-29"))
    assert period(chosen, "instant", 3) is None
    assert period(chosen, "quarter", 0).starts_on == dt.date(2024, 1, 1)
    assert BY_NAME["flow"].needs == "schedule"


@pytest.mark.parametrize(
    ("as_of", "kind", "quarter", "year"),
    [
        ("2024-06-30", "quarter", ("2024-01-01", "2024-03-31"), ("2023-04-01", "2023-06-30")),
        ("2024-05-31", "quarter", ("2024-01-01", "2024-02-29"), ("2023-04-01", "2023-05-31")),
        ("2024-05-20", "quarter", ("2024-01-01", "2024-03-31"), ("2023-04-01", "2023-06-30")),
        ("2024-05-20", "instant", ("2024-03-31", "2024-03-31"), ("2023-06-30", "2023-06-30")),
        ("2024-06-29", "quarter", ("2024-01-01", "2024-03-31"), ("2023-04-01", "2023-06-30")),
        ("2024-04-01", "quarter", ("2024-01-01", "2024-03-31"), ("2023-04-01", "2023-06-30")),
    ],
)
def test_comparatives_end_with_the_same_month_or_with_their_quarter(as_of, kind, quarter, year):
    chosen = window(since=day("2023-01-10"), as_of=day(as_of))
    for back, expected in ((3, quarter), (12, year)):
        found = period(chosen, kind, back)
        assert (found.starts_on.isoformat(), found.ends_on.isoformat()) == expected


def test_a_prior_quarter_cut_by_the_books_start_is_compared_inside_a_month():
    chosen = window(since=day("2024-03-10"), as_of=day("2024-05-20"))
    assert period(chosen, "quarter", 3).last == 0
    assert period(chosen, "quarter", 12) is None


def test_the_memory_of_all_that_is_held_at_once_is_bounded(monkeypatch):
    over = window(since=day("2023-05-01"), as_of=day("2024-06-30"))
    one = sum(found.nbytes for found in empty_cells(space(CLASSES, over)).families.values())
    monkeypatch.setattr(spaces, "MEMORY_LIMIT", 4 * one)
    space(CLASSES, over)
    monkeypatch.setattr(spaces, "MEMORY_LIMIT", 4 * one - 1)
    with pytest.raises(RequestError, match=r"close an earlier day|the limit is"):
        space(CLASSES, over)
