"""A population whose loss curve is known: loans drawn month by month from stated chances, counted into cells by plain sums.

Chances to fall behind depend on the age of the loan, so no constant rate of default fits them. The truth for any loan is in
`tests.reference.credit_losses`, which knows the chances and none of the cells.
"""

from dataclasses import dataclass

import numpy as np

from loanbook.loans.dates import month_end
from loanbook.measures.cells import Cells, empty_cells
from loanbook.measures.credit_losses_policy import PAST_DUE_BUCKETS, REMAINING_MOST
from loanbook.measures.space import Space
from loanbook.measures.window import window
from loanbook.terms.families import BY_NAME
from loanbook.units import day

FIRST = day("2019-01-01")
RATE = 0.015
PREPAY = 0.03
PRINCIPAL = 12_000_00
TENORS = (6, 12)
RECOVERED = 0.20
RECOVERY_LAG = 2
CHARGED_OFF_AT = 7
"""Missed instalments of a charge-off: more than 180 days past due."""
ENTRY = 0.030 * np.concatenate([[1.8, 1.5, 1.2], np.linspace(1.0, 0.4, 10), np.full(30, 0.4)])
"""Chance to miss the next instalment, by months on book."""
WORSE = np.array([0.0, 0.45, 0.75, 0.85, 0.90, 0.93, 0.95])
"""By missed instalments: chance to miss one more; from 6 on the loan is charged off."""
CURED = np.array([0.0, 0.75, 0.50, 0.50, 0.50, 0.50, 0.50])
"""Of those who do not: chance to catch up completely; the others pay one instalment and stay."""
GROUPS = (("cash", "capital_heavy", "large"), ("cash", "capital_heavy", "thin"))
REMAINING = REMAINING_MOST + 1
BUCKETS = len(PAST_DUE_BUCKETS)


