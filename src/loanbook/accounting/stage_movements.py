"""Gross exposure by IFRS 9 stage over a period: new loans, transfers between stages, repaid or written off (IFRS 7.35H, 35M)."""

from dataclasses import dataclass

import numpy as np

from loanbook.accounting.staging import STAGES
from loanbook.errors import RequestError
from loanbook.loans.credit_stage import NO_LOAN
from loanbook.units import Ints

_COUNT = len(STAGES)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StageMovements:
    """Int64 fen by stage 1, 2, 3; additive over loans.

    opening, new, derecognised   (3,): derecognised is what is owed less, or more, than what came in and was transferred
    transfers                    (3, 3) opening exposure from stage (row) to stage (column); the diagonal is zero
    """

    opening: Ints
    new: Ints
    transfers: Ints
    derecognised: Ints

    def __post_init__(self) -> None:
        if np.diagonal(self.transfers).any() or int(self.transfers.min(initial=0)) < 0:
            raise RequestError("a transfer goes from one stage to another and is not negative.")

    @property
    def net_transfers(self) -> Ints:
        """(3,) into each stage less out of it; sums to zero."""
        return np.asarray(self.transfers.sum(axis=0) - self.transfers.sum(axis=1))

    @property
    def closing(self) -> Ints:
        """(3,) exposure at the end."""
        return np.asarray(self.opening + self.new + self.net_transfers + self.derecognised)


def stage_movements(*, stage_before: Ints, stage_now: Ints, before_fen: Ints, now_fen: Ints) -> StageMovements:
    """The movements of loans between two closes; all (loans,) int64, NO_LOAN and 0 where a loan is not there.

    A loan is transferred with what it owed at the opening; a loan of the period is new in the stage in which it ends.
    """
    opening, new, gone = (np.zeros(_COUNT, np.int64) for _ in range(3))
    transfers = np.zeros((_COUNT, _COUNT), np.int64)
    there, here = stage_before != NO_LOAN, stage_now != NO_LOAN
    np.add.at(opening, stage_before[there] - 1, before_fen[there])
    made = here & ~there
    np.add.at(new, stage_now[made] - 1, now_fen[made])
    stayed = here & there
    moved = stayed & (stage_before != stage_now)
    np.add.at(transfers, (stage_before[moved] - 1, stage_now[moved] - 1), before_fen[moved])
    np.add.at(gone, stage_now[stayed] - 1, now_fen[stayed] - before_fen[stayed])
    ended = there & ~here
    np.add.at(gone, stage_before[ended] - 1, -before_fen[ended])
    return StageMovements(opening=opening, new=new, transfers=transfers, derecognised=gone)
