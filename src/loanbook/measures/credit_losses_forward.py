"""Rolls run forward over remaining months: lifetime and 12-month loss, probability of default, collectability, emergence.

A loan has r unpaid instalments that are not yet due and as many missed ones as its bucket's number. Each month it pays, misses,
catches up, is repaid ahead or charged off; what it owes afterwards is what the level schedule says for the instalments left.
Values per unit of present principal, worked backwards from `tail_months` past maturity, when what is past due counts as lost.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from loanbook.measures.credit_losses_exposure import AGES, BUCKET_COUNT, level_balance, tenor_mix
from loanbook.measures.credit_losses_policy import MONTHS_A_YEAR, LossPolicy, Shock
from loanbook.measures.credit_losses_result import EMERGENCE_MONTHS
from loanbook.measures.credit_losses_rolls import CHARGED_OFF, REPAID, Rolls
from loanbook.units import Ints

PAYOFF_INTEREST = 0.5
"""Part of a month's interest that a payoff ahead of schedule brings: on average it comes mid-month."""
_CERTAIN = 1e-12
_LEFT = np.arange(AGES)[:, None] + np.arange(BUCKET_COUNT)[None]
"""(remaining, bucket): instalments unpaid, due and not due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One set of multipliers by month ahead, (months,) float64 each; 1 after the last month."""

    miss: Ints
    roll: Ints
    recoveries: Ints

    @property
    def months(self) -> int:
        """Months with multipliers of their own."""
        return int(self.miss.size)


LEVEL = Course(miss=np.zeros(0), roll=np.zeros(0), recoveries=np.zeros(0))
"""Everything goes on as in the look-back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What follows from a course, per unit of present principal: (groups, classes, AGES, buckets) float64.

    lifetime, twelve_month   net loss; 12-month: of defaults within 12 months
    default                  probability of default over the remaining life
    collectable              part of the contractual interest still unpaid that comes in
    """

    lifetime: Ints
    twelve_month: Ints
    default: Ints
    collectable: Ints


