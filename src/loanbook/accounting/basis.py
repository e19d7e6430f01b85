"""What a period's books are made on: policy, classes and frozen estimates, brought into the tables that the kernel reads."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from loanbook.accounting.effective_interest import unamortised_tables
from loanbook.accounting.staging import StagingPolicy, riskier_table
from loanbook.loans.batches import Classes
from loanbook.loans.dates import month_end, month_index
from loanbook.loans.earning_interest import Return
from loanbook.loans.earning_service import Loss
from loanbook.loans.schedule import schedules
from loanbook.measures.booking import Basis
from loanbook.measures.credit_losses_result import Estimates, Inception
from loanbook.measures.ledger_parts import parts_of
from loanbook.measures.ledger_policy import REMAINING, STAGING, Policy, Rate
from loanbook.measures.passes import NO_CLOSE
from loanbook.measures.space import Space, class_places
from loanbook.terms.accounting_policy import AccountingPolicy
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Method, Model, Shift
from loanbook.terms.families import BUCKETS
from loanbook.terms.product import PPM
from loanbook.units import Ints

SPECIMEN_FEN = 10_000_000_000
"""Principal of the loan whose schedule stands for its class: large enough for rounding not to matter."""
SPECIMEN_DAY = 19_723
"""2024-01-01; months of a class are as long as the calendar's, and effective interest counts instalments, not days."""


