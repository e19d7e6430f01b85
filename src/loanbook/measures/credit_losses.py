"""Expected credit losses of a close: the estimate by a method, and methods side by side.

All methods end in the same integers by (group, remaining months, bucket). Roll rates give the shape. The vintage method sets
each group's level: what its vintages still have before them. WARM is flat over buckets: rate times remaining life.
"""

import functools
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from loanbook.errors import RequestError
from loanbook.loans.dates import day_number, month_end
from loanbook.measures.cells import Cells
from loanbook.measures.credit_losses_exposure import AGES, column, level_balance, modelled_exposure, tenor_mix
from loanbook.measures.credit_losses_forward import LEVEL, Course, Forward, Values, emergence, weighted
from loanbook.measures.credit_losses_policy import METHODS, MONTHS_A_YEAR, MONTHS_LEAST, LossPolicy, Shock
from loanbook.measures.credit_losses_result import Estimates, Inception
from loanbook.measures.credit_losses_rolls import Rolls, look_back, ratio, rolls_of
from loanbook.measures.credit_losses_spread import interval_words, scenario_variance, spread_of
from loanbook.measures.credit_losses_vintages import development
from loanbook.terms.outlook import Outlook
from loanbook.units import RATE_SCALE, Ints

_PPM = 1_000_000
UNCHANGED = (("history", _PPM),)
"""The scenario of an estimate without an outlook."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Rates of one method before they become integers, (groups, AGES, buckets) float64 of principal."""

    lifetime: Ints
    twelve_month: Ints
    default: Ints
    collectable: Ints


def estimate(
    cells: Cells,
    *,
    method: str = "roll_rate",
    policy: LossPolicy | None = None,
    outlook: Outlook | None = None,
    exposure: Ints | None = None,
    shock: Shock | None = None,
    spread: bool = True,
) -> Estimates:
    """The estimate of a close from its cells.

    method     one of METHODS; with too short a history for any and a prior in the policy it is roll rates
    outlook    scenarios of the months ahead; None: as in the look-back
    exposure   (groups, 37, buckets) int64 fen, what the close measured; None: modelled from originations. It weighs groups in
               the interval and emergence, and sets the level of the vintage method
    shock      of a sensitivity
    spread     whether to find how far it may be off; without, the interval is of chance alone
    raises     RequestError for an unknown method, or too short a history and no prior
    """
    given: dict[str, Any] = {"policy": policy, "outlook": outlook, "exposure": exposure, "shock": shock, "spread": spread}
    return estimates(cells, (method,), **given)[method]


def estimates(
    cells: Cells,
    methods: Sequence[str] = METHODS,
    *,
    policy: LossPolicy | None = None,
    outlook: Outlook | None = None,
    exposure: Ints | None = None,
    shock: Shock | None = None,
    spread: bool = True,
    losses_only: bool = False,
) -> dict[str, Estimates]:
    """Estimates by several methods, by the name that was asked for; what they share is run forward once. See `estimate`.

    losses_only   leave chances of default and what is collectable at zero, and find no spread: for comparing losses
    """
    for method in methods:
        if method not in METHODS:
            raise RequestError(f"{method!r} is no method of estimating losses; they are {', '.join(METHODS)}.")
    chosen = policy or LossPolicy()
    months = look_back(cells, chosen)
    rolls = rolls_of(cells, chosen, months)
    held = _exposure(cells, rolls) if exposure is None else exposure
    forward = Forward(rolls, chosen, shock)
    last = cells.space.window.months - 1
    mix = tenor_mix(rolls.lent, rolls.owed, last)
    parts = [(weight, forward.values(course, losses_only=losses_only)) for weight, course in courses(outlook)]
    mixed, emerged = _mixed(parts, mix), _ppm(emergence(forward, held, last))
    window = cells.space.window
    found = {}
    for asked in methods:
        method, is_spread = asked, spread and not losses_only
        if len(months) < MONTHS_LEAST:
            # Nothing to develop vintages or spreads from: the prior's roll rates, with what little was seen.
            method, is_spread = "roll_rate", False
        rates = _rates(cells, chosen, months, rolls, method, mixed, mix, held)
        lifetime = _ppm(rates.lifetime)
        far = np.zeros(len(cells.space.groups) + 1)
        if is_spread:
            far = spread_of(months, functools.partial(_expected, cells, chosen, method=method, exposure=held))
            far = np.sqrt(far**2 + scenario_variance([(each[0], _mixed([(1.0, each[1])], mix).lifetime) for each in parts], held))
        found[asked] = Estimates(
            method=method,
            as_of=window.as_of,
            known_on=window.known_on,
            groups=cells.space.groups,
            look_back_from=_first_day(window.first_month + months[0]) if months else window.as_of,
            look_back_to=int(month_end(window.first_month + months[-1])) if months else window.as_of,
            scenarios=tuple((each.name, each.weight_ppm) for each in outlook.scenarios) if outlook else UNCHANGED,
            outlook=outlook.named if outlook else "",
            policy=json.dumps({**asdict(chosen), "shock": asdict(forward.shock)}, sort_keys=True),
            interval=interval_words(chosen, len(months)),
            lifetime_loss_ppm=lifetime,
            twelve_month_loss_ppm=np.minimum(_ppm(rates.twelve_month), lifetime),
            default_ppm=_ppm(rates.default),
            collectable_ppm=_ppm(rates.collectable),
            prepaid_ppm=_ppm(forward.prepay),
            severity_ppm=_ppm(forward.chances(LEVEL, 0)[2]),
            emergence_ppm=emerged,
            spread_ppm=_ppm(far),
            loan_fen=np.rint(rolls.loan_fen).astype(np.int64),
        )
    return found


