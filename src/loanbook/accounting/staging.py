"""IFRS 9 stages of a loan: 1 twelve-month losses, 2 lifetime losses, 3 credit-impaired.

Stage 2: credit risk has increased significantly since initial recognition (IFRS 9 5.5.3), by probability of default and by the
backstop of more than 30 days past due (5.5.11). Stage 3: in default, at the latest 90 days past due (B5.5.37). A loan goes back
one stage at a time, after months without the sign that took it up: the months are a policy choice.
A stage is a function of the loan's month ends up to the day asked; nothing is stored between closes.
"""

from dataclasses import dataclass

import numpy as np

from loanbook.errors import RequestError
from loanbook.kernel import kernel
from loanbook.loans.credit_stage import NO_LOAN, NOT_SEEN, STAGE_1, STAGE_2, STAGE_3, is_riskier
from loanbook.measures.credit_losses_result import Estimates
from loanbook.terms.product import PPM
from loanbook.units import Ints

__all__ = [
    "NOT_SEEN",
    "NO_LOAN",
    "STAGES",
    "STAGE_1",
    "STAGE_2",
    "STAGE_3",
    "StagingPolicy",
    "riskier_table",
]

STAGES = (STAGE_1, STAGE_2, STAGE_3)


@dataclass(frozen=True, slots=True, kw_only=True)
class StagingPolicy:
    """When a loan moves between stages; thresholds of 5.5.9 are a policy choice of the entity.

    relative_ppm         probability of default now, of that at origination, from which risk has increased: 2_000_000 is doubled
    absolute_ppm         and it must have risen by at least this
    low_risk_ppm         at or below this probability risk is low and has not increased (5.5.10); 0: not used
    backstop_dpd         more days past due than this are stage 2
    default_dpd          as many or more are stage 3
    cure_months          month ends without a sign of stage 2 before stage 1
    cure_default_months  month ends not in default before stage 2
    raises               RequestError for thresholds that contradict each other
    """

    relative_ppm: int = 2_000_000
    absolute_ppm: int = 20_000
    low_risk_ppm: int = 0
    backstop_dpd: int = 30
    default_dpd: int = 90
    cure_months: int = 3
    cure_default_months: int = 3

    def __post_init__(self) -> None:
        if self.relative_ppm < PPM or min(self.absolute_ppm, self.low_risk_ppm, self.backstop_dpd) < 0:
            raise RequestError("a significant increase is at least no decrease: relative_ppm from 1,000,000, the others from 0.")
        if not self.backstop_dpd < self.default_dpd:
            raise RequestError(f"default_dpd {self.default_dpd} must lie above backstop_dpd {self.backstop_dpd}.")
        if min(self.cure_months, self.cure_default_months) < 1:
            raise RequestError("a cure takes at least one month end.")

    @property
    def row(self) -> Ints:
        """(7,) int64 as the kernels read it, in the order above."""
        return np.array(
            [
                self.relative_ppm,
                self.absolute_ppm,
                self.low_risk_ppm,
                self.backstop_dpd,
                self.default_dpd,
                self.cure_months,
                self.cure_default_months,
            ],
            np.int64,
        )


@kernel
def _compare(now: Ints, origin: Ints, policy: Ints, found: Ints) -> None:
    for place in range(now.size):
        found[place] = 1 if is_riskier(now[place], origin[place], policy) else 0


def riskier_table(now: Estimates, origin: Estimates, policy: StagingPolicy) -> Ints:
    """Where risk has increased significantly: (groups, 37, buckets) of 0 and 1, for a pass that knows group, months and bucket.

    now      the estimate of this close; origin: the one in force when the loans were made. Risk at origination for the months
             that remain is that of a loan in time with as many
    raises   RequestError for estimates of different groups
    """
    if now.groups != origin.groups:
        raise RequestError("risk is compared between estimates of the same groups; close both over one space.")
    found: Ints = np.zeros(now.default_ppm.shape, np.int64)
    _compare(now.default_ppm.reshape(-1), np.repeat(origin.default_ppm[..., 0], found.shape[2]), policy.row, found.reshape(-1))
    return found
