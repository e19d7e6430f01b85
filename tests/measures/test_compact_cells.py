"""Cells and measures of compact loans against the naive twin, over random histories."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook import units
from loanbook.measures.cells import Cells, from_tables, members, to_tables
from loanbook.measures.evaluation import evaluate, wanted_cells
from loanbook.measures.measuring import loans_behind, measure_batches
from loanbook.measures.periods import period
from loanbook.measures.space import space
from loanbook.measures.window import window
from loanbook.terms.families import FAMILIES
from loanbook.terms.measure import load_measures
from tests.measures.random_loans import AS_OF, CLASSES, SETTINGS, SINCE, build, cut, one_loan
from tests.reference.measures import Twin, month_of

pytestmark = pytest.mark.plain
LOANS = st.lists(one_loan(), min_size=1, max_size=8)
CLOCKS = st.tuples(st.integers(SINCE + 40, AS_OF), st.integers(0, 60))
MEASURES = load_measures()


def named(cells: Cells) -> dict[str, dict]:
    """Cells that are not zero under the twin's keys."""
    found = {}
    for family in FAMILIES:
        dense = cells.families[family.name]
        rows = np.flatnonzero(dense.any(axis=1))
        columns = members(cells.space, family, rows)
        keys = list(zip(*columns.values(), strict=True)) if rows.size else []
        found[family.name] = {
            (*(month_of(units.day(part)) if hasattr(part, "year") else part for part in key), column): int(dense[row, place])
            for key, row in zip(keys, rows, strict=True)
            for place, column in enumerate(family.columns)
            if dense[row, place]
        }
    return found


def measured(drawn: list, clocks: tuple[int, int]) -> tuple:
    batch, loans = build(drawn)
    as_of, ahead = clocks
    chosen = space(CLASSES, window(since=SINCE, as_of=as_of, known_on=as_of + ahead))
    return batch, chosen, measure_batches([batch], CLASSES, chosen), Twin(loans, SINCE, as_of, as_of + ahead)


@given(drawn=LOANS, clocks=CLOCKS)
@SETTINGS
def test_every_cell_of_every_family_equals_the_naive_twins(drawn, clocks):
    _, _, cells, twin = measured(drawn, clocks)
    expected = twin.cells()
    for family, found in named(cells).items():
        assert found == dict(expected[family]), family


@given(drawn=LOANS, clocks=CLOCKS)
@SETTINGS
def test_every_measure_equals_its_naive_twin(drawn, clocks):
    _, _, cells, twin = measured(drawn, clocks)
    expected = twin.measures()
    found = {row["measure"]: row for row in evaluate(cells, MEASURES, comparisons={"current": 0}).to_pylist() if not row["split"]}
    assert {*found} == {*expected, "c_m2"}
    for measure, (numerator, denominator) in expected.items():
        row = found[measure]
        assert (row["numerator"], row["denominator"]) == (numerator, denominator), measure
        if denominator:
            ratio = numerator / denominator
            assert row["value"] == pytest.approx(1 - (1 - ratio) ** 12 if measure == "prepayment_speed" else ratio), measure
    day1, collection = found["day1_delinquency"]["value"], found["collection_30"]["value"]
    product = None if day1 is None or collection is None else day1 * (1 - collection)
    assert found["c_m2"]["value"] == (None if product is None else pytest.approx(product))


@given(drawn=LOANS, clocks=CLOCKS, data=st.data())
@SETTINGS
def test_cells_add_up_over_any_split_of_the_batch(drawn, clocks, data):
    batch, chosen, whole, _ = measured(drawn, clocks)
    at = data.draw(st.integers(0, len(drawn)))
    parts = [measure_batches([part], CLASSES, chosen) for part in (cut(batch, 0, at), cut(batch, at, len(drawn)))]
    assert parts[0] + parts[1] == whole
    assert measure_batches([cut(batch, at, len(drawn)), cut(batch, 0, at)], CLASSES, chosen) == whole
    assert from_tables(chosen, to_tables(whole), whole.counts) == whole


@given(drawn=LOANS, clocks=CLOCKS, data=st.data())
@SETTINGS
def test_the_loans_behind_a_figure_sum_to_it(drawn, clocks, data):
    batch, chosen, cells, _ = measured(drawn, clocks)
    definition = data.draw(st.sampled_from([each for each in MEASURES if each.family]))
    version = definition.in_force(chosen.window.as_of)
    over = period(chosen.window, definition.period)
    wanted = wanted_cells(chosen, version.numerator, definition.family, over)
    found = list(loans_behind([batch], CLASSES, chosen, definition.family, wanted))
    for column, values in ((column, [part.values[column] for part in found]) for column in found[0].values):
        place = next(each for each in FAMILIES if each.name == definition.family).columns.index(column)
        assert sum(int(part.sum()) for part in values) == int(cells.families[definition.family][wanted, place].sum())
    assert set(np.concatenate([part.loan_no for part in found])) <= set(batch.loan_no)


@given(drawn=LOANS, first=st.integers(SINCE + 40, AS_OF - 60))
@SETTINGS
def test_an_earlier_close_gives_the_same_complete_months_as_a_later_one(drawn, first):
    batch, _ = build(drawn)
    cells = {}
    for as_of in (first, AS_OF):
        chosen = space(CLASSES, window(since=SINCE, as_of=as_of, known_on=AS_OF))
        tables = to_tables(measure_batches([batch], CLASSES, chosen))
        month = units.date(first).replace(day=1)
        for family in ("position", "flow", "transition", "due"):
            rows = [row for row in tables[family].to_pylist() if row["month"] < month]
            cells.setdefault(family, []).append(rows)
    assert all(early == late for early, late in cells.values())


@given(drawn=LOANS, clocks=CLOCKS)
@SETTINGS
def test_the_flow_of_each_month_leads_from_its_opening_to_the_next(drawn, clocks):
    _, chosen, cells, _ = measured(drawn, clocks)
    flow = cells.families["flow"].reshape(len(chosen.groups), chosen.window.months, -1)
    opening, entered, _, paid, _, charged_off, unreported = (flow[:, :, place] for place in range(7))
    assert (opening[:, :-1] + (entered - paid - charged_off)[:, :-1] == opening[:, 1:]).all()
    assert not unreported.any()
