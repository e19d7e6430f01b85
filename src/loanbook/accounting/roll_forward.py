"""Roll-forwards: an opening balance, named movements and a closing balance that must agree to the unit."""

from collections.abc import Mapping
from dataclasses import dataclass

from loanbook.errors import TieError


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
