"""IFRS 9 stages: one month end's step of one loan, and when its risk has increased significantly.

Stage 2: credit risk has increased significantly since initial recognition (IFRS 9 5.5.3), by probability of default and by the
backstop of more than 30 days past due (5.5.11). Stage 3: in default, at the latest 90 days past due (B5.5.37). A loan goes back
one stage at a time, after months without the sign that took it up: the months are a policy choice.
"""

from typing import Any

from loanbook.kernel import lean
from loanbook.terms.product import PPM
from loanbook.units import HALF_UP, Ints, mul_div

STAGE_1, STAGE_2, STAGE_3 = 1, 2, 3
NO_LOAN = 0
"""A loan that was not there, or is not any more."""
NOT_SEEN = -1
"""Days past due of a month end at which the loan was not there."""


@lean
def is_riskier(default_now: int, default_origin: int, policy: Ints) -> bool:
    """Whether risk has increased significantly by probability of default: both thresholds reached and risk not low."""
    if default_now <= policy[2]:
        return False
    return default_now >= mul_div(default_origin, policy[0], PPM, HALF_UP) and default_now - default_origin >= policy[1]


@lean
def next_stage(stage: int, clean: int, dpd: int, riskier: bool, policy: Ints) -> Any:
    """(stage, clean) after one more month end.

    stage, clean   before: NO_LOAN or a stage, and month ends since the last sign of it
    dpd, riskier   at this month end; dpd NOT_SEEN: no loan
    policy         `StagingPolicy.row`
    """
    if dpd < 0:
        return NO_LOAN, 0
    target = STAGE_1
    if dpd >= policy[4]:
        target = STAGE_3
    elif dpd > policy[3] or riskier:
        target = STAGE_2
    if target >= stage or stage == NO_LOAN:
        return target, 0
    clean += 1
    if stage == STAGE_3:
        if clean >= policy[6]:
            return STAGE_2, 0
        return STAGE_3, clean
    if clean >= policy[5]:
        return STAGE_1, 0
    return STAGE_2, clean
