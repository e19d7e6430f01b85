"""The pictures of a portfolio report: Vega-Lite specifications built with Altair, from rows of a close's tables.

Every function takes rows and a size in pixels and returns one chart; `drawing.svg` turns it into a picture. Colours rise in
darkness where there is an order (age, days past due) and come from the Okabe-Ito set where there is none, so that the
pictures hold for colour-blind readers and in grey. Series are labelled where they end, not in a legend.
"""

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from loanbook.statements.close_folder import PAST_DUE, Row
from loanbook.statements.labels import free_places, grouped, place_above, spread, tick_days

INK = "#1c2733"
MUTED = "#5b6775"
RULE = "#e3e8ee"
ACCENT = "#0b4f8a"
FONT = "Inter, system-ui, -apple-system, Segoe UI, Helvetica Neue, Arial, sans-serif"

_AGES = ("#9cbb1c", "#3fae63", "#1f9e89", "#31688e", "#443983", "#3b0a4f")
_DEPTHS = ("#f7c65b", "#f1943f", "#dd5a45", "#b02f5c", "#7a1d6d", "#46105f", "#160b39")
_KINDS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a8f98")
_LABEL_PIXELS = 14
_AXIS_PIXELS = 46
_LETTER_PIXELS = 7.5
_TICKS = 5
_MONTH = "%b %Y"
_EMPTY = 0.01
"""The height of an axis on which every share is zero."""
_FRAME = {"left": 52, "top": 8, "right": 60, "bottom": 42}
"""Pixels around the plot of a vintage picture: percentages, months, and labels of the oldest vintages."""
_VINTAGE_LABEL = (50, 13)
"""Pixels of "2024Q3" as it is written."""
_VINTAGE_LETTER = 6.8
"""Pixels of a letter of such a label."""
_ON_AXIS = 0.02
"""A curve that has risen by less than this part of the height lies on the axis: such curves are named together above it."""

