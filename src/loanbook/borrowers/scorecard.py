"""Points of a scorecard: a feature's bin and what it gives. Twin: tests/reference/scorecard.py."""

from bisect import bisect_right
from collections.abc import Callable

from loanbook.borrowers.features import Reading, State
from loanbook.terms.strategy import Characteristic

Line = tuple[str, int]
"""Label of a bin and its points."""

MISSING = "missing"
UNSEEN = "unseen"


def points_of(characteristic: Characteristic) -> Callable[[Reading], Line | None]:
    """The function from a reading to its bin and points; None where the reading has none and the score cannot be told."""
    lines = [(part.label, part.points) for part in characteristic.bins]
    special = {State.MISSING: (MISSING, characteristic.missing), State.UNSEEN: (UNSEEN, characteristic.unseen)}
    by_state: dict[State, Line] = {state: (label, points) for state, (label, points) in special.items() if points is not None}
    limits = [part.below for part in characteristic.bins if part.below is not None]
    by_value = {one: line for part, line in zip(characteristic.bins, lines, strict=True) for one in part.accepted}
    if by_value:
        return lambda reading: by_value[reading.value] if reading.state is State.KNOWN else by_state.get(reading.state)  # type: ignore[index]
    return lambda reading: (
        lines[bisect_right(limits, reading.value)] if reading.state is State.KNOWN else by_state.get(reading.state)  # type: ignore[type-var]
    )
