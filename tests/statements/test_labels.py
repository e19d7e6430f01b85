"""Labels keep their distance from one another and from every line; ticks are named once, the last always."""

import datetime as dt
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from loanbook.statements.labels import free_places, spread, tick_days

PLOT, LABEL = (300, 200), (50, 13)


@given(st.lists(st.floats(0, 1), max_size=9), st.floats(0.001, 0.2))
def test_labels_are_moved_apart_and_keep_their_order(places, gap):
    moved = spread(places, gap)
    order = sorted(range(len(places)), key=lambda i: places[i])
    assert all(moved[b] - moved[a] >= gap * (1 - 1e-9) for a, b in pairwise(order))


def test_labels_far_enough_apart_stay_where_they_are():
    assert spread([0.1, 0.9, 0.5], 0.1) == [0.1, 0.9, 0.5]


def _month_end(number):
    day = dt.date(2020 + number // 12, number % 12 + 1, 28) + dt.timedelta(days=4)
    return day.replace(day=1) - dt.timedelta(days=1)


@given(st.integers(0, 60), st.integers(1, 90), st.integers(40, 900))
def test_the_last_month_is_always_named_and_names_have_room(first, count, width):
    days = [_month_end(number) for number in range(first, first + count)]
    ticks = tick_days(days, width)
    assert ticks[-1] == days[-1]
    assert len(ticks) == len(set(ticks)) <= max(1, width // 75)
    assert len({days.index(b) - days.index(a) for a, b in pairwise(ticks)}) <= 1


def test_half_a_year_is_named_month_by_month_where_there_is_room():
    days = [_month_end(number) for number in range(6)]
    assert tick_days(days, 900) == days
    assert tick_days(days, 250) == [days[1], days[3], days[5]]


heights = st.lists(st.integers(0, 199), min_size=2, max_size=12)


@settings(max_examples=40, deadline=None)
@given(st.lists(heights, min_size=1, max_size=8))
def test_no_label_stands_on_a_line_or_on_another_label(curves):
    lines = {str(number): [(25.0 * x, float(y)) for x, y in enumerate(curve)] for number, curve in enumerate(curves)}
    places = free_places(lines, list(lines), plot=PLOT, label=LABEL)
    boxes = [(place.x, place.y - LABEL[1] / 2, place.x + LABEL[0], place.y + LABEL[1] / 2) for place in places.values()]
    for left, top, right, bottom in boxes:
        assert min(left, top, PLOT[1] - bottom) >= 0
        for line in lines.values():
            for (x, y), (x2, y2) in pairwise(line):
                for part in range(101):
                    at, height = x + (x2 - x) * part / 100, y + (y2 - y) * part / 100
                    assert not (left < at < right - 1 and top < height < bottom)
    for number, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[:number]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


def test_a_line_alone_has_its_label_straight_to_the_right():
    (place,) = free_places({"a": [(0.0, 100.0), (200.0, 50.0)]}, ["a"], plot=PLOT, label=LABEL).values()
    assert 200 < place.x < 210
    assert abs(place.y - 50) < 1
    assert not place.led
