"""The kernels that a close runs on one loan after the other, here called for a few loans at once.

Arguments are numbers, or lists of one length; money in minor units. Each function names the kernel that it calls.
"""

from typing import Any

import numpy as np

from loanbook.loans.credit_stage import is_riskier, next_stage
from loanbook.loans.earning_costs import amortised_at
from loanbook.loans.earning_guarantee import Guarantee, guarantee_at
from loanbook.loans.earning_interest import interest_at
from loanbook.loans.earning_partner_fee import Confirmation, Fee, fee_at
from loanbook.loans.earning_service import Facilitation, facilitation_at
from loanbook.loans.earning_spread import net_of_tax
from loanbook.loans.history import Due
from loanbook.units import NEVER


def _rows(*values: Any) -> list[tuple[int, ...]]:
    columns = np.broadcast_arrays(*(np.atleast_1d(np.asarray(value, np.int64)) for value in values))
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _instalments(due_on: Any) -> tuple[np.ndarray, int]:
    """Due dates as the kernels read them, and how many there are; unused places are NEVER."""
    on = np.asarray(due_on, np.int64)
    due = np.zeros((on.size, len(Due)), np.int64)
    due[:, Due.ON] = on
    return due, int((on != NEVER).sum())


def facilitation(
    contractual: Any,
    collected: Any,
    opened_on: Any,
    matures_on: Any,
    *,
    day: int,
    last_on: int,
    collectable_ppm: Any,
    at_once_ppm: Any,
    guarantee_fen: Any = 0,
    fallen_due_fen: Any = 0,
    ended_on: Any = NEVER,
) -> np.ndarray:
    """`facilitation_at`: (loans, len(Facilitation))."""
    rows = _rows(
        contractual,
        collected,
        fallen_due_fen,
        collectable_ppm,
        guarantee_fen,
        at_once_ppm,
        opened_on,
        matures_on,
        ended_on,
    )
    out = np.zeros((len(rows), len(Facilitation)), np.int64)
    for place, row in enumerate(rows):
        facilitation_at(*row, int(last_on), int(day), out[place])
    return out


def guarantees(
    inception: Any, contractual: Any, collected: Any, opened_on: Any, matures_on: Any, *, day: int, ended_on: Any = NEVER
) -> np.ndarray:
    """`guarantee_at`: (loans, len(Guarantee))."""
    rows = _rows(inception, contractual, collected, opened_on, matures_on, ended_on)
    out = np.zeros((len(rows), len(Guarantee)), np.int64)
    for place, row in enumerate(rows):
        guarantee_at(*row, int(day), out[place])
    return out


def partner_fees(
    principal: Any,
    fee_ppm: Any,
    opened_on: Any,
    *,
    day: int,
    lag_days: int,
    basis: Confirmation = Confirmation.FROM_MONTH_END,
    collected: Any = 0,
    cancelled_on: Any = NEVER,
) -> np.ndarray:
    """`fee_at`: (loans, len(Fee))."""
    rows = _rows(principal, fee_ppm, opened_on, cancelled_on, collected)
    out = np.zeros((len(rows), len(Fee)), np.int64)
    for place, (*row, came_in) in enumerate(rows):
        fee_at(*row, int(basis), lag_days, came_in, int(day), out[place])
    return out


def interest(
    policy: np.ndarray,
    due_on: Any,
    interest_fen: Any,
    cleared_on: Any,
    opened_on: int,
    collected: int,
    *,
    day: int,
    ended_on: int = NEVER,
    charged_off_on: int = NEVER,
) -> tuple[int, int]:
    """`interest_at` of one loan: recognised, reversed."""
    due, count = _instalments(due_on)
    due[:, Due.INTEREST], due[:, Due.CLEARED_ON] = interest_fen, cleared_on
    found = interest_at(policy, due, count, opened_on, ended_on, charged_off_on, collected, int(day))
    return int(found[0]), int(found[1])


def amortised(
    amount: int,
    table: np.ndarray,
    due_on: Any,
    opened_on: int,
    *,
    day: int,
    ended_on: int = NEVER,
    stopped_on: int = NEVER,
) -> int:
    """`amortised_at` of one loan."""
    return int(amortised_at(amount, table, *_instalments(due_on), opened_on, ended_on, stopped_on, int(day)))


def net_and_tax(gross: int, tax_ppm: int) -> tuple[int, int]:
    """`net_of_tax`, and the tax that is the rest."""
    net = int(net_of_tax(gross, tax_ppm))
    return net, gross - net


def stages(months: Any, policy: np.ndarray) -> list[int]:
    """`next_stage` of one loan through its month ends: (days past due, probability now, probability at origination) each."""
    found, stage, clean = [], 0, 0
    for dpd, now, origin in months:
        stage, clean = next_stage(stage, clean, dpd, is_riskier(now, origin, policy), policy)
        found.append(int(stage))
    return found