Point = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Pixels of the whole picture, axes and labels included."""

    width: int
    height: int


def vintage_curves(rows: Sequence[Row], size: Size) -> alt.LayerChart:
    """One line per vintage over months on book; `rate` is a share of initial principal."""
    vintages = sorted({row["vintage"] for row in rows})
    points: list[Point] = [
        {"vintage": row["vintage"], "x": row["mob"], "y": row["rate"]} for row in rows if row["rate"] is not None
    ]
    low = min((row["y"] for row in points if row["y"] < 0), default=0.0)
    top = 1.06 * max((row["y"] for row in points if row["y"] > 0), default=_EMPTY)
    oldest = max((row["x"] for row in points), default=1) or 1
    # Labels are placed by the pixel, so the plot's size must be known: it is not left to the renderer to fit it.
    wide, high = size.width - _FRAME["left"] - _FRAME["right"], size.height - _FRAME["top"] - _FRAME["bottom"]
    labels = _vintage_labels(points, vintages, (wide / oldest, high / (top - low)), (wide, high), low, on_axis=_ON_AXIS * top)
    colour = alt.Color("vintage:O", scale=alt.Scale(domain=vintages, range=_ramp(_AGES, len(vintages))), legend=None)
    across = alt.Scale(domain=[0, oldest], nice=False)
    base = alt.Chart().encode(
        x=alt.X(
            "x:Q",
            title="Months on book",
            axis=alt.Axis(values=_whole_months(oldest), format="d", grid=False, labelFlush=False),
            scale=across,
        ),
        y=alt.Y("y:Q", title=None, axis=_percent_axis(0.0, top), scale=alt.Scale(domain=[low, top], nice=False)),
        color=colour,
    )
    lines = base.mark_line(strokeWidth=1.8).properties(data=_inline(points))
    dots = base.mark_point(filled=True, size=16, opacity=1).properties(data=_inline([label for label in labels if label["dot"]]))
    if points and not any(row["y"] for row in points):
        labels = [_all_zero(vintages, top, oldest)]
    leaders = base.mark_rule(strokeWidth=0.8, opacity=0.7).encode(x2="to_x:Q", y2="to_y:Q")
    leaders = leaders.properties(data=_inline([label for label in labels if label["led"]]))
    names = base.mark_text(align="left", fontSize=11.5, fontWeight=600).encode(x="text_x:Q", y="text_y:Q", text="text:N")
    drawn = alt.layer(lines, leaders, dots, names.properties(data=_inline(labels)))
    return _framed(drawn, Size(width=wide, height=high), padding=_FRAME, autosize=alt.AutoSizeParams(type="none"))


def _all_zero(vintages: Sequence[str], top: float, oldest: int) -> Point:
    """One label over the lines that all lie on the axis: nothing is seen there otherwise."""
    text = f"{vintages[0]} to {vintages[-1]}: all 0" if len(vintages) > 1 else f"{vintages[0]}: 0"
    place = {"x": oldest, "y": 0.0, "to_x": oldest, "to_y": 0.0, "text_x": 0.02 * oldest, "text_y": 0.06 * top}
    return {"vintage": vintages[-1], "text": text, "led": False, "dot": False} | place


def _vintage_labels(
    points: list[Point],
    vintages: Sequence[str],
    scale: tuple[float, float],
    plot: tuple[int, int],
    low: float,
    *,
    on_axis: float,
) -> list[Point]:
    """For each line that can be named: its end, where its label stands, and where a leader to the label stops.

    Lines that lie on the axis are named together, just above it.
    """
    across, up = scale
    lines: dict[str, list[tuple[float, float]]] = {}
    for point in sorted(points, key=lambda row: row["x"]):
        lines.setdefault(point["vintage"], []).append((point["x"] * across, plot[1] - (point["y"] - low) * up))
    zero = plot[1] + low * up
    named = [name for name, line in lines.items() if abs(line[-1][1] - zero) > on_axis * up]
    found: list[Point] = []
    for name, place in free_places(lines, named, plot=plot, label=_VINTAGE_LABEL).items():
        left, right = place.x - 2, place.x + _VINTAGE_LABEL[0]
        to_x = min(max(place.line_x, left), right)
        below = place.y - place.line_y
        to_y = place.y if left > place.line_x or right < place.line_x else place.y - (7 if below > 0 else -7)
        ends = {"x": place.line_x, "to_x": to_x, "text_x": place.x}
        heights = {"y": place.line_y, "to_y": to_y, "text_y": place.y}
        found.append(
            {"vintage": name, "text": name, "led": place.led, "dot": True}
            | {key: x / across for key, x in ends.items()}
            | {key: (plot[1] - y) / up + low for key, y in heights.items()}
        )
    flat = [name for name in vintages if name in lines and name not in named]
    boxes = [(each["text_x"] * across, plot[1] - (each["text_y"] - low) * up, *_VINTAGE_LABEL) for each in found]
    at_zero = all(not point["y"] for point in points if point["vintage"] in flat)
    for text, x, y in _flat_labels(lines, flat, grouped(flat, vintages), boxes, plot, "0" if at_zero else "almost 0"):
        ends = dict.fromkeys(("x", "to_x", "text_x"), x / across)
        heights = dict.fromkeys(("y", "to_y", "text_y"), (plot[1] - y) / up + low)
        found.append({"vintage": flat[-1], "text": text, "led": False, "dot": False} | ends | heights)
    return found


def _flat_labels(
    lines: dict[str, list[tuple[float, float]]],
    flat: Sequence[str],
    words: Sequence[str],
    boxes: Sequence[tuple[float, float, int, int]],
    plot: tuple[int, int],
    what: str,
) -> list[tuple[str, float, float]]:
    """The label of the lines on the axis, in as few rows as find room near it: text, left end and middle of each row, pixels."""
    high = _VINTAGE_LABEL[1]
    end = max((lines[name][-1] for name in flat), default=(0.0, 0.0))
    for count in range(1, len(words) + 1):
        each = -(-len(words) // count)
        rows = [", ".join(words[start : start + each]) for start in range(0, len(words), each)]
        rows = [f"{row}," for row in rows[:-1]] + [f"{rows[-1]}: {what}"]
        wide = math.ceil(max(map(len, rows)) * _VINTAGE_LETTER)
        place = place_above(lines, boxes, plot=plot, label=(wide, high * len(rows)), end=end)
        if place is not None:
            first = place[1] - high * (len(rows) - 1) / 2
            return [(row, place[0], first + high * number) for number, row in enumerate(rows)]
    return []


def share_lines(series: dict[str, list[tuple[dt.date, float]]], size: Size, colours: Sequence[str] = _KINDS) -> alt.LayerChart:
    """Shares over month ends, one line per named series, each labelled at its end with its name."""
    points: list[Point] = [{"s": name, "x": day.isoformat(), "y": share} for name, line in series.items() for day, share in line]
    names = list(series)
    scale = alt.Scale(domain=names, range=list(colours[: len(names)]))
    aside = series if len(series) > 1 else ()
    base = alt.Chart().encode(x=_months(points, size, aside), color=alt.Color("s:N", scale=scale, legend=None))
    lowest, highest = _span([share for line in series.values() for _, share in line])
    y_scale = alt.Scale(domain=[lowest, highest], nice=False)
    axis = _percent_axis(lowest, highest)
    lines = (
        base.mark_line(strokeWidth=2.2)
        .encode(y=alt.Y("y:Q", title=None, axis=axis, scale=y_scale))
        .properties(data=_inline(points))
    )
    ends: list[Point] = [{"s": name, "x": line[-1][0].isoformat(), "y": line[-1][1]} for name, line in series.items() if line]
    gap = (highest - lowest) * _LABEL_PIXELS / (size.height - _AXIS_PIXELS)
    for end, place in zip(ends, spread([end["y"] for end in ends], gap), strict=True):
        end["at"] = place
    layers = [
        lines,
        base.mark_point(filled=True, size=34, opacity=1).encode(y=alt.Y("y:Q", scale=y_scale)).properties(data=_inline(ends)),
    ]
    if len(series) > 1:
        text = base.mark_text(align="left", dx=8, fontSize=12, fontWeight=600).encode(y=alt.Y("at:Q", scale=y_scale), text="s:N")
        layers.append(text.properties(data=_inline(ends)))
    return _framed(alt.layer(*layers), size)


def bucket_areas(rows: Sequence[Row], size: Size) -> alt.LayerChart:
    """Shares of the balance in the buckets past due, stacked over month ends, the youngest bucket at the bottom."""
    order = [name for name in PAST_DUE if any(row["bucket"] == name and row["share"] for row in rows)]
    points: list[Point] = [
        {"s": row["bucket"], "x": row["month_end"].isoformat(), "y": row["share"] or 0.0, "o": order.index(row["bucket"])}
        for row in rows
        if row["bucket"] in order
    ]
    last = max((point["x"] for point in points), default=None)
    ends: list[Point] = []
    below = 0.0
    for point in sorted((point for point in points if point["x"] == last), key=lambda point: point["o"]):
        ends.append({"s": point["s"], "x": last, "at": below + point["y"] / 2})
        below += point["y"]
    tops: dict[str, float] = {}
    for point in points:
        tops[point["x"]] = tops.get(point["x"], 0.0) + point["y"]
    top = max(tops.values(), default=1.0) * 1.05 or 1.0
    gap = top * _LABEL_PIXELS / (size.height - _AXIS_PIXELS)
    for end, place in zip(ends, spread([end["at"] for end in ends], gap), strict=True):
        end["at"] = place
    scale = alt.Scale(domain=order, range=[_depth(name) for name in order])
    months = _months(points, size, order)
    base = alt.Chart().encode(x=months, color=alt.Color("s:N", scale=scale, legend=None))
    y_scale = alt.Scale(domain=[0, top], nice=False)
    axis = _percent_axis(0.0, top)
    areas = base.mark_area(stroke="white", strokeWidth=0.6).encode(
        y=alt.Y("y:Q", stack="zero", title=None, axis=axis, scale=y_scale), order=alt.Order("o:Q")
    )
    labels = alt.Chart().mark_text(align="left", dx=6, fontSize=12, fontWeight=600, color=INK)
    labels = labels.encode(x=months, y=alt.Y("at:Q", scale=y_scale), text="s:N")
    return _framed(alt.layer(areas.properties(data=_inline(points)), labels.properties(data=_inline(ends))), size)


def bars(amounts: Sequence[tuple[str, float, str]], size: Size) -> alt.LayerChart:
    """Horizontal bars of buckets past due in the order given; each is (name, length, label written at its end)."""
    points: list[Point] = [{"s": name, "x": length, "label": label} for name, length, label in amounts]
    names = [name for name, _, _ in amounts]
    base = alt.Chart(_inline(points)).encode(
        y=alt.Y("s:N", sort=names, title=None, axis=alt.Axis(domain=False, ticks=False, labelPadding=8, labelFontSize=12)),
        x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, max([length for _, length, _ in amounts], default=1) or 1])),
    )
    scale = alt.Scale(domain=names, range=[_depth(name) for name in names])
    drawn = base.mark_bar(height={"band": 0.66}).encode(color=alt.Color("s:N", scale=scale, legend=None))
    text = base.mark_text(align="left", dx=6, fontSize=12, color=INK).encode(text="label:N")
    return _framed(alt.layer(drawn, text), size)


def columns(parts: dict[str, list[tuple[dt.date, float]]], size: Size) -> alt.LayerChart:
    """Stacked columns over month ends, the largest part at the bottom, parts named at the right."""
    names = sorted(parts, key=lambda name: -sum(amount for _, amount in parts[name]))
    points: list[Point] = [
        {"s": name, "x": f"{day:{_MONTH}}", "y": amount, "o": order}
        for order, name in enumerate(names)
        for day, amount in parts[name]
    ]
    days = sorted({day for line in parts.values() for day, _ in line})
    months = [f"{day:{_MONTH}}" for day in days]
    tops = [sum(point["y"] for point in points if point["x"] == month) for month in months]
    top = max(tops, default=1.0) * 1.04 or 1.0
    ends: list[Point] = []
    below = 0.0
    # Names stand beside the last column that there is, at the right of the last month.
    full = next((month for month, height in zip(reversed(months), reversed(tops), strict=True) if height), months[-1])
    for name in names:
        amount = next((point["y"] for point in points if point["s"] == name and point["x"] == full), 0.0)
        ends.append({"s": name, "x": months[-1], "at": below + amount / 2})
        below += amount
    gap = top * _LABEL_PIXELS / (size.height - _AXIS_PIXELS)
    for end, place in zip(ends, spread([end["at"] for end in ends], gap), strict=True):
        end["at"] = place
    scale = alt.Scale(domain=names, range=_coloured(len(names)))
    axis = alt.Axis(values=[f"{day:{_MONTH}}" for day in tick_days(days, _room(size, names))], labelAngle=0)
    bands = alt.Scale(type="band", domain=months, paddingInner=0.18)
    base = alt.Chart().encode(
        x=alt.X("x:O", title=None, axis=axis, scale=bands), color=alt.Color("s:N", scale=scale, legend=None)
    )
    y_scale = alt.Scale(domain=[0, top], nice=False)
    drawn = base.mark_bar().encode(
        y=alt.Y("y:Q", stack="zero", title=None, axis=alt.Axis(format=",~f", tickCount=5), scale=y_scale), order=alt.Order("o:Q")
    )
    text = base.mark_text(align="left", dx=6, fontSize=12, fontWeight=600).encode(
        x=alt.X("x:O", scale=bands, bandPosition=1), y=alt.Y("at:Q", scale=y_scale), text="s:N"
    )
    return _framed(alt.layer(drawn.properties(data=_inline(points)), text.properties(data=_inline(ends))), size)


def _span(values: Sequence[float]) -> tuple[float, float]:
    """The ends of an axis of shares: from zero, or, where all lie far above it and differ, a little around them."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if low > 0.4 * high and high > low:
        margin = (high - low) * 0.15
        return max(0.0, low - margin), high + margin
    return 0.0, high * 1.06 or _EMPTY