def inception(
    cells: Cells,
    of: Estimates,
    *,
    rate_annual: int,
    policy: LossPolicy | None = None,
    outlook: Outlook | None = None,
) -> Inception:
    """Expected net payouts of a guarantee at origination, by group and contractual months, discounted.

    of            the estimate of the same cells, policy and outlook; its method must be roll_rate
    rate_annual   `RATE_SCALE`-ths a year; a month is a twelfth of it
    returns       per principal: what is lost from the bucket in which the guarantor pays, paid on reaching it; interest that a
                  guarantor also pays is not in it
    """
    if of.as_of != cells.space.window.as_of or of.groups != cells.space.groups or of.method != "roll_rate":
        raise RequestError("net payouts at inception need the roll-rate estimate of the same close.")
    chosen = policy or LossPolicy()
    rolls = rolls_of(cells, chosen, look_back(cells, chosen))
    forward = Forward(rolls, chosen)
    tables = []
    for discount in (rate_annual / RATE_SCALE / MONTHS_A_YEAR, 0.0):
        paid = sum(weight * forward.payout(course, discount) for weight, course in courses(outlook))
        nearest = np.abs(rolls.lent.tenors[:, None] - np.arange(AGES)[None]).argmin(axis=0)
        found = np.asarray(paid)[:, nearest, np.arange(AGES)]
        found[:, 0] = 0.0
        tables.append(_ppm(found))
    return Inception(
        as_of=of.as_of,
        groups=of.groups,
        rate_annual=rate_annual,
        net_payout_ppm=tables[0],
        undiscounted_ppm=tables[1],
        estimate=of.hash,
    )


def modelled(cells: Cells, policy: LossPolicy | None = None) -> Ints:
    """Exposure of the close by remaining months and bucket, modelled (`credit_losses_exposure.modelled_exposure`)."""
    chosen = policy or LossPolicy()
    return _exposure(cells, rolls_of(cells, chosen, look_back(cells, chosen)))


def courses(outlook: Outlook | None) -> list[tuple[float, Course]]:
    """The scenarios as weights and multipliers by month."""
    if outlook is None:
        return [(1.0, LEVEL)]
    return [
        (
            each.weight_ppm / _PPM,
            Course(miss=_factors(each.miss), roll=_factors(each.roll), recoveries=_factors(each.recoveries)),
        )
        for each in outlook.scenarios
        if each.weight_ppm
    ]


def _factors(ppm: Sequence[int]) -> Ints:
    return np.array(ppm, np.float64) / _PPM


def _exposure(cells: Cells, rolls: Rolls) -> Ints:
    return modelled_exposure(cells, rolls.lent, rolls.owed, rolls.seasoning)


