"""How loans move from month to month, read from the cells of a look-back: roll rates, prepayment, seasoning, severity.

A group's own experience is weighed with its product's, and that with the whole book's: n / (n + thin) own, n events. So a thin
group leans on its parent and a group without any history behaves as the book does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loanbook import units
from loanbook.errors import RequestError
from loanbook.loans.dates import month_end
from loanbook.measures.cells import Cells
from loanbook.measures.credit_losses_exposure import (
    AGES,
    BUCKET_COUNT,
    Originations,
    by_age,
    column,
    originations,
    run_down,
)
from loanbook.measures.credit_losses_policy import MONTHS_LEAST, LossPolicy
from loanbook.terms.families import STATES
from loanbook.terms.loss_prior import LossPrior
from loanbook.units import Ints

OUTCOMES = 2 + BUCKET_COUNT
"""Where a loan can be a month later: repaid, the buckets, charged off; the first of `families.STATES`."""
REPAID = STATES.index("repaid")
CHARGED_OFF = STATES.index("charged_off")
RATE_LEAST = 1e-4
"""Monthly yield below which the run-down of a level loan is taken as linear."""
_PPM = 1_000_000
_LAG = 2
"""Months from the month end before a missed due date to the one after it was more than 30 days past due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolls:
    """Monthly behaviour by group; float64 shares of principal.

    entry       (groups, 1 + buckets) from current to 1-30, ..., 181+, charged off; index 0 is unused, the last is charge-off
    rows        (groups, buckets, OUTCOMES) from each bucket that is past due; sums to 1; row 0 is unused
    prepay      (groups,) chance a month that a current loan is repaid ahead of schedule
    rate        (groups,) yield a month
    seasoning   (groups, AGES) factor on entry by months on book, 1 on average
    severity    (groups,) part of a charged-off amount that does not come back
    loan_fen    (groups,) average principal of a loan that falls behind
    lent, owed  originations by tenor class and how they run down
    """

    entry: Ints
    rows: Ints
    prepay: Ints
    rate: Ints
    seasoning: Ints
    severity: Ints
    loan_fen: Ints
    lent: Originations
    owed: Ints


def look_back(cells: Cells, policy: LossPolicy) -> tuple[int, ...]:
    """The months read, as positions in the window: whole ones only, the last `look_back_months` of them.

    raises   RequestError where the cells have fewer than three whole months after the first and the policy has no prior
    """
    window = cells.space.window
    last = window.months - 1
    if window.as_of != month_end(window.first_month + last):
        last -= 1
    months = tuple(range(max(1, last - policy.look_back_months + 1), last + 1))
    if len(months) < MONTHS_LEAST and policy.prior is None:
        raise RequestError(
            f"an estimate of losses needs three whole months of history; the book begins {units.date(window.since)} and is "
            f"closed as of {units.date(window.as_of)}. Close a later day, or give the policy a prior."
        )
    return months


def ratio(numerator: Ints, denominator: Ints, without: Ints) -> Ints:
    """numerator / denominator, and `without` where the denominator is not above zero; broadcast."""
    sound = denominator > 0.0
    return np.asarray(np.where(sound, numerator / np.where(sound, denominator, 1.0), without))


def blended(
    cells: Cells, numerator: Ints, denominator: Ints, events: Ints, policy: LossPolicy, without: Ints, prior: Ints | None = None
) -> Ints:
    """A ratio by group leaning on product and book, and the book on the prior where there is one: (groups, ...) float64.

    numerator, denominator, events   (groups, ...), broadcast to the numerator's shape
    without                          what stands in where the whole book has nothing and there is no prior
    """
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    below, counted = np.broadcast_to(denominator, shape), np.broadcast_to(events, shape)
    thin = policy.thin_events
    if prior is None:
        book = ratio(numerator.sum(axis=0), below.sum(axis=0), without)
    else:
        book = _leaning(numerator.sum(axis=0), below.sum(axis=0), counted.sum(axis=0), thin, prior)
    products = [group[0] for group in cells.space.groups]
    found = np.empty(shape)
    for product in dict.fromkeys(products):
        chosen = np.array([each == product for each in products])
        of_product = _leaning(numerator[chosen].sum(0), below[chosen].sum(0), counted[chosen].sum(0), thin, book)
        found[chosen] = _leaning(numerator[chosen], below[chosen], counted[chosen], thin, of_product)
    return found