class Forward:
    """The recursion over one set of rolls; a shock and a course are applied to it."""

    def __init__(self, rolls: Rolls, policy: LossPolicy, shock: Shock | None = None) -> None:
        self.rolls, self.policy, self.shock = rolls, policy, shock or Shock()
        owed = level_balance(rolls.rate, np.arange(AGES + BUCKET_COUNT + 1))
        before = owed[:, _LEFT][..., None]
        after = owed[:, (np.maximum(np.arange(AGES) - 1, 0)[:, None] + np.arange(BUCKET_COUNT)[None])][:, :, None, :]
        safe = np.where(before > 0.0, before, 1.0)
        self.left = np.where(before > 0.0, np.minimum(after / safe, 1.0), 1.0)
        """(groups, AGES, from, to): part of the balance still owed after a move."""
        interest = _contractual(rolls.rate, np.arange(AGES + BUCKET_COUNT + 1))
        self.contractual = interest[:, _LEFT]
        self.paid = np.maximum(self.contractual[..., None] - self.left * self.contractual_after(interest), 0.0)
        self.settled = np.maximum(self.contractual - owed[:, :AGES, None] / safe[..., 0] * interest[:, :AGES, None], 0.0)
        ages = np.clip(rolls.lent.tenors[:, None] - np.arange(AGES)[None], 0, AGES - 1)
        self.entry = rolls.entry.sum(axis=1)[:, None, None] * rolls.seasoning[:, ages]
        self.entry[:, :, 0] = 0.0
        total = rolls.entry.sum(axis=1, keepdims=True)
        self.towards = np.where(total > 0.0, rolls.entry / np.where(total > 0.0, total, 1.0), 0.0)
        self.prepay = np.clip(rolls.prepay * self.shock.prepayment, 0.0, 1.0)

    @staticmethod
    def contractual_after(interest: Ints) -> Ints:
        """(groups, AGES, 1, to): contractual interest of what is left after a month, per unit of it."""
        after = np.maximum(np.arange(AGES) - 1, 0)[:, None] + np.arange(BUCKET_COUNT)[None]
        return np.asarray(interest[:, after][:, :, None, :])

    def chances(self, course: Course, month: int) -> tuple[Ints, Ints, Ints]:
        """Chance to fall behind (groups, classes, AGES), rows of who is (groups, buckets, OUTCOMES), severity (groups,)."""
        inside = month < course.months
        miss = (course.miss[month] if inside else 1.0) * self.shock.worsening
        roll = (course.roll[month] if inside else 1.0) * self.shock.worsening
        back = course.recoveries[month] if inside else 1.0
        entry = np.minimum(self.entry * miss, 1.0 - self.prepay[:, None, None])
        severity = np.clip((1.0 - (1.0 - self.rolls.severity) * back) * self.shock.severity, 0.0, 1.0)
        return entry, worsened(self.rolls.rows, roll), severity

    def step(
        self, values: Ints, charged: Ints, entry: Ints, rows: Ints, left: Ints, gains: tuple[Ints, Ints] | None = None
    ) -> Ints:
        """Values a month earlier, (groups, classes, r, buckets), of values (same shape) at r - 1 remaining.

        charged   (groups,) value of being charged off, of which past due rows and entries take their chance
        left      (groups, r, from, to); gains: what a move brings, the same shape, and what a payoff brings (groups, r, from)
        """
        move = rows[:, None, 1:, REPAID + 1 : CHARGED_OFF]
        moved = move * left[:, :, 1:]
        behind = np.einsum("grbc,gkrc->gkrb", moved, values)
        behind = behind + (rows[:, 1:, CHARGED_OFF] * charged[:, None])[:, None, None, :]
        worse = np.einsum("gc,gkrc->gkr", self.towards[:, 1:BUCKET_COUNT], values[..., 1:])
        worse = worse + (self.towards[:, BUCKET_COUNT] * charged)[:, None, None]
        stays = 1.0 - entry - self.prepay[:, None, None]
        current = entry * worse + stays * left[:, None, :, 0, 0] * values[..., 0]
        if gains is not None:
            brought, settled = gains
            behind = behind + (np.einsum("grbc,grbc->grb", np.broadcast_to(move, moved.shape), brought[:, :, 1:]))[:, None]
            behind = behind + (rows[:, None, 1:, REPAID] * settled[:, :, 1:])[:, None]
            now = brought[:, None, :, 0, 0]
            current = current + stays * now + self.prepay[:, None, None] * PAYOFF_INTEREST * now
        return np.concatenate([current[..., None], behind], axis=-1)

    def values(self, course: Course = LEVEL, *, losses_only: bool = False) -> Values:
        """Everything that follows from a course; with `losses_only`, no chances of default and nothing collectable (zeros)."""
        default = self.policy.default_place
        lifetime = self._lifetimes(course)
        certain = np.ones(self.prepay.size)
        reached = come = np.zeros_like(lifetime[0])
        if not losses_only:
            reached = self._path(course, lambda _: certain, np.ones_like(self.left), rise=True, absorbed=default, horizon=1)[0]
            come = self._collectable(course)
        twelve = np.zeros_like(lifetime[0])
        for month in reversed(range(MONTHS_A_YEAR)):
            entry, rows, severity = self.chances(course, month)
            twelve[..., default:] = lifetime[month + 1][..., default:]
            twelve = _rising(self.step(_earlier(twelve), severity, entry, rows, self.left))
            twelve[..., default:] = lifetime[month][..., default:]
        return Values(
            lifetime=_at_maturity(lifetime[0]),
            twelve_month=_at_maturity(twelve),
            default=_at_maturity(reached),
            collectable=_at_maturity(come, rise=False),
        )

    def lifetime(self) -> Ints:
        """Lifetime loss alone when all goes on as in the look-back: what an interval is made of."""
        return _at_maturity(self._path(LEVEL, lambda severity: severity, self.left, rise=True, horizon=1)[0])

    def payout(self, course: Course = LEVEL, discount_monthly: float = 0.0) -> Ints:
        """Discounted expected net payout of a guarantee on a current loan, (groups, classes, AGES) per unit of principal.

        The guarantor pays when the payout bucket is reached; what it pays is what is lost from there, as of that day.
        """
        lifetime, place = self._lifetimes(course), self.policy.payout_place
        known = len(lifetime) - 1
        values = np.zeros_like(lifetime[0])
        for month in reversed(range(max(AGES + BUCKET_COUNT, course.months))):
            entry, rows, severity = self.chances(course, month)
            values[..., place:] = lifetime[min(month + 1, known)][..., place:]
            values = self.step(_earlier(values), severity, entry, rows, self.left) / (1.0 + discount_monthly)
        return np.asarray(values[..., 0])

    def _lifetimes(self, course: Course) -> list[Ints]:
        """Lifetime loss as of the start of each month ahead, until nothing changes any more."""
        return self._path(course, lambda severity: severity, self.left, rise=True, horizon=max(course.months, MONTHS_A_YEAR) + 1)

    def _path(
        self,
        course: Course,
        charged: Callable[[Ints], Ints],
        left: Ints,
        *,
        rise: bool,
        horizon: int,
        absorbed: int = 0,
        gains: tuple[Ints, Ints] | None = None,
        lost: float = 1.0,
    ) -> list[Ints]:
        """Values at the start of months 0 .. horizon - 1 ahead; later ones equal the stationary ones.

        charged    severity -> the value of a charge-off
        absorbed   from this bucket on the value is that of a charge-off, whatever comes after; 0: none
        lost       value, in charge-offs, of being past due at the end of the tail
        """
        entry, rows, severity = self.chances(LEVEL, 0)
        worth = charged(severity)
        classes = self.rolls.lent.tenors.size
        values = np.zeros((worth.size, classes, AGES, BUCKET_COUNT))

        def stepped(later: Ints, chance: tuple[Ints, Ints], value: Ints, at: slice) -> Ints:
            brought = None if gains is None else (gains[0][:, at], gains[1][:, at])
            found = self.step(later, value, chance[0][:, :, at], chance[1], left[:, at], brought)
            if absorbed:
                found[..., absorbed:] = value[:, None, None, None]
            return _rising(found) if rise else found

        matured = np.zeros((worth.size, classes, 1, BUCKET_COUNT))
        matured[..., 1:] = lost * worth[:, None, None, None]
        for _ in range(self.policy.tail_months):
            matured = stepped(matured, (entry, rows), worth, slice(0, 1))
            matured[..., 0] = 0.0
        values[:, :, :1] = matured
        for remaining in range(1, AGES):
            at = slice(remaining, remaining + 1)
            values[:, :, at] = stepped(values[:, :, remaining - 1 : remaining], (entry, rows), worth, at)
        found = [values]
        for month in reversed(range(course.months)):
            entry, rows, severity = self.chances(course, month)
            values = stepped(_earlier(values), (entry, rows), charged(severity), slice(None))
            values[:, :, 0, 0] = 0.0
            found.append(values)
        found.reverse()
        return [found[min(month, course.months)] for month in range(max(horizon, 1))]

    def _collectable(self, course: Course) -> Ints:
        nothing = np.zeros(self.prepay.size)
        come = self._path(course, lambda _: nothing, self.left, rise=False, horizon=1, gains=(self.paid, self.settled), lost=0.0)[
            0
        ]
        owed = self.contractual[:, None]
        return np.asarray(np.clip(np.where(owed > 0.0, come / np.where(owed > 0.0, owed, 1.0), 1.0), 0.0, 1.0))


