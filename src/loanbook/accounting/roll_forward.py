"""Roll-forwards: an opening balance, named movements and a closing balance that must agree to the unit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from loanbook.errors import RequestError, TieError


@dataclass(frozen=True, slots=True, kw_only=True)
class RollForward:
    """One balance over one period. It cannot be made unless it closes.

    movements    name -> signed amount, in the order in which they are shown
    tolerance    how far the closing may be off, for published figures that were rounded one by one; 0 for our own
    raises       TieError with every figure when opening + movements is not closing
    """

    title: str
    opening: int
    movements: Mapping[str, int]
    closing: int
    tolerance: int = 0

    def __post_init__(self) -> None:
        reached = self.opening + sum(self.movements.values())
        if abs(reached - self.closing) > self.tolerance:
            steps = ", ".join(f"{name} {amount:+,}" for name, amount in self.movements.items())
            raise TieError(
                f"{self.title} does not close: opening {self.opening:,}, {steps} make {reached:,}, "
                f"but the closing balance is {self.closing:,}, {self.closing - reached:+,} off."
            )


def rolled(title: str, opening: int, movements: Mapping[str, int]) -> RollForward:
    """The roll-forward from an opening balance and its movements; the closing balance follows from them."""
    return RollForward(title=title, opening=opening, movements=dict(movements), closing=opening + sum(movements.values()))


def between(title: str, signs: Mapping[str, int], before: Mapping[str, int], after: Mapping[str, int]) -> RollForward:
    """The roll-forward between two closes from cumulative columns: every movement is f(this close) - f(last close).

    signs    column -> +1 where it raises the balance, -1 where it lowers it; the balance is the signed sum of the columns
    raises   RequestError for another sign, or for a column that a close does not have
    """
    for name, sign in signs.items():
        if sign not in (1, -1):
            raise RequestError(f"{title}: the sign of {name} is {sign}; write 1 or -1.")
        for close in (before, after):
            if name not in close:
                raise RequestError(f"{title}: a close has no column {name}; it has {', '.join(close) or 'none'}.")
    return RollForward(
        title=title,
        opening=sum(sign * int(before[name]) for name, sign in signs.items()),
        movements={name: sign * (int(after[name]) - int(before[name])) for name, sign in signs.items()},
        closing=sum(sign * int(after[name]) for name, sign in signs.items()),
    )


def totalled(title: str, rolls: Iterable[RollForward]) -> RollForward:
    """The sum of roll-forwards with the same movements: of cells, of entities. RequestError where their names differ."""
    parts = list(rolls)
    if not parts:
        raise RequestError(f"{title}: nothing to add up.")
    names = list(parts[0].movements)
    for part in parts:
        if set(part.movements) != set(names):
            raise RequestError(f"{title}: {part.title} moves by {', '.join(part.movements)}, not by {', '.join(names)}.")
    return RollForward(
        title=title,
        opening=sum(part.opening for part in parts),
        movements={name: sum(part.movements[name] for part in parts) for name in names},
        closing=sum(part.closing for part in parts),
        tolerance=sum(part.tolerance for part in parts),
    )


def chained(rolls: Iterable[RollForward]) -> tuple[RollForward, ...]:
    """Roll-forwards of following periods; TieError where one does not open with what the one before closed with."""
    found = tuple(rolls)
    for earlier, later in pairwise(found):
        if earlier.closing != later.opening:
            raise TieError(
                f"{later.title} opens with {later.opening:,}, but {earlier.title} closed with {earlier.closing:,}, "
                f"{later.opening - earlier.closing:+,} off."
            )
    return found


def footed(title: str, parts: Mapping[str, int], total: int, *, tolerance: int = 0) -> int:
    """The total, proved to be the sum of its named parts; TieError with the figures when it is not."""
    found = sum(parts.values())
    if abs(found - total) > tolerance:
        shown = ", ".join(f"{name} {amount:,}" for name, amount in parts.items())
        raise TieError(f"{title} does not foot: {shown} make {found:,}, but the total is {total:,}, {total - found:+,} off.")
    return total