def _leaning(numerator: Ints, denominator: Ints, events: Ints, thin: int, parent: Ints) -> Ints:
    own = ratio(numerator, denominator, parent)
    weight = events / np.maximum(events + thin, 1.0)
    return np.asarray(weight * own + (1.0 - weight) * parent)


def rolls_of(cells: Cells, policy: LossPolicy, months: Sequence[int]) -> Rolls:
    """The behaviour in some months of the window (positions, as of `look_back`)."""
    chosen = np.array(months, np.int64)
    opening = column(cells, "transition", "opening_fen")[:, chosen].sum(axis=1)[:, :BUCKET_COUNT, :OUTCOMES]
    counted = column(cells, "transition", "loans")[:, chosen].sum(axis=1)[:, :BUCKET_COUNT, :OUTCOMES]
    thin, prior = policy.thin_events, policy.prior
    expected = _Expected(prior) if prior else None

    worse, behind = opening[:, 0, REPAID + 2 :], counted[:, 0, REPAID + 2 :]
    entry = np.zeros((opening.shape[0], 1 + BUCKET_COUNT))
    entry[:, 1:] = blended(
        cells,
        worse,
        opening[:, 0].sum(1, keepdims=True),
        behind.sum(1, keepdims=True),
        policy,
        np.zeros(BUCKET_COUNT),
        expected.entry if expected else None,
    )
    rows = np.zeros((opening.shape[0], BUCKET_COUNT, OUTCOMES))
    for bucket in range(1, BUCKET_COUNT):
        # Nobody was ever seen there: the next step is the worse one.
        next_state = np.zeros(OUTCOMES)
        next_state[min(REPAID + 1 + bucket + 1, CHARGED_OFF)] = 1.0
        rows[:, bucket] = blended(
            cells,
            opening[:, bucket],
            opening[:, bucket].sum(1, keepdims=True),
            counted[:, bucket].sum(1, keepdims=True),
            policy,
            next_state,
            expected.row(bucket) if expected else None,
        )

    flow = {name: column(cells, "flow", name)[:, chosen].sum(axis=1) for name in _FLOWS}
    of_current = ratio(flow["opening_fen"], opening[:, 0].sum(axis=1), np.ones(()))
    settled = counted[:, 0, REPAID]
    prepay = blended(
        cells,
        np.maximum(flow["prepaid_fen"], 0.0) * of_current,
        flow["opening_fen"] - flow["scheduled_fen"],
        settled,
        policy,
        np.zeros(()),
        expected.prepaid if expected else None,
    )
    seen = counted.sum(axis=(1, 2))
    interest = expected.interest if expected else None
    rate = blended(cells, flow["interest_fen"], flow["opening_fen"], seen, policy, np.zeros(()), interest)
    prepay, rate = np.clip(prepay, 0.0, 0.5), np.clip(rate, RATE_LEAST, 0.1)
    lent = originations(cells)
    owed = run_down(lent, rate, prepay)
    size = ratio(opening[:, 1:].sum(axis=(1, 2)), counted[:, 1:].sum(axis=(1, 2)), np.ones(()))
    return Rolls(
        entry=entry,
        rows=rows,
        prepay=prepay,
        rate=rate,
        seasoning=_seasoning(cells, lent, owed, chosen, thin),
        severity=_severity(cells, chosen, policy),
        loan_fen=np.where(size > 1.0, size, max(float(size.max(initial=1.0)), 1.0)),
        lent=lent,
        owed=owed,
    )


class _Expected:
    """A prior as the shares that `Rolls` holds."""

    def __init__(self, prior: LossPrior) -> None:
        self.entry = np.zeros(BUCKET_COUNT)
        self.entry[0] = prior.falls_behind_ppm / _PPM
        self.prepaid = np.array(prior.prepaid_ppm / _PPM)
        self.interest = np.array(prior.interest_ppm / _PPM)
        self._prior = prior

    def row(self, bucket: int) -> Ints:
        """From a bucket that is past due: the next one, in time again, or the same."""
        rolls, cures = self._prior.rolls_ppm[bucket - 1] / _PPM, self._prior.cures_ppm[bucket - 1] / _PPM
        found = np.zeros(OUTCOMES)
        found[min(REPAID + 1 + bucket + 1, CHARGED_OFF)] = rolls
        found[REPAID + 1] = cures
        found[REPAID + 1 + bucket] = 1.0 - rolls - cures
        return found


