"""Allowances loan by loan: the frozen rates of an estimate times what each loan owes, each product rounded once.

US GAAP measures every loan over its remaining life (ASC 326-20-30). IFRS 9 measures loans of stage 1 for the defaults of twelve
months and the others over their life (IFRS 9 5.5.3, 5.5.5).
"""

import numpy as np

from loanbook.errors import RequestError
from loanbook.kernel import kernel, lean
from loanbook.loans.credit_stage import STAGE_1, STAGE_3
from loanbook.measures.credit_losses_policy import PAST_DUE_BUCKETS, REMAINING_MOST
from loanbook.measures.credit_losses_result import Estimates, Inception
from loanbook.terms.families import BUCKETS
from loanbook.terms.product import PPM
from loanbook.units import HALF_UP, Ints, mul_div

_CHARGED_OFF = BUCKETS.index("charged_off")
_UNKNOWN = BUCKETS.index("unknown")
_MOST = REMAINING_MOST
_STAGE_1 = STAGE_1


@lean
def rate_ppm(rates: Ints, group: int, remaining: int, bucket: int) -> int:
    """The rate of one loan among (groups, 37, buckets) int64 ppm; remaining months beyond the table take its last row.

    bucket   position among `families.BUCKETS`; nothing is expected of a charged-off loan, `unknown` is read as current
    """
    if bucket == _CHARGED_OFF:
        return 0
    column = 0 if bucket == _UNKNOWN else bucket
    found: int = rates[group, min(max(remaining, 0), _MOST), column]
    return found


@kernel
def _measure(amount: Ints, group: Ints, remaining: Ints, bucket: Ints, rates: Ints, out: Ints) -> None:
    for loan in range(amount.size):
        rate = rate_ppm(rates, group[loan], remaining[loan], bucket[loan])
        out[loan] = mul_div(amount[loan], rate, PPM, HALF_UP)


@kernel
def _measure_staged(
    amount: Ints, group: Ints, remaining: Ints, bucket: Ints, stage: Ints, twelve: Ints, lifetime: Ints, out: Ints
) -> None:
    for loan in range(amount.size):
        rates = twelve if stage[loan] == _STAGE_1 else lifetime
        rate = rate_ppm(rates, group[loan], remaining[loan], bucket[loan])
        out[loan] = mul_div(amount[loan], rate, PPM, HALF_UP)


def allowances(of: Estimates, *, owed_fen: Ints, group: Ints, remaining: Ints, bucket: Ints, stage: Ints | None = None) -> Ints:
    """Allowance of each loan, (loans,) int64 fen, half up; on loans or on what we guarantee.

    owed_fen    (loans,) int64 unpaid principal; group, remaining, bucket (loans,) integers: number in `of.groups`, monthly
                instalments not yet due, position among `families.BUCKETS`
    stage       (loans,) IFRS 9 stages (`accounting.staging`); None: lifetime for all, which is US GAAP
    raises      RequestError for a code outside its table, and for loans of unknown days past due unless the method is warm
    """
    _check(of, owed_fen, group, remaining, bucket)
    if of.method != "warm" and (unknown := int((bucket == _UNKNOWN).sum())):
        raise RequestError(f"{unknown:,} loans are of unknown days past due; estimate their groups by warm, which needs none.")
    out = np.empty(owed_fen.size, np.int64)
    if stage is None:
        _measure(owed_fen, group, remaining, bucket, of.lifetime_loss_ppm, out)
    else:
        if stage.shape != owed_fen.shape or (stage.size and (int(stage.min()) < STAGE_1 or int(stage.max()) > STAGE_3)):
            raise RequestError("every loan needs a stage of 1, 2 or 3.")
        _measure_staged(owed_fen, group, remaining, bucket, stage, of.twelve_month_loss_ppm, of.lifetime_loss_ppm, out)
    return out


def collectable(of: Estimates, *, contractual_fen: Ints, group: Ints, remaining: Ints, bucket: Ints) -> Ints:
    """What is expected to come in of contractual interest or fees still unpaid, (loans,) int64 fen, half up."""
    _check(of, contractual_fen, group, remaining, bucket)
    out = np.empty(contractual_fen.size, np.int64)
    _measure(contractual_fen, group, remaining, bucket, of.collectable_ppm, out)
    return out


def inception_payouts(of: Inception, *, principal_fen: Ints, group: Ints, tenor_months: Ints) -> Ints:
    """Expected net payout, discounted, of each guaranteed loan on the day it was made: (loans,) int64 fen, half up."""
    if group.size and int(group.max()) >= len(of.groups):
        raise RequestError(f"group {int(group.max())} is none of the {len(of.groups)} groups of the estimate.")
    out = np.empty(principal_fen.size, np.int64)
    _measure(principal_fen, group, tenor_months, np.zeros(group.size, np.int64), of.net_payout_ppm[:, :, None], out)
    return out


def exposure_of(of_groups: int, *, owed_fen: Ints, group: Ints, remaining: Ints, bucket: Ints) -> Ints:
    """Unpaid principal by group, remaining months and bucket, (groups, 37, buckets) int64 fen: what estimates are weighed with.

    Charged-off loans and loans of unknown days past due are left out.
    """
    cells = np.zeros((of_groups, REMAINING_MOST + 1, len(PAST_DUE_BUCKETS)), np.int64)
    kept = bucket < len(PAST_DUE_BUCKETS)
    np.add.at(cells, (group[kept], np.clip(remaining[kept], 0, REMAINING_MOST), bucket[kept]), owed_fen[kept])
    return cells


def _check(of: Estimates, amount: Ints, group: Ints, remaining: Ints, bucket: Ints) -> None:
    if not amount.shape == group.shape == remaining.shape == bucket.shape:
        raise RequestError("amounts, groups, remaining months and buckets must be as many as the loans.")
    if not amount.size:
        return
    for name, codes, count in (("group", group, len(of.groups)), ("bucket", bucket, len(BUCKETS))):
        if int(codes.min()) < 0 or int(codes.max()) >= count:
            raise RequestError(f"a {name} of {int(codes.max())} or {int(codes.min())} lies outside the {count} of the estimate.")
