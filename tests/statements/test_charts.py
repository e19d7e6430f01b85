"""Labels keep their distance, colours rise in darkness, and one row or none still makes a picture."""

import datetime as dt
import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import altair as alt

from loanbook.statements import charts
from loanbook.statements.charts import Size
from loanbook.statements.drawing import svg

SIZE = Size(width=400, height=200)


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


def test_curves_that_lie_on_the_axis_are_named_together_beside_the_others():
    rates = {"2024Q1": 0.04, "2024Q2": 0.0, "2024Q3": 0.0, "2024Q4": 0.02, "2025Q1": 0.0, "2025Q2": 0.0}
    rows = [{"vintage": name, "mob": mob, "rate": rate * mob / 9} for name, rate in rates.items() for mob in range(10)]
    drawn = svg(charts.vintage_curves(rows, Size(width=700, height=330)), key="k", text="t", kind="wide")
    assert ">2024Q2 to 2024Q3, 2025Q1 to 2025Q2: 0<" in drawn
    assert [name for name in rates if f">{name}<" in drawn] == ["2024Q1", "2024Q4"]


def test_a_single_curve_on_the_axis_is_named_with_what_it_is():
    rows = [
        {"vintage": name, "mob": mob, "rate": rate * mob / 9}
        for name, rate in (("2024Q1", 0.04), ("2024Q2", 0.0))
        for mob in range(10)
    ]
    assert ">2024Q2: 0<" in svg(charts.vintage_curves(rows, SIZE), key="k", text="t", kind="wide")
    rows[-1]["rate"] = 0.0002
    assert ">2024Q2: almost 0<" in svg(charts.vintage_curves(rows, SIZE), key="k", text="t", kind="wide")


def test_curves_that_all_lie_on_the_axis_are_called_so():
    rows = [{"vintage": name, "mob": mob, "rate": 0.0} for name in ("2024Q1", "2024Q2", "2024Q3") for mob in range(4)]
    drawn = svg(charts.vintage_curves(rows, SIZE), key="k", text="t", kind="wide")
    assert ">2024Q1 to 2024Q3: all 0<" in drawn
    assert ">2024Q1<" not in drawn


def test_the_axis_of_months_names_each_once_and_the_last():
    months = [dt.date(2024, 1, 31), dt.date(2024, 2, 29), dt.date(2024, 3, 31)]
    line = charts.share_lines({"a": [(day, 0.1 * number) for number, day in enumerate(months)]}, SIZE)
    bars = charts.columns({"cash loan": [(day, 5.0) for day in months]}, SIZE)
    for chart in (line, bars):
        named = re.findall(r">([A-Z][a-z]{2} 20\d\d)<", svg(chart, key="k", text="t", kind="wide"))
        assert len(named) == len(set(named))
        assert "Mar 2024" in named


def test_the_name_of_a_column_stands_right_of_the_last_bar():
    drawn = svg(charts.columns({"cash loan": [(dt.date(2024, 1, 31), 5.0)]}, SIZE), key="k", text="t", kind="wide")
    (label,) = re.findall(r'text-anchor="start" transform="translate\(([\d.]+),[\d.]+\)"[^>]*>cash loan<', drawn)
    (left, wide) = re.findall(r'd="M([\d.]+),[\d.]+h([\d.]+)v[\d.]+h-[\d.]+Z" fill="#0072b2"', drawn)[0]
    assert float(label) > float(left) + float(wide)


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


def test_a_bucket_has_one_colour_whichever_stand_beside_it():
    day = dt.date(2024, 9, 30)

    def colours(*buckets):
        areas = charts.bucket_areas([{"bucket": name, "month_end": day, "share": 0.01} for name in buckets], SIZE).to_dict()
        scale = areas["layer"][0]["encoding"]["color"]["scale"]
        drawn = charts.bars([(name, 1.0, "1") for name in buckets], SIZE).to_dict()
        assert drawn["layer"][0]["encoding"]["color"]["scale"] == scale
        return dict(zip(scale["domain"], scale["range"], strict=True))

    alone, some, every = colours("61-90"), colours("31-60", "61-90"), colours("1-30", "31-60", "61-90", "181+")
    assert alone["61-90"] == some["61-90"] == every["61-90"]
    assert some["31-60"] == every["31-60"]
    assert len(set(every.values())) == 4


def test_months_on_book_are_whole():
    for oldest, ticks in ((1, ["0", "1"]), (2, ["0", "1", "2"]), (25, ["0", "6", "12", "18", "24"])):
        rows = [{"vintage": "2024Q1", "mob": mob, "rate": 0.01 * mob} for mob in range(oldest + 1)]
        drawn = svg(charts.vintage_curves(rows, SIZE), key="k", text="t", kind="wide")
        assert re.findall(r">(\d+(?:\.\d+)?)</text>", drawn) == ticks


def test_a_picture_is_well_formed():
    drawn = svg(charts.bars([("1-30", 1.0, "1")], SIZE), key="k", text="a < b & c", kind="wide")
    root = ElementTree.fromstring(drawn)
    assert (root.get("class"), root.get("aria-label")) == ("wide", "a < b & c")
