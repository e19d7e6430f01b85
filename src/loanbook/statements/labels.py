"""Where labels and ticks of a picture stand: apart from one another, beside lines and never on them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot

import numpy as np

from loanbook.units import Ints

_STEPS = (1, 2, 3, 6, 12, 24, 36, 60, 120)
_TICK_PIXELS = 75
"""Room that a label like "Sep 2024" takes along an axis."""

_CLEAR = 2
"""Pixels that stay free around a label."""
_BESIDE = 5
"""Pixels between the end of a line and its label."""
_REACH_RIGHT, _REACH_LEFT, _REACH_DOWN = 90, 60, 130
_REACH_UP = 30
_TRIED = 60
"""The nearest free places of which the one with the clearest way to its line is taken."""
_CROSSING = 1.5
"""A crossed pixel weighs as much as so many pixels of distance."""

Path = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A label in pixels from the upper left of the plot: the left end of its text and its middle, and the end of its line."""

    x: float
    y: float
    line_x: float
    line_y: float

    @property
    def led(self) -> bool:
        """Whether the label stands so far off that a thin line must lead to it."""
        return self.x - self.line_x > 2 * _BESIDE or self.x < self.line_x or abs(self.y - self.line_y) > 2 * _BESIDE


def tick_days(days: Sequence[dt.date], width: float) -> list[dt.date]:
    """Month ends to name on an axis of `width` pixels: always the last, others at equal steps back from it, each once."""
    if not days:
        return []
    last = max(days)
    ages = {day: (last.year - day.year) * 12 + last.month - day.month for day in days}
    room = max(1, int(width // _TICK_PIXELS))
    step = next((step for step in _STEPS if max(ages.values()) // step + 1 <= room), _STEPS[-1])
    return sorted(day for day, age in ages.items() if age % step == 0)


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Places of labels moved apart until neighbours are at least `gap` apart: in their order, around their mean, none below 0."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    for lower, upper in pairwise(order):
        moved[upper] = max(moved[upper], moved[lower] + gap)
    if not moved:
        return moved
    down = min((sum(moved) - sum(places)) / len(moved), min(moved))
    return [place - down for place in moved]


def free_places(
    lines: Mapping[str, Path], named: Sequence[str], *, plot: tuple[int, int], label: tuple[int, int]
) -> dict[str, Place]:
    """A place near the end of each named line, on no line and no other label.

    lines     all lines of the picture, pixels from the upper left of the plot
    plot      width and height; labels may also stand to its right, up to their own width
    label     width and height of a label
    returns   by name; a line that finds no free place within reach has none
    """
    wide, high = label
    taken = np.zeros((plot[1], plot[0] + wide + 2 * _BESIDE), np.bool_)
    for path in lines.values():
        _mark(taken, path)
    found: dict[str, Place] = {}
    # The longest lines first: beside them is the margin, the others have the plot.
    for name in sorted(named, key=lambda name: (-lines[name][-1][0], name)):
        place = _nearest(taken, lines[name][-1], wide, high)
        if place is not None:
            found[name] = place
            top = max(0, round(place.y - high / 2) - _CLEAR)
            taken[top : round(place.y + high / 2) + _CLEAR, round(place.x) : round(place.x) + wide] = True
    return found


def place_above(
    lines: Mapping[str, Path],
    boxes: Sequence[tuple[float, float, int, int]],
    *,
    plot: tuple[int, int],
    label: tuple[int, int],
    end: tuple[float, float],
) -> tuple[float, float] | None:
    """Where a label stands above lines that lie on the axis: as low as it is free there, as near to their end as it can.

    boxes     labels that stand already: left end, middle, width, height
    end       where the longest of the lines ends
    returns   left end and middle in pixels; None where nothing is free within reach
    """
    wide, high = label
    taken = np.zeros((plot[1], plot[0]), np.bool_)
    for path in lines.values():
        _mark(taken, path)
    for left, middle, width, height in boxes:
        taken[max(0, round(middle - height / 2)) : round(middle + height / 2), max(0, round(left)) : round(left) + width] = True
    sums = np.zeros((plot[1] + 1, plot[0] + 1), np.int64)
    sums[1:, 1:] = np.cumsum(np.cumsum(taken, axis=0), axis=1)
    lefts = np.arange(_CLEAR, plot[0] - wide - _CLEAR + 1)
    lowest = min(round(end[1]) - _BESIDE + _CLEAR, plot[1])
    for lower in range(lowest, max(lowest - _REACH_UP, high), -1):
        upper = lower - high
        held = sums[lower, lefts + wide] - sums[upper, lefts + wide] - sums[lower, lefts] + sums[upper, lefts]
        free = lefts[held == 0]
        if free.size:
            return float(free[np.abs(free + wide - end[0]).argmin()]), (upper + lower) / 2
    return None


def grouped(names: Sequence[str], all_names: Sequence[str]) -> list[str]:
    """Names in few words: "2024Q2 to 2024Q3" and "2025Q1", where they follow on one another in the order of all."""
    runs: list[list[str]] = []
    for name in all_names:
        if name in names and runs and all_names[all_names.index(name) - 1] == runs[-1][-1]:
            runs[-1].append(name)
        elif name in names:
            runs.append([name])
    return [run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]


def _mark(taken: Ints, path: Path) -> None:
    for (x, y), (x2, y2) in pairwise(path):
        count = int(max(abs(x2 - x), abs(y2 - y))) + 2
        columns = np.clip(np.rint(np.linspace(x, x2, count)).astype(np.int64), 0, taken.shape[1] - 1)
        rows = np.clip(np.rint(np.linspace(y, y2, count)).astype(np.int64), 0, taken.shape[0] - 1)
        taken[rows, columns] = True


def _nearest(taken: Ints, end: tuple[float, float], wide: int, high: int) -> Place | None:
    """The free box with the shortest and clearest way to the end of a line."""
    rows, columns = taken.shape
    sums = np.zeros((rows + 1, columns + 1), np.int64)
    sums[1:, 1:] = np.cumsum(np.cumsum(taken, axis=0), axis=1)
    x, y = end
    lefts = np.arange(round(x) - wide - _REACH_LEFT, min(round(x) + _REACH_RIGHT, columns - wide))
    tops = np.arange(round(y) - high // 2 - _REACH_DOWN, round(y) - high // 2 + _REACH_DOWN)
    lefts, tops = lefts[lefts >= 0], tops[(tops >= 0) & (tops + high <= rows)]
    if not lefts.size or not tops.size:
        return None
    upper, lower = np.maximum(tops - _CLEAR, 0)[:, None], np.minimum(tops + high + _CLEAR, rows)[:, None]
    first, after = np.maximum(lefts - _CLEAR, 0)[None, :], np.minimum(lefts + wide + _CLEAR, columns)[None, :]
    held = sums[lower, after] - sums[upper, after] - sums[lower, first] + sums[upper, first]
    across = np.maximum(np.maximum(lefts - x, x - lefts - wide), 0.0)[None, :]
    down = np.maximum(np.abs(tops + high / 2 - y) - high / 2, 0.0)[:, None]
    # Straight to the right of the end is where a reader looks first.
    away = np.hypot(across, down) + 0.5 * np.abs(tops + high / 2 - y)[:, None] + np.where(lefts < x, 8.0, 0.0)[None, :]
    away = np.where((held == 0) & (np.hypot(across, down) >= _BESIDE), away, np.inf)
    nearest = np.argsort(away, axis=None, kind="stable")[:_TRIED]
    nearest = nearest[np.isfinite(away.ravel()[nearest])]
    if not nearest.size:
        return None

    def cost(at: int) -> float:
        row, column = np.unravel_index(at, away.shape)
        return float(away[row, column]) + _CROSSING * _crossed(taken, end, (lefts[column], tops[row] + high / 2), wide)

    row, column = np.unravel_index(min(nearest.tolist(), key=cost), away.shape)
    return Place(x=float(lefts[column]), y=float(tops[row] + high / 2), line_x=x, line_y=y)


def _crossed(taken: Ints, end: tuple[float, float], box: tuple[float, float], wide: int) -> int:
    """Taken pixels on the straight way from the end of a line to a box, the line's own end left out."""
    (x, y), (left, middle) = end, box
    to = min(max(x, left), left + wide)
    count = int(hypot(to - x, middle - y)) + 1
    path = np.linspace(0, 1, count)[_BESIDE:]
    columns = np.clip(np.rint(x + path * (to - x)).astype(np.int64), 0, taken.shape[1] - 1)
    rows = np.clip(np.rint(y + path * (middle - y)).astype(np.int64), 0, taken.shape[0] - 1)
    return int(taken[rows, columns].sum())
