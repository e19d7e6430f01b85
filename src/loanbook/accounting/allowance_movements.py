"""What moved an allowance: provisions for the period's own loans, revisions of earlier ones, write-offs and recoveries.

Closing = opening + provision - written off + recovered (ASC 326-20-50-13). The provision is what makes it so; of a vintage made
in the period it is *new*, of an earlier one a *revision*. Both can be negative. Reported together, kept apart here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loanbook.accounting.roll_forward import RollForward
from loanbook.errors import RequestError
from loanbook.units import Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowanceMovements:
    """One allowance over one period by group and month of origination; all (groups, vintages) int64 fen.

    vintages      `dates.month_index` of each vintage
    new           provision of vintages of the period; revision: of earlier ones. Where one is not zero the other is
    written_off   taken out of the allowance; recovered: put back
    """

    vintages: tuple[int, ...]
    opening: Ints
    new: Ints
    revision: Ints
    written_off: Ints
    recovered: Ints
    closing: Ints

    def roll_forward(self, title: str) -> RollForward:
        """The sum of all groups and vintages, proved to close."""
        return RollForward(
            title=title,
            opening=int(self.opening.sum()),
            movements={
                "new provisions": int(self.new.sum()),
                "revision of earlier provisions": int(self.revision.sum()),
                "written off": -int(self.written_off.sum()),
                "recovered": int(self.recovered.sum()),
            },
            closing=int(self.closing.sum()),
        )


def provision(opening: int, closing: int, written_off: int, recovered: int) -> int:
    """The expense that takes an allowance from its opening to its closing balance."""
    return closing - opening + written_off - recovered


def movements(
    *,
    before: Ints,
    vintages_before: Sequence[int],
    after: Ints,
    vintages_after: Sequence[int],
    written_off: Ints,
    recovered: Ints,
) -> AllowanceMovements:
    """The movements between two closes, from their allowances by group and vintage.

    before, after            (groups, vintages) int64 fen of the two closes; same groups in the same order
    vintages_before, _after  `dates.month_index` of their columns; those only the later close has are the period's own
    written_off, recovered   (groups, vintages_after) int64 fen of the period, principal taken to and back to the allowance
    raises                   RequestError for arrays that do not fit, or a vintage that the later close lost
    """
    known, now = list(vintages_before), list(vintages_after)
    if lost := sorted(set(known) - set(now)):
        raise RequestError(f"the later close lacks vintages {lost[:3]}; close both over one window.")
    shape = (before.shape[0], len(now))
    for name, cells in (("after", after), ("written_off", written_off), ("recovered", recovered)):
        if cells.shape != shape:
            raise RequestError(f"{name} has shape {cells.shape}; {shape} (groups, vintages of the later close) is needed.")
    if before.shape[1] != len(known):
        raise RequestError(f"before has {before.shape[1]} vintages and {len(known)} names.")
    opening = np.zeros(shape, np.int64)
    opening[:, [now.index(vintage) for vintage in known]] = before
    expense = after - opening + written_off - recovered
    newest = max(known, default=min(now, default=0) - 1)
    # A vintage of a month that had begun by the earlier close belongs to the earlier period, late loans included.
    own = np.array([vintage > newest for vintage in now], np.bool_)[None]
    return AllowanceMovements(
        vintages=tuple(now),
        opening=opening,
        new=np.where(own, expense, 0),
        revision=np.where(own, 0, expense),
        written_off=written_off,
        recovered=recovered,
        closing=after,
    )