def policy_table(
    policies: Sequence[AccountingPolicy],
    space: Space,
    most_deferred: Mapping[int, int] | None = None,
    *,
    booked_as: Model | None = None,
) -> Ints:
    """(groups, months, len(Policy)) int64: how a loan was priced is its month's policy, how it is measured the last one's.

    policies        every version up to the close, oldest first; months before the first take that one
    most_deferred   last month of a quarter -> the most of an amount lent in it that may be deferred as origination costs, ppm
    booked_as       what the policy says of this model, for every group, instead of the group's own
    """
    table = np.zeros((len(space.groups), space.window.months, len(Policy)), np.int64)
    measured = policies[-1]
    staged = staging_of(measured).row
    for month in range(space.window.months):
        made = in_force(policies, space, month)
        most = (most_deferred or {}).get((space.window.first_month + month) // 3 * 3 + 2, PPM)
        for group, (_, model_name, _) in enumerate(space.groups):
            model = Model[model_name.upper()] if booked_as is None else booked_as
            priced, now = made.models[model], measured.models[model]
            said = {
                Policy.MODEL: int(model),
                Policy.UPFRONT_PPM: priced.upfront_share_ppm,
                Policy.COST_PPM: min(priced.origination_costs_ppm, most),
                Policy.FLAT_FEE_PPM: priced.fee_of_principal_ppm,
                Policy.CONFIRM_DAYS: priced.confirm_days,
                Policy.COLLECT_DAYS: priced.collect_days,
                Policy.SETTLE_DAYS: made.settle_days,
                Policy.COMPENSATION_DPD: priced.compensation_dpd,
                Policy.VAT_PPM: made.vat_ppm,
                Policy.LOST_FEES: int(Loss[priced.lost_fees.upper()]),
                Policy.NON_ACCRUAL_DPD: now.non_accrual_dpd,
                Policy.ACCRUAL_RETURN: int(Return[now.accrual_return.upper()]),
                Policy.ACCRUAL_CATCH_UP: now.accrual_catch_up,
                Policy.ACCRUAL_REVERSE: now.accrual_reverse,
            }
            for name, value in said.items():
                table[group, month, name] = value
            table[group, month, STAGING] = staged
    return table


def in_force(policies: Sequence[AccountingPolicy], space: Space, month: int) -> AccountingPolicy:
    """The version in force at the end of a month of the window, counted from its first."""
    day = int(month_end(space.window.first_month + month))
    held = [policy for policy in policies if policy.effective_from <= day]
    return held[-1] if held else policies[0]


def platform_shares(policies: Sequence[AccountingPolicy], classes: Classes, space: Space) -> Ints:
    """(classes, months) int64 ppm: the platform's part of borrowers' interest; what the lender's rate leaves, never below 0."""
    rates = classes.rows[:, Field.RATE_ANNUAL].astype(np.int64)
    shares = np.zeros((rates.size, space.window.months), np.int64)
    for month in range(space.window.months):
        for model, chosen in in_force(policies, space, month).models.items():
            of_model = classes.rows[:, Field.MODEL] == int(model)
            if chosen.lender_rate_annual:
                lender = np.minimum(chosen.lender_rate_annual * PPM // np.maximum(rates, 1), PPM)
                shares[of_model, month] = np.where(rates > 0, PPM - lender, 0)[of_model]
            else:
                shares[of_model, month] = chosen.platform_share_ppm
    return shares


def rate_table(policy: AccountingPolicy, estimates: Estimates) -> Ints:
    """(len(Rate), groups, REMAINING, buckets) int64 ppm; buckets past 181 days hold what that one holds.

    Losses carry the policy's overlay of their model, up to all that is owed.
    """
    found = np.zeros((len(Rate), len(estimates.groups), REMAINING, len(BUCKETS)), np.int64)
    for rate, table in (
        (Rate.LIFETIME_LOSS, estimates.lifetime_loss_ppm),
        (Rate.TWELVE_MONTH_LOSS, estimates.twelve_month_loss_ppm),
        (Rate.COLLECTABLE, estimates.collectable_ppm),
    ):
        found[rate, :, :, : table.shape[2]] = table
        found[rate, :, :, table.shape[2] :] = table[:, :, -1:]
    overlay = np.array([policy.models[Model[model.upper()]].loss_overlay_ppm for _, model, _ in estimates.groups], np.int64)
    for rate in (Rate.LIFETIME_LOSS, Rate.TWELVE_MONTH_LOSS):
        found[rate] = np.minimum(found[rate] * overlay[:, None, None] // PPM, PPM)
    return found


def staging_of(policy: AccountingPolicy) -> StagingPolicy:
    """The thresholds of stages that a policy chooses."""
    return StagingPolicy(
        relative_ppm=policy.riskier_relative_ppm,
        absolute_ppm=policy.riskier_absolute_ppm,
        low_risk_ppm=policy.low_risk_ppm,
        backstop_dpd=policy.stage_2_dpd,
        default_dpd=policy.stage_3_dpd,
        cure_months=policy.cure_months,
        cure_default_months=policy.cure_default_months,
    )


def riskier_by_month(now: Estimates, origins: Mapping[int, Estimates], staging: StagingPolicy, space: Space) -> Ints:
    """(groups, months, REMAINING, buckets) int8: 1 where risk has increased significantly since a loan was made.

    origins   last month of each earlier close -> its estimates. A loan is compared with the first close that saw it; what no
              earlier close saw, and groups that it did not know, with this one
    """
    months = space.window.months
    found = np.zeros((len(now.groups), months, REMAINING, len(BUCKETS)), np.int8)
    ends = np.array(sorted(origins), np.int64)
    places = np.searchsorted(ends, space.window.first_month + np.arange(months))
    for place in np.unique(places):
        origin = _with_groups_of(now, origins[int(ends[place])]) if place < ends.size else now
        table = riskier_table(now, origin, staging).astype(np.int8)
        of = found[:, places == place]
        of[..., : table.shape[2]] = table[:, None]
        of[..., table.shape[2] :] = table[:, None, :, -1:]
        found[:, places == place] = of
    return found


def _with_groups_of(now: Estimates, origin: Estimates) -> Estimates:
    """An earlier estimate in the order of this one's groups; groups that it lacks are as now."""
    numbers = {group: place for place, group in enumerate(origin.groups)}
    default = now.default_ppm.copy()
    for place, group in enumerate(now.groups):
        if group in numbers:
            default[place] = origin.default_ppm[numbers[group]]
    return replace(now, default_ppm=default)


def inception_table(frozen: Mapping[int, Inception], policies: Sequence[AccountingPolicy], space: Space) -> Ints:
    """(groups, months, tenors) int64 ppm: fair value of a guarantee by month of origination, of the close that saw it first.

    frozen     last month of each close (`dates.month_index`) -> what it froze; a month before the first takes the first
    policies   margin and overlay are those of the month: a later policy does not change what a guarantee was worth (ASC 460)
    """
    table = np.zeros((len(space.groups), space.window.months, len(space.tenors)), np.int64)
    if not frozen:
        return table
    ends = np.array(sorted(frozen), np.int64)
    tenors = np.minimum(np.array(space.tenors, np.int64), REMAINING - 1)
    for month in range(space.window.months):
        at = int(np.searchsorted(ends, space.window.first_month + month))
        of = frozen[int(ends[min(at, ends.size - 1)])]
        numbers = {group: place for place, group in enumerate(of.groups)}
        policy = in_force(policies, space, month)
        for group, name in enumerate(space.groups):
            if name in numbers:
                chosen = policy.models[Model[name[1].upper()]]
                worth = of.net_payout_ppm[numbers[name], tenors] * chosen.loss_overlay_ppm // PPM
                table[group, month] = worth * (PPM + chosen.guarantee_margin_ppm) // PPM
    return table


def unamortised_table(policies: Sequence[AccountingPolicy], classes: Classes, space: Space, prepaid_ppm: Ints) -> Ints:
    """(2, classes, REMAINING) int64 RATE_SCALE-ths: deferred costs left after each instalment; contractual life, expected life.

    prepaid_ppm   (groups,) a month. Of several policies the dearest stands: a cost of one or two hundredths is left in the same
                  fractions to the fourth place. Classes that list their instalments are straight line.
    """
    count = classes.rows.shape[0]
    table = np.zeros((2, count, REMAINING), np.int64)
    places = class_places(classes, space)[:, 0]
    dearest = {model: max(policy.models[model].origination_costs_ppm for policy in policies) for model in Model}
    costs = np.array([dearest[Model(int(model))] for model in classes.rows[:, Field.MODEL]], np.int64)
    chosen = np.flatnonzero(costs > 0)
    if not chosen.size:
        return table
    rows = classes.rows[chosen].copy()
    rows[:, Field.SHIFT] = int(Shift.NONE)
    listed = rows[:, Field.METHOD] == int(Method.LISTED)
    rows[listed, Field.METHOD] = int(Method.EQUAL_PRINCIPAL)
    _, principal, interest = schedules(rows, np.full(chosen.size, SPECIMEN_FEN), np.full(chosen.size, SPECIMEN_DAY))
    fees = -(SPECIMEN_FEN // PPM) * costs[chosen]
    for basis, prepaid in enumerate((np.zeros(chosen.size, np.int64), prepaid_ppm[places[chosen]])):
        _, left = unamortised_tables(principal, interest, fees, smm_ppm=prepaid[:, None])
        width = min(left.shape[1], REMAINING)
        table[basis, chosen, :width] = left[:, :width]
    return table


def basis_of(
    policies: Sequence[AccountingPolicy],
    classes: Classes,
    space: Space,
    estimates: Estimates,
    frozen: Mapping[int, Inception],
    period_start: int,
    *,
    last_on: int = NO_CLOSE,
    origins: Mapping[int, Estimates] | None = None,
    most_deferred: Mapping[int, int] | None = None,
) -> Basis:
    """All of it; `policies` all versions up to the close, oldest first.

    estimates   of groups that the space has; groups that came since have rates of nothing
    last_on   day of the close before;  origins  what closes before this one estimated, by their last month
    most_deferred   `policy_table`
    """
    policy = policies[-1]
    estimates = estimates.over(space.groups)
    return Basis(
        period_start=period_start,
        last_on=last_on,
        policy=policy_table(policies, space, most_deferred),
        served=policy_table(policies, space, booked_as=Model.CAPITAL_LIGHT),
        parts=parts_of(classes.rows),
        shares=platform_shares(policies, classes, space),
        rates=rate_table(policy, estimates),
        riskier=riskier_by_month(estimates, origins or {}, staging_of(policy), space),
        inception=inception_table(frozen, policies, space),
        unamortised=unamortised_table(policies, classes, space, estimates.prepaid_ppm),
    )


def last_month(day: int) -> int:
    """The `dates.month_index` that a close of a day names its frozen estimates by."""
    return int(month_index(day))
