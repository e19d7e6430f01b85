"""How a loan lives: month by month, from hazards, each due date is met, missed, caught up or repaid ahead of schedule."""

from dataclasses import dataclass

import numpy as np

from loanbook.kernel import kernel
from loanbook.loans.dates import month_index
from loanbook.loans.schedule import fill_dates
from loanbook.simulator.draws import Stream, chance
from loanbook.simulator.scenario import Scenario, Trait, by_month
from loanbook.terms.contract import Field
from loanbook.terms.conventions import DayCount, Model
from loanbook.units import NEVER, Ints

_COUNT = int(Field.COUNT)
_CHARGE_OFF_DAYS = int(Field.CHARGE_OFF_DAYS)
_MODEL = int(Field.MODEL)
_REFERRAL = int(Model.REFERRAL)
_MONTH = int(Stream.MONTH)
_TIMING = int(Stream.TIMING)
_TRAIT = int(Stream.TRAIT)
_NO_TRAIT = int(Trait.NONE)
_PARTIAL = int(Trait.PARTIAL)
_BOUNCED = int(Trait.BOUNCED)
_CANCELLED = int(Trait.CANCELLED)
_REPRICED = int(Trait.REPRICED)
_DAY_COUNT = int(Field.DAY_COUNT)
_TWELFTHS = int(DayCount.THIRTY_A_MONTH_360)

