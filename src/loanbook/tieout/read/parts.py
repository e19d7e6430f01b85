"""Parts of a text that make the rows of a table: labels, figures with their marks, heads."""

from collections.abc import Sequence
from dataclasses import dataclass, field

Stretch = tuple[int, int, int]
"""Line, first character and end of a part of a text."""


@dataclass(slots=True)
class Slot:
    """A figure or a head with the marks around it."""

    at: Stretch
    before: Stretch | None = None
    behind: list[Stretch] = field(default_factory=list)


@dataclass(slots=True)
class Line:
    """A row: its label, and what stands behind it in order."""

    label: Stretch | None
    slots: list[Slot]
    is_head: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text and the columns that it belongs to."""

    at: Stretch
    column: int
    columns: int = 1


def text_of(lines: Sequence[str], at: Stretch) -> str:
    return lines[at[0]][at[1] : at[2]]


def whole(line: str, number: int) -> Stretch:
    """A line without the blanks at its ends."""
    return number, len(line) - len(line.lstrip()), len(line.rstrip())