def _percent_axis(low: float, high: float) -> alt.Axis:
    """About five ticks, with as many decimals as their distance needs."""
    step = (high - low) / _TICKS
    return alt.Axis(format=".0%" if step >= 0.01 else ".1%" if step >= 0.001 else ".2%", tickCount=_TICKS)


def _room(size: Size, aside: Iterable[str]) -> float:
    """Pixels of an axis beside which names stand."""
    return size.width - _AXIS_PIXELS - _LETTER_PIXELS * max(map(len, aside), default=0)


def _months(points: Sequence[Point], size: Size, aside: Iterable[str]) -> alt.X:
    """Month ends, of which some are named, always the last."""
    ticks = tick_days([dt.date.fromisoformat(day) for day in sorted({point["x"] for point in points})], _room(size, aside))
    values = [alt.DateTime(year=day.year, month=day.month, date=day.day, utc=True) for day in ticks]
    axis = alt.Axis(format=_MONTH, values=values, grid=False, labelFlush=False)
    return alt.X("utcyearmonthdate(x):T", title=None, axis=axis, scale=alt.Scale(type="utc", nice=False))


def _coloured(count: int) -> list[str]:
    return [_KINDS[min(i, len(_KINDS) - 1)] for i in range(count)]


def _depth(bucket: str) -> str:
    """The colour of a bucket past due: its own, whichever buckets stand beside it."""
    return _ramp(_DEPTHS, len(PAST_DUE))[PAST_DUE.index(bucket)]