_FLOWS = ("opening_fen", "scheduled_fen", "prepaid_fen", "interest_fen")


def by_diagonal(values: Ints, months: Ints) -> Ints:
    """Of (groups, vintages, mob) the cells whose calendar month is among `months`; zeros elsewhere."""
    size = values.shape[1]
    calendar = np.arange(size)[:, None] + np.arange(size)[None]
    return np.where(np.isin(calendar, months)[None], values, 0.0)


def _seasoning(cells: Cells, lent: Originations, owed: Ints, months: Ints, thin: int) -> Ints:
    """Factor on the chance to fall behind by months on book: first-time 30+ by age over what an even chance would give."""
    fell = by_diagonal(column(cells, "vintage", "over_30_fen"), months).sum(axis=1)
    exposed = sum(by_age(lent, owed, int(month) - _LAG).sum(axis=1) for month in months if month >= _LAG)
    if isinstance(exposed, int):
        return np.ones((fell.shape[0], AGES))
    behind = np.zeros((fell.shape[0], AGES))
    known = min(fell.shape[1] - _LAG, AGES)
    behind[:, :known] = fell[:, _LAG : _LAG + known]
    size = ratio(lent.lent.sum(axis=(1, 2)), lent.loans, np.ones(()))[:, None]
    behind, even = behind / np.maximum(size, 1.0), exposed / np.maximum(size, 1.0)
    even = even * ratio(behind.sum(1), even.sum(1), np.zeros(()))[:, None]
    book = np.ones(AGES)
    for age in range(AGES):
        before = book[age - 1] if age else 1.0
        book[age] = (behind[:, age].sum() + thin * before) / max(even[:, age].sum() + thin, 1.0) if thin or even.any() else 1.0
    products = [group[0] for group in cells.space.groups]
    found = np.ones((fell.shape[0], AGES))
    for product in dict.fromkeys(products):
        chosen = np.array([each == product for each in products])
        shape = _shaped(behind[chosen].sum(axis=0), even[chosen].sum(axis=0), thin, book)
        found[chosen] = _shaped(behind[chosen], even[chosen], thin, shape)
    total = even.sum(axis=1)
    average = ratio((found * even).sum(axis=1), total, np.ones(()))
    return np.asarray(found / np.maximum(average, 1e-9)[:, None])


def _shaped(behind: Ints, even: Ints, thin: int, parent: Ints) -> Ints:
    return ratio(behind + thin * parent, even + thin, parent)


def _severity(cells: Cells, months: Ints, policy: LossPolicy) -> Ints:
    """One less recoveries per charge-off, both completed by months on book at the pace of the months read."""
    original = column(cells, "vintage", "original_fen")[:, :, 0]
    lost = completed_pattern(original, by_diagonal(column(cells, "vintage", "charged_off_fen"), months), months)
    back = completed_pattern(original, by_diagonal(column(cells, "vintage", "recovered_fen"), months), months)
    volume = original.sum(axis=1)
    size = ratio(volume, originations(cells).loans, np.ones(()))
    events = ratio(column(cells, "vintage", "charged_off_fen").sum(axis=(1, 2)), size, np.zeros(()))
    prior = np.array(1.0 - policy.prior.severity_ppm / _PPM) if policy.prior else None
    recovered = blended(cells, back.sum(axis=1) * volume, lost.sum(axis=1) * volume, events, policy, np.zeros(()), prior)
    return np.asarray(np.clip(1.0 - recovered, 0.0, 1.0))


def completed_pattern(original: Ints, moved: Ints, months: Ints) -> Ints:
    """Part of the original principal that moves at each month on book, of the vintages seen at it: (groups, mob) float64.

    original   (groups, vintages); moved (groups, vintages, mob), zero outside the months (`by_diagonal`)
    """
    size = original.shape[1]
    seen = np.isin(np.arange(size)[:, None] + np.arange(size)[None], months)
    base = np.einsum("gv,vm->gm", original, seen.astype(np.float64))
    return ratio(moved.sum(axis=1), base, np.zeros(()))