MONTH_SPAN = 26
"""Arrears are caught up within 1..27 days of a due date, so before the next one, 28 days later at the earliest."""
EARLY_DAYS = 5
PARTIAL_DAYS = (3, 20)
"""The second part of a partial payment comes this many days late."""
BOUNCED_DAYS = (3, 9)
CANCELLED_DAYS = 6
_VIRTUAL_MONTH = 30
"""Months go on after the last due date in steps of 30 days, until the loan is caught up or charged off."""
_DRAWS_A_MONTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """What became of a run of loans; instalment k of loan i stands at offsets[i] + k.

    offsets          (loans + 1,) int64 by contractual instalments
    late             (instalments,) int16 days late of instalment k < paid
    paid             (loans,) int32 instalments paid one by one
    settled_on       (loans,) int32 everything left was repaid that day, NEVER
    charged_off_on   (loans,) int32 day of a charge-off that is told, NEVER; terms imply the others
    cancelled_on     (loans,) int32, NEVER
    trait, trait_at  (loans,) int8 `Trait` that showed, int32 its instalment
    bad_on           (loans,) int32 first day more than 30 days past due, NEVER
    """

    offsets: Ints
    late: Ints
    paid: Ints
    settled_on: Ints
    charged_off_on: Ints
    cancelled_on: Ints
    trait: Ints
    trait_at: Ints
    bad_on: Ints

    def take(self, chosen: Ints) -> "Lives":
        """The lives at some positions, (chosen,) int64."""
        lengths = np.diff(self.offsets)[chosen]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        place = np.repeat(self.offsets[chosen] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Lives(
            offsets=offsets,
            late=self.late[place],
            paid=self.paid[chosen],
            settled_on=self.settled_on[chosen],
            charged_off_on=self.charged_off_on[chosen],
            cancelled_on=self.cancelled_on[chosen],
            trait=self.trait[chosen],
            trait_at=self.trait_at[chosen],
            bad_on=self.bad_on[chosen],
        )


@kernel
def _within(seed: int, key: int, number: int, least: int, most: int) -> int:
    return int(least + np.int64(chance(seed, _TIMING, key, number) * (most - least + 1)))


@kernel
def _live_one(
    seed: int,
    key: int,
    due_on: Ints,
    rows: int,
    disbursed_on: int,
    horizon: int,
    charge_off_days: int,
    risk: float,
    first_month: int,
    stress: Ints,
    prepaying: Ints,
    miss: float,
    cure: Ints,
    pay_one: Ints,
    fresh: Ints,
    cure_speed: float,
    early: float,
    prepay: float,
    trait: int,
    trait_at: int,
    late: Ints,
) -> tuple[int, int, int, int, bool]:
    """One loan's months: fills `late`, returns paid, settled_on, charged_off_on, bad_on and whether the trait showed."""
    paid, last_on, bad_on, shown = 0, disbursed_on, NEVER, False
    month = 0
    while paid < rows:
        due = due_on[month] if month < rows else due_on[rows - 1] + _VIRTUAL_MONTH * (month - rows + 1)
        if due - _VIRTUAL_MONTH > horizon:
            break
        behind = month - paid
        factor = stress[month_index(due) - first_month]
        draw = chance(seed, _MONTH, key, _DRAWS_A_MONTH * month)
        when = chance(seed, _MONTH, key, _DRAWS_A_MONTH * month + 1)
        if behind == 0:
            repriced = trait == _REPRICED and month >= trait_at
            if draw < prepay * prepaying[month_index(due) - first_month] and month < rows - 1 and not repriced:
                on = last_on + 1 + int(when * (due - last_on - 1))
                if on < due:
                    return paid, (on if on <= horizon else NEVER), NEVER, bad_on, shown
            days = 0
            second = chance(seed, _MONTH, key, _DRAWS_A_MONTH * month + 2)
            if trait_at == month and trait == _PARTIAL:
                days = _within(seed, key, 0, PARTIAL_DAYS[0], PARTIAL_DAYS[1])
            elif trait_at == month and trait == _BOUNCED:
                days = _within(seed, key, 0, BOUNCED_DAYS[0], BOUNCED_DAYS[1])
            elif repriced:
                days = 0
            elif second < miss * risk * factor:
                graver = fresh[0] + fresh[1] * np.exp(-month / fresh[2])
                uncured = (1.0 - cure[0]) * factor * graver * np.sqrt(risk)
                if chance(seed, _MONTH, key, _DRAWS_A_MONTH * month + 3) < uncured:
                    month += 1
                    continue
                days = 1 + int(MONTH_SPAN * when**cure_speed)
            elif second > 1.0 - early and month < rows - 1:
                # The last instalment paid early would be a settlement, which owes less interest.
                days = max(-1 - int(EARLY_DAYS * when), last_on - due)
            if due + days > horizon:
                break
            shown = shown or trait_at == month
            late[paid] = days
            paid += 1
            last_on = due + days
            month += 1
            continue
        if behind == 1 and bad_on == NEVER:
            bad_on = due_on[paid] + _VIRTUAL_MONTH + 1
        charged_off_on = due_on[paid] + charge_off_days + 1
        on = due + 1 + int(MONTH_SPAN * when)
        if on >= charged_off_on:
            return paid, NEVER, (charged_off_on if charged_off_on <= horizon else NEVER), bad_on, shown
        if on > horizon:
            break
        age = min(behind, cure.size - 1)
        all_of_it = cure[age] / factor
        if draw < all_of_it:
            until = min(month + 1, rows)
        elif draw < all_of_it + pay_one[age]:
            until = paid + 1
        else:
            until = paid
        for row in range(paid, until):
            late[row] = on - due_on[row]
            last_on = on
        paid = until
        month += 1
    return paid, NEVER, NEVER, bad_on, shown


@kernel
def _live_all(
    seed: int,
    first_key: int,
    contracts: Ints,
    class_no: Ints,
    disbursed_on: Ints,
    risk: Ints,
    horizon: int,
    first_month: int,
    stress: Ints,
    prepaying: Ints,
    miss: float,
    cure: Ints,
    pay_one: Ints,
    fresh: Ints,
    cure_speed: float,
    early: float,
    prepay: float,
    traits: Ints,
    offsets: Ints,
    late: Ints,
    paid: Ints,
    settled_on: Ints,
    charged_off_on: Ints,
    cancelled_on: Ints,
    trait: Ints,
    trait_at: Ints,
    bad_on: Ints,
) -> None:
    due_on = np.empty(1 + contracts[:, _COUNT].max(), np.int64)
    for loan in range(class_no.size):
        contract = contracts[class_no[loan]]
        rows = fill_dates(contract, disbursed_on[loan], NEVER, due_on)
        drawn = chance(seed, _TRAIT, first_key + loan, 0)
        kind = 0
        at = -1
        for number in range(1, traits.size):
            if drawn < traits[number]:
                kind = number
                at = int(chance(seed, _TRAIT, first_key + loan, 1) * rows)
                break
        if kind == _REPRICED and (contract[_DAY_COUNT] != _TWELFTHS or at == rows - 1):
            kind = _NO_TRAIT
        if kind == _CANCELLED:
            on = disbursed_on[loan] + _within(seed, first_key + loan, 1, 1, CANCELLED_DAYS)
            cancelled_on[loan] = on if on <= horizon else NEVER
            trait[loan] = kind if on <= horizon else _NO_TRAIT
            continue
        paid[loan], settled_on[loan], charged_off_on[loan], bad_on[loan], shown = _live_one(
            seed,
            first_key + loan,
            due_on,
            rows,
            disbursed_on[loan],
            horizon,
            contract[_CHARGE_OFF_DAYS],
            risk[loan],
            first_month,
            stress,
            prepaying,
            miss,
            cure,
            pay_one,
            fresh,
            cure_speed,
            early,
            prepay,
            kind,
            at,
            late[offsets[loan] : offsets[loan + 1]],
        )
        if contract[_MODEL] >= _REFERRAL:
            # The platform is not told what partners write off of loans it neither funds, guarantees nor services.
            charged_off_on[loan] = NEVER
        if shown:
            trait[loan] = kind
            trait_at[loan] = at


def live(
    scenario: Scenario,
    seed: int,
    *,
    first_key: int,
    contracts: Ints,
    class_no: Ints,
    disbursed_on: Ints,
    risk: Ints,
    horizon: int,
) -> Lives:
    """The lives of consecutive loans up to a horizon: nothing after it has happened.

    contracts   (classes, FIELDS) int64 rows whose due dates are not shifted and which have no down payment
    class_no    (loans,) int32; disbursed_on (loans,) int32; risk (loans,) float64 factor on the chance to miss
    """
    hazards, loans = scenario.hazards, class_no.size
    first_month = 12 * int(str(np.datetime64(scenario.first_day, "D"))[:4])
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(contracts[class_no, _COUNT])])
    lives = Lives(
        offsets=offsets,
        late=np.zeros(offsets[-1], np.int16),
        paid=np.zeros(loans, np.int32),
        settled_on=np.full(loans, NEVER, np.int32),
        charged_off_on=np.full(loans, NEVER, np.int32),
        cancelled_on=np.full(loans, NEVER, np.int32),
        trait=np.zeros(loans, np.int8),
        trait_at=np.full(loans, -1, np.int32),
        bad_on=np.full(loans, NEVER, np.int32),
    )
    _live_all(
        seed,
        first_key,
        contracts,
        class_no,
        disbursed_on,
        risk,
        horizon,
        first_month,
        by_month(scenario, scenario.stress),
        by_month(scenario, scenario.prepaying),
        hazards.miss,
        np.array(hazards.cure),
        np.array(hazards.pay_one),
        np.array(hazards.fresh),
        hazards.cure_speed,
        hazards.early,
        hazards.prepay,
        np.cumsum(hazards.traits),
        lives.offsets,
        lives.late,
        lives.paid,
        lives.settled_on,
        lives.charged_off_on,
        lives.cancelled_on,
        lives.trait,
        lives.trait_at,
        lives.bad_on,
    )
    return lives