def _rates(
    cells: Cells,
    policy: LossPolicy,
    months: Sequence[int],
    rolls: Rolls,
    method: str,
    rates: Rates,
    mix: Ints,
    exposure: Ints,
) -> Rates:
    """The rates of a method, of those of roll rates."""
    if method == "roll_rate":
        return rates
    neutral = weighted(Forward(rolls, policy).lifetime(), mix)
    if method == "vintage":
        factor = _level(neutral, exposure, _still_to_come(cells, policy, months, rolls))
        return replace(
            rates,
            lifetime=np.minimum(rates.lifetime * factor, 1.0),
            twelve_month=np.minimum(rates.twelve_month * factor, 1.0),
        )
    weight = exposure.astype(np.float64)
    lean = ratio((rates.lifetime * weight).sum(axis=(1, 2)), (neutral * weight).sum(axis=(1, 2)), np.ones(()))
    whole, year = _warm(cells, months, rolls)
    buckets = neutral.shape[2]
    return replace(
        rates,
        lifetime=np.repeat(np.minimum(whole * lean[:, None], 1.0)[..., None], buckets, axis=2),
        twelve_month=np.repeat(np.minimum(year * lean[:, None], 1.0)[..., None], buckets, axis=2),
    )


def _mixed(parts: Sequence[tuple[float, Values]], mix: Ints) -> Rates:
    def over(name: str) -> Ints:
        return np.asarray(sum(weight * weighted(getattr(values, name), mix) for weight, values in parts))

    return Rates(**{name: over(name) for name in ("lifetime", "twelve_month", "default", "collectable")})


def _still_to_come(cells: Cells, policy: LossPolicy, months: Sequence[int], rolls: Rolls) -> Ints:
    return np.asarray(development(cells, policy, months).future.sum(axis=1) * rolls.severity)


def _level(rates: Ints, exposure: Ints, target: Ints) -> Ints:
    """(groups, 1, 1): the factor k with the sum of exposure x min(1, k x rate) at the target; 1 where there is no exposure."""
    weight = exposure.astype(np.float64)
    total = (rates * weight).sum(axis=(1, 2))
    factor = ratio(target, total, np.ones(()))
    for _ in range(_LEVEL_ROUNDS):
        capped = rates * factor[:, None, None] >= 1.0
        rest = (rates * weight * ~capped).sum(axis=(1, 2))
        factor = np.where(rest > 0.0, ratio(np.maximum(target - (weight * capped).sum(axis=(1, 2)), 0.0), rest, factor), factor)
    return np.asarray(np.where(total > 0.0, factor, 1.0))[:, None, None]


_LEVEL_ROUNDS = 8
"""Each round finds more rates that reach 100 %; eight buckets can do so one after the other."""


def _warm(cells: Cells, months: Sequence[int], rolls: Rolls) -> tuple[Ints, Ints]:
    """(groups, AGES) each: annual net charge-off rate x remaining life, whole and of the first twelve months."""
    chosen = np.array(months, np.int64)
    lost, back, opening = (
        column(cells, "flow", name)[:, chosen].sum(axis=1) for name in ("charged_off_fen", "recovered_fen", "opening_fen")
    )
    monthly = np.clip(ratio(lost - back, opening, np.zeros(())), 0.0, 1.0)
    owed = level_balance(rolls.rate, np.arange(AGES))
    whole = np.zeros((monthly.size, AGES))
    year = np.zeros_like(whole)
    for remaining in range(1, AGES):
        ahead = np.arange(remaining)
        left = owed[:, remaining - ahead] / owed[:, remaining : remaining + 1] * (1.0 - rolls.prepay)[:, None] ** ahead
        whole[:, remaining] = left.sum(axis=1)
        year[:, remaining] = left[:, :MONTHS_A_YEAR].sum(axis=1)
    whole[:, 0], year[:, 0] = whole[:, 1], year[:, 1]
    return np.asarray(whole * monthly[:, None]), np.asarray(year * monthly[:, None])


def _expected(cells: Cells, policy: LossPolicy, months: Sequence[int], method: str, exposure: Ints) -> Ints:
    """Lifetime loss by group, (groups,) float64 fen, as read in some months: what the interval varies."""
    rolls = rolls_of(cells, policy, months)
    weight = exposure.astype(np.float64)
    if method == "vintage":
        return _still_to_come(cells, policy, months, rolls)
    if method == "warm":
        return np.asarray((_warm(cells, months, rolls)[0][..., None] * weight).sum(axis=(1, 2)))
    mix = tenor_mix(rolls.lent, rolls.owed, cells.space.window.months - 1)
    return np.asarray((weighted(Forward(rolls, policy).lifetime(), mix) * weight).sum(axis=(1, 2)))


def _ppm(values: Ints) -> Ints:
    return np.asarray(np.rint(values * _PPM), np.int64)


def _first_day(month: int) -> int:
    return int(day_number(month // MONTHS_A_YEAR, month % MONTHS_A_YEAR + 1, 1))