def worsened(rows: Ints, factor: float) -> Ints:
    """Rows (groups, buckets, OUTCOMES) with chances to get worse multiplied, at most to certainty; the rest shrinks evenly."""
    if factor == 1.0:
        return rows
    worse = np.arange(rows.shape[2])[None] > np.arange(rows.shape[1])[:, None] + REPAID + 1
    bad = (rows * worse).sum(axis=2, keepdims=True)
    # Who was only ever seen to get worse has nowhere better to go: a factor below one changes nothing there.
    certain = bad >= 1.0 - _CERTAIN
    new = np.where(certain, bad, np.minimum(bad * factor, 1.0))
    up = np.where(bad > 0.0, new / np.where(bad > 0.0, bad, 1.0), 1.0)
    down = np.where(certain, 1.0, (1.0 - new) / np.where(certain, 1.0, 1.0 - bad))
    return np.asarray(rows * np.where(worse, up, down))


def weighted(values: Ints, mix: Ints) -> Ints:
    """Values by tenor class (groups, classes, AGES, ...) under a mix (groups, classes, AGES): (groups, AGES, ...)."""
    shape = mix.shape + (1,) * (values.ndim - mix.ndim)
    return np.asarray((values * mix.reshape(shape)).sum(axis=1))


def emergence(forward: Forward, exposure: Ints, month: int) -> Ints:
    """Part of the lifetime charge-offs of today's loans that has come by each month ahead, (groups, EMERGENCE_MONTHS) float64.

    exposure   (groups, AGES, buckets) fen; month: the close, as a position in the window
    """
    rolls = forward.rolls
    mix = tenor_mix(rolls.lent, rolls.owed, month)
    held = exposure[:, None].astype(np.float64) * mix[..., None]
    entry, rows, _ = forward.chances(LEVEL, 0)
    come = np.zeros((exposure.shape[0], EMERGENCE_MONTHS))
    stays = 1.0 - entry - forward.prepay[:, None, None]
    for ahead in range(EMERGENCE_MONTHS):
        come[:, ahead] = (held[..., 1:] * rows[:, None, None, 1:, CHARGED_OFF]).sum(axis=(1, 2, 3))
        come[:, ahead] += (held[..., 0] * entry * forward.towards[:, None, None, BUCKET_COUNT]).sum(axis=(1, 2))
        moved = rows[:, None, 1:, REPAID + 1 : CHARGED_OFF] * forward.left[:, :, 1:]
        after = np.einsum("grbc,gkrb->gkrc", moved, held[..., 1:])
        after[..., 1:] += (held[..., 0] * entry)[..., None] * forward.towards[:, None, None, 1:BUCKET_COUNT]
        after[..., 0] += held[..., 0] * stays * forward.left[:, None, :, 0, 0]
        shifted = np.zeros_like(after)
        shifted[:, :, :-1] = after[:, :, 1:]
        shifted[:, :, 0] += after[:, :, 0]
        shifted[:, :, 0, 0] = 0.0
        held = shifted
    total = come.sum(axis=1, keepdims=True)
    even = np.broadcast_to((np.arange(EMERGENCE_MONTHS) + 1.0) / EMERGENCE_MONTHS, come.shape)
    return np.where(total > 0.0, np.cumsum(come, axis=1) / np.where(total > 0.0, total, 1.0), even)


def _earlier(values: Ints) -> Ints:
    """Values at one remaining month less; at none, none less."""
    return np.concatenate([values[:, :, :1], values[:, :, :-1]], axis=2)


def _rising(values: Ints) -> Ints:
    """No bucket is worth less than a better one: thin rows must not say that a later loan loses less."""
    return np.asarray(np.maximum.accumulate(values, axis=-1))


def _at_maturity(values: Ints, rise: bool = True) -> Ints:
    """A current loan with nothing left to fall due, but something owed, is taken as one with a last instalment ahead."""
    found = values.copy()
    found[:, :, 0, 0] = np.minimum(found[:, :, 1, 0], found[:, :, 0, 1]) if rise else found[:, :, 1, 0]
    return found


def _contractual(rate: Ints, remaining: Ints) -> Ints:
    """Contractual interest per unit of principal over so many level instalments: (groups, remaining) float64."""
    owed = level_balance(rate, remaining)
    return np.asarray(np.where(owed > 0.0, remaining[None] / np.where(owed > 0.0, owed, 1.0) - 1.0, 0.0))