def balance(principal, left, tenor):
    """Level-instalment balance with so many instalments left, in whole fen; arrays."""
    return np.rint(principal * (1.0 - (1.0 + RATE) ** -left) / (1.0 - (1.0 + RATE) ** -tenor)).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Sums by month over all months, and the exposure at each month end by remaining months and bucket."""

    families: dict[str, np.ndarray]
    exposure: np.ndarray
    months: int

    def cells_at(self, month: int) -> Cells:
        """The cells of a close at the end of a month, which know nothing later."""
        over = window(since=FIRST, as_of=int(month_end(2019 * 12 + month)))
        space = Space(window=over, groups=GROUPS, tenors=TENORS)
        cells = empty_cells(space)
        for name, values in self.families.items():
            kept = values
            for axis, dimension in enumerate(BY_NAME[name].grain):
                if dimension in ("month", "vintage", "mob"):
                    kept = kept.take(np.arange(month + 1), axis=axis)
            if name == "vintage":
                size = month + 1
                late = np.arange(size)[:, None] + np.arange(size)[None] > month
                kept = np.where(late[None, :, :, None], 0, kept)
            cells.families[name][:] = kept.reshape(cells.families[name].shape)
        return cells


def populate(seed: int, a_month: tuple[int, int] = (1_200, 25), months: int = 60, lending_months: int = 42, factor: float = 1.0):
    """A population: so many loans a month in the large and the thin group; `factor` multiplies the chance to fall behind."""
    draw = np.random.default_rng(seed)
    count = [each * lending_months for each in a_month]
    group = np.repeat([0, 1], count)
    vintage = np.concatenate([np.repeat(np.arange(lending_months), each) for each in a_month])
    total = group.size
    place = draw.integers(0, len(TENORS), total)
    tenor = np.array(TENORS)[place]
    principal = np.rint(PRINCIPAL * np.exp(draw.normal(-0.18, 0.6, total))).astype(np.int64)
    missed = np.zeros(total, np.int64)
    alive = np.zeros(total, bool)
    owed = np.zeros(total, np.int64)
    written = np.zeros(total, np.int64)
    written_month = np.full(total, -99)
    was_30 = np.zeros(total, bool)
    shapes = {"group": 2, "month": months, "vintage": months, "mob": months, "tenor_months": len(TENORS), "drawdown": 3}
    shapes |= {"bucket": 10, "from_bucket": 10, "to_bucket": 11, "instalment": 2}
    families = {
        name: np.zeros([shapes[dimension] for dimension in family.grain] + [len(family.columns)], np.int64)
        for name, family in BY_NAME.items()
    }
    exposure = np.zeros((months, 2, REMAINING, BUCKETS), np.int64)
    column = {name: {each: at for at, each in enumerate(family.columns)} for name, family in BY_NAME.items()}

    def add(family, name, at, values):
        np.add.at(families[family], (*at, np.full(values.shape, column[family][name])), values)

    for month in range(months):
        made = vintage == month
        alive |= made
        owed[made] = principal[made]
        one = np.ones(int(made.sum()), np.int64)
        at = (group[made], vintage[made], place[made], np.ones_like(one))
        add("volume", "loans", at, one)
        add("volume", "principal_fen", at, principal[made])
        add("vintage", "original_fen", (group[made], vintage[made], 0 * one), principal[made])
        add("flow", "entered_fen", (group[made], month * one), principal[made])

        old = np.flatnonzero(alive & ~made)
        before, opening = missed[old].copy(), owed[old].copy()
        age = month - 1 - vintage[old]
        # A last instalment missed is missed too: arrears go on after maturity, without new instalments.
        left = np.maximum(tenor[old] - age - 1, 0)
        chance, turn = draw.random(old.size), draw.random(old.size)
        current = before == 0
        behind = np.where(current, ENTRY[np.minimum(age, ENTRY.size - 1)] * factor, WORSE[np.minimum(before, 6)])
        worse = chance < behind
        gone = current & (chance >= behind) & (chance < behind + PREPAY)
        cured = ~current & ~worse & (turn < CURED[np.minimum(before, 6)])
        after = np.where(worse, before + 1, np.where(current | cured, 0, before))
        now = np.where(worse, opening, np.where(gone, 0, balance(principal[old], left + after, tenor[old])))
        # Past maturity whoever pays one instalment and stays has one missed instalment less to make up.
        now = np.minimum(now, opening)
        lost = worse & (after >= CHARGED_OFF_AT)
        ended = ~lost & (now == 0)
        add("flow", "opening_fen", (group[old], np.full(old.size, month)), opening)
        interest = np.rint(opening * RATE).astype(np.int64) * ~worse
        add("flow", "interest_fen", (group[old], np.full(old.size, month)), interest)
        scheduled = np.where(current, opening - balance(principal[old], left, tenor[old]), 0)
        add("flow", "scheduled_fen", (group[old], np.full(old.size, month)), scheduled)
        paid = np.where(lost, 0, opening - now)
        add("flow", "paid_fen", (group[old], np.full(old.size, month)), paid)
        prepaid = np.where(gone, opening - scheduled, 0)
        add("flow", "prepaid_fen", (group[old], np.full(old.size, month)), prepaid)
        add("flow", "charged_off_fen", (group[old], np.full(old.size, month)), np.where(lost, opening, 0))
        state = np.where(lost, 9, np.where(ended, 0, after + 1))
        add("transition", "loans", (group[old], np.full(old.size, month), before, state), np.ones(old.size, np.int64))
        add("transition", "opening_fen", (group[old], np.full(old.size, month), before, state), opening)
        add("transition", "closing_fen", (group[old], np.full(old.size, month), before, state), np.where(lost, 0, now))
        mob = month - vintage[old]
        first = ~was_30[old] & (after >= 2) & ~lost
        was_30[old] |= first
        add("vintage", "over_30_fen", (group[old], vintage[old], mob), np.where(first, opening, 0))
        add("vintage", "charged_off_fen", (group[old], vintage[old], mob), np.where(lost, opening, 0))
        add("vintage", "prepaid_fen", (group[old], vintage[old], mob), prepaid)
        written[old[lost]], written_month[old[lost]] = opening[lost], month
        back = np.flatnonzero(written_month == month - RECOVERY_LAG)
        came = np.rint(written[back] * RECOVERED).astype(np.int64)
        add("vintage", "recovered_fen", (group[back], vintage[back], month - vintage[back]), came)
        add("flow", "recovered_fen", (group[back], np.full(back.size, month)), came)
        missed[old], owed[old] = after, np.where(lost | ended, 0, now)
        alive[old[lost | ended]] = False

        held = np.flatnonzero(alive)
        at = (group[held], np.full(held.size, month), missed[held])
        add("position", "loans", at, np.ones(held.size, np.int64))
        add("position", "principal_fen", at, owed[held])
        remaining = np.maximum(tenor[held] - (month - vintage[held]), 0)
        np.add.at(exposure[month], (group[held], remaining, missed[held]), owed[held])
    return Population(families=families, exposure=exposure, months=months)