def _whole_months(oldest: int) -> list[int]:
    """Where the axis of months on book has ticks: whole months, at most ten steps."""
    return list(range(0, oldest + 1, -(-oldest // 10)))


def _ramp(anchors: Sequence[str], count: int) -> list[str]:
    """`count` colours at equal steps along the anchors."""
    if count == 1:
        return [anchors[-1]]
    stops = [tuple(int(anchor[i : i + 2], 16) for i in (1, 3, 5)) for anchor in anchors]
    colours = []
    for number in range(count):
        place = number * (len(stops) - 1) / (count - 1)
        lower = min(int(place), len(stops) - 2)
        part = place - lower
        mixed = [round(a + (b - a) * part) for a, b in zip(stops[lower], stops[lower + 1], strict=True)]
        colours.append("#" + "".join(f"{value:02x}" for value in mixed))
    return colours


def _inline(rows: Sequence[Point]) -> alt.InlineData:
    return alt.InlineData(values=list(rows))


def _framed(
    chart: alt.LayerChart, size: Size, padding: dict[str, int] | None = None, autosize: alt.AutoSizeParams | None = None
) -> alt.LayerChart:
    """The chart in the page's dress; by default fitted into `size`, axes and labels included."""
    framed = chart.properties(
        width=size.width,
        height=size.height,
        padding=padding or {"left": 6, "top": 8, "bottom": 2, "right": 20},
        autosize=autosize or alt.AutoSizeParams(type="fit", contains="padding"),
    )
    axis = {"labelColor": MUTED, "labelFontSize": 12, "titleColor": MUTED, "titleFontSize": 12, "titleFontWeight": 500}
    lines = {"gridColor": RULE, "domainColor": "#b8c2cd", "tickColor": "#b8c2cd", "labelPadding": 5}
    return (
        framed.configure(font=FONT, background="transparent")
        .configure_view(stroke=None)
        .configure_axis(**axis, **lines)
        .configure_axisY(domain=False, ticks=False)
    )
