"""Interest income of loans on the books: accrual, non-accrual beyond a number of days past due, and the return to accrual.

Nothing is remembered from day to day: the due dates and the days on which instalments left arrears say when accrual stopped,
whether it has returned, and what was missed. So a payment told late changes the figure, not a history of postings.
"""

from typing import Any

import numpy as np

from loanbook.accounting.spread import columns
from loanbook.kernel import kernel
from loanbook.loans.earning_interest import Accrual, Return, interest_at, non_accrual
from loanbook.loans.history import Due
from loanbook.units import NEVER, Ints

__all__ = ["Accrual", "Return", "interest_income"]

_ON = int(Due.ON)
_INTEREST = int(Due.INTEREST)
_CLEARED_ON = int(Due.CLEARED_ON)


@kernel
def _interest(
    policy: Ints,
    due: Ints,
    rows: Ints,
    opened: Ints,
    ended: Ints,
    charged: Ints,
    collected: Ints,
    day: int,
    recognised: Ints,
    reversed_: Ints,
    stopped: Ints,
) -> None:
    for loan in range(opened.size):
        one = due[loan]
        recognised[loan], reversed_[loan] = interest_at(
            policy, one, rows[loan], opened[loan], ended[loan], charged[loan], collected[loan], day
        )
        stopped[loan] = non_accrual(policy, one, rows[loan], opened[loan], min(day, charged[loan]))[0]


def interest_income(
    policy: Any,
    due_on: Any,
    interest_fen: Any,
    cleared_on: Any,
    opened_on: Any,
    collected_fen: Any,
    *,
    day: int,
    ended_on: Any = NEVER,
    charged_off_on: Any = NEVER,
) -> tuple[Ints, Ints, Ints]:
    """`interest_at` of loans.

    due_on, interest_fen, cleared_on   (loans, rows) int64; unused rows NEVER, 0, NEVER
    opened_on, collected_fen           (loans,) int64
    returns                            recognised, reversed and the last day of accrual (NEVER while accruing), (loans,) each
    """
    on = np.atleast_2d(np.asarray(due_on, np.int64))
    due = np.zeros((*on.shape, len(Due)), np.int64)
    for column, place in ((on, _ON), (interest_fen, _INTEREST), (cleared_on, _CLEARED_ON)):
        due[:, :, place] = column
    opened, ended, charged, collected = columns(opened_on, ended_on, charged_off_on, collected_fen)
    rows = (on != NEVER).sum(axis=1)
    out = np.empty((3, opened.size), np.int64)
    _interest(np.asarray(policy, np.int64), due, rows, opened, ended, charged, collected, int(day), out[0], out[1], out[2])
    return out[0], out[1], out[2]
