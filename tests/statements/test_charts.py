"""Labels keep their distance, colours rise in darkness, and one row or none still makes a picture."""

import datetime as dt
import re
from itertools import pairwise

import altair as alt
from hypothesis import given
from hypothesis import strategies as st

from loanbook.statements import charts
from loanbook.statements.charts import Size
from loanbook.statements.drawing import svg

SIZE = Size(width=400, height=200)


@given(st.lists(st.floats(0, 1), max_size=9), st.floats(0.001, 0.2))
def test_labels_are_moved_apart_and_keep_their_order(places, gap):
    moved = charts.spread(places, gap)
    order = sorted(range(len(places)), key=lambda i: places[i])
    assert all(moved[b] - moved[a] >= gap * (1 - 1e-9) for a, b in pairwise(order))


def test_labels_far_enough_apart_stay_where_they_are():
    assert charts.spread([0.1, 0.9, 0.5], 0.1) == [0.1, 0.9, 0.5]


def test_a_ramp_gets_darker_step_by_step():
    for anchors in (charts._AGES, charts._DEPTHS):
        colours = charts._ramp(anchors, 7)
        light = [0.2126 * int(c[1:3], 16) + 0.7152 * int(c[3:5], 16) + 0.0722 * int(c[5:7], 16) for c in colours]
        assert all(lighter > darker for lighter, darker in pairwise(light))


def test_one_point_is_enough_for_every_picture():
    day = dt.date(2024, 9, 30)
    drawn = [
        charts.vintage_curves([{"vintage": "2024Q3", "mob": 1, "rate": 0.0}], SIZE),
        charts.share_lines({"a": [(day, 0.0)]}, SIZE),
        charts.bucket_areas([{"bucket": "1-30", "month_end": day, "share": 0.01}], SIZE),
        charts.bars([("1-30", 0.0, "RMB 0 million")], SIZE),
        charts.columns({"cash loan": [(day, 1.0)]}, SIZE),
    ]
    for chart in drawn:
        assert svg(chart, key="k", text="<b>", kind="wide").startswith('<svg class="wide" role="img" aria-label="&lt;b>"')


def test_a_curve_that_lies_on_the_axis_has_no_label():
    rows = [{"vintage": vintage, "mob": 9, "rate": rate} for vintage, rate in (("2024Q1", 0.04), ("2024Q3", 0.0002))]
    drawn = svg(charts.vintage_curves(rows, SIZE), key="k", text="t", kind="wide")
    assert ">2024Q1<" in drawn
    assert ">2024Q3<" not in drawn


def test_an_all_current_book_draws_an_empty_area():
    rows = [{"bucket": "1-30", "month_end": dt.date(2024, 9, 30), "share": 0.0}]
    assert "</svg>" in svg(charts.bucket_areas(rows, SIZE), key="k", text="t", kind="wide")


def test_ids_inside_a_picture_begin_with_its_key():
    chart = alt.layer(alt.Chart(alt.InlineData(values=[{"x": 1}, {"x": 2}])).mark_line(clip=True).encode(x="x:Q", y="x:Q"))
    drawn = svg(chart, key="first", text="t", kind="wide")
    ids = re.findall(r'\bid="([^"]+)"', drawn)
    assert ids
    assert all(name.startswith("first-") for name in ids)
    assert set(re.findall(r"url\(#([^)]+)\)", drawn)) == set(ids)
