"""Which figure that was read is which figure of the truth: both in reading order, matched by the digits displayed."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from loanbook.tieout.figure import Figure, Unit
from tests.tieout.releases.writer import Truth

KINDS = ("value", "step", "unit", "scale", "currency", "period")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A figure of the truth and what was read in its place; one of them is None where the other has no partner."""

    truth: Truth | None
    figure: Figure | None

    def wrong(self) -> tuple[str, ...]:
        """What was read otherwise than it is meant."""
        if self.truth is None or self.figure is None:
            return ("missing" if self.figure is None else "invented",)
        same = {name: getattr(self.truth, name) == getattr(self.figure, name) for name in KINDS}
        # "A decrease of 9.3%" is read as -9.3: its word is its sign.
        if self.truth.is_prose and self.truth.unit in (Unit.PERCENT, Unit.POINTS):
            same["value"] = abs(self.truth.value) == abs(self.figure.value)
        # A scale may be told in the unit or in the scale: what counts is the amount.
        if not same["scale"] and self.truth.value * self.truth.scale == self.figure.amount:
            same |= {"scale": True, "value": True, "step": True}
        return tuple(name for name, right in same.items() if not right)


def align(truths: Sequence[Truth], figures: Sequence[Figure]) -> list[Pair]:
    """Every figure of both, in order."""
    meant = [_digits(truth.text) for truth in truths]
    read = [_digits(figure.text) for figure in figures]
    pairs: list[Pair] = []
    for kind, first, last, start, end in SequenceMatcher(None, meant, read, autojunk=False).get_opcodes():
        if kind == "equal":
            pairs.extend(Pair(truth=truths[first + at], figure=figures[start + at]) for at in range(last - first))
        else:
            pairs.extend(Pair(truth=truth, figure=None) for truth in truths[first:last])
            pairs.extend(Pair(truth=None, figure=figure) for figure in figures[start:end])
    return pairs


def _digits(text: str) -> str:
    return "".join(each for each in text if each.isdigit())
